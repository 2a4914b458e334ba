import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Answer from "@effect-glance/core/Answer"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Tracer from "effect/Tracer"
import * as Circuit from "../Circuit.js"
import * as Direct from "./direct.js"
import * as Telemetry from "./telemetry.js"

/** Headers that hold a token, in either direction. */
const secretHeaders = ["x-auth-token", "x-subject-token", "x-service-token"]

const userInfo = /^(\w+:\/\/)([^/?#]*)@/

/** The URL without the user and password that may stand before the host. */
export const withoutUser = (url: string): string => url.replace(userInfo, "$1")

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A user in the URL becomes the header that it means: some clients would drop it, others fail with it in their message. */
const withUserAsHeader = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  const user = userInfo.exec(request.url)?.[2]
  if (user === undefined) return request
  const [name = "", ...password] = user.split(":")
  return request.pipe(
    HttpClientRequest.setUrl(withoutUser(request.url)),
    HttpClientRequest.basicAuth(decoded(name), decoded(password.join(":")))
  )
}

/** The secret headers that a request has, without the space around them, which some clients cut off. */
const secretsOf = ({ headers }: HttpClientRequest.HttpClientRequest): Record<string, string> =>
  Object.fromEntries(
    [...secretHeaders, "authorization"].flatMap((name) => {
      const value = headers[name]?.trim() ?? ""
      return value === "" ? [] : [[name, value]]
    })
  )

/** `fetch` repeats the value of a header that it does not take. */
const repeats = (cause: unknown, secrets: ReadonlyArray<string>, depth = 0): boolean =>
  typeof cause === "object" &&
  cause !== null &&
  depth < 8 &&
  (secrets.some((secret) => "message" in cause && String(cause.message).includes(secret)) ||
    ("cause" in cause && repeats(cause.cause, secrets, depth + 1)))

/** The failure of a client without what its request carries: its token and its body. */
const discreet = <E>(error: E): E | HttpClientError.RequestError => {
  if (!HttpClientError.isHttpClientError(error)) return error
  const { cause, description, request } = error
  const secrets = secretsOf(request)
  return new HttpClientError.RequestError({
    request: request.pipe(
      HttpClientRequest.setBody(HttpBody.empty),
      HttpClientRequest.setHeaders(Record.map(secrets, () => "<redacted>"))
    ),
    reason: error._tag === "RequestError" ? error.reason : "Transport",
    cause: repeats(cause, Object.values(secrets)) ? new Error("a header cannot be sent as it is") : cause,
    ...(description === undefined ? {} : { description })
  })
}

/** What OpenTelemetry wants to know of an attempt besides what the platform's clients tell. */
const tellAttempt = (span: Tracer.Span, { number, request: { body }, route }: Telemetry.Attempt): void => {
  span.attribute("url.template", route)
  if (number > 0) span.attribute("http.request.resend_count", number)
  if (body.contentLength !== undefined) span.attribute("http.request.body.size", body.contentLength)
}

/** The same when the head of the answer is there, or will not come. */
const tellEnd = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>): void => {
  const { headers } = ((Exit.isSuccess(exit) ? exit.value : undefined) ?? {}) as { readonly headers?: Headers.Headers }
  const errorType = Telemetry.errorType(exit)
  if (errorType !== undefined) span.attribute("error.type", errorType)
  if (headers === undefined) return
  const length = Number(headers["content-length"] ?? Number.NaN)
  if (Number.isSafeInteger(length)) span.attribute("http.response.body.size", length)
  const requestId = Answer.requestIdOf(headers)
  if (Option.isSome(requestId)) span.attribute("openstack.request_id", requestId.value)
}

const discreetExit = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> =>
  Exit.isSuccess(exit) ? Exit.void : Exit.mapError(exit, discreet)

/** For a client that makes its span itself, perhaps among others. They end in what holds the request. */
const discreetTracer = (tracer: Tracer.Tracer, attempt: Telemetry.Attempt): Tracer.Tracer =>
  Tracer.make({
    span: (...about) => {
      const span = tracer.span(...about)
      const ofClient = span.kind === "client"
      if (ofClient) tellAttempt(span, attempt)
      const { end } = span
      span.end = (time, exit) => {
        if (ofClient) tellEnd(span, exit)
        end.call(span, time, discreetExit(exit))
      }
      return span
    },
    context: (execution, fiber) => tracer.context(execution, fiber)
  })

/** What no client can send: each of them would say so in a way of its own, one of them by a defect. */
const unsendable = (request: HttpClientRequest.HttpClientRequest): HttpClientError.RequestError | undefined => {
  for (const value of Object.values(request.headers)) {
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      const cause = new Error("a header cannot be sent as it is")
      return discreet(new HttpClientError.RequestError({ request, reason: "Encode", cause }))
    }
  }
  if (/^https?:/i.test(request.url)) return undefined
  const cause = new Error("the URL must begin with http:// or https://")
  return discreet(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause }))
}

/** A client that is fit to carry secrets, and the circuits that its requests pass. */
export interface Guarded {
  readonly begin: Telemetry.Begin
  readonly circuit: Circuit.Service | undefined
}

/**
 * The runtime's HTTP client, made fit to carry secrets: they are kept out of spans and failures; redirects are not
 * followed, since they would take the token to wherever they lead; and an answer is an answer, whatever its status,
 * also from a client that was told to fail on some.
 */
