/**
 * What the operations count and time. Names and units are those of OpenTelemetry's conventions; the metrics are
 * Effect's, hence one set for the whole process.
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import type * as MetricKeyType from "effect/MetricKeyType"
import * as MetricLabel from "effect/MetricLabel"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as Answer from "../Answer.js"

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

const requestDuration = labelled(
  MetricKey.histogram(
    "glance.client.request.duration",
    MetricBoundaries.fromIterable([
      0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300
    ]),
    "From an operation's request to its whole answer, of data to its head: logins, retries and throttle included"
  ),
  "s"
)

const io = labelled(MetricKey.counter("glance.client.io", { description: "Bytes of bodies", incremental: true }), "By")

/** Why it failed, in one word. */
const errorType = (exit: Exit.Exit<unknown, { readonly _tag: string }>): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const failure = Cause.failureOption(exit.cause)
  if (Option.isSome(failure)) return failure.value._tag
  return Cause.isInterrupted(exit.cause) ? "interrupted" : "defect"
}

/** Times one request. What it ends in may be an answer that is an error without being its failure. */
export const counted =
  <A>(operation: string, statusOf: (answer: A | undefined) => number | undefined) =>
  <E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.clockWith((clock) => {
      const begun = clock.unsafeCurrentTimeMillis()
      return Effect.onExit(effect, (exit) => {
        const status = statusOf(Exit.isSuccess(exit) ? exit.value : undefined)
        return Metric.update(
          requestDuration({
            "glance.operation": operation,
            "http.response.status_code": status?.toString(),
            "error.type": errorType(exit) ?? (status !== undefined && status >= 400 ? String(status) : undefined)
          }),
          (clock.unsafeCurrentTimeMillis() - begun) / 1000
        )
      })
    })

/** The span of the operation, where there is one. */
const onSpan = (tell: (span: Tracer.Span) => void): Effect.Effect<void> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const span = Context.getOption(context, Tracer.ParentSpan)
    if (Option.isSome(span) && span.value._tag === "Span") tell(span.value)
  })

const add = (span: Tracer.Span, attribute: string, amount: number) =>
  span.attribute(attribute, Number(span.attributes.get(attribute) ?? 0) + amount)

/** What an answer says, on the operation's span. */
export const answered = ({ headers, status }: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  onSpan((span) => {
    span.attribute("http.response.status_code", status)
    const requestId = Answer.requestIdOf(headers)
    if (Option.isSome(requestId)) span.attribute("openstack.request_id", requestId.value)
  })

const directions = { transmit: "http.request.body.size", receive: "http.response.body.size" }

/** Counts bytes that have gone out or come in, and adds them up on the operation's span. */
export const moved = (operation: string, direction: keyof typeof directions, bytes: number): Effect.Effect<void> =>
  bytes > 0
    ? Effect.zipRight(
        Metric.update(io({ "glance.operation": operation, "network.io.direction": direction }), bytes),
        onSpan((span) => add(span, directions[direction], bytes))
      )
    : Effect.void

/**
 * `Effect.fn` for what answers a page, without the page in the exit that the span keeps. The span is older than the page,
 * often by two collections of young objects, and what is referred to from there is taken for old as well, needed or not:
 * 1,000 images then take 5.3 milliseconds instead of 3.3.
 */
export const pageFn =
  (name: string) =>
  <Args extends ReadonlyArray<unknown>, A, E, R>(body: (...args: Args) => Effect.Effect<A, E, R>) =>
  (...args: Args): Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>> =>
    Effect.suspend(() => body(...args)).pipe(
      Effect.map((page): { page: A | undefined } => ({ page })),
      Effect.withSpan(name, { captureStackTrace: callSite() }),
      Effect.map((answer) => {
        const page = answer.page as A
        answer.page = undefined
        return page
      })
    )

/** Where the function was called that calls this. */
const callSite = (): (() => string | undefined) => {
  const frames = Error as { stackTraceLimit?: number }
  const limit = frames.stackTraceLimit ?? 10
  frames.stackTraceLimit = 3
  const call = new Error()
  frames.stackTraceLimit = limit
  return () => call.stack?.split("\n")[3]?.trim()
}
