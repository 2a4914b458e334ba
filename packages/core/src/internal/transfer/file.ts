import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Hasher from "../../Hasher.js"
import * as Transfer from "./transfer.js"

/** Bytes of one read or write. Small ones would be slower than a network. */
const pieceSize = 1024 * 1024

export interface Writer {
  /** Waits for the disk if there is no room. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, PlatformError.PlatformError>
  /** Waits until all that was written is in the file. */
  readonly flush: Effect.Effect<void, PlatformError.PlatformError>
  /** Waits until the disk has what is in the file. */
  readonly sync: Effect.Effect<void, PlatformError.PlatformError>
}

/**
 * Writes to an existing file from a position on, while the next bytes arrive. Updates the hash with the bytes. Closing
 * the scope writes the rest.
 */
export const writer = (
  path: string,
  position: number,
  hash: Hasher.Hash | undefined
): Effect.Effect<Writer, PlatformError.PlatformError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const scope = yield* Effect.scope
    const file = yield* fs.open(path, { flag: "r+" })
    yield* file.seek(position, "start")
    let filling: Uint8Array | undefined
    let spare: Uint8Array | undefined
    let filled = 0
    /** Set after a failed write: the next one would be at the wrong position. */
    let broken = false
    let writing: Fiber.Fiber<void, PlatformError.PlatformError> | undefined

    const settled = Effect.suspend(() => {
      const fiber = writing
      writing = undefined
      return fiber === undefined ? Effect.void : Fiber.join(fiber)
    })

    const drain: Effect.Effect<void, PlatformError.PlatformError> = Effect.suspend(() => {
      if (broken || filling === undefined || filled === 0) return Effect.void
      const piece = filling
      const bytes = piece.subarray(0, filled)
      filling = undefined
      filled = 0
      return Effect.gen(function* () {
        yield* settled
        if (broken) return
        writing = yield* file.writeAll(bytes).pipe(
          Effect.onExit((exit) =>
            Effect.sync(() => {
              spare = piece
              broken ||= exit._tag === "Failure"
            })
          ),
          Effect.uninterruptible,
          Effect.forkIn(scope)
        )
        if (hash !== undefined) yield* Transfer.hashed(hash, [bytes])
      })
    }).pipe(Effect.uninterruptible)

    const put = (bytes: Uint8Array): Effect.Effect<void, PlatformError.PlatformError> =>
      Effect.suspend(() => {
        if (filling === undefined) {
          filling = spare ?? new Uint8Array(pieceSize)
          spare = undefined
        }
        const room = pieceSize - filled
        if (bytes.length < room) {
          filling.set(bytes, filled)
          filled += bytes.length
          return Effect.void
        }
        filling.set(bytes.subarray(0, room), filled)
        filled = pieceSize
        return Effect.zipRight(drain, put(bytes.subarray(room)))
      })

    const flush = Effect.zipRight(drain, settled)
    yield* Effect.addFinalizer(() => Effect.ignore(flush))
    return { write: put, flush, sync: file.sync }
  })

/** Reads a file in pieces, each when it is pulled. */
export const pieces = (path: string): Stream.Stream<Uint8Array, PlatformError.PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.open(path, { flag: "r" })
    return Stream.repeatEffectOption(
      Effect.flatMap(
        Effect.mapError(file.readAlloc(pieceSize), Option.some),
        Option.match({ onNone: () => Effect.fail(Option.none()), onSome: Effect.succeed })
      )
    )
  }).pipe(Stream.unwrapScoped)

/** Writes the bytes of a file, at most so many, and returns how many they were. */
export const copy = (
  path: string,
  most: number,
  writer: Writer
): Effect.Effect<number, PlatformError.PlatformError, FileSystem.FileSystem> =>
  Effect.suspend(() => {
    let length = 0
    return pieces(path).pipe(
      Stream.takeWhile(() => length < most),
      Stream.runForEach((bytes) => {
        const part = bytes.subarray(0, most - length)
        length += part.length
        return writer.write(part)
      }),
      Effect.map(() => length)
    )
  })

/** Gives the bytes of a file to a hash. */
export const rehash = (
  path: string,
  hash: Hasher.Hash
): Effect.Effect<void, PlatformError.PlatformError, FileSystem.FileSystem> =>
  Stream.runForEach(pieces(path), (bytes) => Transfer.hashed(hash, [bytes]))
