/** Checks the limits of transfers and waits before the first request. A `NaN` would otherwise compare as no limit. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import type * as GlanceError from "../../GlanceError.js"
import * as Check from "../check.js"

/** The limits among the options of any operation. */
export interface Options {
  readonly retries?: number | undefined
  readonly maxWait?: Duration.DurationInput | undefined
  readonly idleLimit?: Duration.DurationInput | undefined
  readonly tokenLife?: Duration.DurationInput | undefined
  readonly settleLimit?: Duration.DurationInput | undefined
  readonly deadline?: Duration.DurationInput | undefined
}

export interface Limits {
  readonly retries: number
  readonly maxWait: Duration.Duration
  readonly idleLimit: Duration.Duration
  readonly tokenLife: Duration.Duration
  readonly settleLimit: Duration.Duration
  readonly deadline: Duration.Duration
}

/** How long a cloud may take to store what it has confirmed. */
export const settleLimit = Duration.minutes(5)

/** How long imports and tasks are waited for by default: nothing waits for ever on a cloud that never begins. */
export const deadline = Duration.hours(12)

/** Returns the limits, or the first that is not one. Those that the operation does not have keep their defaults. */
export const of = (options: Options): Either.Either<Limits, GlanceError.InvalidArgument> =>
  Either.gen(function* () {
    const duration = (argument: keyof Options, defaultValue: Duration.Duration) =>
      Check.duration(argument, options[argument] ?? defaultValue)
    return {
      retries: yield* Check.check("retries", options.retries ?? 3, Check.wholeNumber(0)),
      maxWait: yield* duration("maxWait", Duration.minutes(5)),
      idleLimit: yield* Either.flatMap(duration("idleLimit", Duration.minutes(5)), (limit) =>
        Check.check("idleLimit", limit, () =>
          Duration.greaterThan(limit, Duration.zero) ? undefined : "must be longer than zero"
        )
      ),
      tokenLife: yield* duration("tokenLife", Duration.minutes(10)),
      settleLimit: yield* duration("settleLimit", settleLimit),
      deadline: yield* duration("deadline", deadline)
    }
  })
