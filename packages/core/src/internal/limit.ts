import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { YieldWrap } from "effect/Utils"
import * as GlanceClient from "../GlanceClient.js"
import * as GlanceError from "../GlanceError.js"

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
class Limited implements GlanceClient.OperationService {
  constructor(
    readonly name: string,
    readonly hold: GlanceClient.OperationService["hold"],
    readonly timeLimit: Duration.Duration
  ) {}
}

/** Lets the provider know what it works for, and hears from it when it holds that back. */
export const named =
  (operation: string, held: Held) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(GlanceClient.Operation, (outer) =>
      Effect.provideService(effect, GlanceClient.Operation, {
        name: operation,
        hold: (wait) => outer.hold(held.while(wait))
      })
    )

type Limits = Pick<GlanceClient.Service, "timeLimit">

/**
 * Holds an operation to the port's time limit. It runs in a fiber of its own, so that the limit holds also where the
 * caller cannot be interrupted: in a finalizer, or while a resource is acquired. What the provider holds back for a
 * while has so much longer. A part of an operation that is held to the limit already could not outlast it, and is left
 * alone: fibers are most of what this costs.
 *
 * A span that is given becomes the one that the operation is in.
 */
export const within =
  ({ timeLimit }: Limits, operation: string, span?: Tracer.AnySpan) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =>
    Effect.withFiberRuntime((fiber, { runtimeFlags }) => {
      const outer = outerOf(fiber)
      if (!(RuntimeFlags.interruption(runtimeFlags) && isHeld(outer, timeLimit))) {
        return Effect.uninterruptibleMask((restore) =>
          limited(restore, { caller: fiber, outer, operation, timeLimit, span }, effect)
        )
      }
      const inSpan = span === undefined ? effect : Effect.provideService(effect, Tracer.ParentSpan, span)
      return outer.name === operation
        ? inSpan
        : Effect.provideService(inSpan, GlanceClient.Operation, new Limited(operation, outer.hold, outer.timeLimit))
    })

/**
 * `Effect.fn` and {@link within} in one, for operations that are held to the limit as a whole: the span is provided to
 * the fiber that the operation has anyway, which saves half of what the two take. `inPlace` are the callers in whose own
 * fiber it has to run, with limits for its parts.
 */
export const fn =
  ({ timeLimit }: Limits) =>
  (operation: string, inPlace: (caller: AnyFiber) => boolean = () => false): Fn => {
    const run =
      (body: (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, unknown> | Generator<Step, unknown, never>) =>
      (...args: ReadonlyArray<unknown>): Effect.Effect<unknown, unknown> => {
        const captureStackTrace = callSite()
        const effect = Effect.suspend(() => {
          const begun = body(...args)
          return Effect.isEffect(begun) ? begun : Effect.gen(() => begun)
        })
        return Effect.withFiberRuntime((fiber, { runtimeFlags }) => {
          const outer = outerOf(fiber)
          const inCaller = inPlace(fiber)
          if (inCaller || (RuntimeFlags.interruption(runtimeFlags) && isHeld(outer, timeLimit))) {
            const part = inCaller ? effect : within({ timeLimit }, operation)(effect)
            return Effect.withSpan(part, operation, { captureStackTrace })
          }
          return Effect.uninterruptibleMask((restore) =>
            Effect.flatMap(Effect.makeSpan(operation, { captureStackTrace }), (span) => {
              const ended = (exit: Exit.Exit<unknown, unknown>) => {
                if (Exit.isFailure(exit)) span.attribute("code.stacktrace", captureStackTrace())
                span.end(nanos(fiber), exit)
              }
              return limited(restore, { caller: fiber, outer, operation, timeLimit, span, ended }, effect)
            })
          )
        })
      }
    return run as Fn
  }

type Step = YieldWrap<Effect.Effect<unknown, unknown>>

/** The types of `Effect.fn`, with the failure that the limit adds. */
interface Fn {
  <Args extends ReadonlyArray<unknown>, A, S extends Step>(
    body: (...args: Args) => Generator<S, A, never>
  ): (...args: Args) => Effect.Effect<A, ErrorOf<S> | GlanceError.TimeLimitExceeded>
  <Args extends ReadonlyArray<unknown>, A, E>(
    body: (...args: Args) => Effect.Effect<A, E>
  ): (...args: Args) => Effect.Effect<A, E | GlanceError.TimeLimitExceeded>
}

type ErrorOf<S> = S extends YieldWrap<Effect.Effect<infer _, infer E>> ? E : never

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

const clockOf = (fiber: AnyFiber): Clock.Clock => Context.get(fiber.currentDefaultServices, Clock.Clock)

const nanos = (fiber: AnyFiber): bigint =>
  fiber.getFiberRef(FiberRef.currentTracerTimingEnabled) ? clockOf(fiber).unsafeCurrentTimeNanos() : BigInt(0)

/** `Effect.makeSpanScoped`, whose span would keep what the scope succeeded with: the images of a listing. */
export const spanScoped = (operation: string): Effect.Effect<Tracer.Span, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.makeSpan(operation), (span, exit) =>
    Effect.withFiberRuntime((fiber) => {
      span.end(nanos(fiber), Exit.asVoid(exit))
      return Effect.void
    })
  )

