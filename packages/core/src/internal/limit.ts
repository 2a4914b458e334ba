import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
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
 * while has so much longer.
 */
export const within =
  ({ timeLimit }: Pick<GlanceHttp.Service, "timeLimit">, operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =>
    Effect.clockWith((clock) => {
      const held = new Held(clock)
      const end = clock.unsafeCurrentTimeMillis() + Duration.toMillis(timeLimit)
      const passed: Effect.Effect<never, GlanceError.TimeLimitExceeded> = Effect.suspend(() => {
        const left = end + held.total() - clock.unsafeCurrentTimeMillis()
        return left > 0
          ? Effect.zipRight(Effect.sleep(left), passed)
          : new GlanceError.TimeLimitExceeded({ operation, limit: timeLimit })
      })
      // Not by the exits of the fibers: what they hold outlives several collections of young objects, and a listing
      // would take twice as long for the pages that it has done with.
      let answer: Option.Option<A> = Option.none()
      const answered = Effect.map(named(operation, held)(effect), (value) => {
        answer = Option.some(value)
      })
      const limited = Effect.raceFirst(answered, Effect.interruptible(passed))
      return Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(Effect.forkDaemon(Effect.interruptible(limited)), (fiber) =>
          Effect.onInterrupt(restore(Fiber.join(fiber)), () => Fiber.interrupt(fiber))
        )
      ).pipe(
        Effect.map(() => {
          const value = Option.getOrThrow(answer)
          answer = Option.none()
          return value
        })
      )
    })
