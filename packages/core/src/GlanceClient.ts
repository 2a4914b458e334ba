/**
 * The port between the operations and the provider of their requests: a real cloud, a cloud in memory, or a recording.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as GlanceError from "./GlanceError.js"

/**
 * An HTTP client whose requests have paths below an endpoint of the cloud, such as `/images/{id}`.
 *
 * @since 0.1.0
 * @category models
 */
export type Client = HttpClient.HttpClient.With<HttpClientError.HttpClientError | GlanceError.ConnectionError>

/**
 * Makes a client from a function, for a provider of the port, or for a test that scripts the responses. The URL of a
 * request is a path, which `HttpClient.make` would reject.
 *
 * @example
 * ```ts
 * import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
 * import * as GlanceClient from "@effect-glance/core/GlanceClient"
 * import * as Effect from "effect/Effect"
 *
 * const empty = GlanceClient.makeClient((request) =>
 *   Effect.succeed(HttpClientResponse.fromWeb(request, Response.json({ images: [] })))
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeClient = (
  execute: (
    request: HttpClientRequest.HttpClientRequest
  ) => Effect.Effect<
    HttpClientResponse.HttpClientResponse,
    HttpClientError.HttpClientError | GlanceError.ConnectionError
  >
): Client =>
  HttpClient.makeWith<never, never, HttpClientError.HttpClientError | GlanceError.ConnectionError, never>(
    (request) => Effect.flatMap(request, execute),
    Effect.succeed
  )

/**
 * Which request bodies an HTTP client can send as a stream:
 *
 * - `always`: every one. Node, Bun, Deno and edge workers.
 * - `http2`: over HTTP/2 and HTTP/3 only. The `fetch` of Chromium, which fails over HTTP/1.1.
 * - `never`: none. The `fetch` of Firefox and Safari, which sends the text `[object ReadableStream]` instead.
 *
 * @since 0.1.0
 * @category models
 */
export type BodyStreaming = "always" | "http2" | "never"

/**
 * What a provider guarantees.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * The image service. The URL of a request is a path below the versioned root (`/images/{id}`). The provider adds the
   * endpoint and the token, keeps both out of spans and logs, retries what is safe to retry, and follows no redirects.
   */
  readonly client: Client
  /**
   * The same service above its versions. The URL of a request is a path below the root of the endpoint, such as
   * `/versions`.
   */
  readonly unversioned: Client
  /** The id of the caller's project. None if only a token is known, or if the token is not for a project. */
  readonly projectId: Effect.Effect<Option.Option<string>, GlanceError.ConnectionError>
  /**
   * The object store of the same cloud and region, for tasks that move images through containers. The URL of a request
   * is a path below the account (`/{container}`). None if the cloud has no object store.
   */
  readonly objectStore: Effect.Effect<Option.Option<Client>, GlanceError.ConnectionError>
  /**
   * Renews the token if it is valid for less than this time, for a request whose end must come before the token
   * expires. Does nothing if a new token would not be valid for longer, or if tokens do not expire.
   */
  readonly ensureToken: (life: Duration.Duration) => Effect.Effect<void, GlanceError.ConnectionError>
  /**
   * The time limit of an operation, from its first request to the last byte of its JSON response, retries included. The
   * time that {@link Operation} was held back does not count.
   */
  readonly timeLimit: Duration.Duration
  /**
   * Which request bodies the HTTP client can send as a stream. Unless it is `always`, core sends bytes and blobs as
   * `Raw` bodies, each a `Uint8Array` or a `Blob`, which a provider does not send again by itself.
   *
   * @default what the `fetch` of the runtime can do
   */
  readonly bodyStreaming?: BodyStreaming | undefined
  /**
   * The longest JSON body that is read, in bytes; a longer one fails with `UnexpectedAnswer`.
   *
   * @default 134217728 (128 MiB)
   */
  readonly bodyLimit?: number | undefined
}

/**
 * The port that the services of this package require.
 *
 * @since 0.1.0
 * @category tags
 */
export class GlanceClient extends Context.Tag("@effect-glance/core/GlanceClient")<GlanceClient, Service>() {}

/**
 * The operation that a request belongs to.
 *
 * @since 0.1.0
 * @category models
 */
export interface OperationService {
  /** As `Module.function`; empty for a request of the caller's own. */
  readonly name: string
  /** The path template of the request, such as `/v2/images/{image_id}`, if it is known. */
  readonly route?: string | undefined
  /**
   * Runs a wait of the provider, such as that for a throttle. Its time is no part of the operation's time limit, nor of
   * the idle limit of a transfer.
   */
  readonly hold: <A, E, R>(wait: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Whether core keeps a time limit already. */
  readonly isLimited?: boolean | undefined
}

/**
 * The operation that a request belongs to. Core provides it for each request of the port; providers use it in spans,
 * logs and metrics.
 *
 * @since 0.1.0
 * @category context
 */
export class Operation extends Context.Reference<Operation>()("@effect-glance/core/GlanceClient/Operation", {
  defaultValue: (): OperationService => ({ name: "", hold: (wait) => wait })
}) {}
