/**
 * Faults that a test injects into a cloud in memory.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import { PCGRandom } from "effect/Utils"
import type { ImportFault } from "./internal/glance/options.js"
import type { Caller } from "./internal/wire.js"

/**
 * A fault of one request. The constructors of this module say what each one does.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault =
  | Status
  | Delay
  | Refuse
  | LoseAnswer
  | ResetAnswer
  | TruncateAnswer
  | ResetUpload
  | ExpireToken
  | StrictAdd
  | Hang
  | Choose

/**
 * The service does not handle the request. This is the response.
 *
 * @since 0.1.0
 * @category models
 */
export interface Status {
  readonly _tag: "Status"
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The request waits. Then the service handles it, or the fault `then` applies.
 *
 * @since 0.1.0
 * @category models
 */
export interface Delay {
  readonly _tag: "Delay"
  readonly duration: Duration.DurationInput
  readonly then: Fault | undefined
}

/**
 * The connection breaks before the service sees the request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refuse {
  readonly _tag: "Refuse"
}

/**
 * The service handles the request, and the connection breaks before the response is sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoseAnswer {
  readonly _tag: "LoseAnswer"
}

/**
 * The connection breaks after some bytes of the response body.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResetAnswer {
  readonly _tag: "ResetAnswer"
  readonly bytes: number
}

/**
 * The response body ends after some bytes without an error, because its `Content-Length` is removed.
 *
 * @since 0.1.0
 * @category models
 */
export interface TruncateAnswer {
  readonly _tag: "TruncateAnswer"
  readonly bytes: number
}

/**
 * The connection breaks when the service has received some bytes of the request body.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResetUpload {
  readonly _tag: "ResetUpload"
  readonly bytes: number
}

/**
 * The token of the request expires when the service has received some bytes of the request body.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExpireToken {
  readonly _tag: "ExpireToken"
  readonly bytes: number
}

/**
 * The service reads a PATCH as a server before v2.1 does.
 *
 * @since 0.1.0
 * @category models
 */
export interface StrictAdd {
  readonly _tag: "StrictAdd"
}

/**
 * The request never gets a response.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hang {
  readonly _tag: "Hang"
}

/**
 * A function chooses the fault for each request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Choose {
  readonly _tag: "Choose"
  readonly choose: (request: Target) => Fault | undefined
}

/**
 * Responds with a status of your choice, such as a 503 with `Retry-After`. The service does not handle the request.
 *
 * Unless the headers name a content type, text is `text/plain` and anything else is sent as JSON.
 *
 * @example
 * ```ts
 * import { Fault, type MemoryCloud } from "@effect-glance/memory"
 *
 * const inject = (cloud: MemoryCloud.Service) => cloud.inject({ path: "/v2/images" }, Fault.status(503, { headers: { "retry-after": "5" } }))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const status = (
  code: number,
  options?: {
    readonly headers?: Readonly<Record<string, string>> | undefined
    /** Text, or a value to send as JSON. @default "" */
    readonly body?: unknown
  }
): Fault => {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options?.headers ?? {})) headers[name.toLowerCase()] = value
  const body = options?.body
  if (body !== undefined) {
    headers["content-type"] ??= typeof body === "string" ? "text/plain; charset=UTF-8" : "application/json"
  }
  return {
    _tag: "Status",
    status: code,
    headers,
    body: body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body)
  }
}

