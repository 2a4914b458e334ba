import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as GlanceError from "@effect-glance/core/GlanceError"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Circuit from "../../Circuit.js"
import type * as Throttle from "../../Throttle.js"
import * as Failure from "./failure.js"
import { Attempt, around, type Client, type Request, type Response } from "./layer.js"
import * as Telemetry from "./telemetry.js"

type LimitError = HttpClientError.HttpClientError | GlanceError.CloudUnavailable

/** What the circuit learns from an attempt. */
const outcomeOf = (
  { body }: Request,
  exit: Exit.Exit<Response, HttpClientError.HttpClientError>,
  took: number,
  timeLimit: Duration.Duration
): Circuit.Outcome => {
  if (Exit.isSuccess(exit)) {
    return Failure.isUnavailable(exit.value.status) ? { failure: `status ${exit.value.status}` } : "alive"
  }
  const error = Cause.failureOption(exit.cause)
  if (Option.isSome(error)) {
    const reason = Failure.transient(error.value, true)
    return Option.isNone(reason) ? "unknown" : { failure: reason.value }
  }
  // Interrupted. An upload takes the time that its bytes take, and its response arrives after them.
  return body._tag !== "Stream" && took * 2 >= Duration.toMillis(timeLimit)
    ? { failure: `no answer for ${Duration.format(took)}` }
    : "unknown"
}

/** Sends through a circuit. */
const breaking =
  (circuit: Circuit.Service, timeLimit: Duration.Duration) =>
  (client: Client<HttpClientError.HttpClientError>): Client<LimitError> =>
    around(client, (request, send) =>
      Effect.flatMap(Attempt, ({ root }) =>
        Effect.acquireUseRelease(
          Effect.zip(circuit.enter(root), Clock.currentTimeMillis),
          () => send(request),
          ([report, begun], exit) =>
            Effect.flatMap(Clock.currentTimeMillis, (now) => report(outcomeOf(request, exit, now - begun, timeLimit)))
        )
      )
    )

/** Waits for a turn. Holds it until the response headers arrive; a transfer releases it before it is sent. */
const throttled =
  (throttle: Throttle.Service, circuit: Circuit.Service | undefined) =>
  (client: Client<LimitError>): Client<LimitError> => {
    const turn = Effect.gen(function* () {
      const { hold, operation, root } = yield* Attempt
      const begun = yield* Clock.currentTimeMillis
      // A request that the circuit refuses need not wait. Its pause may be over by now: then the trial that is entered
      // here is left to the request that is sent.
      if (circuit !== undefined && (yield* circuit.closedUntil(root)) > begun) {
        yield* Effect.uninterruptible(Effect.flatMap(circuit.enter(root), (report) => report("unknown")))
      }
      yield* hold(throttle.turn)
      const waited = (yield* Clock.currentTimeMillis) - begun
      if (waited > 0) yield* Telemetry.waited("throttle", operation, waited)
    })
    return around(client, (request, send) =>
      request.body._tag === "Stream"
        ? Effect.zipRight(Effect.scoped(turn), send(request))
        : Effect.scoped(Effect.zipRight(turn, send(request)))
    )
  }

interface Limits {
  readonly throttle?: Throttle.Service | undefined
  readonly circuit: Circuit.Service | undefined
  readonly timeLimit: Duration.Duration
}

/** Holds requests to a throttle and a circuit, as far as there are such. */
export const limits =
  ({ circuit, throttle, timeLimit }: Limits) =>
  (client: Client<HttpClientError.HttpClientError>): Client<LimitError> => {
    const limited: Client<LimitError> = circuit === undefined ? client : breaking(circuit, timeLimit)(client)
    return throttle === undefined ? limited : throttled(throttle, circuit)(limited)
  }