export const guarded: Effect.Effect<Guarded, never, HttpClient.HttpClient> = Effect.gen(function* () {
  const client = yield* HttpClient.HttpClient
  const circuit = Option.getOrUndefined(yield* Effect.serviceOption(Circuit.Circuit))
  const initOfLayer = Option.getOrUndefined(yield* Effect.serviceOption(FetchHttpClient.RequestInit))
  const direct = Direct.of(client)
  const begin: Guarded["begin"] = (attempt, fiber, use) => {
    const request = withUserAsHeader(attempt.request)
    const refused = unsendable(request)
    if (refused !== undefined) return use({ answer: refused })
    const spanName = `${request.method} ${attempt.route}`
    if (direct !== undefined) return beginDirect(direct, spanName, attempt, request, fiber, use)
    const answer = Effect.flatMap(Effect.tracer, (tracer) =>
      client.execute(request).pipe(
        Effect.mapInputContext((context: Context.Context<never>) => {
          const init = Option.getOrElse(Context.getOption(context, FetchHttpClient.RequestInit), () => initOfLayer)
          return context.pipe(
            Context.add(FetchHttpClient.RequestInit, { ...init, redirect: "manual" as const }),
            Context.add(HttpClient.SpanNameGenerator, () => spanName)
          )
        }),
        Effect.locallyWith(Headers.currentRedactedNames, (names) => [...names, ...secretHeaders]),
        Effect.withTracer(discreetTracer(tracer, attempt)),
        Effect.catchAll((error) =>
          error._tag === "ResponseError" && error.reason === "StatusCode"
            ? Effect.succeed(error.response)
            : Effect.fail(discreet(error))
        )
      )
    )
    return use({ answer })
  }
  return { begin, circuit }
})

/** `UrlParams.makeUrl`, which parses the URL anew for each parameter, where that comes to the same. */
const urlOf = ({ hash, url, urlParams }: HttpClientRequest.HttpClientRequest): Either.Either<URL, Error> =>
  urlParams.length === 0 || Option.isSome(hash) || /[?#]/.test(url)
    ? UrlParams.makeUrl(url, urlParams, hash)
    : UrlParams.makeUrl(`${url}?${UrlParams.toString(urlParams)}`, [], hash)

/** Which headers spans must not show. Mostly asked for the same names. */
const secrecy = (names: ReadonlyArray<string | RegExp>): ((name: string) => boolean) => {
  if (known?.names === names) return known.isSecret
  const [exact, patterns] = Arr.partition([...names, ...secretHeaders], (name) => typeof name !== "string")
  const whole = new Set(exact.map((name) => name.toLowerCase()))
  const isSecret = (name: string) => whole.has(name) || patterns.some((pattern) => pattern.test(name))
  known = { names, isSecret }
  return isSecret
}

let known: { readonly names: ReadonlyArray<string | RegExp>; readonly isSecret: (name: string) => boolean } | undefined

/** Past the client, in a span as the platform's clients make it. */
const beginDirect = (
  send: Direct.Send,
  spanName: string,
  attempt: Telemetry.Attempt,
  request: HttpClientRequest.HttpClientRequest,
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  use: Parameters<Telemetry.Begin>[2]
): ReturnType<Telemetry.Begin> => {
  const parsed = urlOf(request)
  if (Either.isLeft(parsed)) {
    const error = new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: parsed.left })
    return use({ answer: discreet(error) })
  }
  const url = parsed.right
  const sending = (
    request: HttpClientRequest.HttpClientRequest,
    tell?: (exit: Telemetry.Answered) => void
  ): Telemetry.Sending => {
    const { answer, giveUp } = send(request, url, fiber)
    return {
      answer,
      ended: (exit) => {
        if (Exit.isFailure(exit)) giveUp()
        const told = Exit.isFailure(exit) ? Exit.mapError(exit, discreet) : exit
        tell?.(told)
        return told
      }
    }
  }
  if (
    !fiber.getFiberRef(FiberRef.currentTracerEnabled) ||
    fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)(request)
  ) {
    return use(sending(request))
  }
  return Effect.flatMap(Effect.makeSpan(spanName, { kind: "client", captureStackTrace: false }), (span) => {
    const isSecret = secrecy(fiber.getFiberRef(Headers.currentRedactedNames))
    const tellHeaders = (side: string, headers: Headers.Headers) => {
      for (const [name, value] of Object.entries(headers)) {
        span.attribute(`http.${side}.header.${name}`, isSecret(name) ? "<redacted>" : value)
      }
    }
    tellAttempt(span, attempt)
    span.attribute("http.request.method", request.method)
    span.attribute("server.address", url.origin)
    if (url.port !== "") span.attribute("server.port", Number(url.port))
    span.attribute("url.full", url.href)
    span.attribute("url.path", url.pathname)
    span.attribute("url.scheme", url.protocol.slice(0, -1))
    if (url.search !== "") span.attribute("url.query", url.search.slice(1))
    tellHeaders("request", request.headers)
    const sent = fiber.getFiberRef(HttpClient.currentTracerPropagation)
      ? HttpClientRequest.setHeaders(request, HttpTraceContext.toHeaders(span))
      : request
    return use(
      sending(sent, (exit) => {
        if (Exit.isSuccess(exit)) {
          span.attribute("http.response.status_code", exit.value.status)
          tellHeaders("response", exit.value.headers)
        }
        tellEnd(span, exit)
        const clock = Context.get(fiber.currentDefaultServices, Clock.Clock)
        const timed = fiber.getFiberRef(FiberRef.currentTracerTimingEnabled)
        // Not with the answer, which a span would keep.
        span.end(timed ? clock.unsafeCurrentTimeNanos() : BigInt(0), Exit.asVoid(exit))
      })
    )
  })
}
