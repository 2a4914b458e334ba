import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Scheduler from "effect/Scheduler"

/**
 * Runs an effect, and interrupts it when its fiber and those that it has forked have made so many steps. Answers whether
 * it was over before that, and what it ended in.
 */
export const interruptAt = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  step: number
): Effect.Effect<{ readonly over: boolean; readonly exit: Exit.Exit<A, E> }, never, R> =>
  Effect.gen(function* () {
    let steps = 0
    let root: Fiber.RuntimeFiber<A, E> | undefined
    const scheduler = Scheduler.make(
      (task, priority, fiber) => Scheduler.defaultScheduler.scheduleTask(task, priority, fiber),
      (fiber) => {
        if (++steps !== step) return fiber.currentOpCount > 2048 ? 0 : false
        root?.unsafeInterruptAsFork(FiberId.none)
        return 0
      }
    )
    root = yield* Effect.fork(Effect.withScheduler(Effect.interruptible(effect), scheduler))
    const exit = yield* Fiber.await(root)
    return { over: steps < step, exit }
  })
