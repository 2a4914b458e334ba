import { type Image, Images } from "@effect-glance/core"
import { Effect } from "effect"

/** Deletes an image. If servers still use it, hides it from listings. */
export const deleteOrHide = (image: Image.ImageRef) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    yield* Effect.catchTag(images.delete(image), "ImageInUse", () => images.update(image, { osHidden: true }))
  })
