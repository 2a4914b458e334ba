/**
 * Cross-origin requests, as the `cors` filter in front of Glance and Keystone handles them.
 *
 * Source: oslo.middleware, `oslo_middleware/cors.py`, `CORS.process_response`.
 */
import * as Duration from "effect/Duration"
import { isLoopbackOrigin } from "./origin.js"

/** The settings of oslo.middleware's `[cors]` section. */
export interface CorsOptions {
  /**
   * Origins such as `https://dashboard.example:8443`, or `*` for every origin.
   *
   * @default every origin of this machine: `localhost`, `*.localhost`, `127.*` and `[::1]`, http or https, on any port
   */
  readonly allowedOrigins?: ReadonlyArray<string> | undefined
  /** @default GET, PUT, POST, DELETE and PATCH, as Glance has it */
  readonly allowMethods?: ReadonlyArray<string> | undefined
  /** Request headers, besides those that oslo.middleware allows always. @default every header */
  readonly allowHeaders?: ReadonlyArray<string> | undefined
  /** Response headers that a page may read. @default every header of the response */
  readonly exposeHeaders?: ReadonlyArray<string> | undefined
  /** Whether a browser may send cookies and the like. @default true */
  readonly allowCredentials?: boolean | undefined
  /** How long a browser may remember the response to a preflight request. @default 1 hour */
  readonly maxAge?: Duration.DurationInput | undefined
}

type Headers = Readonly<Record<string, string | undefined>>

export interface Cors {
  /** The headers that allow a preflight request, none if it is refused. `undefined` if the request is not a preflight. */
  readonly preflight: (method: string, headers: Headers) => Readonly<Record<string, string>> | undefined
  /** The headers that a response to any other request gets besides its own. */
  readonly response: (request: Headers, response: Headers) => Readonly<Record<string, string>>
}

const defaultMethods = ["GET", "PUT", "POST", "DELETE", "PATCH"]

const simpleHeaders =
  "accept accept-language content-type cache-control content-language expires last-modified pragma".split(" ")

const listed = (header: string | undefined): ReadonlyArray<string> =>
  (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")

export const makeCors = (options: CorsOptions): Cors => {
  const methods = options.allowMethods ?? defaultMethods
  const maxAge = Math.floor(Duration.toSeconds(options.maxAge ?? "1 hour"))
  const allowHeaders = options.allowHeaders?.map((name) => name.toLowerCase())

  /** What `Access-Control-Allow-Origin` says to this origin. */
  const allowedOrigin = (origin: string | undefined): string | undefined => {
    if (origin === undefined) return undefined
    const origins = options.allowedOrigins
    if (origins === undefined) return isLoopbackOrigin(origin) ? origin : undefined
    return origins.includes(origin) ? origin : origins.includes("*") ? "*" : undefined
  }

  const allowing = (origin: string): Readonly<Record<string, string>> => ({
    "access-control-allow-origin": origin,
    ...(options.allowCredentials === false ? {} : { "access-control-allow-credentials": "true" })
  })

  return {
    preflight: (method, headers) => {
      const wanted = headers["access-control-request-method"]
      if (method !== "OPTIONS" || headers["origin"] === undefined || wanted === undefined) return undefined
      const origin = allowedOrigin(headers["origin"])
      const names = listed(headers["access-control-request-headers"])
      const isAllowed = (name: string) => simpleHeaders.includes(name) || allowHeaders?.includes(name) !== false
      if (origin === undefined || !methods.includes(wanted)) return {}
      if (!names.every((name) => isAllowed(name.toLowerCase()))) return {}
      return {
        vary: "Origin",
        ...allowing(origin),
        ...(maxAge > 0 ? { "access-control-max-age": String(maxAge) } : {}),
        "access-control-allow-methods": wanted,
        ...(names.length === 0 ? {} : { "access-control-allow-headers": names.join(",") })
      }
    },
    response: (request, response) => {
      const origin = allowedOrigin(request["origin"])
      if (origin === undefined || "access-control-allow-origin" in response) return {}
      const exposed = options.exposeHeaders ?? Object.keys(response)
      return {
        vary: response["vary"] === undefined ? "Origin" : `${response["vary"]},Origin`,
        ...allowing(origin),
        ...(exposed.length === 0 ? {} : { "access-control-expose-headers": exposed.join(",") })
      }
    }
  }
}
