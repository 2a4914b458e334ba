/** The time limit of operations, and the time that a provider holds them back. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as GlanceClient from "../GlanceClient.js"
import * as GlanceError from "../GlanceError.js"

/** The time during which a provider holds requests back, as a throttle does. Several requests may be held at once. */
export interface Holds {
  /** Runs a wait of the provider, and counts its time. */
  readonly while: GlanceClient.OperationService["hold"]
  /** Milliseconds up to a time. */
  readonly total: (now: number) => number
  /** Milliseconds since then, or since the last hold if that ended later; 0 during a hold. */
  readonly since: (time: number, now: number) => number
}

export const makeHolds = (): Holds => {
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
    total: (now) => before + (active === 0 ? 0 : now - began),
    since: (time, now) => (active === 0 ? now - Math.max(time, ended) : 0)
  }
}

/**
 * Fails with `TimeLimitExceeded` if the effect takes longer than the limit. Time during which the provider holds requests
 * back does not count. A part of an operation that is limited already gets no limit of its own. The limit also holds where
 * the caller cannot be interrupted, as in a finalizer.
 */
export const within =
  (limit: Duration.Duration) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =>
    Effect.flatMap(GlanceClient.Operation, (operation) => limited(limit, operation, effect))

/** {@link within} for an operation that is known, which is provided to the effect. */
export const limited = <A, E, R>(
  limit: Duration.Duration,
  operation: GlanceClient.OperationService,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> => {
  if (operation.isLimited) return Effect.provideService(effect, GlanceClient.Operation, operation)
  return Effect.flatMap(Clock.currentTimeMillis, (begun) => {
    const holds = makeHolds()
    const end = begun + Duration.toMillis(limit)
    const expiry: Effect.Effect<never, GlanceError.TimeLimitExceeded> = Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => {
        const left = end + holds.total(now) - now
        return left > 0
          ? Effect.zipRight(Effect.sleep(left), expiry)
          : new GlanceError.TimeLimitExceeded({ operation: operation.name, limit })
      }
    )
    // Not by the exit of the fiber, which would keep a page of a listing for longer than its reader does.
    let result = Option.none<A>()
    const work = Effect.map(effect, (value) => {
      result = Option.some(value)
    }).pipe(
      Effect.provideService(GlanceClient.Operation, {
        ...operation,
        hold: (wait) => operation.hold(holds.while(wait)),
        isLimited: true
      })
    )
    return Effect.map(interruptibly(Effect.raceFirst(work, expiry)), () => {
      const value = Option.getOrThrow(result)
      result = Option.none()
      return value
    })
  })
}

/**
 * Runs an effect that can be interrupted. If the caller cannot be, as in a finalizer, it runs in a fiber of its own, which
 * an interruption of the caller does not reach.
 */
const interruptibly = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.checkInterruptible((isInterruptible) =>
    isInterruptible ? effect : Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), Fiber.join)
  )