const outerOf = (fiber: AnyFiber): GlanceClient.OperationService =>
  Context.get(fiber.currentContext, GlanceClient.Operation)

const isHeld = (outer: GlanceClient.OperationService, timeLimit: Duration.Duration): outer is Limited =>
  outer instanceof Limited && Duration.lessThanOrEqualTo(outer.timeLimit, timeLimit)

/** Returns where the function was called that calls this. */
const callSite = (): (() => string | undefined) => {
  const frames = Error as { stackTraceLimit?: number }
  const limit = frames.stackTraceLimit ?? 10
  // Fewer frames take less time. Reports no failure where the limit is frozen, as by `node --frozen-intrinsics`.
  Reflect.set(frames, "stackTraceLimit", 3)
  const call = new Error()
  Reflect.set(frames, "stackTraceLimit", limit)
  return () => call.stack?.split("\n")[3]?.trim()
}

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

interface Bounds {
  readonly caller: AnyFiber
  readonly outer: GlanceClient.OperationService
  readonly operation: string
  readonly timeLimit: Duration.Duration
  readonly span?: Tracer.AnySpan | undefined
  /** Is told what became of it. What it succeeded with is not for those who live longer. */
  readonly ended?: (exit: Exit.Exit<unknown, unknown>) => void
}

const limited = <A, E, R>(
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>,
  { caller, ended, operation, outer, span, timeLimit }: Bounds,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> => {
  const clock = clockOf(caller)
  const held = new Held(clock)
  const end = clock.unsafeCurrentTimeMillis() + Duration.toMillis(timeLimit)
  const named = Context.add(
    caller.currentContext,
    GlanceClient.Operation,
    new Limited(operation, (wait) => outer.hold(held.while(wait)), timeLimit)
  )
  const context = span === undefined ? named : Context.add(named, Tracer.ParentSpan, span)
  // Not by the exit of the fiber: what it holds outlives several collections of young objects, and a listing would
  // take twice as long for the pages that it has done with.
  let answer: Option.Option<A> = Option.none()
  const work = Effect.flatMap(FiberRef.set(FiberRef.currentContext, context), () =>
    Effect.flatMap(effect, (value) => {
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
    if (Exit.isSuccess(exit)) {
      ended?.(exit)
      const value = Option.getOrThrow(answer)
      answer = Option.none()
      return Effect.succeed(value)
    }
    if (!late) {
      ended?.(exit)
      return Effect.failCause(exit.cause)
    }
    // In the span, by which a failure tells where it was called.
    const failed = Effect.fail(new GlanceError.TimeLimitExceeded({ operation, limit: timeLimit }))
    return (span === undefined ? failed : Effect.provideService(failed, Tracer.ParentSpan, span)).pipe(
      Effect.onExit((exit) => Effect.sync(() => ended?.(exit)))
    )
  }
  return Effect.flatMap(Effect.forkDaemon(Effect.interruptible(work)), (worker) => {
    watch(worker)
    // `Fiber.await` would send the fiber a message, and `Fiber.join` compare all that the two hold in their
    // references, for what nothing here changes.
    const done = Effect.async<Exit.Exit<void, E>>((resume) =>
      worker.addObserver((exit) => resume(Effect.succeed(exit)))
    )
    return Effect.matchCauseEffect(restore(done), {
      onFailure: (cause) => {
        unwatch()
        return Effect.flatMap(Fiber.interrupt(worker), () => {
          ended?.(Exit.failCause(cause))
          return Effect.failCause(cause)
        })
      },
      onSuccess: (exit) => {
        unwatch()
        return result(exit)
      }
    })
  })
}
