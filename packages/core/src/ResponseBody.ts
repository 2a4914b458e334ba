/**
 * Reads the body of a response within a limit. Every reader of this library that wants a whole body calls this module;
 * image data is streamed instead.
 *
 * @since 0.1.0
 */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ForeignText from "./ForeignText.js"

/**
 * The default limit on bodies that are decoded, in bytes: 128 MiB.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultLimit: number = 128 * 2 ** 20

/**
 * The limit on bodies of errors and on unused bodies, in bytes: 64 KiB.
 *
 * @since 0.1.0
 * @category constants
 */
export const errorLimit: number = 64 * 2 ** 10

/**
 * The body is longer than the limit, or is encoded in a way that cannot be decoded. The connection is closed.
 *
 * @since 0.1.0
 * @category errors
 */
export class RefusedBody extends Data.TaggedError("RefusedBody")<{
  /** Says why, for the end of a message. */
  readonly detail: string
}> {
  override get message(): string {
    return this.detail
  }
}

/**
 * Reads a body as text. A body in the `Content-Encoding` `gzip` or `deflate` is decoded, also when the request did not
 * ask for it, and `br` where the runtime can. The limit holds for the bytes before and after. At the limit the
 * connection is closed.
 *
 * @since 0.1.0
 * @category getters
 */
export const read = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number = defaultLimit
): Effect.Effect<string, HttpClientError.ResponseError | RefusedBody> => {
  if (isShort(response, limit)) return response.text
  const tooLong = () =>
    new RefusedBody({ detail: `the body is longer than the limit of ${limit} bytes (option bodyLimit)` })
  return Effect.flatMap(collect(response, declaredLength(response) > limit ? 0 : limit), (bytes) =>
    bytes.isWhole ? decode(response, bytes.value(), limit, tooLong) : Effect.fail(tooLong())
  )
}

/**
 * Reads the beginning of the body of an error, up to {@link errorLimit}, and then closes the connection. A body that
 * breaks off, or cannot be decoded, gives what there is of it.
 *
 * @since 0.1.0
 * @category getters
 */
export const readError = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string> =>
  isShort(response, errorLimit)
    ? Effect.orElseSucceed(response.text, () => "")
    : Effect.flatMap(
        Effect.orElseSucceed(collect(response, errorLimit), () => new Bytes(0)),
        (bytes) => {
          const begin = bytes.value().subarray(0, errorLimit)
          return Effect.orElseSucceed(decode(response, begin, errorLimit), () => "")
        }
      )

/**
 * Reads an unused body, because an unread body keeps its connection. Of a body that is longer than
 * {@link errorLimit} the connection is closed instead.
 *
 * @since 0.1.0
 * @category utils
 */
export const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.asVoid(readError(response))

const declaredLength = ({ headers }: HttpClientResponse.HttpClientResponse): number =>
  Number(headers["content-length"] ?? Number.NaN)

/** Whether the body can be read at once: there is none, or its length is known, and it is not encoded. */
const isShort = (response: HttpClientResponse.HttpClientResponse, limit: number): boolean =>
  bodiless.has(response.status) || (declaredLength(response) <= limit && codingsOf(response).length === 0)

const bodiless = new Set([204, 205, 304])

const codingsOf = ({ headers }: HttpClientResponse.HttpClientResponse): ReadonlyArray<string> =>
  headers["content-encoding"] === undefined
    ? []
    : headers["content-encoding"]
        .toLowerCase()
        .split(",")
        .map((coding) => coding.trim().replace(/^x-/, ""))
        .filter((coding) => coding !== "" && coding !== "identity")

/** Bytes that grow up to a limit, in one piece, so that the number of pieces does not matter. */
class Bytes {
  #bytes = new Uint8Array(0)
  #length = 0
  isWhole = true

  constructor(private readonly limit: number) {}

  /** Whether more may follow. */
  add(piece: Uint8Array): boolean {
    const kept = piece.subarray(0, this.limit - this.#length)
    const length = this.#length + kept.length
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.limit, Math.max(length, this.#bytes.length * 2)))
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    this.#bytes.set(kept, this.#length)
    this.#length = length
    this.isWhole = kept.length === piece.length
    return this.isWhole
  }

  value(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }
}

/** Ends the stream at the limit, which closes the connection. */
const collect = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<Bytes, HttpClientError.ResponseError> =>
  Effect.suspend(() => {
    const bytes = new Bytes(limit)
    return Effect.as(
      Stream.runForEachWhile(response.stream, (piece) => Effect.sync(() => bytes.add(piece))).pipe(
        // What the platform makes of a body of `fetch` that is not there.
        Effect.catchIf(
          ({ reason }) => reason === "EmptyBody",
          () => Effect.void
        )
      ),
      bytes
    )
  })

/** More codings than that are a trick. */
const maxCodings = 3

const decode = Effect.fnUntraced(function* (
  response: HttpClientResponse.HttpClientResponse,
  bytes: Uint8Array<ArrayBuffer>,
  limit: number,
  tooLong?: () => RefusedBody
) {
  let plain = bytes
  const codings = codingsOf(response)
  for (const coding of codings.slice(0, maxCodings).reverse()) {
    // Some clients decode by themselves, and leave the header.
    if (!isCoded(coding, plain)) break
    const decoded = yield* Effect.tryPromise({
      try: () => inflate(coding, plain, limit),
      catch: () => cannotDecode(coding)
    })
    if (!decoded.isWhole && tooLong !== undefined) return yield* tooLong()
    plain = decoded.value()
  }
  if (codings.length > maxCodings) return yield* cannotDecode(codings.join(", "))
  return yield* Effect.try({
    try: () => new TextDecoder().decode(plain),
    catch: () => new RefusedBody({ detail: `the body of ${plain.length} bytes is longer than a text can be` })
  })
})

const cannotDecode = (coding: string): RefusedBody =>
  new RefusedBody({ detail: `the body has the content encoding ${ForeignText.show(coding)}, which cannot be decoded` })

/** Whether bytes can be what a coding gives: none gives text. */
const isCoded = (coding: string, bytes: Uint8Array): boolean => {
  if (bytes.length === 0) return false
  const [first = 0, second = 0] = bytes
  if (coding === "gzip") return first === 0x1f && second === 0x8b
  if (coding === "deflate" && (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0) return true
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what text does not hold
  return !/^[^\u0000-\u0008\u000e-\u001f\ufffd]*$/.test(new TextDecoder().decode(bytes.subarray(0, 64)).slice(0, -1))
}

/** What `DecompressionStream` calls a coding. */
const formatOf = (coding: string, bytes: Uint8Array): string => {
  if (coding === "br") return "brotli"
  return coding === "deflate" && ((bytes[0] ?? 0) & 0x0f) !== 8 ? "deflate-raw" : coding
}

/** Gives what is beyond the limit up: a few bytes may stand for gigabytes. */
const inflate = async (coding: string, bytes: Uint8Array<ArrayBuffer>, limit: number): Promise<Bytes> => {
  const inflater = new DecompressionStream(formatOf(coding, bytes) as CompressionFormat)
  const source = new Blob([bytes]).stream()
  const reader = source.pipeThrough(inflater as ReadableWritablePair<Uint8Array, Uint8Array<ArrayBuffer>>).getReader()
  const plain = new Bytes(limit)
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) if (!plain.add(part.value)) break
  } catch (error) {
    // The beginning of a longer body.
    if (plain.value().length === 0) throw error
    plain.isWhole = false
  }
  await reader.cancel().catch(() => {})
  return plain
}
