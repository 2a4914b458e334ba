/**
 * What an OpenStack service says when it does not do what it was asked: the part that all its errors share.
 *
 * @since 0.1.0
 */
import type * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * What every error that comes from an answer holds.
 *
 * @since 0.1.0
 * @category models
 */
export const fields = {
  /** The operation that failed, as `Module.function`. */
  operation: Schema.String,
  method: Schema.String,
  /** What was asked for. Of the image service: the path and query below the versioned root. */
  url: Schema.String,
  status: Schema.Number,
  /** `x-openstack-request-id`, by which an operator of the cloud finds the request in the logs. */
  requestId: Schema.optionalWith(Schema.String, { as: "Option" }),
  /** The server's own sentence, cleaned of HTML; empty when it said nothing. */
  detail: Schema.String
}

/**
 * What an answer that is an error says, as plain data: see {@link fields}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer extends Schema.Struct.Type<typeof fields> {}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " }

/** A character by its name or number: Glance's pages write all but ASCII, and every quote, as numbers. */
const character = (whole: string, name: string): string => {
  if (!name.startsWith("#")) return Object.hasOwn(entities, name) ? (entities[name] as string) : whole
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10)
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
}

/** More than any page says before it comes to the point; what is longer would cost time, and is cut anyway. */
const maxText = 8192

const withoutMarkup = (text: string): string =>
  text
    .replace(/<(title|style|script)\b[^>]*>.*?<\/\1>/gis, " ")
    .replace(/<[/!]?[a-z-][^>]*(>|$)/gi, " ")
    .replace(/&(#?\w+);/g, character)

/** Longer than any sentence of Glance, shorter than a proxy's page. */
const maxDetail = 1000

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

const sentenceOf = (body: string): string => {
  try {
    const json: unknown = JSON.parse(body)
    return withoutBreaks(messageIn(json) ?? messageIn(wrappedIn(json)) ?? body)
  } catch {
    // Text opens with the status line and HTML with a heading, which say nothing that the status does not.
    const text = body.slice(0, maxText).replace(/^\s*[1-5]\d\d [A-Z][\w '-]*(\r?\n|$)/, "")
    return withoutMarkup(text.replace(/<h1\b[^>]*>.*?<\/h1>/gis, " "))
  }
}

/**
 * The sentence in the body of an error, as one line: Glance answers JSON, HTML or plain text as it likes, Keystone
 * wraps its sentence in `error`, proxies send pages.
 *
 * @since 0.1.0
 * @category getters
 */
export const detailOf = (body: string): string => {
  const sentence = sentenceOf(body).replace(/\s+/g, " ").trim()
  return sentence.length > maxDetail ? `${sentence.slice(0, maxDetail)} …` : sentence
}

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
 * The request id of an answer, whichever OpenStack or Rackspace service gave it.
 *
 * @since 0.1.0
 * @category getters
 */
export const requestIdOf = (headers: Headers.Headers): Option.Option<string> =>
  Option.fromNullable(headers["x-openstack-request-id"] ?? headers["x-compute-request-id"] ?? headers["x-trans-id"])

/**
 * Reads an answer that is an error. Its body is read to the end, since an unread one keeps the connection; a body that
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
  response.text.pipe(
    Effect.orElseSucceed(() => ""),
    Effect.map((body) => answer(operation, request, response, detailOf(body)))
  )

/**
 * What an answer and its request say, with the sentence that was found in its body. {@link read} finds the sentence,
 * too.
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
  url: request.url,
  status: response.status,
  requestId: requestIdOf(response.headers),
  detail
})
