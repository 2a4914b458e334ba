import { type Image, Images } from "@effect-glance/core"
import { Effect, Stream } from "effect"

export const hide = (image: Image.ImageRef) =>
  Effect.flatMap(Images.Images, (images) => images.update(image, { osHidden: true }))

/** Glance lists hidden images only if they are asked for, and then lists no others. */
export const listWithHidden = Effect.flatMap(Images.Images, (images) =>
  Stream.runCollect(Stream.concat(images.listAll(), images.listAll({ osHidden: true })))
)
