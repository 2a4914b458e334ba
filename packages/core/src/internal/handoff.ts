import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

type Item = Chunk.Chunk<Uint8Array>

/** So much may lie here to be taken at once: of small pieces many, since each taking costs more than they do. */
const room = 1024 * 1024

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
  /** Waits while there is no room beside what has not been taken. */
  readonly put: (item: Item) => Effect.Effect<void>
  readonly end: () => void
  readonly fail: (outcome: Effect.Effect<never, E>) => void
  /** When the first chunk is asked for. */
  readonly wanted: Effect.Effect<void>
  /** Since when that which takes has left something lying, the beginning and the end included. */
  readonly lyingSince: () => number | undefined
  readonly stream: Stream.Stream<Uint8Array, E>
}

export const make = <E = never>(now: () => number): Handoff<E> => {
  let slot: Item | undefined
  let filled = 0
  let outcome: Effect.Effect<never, Option.Option<E>> | undefined
  let taker: ((taken: Effect.Effect<Item, Option.Option<E>>) => void) | undefined
  let putter: { readonly item: Item; readonly resume: (put: Effect.Effect<void>) => void } | undefined
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

  const take: Effect.Effect<Item, Option.Option<E>> = Effect.suspend(() => {
    if (!wanted) {
      wanted = true
      wanter?.(Effect.void)
    }
    if (slot !== undefined) {
      const item = slot
      slot = putter?.item
      filled = slot === undefined ? 0 : sizeOf(slot)
      putter?.resume(Effect.void)
      putter = undefined
      lyingSince = slot === undefined && outcome === undefined ? undefined : now()
      return Effect.succeed(item)
    }
    if (outcome !== undefined) return outcome
    lyingSince = undefined
    return Effect.async((resume) => {
      taker = resume
      return Effect.sync(() => {
        taker = undefined
      })
    })
  })

  return {
    put: (item) =>
      Effect.suspend(() => {
        if (taker !== undefined) {
          const resume = taker
          taker = undefined
          resume(Effect.succeed(item))
          return Effect.void
        }
        lyingSince ??= now()
        const size = sizeOf(item)
        if (slot === undefined || filled + size <= room) {
          slot = slot === undefined ? item : Chunk.appendAll(slot, item)
          filled += size
          return Effect.void
        }
        return Effect.async((resume) => {
          putter = { item, resume }
          return Effect.sync(() => {
            putter = undefined
          })
        })
      }),
    end: () => close(Effect.fail(Option.none())),
    fail: (failure) => close(Effect.mapError(failure, Option.some)),
    wanted: Effect.suspend(() =>
      wanted
        ? Effect.void
        : Effect.async((resume) => {
            wanter = resume
          })
    ),
    lyingSince: () => lyingSince,
    stream: Stream.repeatEffectChunkOption(take)
  }
}
