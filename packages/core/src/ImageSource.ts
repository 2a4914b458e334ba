/**
 * Sources of image data: bytes, streams, files, and addresses on the web.
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
 * A source of bytes, which each attempt of an upload reads from the beginning.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageSource<out E = never, out R = never> {
  /** Opens the source, at most once for each attempt. */
  readonly open: Effect.Effect<Opened<E, R>, E, R>
  /** Whether a second run gives the same bytes. Without it, an upload is not retried after it has read bytes. */
  readonly replayable: boolean
  /** The size in bytes, if it is known before the source is opened. */
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
  /** The size in bytes, if it is known before the stream is read. */
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
 * A source, a stream, bytes, or a `Blob`, such as a `File` of a browser.
 *
 * @since 0.1.0
 * @category models
 */
export type Input<E = never, R = never> = ImageSource<E, R> | Stream.Stream<Uint8Array, E, R> | Uint8Array | Blob

/**
 * Every input that operations accept as a source.
 *
 * @since 0.1.0
 * @category models
 */
export type Any = Input<unknown, unknown> | FileInput

/**
 * The errors of reading an input.
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
 * Properties of a stream.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamOptions {
  /**
   * The size in bytes. The server gets it before the first byte. A stream with fewer or more bytes fails.
   *
   * @default not known
   */
  readonly size?: number | undefined
  /**
   * Whether a second run of the stream gives the same bytes. It does if the stream opens its resource itself. A stream
   * over an open resource (`fromReadableStream`, `fromAsyncIterable`, a queue) would give only the rest.
   *
   * @default false
   */
  readonly replayable?: boolean | undefined
}

/**
 * Makes a source of a stream. Do not write to a piece after the stream has emitted it.
 *
 * Each chunk of the stream is in memory at once, and `Stream.fromIterable` makes chunks of 4,096 pieces. For one piece at
 * a time, in each attempt: `Stream.suspend(() => Stream.fromIteratorSucceed(pieces[Symbol.iterator](), 1))`.
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
 * Makes a source of bytes in memory. The bytes are not copied before the upload.
 *
 * @since 0.1.0
 * @category constructors
 */
export const bytes = (bytes: Uint8Array): ImageSource => ({
  ...stream(inPieces(bytes), { size: bytes.length, replayable: true }),
  whole: bytes
})

/** The size of one piece of bytes in memory, after which progress is reported. */
const pieceSize = 1024 * 1024

const inPieces = (bytes: Uint8Array): Stream.Stream<Uint8Array> =>
  Stream.unfold(0, (start) =>
    start < bytes.length ? Option.some([bytes.subarray(start, start + pieceSize), start + pieceSize]) : Option.none()
  ).pipe(Stream.rechunk(1))

/**
 * Makes a source of a `Blob`, such as a `File` of a browser. Its bytes are read on demand.
 *
 * Every HTTP client can send it: as a whole if the runtime's `fetch` cannot send a stream. Progress is then reported
 * once, at the end. Reading fails with a `SystemError` if the file was changed or removed.
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
 * Makes a source of a file. An attempt fails if the size of the file changes while it is sent.
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
 * A source on the web, which the cloud may fetch instead of this process.
 *
 * @since 0.1.0
 * @category models
 */
export interface WebSource<out E = never, out R = never> extends ImageSource<E, R> {
  readonly url: string
}

/**
 * Makes a source of an address on the web. If this process reads it, it uses the `HttpClient` of the context.
 *
 * Follows up to 5 redirects to other `http` and `https` addresses. Fails with an `HttpClientError` if the response has
 * no status 2xx, redirects elsewhere, or has a `Content-Encoding`, which changes the bytes. A user and a password in the
 * address are sent as a header. Errors and spans show neither them nor signatures.
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
    const encoding = response.headers["content-encoding"]?.trim() ?? ""
    if (!/^(identity)?$/i.test(encoding)) {
      const description = `the source comes in Content-Encoding ${ForeignText.show(encoding, { maxLength: 40 })}, although identity was asked for`
      return yield* new HttpClientError.ResponseError({ request, response, reason: "Decode", description })
    }
    const length = response.headers["content-length"] ?? ""
    const size = /^\d+$/.test(length) ? Number(length) : 0
    return { stream: response.stream, size: Number.isSafeInteger(size) && size > 0 ? Option.some(size) : Option.none() }
    // This includes the failures of this module: statuses, redirects and encodings.
  }).pipe(Effect.mapError(GuardedClient.discreet)),
  replayable: true
})

const maxRedirects = 5

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Parses the URL of a web address. */
const webUrl = (text: string, base?: string): string | undefined => {
  if (!URL.canParse(text, base)) return undefined
  const { href, protocol } = new URL(text, base)
  return protocol === "http:" || protocol === "https:" ? href : undefined
}

/** `HttpClient.followRedirects` dies if the address of a redirect cannot be parsed. */
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
