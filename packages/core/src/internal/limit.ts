import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as GlanceError from "../GlanceError.js"
import type * as GlanceHttp from "../GlanceHttp.js"

/**
 * Holds an operation to the port's time limit. It runs in a fiber of its own, so that the limit holds also where the
 * caller cannot be interrupted: in a finalizer, or while a resource is acquired.
 */
export const within =
  ({ timeLimit }: Pick<GlanceHttp.Service, "timeLimit">, operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> => {
    const limited = Effect.timeoutFail(effect, {
      duration: timeLimit,
      onTimeout: () => new GlanceError.TimeLimitExceeded({ operation, limit: timeLimit })
    })
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.forkDaemon(Effect.interruptible(limited)), (fiber) =>
        Effect.onInterrupt(restore(Fiber.join(fiber)), () => Fiber.interrupt(fiber))
      )
    )
  }
