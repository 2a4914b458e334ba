import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as SynchronizedRef from "effect/SynchronizedRef"

export interface Cached<A, E> {
  readonly get: Effect.Effect<A, E>
  readonly forget: Effect.Effect<void>
}

/**
 * Caches a value. Concurrent callers wait for one read. A failure is not cached, and if the fiber that reads is
 * interrupted, the next one reads.
 */
export const make = <A, E>(read: Effect.Effect<A, E>, timeToLive: Duration.Duration): Effect.Effect<Cached<A, E>> =>
  Effect.map(SynchronizedRef.make(Option.none<{ readonly value: A; readonly until: number }>()), (known) => ({
    get: SynchronizedRef.modifyEffect(known, (kept) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        if (Option.isSome(kept) && now < kept.value.until) return [kept.value.value, kept] as const
        const value = yield* read
        return [value, Option.some({ value, until: now + Duration.toMillis(timeToLive) })] as const
      })
    ),
    forget: SynchronizedRef.set(known, Option.none())
  }))
