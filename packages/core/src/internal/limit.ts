import type * as Clock from "effect/Clock"
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

const limited = <A, E, R>(
  outer: GlanceHttp.OperationService,
  operation: string,
  timeLimit: Duration.Duration,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =>
  Effect.clockWith((clock) => {
    const held = new Held(clock)
    const end = clock.unsafeCurrentTimeMillis() + Duration.toMillis(timeLimit)
    const passed: Effect.Effect<void> = Effect.suspend(() => {
      const left = end + held.total() - clock.unsafeCurrentTimeMillis()
      return left > 0 ? Effect.zipRight(Effect.sleep(left), passed) : Effect.void
    })
    // Not by the exit of the fiber: what it holds outlives several collections of young objects, and a listing would
    // take twice as long for the pages that it has done with.
    let answer: Option.Option<A> = Option.none()
    let late = false
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
    const interrupted = (worker: Fiber.Fiber<void, E>) =>
      Effect.suspend(() => {
        late = true
        return Fiber.interruptAsFork(worker, FiberId.none)
      })
    const result = (exit: Exit.Exit<void, E>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded> => {
      if (Exit.isFailure(exit)) {
        return late ? new GlanceError.TimeLimitExceeded({ operation, limit: timeLimit }) : Effect.failCause(exit.cause)
      }
      const value = Option.getOrThrow(answer)
      answer = Option.none()
      return Effect.succeed(value)
    }
    const fork = <B, F>(part: Effect.Effect<B, F, R>) => Effect.forkDaemon(Effect.interruptible(part))
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(fork(work), (worker) =>
        Effect.flatMap(fork(Effect.zipRight(passed, interrupted(worker))), (watcher) => {
          // `Fiber.interruptFork` would start a third fiber to do it, and `Fiber.join` would compare all that the two
          // fibers hold in their references, for what nothing here changes.
          const unwatched = Fiber.interruptAsFork(watcher, FiberId.none)
          return Effect.matchCauseEffect(restore(Fiber.await(worker)), {
            onFailure: (cause) =>
              Effect.zipRight(Effect.zipRight(unwatched, Fiber.interrupt(worker)), Effect.failCause(cause)),
            onSuccess: (exit) => Effect.flatMap(unwatched, () => result(exit))
          })
        })
      )
    )
  })
