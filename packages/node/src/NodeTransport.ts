/**
 * An HTTP client over undici's dispatcher, for many small requests and for uploads that do not wait for the garbage
 * collector.
 *
 * @since 0.1.0
 */
import { Readable } from "node:stream"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Undici from "@effect/platform-node/Undici"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Exchange from "./internal/exchange.js"
import * as Proxies from "./internal/proxy.js"

/**
 * A body as undici takes it: a `Readable` of Node, because undici pauses it while the socket is full. With a high-water
 * mark of 0 it asks the source for the next piece only when the socket has taken the one before.
 */
const readable = <E>(stream: Stream.Stream<Uint8Array, E>): Effect.Effect<Readable> =>
  Effect.map(Effect.runtime<never>(), (runtime) =>
    // `Readable` does not ask for another piece after an empty one.
    Readable.from(
      Stream.toAsyncIterableRuntime(
        Stream.filter(stream, ({ length }) => length > 0),
        runtime
      ),
      {
        objectMode: false,
        highWaterMark: 0
      }
    )
  )

const bodyOf = (body: Exclude<HttpBody.HttpBody, HttpBody.Stream>): Exchange.Body => {
  switch (body._tag) {
    case "Empty":
      return null
    case "Uint8Array":
      return body.body
    case "Raw":
      return body.body as Exchange.Body
    case "FormData":
      return body.formData as Undici.FormData
  }
}

/** Bun has a module `undici` of its own, whose agents dispatch nothing. */
const withoutDispatcher = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.fail(
    new HttpClientError.RequestError({
      request,
      reason: "Encode",
      cause: new Error(
        "the undici of this runtime cannot send requests, as in Bun: provide FetchHttpClient.layer of @effect/platform instead of NodeTransport"
      )
    })
  )

/**
 * An HTTP client over undici. It makes no spans: those of a cloud are made by its layers. When a fiber is interrupted that
 * waits for a response or reads its body, the connection is closed. `HttpClient.withScope` does not close it.
 *
 * The body of a response that is shorter than 256 KiB can be read again as a whole. One that is longer, and one that was
 * read as a stream, can be read once: a second reading fails with a `ResponseError` of reason `Decode`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<HttpClient.HttpClient, never, NodeHttpClient.Dispatcher> = Effect.map(
  NodeHttpClient.Dispatcher,
  (dispatcher) =>
    typeof dispatcher.dispatch !== "function"
      ? HttpClient.make(withoutDispatcher)
      : // `HttpClient.make` adds an abort signal, a registry entry and a second response to each request, which takes as
        // long as undici takes for it.
        HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
          Effect.flatMap((request) => {
            const url = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
            if (Either.isLeft(url)) {
              return new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: url.left })
            }
            const send = (body: Exchange.Body) =>
              Effect.contextWithEffect((context: Context.Context<never>) => {
                const options = Option.getOrUndefined(Context.getOption(context, NodeHttpClient.UndiciRequestOptions))
                return Exchange.send(dispatcher, { body, options, request, url: url.right })
              })
            return request.body._tag === "Stream"
              ? Effect.flatMap(readable(request.body.stream), send)
              : send(bodyOf(request.body))
          }),
          Effect.succeed
        )
)

/**
 * {@link make} with a dispatcher of its own, as a layer.
 *
 * It honours `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in small letters or capitals, read through the
 * `ConfigProvider`. `NO_PROXY` lists names, domains, addresses and ranges of addresses (`10.0.0.0/8`). If a variable is not
 * the URL of an HTTP proxy, requests that need it fail with a `TransportError` that names the variable, not its value.
 *
 * @example
 * ```ts
 * import { Cloud } from "@effect-glance/http"
 * import { NodeTransport } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const cloud = Layer.provide(Cloud.layerEnv(), NodeTransport.layer)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.effect(HttpClient.HttpClient, make).pipe(
  Layer.provide(Proxies.layer)
)
