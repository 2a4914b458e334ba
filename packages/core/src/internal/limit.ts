import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as GlanceError from "../GlanceError.js"
import * as GlanceHttp from "../GlanceHttp.js"

/** For how long the provider has held an operation back of its own accord, by the clock, in milliseconds. */
export class Held {
  #before = 0
  /** How much of the operation is held back now: there are operations that ask for several things at once. */
  #parts = 0
  #since = 0
  /** When the last hold ended. */
  #ended = 0

  constructor(private readonly clock: Clock.Clock) {}

  total(): number {
    return this.#before + (this.#parts === 0 ? 0 : this.clock.unsafeCurrentTimeMillis() - this.#since)
  }

  /** The time since then, or since the last hold if that ended later; none while one goes on. */
  since(time: number): number {
    const now = this.clock.unsafeCurrentTimeMillis()
    return this.#parts === 0 ? now - Math.max(time, this.#ended) : 0
  }

  readonly while = <A, E, R>(wait: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        if (this.#parts++ === 0) this.#since = this.clock.unsafeCurrentTimeMillis()
      }),
      () => wait,
      () =>
        Effect.sync(() => {
          if (--this.#parts > 0) return
          this.#ended = this.clock.unsafeCurrentTimeMillis()
          this.#before += this.#ended - this.#since
        })
    )
}

/** An operation that is held to a time limit. */
class Limited implements GlanceHttp.OperationService {
  constructor(
    readonly name: string,
    readonly hold: GlanceHttp.OperationService["hold"],
    readonly timeLimit: Duration.Duration
  ) {}
}

/** Lets the provider know what it works for, and hears from it when it holds that back. */
export const named =
  (operation: string, held: Held) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(GlanceHttp.Operation, (outer) =>
      Effect.provideService(effect, GlanceHttp.Operation, {
        name: operation,
        hold: (wait) => outer.hold(held.while(wait))
      })
    )

/**
 * Holds an operation to the port's time limit. It runs in a fiber of its own, so that the limit holds also where the
 * caller cannot be interrupted: in a finalizer, or while a resource is acquired. What the provider holds back for a
 * while has so much longer. A part of an operation that is held to the limit already could not outlast it, and is left
 * alone: fibers are most of what this costs.
 */
export const within =
  ({ timeLimit }: Pick<GlanceHttp.Service, "timeLimit">, operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =>
    Effect.flatMap(GlanceHttp.Operation, (outer) =>
      Effect.checkInterruptible((interruptible) => {
        if (!(interruptible && outer instanceof Limited && Duration.lessThanOrEqualTo(outer.timeLimit, timeLimit))) {
          return limited(outer, operation, timeLimit, effect)
        }
        return outer.name === operation
          ? effect
          : Effect.provideService(effect, GlanceHttp.Operation, new Limited(operation, outer.hold, outer.timeLimit))
      })
    )

/** What tells the time where nobody has put another in its place. */
const systemClock = Context.get(DefaultServices.liveServices, Clock.Clock)

/** `setTimeout` takes what is longer for nothing at all. */
const longestTimeout = 2 ** 31 - 1

/**
 * Calls back after so many milliseconds by the clock, unless it is told not to any more. For any clock but the system's
 * that takes a fiber, which would be a fifth of a small request.
 */
const later = (clock: Clock.Clock, wait: number, call: () => void): (() => void) => {
  if (clock === systemClock) {
    const timer = setTimeout(call, Math.min(wait, longestTimeout))
    return () => clearTimeout(timer)
  }
  const fiber = Effect.runFork(Effect.map(clock.sleep(Duration.millis(wait)), call))
  return () => fiber.unsafeInterruptAsFork(FiberId.none)
}

const limited = <A, E, R>(
  outer: GlanceHttp.OperationService,
  operation: string,
  timeLimit: Duration.Duration,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =>
  Effect.clockWith((clock) => {
    const held = new Held(clock)
    const end = clock.unsafeCurrentTimeMillis() + Duration.toMillis(timeLimit)
    // Not by the exit of the fiber: what it holds outlives several collections of young objects, and a listing would
    // take twice as long for the pages that it has done with.
    let answer: Option.Option<A> = Option.none()
    const work = effect.pipe(
      Effect.provideService(
        GlanceHttp.Operation,
        new Limited(operation, (wait) => outer.hold(held.while(wait)), timeLimit)
      ),
      Effect.flatMap((value) => {
        answer = Option.some(value)
        return Effect.void
      })
    )
    let late = false
    let unwatch = (): void => {}
    const watch = (worker: Fiber.RuntimeFiber<void, E>): void => {
      const left = end + held.total() - clock.unsafeCurrentTimeMillis()
      if (left > 0) unwatch = later(clock, left, () => watch(worker))
      else {
        late = true
        worker.unsafeInterruptAsFork(FiberId.none)
      }
    }
    const result = (exit: Exit.Exit<void, E>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded> => {
      if (Exit.isFailure(exit)) {
        return late ? new GlanceError.TimeLimitExceeded({ operation, limit: timeLimit }) : Effect.failCause(exit.cause)
      }
      const value = Option.getOrThrow(answer)
      answer = Option.none()
      return Effect.succeed(value)
    }
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.forkDaemon(Effect.interruptible(work)), (worker) => {
        watch(worker)
        // `Fiber.await` would send the fiber a message, and `Fiber.join` compare all that the two hold in their
        // references, for what nothing here changes.
        const ended = Effect.async<Exit.Exit<void, E>>((resume) =>
          worker.addObserver((exit) => resume(Effect.succeed(exit)))
        )
        return Effect.matchCauseEffect(restore(ended), {
          onFailure: (cause) => {
            unwatch()
            return Effect.zipRight(Fiber.interrupt(worker), Effect.failCause(cause))
          },
          onSuccess: (exit) => {
            unwatch()
            return result(exit)
          }
        })
      })
    )
  })
