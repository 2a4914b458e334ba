/**
 * Where the bytes of an image come from.
 *
 * @since 0.1.0
 */
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ForeignText from "./ForeignText.js"
import * as GuardedClient from "./GuardedClient.js"
import * as File from "./internal/transfer/file.js"

/**
 * Bytes that an attempt to send them reads from the first to the last.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageSource<out E = never, out R = never> {
  /** Is run once for each attempt that gets so far as to need the bytes. */
  readonly open: Effect.Effect<Opened<E, R>, E, R>
  /** Whether a second run gives the same bytes. Where it does not, no attempt is made after bytes were taken. */
  readonly replayable: boolean
  /** How many bytes the source gives, if that is known before it is opened. */
  readonly size?: number | undefined
  /** The same bytes as one value, for HTTP clients that cannot send a stream. */
  readonly whole?: Uint8Array | Blob | undefined
}

/**
 * A source at the beginning of an attempt.
 *
 * @since 0.1.0
 * @category models
 */
export interface Opened<out E = never, out R = never> {
  readonly stream: Stream.Stream<Uint8Array, E, R>
  /** How many bytes the stream gives, where that is known before it gives them. */
  readonly size: Option.Option<number>
}

/**
 * A file, by its path: short for {@link file}.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileInput {
  readonly file: string
}

/**
 * Where bytes can come from, if they come from no file: a source, a stream, bytes, or a `Blob`, which a `File` is too.
 *
 * @since 0.1.0
 * @category models
 */
export type Input<E = never, R = never> = ImageSource<E, R> | Stream.Stream<Uint8Array, E, R> | Uint8Array | Blob

/**
 * Everything that operations take as a source.
 *
 * @since 0.1.0
 * @category models
 */
export type Any = Input<unknown, unknown> | FileInput

/**
 * The errors that reading an input can end in.
 *
 * @since 0.1.0
 * @category models
 */
export type ErrorOf<S> =
  S extends ImageSource<infer E, unknown>
    ? E
    : S extends Stream.Stream<Uint8Array, infer E, unknown>
      ? E
      : S extends FileInput | Blob
        ? PlatformError.PlatformError
        : never

/**
 * The services that reading an input needs.
 *
 * @since 0.1.0
 * @category models
 */
export type ContextOf<S> =
  S extends ImageSource<unknown, infer R>
    ? R
    : S extends Stream.Stream<Uint8Array, unknown, infer R>
      ? R
      : S extends FileInput
        ? FileSystem.FileSystem
        : never

/**
 * What is known of a stream before it is run.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamOptions {
  /**
   * How many bytes the stream gives. The server then learns it before the first byte, and a stream that gives fewer or
   * more fails.
   *
   * @default not known
   */
  readonly size?: number | undefined
  /**
   * Whether the stream can be run again and then gives the same bytes. Say so of what opens its resource itself; what
   * wraps an open one (`fromReadableStream`, `fromAsyncIterable`, a queue) would give only the rest.
   *
   * @default false
   */
  readonly replayable?: boolean | undefined
}

/**
 * A stream of pieces of bytes. A piece that was given must not be written to any more.
 *
 * What the stream chunks is in memory at once, and `Stream.fromIterable` chunks 4,096 pieces. One by one, and again for
 * each attempt: `Stream.suspend(() => Stream.fromIteratorSucceed(pieces[Symbol.iterator](), 1))`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const stream = <E, R>(
  stream: Stream.Stream<Uint8Array, E, R>,
  { replayable = false, size }: StreamOptions = {}
): ImageSource<E, R> => ({
  open: Effect.succeed({ stream, size: Option.fromNullable(size) }),
  replayable,
  size
})

/**
 * Bytes that are in memory already. They are sent as they are when the upload runs.
 *
 * @since 0.1.0
 * @category constructors
 */
export const bytes = (bytes: Uint8Array): ImageSource => ({
  ...stream(inPieces(bytes), { size: bytes.length, replayable: true }),
  whole: bytes
})

/** Bytes that one piece of a source in memory has, so that progress is reported that often. */
const pieceSize = 1024 * 1024

const inPieces = (bytes: Uint8Array): Stream.Stream<Uint8Array> =>
  Stream.unfold(0, (start) =>
    start < bytes.length ? Option.some([bytes.subarray(start, start + pieceSize), start + pieceSize]) : Option.none()
  ).pipe(Stream.rechunk(1))

/**
 * A `Blob`, for instance a `File` that the user of a browser chose. Its bytes are read when they are needed.
 *
 * Every HTTP client can send it: as a whole where the runtime's `fetch` cannot send a stream. Browsers do not tell how
 * much of it they have sent, so progress is then reported once, at the end. Reading ends in a `SystemError` if the file
 * was changed or removed.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import * as ImageData from "@effect-glance/core/ImageData"
 * import * as ImageSource from "@effect-glance/core/ImageSource"
 * import * as Effect from "effect/Effect"
 *
 * const upload = (id: string, file: File) =>
 *   Effect.flatMap(ImageData.ImageData, (data) => data.upload(id, ImageSource.blob(file)))
 * ```
 */