/**
 * Delays the request on the cloud's clock. Then the service handles it, or the fault `then` applies.
 *
 * @example
 * ```ts
 * import { Fault, type MemoryCloud } from "@effect-glance/memory"
 *
 * const inject = (cloud: MemoryCloud.Service) => cloud.inject({ method: "GET" }, Fault.delay("10 seconds"))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const delay = (duration: Duration.DurationInput, then?: Fault): Fault => ({ _tag: "Delay", duration, then })

/**
 * Breaks the connection before the service sees the request, so the cloud does nothing.
 *
 * @example
 * ```ts
 * import { Fault, type MemoryCloud } from "@effect-glance/memory"
 *
 * const inject = (cloud: MemoryCloud.Service) => cloud.inject({ method: "POST" }, Fault.refuse)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const refuse: Fault = { _tag: "Refuse" }

/**
 * Breaks the connection after the service has handled the request, so the caller does not know the result.
 *
 * @example
 * ```ts
 * import { Fault, type MemoryCloud } from "@effect-glance/memory"
 *
 * const inject = (cloud: MemoryCloud.Service) => cloud.inject({ method: "POST" }, Fault.loseAnswer)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const loseAnswer: Fault = { _tag: "LoseAnswer" }

/**
 * Breaks the connection after the headers and this number of bytes of the response body.
 *
 * @example
 * ```ts
 * import { Fault, type MemoryCloud } from "@effect-glance/memory"
 *
 * const inject = (cloud: MemoryCloud.Service) => cloud.inject(Fault.download, Fault.resetAnswer(1024))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const resetAnswer = (bytes: number): Fault => ({ _tag: "ResetAnswer", bytes })

/**
 * Ends the response body after this number of bytes without an error, as a faulty proxy does.
 *
 * @example
 * ```ts
 * import { Fault, type MemoryCloud } from "@effect-glance/memory"
 *
 * const inject = (cloud: MemoryCloud.Service) => cloud.inject(Fault.download, Fault.truncateAnswer(1024))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const truncateAnswer = (bytes: number): Fault => ({ _tag: "TruncateAnswer", bytes })

/**
 * Breaks the connection when the service has received this number of bytes of the request body. A shorter body gets a
 * response.
 *
 * @example
 * ```ts
 * import { Fault, type MemoryCloud } from "@effect-glance/memory"
 *
 * const inject = (cloud: MemoryCloud.Service) => cloud.inject(Fault.upload, Fault.resetUpload(1024))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const resetUpload = (bytes: number): Fault => ({ _tag: "ResetUpload", bytes })

/**
 * Expires the token of the request when the service has received this number of bytes of its body. The response is 401,
 * and the token stays expired for other requests.
 *
 * @example
 * ```ts
 * import { Fault, type MemoryCloud } from "@effect-glance/memory"
 *
 * const inject = (cloud: MemoryCloud.Service) => cloud.inject(Fault.upload, Fault.expireToken(1024))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const expireToken = (bytes = 0): Fault => ({ _tag: "ExpireToken", bytes })

/**
 * Handles a PATCH as a server before v2.1 does: `add` of an existing property is 409. Other methods are not changed.
 *
 * @example
 * ```ts
 * import { Fault, type MemoryCloud } from "@effect-glance/memory"
 *
 * const inject = (cloud: MemoryCloud.Service) => cloud.inject({ method: "PATCH" }, Fault.strictAdd)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const strictAdd: Fault = { _tag: "StrictAdd" }

/**
 * Accepts the request, and never responds. The body is not read. On a socket, the server notices a caller that gives up
 * within the body only when the server closes.
 *
 * @example
 * ```ts
 * import { Fault, type MemoryCloud } from "@effect-glance/memory"
 *
 * const inject = (cloud: MemoryCloud.Service) => cloud.inject({ path: "/v2/images/*" }, Fault.hang)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const hang: Fault = { _tag: "Hang" }

/**
 * Chooses the fault for each request with a function. If the function returns nothing, the request may meet another
 * fault. The function is called once for each request that fits the matcher, in the order of arrival.
 *
 * @example
 * ```ts
 * import { Fault, type MemoryCloud } from "@effect-glance/memory"
 *
 * const secondPagesFail = Fault.choose(({ query }) => (query.includes("marker") ? Fault.status(400) : undefined))
 * const inject = (cloud: MemoryCloud.Service) => cloud.inject({ path: "/v2/images" }, secondPagesFail)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const choose = (choose: (request: Target) => Fault | undefined): Fault => ({ _tag: "Choose", choose })

/**
 * Applies one of several faults to a share of the requests. The seed determines the choice: the same requests in the same
 * order meet the same faults.
 *
 * @example
 * ```ts
 * import { Fault, type MemoryCloud } from "@effect-glance/memory"
 *
 * const tenth = Fault.sometimes({ share: 0.1, seed: 42, of: [Fault.status(503)] })
 * const inject = (cloud: MemoryCloud.Service) => cloud.inject({}, tenth)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const sometimes = (options: {
  /** From 0 to 1. */
  readonly share: number
  readonly seed: number
  readonly of: readonly [Fault, ...ReadonlyArray<Fault>]
}): Fault => {
  const { of, seed, share } = options
  const random = new PCGRandom(seed)
  return choose(() => {
    const happens = random.number() < share
    const which = of[random.integer(of.length)]
    return happens ? which : undefined
  })
}

