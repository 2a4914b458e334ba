/**
 * Reads error responses of OpenStack services into the fields that all errors of responses share.
 *
 * @since 0.1.0
 */
import type * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ForeignText from "./ForeignText.js"
import * as Page from "./internal/errorPage.js"
import * as ResponseBody from "./ResponseBody.js"
import * as Secrets from "./Secrets.js"

/**
 * The fields of every error that comes from a response.
 *
 * @since 0.1.0
 * @category models
 */
export const fields = {
  /** The operation that failed, as `Module.function`. Empty until the operation adds its name. */
  operation: Schema.propertySignature(Schema.String).pipe(Schema.withConstructorDefault(() => "")),
  method: Schema.String,
  /** The URL of the request as it was sent, without secrets. Below a port that shows no host: the path and query. */
  url: Schema.String,
  status: Schema.Number,
  /** `x-openstack-request-id`. The operator of the cloud finds the request in the logs with it. */
  requestId: Schema.optionalWith(Schema.String, { as: "Option" }),
  /** The server's own sentence, without HTML, control characters and secrets. Empty if there is none. */
  detail: Schema.String
}

/**
 * The {@link fields} of an error response, as plain data.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer extends Schema.Struct.Type<typeof fields> {}

/** More than any page says before it comes to the point. */
const maxText = 32 * 1024

const messageIn = (json: unknown): string | undefined => {
  if (typeof json === "string") return json
  const message = (json as { readonly message?: unknown } | null | undefined)?.message
  return typeof message === "string" ? message : undefined
}

/** What is wrapped in the kind of the failure: `error` by Keystone, `itemNotFound` and the like by Rackspace. */
const wrappedIn = (json: unknown): unknown => {
  const wrapper = typeof json === "object" && json !== null ? json : {}
  const [only, ...more] = Object.values(wrapper)
  return "error" in wrapper ? wrapper.error : more.length === 0 ? only : undefined
}

/** webob puts line breaks into the sentences of JSON and escapes nothing in them. */
const withoutBreaks = (text: string): string => text.slice(0, maxText).replace(/<br ?\/?>/gi, " ")

/** The message in JSON that was cut. */
const cutMessage = /^\s*\{(?:\s*"\w{1,64}"\s*:\s*\{)?\s*"message"\s*:\s*"([^"\\]*(?:\\.[^"\\]*)*)/

const unquoted = (text: string): string => {
  try {
    return String(JSON.parse(`"${text}"`))
  } catch {
    return text
  }
}

const sentenceOf = (body: string): string => {
  try {
    const json: unknown = JSON.parse(body)
    return withoutBreaks(messageIn(json) ?? messageIn(wrappedIn(json)) ?? body)
  } catch {
    const message = cutMessage.exec(body.slice(0, maxText))?.[1]
    if (message !== undefined) return withoutBreaks(unquoted(message))
    // Plain text begins with the status line, which says nothing that the status does not.
    return Page.sentenceOf(body.slice(0, maxText).replace(/^\s*[1-5]\d\d [A-Z][\w '-]*(\r?\n|$)/, ""))
  }
}

/**
 * Returns the sentence in the body of an error as one line, cleaned, without secrets, and cut after 500 characters:
 * Glance sends JSON, HTML or plain text, Keystone wraps its sentence in `error`, proxies send pages. Takes time in
 * proportion to the length of the body.
 *
 * @since 0.1.0
 * @category getters
 */
export const detailOf = (body: string, secrets: ReadonlyArray<string> = []): string => {
  // A part of a secret may look like markup, which the page of an error is shown without.
  const withoutMarkup = secrets.map(oneLineOf)
  return ForeignText.show(oneLineOf(body), { secrets: [...new Set([...secrets, ...withoutMarkup])] })
}

const oneLineOf = (body: string): string => sentenceOf(body).replace(/\s+/g, " ").trim()

/** Durations of more than some centuries cannot be formatted or encoded. */
const maxRetryAfter = Duration.days(36_500)

/**
 * How long the server asks to wait: `Retry-After` in seconds or as a date, and at most 100 years.
 *
 * @since 0.1.0
 * @category getters
 */
export const retryAfterOf = (headers: Headers.Headers): Effect.Effect<Option.Option<Duration.Duration>> => {
  const text = headers["retry-after"]?.trim() ?? ""
  const some = (wait: Duration.Duration) => Option.some(Duration.min(wait, maxRetryAfter))
  if (/^\d+(\.\d+)?$/.test(text)) return Effect.succeed(some(Duration.seconds(Number(text))))
  const date = Date.parse(text)
  if (Number.isNaN(date)) return Effect.succeedNone
  return Effect.map(Clock.currentTimeMillis, (now) => some(Duration.millis(Math.max(0, date - now))))
}

/**
 * The request id in the headers of a response, whichever OpenStack or Rackspace service sent it, as it came. To show it,
 * take {@link shownRequestId}.
 *
 * @since 0.1.0
 * @category getters
 */
export const requestIdOf = (headers: Headers.Headers): Option.Option<string> =>
  Option.fromNullable(headers["x-openstack-request-id"] ?? headers["x-compute-request-id"] ?? headers["x-trans-id"])

/** The form of all request ids that were ever seen. */
const requestIdForm = /^[\w.:-]{1,128}$/

/**
 * The request id of a response, cleaned and without the secrets of its request.
 *
 * @since 0.1.0
 * @category getters
 */
export const shownRequestId = ({
  headers,
  request
}: Pick<HttpClientResponse.HttpClientResponse, "headers" | "request">): Option.Option<string> =>
  Option.map(requestIdOf(headers), (id) => {
    const token = request.headers["x-auth-token"]?.trim()
    return requestIdForm.test(id) && id.startsWith("req-") && !(token && id.includes(token))
      ? id
      : ForeignText.show(id, { secrets: Secrets.ofRequest(request), maxLength: 128 })
  })

/**
 * Reads a response that is an error. Of its body at most 64 KiB are read; then the connection is closed. A body that
 * breaks off leaves what the status and the headers say.
 *
 * @since 0.1.0
 * @category constructors
 */
export const read = (
  operation: string,
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<Answer> =>
  Effect.map(ResponseBody.readError(response), (body) =>
    answer(operation, request, response, detailOf(body, Secrets.ofRequest(response.request)))
  )

/**
 * What a response and its request say, with the sentence that was found in its body; {@link read} finds the sentence,
 * too. The secrets of the request are removed from all of it. The URL is that of the request as it was sent, with host
 * and version.
 *
 * @since 0.1.0
 * @category constructors
 */
export const answer = (
  operation: string,
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
  detail: string
): Answer => ({
  operation,
  method: request.method,
  url: ForeignText.show(urlOf(response.request)),
  status: response.status,
  requestId: shownRequestId(response),
  detail: ForeignText.show(detail, { secrets: Secrets.ofRequest(response.request) })
})

const urlOf = ({ url, urlParams }: HttpClientRequest.HttpClientRequest): string => {
  const query = UrlParams.toString(urlParams)
  return Secrets.url(query === "" ? url : `${url}?${query}`)
}
