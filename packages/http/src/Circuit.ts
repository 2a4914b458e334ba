/**
 * Leaves a cloud alone for a while when it is down. Off unless it is provided.
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
 * When a circuit opens, and for how long.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * After how many failures in a row: no answer (a connection that is refused, reset or cut, a name that is not found, a
   * wait of more than half the time limit), 502, 503 or 504. Each attempt to send a request counts. Any other answer, a
   * 500 or a 429 too, shows that somebody is there.
   *
   * @default 5
   */
  readonly failures?: number | undefined
  /**
   * For how long nothing is sent then. Afterwards one request tries; where it fails, this begins anew.
   *
   * @default 30 seconds
   */
  readonly delay?: Duration.DurationInput | undefined
}

/**
 * What became of an attempt: an answer that shows that somebody is there, a failure and why, or neither.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome = "alive" | "unknown" | { readonly failure: string }

/**
 * The circuits of the services that are reached through it, each known by its URL.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Lets an attempt pass, which tells its outcome afterwards, or fails. */
  readonly enter: (
    url: string
  ) => Effect.Effect<(outcome: Outcome) => Effect.Effect<void>, GlanceError.CloudUnavailable>
  /** Until when nothing may be sent, in milliseconds since 1970; in the past where something may. */
  readonly closedUntil: (url: string) => Effect.Effect<number>
}

/**
 * The circuits of all clouds whose layers, the identity's included, are built with it.
 *
 * @since 0.1.0
 * @category tags
 */
export class Circuit extends Context.Tag("@effect-glance/http/Circuit")<Circuit, Service>() {}

interface State {
  /** Counts how often it opened or closed: what was sent before that says nothing about the time after. */
  turn: number
  failures: number
  /** What the last failure was. */
  reason: string
  /** While it is open; none while it is closed. */
  until: number | undefined
}

/**
 * Makes circuits of their own. An option that makes no sense (NaN, a number below 1, no duration) gets its default.
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
      // The one that tries has the whole pause for it: were it never heard of again, another would try then.
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
            return Effect.logInfo(`${url} answers again`)
          }
          state.reason = outcome.failure
          state.failures += 1
          if (state.failures < most) return Effect.void
          state.turn += 1
          state.until = then + pause
          return Effect.logWarning(
            `${url} is left alone for ${Duration.format(pause)} after ${state.failures} failures in a row, the last: ${state.reason}`
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
 * Circuits for the clouds that are built with it. Provide it to their layers, not to the program:
 * `Layer.provide(Cloud.layerEnv(), Circuit.layer())`. Each URL of an image or identity service has its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Circuit> => Layer.sync(Circuit, () => make(options))

/**
 * {@link layer} with options that are read from the `ConfigProvider`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (options: Config.Config.Wrap<Options>): Layer.Layer<Circuit, ConfigError.ConfigError> =>
  Layer.effect(Circuit, Effect.map(Config.unwrap(options), make))
