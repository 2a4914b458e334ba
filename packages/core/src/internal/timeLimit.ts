/** The time limit of operations, and the time that a provider holds them back. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
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

/** The clock of the machine: its timers cost less than a fiber that sleeps. */
const systemClock = Effect.runSync(Effect.clock)

/** A longer time makes `setTimeout` call back at once. */
const longestTimeout = 2 ** 31 - 1

/** Calls back after some milliseconds, unless the returned function is called before. */
const after = (clock: Clock.Clock, millis: number, callBack: () => void): (() => void) => {
  if (clock !== systemClock) return Effect.runCallback(Effect.map(clock.sleep(Duration.millis(millis)), callBack))
  const timer = setTimeout(callBack, Math.min(millis, longestTimeout))
  return () => clearTimeout(timer)
}

/** Calls back when no time is left, unless the returned function is called before. */
const whenOver = (
  clock: Clock.Clock,
  begun: number,
  leftAt: (now: number) => number,
  callBack: () => void
): (() => void) => {
  let stop = () => {}
  const look = (now: number) => {
    const left = leftAt(now)
    if (left > 0) stop = after(clock, left, () => look(Effect.runSync(clock.currentTimeMillis)))
    else callBack()
  }
  look(begun)
  return () => stop()
}

/** Runs an effect in a fiber of its own, and interrupts the fiber when the timer calls back. */
const inTime = <A, E, R, E2>(
  effect: Effect.Effect<A, E, R>,
  startTimer: (callBack: () => void) => () => void,
  onOver: () => Effect.Effect<never, E2>
): Effect.Effect<A, E | E2, R> =>
  Effect.uninterruptibleMask((restore) => {
    // Not taken from the exit of the fiber, which lives longer than a page of a listing, and would keep it.
    let value = Option.none<A>()
    const work = Effect.map(effect, (result) => {
      value = Option.some(result)
    })
    return Effect.flatMap(Effect.forkDaemon(Effect.interruptible(work)), (fiber) => {
      let isOver = false
      const stop = startTimer(() => {
        isOver = true
        Effect.runFork(Fiber.interrupt(fiber))
      })
      const ended = Effect.onExit(restore(Fiber.await(fiber)), (exit) => {
        stop()
        return Exit.isSuccess(exit) ? Effect.void : Fiber.interrupt(fiber)
      })
      return Effect.flatMap(ended, (exit): Effect.Effect<A, E | E2> => {
        if (Exit.isFailure(exit)) return isOver ? onOver() : Effect.failCause(exit.cause)
        const result = Option.getOrThrow(value)
        value = Option.none()
        return Effect.succeed(result)
      })
    })
  })

/**
 * Fails with `TimeLimitExceeded` if the effect takes longer than the limit. Time during which the provider holds requests
 * back does not count. A part of an operation that is limited already gets no limit of its own. The limit also holds where
 * the caller cannot be interrupted, as in a finalizer.
 */
export const within =
  (limit: Duration.Duration) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =>
    Effect.flatMap(GlanceClient.Operation, (operation) =>
      operation.isLimited ? effect : limited(limit, operation, effect)
    )

/** {@link within} for an operation that is known, which is provided to the effect. */
export const limited = <A, E, R>(
  limit: Duration.Duration,
  operation: GlanceClient.OperationService,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> => {
  if (operation.isLimited) return Effect.provideService(effect, GlanceClient.Operation, operation)
  return Effect.clockWith((clock) =>
    Effect.flatMap(clock.currentTimeMillis, (begun) => {
      const holds = makeHolds()
      const end = begun + Duration.toMillis(limit)
      const work = Effect.provideService(effect, GlanceClient.Operation, {
        ...operation,
        hold: (wait) => operation.hold(holds.while(wait)),
        isLimited: true
      })
      return inTime(
        work,
        (callBack) => whenOver(clock, begun, (now) => end + holds.total(now) - now, callBack),
        () => new GlanceError.TimeLimitExceeded({ operation: operation.name, limit })
      )
    })
  )
}
