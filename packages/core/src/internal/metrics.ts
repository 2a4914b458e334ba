/**
 * What operations count and time. Names and units are those of OpenTelemetry's conventions. The metrics are Effect's, so
 * there is one set for the whole process.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"

type Labels = Readonly<Record<string, string | undefined>>

/**
 * Returns a metric with labels, which is made once for each set of them. All labels are put on it at once: with
 * `Metric.tagged` for each of them, each update takes ten times as long.
 */
const labelled = <Type, In, Out>(metric: Metric.Metric<Type, In, Out>, unit: string) => {
  const tagged = new Map<string, Metric.Metric<Type, In, Out>>()
  return (labels: Labels): Metric.Metric<Type, In, Out> => {
    const key = Object.values(labels).join("\n")
    const known = tagged.get(key)
    if (known !== undefined) return known
    const given = Object.entries({ unit, ...labels }).filter(
      (label): label is [string, string] => label[1] !== undefined
    )
    const tags = Effect.runSync(Effect.tagMetrics(Effect.metricLabels, Object.fromEntries(given)))
    const made = Metric.taggedWithLabels(metric, tags)
    tagged.set(key, made)
    return made
  }
}

const requestDuration = labelled(
  Metric.histogram(
    "glance.client.request.duration",
    MetricBoundaries.fromIterable([
      0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300
    ]),
    "From an operation's request to its whole answer, of data to its head: logins, retries and throttle included"
  ),
  "s"
)

const io = labelled(Metric.counter("glance.client.io", { description: "Bytes of bodies", incremental: true }), "By")

/** The tag of a failure, or why there is none. */
const errorType = (exit: Exit.Exit<unknown, { readonly _tag: string }>): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const failure = Cause.failureOption(exit.cause)
  if (Option.isSome(failure)) return failure.value._tag
  return Cause.isInterrupted(exit.cause) ? "interrupted" : "defect"
}

/** Records the time of a request, and what it ended in. */
export const ended = (
  operation: string,
  status: number | undefined,
  exit: Exit.Exit<unknown, { readonly _tag: string }>,
  millis: number
): Effect.Effect<void> =>
  Metric.update(
    requestDuration({
      "glance.operation": operation,
      "http.response.status_code": status?.toString(),
      "error.type": errorType(exit) ?? (status !== undefined && status >= 400 ? String(status) : undefined)
    }),
    millis / 1000
  )

const directions = { transmit: "http.request.body.size", receive: "http.response.body.size" }

/** Counts bytes that were sent or received, and adds them up on the operation's span. */
export const moved = (
  operation: string,
  span: Tracer.Span | undefined,
  direction: keyof typeof directions,
  bytes: number
): Effect.Effect<void> => {
  if (!(bytes > 0)) return Effect.void
  const attribute = directions[direction]
  span?.attribute(attribute, Number(span.attributes.get(attribute) ?? 0) + bytes)
  return Metric.update(io({ "glance.operation": operation, "network.io.direction": direction }), bytes)
}
