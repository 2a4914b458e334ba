/**
 * How many requests go to an image service at once, and how many in a second. There is no such limit where no throttle
 * is provided.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"

/**
 * The limits. Each attempt to send a request counts, those after a failure too.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How many requests may wait for an answer at once. A request has its place until the head of the answer is there.
   *
   * Transfers of image data wait for their turn and then have no place: whatever a program does while bytes flow, other
   * requests to the same cloud included, can thus not wait for itself. How many transfers run at once is decided where
   * they are begun, with the `concurrency` of `Effect.forEach` for instance.
   *
   * @default any number
   */
  readonly concurrency?: number | undefined
  /**
   * How many requests may be sent in a second. They are spread evenly: with 10, one each 100 milliseconds.
   *
   * @default any number
   */
  readonly perSecond?: number | undefined
}

/**
 * A throttle.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Waits for the turn of one request, first come, first served. Its place is given back when the scope is closed. */
  readonly turn: Effect.Effect<void, never, Scope.Scope>
}

/**
 * The throttle of all image services whose layers are built with it. Logins and requests to the object store go to other
 * services, and are not held back. Time that a request waits for its turn is no part of its operation's time limit.
 *
 * @since 0.1.0
 * @category tags
 */
export class Throttle extends Context.Tag("@effect-glance/http/Throttle")<Throttle, Service>() {}

/** What is wrong with the limits, as a sentence. */
const problemOf = ({ concurrency, perSecond }: Options): string | undefined => {
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency > 0)) {
    return `Throttle: concurrency must be a whole number above 0, not ${concurrency}`
  }
  return perSecond !== undefined && !(perSecond > 0)
    ? `Throttle: perSecond must be above 0, not ${perSecond}`
    : undefined
}

/**
 * Makes a throttle of its own. Limits that are not above zero, or not whole if places are counted, are a defect.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ concurrency, perSecond }: Options): Effect.Effect<Service> =>
  Effect.gen(function* () {
    const problem = problemOf({ concurrency, perSecond })
    if (problem !== undefined) return yield* Effect.dieMessage(problem)
    const place = concurrency === undefined ? Effect.void : placeOf(yield* Effect.makeSemaphore(concurrency))
    const pace = perSecond === undefined ? Effect.void : yield* paceOf(1000 / perSecond)
    // In this order: a request that has waited for its second goes out at once.
    return { turn: Effect.zipRight(place, pace) }
  })

const placeOf = (places: Effect.Semaphore): Effect.Effect<void, never, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.scope, (scope) =>
      Effect.zipRight(restore(places.take(1)), Scope.addFinalizer(scope, places.release(1)))
    )
  )

/**
 * One after the other, so long apart. Effect's `RateLimiter` waits whole milliseconds, which makes 250 of 300 in a
 * second, and lets a burst go first, after which the next second sees up to twice as many as it should.
 */
const paceOf = (apart: number): Effect.Effect<Effect.Effect<void>> =>
  Effect.map(Effect.makeSemaphore(1), (queue) => {
    let next = Number.NEGATIVE_INFINITY
    return Effect.flatMap(Clock.currentTimeMillis, (arrived) =>
      queue.withPermits(1)(
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          // Timers are late. Who was there in time has the turn that was meant, as far as that is not long ago.
          const turn = Math.max(next, arrived, now - apart)
          // A clock that is put back makes nobody wait longer than that.
          const wait = Math.min(turn - now, apart)
          if (wait > 0) yield* Effect.sleep(Duration.millis(wait))
          next = turn + apart
        })
      )
    )
  })

/**
 * A throttle for the clouds that are built with it. Provide it to their layers, not to the program:
 * `Layer.provide(Cloud.layerEnv(), Throttle.layer({ concurrency: 4 }))`. Clouds that get the same layer share it, and
 * each that gets one of its own has its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Throttle> => Layer.effect(Throttle, make(options))

/**
 * {@link layer} with options that are read from the `ConfigProvider`. Limits that make no sense are a `ConfigError`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (options: Config.Config.Wrap<Options>): Layer.Layer<Throttle, ConfigError.ConfigError> =>
  Layer.effect(
    Throttle,
    Effect.flatMap(Config.unwrap(options), (options) => {
      const problem = problemOf(options)
      return problem === undefined ? make(options) : Effect.fail(ConfigError.InvalidData([], problem))
    })
  )
