import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** Files of settings and certificates have some kilobytes. A YAML of this size takes seconds. */
const maxBytes = 1024 * 1024

/** For how long a file is waited for: a FIFO has nothing to read until another process writes. */
const maxWait = "10 seconds"

/** Why a file has no text, or the failure of the file system. */
export type Failure = PlatformError | { readonly _tag: "Unusable"; readonly reason: string }

const unusable = (reason: string): Failure => ({ _tag: "Unusable", reason })

const decode = (bytes: Uint8Array): Effect.Effect<string, Failure> => {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return Effect.fail(unusable("it is UTF-16; save it as UTF-8"))
  }
  return Effect.try({
    // Leaves out the mark of byte order, which is no part of the text.
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => unusable("it is not UTF-8")
  })
}

/** Reads a text file of at most 1 MiB, whatever the file is: a device may have no end, and a FIFO no writer. */
export const read = (file: string): Effect.Effect<string, Failure, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const chunks = yield* Stream.runCollect(fs.stream(file, { bytesToRead: FileSystem.Size(maxBytes + 1) }))
    const bytes = new Uint8Array(yield* Effect.promise(() => new Blob([...chunks] as Array<BlobPart>).arrayBuffer()))
    if (bytes.length > maxBytes) return yield* Effect.fail(unusable("it has more than 1 MiB"))
    return yield* decode(bytes)
  }).pipe(
    // To open a FIFO cannot be interrupted.
    Effect.disconnect,
    Effect.timeoutFail({
      duration: maxWait,
      onTimeout: () => unusable(`nothing could be read from it for ${maxWait}`)
    })
  )

/** The reason of a failure, as the end of a sentence. */
export const reasonOf = (error: Failure): string => {
  if (error._tag === "Unusable") return error.reason
  return error._tag === "SystemError" ? error.reason.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase() : "bad argument"
}
