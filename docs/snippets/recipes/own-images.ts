import { GlanceClient, Images } from "@effect-glance/core"
import { Effect, Option, Stream } from "effect"

export const ownImages = Effect.gen(function* () {
  const images = yield* Images.Images
  const { projectId } = yield* GlanceClient.GlanceClient
  const owner = Option.getOrUndefined(yield* projectId)
  return yield* Stream.runCollect(images.listAll({ owner }))
})
