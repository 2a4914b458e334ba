/** Progress of transfers: to callbacks that may fail and need services, at least once a mebibyte, and as a stream. */
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Progress, TransferProgress } from "../../ImageData.js"
import * as Transfer from "./transfer.js"

export type OnProgress<E = never, R = never> = (progress: Progress) => Effect.Effect<unknown, E, R>

/**
 * Runs a transfer with a callback that cannot fail and needs nothing. If the caller's callback fails, the transfer is
 * interrupted at once, without another attempt, and fails with the callback's error.
 */
export const guarded = <A, E, R, E2, R2>(
  onProgress: OnProgress<E2, R2> | undefined,
  transfer: (onProgress: ((progress: Progress) => Effect.Effect<void>) | undefined) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | E2, R | R2> =>
  onProgress === undefined
    ? transfer(undefined)
    : Effect.gen(function* () {
        const context = yield* Effect.context<R2>()
        const failed = yield* Deferred.make<never, E2>()
        const guardedProgress = (progress: Progress) =>
          Effect.suspend(() => onProgress(progress)).pipe(
            Effect.provide(context),
            Effect.matchCauseEffect({
              onFailure: (cause) => Effect.zipRight(Deferred.failCause(failed, cause), Effect.never),
              onSuccess: () => Effect.void
            })
          )
        return yield* Transfer.race(transfer(guardedProgress), Deferred.await(failed))
      })

const portionSize = 1024 * 1024

/** A chunk in parts of at most a mebibyte, so that something can be done between them. */
export const portions = (chunk: Chunk.Chunk<Uint8Array>): ReadonlyArray<Chunk.Chunk<Uint8Array>> => {
  let total = 0
  for (const bytes of chunk) total += bytes.length
  if (total <= portionSize) return [chunk]
  const parts: Array<Array<Uint8Array>> = []
  let room = 0
  for (const bytes of chunk) {
    for (let start = 0; start < bytes.length; ) {
      if (room === 0) {
        parts.push([])
        room = portionSize
      }
      const piece = bytes.subarray(start, start + room)
      parts.at(-1)?.push(piece)
      start += piece.length
      room -= piece.length
    }
  }
  return parts.map(Chunk.fromIterable)
}

const windowMillis = 10_000
const sampleMillis = 100

interface Sample {
  readonly at: number
  readonly bytes: number
}

/** Measures the rate over a window of samples, which a new attempt empties. */
const makeMeter = () => {
  let attempt = 0
  let samples: Array<Sample> = []
  return (progress: Progress, now: number): Option.Option<number> => {
    if (progress.attempt !== attempt || progress.bytes < (samples.at(-1)?.bytes ?? 0)) {
      attempt = progress.attempt
      samples = []
    }
    const second = samples[1]
    if (second !== undefined && now - second.at >= windowMillis) samples.shift()
    if (samples.length === 0 || now - (samples.at(-1)?.at ?? now) >= sampleMillis) {
      samples.push({ at: now, bytes: progress.bytes })
    }
    const first = samples[0]
    return first === undefined || now <= first.at
      ? Option.none()
      : Option.some(((progress.bytes - first.bytes) * 1000) / (now - first.at))
  }
}

/** Elements that a slow consumer has not pulled yet; older ones are dropped, the transfer does not wait for them. */
const buffered = 16

export const withProgress = <A, E, R>(
  transfer: (onProgress: (progress: Progress) => Effect.Effect<void>) => Effect.Effect<A, E, R>
): Stream.Stream<TransferProgress<A>, E, R> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const mailbox = yield* Mailbox.make<TransferProgress<A>, E>({ capacity: buffered, strategy: "sliding" })
      const meter = makeMeter()
      let last: Omit<TransferProgress<A>, "result"> = {
        attempt: 1,
        bytes: 0,
        total: Option.none(),
        rate: Option.none(),
        remaining: Option.none()
      }
      const onProgress = (progress: Progress) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const rate = meter(progress, now)
          const remaining = Option.zipWith(
            progress.total,
            Option.filter(rate, (rate) => rate > 0),
            (total, rate) => Duration.millis(Math.ceil((Math.max(0, total - progress.bytes) * 1000) / rate))
          )
          last = { ...progress, rate, remaining }
          return mailbox.offer({ ...last, result: Option.none() })
        })
      yield* transfer((progress) => Effect.asVoid(onProgress(progress))).pipe(
        Effect.tap((result) => mailbox.offer({ ...last, result: Option.some(result) })),
        Effect.onExit((exit) => mailbox.done(Exit.asVoid(exit))),
        Effect.interruptible,
        Effect.forkScoped
      )
      return Mailbox.toStream(mailbox)
    })
  )
