/**
 * Where the bytes of an image come from.
 *
 * @since 0.1.0
 */
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as GuardedClient from "./GuardedClient.js"
import * as File from "./internal/file.js"
import * as Lending from "./internal/lending.js"

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
 * What is taken for a source: one, or a stream of which nothing is known.
 *
 * @since 0.1.0
 * @category models
 */
export type Input<E = never, R = never> = ImageSource<E, R> | Stream.Stream<Uint8Array, E, R>

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
  replayable
})

/**
 * Bytes that are in memory already.
 *
 * @since 0.1.0
 * @category constructors
 */
export const bytes = (bytes: Uint8Array): ImageSource =>
  stream(Stream.succeed(bytes), { size: bytes.length, replayable: true })

/**
 * A file, of the size that it has when the attempt begins. A file that shrinks or grows while it is sent fails.
 *
 * @since 0.1.0
 * @category constructors
 */
export const file = (path: string): ImageSource<PlatformError.PlatformError, FileSystem.FileSystem> => {
  const open = (lend: boolean) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { size } = yield* fs.stat(path)
      return { stream: File.pieces(path, { lend }), size: Option.some(Number(size)) }
    })
  const source = { open: open(false), replayable: true }
  Lending.set(source, open(true))
  return source
}

/**
 * Gives a piece of a {@link file} that is uploaded back, or a part of it, so that the next one is read into its memory.
 * For HTTP clients that know when the network has taken it, as the one in `@effect-glance/http/node/NodeTransport` does;
 * nobody may read it any more. Of other bytes nothing happens.
 *
 * @since 0.1.0
 * @category utils
 */
export const release: (bytes: Uint8Array) => void = File.release

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
 * What lies at an address, read by the runtime's own HTTP client where this process is to read it. Redirects are followed.
 * A user and a password in the address are sent as a header; errors and spans show neither them nor signatures.
 *
 * @since 0.1.0
 * @category constructors
 */
export const url = (url: string | URL): WebSource<HttpClientError.HttpClientError, HttpClient.HttpClient> => ({
  url: String(url),
  open: Effect.gen(function* () {
    const client = HttpClient.followRedirects(GuardedClient.make(yield* HttpClient.HttpClient), 5)
    // Packed on the way, the bytes would not be those that the length is of.
    const request = HttpClientRequest.get(String(url), { headers: { "accept-encoding": "identity" } })
    const response = yield* Effect.mapError(
      HttpClient.filterStatusOk(client).execute(request),
      GuardedClient.discreet<HttpClientError.HttpClientError>
    )
    const length = Number(response.headers["content-length"])
    return {
      stream: Stream.mapError(response.stream, GuardedClient.discreet<HttpClientError.HttpClientError>),
      size: Number.isSafeInteger(length) && length > 0 ? Option.some(length) : Option.none()
    }
  }),
  replayable: true
})

/**
 * The source that was meant.
 *
 * @since 0.1.0
 * @category constructors
 */
export const from = <E, R>(input: Input<E, R>): ImageSource<E, R> =>
  Stream.StreamTypeId in input ? stream(input as Stream.Stream<Uint8Array, E, R>) : (input as ImageSource<E, R>)
