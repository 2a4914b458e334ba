/**
 * What the attempts to send requests count, time and log. The names are those of OpenTelemetry's conventions for HTTP;
 * the metrics are Effect's, hence one set for the whole process.
 */
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Answer from "@effect-glance/core/Answer"
import * as Secrets from "@effect-glance/core/Secrets"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import type * as MetricKeyType from "effect/MetricKeyType"
import * as MetricLabel from "effect/MetricLabel"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as Route from "./route.js"

/** One attempt to send a request. */
export interface Attempt {
  readonly operation: string
  /** The endpoint. */
  readonly root: string
  readonly route: string
  /** With its endpoint. */
  readonly request: HttpClientRequest.HttpClientRequest
  /** 0 for the first. */
  readonly number: number
}

type Labels = Readonly<Record<string, string | undefined>>

/**
 * The metric with these labels, made once for each set of them. They belong to its key: labels that are put on a metric
 * are joined anew, and it is looked up anew, each time that it is updated.
 */
const labelled = <Type extends MetricKeyType.MetricKeyType<number, unknown>>(
  key: MetricKey.MetricKey<Type>,
  unit: string
) => {
  const withUnit = MetricKey.tagged(key, "unit", unit)
  const made = new Map<string, ReturnType<typeof Metric.fromMetricKey<Type>>>()
  return (labels: Labels) => {
    const values = Object.values(labels).join("\n")
    const known = made.get(values)
    if (known !== undefined) return known
    const fresh = Metric.fromMetricKey(
      MetricKey.taggedWithLabels(
        withUnit,
        Object.entries(labels).flatMap(([name, value]) => (value === undefined ? [] : [MetricLabel.make(name, value)]))
      )
    )
    made.set(values, fresh)
    return fresh
  }
}

const seconds = MetricBoundaries.fromIterable([
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300
])

const attemptDuration = labelled(
  MetricKey.histogram(
    "glance.client.attempt.duration",
    seconds,
    "From a request as it is sent to the head of its answer"
  ),
  "s"
)

const active = labelled(
  MetricKey.counter("glance.client.active_attempts", {
    description: "Requests that wait for the head of their answer"
  }),
  "{request}"
)

const retries = labelled(
  MetricKey.counter("glance.client.retries", { description: "Requests that are sent again", incremental: true }),
  "{request}"
)

const waits = labelled(
  MetricKey.histogram("glance.client.wait.duration", seconds, "For what a request waits before it is sent"),
  "s"
)

let known: { readonly root: string; readonly server: Labels } | undefined

const serverOf = (root: string): Labels => {
  if (known?.root === root) return known.server
  const isDubious = !URL.canParse(root) || Secrets.hasDubiousHost(root)
  const [, , address = "", , port] = isDubious
    ? []
    : (/^\w+:\/\/([^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)(:(\d+))?/.exec(root) ?? [])
  known = { root, server: { "server.address": address, "server.port": port } }
  return known.server
}

/** What the runtime met, however deep it lies: its code, and whether that was while it connected. */
/** The form of all codes. A text of another form may repeat anything. */
const isCode = /^[A-Z][A-Z\d_/]{0,63}$/

export const systemError = (error: unknown): { readonly code: string | undefined; readonly connecting: boolean } => {
  for (let cause = error, depth = 0; depth < 8 && typeof cause === "object" && cause !== null; depth++) {
    const { cause: deeper, code, errors, syscall } = cause as Readonly<Record<string, unknown>>
    // Where several addresses were tried, there is an error of each.
    if (typeof code === "string" && isCode.test(code))
      return { code, connecting: syscall === "connect" || Array.isArray(errors) }
    cause = deeper
  }
  return { code: undefined, connecting: false }
}

export type Answered = Exit.Exit<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

/** Why there is no good answer, in one word: the status, the code of what the client met, or how far it got. */
export const errorType = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (Exit.isSuccess(exit)) {
    const { status } = (exit.value ?? {}) as { readonly status?: unknown }
    return typeof status === "number" && status >= 400 ? String(status) : undefined
  }
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (HttpClientError.isHttpClientError(failure)) return systemError(failure.cause).code ?? failure.reason
  return Cause.isInterrupted(exit.cause) ? "interrupted" : "defect"
}

