import * as FileSystem from "@effect/platform/FileSystem"
import * as ImageSource from "@effect-glance/core/ImageSource"
import * as Effect from "effect/Effect"
import { CommandFailed } from "./command.js"
import * as Terminal from "./terminal.js"

/** The file as a source of data. Fails before anything is created if there is no such file. */
const readable = (path: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const isThere = yield* Effect.orElseSucceed(fs.exists(path), () => false)
    return isThere ? ImageSource.file(path) : yield* new CommandFailed({ message: `there is no file "${path}"` })
  })

/** The data that a command sends: those of a file, or of standard input unless that is a terminal. */
export const sourceOf = (file: string | undefined) =>
  Effect.gen(function* () {
    if (file !== undefined && file !== "") return yield* readable(file)
    if (Terminal.isInteractive()) return undefined
    const { size, stream } = Terminal.input()
    return ImageSource.stream(stream, { size })
  })
