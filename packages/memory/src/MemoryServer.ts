/**
 * Serves a cloud in memory on a socket, for programs in other processes.
 *
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type CorsOptions, makeCors } from "./internal/cors.js"
import { type Endpoints, endpointsBelow, locate, serviceNames } from "./internal/endpoints.js"
import { inside } from "./internal/inside.js"
import { isServed } from "./internal/origin.js"
import type { WireResponse } from "./internal/wire.js"
import type * as MemoryCloud from "./MemoryCloud.js"

/**
 * What the cloud can do with a connection of the server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  /** The request body. Fails if the client closes the connection before its end. It need not be read. */
  readonly body: Stream.Stream<Uint8Array, unknown>
  /** Breaks the connection: at once, or when the written part of the response is sent. */
  readonly reset: (when: "now" | "written") => Effect.Effect<void>
}

/**
 * Which pages of other origins a browser lets read from the cloud: the settings of Glance's `[cors]` section.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cors extends CorsOptions {}

/**
 * The methods and headers that a Glance allows whose operator names only the origins. A page that needs more, such as
 * `Range`, fails there: see `set_cors_middleware_defaults` in `glance/common/config.py`.
 *
 * @since 0.1.0
 * @category models
 */
export const glanceCors = {
  allowMethods: ["GET", "PUT", "POST", "DELETE", "PATCH"],
  allowHeaders: [
    "Content-MD5",
    "X-Image-Meta-Checksum",
    "X-Storage-Token",
    "Accept-Encoding",
    "X-Auth-Token",
    "X-Identity-Status",
    "X-Roles",
    "X-Service-Catalog",
    "X-User-Id",
    "X-Tenant-Id",
    "X-OpenStack-Request-ID"
  ],
  exposeHeaders: [
    "X-Image-Meta-Checksum",
    "X-Auth-Token",
    "X-Subject-Token",
    "X-Service-Token",
    "X-OpenStack-Request-ID"
  ]
} as const satisfies Cors

/** A path or a URL for each service. */
interface Addresses {
  readonly identity?: string | undefined
  readonly image?: string | undefined
  readonly objectStore?: string | undefined
}

/**
 * The addresses of the services, and the pages and host names that may use them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The path of each service. A service without a path is not served.
   *
   * @default `/identity`, `/image` and `/object-store`
   */
  readonly mount?: Addresses | undefined
  /**
   * The URLs of the services in the catalog.
   *
   * @default the `Host` of each request, and the paths of `mount`
   */
  readonly urls?: Addresses | undefined
  /**
   * The pages of other origins that may use the cloud; `false` for none. The server responds to preflight requests itself:
   * they are not in the request log, and meet no fault.
   *
   * @default the pages of this machine's own servers, with every header
   */
  readonly cors?: Cors | false | undefined
  /**
   * The host names of the server besides IP addresses and `localhost`; `*` for all. A request with another `Host` gets 421.
   * Otherwise a page of any site could use the cloud by DNS rebinding.
   *
   * @default none
   */
  readonly hosts?: ReadonlyArray<string> | undefined
  /**
   * Reads the body of a request and breaks its connection. Without it, a connection that should break before the response
   * gets an empty 502, and the server decides how one within the response ends.
   */
  readonly connection?: ((request: HttpServerRequest.HttpServerRequest) => Connection) | undefined
}

/**
 * The default paths of the services.
 *
 * @since 0.1.0
 * @category models
 */
export const defaultMount = { identity: "/identity", image: "/image", objectStore: "/object-store" } as const

/**
 * Makes an app of the cloud for any server of `@effect/platform`. Paths reach the services undecoded.
 *
 * On Node, use `NodeMemoryServer` of `@effect-glance/node`: it brings the `connection` that lets faults break sockets.
 *
 * @since 0.1.0
 * @category apps
 */
