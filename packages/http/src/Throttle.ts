/**
 * Limits the number of concurrent requests to an image service, and the requests per second. Off unless a throttle is
 * provided.
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
 * The limits. Each attempt of a request counts, also a retry.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Requests that may wait for a response at once. A request holds its concurrency slot until the response headers
   * arrive.
   *
   * Transfers of image data release the slot before sending, so that a program that sends other requests during a
   * transfer cannot deadlock. Limit concurrent transfers where they are started, for example with the `concurrency` of
   * `Effect.forEach`.
   *
   * @default any number
   */
  readonly concurrency?: number | undefined
  /**
   * Requests per second, spread evenly: with 10, one every 100 milliseconds.
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
  /** Waits until a request may be sent, in order of arrival. Closing the scope releases its slot. */
  readonly turn: Effect.Effect<void, never, Scope.Scope>
}

/**
 * The throttle of all image services whose layers are built with it. Logins and requests to the object store are not
 * limited. The wait for a slot does not count toward the time limit of the operation.
 *
 * @since 0.1.0
 * @category tags
 */
export class Throttle extends Context.Tag("@effect-glance/http/Throttle")<Throttle, Service>() {}

/** Returns why the limits are invalid, as a sentence. */
const problemOf = ({ concurrency, perSecond }: Options): string | undefined => {
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency > 0)) {
    return `Throttle: concurrency must be a whole number above 0, not ${concurrency}`
  }
  return perSecond !== undefined && !(perSecond > 0)
    ? `Throttle: perSecond must be above 0, not ${perSecond}`
    : undefined
}

/**
 * Makes a throttle. A limit that is not above zero, or a concurrency that is not whole, is a defect.
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
    // In this order, a request is sent at once after it has waited for its time.
    return { turn: Effect.zipRight(place, pace) }
  })

const placeOf = (places: Effect.Semaphore): Effect.Effect<void, never, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.scope, (scope) =>
      Effect.zipRight(restore(places.take(1)), Scope.addFinalizer(scope, places.release(1)))
    )
  )

/**
 * Spaces requests evenly, in milliseconds. Effect's `RateLimiter` waits whole milliseconds, which allows only 250 of
 * 300 requests per second, and allows bursts of up to twice the limit.
 */
const paceOf = (apart: number): Effect.Effect<Effect.Effect<void>> =>
  Effect.map(Effect.makeSemaphore(1), (queue) => {
    let next = Number.NEGATIVE_INFINITY
    return Effect.flatMap(Clock.currentTimeMillis, (arrived) =>
      queue.withPermits(1)(
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          // Timers fire late, so a request that arrived in time keeps its planned time unless that is long ago.
          const turn = Math.max(next, arrived, now - apart)
          // The clock may be set back during the wait.
          const wait = Math.min(turn - now, apart)
          if (wait > 0) yield* Effect.sleep(Duration.millis(wait))
          next = turn + apart
        })
      )
    )
  })

/**
 * Makes a throttle for the clouds that are built with it. Provide it to their layers, not to the program:
 * `Layer.provide(Cloud.layerEnv(), Throttle.layer({ concurrency: 4 }))`. Clouds with the same layer share the throttle.
 *
 * @example
 * ```ts
 * import { Cloud, Throttle } from "@effect-glance/http"
 * import { Layer } from "effect"
 *
 * const cloud = Layer.provide(Cloud.layerEnv(), Throttle.layer({ concurrency: 4, perSecond: 10 }))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Throttle> => Layer.effect(Throttle, make(options))

/**
 * {@link layer} with options that are read from the `ConfigProvider`. Invalid limits are a `ConfigError`.
 *
 * @example
 * ```ts
 * import { Throttle } from "@effect-glance/http"
 * import { Config } from "effect"
 *
 * const throttle = Throttle.layerConfig({ perSecond: Config.number("REQUESTS_PER_SECOND") })
 * ```
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
