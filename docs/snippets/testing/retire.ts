import { GlanceError, Images } from "@effect-glance/core"
import { Effect, Stream } from "effect"

/** Hides every image that has the tag `old`. Tries each of them three times while the cloud is busy. */
export const retireOld = Effect.gen(function* () {
  const images = yield* Images.Images
  const old = yield* Stream.runCollect(images.listAll({ tags: ["old"] }))
  yield* Effect.forEach(old, (image) =>
    Effect.retry(images.update(image, { osHidden: true }), { while: GlanceError.isTransient, times: 2 })
  )
  return old.length
})
