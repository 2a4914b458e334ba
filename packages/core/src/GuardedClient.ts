/**
 * Makes an HTTP client fit to carry secrets: user information of a URL becomes a header, and spans and failures show
 * neither tokens nor passwords nor signatures.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"
import * as ForeignText from "./ForeignText.js"
import * as Secrets from "./Secrets.js"

/**
 * The request with the user information of its URL as a header (basic authentication): some clients drop it, others
 * fail with it in their message.
 *
 * @since 0.1.0
 * @category conversions
 */
export const userAsHeader = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  const user = Secrets.userOf(request.url)
  if (user === undefined) return request
  const url = new URL(request.url)
  url.username = ""
  url.password = ""
  // `URL` puts a slash behind a host.
  const isBare = url.pathname === "/" && !/^[^/]*\/\/[^/?#]*\//.test(request.url)
  return request.pipe(
    HttpClientRequest.setUrl(isBare ? url.href.replace(/\/(?=$|[?#])/, "") : url.href),
    HttpClientRequest.basicAuth(user.name, user.password)
  )
}

/** The cause with cleaned messages: clients repeat URLs and the values of headers in them. */
const discreetCause = (cause: unknown, secrets: ReadonlyArray<string>, depth = 0): unknown => {
  if (typeof cause !== "object" || cause === null) {
    return typeof cause === "string" ? ForeignText.show(cause, { secrets }) : undefined
  }
  if (depth > 8) return undefined
  const { cause: deeper, code, errors, message, name, syscall } = cause as Readonly<Record<string, unknown>>
  const shown = new Error(typeof message === "string" ? ForeignText.show(message, { secrets }) : "")
  delete shown.stack
  const define = (key: string, value: unknown) => Object.defineProperty(shown, key, { value, configurable: true })
  if (typeof name === "string") define("name", ForeignText.show(name, { secrets }))
  if (typeof code === "string") define("code", ForeignText.show(code, { secrets }))
  if (typeof syscall === "string") define("syscall", ForeignText.show(syscall, { secrets }))
  if (Array.isArray(errors))
    define(
      "errors",
      errors.slice(0, 8).map((error) => discreetCause(error, secrets, depth + 1))
    )
  if (deeper !== undefined && deeper !== null) define("cause", discreetCause(deeper, secrets, depth + 1))
  return shown
}

/**
 * The failure of a client without what its request carries: its token, its body, and the secrets of its URL.
 *
 * @since 0.1.0
 * @category conversions
 */
export const discreet = <E>(error: E): E | HttpClientError.HttpClientError => {
  if (!HttpClientError.isHttpClientError(error)) return error
  const secrets = Secrets.ofRequest(error.request)
  const request = Secrets.request(error.request)
  const cause = discreetCause(error.cause, secrets)
  const description =
    error.description === undefined ? {} : { description: ForeignText.show(error.description, { secrets }) }
  if (error._tag === "RequestError") {
    return new HttpClientError.RequestError({ request, reason: error.reason, cause, ...description })
  }
  // A response holds its request.
  const response = discreetResponse(error.response, request, secrets)
  return new HttpClientError.ResponseError({ request, response, reason: error.reason, cause, ...description })
}

/** Status and headers. */
const discreetResponse = (
  { headers, status }: HttpClientResponse.HttpClientResponse,
  request: HttpClientRequest.HttpClientRequest,
  secrets: ReadonlyArray<string>
): HttpClientResponse.HttpClientResponse => {
  const shown = new globalThis.Headers()
  for (const [name, value] of Object.entries(headers)) {
    const text = Secrets.isHeader(name) ? Secrets.mask : ForeignText.show(value, { secrets })
    if (/^[\x20-\x7e]*$/.test(text) && /^[\w-]+$/.test(name)) shown.set(name, text)
  }
  // Other statuses cannot be made.
  const known = status >= 200 && status <= 599 ? status : 599
  return HttpClientResponse.fromWeb(request, new Response(null, { status: known, headers: shown }))
}

/**
 * The value of an attribute of the span of a request, without its secrets.
 *
 * @since 0.1.0
 * @category conversions
 */
export const attribute = (request: HttpClientRequest.HttpClientRequest): ((key: string, value: unknown) => unknown) => {
  // Not before the first header: most requests have no span that is kept.
  let secrets: ReadonlyArray<string> | undefined
  /** A password with a slash makes its beginning look like a host. */
  const isDubious = !request.url.startsWith("/") && Secrets.hasDubiousHost(request.url)
  return (key, value) => {
    if (key === "url.full") return typeof value === "string" ? Secrets.url(value) : value
    if (isDubious && /^(server\.|url\.(path|query)$)/.test(key)) return Secrets.mask
    if (typeof value !== "string") return value
    if (key === "url.query") return Secrets.redact(`?${value}`).slice(1)
    const header = /^http\.(?:request|response)\.header\.(.*)$/.exec(key)?.[1]
    if (header === undefined) return value
    if (Secrets.isHeader(header)) return Secrets.mask
    secrets ??= Secrets.ofRequest(request)
    return ForeignText.show(value, { secrets })
  }
}

/**
 * A tracer whose client spans show no secrets, for a request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tracer = (
  inner: Tracer.Tracer,
  request: HttpClientRequest.HttpClientRequest,
  onSpan: (span: Tracer.Span) => void = () => {},
  onEnd: (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>) => void = () => {}
): Tracer.Tracer => {
  const shown = attribute(request)
  return Tracer.make({
    span: (...about) => {
      const span = inner.span(...about)
      const { attribute, end } = span
      const ofClient = span.kind === "client"
      if (ofClient) {
        span.attribute = (key, value) => attribute.call(span, key, shown(key, value))
        onSpan(span)
      }
      span.end = (time, exit) => {
        if (ofClient) onEnd(span, exit)
        // Not with the response, which a span would keep.
        end.call(span, time, Exit.isSuccess(exit) ? Exit.void : Exit.mapError(exit, discreet))
      }
      return span
    },
    context: (execution, fiber) => inner.context(execution, fiber)
  })
}

/**
 * The client, fit to carry secrets.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E, R>(
  client: HttpClient.HttpClient.With<E, R>
): HttpClient.HttpClient.With<E | HttpClientError.HttpClientError, R> =>
  HttpClient.makeWith<E, R, E | HttpClientError.HttpClientError, R>(
    (effect) =>
      Effect.flatMap(effect, (given) => {
        const request = userAsHeader(given)
        return Effect.flatMap(Effect.tracer, (inner) =>
          client.execute(request).pipe(
            Effect.mapError(discreet),
            Effect.locallyWith(Headers.currentRedactedNames, (names) => [...names, ...Secrets.headerNames]),
            Effect.withTracer(tracer(inner, request))
          )
        )
      }),
    Effect.succeed
  )

/** `TestClock` dies of the nanoseconds at a fraction of a millisecond. */
const nanos = Effect.catchAllDefect(Clock.currentTimeNanos, () =>
  Effect.map(Clock.currentTimeMillis, (millis) => BigInt(Math.floor(millis)) * 1_000_000n)
)

/**
 * Ends a span without the value of the exit. A span keeps what it ends with, and lives longer than a response or a page
 * of a listing. The garbage collector then spends more time on the page than its decoding takes.
 *
 * @since 0.1.0
 * @category tracing
 */
export const endSpan = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Effect.map(nanos, (now) => span.end(now, Exit.asVoid(exit)))
