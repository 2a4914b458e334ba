/** The time limit of operations, and the time that a provider holds them back. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as GlanceClient from "../GlanceClient.js"
import * as GlanceError from "../GlanceError.js"

/** The time during which a provider holds requests back, as a throttle does. Several requests may be held at once. */
export interface Holds {
  /** Runs a wait of the provider, and counts its time. */
  readonly while: GlanceClient.OperationService["hold"]
  /** Milliseconds up to now. */
  readonly total: Effect.Effect<number>
  /** Milliseconds since then, or since the last hold if that ended later; 0 during a hold. */
  readonly since: (time: number) => Effect.Effect<number>
}

export const makeHolds: Effect.Effect<Holds> = Effect.sync(() => {
  let before = 0
  let active = 0
  let began = 0
  let ended = 0
  const begin = Effect.map(Clock.currentTimeMillis, (now) => {
    if (active++ === 0) began = now
  })
  const end = Effect.map(Clock.currentTimeMillis, (now) => {
    if (--active > 0) return
    ended = now
    before += now - began
  })
  return {
    while: (wait) =>
      Effect.acquireUseRelease(
        begin,
        () => wait,
        () => end
      ),
    total: Effect.map(Clock.currentTimeMillis, (now) => before + (active === 0 ? 0 : now - began)),
    since: (time) => Effect.map(Clock.currentTimeMillis, (now) => (active === 0 ? now - Math.max(time, ended) : 0))
  }
})

/** Provides the operation that requests belong to, and counts the time that the provider holds them back. */
export const provideOperation =
  (operation: Pick<GlanceClient.OperationService, "name" | "route">, holds: Holds) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(GlanceClient.Operation, (outer) =>
      Effect.provideService(effect, GlanceClient.Operation, {
        ...operation,
        hold: (wait) => outer.hold(holds.while(wait))
      })
    )

/** Whether a time limit is kept already, for an operation that this is a part of. */
class IsLimited extends Context.Reference<IsLimited>()("@effect-glance/core/internal/IsLimited", {
  defaultValue: () => false
}) {}

/**
 * Fails with `TimeLimitExceeded` if the effect takes longer than the limit. Time during which the provider holds requests
 * back does not count. A part of an operation that is limited already gets no limit of its own. The limit also holds where
 * the caller cannot be interrupted, as in a finalizer.
 */
export const within =
  (limit: Duration.Duration) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =>
    Effect.flatMap(IsLimited, (isLimited) => (isLimited ? effect : limited(limit, effect)))

const limited = <A, E, R>(
  limit: Duration.Duration,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =>
  Effect.gen(function* () {
    const { name, route } = yield* GlanceClient.Operation
    const holds = yield* makeHolds
    const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(limit)
    const expiry: Effect.Effect<never, GlanceError.TimeLimitExceeded> = Effect.gen(function* () {
      const left = end + (yield* holds.total) - (yield* Clock.currentTimeMillis)
      if (left <= 0) return yield* new GlanceError.TimeLimitExceeded({ operation: name, limit })
      yield* Effect.sleep(left)
      return yield* expiry
    })
    const work = effect.pipe(provideOperation({ name, route }, holds), Effect.provideService(IsLimited, true))
    return yield* interruptibly(Effect.raceFirst(work, expiry))
  })

/**
 * Runs an effect that can be interrupted. If the caller cannot be, as in a finalizer, it runs in a fiber of its own, which
 * an interruption of the caller does not reach.
 */
const interruptibly = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.checkInterruptible((isInterruptible) =>
    isInterruptible ? effect : Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), Fiber.join)
  )