type Answering = Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

/** An attempt that is about to be made. */
export interface Sending {
  readonly answer: Answering
  /** Is told what became of it, also when nobody waits for it any more. Answers what others may know of that. */
  readonly ended?: (exit: Answered) => Answered
}

/** Makes an attempt ready in a fiber, and goes on with it. */
export type Begin = (
  attempt: Attempt,
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  use: (sending: Sending) => Answering
) => Answering

/**
 * Counts, times and logs one attempt. By hand what `Metric.update` and `Effect.onExit` would do: each step of the fiber
 * that a small request does not take is a hundredth of what it takes in all.
 */
export const observed = (
  about: Attempt,
  begin: Begin,
  then?: (exit: Answered, took: number) => Effect.Effect<void>
): Answering =>
  Effect.uninterruptibleMask((restore) =>
    Effect.withFiberRuntime((fiber) =>
      begin(about, fiber, ({ answer, ended }) => {
        const { operation, request, root, route } = about
        const clock = Context.get(fiber.currentDefaultServices, Clock.Clock)
        const labels = fiber.getFiberRef(FiberRef.currentMetricLabels)
        const begun = clock.unsafeCurrentTimeMillis()
        const server = serverOf(root)
        const inFlight = active(server)
        inFlight.unsafeUpdate(1, labels)
        const done = (exit: Answered): Answering => {
          const took = clock.unsafeCurrentTimeMillis() - begun
          inFlight.unsafeUpdate(-1, labels)
          attemptDuration({
            "glance.operation": operation,
            "http.request.method": request.method,
            "url.template": route,
            ...server,
            "http.response.status_code": Exit.isSuccess(exit) ? String(exit.value.status) : undefined,
            "error.type": errorType(exit)
          }).unsafeUpdate(took / 1000, labels)
          const told = ended === undefined ? exit : ended(exit)
          // A line that nobody reads shall cost nothing.
          const read = LogLevel.lessThanEqual(fiber.getFiberRef(FiberRef.currentMinimumLogLevel), LogLevel.Debug)
          const logged = read ? Effect.zipRight(log(about, told, took), told) : told
          return then === undefined ? logged : Effect.zipRight(then(told, took), logged)
        }
        return Effect.matchCauseEffect(restore(answer), {
          onFailure: (cause) => done(Exit.failCause(cause)),
          onSuccess: (response) => done(Exit.succeed(response))
        })
      })
    )
  )

/** Without host and query, as in errors of the image service. */
const line = ({ request }: Attempt): string => `${request.method} ${Route.plain(request.url)}`

const log = (about: Attempt, exit: Answered, took: number): Effect.Effect<void> => {
  const outcome = Exit.isSuccess(exit) ? `status ${exit.value.status}` : errorType(exit)
  return Effect.annotateLogs(
    Effect.logDebug(`${line(about)}: ${outcome} in ${took}ms`),
    annotations(about, Exit.isSuccess(exit) ? Option.some(exit.value) : Option.none())
  )
}

const annotations = (
  { number, operation, route }: Attempt,
  response: Option.Option<HttpClientResponse.HttpClientResponse>
): Record<string, unknown> => ({
  ...(operation === "" ? {} : { "glance.operation": operation }),
  "url.template": route,
  attempt: number + 1,
  ...Option.match(Option.flatMap(response, Answer.shownRequestId), {
    onNone: () => ({}),
    onSome: (id) => ({ "openstack.request_id": id })
  })
})

/** Tells that a request will be sent again, and why. */
export const again = (
  about: Attempt,
  reason: string,
  wait: Duration.Duration,
  response: Option.Option<HttpClientResponse.HttpClientResponse>
): Effect.Effect<void> =>
  Effect.logWarning(`${line(about)}: ${reason}, again in ${Duration.format(wait)}`).pipe(
    Effect.annotateLogs(annotations(about, response)),
    Effect.zipRight(
      Metric.update(retries({ "glance.operation": about.operation, "url.template": about.route, reason }), 1)
    )
  )

/** Tells on the operation's span and in the metrics for how long it waited. */
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