export const blob = (blob: Blob): ImageSource<PlatformError.PlatformError> => ({
  ...stream(
    Stream.fromReadableStream(() => blob.stream() as ReadableStream<Uint8Array>, unreadable),
    { size: blob.size, replayable: true }
  ),
  whole: blob
})

const unreadable = (cause: unknown): PlatformError.PlatformError =>
  new PlatformError.SystemError({
    reason: (cause as { readonly name?: unknown } | null)?.name === "NotFoundError" ? "NotFound" : "Unknown",
    module: "Stream",
    method: "Blob.stream",
    description: "the Blob cannot be read; a file behind it may have been changed or removed",
    cause
  })

/**
 * Returns whether a value is a `Blob`, of this realm or of another one.
 *
 * @since 0.1.0
 * @category guards
 */
export const isBlob = (value: unknown): value is Blob =>
  Object.prototype.toString.call(value) === "[object Blob]" || Object.prototype.toString.call(value) === "[object File]"

/**
 * A file, of the size that it has when the attempt begins. A file that shrinks or grows while it is sent fails.
 *
 * @since 0.1.0
 * @category constructors
 */
export const file = (path: string): ImageSource<PlatformError.PlatformError, FileSystem.FileSystem> => ({
  open: Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { size } = yield* fs.stat(path)
    return { stream: File.pieces(path), size: Option.some(Number(size)) }
  }),
  replayable: true
})

/**
 * A source that lies on the web, so that others can be told where to fetch it.
 *
 * @since 0.1.0
 * @category models
 */
export interface WebSource<out E = never, out R = never> extends ImageSource<E, R> {
  readonly url: string
}

/**
 * What an address gives, read by the `HttpClient` of the context if this process has to read it.
 *
 * Follows up to 5 redirects to other `http` and `https` addresses. Fails with an `HttpClientError` if the response has
 * no status 2xx, redirects elsewhere, or has a `Content-Encoding`: the bytes would not be those of the image. A user and a
 * password in the address are sent as a header; errors and spans show neither them nor signatures.
 *
 * @since 0.1.0
 * @category constructors
 */
export const url = (url: string | URL): WebSource<HttpClientError.HttpClientError, HttpClient.HttpClient> => ({
  url: String(url),
  open: Effect.gen(function* () {
    const client = HttpClient.filterStatusOk(
      withRedirects(GuardedClient.make(yield* HttpClient.HttpClient), maxRedirects)
    )
    const request = HttpClientRequest.get(String(url), { headers: { "accept-encoding": "identity" } })
    if (webUrl(request.url) === undefined) {
      const description = "the address of a source must be a URL that begins with http:// or https://"
      return yield* new HttpClientError.RequestError({ request, reason: "InvalidUrl", description })
    }
    const response = yield* client.execute(request)
    const encoding = response.headers["content-encoding"]?.trim().toLowerCase() ?? ""
    if (encoding !== "" && encoding !== "identity") {
      const description = `the source comes in Content-Encoding ${ForeignText.show(encoding, { maxLength: 40 })}, although identity was asked for`
      return yield* new HttpClientError.ResponseError({ request, response, reason: "Decode", description })
    }
    const length = response.headers["content-length"] ?? ""
    const size = /^\d+$/.test(length) ? Number(length) : 0
    return { stream: response.stream, size: Number.isSafeInteger(size) && size > 0 ? Option.some(size) : Option.none() }
    // Also the failures that are made here: a status that is not 2xx, a redirect, a coding.
  }).pipe(Effect.mapError(GuardedClient.discreet)),
  replayable: true
})

const maxRedirects = 5

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** The URL that a text means, if it is one of the web. */
const webUrl = (text: string, base?: string): string | undefined => {
  if (!URL.canParse(text, base)) return undefined
  const { href, protocol } = new URL(text, base)
  return protocol === "http:" || protocol === "https:" ? href : undefined
}

/** `HttpClient.followRedirects` ends in a defect if the address of a redirect cannot be parsed. */
const withRedirects = (client: HttpClient.HttpClient, left: number): HttpClient.HttpClient =>
  HttpClient.transformResponse(
    client,
    Effect.flatMap((response) => {
      if (!redirects.has(response.status)) return Effect.succeed(response)
      const { request } = response
      const next = webUrl(response.headers["location"] ?? "", request.url)
      if (next !== undefined && left > 0) {
        return withRedirects(client, left - 1).execute(HttpClientRequest.setUrl(request, next))
      }
      const description =
        left === 0 ? `more than ${maxRedirects} redirects` : "a redirect that leads to no http or https address"
      return Effect.fail(new HttpClientError.ResponseError({ request, response, reason: "StatusCode", description }))
    })
  )

/**
 * Converts an input to a source.
 *
 * @since 0.1.0
 * @category constructors
 */
export const from = <S extends Any>(input: S): ImageSource<ErrorOf<S>, ContextOf<S>> =>
  sourceOf(input) as ImageSource<ErrorOf<S>, ContextOf<S>>

const sourceOf = (input: Any): ImageSource<unknown, unknown> => {
  if (input instanceof Uint8Array) return bytes(input)
  if (Stream.StreamTypeId in input) return stream(input)
  if (isBlob(input)) return blob(input)
  return "file" in input ? file(input.file) : input
}
