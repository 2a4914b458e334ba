import { Terminal } from "@effect/platform"
import { type Image, ImageData, ImageSource } from "@effect-glance/core"
import { Effect, Option } from "effect"

/** Draws a bar of 40 characters. On Node, `NodeTerminal.layer` provides the terminal. */
export const uploadWithBar = (image: Image.ImageRef, file: string) =>
  Effect.gen(function* () {
    const data = yield* ImageData.ImageData
    const terminal = yield* Terminal.Terminal
    return yield* data.upload(image, ImageSource.file(file), {
      onProgress: ({ bytes, total }) => {
        const done = Math.floor((40 * bytes) / Option.getOrElse(total, () => bytes))
        return terminal.display(`\r[${"#".repeat(done)}${".".repeat(40 - done)}]`)
      }
    })
  })
