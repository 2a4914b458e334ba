/**
 * A span, metrics and a debug line for each attempt to send a request. Names and units are those of OpenTelemetry's
 * conventions for HTTP; the metrics are Effect's, hence one set for the whole process.
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Answer from "@effect-glance/core/Answer"
import * as GuardedClient from "@effect-glance/core/GuardedClient"
import * as Secrets from "@effect-glance/core/Secrets"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as Failure from "./failure.js"
import { Attempt, type AttemptService, around, type Client, type Request, type Response } from "./layer.js"

type HttpError = HttpClientError.HttpClientError

type Result = Exit.Exit<Response, HttpError>

// ---------------------------------------------------------------------------------------------------------------------
// metrics
// ---------------------------------------------------------------------------------------------------------------------

type Labels = Readonly<Record<string, string | undefined>>

/**
 * Returns the metric with given labels, which is made once for each set of them. All labels are put on it at once:
 * `Metric.tagged` for each of them takes ten times as long at each update.
 */
const labelled = <Type, Out>(metric: Metric.Metric<Type, number, Out>, unit: string) => {
  const made = new Map<string, Metric.Metric<Type, number, Out>>()
  return (labels: Labels): Metric.Metric<Type, number, Out> => {
    const values = Object.values(labels).join("\n")
    const known = made.get(values)
    if (known !== undefined) return known
    const given = Object.entries({ unit, ...labels }).filter(
      (label): label is [string, string] => label[1] !== undefined
    )
    const tags = Effect.runSync(Effect.tagMetrics(Effect.metricLabels, Object.fromEntries(given)))
    const fresh = Metric.taggedWithLabels(metric, tags)
    made.set(values, fresh)
    return fresh
  }
}

const seconds = MetricBoundaries.fromIterable([
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300
])

const attemptDuration = labelled(
  Metric.histogram("glance.client.attempt.duration", seconds, "From a request as it is sent to the head of its answer"),
  "s"
)

const active = labelled(
  Metric.counter("glance.client.active_attempts", { description: "Requests that wait for the head of their answer" }),
  "{request}"
)

const retries = labelled(
  Metric.counter("glance.client.retries", { description: "Requests that are sent again", incremental: true }),
  "{request}"
)

const waits = labelled(
  Metric.histogram("glance.client.wait.duration", seconds, "For what a request waits before it is sent"),
  "s"
)

