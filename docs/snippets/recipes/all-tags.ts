import { Images } from "@effect-glance/core"
import { Effect, Stream } from "effect"

export const withAllTags = (tags: ReadonlyArray<string>) =>
  Effect.flatMap(Images.Images, (images) => Stream.runCollect(images.listAll({ tags })))
