/**
 * What the operations count and time. Names and units are those of OpenTelemetry's conventions; the metrics are
 * Effect's, hence one set for the whole process.
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import type * as MetricKeyType from "effect/MetricKeyType"
import * as MetricLabel from "effect/MetricLabel"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
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

const directions = { transmit: "http.request.body.size", receive: "http.response.body.size" }

/**
 * What is told of one request while a fiber works on it. `Metric.update` and `Effect.annotateCurrentSpan` would each
 * take five steps of the fiber, and there are six of them in a request.
 */
export class Meter {
  readonly #clock: Clock.Clock
  readonly #labels: ReadonlyArray<MetricLabel.MetricLabel>
  readonly #span: Tracer.Span | undefined
  readonly #begun: number

  constructor(
    readonly operation: string,
    fiber: Fiber.RuntimeFiber<unknown, unknown>
  ) {
    this.#clock = Context.get(fiber.currentDefaultServices, Clock.Clock)
    this.#labels = fiber.getFiberRef(FiberRef.currentMetricLabels)
    this.#span = spanOf(fiber)
    this.#begun = this.#clock.unsafeCurrentTimeMillis()
  }

  /** What an answer says, on the operation's span. */
  answered(response: HttpClientResponse.HttpClientResponse): void {
    if (this.#span === undefined) return
    this.#span.attribute("http.response.status_code", response.status)
    const requestId = Answer.shownRequestId(response)
    if (Option.isSome(requestId)) this.#span.attribute("openstack.request_id", requestId.value)
  }

  /** Counts bytes that have gone out or come in, and adds them up on the operation's span. */
  moved(direction: keyof typeof directions, bytes: number): void {
    if (!(bytes > 0)) return
    io({ "glance.operation": this.operation, "network.io.direction": direction }).unsafeUpdate(bytes, this.#labels)
    const attribute = directions[direction]
    this.#span?.attribute(attribute, Number(this.#span.attributes.get(attribute) ?? 0) + bytes)
  }

  /** Times the request. What it ends in may be an answer that is an error without being its failure. */
  ended(exit: Exit.Exit<unknown, { readonly _tag: string }>, status: number | undefined): void {
    requestDuration({
      "glance.operation": this.operation,
      "http.response.status_code": status?.toString(),
      "error.type": errorType(exit) ?? (status !== undefined && status >= 400 ? String(status) : undefined)
    }).unsafeUpdate((this.#clock.unsafeCurrentTimeMillis() - this.#begun) / 1000, this.#labels)
  }
}

/** Works with a meter of its own. */
export const metered = <A, E, R>(
  operation: string,
  work: (meter: Meter) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => Effect.withFiberRuntime((fiber) => work(new Meter(operation, fiber)))

/** `Effect.onExit` for what takes no step of the fiber, of which it has three fewer then. */
export const onExit = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  ended: (exit: Exit.Exit<A, E>) => void
): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) => {
    const tell = (exit: Exit.Exit<A, E>) => {
      ended(exit)
      return exit
    }
    return Effect.matchCauseEffect(restore(effect), {
      onFailure: (cause) => tell(Exit.failCause(cause)),
      onSuccess: (value) => tell(Exit.succeed(value))
    })
  })

/** {@link Meter.moved} of a transfer, when it is known how much it was. */
export const moved = (
  operation: string,
  direction: keyof typeof directions,
  bytes: () => number
): Effect.Effect<void> => metered(operation, (meter) => Effect.sync(() => meter.moved(direction, bytes())))

/** The span that a fiber is in, where there is one that can be told something. */
const spanOf = ({ currentSpan }: Fiber.RuntimeFiber<unknown, unknown>): Tracer.Span | undefined =>
  currentSpan?._tag === "Span" ? currentSpan : undefined

/** Tells the span of the operation which image it is about. */
export const about = (fiber: Fiber.RuntimeFiber<unknown, unknown>, imageId: string): void =>
  spanOf(fiber)?.attribute("glance.image_id", imageId)
