import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Answer from "@effect-glance/core/Answer"
import * as GuardedClient from "@effect-glance/core/GuardedClient"
import * as Secrets from "@effect-glance/core/Secrets"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import * as Circuit from "../Circuit.js"
import * as Direct from "./direct.js"
import * as Telemetry from "./telemetry.js"

/** What OpenTelemetry wants to know of an attempt besides what the platform's clients tell. */
const tellAttempt = (span: Tracer.Span, { number, request: { body }, route }: Telemetry.Attempt): void => {
  span.attribute("url.template", route)
  if (number > 0) span.attribute("http.request.resend_count", number)
  if (body.contentLength !== undefined) span.attribute("http.request.body.size", body.contentLength)
}

/** The same when the head of the answer is there, or will not come. */
const tellEnd = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>): void => {
  const response = (Exit.isSuccess(exit) ? exit.value : undefined) as HttpClientResponse.HttpClientResponse | undefined
  const errorType = Telemetry.errorType(exit)
  if (errorType !== undefined) span.attribute("error.type", errorType)
  if (response?.headers === undefined) return
  const length = Number(response.headers["content-length"] ?? Number.NaN)
  if (Number.isSafeInteger(length)) span.attribute("http.response.body.size", length)
  const requestId = Answer.shownRequestId(response)
  if (Option.isSome(requestId)) span.attribute("openstack.request_id", requestId.value)
}

const unsendableUrl = (url: string): string | undefined => {
  if (!/^https?:/i.test(url)) return "the URL must begin with http:// or https://"
  const encode = "the characters / ? # @ : [ ] % of a user name or password have to be percent-encoded"
  if (!URL.canParse(url)) return `the URL cannot be parsed${url.includes("@") ? `: ${encode}` : ""}`
  return Secrets.hasDubiousHost(url) ? `the URL has an @ behind its host: ${encode}` : undefined
}

/** What no client can send: each of them would say so in a way of its own, one of them by a defect. */
const unsendable = (request: HttpClientRequest.HttpClientRequest): HttpClientError.HttpClientError | undefined => {
  for (const value of Object.values(request.headers)) {
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      const cause = new Error("a header cannot be sent as it is")
      return GuardedClient.discreet(new HttpClientError.RequestError({ request, reason: "Encode", cause }))
    }
  }
  const reason = unsendableUrl(request.url)
  if (reason === undefined) return undefined
  const cause = new Error(reason)
  return GuardedClient.discreet(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause }))
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
    const refused = unsendable(attempt.request)
    if (refused !== undefined) return use({ answer: refused })
    // Each request says what it accepts. What is encoded all the same is decoded where it is read.
    const request = withAccepted(GuardedClient.userAsHeader(attempt.request))
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
        Effect.locallyWith(Headers.currentRedactedNames, (names) => [...names, ...Secrets.headerNames]),
        Effect.withTracer(GuardedClient.tracer(tracer, request, (span) => tellAttempt(span, attempt), tellEnd)),
        Effect.catchAll((error) =>
          error._tag === "ResponseError" && error.reason === "StatusCode"
            ? Effect.succeed(error.response)
            : Effect.fail(GuardedClient.discreet(error))
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

/** Also image data: a body that is packed on the way is not what hashes and ranges are of. */
const withAccepted = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
  request.headers["accept-encoding"] === undefined
    ? HttpClientRequest.setHeader(request, "accept-encoding", "identity")
    : request

/** Which headers spans must not show. Mostly asked for the same names. */
const secrecy = (names: ReadonlyArray<string | RegExp>): ((name: string) => boolean) => {
  if (known?.names === names) return known.isSecret
  const [exact, patterns] = Arr.partition([...names, ...Secrets.headerNames], (name) => typeof name !== "string")
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
    return use({ answer: GuardedClient.discreet(error) })
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
        const told = Exit.isFailure(exit) ? Exit.mapError(exit, GuardedClient.discreet) : exit
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
    const shown = GuardedClient.attribute(request)
    const tellHeaders = (side: string, headers: Headers.Headers) => {
      for (const [name, value] of Object.entries(headers)) {
        const key = `http.${side}.header.${name}`
        span.attribute(key, isSecret(name) ? Secrets.mask : shown(key, value))
      }
    }
    tellAttempt(span, attempt)
    span.attribute("http.request.method", request.method)
    span.attribute("server.address", url.origin)
    if (url.port !== "") span.attribute("server.port", Number(url.port))
    span.attribute("url.full", shown("url.full", url.href))
    span.attribute("url.path", url.pathname)
    span.attribute("url.scheme", url.protocol.slice(0, -1))
    if (url.search !== "") span.attribute("url.query", shown("url.query", url.search.slice(1)))
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
