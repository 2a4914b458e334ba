/** What uploads and downloads have in common. */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Answer from "../../Answer.js"
import type * as GlanceClient from "../../GlanceClient.js"
import * as GlanceError from "../../GlanceError.js"
import type * as Hasher from "../../Hasher.js"
import type * as Image from "../../Image.js"
import type { Progress } from "../../ImageData.js"
import type * as Operations from "../operations.js"
import type * as TimeLimit from "../timeLimit.js"

/** A transfer of one image's data. */
export interface Transfer {
  readonly operations: Operations.Operations
  readonly http: GlanceClient.Service
  readonly imageId: Image.ImageId
  /** How often in a row it may fail without a byte of progress, for reasons that may pass. */
  readonly retries: number
  /** The longest pause that a server may ask for with `Retry-After`. */
  readonly maxWait: Duration.Duration
  readonly idleLimit: Duration.Duration
  readonly onProgress: ((progress: Progress) => Effect.Effect<void>) | undefined
}

/**
 * Bytes that the other side has to move within one idle limit, or the rest if that is less. Without it a server that sends
 * a byte now and then would keep a transfer alive for ever.
 */
export const minProgress = 1024

/** Connections that may break off one after the other, each after some bytes, before {@link minProgress} has moved. */
export const maxBreaks = 100

/** Fails if the other side has been waited for longer than the idle limit. Holds of the provider do not count. */
export const watch = (
  { idleLimit, imageId }: Transfer,
  waitingSince: () => number | undefined,
  bytes: () => number,
  holds: TimeLimit.Holds
): Effect.Effect<never, GlanceError.TransferStalled> => {
  const limit = Duration.toMillis(idleLimit)
  if (!Number.isFinite(limit)) return Effect.never
  const look: Effect.Effect<never, GlanceError.TransferStalled> = Effect.gen(function* () {
    const since = waitingSince()
    const waited = since === undefined ? 0 : holds.since(since, yield* Clock.currentTimeMillis)
    if (waited >= limit) return yield* new GlanceError.TransferStalled({ imageId, bytes: bytes(), limit: idleLimit })
    yield* Effect.sleep(limit - waited)
    return yield* look
  })
  return look
}

/** Races two effects that can be interrupted even if the caller cannot be, as in a finalizer: the loser has to stop. */
export const race = <A, E, R, E2, R2>(
  effect: Effect.Effect<A, E, R>,
  other: Effect.Effect<never, E2, R2>
): Effect.Effect<A, E | E2, R | R2> => Effect.raceFirst(Effect.interruptible(effect), Effect.interruptible(other))

/** A failure of the caller's source or sink, which may have the same tag as one of the transfer. */
export class CallerFailure<E> {
  readonly _tag = "CallerFailure"
  constructor(readonly error: E) {}
}

/** The error of a response that contradicts its request. */
export const unexpected = (
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
  detail: string
) => new GlanceError.UnexpectedAnswer({ ...Answer.answer("", request, response, detail), record: Option.none() })

/** The pause after so many failures in a row: it doubles with each, from 200 milliseconds up to half a minute. */
export const pauseAfter = (failures: number): Duration.Duration =>
  Duration.millis(Math.min(200 * 2 ** (failures - 1), 30_000))

/**
 * The pause before the next attempt: the longer of {@link pauseAfter} and what the server asks for with `Retry-After`.
 * Fails with the error itself if the server asks for more than `maxWait`, because such a wait is not begun.
 */
export const waitAfter = <E>(
  { maxWait }: Pick<Transfer, "maxWait">,
  failures: number,
  error: E
): Effect.Effect<Duration.Duration, E> => {
  const { retryAfter = Option.none() } = error as { readonly retryAfter?: Option.Option<Duration.Duration> }
  const asked = Option.getOrElse(retryAfter, () => Duration.zero)
  return Duration.greaterThan(asked, maxWait)
    ? Effect.fail(error)
    : Effect.succeed(Duration.max(pauseAfter(failures), asked))
}

/** Opens a stream. The returned effect pulls the next chunk, or none at the end. */
export const toPull = <A, E, R>(
  stream: Stream.Stream<A, E, R>
): Effect.Effect<Effect.Effect<Option.Option<Chunk.Chunk<A>>, E, R>, never, R | Scope.Scope> =>
  Effect.map(
    Stream.toPull(stream),
    Effect.matchEffect({
      onFailure: Option.match({ onNone: () => Effect.succeedNone, onSome: (error: E) => Effect.fail(error) }),
      onSuccess: Effect.succeedSome
    })
  )

/** Gives a hash its bytes, one piece after the other. */
export const hashed = (hash: Hasher.Hash, pieces: Iterable<Uint8Array>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const iterator = pieces[Symbol.iterator]()
    const go = (): void | Promise<void> => {
      for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
        const wait = hash.update(next.value)
        if (wait !== undefined) return wait.then(go)
      }
    }
    const wait = go()
    return wait === undefined ? Effect.void : Effect.promise(() => wait)
  })
