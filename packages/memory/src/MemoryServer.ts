/**
 * A cloud in memory behind a socket, for programs that are not Effect's, or not in this process.
 *
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Endpoints, endpointsBelow, locate, type ServiceName } from "./internal/endpoints.js"
import { inside } from "./internal/inside.js"
import type { WireResponse } from "./internal/wire.js"
import type { MemoryCloud } from "./MemoryCloud.js"

/**
 * What a server lets the cloud do to a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  /** The request's body. Fails when the client goes away before its end; may be left unread. */
  readonly body: Stream.Stream<Uint8Array, unknown>
  /** Breaks the connection: at once, or when what was already written of the answer is out. */
  readonly reset: (when: "now" | "written") => Effect.Effect<void>
}

/**
 * Where the services are.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The path of each service. One that is not named here is not served.
   *
   * @default `/identity`, `/image` and `/object-store`
   */
  readonly mount?:
    | {
        readonly identity?: string | undefined
        readonly image?: string | undefined
        readonly objectStore?: string | undefined
      }
    | undefined
  /**
   * What the catalog says where the services are, when that is not at the origin that the client asked for.
   *
   * @default the `Host` of each request, and the paths of `mount`
   */
  readonly urls?:
    | {
        readonly identity?: string | undefined
        readonly image?: string | undefined
        readonly objectStore?: string | undefined
      }
    | undefined
  /**
   * How to read a request's body and to break its connection. Without it a connection that should break before the
   * answer is an empty 502, and one that should break within the answer is left to the server.
   */
  readonly connection?: ((request: HttpServerRequest.HttpServerRequest) => Connection) | undefined
}

/**
 * The paths of the services when the options name none.
 *
 * @since 0.1.0
 * @category models
 */
export const defaultMount = { identity: "/identity", image: "/image", objectStore: "/object-store" } as const

/**
 * The cloud as an app for any of the platform's servers. Paths reach the services as they came, undecoded.
 *
 * On Node, use `NodeMemoryServer`: it brings the `connection` that lets faults break sockets.
 *
 * @since 0.1.0
 * @category apps
 */
export const app = (cloud: MemoryCloud, options: Options = {}): HttpApp.Default => {
  const { engine } = cloud[inside]
  const { connection, urls } = options
  const mount = options.mount ?? defaultMount
  const services: ReadonlyArray<ServiceName> = [
    ...(mount.identity === undefined ? [] : ["identity" as const]),
    ...(mount.image === undefined ? [] : ["image" as const]),
    ...(mount.objectStore === undefined ? [] : ["object-store" as const])
  ]
  const paths = {
    identity: trimmed(mount.identity ?? ""),
    image: trimmed(mount.image ?? ""),
    objectStore: trimmed(mount.objectStore ?? "")
  }
  const local = endpointsBelow("", engine.regions, paths)

  const toldTo = (request: HttpServerRequest.HttpServerRequest): Endpoints => {
    const absolute = /^(https?):\/\/([^/?#]+)/.exec(request.originalUrl)
    const scheme = request.headers["x-forwarded-proto"] ?? absolute?.[1] ?? "http"
    const host = absolute?.[2] ?? request.headers["host"] ?? "localhost"
    const here = endpointsBelow(`${scheme}://${host}`, engine.regions, paths)
    if (urls === undefined) return here
    const elsewhere = endpointsBelow("", engine.regions, {
      identity: trimmed(urls.identity ?? here.identity),
      image: trimmed(urls.image ?? here.image(engine.regions[0] ?? "")),
      objectStore: trimmed(urls.objectStore ?? here.objectStore(engine.regions[0] ?? ""))
    })
    return elsewhere
  }

  return Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const url = request.originalUrl.replace(/^https?:\/\/[^/?#]*/, "")
    const mark = url.indexOf("?")
    const path = mark < 0 ? url : url.slice(0, mark)
    const place = locate(local, engine.regions, path === "" ? "/" : path, services)
    if (place === undefined) return Effect.succeed(HttpServerResponse.empty({ status: 404, headers: noContent }))
    const { body, reset } = connection?.(request) ?? { body: request.stream, reset: () => Effect.void }
    const answer = engine.answer(
      {
        method: request.method,
        path,
        query: mark < 0 ? "" : url.slice(mark + 1),
        headers: request.headers,
        body
      },
      place,
      toldTo(request)
    )
    return answer.pipe(
      Effect.map((response) => toResponse(response, reset)),
      Effect.catchAll(() =>
        // The server interrupts whoever serves a connection that is gone.
        connection === undefined
          ? Effect.succeed(HttpServerResponse.empty({ status: 502, headers: noContent }))
          : Effect.zipRight(reset("now"), Effect.never)
      ),
      Effect.interruptible
    )
  })
}

const noContent = { "content-length": "0" }

const trimmed = (base: string): string => base.replace(/\/+$/, "")

const toResponse = (response: WireResponse, reset: Connection["reset"]): HttpServerResponse.HttpServerResponse => {
  const { body, headers, status } = response
  if (typeof body === "string" || body instanceof Uint8Array) {
    if (body.length === 0) {
      const bodiless = status === 204 || status === 304 || "content-length" in headers
      return HttpServerResponse.empty({ status, headers: bodiless ? headers : { ...headers, ...noContent } })
    }
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body
    const { "content-type": contentType = "application/octet-stream", "content-length": _, ...rest } = headers
    return HttpServerResponse.uint8Array(bytes, { status, headers: rest, contentType })
  }
  const { "content-length": length, "content-type": contentType = "application/octet-stream", ...rest } = headers
  return HttpServerResponse.stream(
    Stream.catchAllCause(body, (cause) =>
      Cause.isInterruptedOnly(cause)
        ? Stream.failCause(cause)
        : Stream.fromEffect(Effect.zipRight(reset("written"), Effect.never))
    ),
    {
      status,
      headers: rest,
      contentType,
      ...(length === undefined ? {} : { contentLength: Number(length) })
    }
  )
}
