import * as Images from "@effect-glance/core/Images"
import { Chunk, Effect, Stream } from "effect"

/** The names of the active images, in order. */
export const activeNames = Effect.gen(function* () {
  const images = yield* Images.Images
  const active = images.listAll({ status: "active", sort: [{ key: "name", direction: "asc" }] })
  return Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.filterMap(active, (image) => image.name)))
})