export const app = (cloud: MemoryCloud.Service, options: Options = {}): HttpApp.Default => {
  const { engine } = cloud[inside]
  const { connection, hosts = [], urls } = options
  const cors = options.cors === false ? undefined : makeCors(options.cors ?? {})
  const mount = options.mount ?? defaultMount
  const served = { identity: mount.identity, image: mount.image, "object-store": mount.objectStore }
  const services = serviceNames.filter((name) => served[name] !== undefined)
  const paths = trimmed(mount)
  const local = endpointsBelow("", engine.regions, paths)

  const endpointsFor = (request: HttpServerRequest.HttpServerRequest): Endpoints => {
    const forwarded = request.headers["x-forwarded-proto"]
    const scheme = forwarded === "http" || forwarded === "https" ? forwarded : (absolute(request)?.[1] ?? "http")
    const here = endpointsBelow(`${scheme}://${authority(request)}`, engine.regions, paths)
    if (urls === undefined) return here
    const first = engine.regions[0] ?? ""
    const bases = { identity: here.identity, image: here.image(first), objectStore: here.objectStore(first) }
    return endpointsBelow("", engine.regions, trimmed(urls, bases))
  }

  const respond = (request: HttpServerRequest.HttpServerRequest) => {
    const url = request.originalUrl.replace(/^https?:\/\/[^/?#]*/, "")
    const mark = url.indexOf("?")
    const path = mark < 0 ? url : url.slice(0, mark)
    const place = locate(local, engine.regions, path === "" ? "/" : path, services)
    const { body, reset } = connection?.(request) ?? { body: request.stream, reset: () => Effect.void }
    if (!isServed(authority(request), hosts)) return Effect.succeed(misdirected(authority(request)))
    const preflight = cors?.preflight(request.method, request.headers)
    if (preflight !== undefined) {
      return Effect.succeed(empty(200, preflight))
    }
    if (place === undefined) return Effect.succeed(empty(404))
    const { headers, method } = request
    const wire = { method, path, query: mark < 0 ? "" : url.slice(mark + 1), headers, body }
    return engine.answer(wire, place, endpointsFor(request)).pipe(
      Effect.map((response) => toResponse(response, reset)),
      Effect.catchAll(() =>
        // The server interrupts whoever serves a connection that is gone.
        connection === undefined ? Effect.succeed(empty(502)) : Effect.zipRight(reset("now"), Effect.never)
      ),
      Effect.map((response) =>
        cors === undefined
          ? response
          : HttpServerResponse.setHeaders(response, cors.response(request.headers, response.headers))
      ),
      Effect.interruptible
    )
  }

  return Effect.flatMap(HttpServerRequest.HttpServerRequest, respond)
}

const absolute = (request: HttpServerRequest.HttpServerRequest): RegExpExecArray | null =>
  /^(https?):\/\/([^/?#]+)/.exec(request.originalUrl)

const authority = (request: HttpServerRequest.HttpServerRequest): string =>
  absolute(request)?.[2] ?? request.headers["host"] ?? "localhost"

/** What a name may contain. Other text is not repeated in a response. */
const printable = /^[\w.:[\]-]{1,255}$/

const misdirected = (host: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(
    `This memory cloud does not answer for the host ${printable.test(host) ? host : "in the request"}. Use localhost or an IP address, or start it with this name in "hosts" (--allow-host).\n`,
    { status: 421 }
  )

const empty = (status: number, headers: WireResponse["headers"] = {}): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.empty({ status, headers: { ...headers, "content-length": "0" } })

/** The addresses without slashes at their ends. */
const trimmed = (addresses: Addresses, defaults: Addresses = {}) => {
  const trim = (name: keyof Addresses) => (addresses[name] ?? defaults[name] ?? "").replace(/\/+$/, "")
  return { identity: trim("identity"), image: trim("image"), objectStore: trim("objectStore") }
}

const toResponse = (response: WireResponse, reset: Connection["reset"]): HttpServerResponse.HttpServerResponse => {
  const { body, headers, status } = response
  if (typeof body === "string" || body instanceof Uint8Array) {
    if (body.length === 0) {
      const isDescribed = status === 204 || status === 304 || "content-length" in headers
      return isDescribed ? HttpServerResponse.empty({ status, headers }) : empty(status, headers)
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
    { status, headers: rest, contentType, contentLength: length === undefined ? undefined : Number(length) }
  )
}
