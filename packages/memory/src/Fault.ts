/**
 * What can go wrong between a program and its cloud, on request.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import { PCGRandom } from "effect/Utils"
import type { ImportFault } from "./internal/glance/options.js"
import type { Caller } from "./internal/wire.js"

/**
 * Something that goes wrong with one request; the constructors below say what each of them does.
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
 * The request is not handled: this is its answer.
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
 * The request waits, and is then handled, or fails as `then` says.
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
 * The service handles the request, and the connection breaks before its answer is out.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoseAnswer {
  readonly _tag: "LoseAnswer"
}

/**
 * The connection breaks after some bytes of the answer's body.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResetAnswer {
  readonly _tag: "ResetAnswer"
  readonly bytes: number
}

/**
 * The answer's body ends after some bytes, as if that were all: its `Content-Length` is gone.
 *
 * @since 0.1.0
 * @category models
 */
export interface TruncateAnswer {
  readonly _tag: "TruncateAnswer"
  readonly bytes: number
}

/**
 * The connection breaks when the service has taken some bytes of the request's body.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResetUpload {
  readonly _tag: "ResetUpload"
  readonly bytes: number
}

/**
 * The token of the request expires when the service has taken some bytes of the request's body.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExpireToken {
  readonly _tag: "ExpireToken"
  readonly bytes: number
}

/**
 * A PATCH is read as a server from before v2.1 reads it.
 *
 * @since 0.1.0
 * @category models
 */
export interface StrictAdd {
  readonly _tag: "StrictAdd"
}

/**
 * The request is never answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hang {
  readonly _tag: "Hang"
}

/**
 * What goes wrong is decided for each request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Choose {
  readonly _tag: "Choose"
  readonly choose: (request: Target) => Fault | undefined
}

/**
 * Answers with a status of your choice, such as a 503 with `Retry-After`, in place of the service.
 *
 * Unless the headers name a content type, text is `text/plain` and anything else is sent as JSON.
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
 * Lets the request wait, on the cloud's clock, before it is handled; `then` says what goes wrong afterwards.
 *
 * @since 0.1.0
 * @category constructors
 */
export const delay = (duration: Duration.DurationInput, then?: Fault): Fault => ({ _tag: "Delay", duration, then })

/**
 * Breaks the connection before the service sees the request: nothing has happened on the cloud.
 *
 * @since 0.1.0
 * @category constructors
 */
export const refuse: Fault = { _tag: "Refuse" }

/**
 * Breaks the connection after the service has done what it was asked, so that the caller cannot know.
 *
 * @since 0.1.0
 * @category constructors
 */
export const loseAnswer: Fault = { _tag: "LoseAnswer" }

/**
 * Breaks the connection after the headers and so many bytes of the answer's body.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resetAnswer = (bytes: number): Fault => ({ _tag: "ResetAnswer", bytes })

/**
 * Ends the answer's body after so many bytes and says that this was all of it, as a bad proxy does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const truncateAnswer = (bytes: number): Fault => ({ _tag: "TruncateAnswer", bytes })

/**
 * Breaks the connection when the service has taken so many bytes of the request's body. A body that ends before that
 * arrives whole, and is answered.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resetUpload = (bytes: number): Fault => ({ _tag: "ResetUpload", bytes })

/**
 * Lets the request's token expire when the service has taken so many bytes of its body: the answer is 401, and the
 * token stays expired, for other requests too.
 *
 * @since 0.1.0
 * @category constructors
 */
export const expireToken = (bytes = 0): Fault => ({ _tag: "ExpireToken", bytes })

/**
 * Handles a PATCH as a server from before v2.1 does: `add` of a property that is already there is 409. On a request
 * that is no PATCH it changes nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const strictAdd: Fault = { _tag: "StrictAdd" }

/**
 * Takes the request and never answers it; its body is not read. On a socket, a caller who gives up while the body is under
 * way is noticed when the server closes: a socket that nobody reads does not tell.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hang: Fault = { _tag: "Hang" }

/**
 * Decides for each request what goes wrong with it. A request for which that is nothing is handled as if there were no
 * such fault, and another fault may be for it. It is asked once for each request that its matcher lets through, in the
 * order of arrival.
 *
 * @since 0.1.0
 * @category constructors
 */
export const choose = (choose: (request: Target) => Fault | undefined): Fault => ({ _tag: "Choose", choose })

/**
 * Lets one of some faults happen to a share of the requests. Which requests and which faults is the seed's: the same
 * requests in the same order meet the same.
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
 * Lets an import fail in a store, with what the store said.
 *
 * @since 0.1.0
 * @category imports
 */
export const importFails = (message: string): ImportFault => ({ _tag: "Fail", message })

/**
 * Lets an import come to a store and never get on, until the cloud is closed.
 *
 * @since 0.1.0
 * @category imports
 */
export const importHangs: ImportFault = { _tag: "Hang" }

/**
 * A request as a fault's `where` sees it.
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
 * Which requests a fault is for: all fields that are given must fit.
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
 * The bytes of an image on their way in: `PUT /v2/images/{id}/file`.
 *
 * @since 0.1.0
 * @category matching
 */
export const upload: Matcher = { method: "PUT", path: "/v2/images/*/file" }

/**
 * The bytes of an image on their way out: `GET /v2/images/{id}/file`.
 *
 * @since 0.1.0
 * @category matching
 */
export const download: Matcher = { method: "GET", path: "/v2/images/*/file" }

/**
 * A login, of Keystone's kind or of Rackspace's.
 *
 * @since 0.1.0
 * @category matching
 */
export const login: Matcher = { service: "identity", method: "POST", path: /^\/v3\/auth\/tokens$|^\/v2\.0\/tokens$/ }

/**
 * Whether a request is of the kind that a matcher names.
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
