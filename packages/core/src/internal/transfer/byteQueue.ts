/** A queue of bytes between the fiber that reads them and the one that writes them, which may be of an HTTP client. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/** At most this many pieces of this size wait in the queue: 1 MiB. */
const capacity = 16
const pieceSize = 64 * 1024

/** Pieces below this size are joined, because each piece costs more than its bytes. */
const smallSize = 8 * 1024

/** Splits large pieces, and joins small ones that are there at the same time. */
export const evenPieces = (chunk: Iterable<Uint8Array>): ReadonlyArray<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  let small: Array<Uint8Array> = []
  let smallLength = 0
  const flush = () => {
    const [first] = small
    if (first !== undefined) pieces.push(small.length === 1 ? first : joined(small, smallLength))
    small = []
    smallLength = 0
  }
  for (const bytes of chunk) {
    if (bytes.length < smallSize) {
      small.push(bytes)
      smallLength += bytes.length
      if (smallLength >= pieceSize) flush()
      continue
    }
    flush()
    for (let start = 0; start < bytes.length; start += pieceSize) {
      pieces.push(bytes.length <= pieceSize ? bytes : bytes.subarray(start, start + pieceSize))
    }
  }
  flush()
  return pieces
}

/** Joins pieces, whose lengths add up to `length`. */
export const joined = (pieces: Iterable<Uint8Array>, length: number): Uint8Array => {
  const whole = new Uint8Array(length)
  let position = 0
  for (const bytes of pieces) {
    whole.set(bytes, position)
    position += bytes.length
  }
  return whole
}

export interface ByteQueue<E> {
  /** Waits until there is room. */
  readonly offer: (chunk: Iterable<Uint8Array>) => Effect.Effect<void>
  readonly done: (exit: Exit.Exit<void, E>) => Effect.Effect<void>
  /** Waits until the reader pulls for the first time. */
  readonly requested: Effect.Effect<void>
  /** Since when bytes wait for the reader, the beginning and the end of the stream included. */
  readonly waitingSince: () => number | undefined
  readonly stream: Stream.Stream<Uint8Array, E>
}

export const make = <E = never>(): Effect.Effect<ByteQueue<E>> =>
  Effect.gen(function* () {
    const mailbox = yield* Mailbox.make<Uint8Array, E>({ capacity })
    const requested = yield* Deferred.make<void>()
    let isReading = false
    let waitingSince: number | undefined = yield* Clock.currentTimeMillis
    const written = Effect.map(Clock.currentTimeMillis, (now) => {
      if (!isReading) waitingSince ??= now
    })
    const begin = Effect.map(Deferred.succeed(requested, undefined), () => {
      isReading = true
      waitingSince = undefined
    })
    const end = Effect.flatMap(mailbox.size, (left) => {
      isReading = false
      // What is left in the queue, the end included, waits for the reader from now on.
      return Option.contains(left, 0) ? Effect.void : Effect.map(Clock.currentTimeMillis, (now) => (waitingSince = now))
    })
    const take = begin.pipe(
      Effect.zipRight(Effect.mapError(mailbox.takeAll, Option.some)),
      Effect.zipLeft(end),
      Effect.flatMap(([pieces, isDone]) =>
        pieces.length === 0 && isDone ? Effect.fail(Option.none()) : Effect.succeed(pieces)
      )
    )
    return {
      offer: (chunk) => Effect.zipRight(written, mailbox.offerAll(evenPieces(chunk))),
      done: (exit) => Effect.zipRight(written, mailbox.done(exit)),
      requested: Deferred.await(requested),
      waitingSince: () => waitingSince,
      stream: Stream.repeatEffectChunkOption(take)
    }
  })
