import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/** How persistent a request or a login is. */
export interface Persistence {
  /** How often a request is sent again. */
  readonly times: number
  /** The wait before the first repetition. */
  readonly backoff: Duration.Duration
  /** How long all of it may take. No wait is begun that would end later. */
  readonly timeLimit: Duration.Duration
}

/** A duration above zero; the default for what is none, such as NaN or a text that is no duration. */
export const durationOr = (input: unknown, other: Duration.Duration): Duration.Duration =>
  Option.getOrElse(
    Option.filter(Duration.decodeUnknown(input), (duration) => Duration.greaterThan(duration, Duration.zero)),
    () => other
  )

/**
 * The options of a caller, with their defaults. They come from JavaScript and from configurations, too, so what makes
 * no sense is replaced: retries below zero by none, a time limit or back-off that is not above zero by its default.
 */
export const of = ({
  backoff,
  retries,
  timeLimit
}: {
  readonly backoff?: Duration.DurationInput | undefined
  readonly retries?: number | undefined
  readonly timeLimit?: Duration.DurationInput | undefined
}): Persistence => ({
  times: retries === undefined ? 3 : retries > 0 ? Math.floor(retries) : 0,
  backoff: durationOr(backoff, Duration.millis(200)),
  timeLimit: durationOr(timeLimit, Duration.seconds(60))
})
