/**
 * Circuit breakers: they stop requests to a cloud that is down. Off unless a circuit is provided.
 *
 * @since 0.1.0
 */
import * as GlanceError from "@effect-glance/core/GlanceError"
import * as Secrets from "@effect-glance/core/Secrets"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { durationOr } from "./internal/persistence.js"

/**
 * When a circuit opens, and for how long it stays open.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Failures in a row that open the circuit: no response (a connection that is refused, reset or cut, a name that is
   * not found, a wait of more than half the time limit), 502, 503 or 504. Each attempt of a request counts. Any other
   * response, even 500 or 429, shows that the service is up.
   *
   * @default 5
   */
  readonly failures?: number | undefined
  /**
   * How long the circuit stays open. Then one request is sent; if it fails, the circuit opens again.
   *
   * @default 30 seconds
   */
  readonly delay?: Duration.DurationInput | undefined
}

/**
 * The outcome of an attempt: a response that shows that the service is up, a failure with its reason, or neither.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome = "alive" | "unknown" | { readonly failure: string }

/**
 * The circuits of several services, by their URL.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Starts an attempt, and returns a function for its outcome. Fails if the circuit is open. */
  readonly enter: (
    url: string
  ) => Effect.Effect<(outcome: Outcome) => Effect.Effect<void>, GlanceError.CloudUnavailable>
  /** The end of the open time, in milliseconds since 1970. In the past if the circuit is closed. */
  readonly closedUntil: (url: string) => Effect.Effect<number>
}

/**
 * The circuits of all clouds and identities whose layers are built with it.
 *
 * @since 0.1.0
 * @category tags
 */
export class Circuit extends Context.Tag("@effect-glance/http/Circuit")<Circuit, Service>() {}

interface State {
  /** Counts the changes of the circuit. Outcomes of attempts before the last change are ignored. */
  turn: number
  failures: number
  /** The reason of the last failure. */
  reason: string
  /** The end of the open time. None if the circuit is closed. */
  until: number | undefined
}

/**
 * Makes circuits. An invalid option (NaN, a number below 1, no duration) is replaced by its default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ delay, failures }: Options = {}): Service => {
  const pause = Duration.toMillis(durationOr(delay, Duration.seconds(30)))
  const most = failures !== undefined && failures >= 1 ? failures : 5
  const states = new Map<string, State>()
  const stateOf = (url: string): State => {
    const known = states.get(url)
    if (known !== undefined) return known
    const fresh = { turn: 0, failures: 0, reason: "", until: undefined }
    states.set(url, fresh)
    return fresh
  }

  const enter: Service["enter"] = (root) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const state = stateOf(root)
      const url = Secrets.url(root)
      const { reason, until } = state
      if (until !== undefined && now < until) {
        const time = Option.getOrThrow(DateTime.make(until))
        return new GlanceError.CloudUnavailable({ url, until: time, detail: reason })
      }
      // The next attempt may start after another pause, in case this one never has an outcome.
      if (until !== undefined) state.until = now + pause
      const { turn } = state
      const tries = until !== undefined
      return Effect.succeed((outcome) =>
        Effect.flatMap(Clock.currentTimeMillis, (then) => {
          if (state.turn !== turn) return Effect.void
          if (outcome === "unknown") {
            if (tries) state.until = then
            return Effect.void
          }
          if (outcome === "alive") {
            state.failures = 0
            if (!tries) return Effect.void
            state.turn += 1
            state.until = undefined
            return Effect.logInfo(`circuit for ${url} is closed again`)
          }
          state.reason = outcome.failure
          state.failures += 1
          if (state.failures < most) return Effect.void
          state.turn += 1
          state.until = then + pause
          return Effect.logWarning(
            `circuit for ${url} is open for ${Duration.format(pause)} after ${state.failures} failures in a row (last failure: ${state.reason})`
          )
        })
      )
    })

  return {
    enter,
    closedUntil: (url) => Effect.sync(() => stateOf(url).until ?? Number.NEGATIVE_INFINITY)
  }
}

/**
 * Makes circuits for the clouds that are built with it. Provide it to their layers, not to the program:
 * `Layer.provide(Cloud.layerEnv(), Circuit.layer())`. Each URL of an image or identity service has its own circuit.
 *
 * @example
 * ```ts
 * import { Circuit, Cloud } from "@effect-glance/http"
 * import { Layer } from "effect"
 *
 * const cloud = Layer.provide(Cloud.layerEnv(), Circuit.layer({ failures: 3, delay: "1 minute" }))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Circuit> => Layer.sync(Circuit, () => make(options))

/**
 * {@link layer} with options that are read from the `ConfigProvider`.
 *
 * @example
 * ```ts
 * import { Circuit } from "@effect-glance/http"
 * import { Config } from "effect"
 *
 * const circuit = Circuit.layerConfig({ failures: Config.integer("CIRCUIT_FAILURES") })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (options: Config.Config.Wrap<Options>): Layer.Layer<Circuit, ConfigError.ConfigError> =>
  Layer.effect(Circuit, Effect.map(Config.unwrap(options), make))