const parsedServer = (root: string): Labels => {
  const isDubious = !URL.canParse(root) || Secrets.hasDubiousHost(root)
  const [, , address = "", , port] = isDubious
    ? []
    : (/^\w+:\/\/([^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)(:(\d+))?/.exec(root) ?? [])
  return { "server.address": address, "server.port": port }
}

const maxServers = 100

const servers = new Map<string, Labels>()

const serverOf = (root: string): Labels => {
  const known = servers.get(root)
  if (known !== undefined) return known
  if (servers.size === maxServers) servers.clear()
  const server = parsedServer(root)
  servers.set(root, server)
  return server
}

/** Why there is no good response, in one word: the status, the code of what the client met, or how far it got. */
const errorType = (exit: Result): string | undefined => {
  if (Exit.isSuccess(exit)) return exit.value.status >= 400 ? String(exit.value.status) : undefined
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (HttpClientError.isHttpClientError(failure)) return Failure.systemError(failure.cause).code ?? failure.reason
  return Cause.isInterrupted(exit.cause) ? "interrupted" : "defect"
}

// ---------------------------------------------------------------------------------------------------------------------
// spans
// ---------------------------------------------------------------------------------------------------------------------

type Show = (key: string, value: unknown) => unknown

const annotateHeaders = (
  span: Tracer.Span,
  side: "request" | "response",
  headers: Headers.Headers,
  hidden: ReadonlyArray<string | RegExp>,
  shown: Show
): void => {
  for (const [name, value] of Object.entries(Headers.redact(headers, hidden))) {
    const key = `http.${side}.header.${name}`
    span.attribute(key, shown(key, String(value)))
  }
}

/** The attributes that the platform gives a request, and those that OpenTelemetry wants for an attempt. */
const annotateRequest = (span: Tracer.Span, request: Request, { number, route }: AttemptService, shown: Show): void => {
  span.attribute("http.request.method", request.method)
  if (route !== undefined) span.attribute("url.template", route)
  if (number > 0) span.attribute("http.request.resend_count", number)
  if (request.body.contentLength !== undefined) span.attribute("http.request.body.size", request.body.contentLength)
  const parsed = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
  if (Either.isLeft(parsed)) return
  const url = parsed.right
  span.attribute("server.address", url.origin)
  if (url.port !== "") span.attribute("server.port", Number(url.port))
  span.attribute("url.full", shown("url.full", url.href))
  span.attribute("url.path", url.pathname)
  span.attribute("url.scheme", url.protocol.slice(0, -1))
  if (url.search !== "") span.attribute("url.query", shown("url.query", url.search.slice(1)))
}

const annotateResult = (span: Tracer.Span, exit: Result): void => {
  const type = errorType(exit)
  if (type !== undefined) span.attribute("error.type", type)
  if (Exit.isFailure(exit)) return
  const response = exit.value
  span.attribute("http.response.status_code", response.status)
  const length = Number(response.headers["content-length"] ?? Number.NaN)
  if (Number.isSafeInteger(length)) span.attribute("http.response.body.size", length)
  const requestId = Answer.shownRequestId(response)
  if (Option.isSome(requestId)) span.attribute("openstack.request_id", requestId.value)
}

/** How an attempt is traced: the request with the headers that propagate its span. */
interface Trace {
  readonly span: Tracer.Span
  readonly request: Request
  readonly end: (exit: Result) => Effect.Effect<void>
}

/** Begins a client span, as the platform's clients make it, without secrets. */
const trace = (attempt: AttemptService, request: Request): Effect.Effect<Trace> =>
  Effect.flatMap(HttpClient.currentTracerPropagation, (propagates) =>
    Effect.flatMap(Headers.currentRedactedNames, (hidden) =>
      Effect.map(
        Effect.makeSpan(attempt.route === undefined ? request.method : `${request.method} ${attempt.route}`, {
          kind: "client",
          captureStackTrace: false
        }),
        (span) => {
          const shown = GuardedClient.attribute(request)
          annotateRequest(span, request, attempt, shown)
          annotateHeaders(span, "request", request.headers, hidden, shown)
          // No span is made where the program traces nothing.
          const isTracing = !Context.get(span.context, Tracer.DisablePropagation)
          return {
            span,
            request:
              isTracing && propagates
                ? HttpClientRequest.setHeaders(request, HttpTraceContext.toHeaders(span))
                : request,
            end: (exit) => {
              annotateResult(span, exit)
              if (Exit.isSuccess(exit)) annotateHeaders(span, "response", exit.value.headers, hidden, shown)
              return GuardedClient.endSpan(span, exit)
            }
          }
        }
      )
    )
  )

const begin = (attempt: AttemptService, request: Request): Effect.Effect<Trace | undefined> =>
  Effect.flatMap(HttpClient.currentTracerDisabledWhen, (isDisabled) =>
    isDisabled(request) ? Effect.succeed(undefined) : trace(attempt, request)
  )

/** Counts, times, logs and traces each attempt. The span of the client below is off, because it would show secrets. */
export const telemetry = (client: Client<HttpError>): Client<HttpError> =>
  around(
    HttpClient.withTracerDisabledWhen(client, () => true),
    (request, send) =>
      Effect.flatMap(Attempt, (attempt) => {
        const server = serverOf(attempt.root)
        return Effect.acquireUseRelease(
          Effect.zip(
            begin(attempt, request),
            Effect.zipRight(Metric.update(active(server), 1), Clock.currentTimeMillis)
          ),
          ([trace]) => (trace === undefined ? send(request) : Effect.withParentSpan(send(trace.request), trace.span)),
          ([trace, begun], exit) =>
            Effect.flatMap(Clock.currentTimeMillis, (now) =>
              Effect.zipRight(
                trace === undefined ? Effect.void : trace.end(exit),
                ended(attempt, request, exit, server, now - begun)
              )
            )
        )
      })
  )

/** Counts, times and logs what an attempt ended in. */
const ended = (
  attempt: AttemptService,
  request: Request,
  exit: Result,
  server: Labels,
  took: number
): Effect.Effect<void> => {
  const duration = attemptDuration({
    "glance.operation": attempt.operation,
    "http.request.method": request.method,
    "url.template": attempt.route,
    ...server,
    "http.response.status_code": Exit.isSuccess(exit) ? String(exit.value.status) : undefined,
    "error.type": errorType(exit)
  })
  const line = Effect.suspend(() => logAttempt(attempt, request, exit, took))
  return Metric.update(active(server), -1).pipe(
    Effect.zipRight(Metric.update(duration, took / 1000)),
    // Builds the log line only if debug logging is enabled.
    Effect.zipRight(Effect.whenLogLevel(line, LogLevel.Debug))
  )
}

// ---------------------------------------------------------------------------------------------------------------------
// logs
// ---------------------------------------------------------------------------------------------------------------------

/** Without host and query, as in errors of the image service. */
const lineOf = ({ method, url }: Request): string => {
  const shown = Secrets.url(url)
  const path = shown === Secrets.unreadableUrl ? "" : shown.replace(/^\w+:\/\/[^/]*/, "").replace(/[?#].*$/s, "")
  return `${method} ${path}`
}

const logAttempt = (attempt: AttemptService, request: Request, exit: Result, took: number): Effect.Effect<void> => {
  const outcome = Exit.isSuccess(exit) ? `status ${exit.value.status}` : errorType(exit)
  const response = Exit.isSuccess(exit) ? Option.some(exit.value) : Option.none()
  return Effect.annotateLogs(
    Effect.logDebug(`${lineOf(request)}: ${outcome} in ${took}ms`),
    annotations(attempt, response)
  )
}

const annotations = (
  { number, operation, route }: AttemptService,
  response: Option.Option<Response>
): Record<string, unknown> => ({
  ...(operation === "" ? {} : { "glance.operation": operation }),
  ...(route === undefined ? {} : { "url.template": route }),
  attempt: number + 1,
  ...Option.match(Option.flatMap(response, Answer.shownRequestId), {
    onNone: () => ({}),
    onSome: (id) => ({ "openstack.request_id": id })
  })
})

/** Logs and counts that a request will be sent again, and why. */
export const again = (
  attempt: AttemptService,
  request: Request,
  reason: string,
  wait: Duration.Duration,
  response: Option.Option<Response>
): Effect.Effect<void> =>
  Effect.logWarning(`${lineOf(request)}: ${reason}, again in ${Duration.format(wait)}`).pipe(
    Effect.annotateLogs(annotations(attempt, response)),
    Effect.zipRight(
      Metric.update(retries({ "glance.operation": attempt.operation, "url.template": attempt.route, reason }), 1)
    )
  )

// ---------------------------------------------------------------------------------------------------------------------
// waits
// ---------------------------------------------------------------------------------------------------------------------

/** Adds a wait to those of the operation's span and to the metrics. */
export const waited = (what: "token" | "throttle", operation: string, millis: number): Effect.Effect<void> => {
  const attribute = `glance.wait.${what}_ms`
  return Effect.zipRight(
    Metric.update(waits({ "glance.operation": operation, "glance.wait": what }), millis / 1000),
    Effect.contextWith((context: Context.Context<never>) => {
      const span = Context.getOption(context, Tracer.ParentSpan)
      if (Option.isNone(span) || span.value._tag !== "Span") return
      span.value.attribute(attribute, Number(span.value.attributes.get(attribute) ?? 0) + millis)
    })
  )
}

/** Waits for an effect, and reports for how long if it succeeds. */
export const waiting = <A, E>(
  what: "token" | "throttle",
  operation: string,
  effect: Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.flatMap(Clock.currentTimeMillis, (begun) =>
    Effect.flatMap(effect, (value) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        now > begun ? Effect.as(waited(what, operation, now - begun), value) : Effect.succeed(value)
      )
    )
  )