/**
 * Makes an import fail in a store, with this message of the store.
 *
 * @since 0.1.0
 * @category imports
 */
export const importFails = (message: string): ImportFault => ({ _tag: "Fail", message })

/**
 * Makes an import hang in a store until the cloud is closed.
 *
 * @since 0.1.0
 * @category imports
 */
export const importHangs: ImportFault = { _tag: "Hang" }

/**
 * A request, as the function `where` of a matcher gets it.
 *
 * @since 0.1.0
 * @category matching
 */
export interface Target {
  readonly service: "identity" | "image" | "object-store"
  readonly region: string
  readonly method: string
  /** Below the service's root, percent-encoded: `/v2/images`, `/v3/auth/tokens`. */
  readonly path: string
  readonly query: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly caller: Caller | undefined
}

/**
 * Selects the requests that a fault applies to. All given fields must fit.
 *
 * @since 0.1.0
 * @category matching
 */
export interface Matcher {
  /** @default "image" */
  readonly service?: "identity" | "image" | "object-store" | "any" | undefined
  /** @default every method */
  readonly method?: string | undefined
  /**
   * The path below the service's root. In text, `*` is one segment and `**` is any number of them.
   *
   * @default every path
   */
  readonly path?: string | RegExp | undefined
  /** @default every request */
  readonly where?: ((request: Target) => boolean) | undefined
}

/**
 * Selects uploads of image data: `PUT /v2/images/{id}/file`.
 *
 * @since 0.1.0
 * @category matching
 */
export const upload: Matcher = { method: "PUT", path: "/v2/images/*/file" }

/**
 * Selects downloads of image data: `GET /v2/images/{id}/file`.
 *
 * @since 0.1.0
 * @category matching
 */
export const download: Matcher = { method: "GET", path: "/v2/images/*/file" }

/**
 * Selects logins to Keystone and to Rackspace.
 *
 * @since 0.1.0
 * @category matching
 */
export const login: Matcher = { service: "identity", method: "POST", path: /^\/v3\/auth\/tokens$|^\/v2\.0\/tokens$/ }

/**
 * Returns whether a request fits a matcher.
 *
 * @since 0.1.0
 * @category matching
 */
export const matches = (matcher: Matcher, request: Target): boolean => {
  const service = matcher.service ?? "image"
  if (service !== "any" && service !== request.service) return false
  if (matcher.method !== undefined && matcher.method.toUpperCase() !== request.method) return false
  if (matcher.path !== undefined && request.path.search(pattern(matcher.path)) < 0) return false
  return matcher.where === undefined || matcher.where(request)
}

const pattern = (path: string | RegExp): RegExp => {
  if (typeof path !== "string") return path
  const source = path
    .split("/")
    .map((segment) =>
      segment === "**" ? ".*" : segment.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*")
    )
    .join("/")
  return new RegExp(`^${source}$`)
}
