import { Images } from "@effect-glance/core"
import { Effect, Stream } from "effect"

export const firstImages = (count: number) =>
  Effect.flatMap(Images.Images, (images) => Stream.runCollect(Stream.take(images.listAll({ limit: 100 }), count)))
