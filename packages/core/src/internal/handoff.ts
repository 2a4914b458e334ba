import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

type Item = Chunk.Chunk<Uint8Array>

/**
 * Bytes and pieces that may wait, and that are taken at once. Small pieces are taken together, because each taking costs
 * more than they do. `Stream.runFold` takes one stack frame for each piece of a chunk, so their number has a limit too.
 */
const room = 1024 * 1024
const roomForPieces = 1024

const sizeOf = (item: Item): number => {
  let size = 0
  for (const bytes of item) size += bytes.length
  return size
}

/**
 * Where one fiber puts bytes and another takes them, all that lie here at a time: that which takes may belong to an HTTP client,
 * and neither sees the other's failures unless told.
 */
export interface Handoff<E> {
  /** Puts at once. What it answers waits until there is room beside what has not been taken; nothing where there is. */
  readonly put: (item: Item) => Effect.Effect<void> | undefined
  readonly end: () => void
  readonly fail: (outcome: Effect.Effect<never, E>) => void
  /** When the first chunk is asked for. */
  readonly wanted: Effect.Effect<void>
  /** Since when that which takes has left something lying, the beginning and the end included. */
  readonly lyingSince: () => number | undefined
  readonly stream: Stream.Stream<Uint8Array, E>
}

/**
 * A fiber may have to let others have their turn between any two of its steps. So what is looked at and what is then
 * waited for is one step: else a taker would wait beside what has just been put here, and get what is put after it first.
 */
export const make = <E = never>(now: () => number): Handoff<E> => {
  type Taken = Effect.Effect<Item, Option.Option<E>>
  /** An array: appending to a chunk piece by piece makes one so deep that reading it overflows the stack. */
  let slot: Array<Uint8Array> | undefined
  let filled = 0
  let outcome: Effect.Effect<never, Option.Option<E>> | undefined
  let taker: ((taken: Taken) => void) | undefined
  /** What there was no room for, and who waits for some. */
  let next: { readonly item: Item; resume: ((put: Effect.Effect<void>) => void) | undefined } | undefined
  let wanted = false
  let wanter: ((done: Effect.Effect<void>) => void) | undefined
  let lyingSince: number | undefined = now()

  const close = (how: Effect.Effect<never, Option.Option<E>>) => {
    if (outcome !== undefined) return
    outcome = how
    lyingSince ??= now()
    taker?.(how)
    taker = undefined
  }

  /** What lies here, or how it ended. */
  const taken = (): Taken | undefined => {
    if (slot === undefined) return outcome
    const item = Chunk.unsafeFromArray(slot.splice(0, roomForPieces))
    if (slot.length > 0) return Effect.succeed(item)
    slot = next === undefined ? undefined : [...next.item]
    filled = next === undefined ? 0 : sizeOf(next.item)
    next?.resume?.(Effect.void)
    next = undefined
    lyingSince = slot === undefined && outcome === undefined ? undefined : now()
    return Effect.succeed(item)
  }

  const take: Taken = Effect.suspend(() => {
    if (!wanted) {
      wanted = true
      wanter?.(Effect.void)
    }
    return taken() ?? coming
  })

  const coming: Taken = Effect.async((resume) => {
    const there = taken()
    if (there !== undefined) return resume(there)
    lyingSince = undefined
    taker = resume
    return Effect.sync(() => {
      taker = undefined
    })
  })

  return {
    put: (item) => {
      if (taker !== undefined && item.length <= roomForPieces) {
        const resume = taker
        taker = undefined
        resume(Effect.succeed(item))
        return undefined
      }
      lyingSince ??= now()
      const size = sizeOf(item)
      if (slot === undefined || (filled + size <= room && slot.length + item.length <= roomForPieces)) {
        slot ??= []
        for (const bytes of item) slot.push(bytes)
        filled += size
        if (taker !== undefined) {
          const resume = taker
          taker = undefined
          resume(Effect.suspend(() => taken() ?? coming))
        }
        return undefined
      }
      const mine: typeof next = { item, resume: undefined }
      next = mine
      return Effect.async((resume) => {
        if (next !== mine) return resume(Effect.void)
        mine.resume = resume
        return Effect.sync(() => {
          if (next === mine) next = undefined
        })
      })
    },
    end: () => close(Effect.fail(Option.none())),
    fail: (failure) => close(Effect.mapError(failure, Option.some)),
    wanted: Effect.async((resume) => {
      if (wanted) resume(Effect.void)
      else wanter = resume
    }),
    lyingSince: () => lyingSince,
    stream: Stream.repeatEffectChunkOption(take)
  }
}
