// #region tags
import { type Image, Images, ImageTags } from "@effect-glance/core"
import { Effect, Stream } from "effect"

/** Marks an image as tested. */
export const markTested = (image: Image.ImageRef) =>
  Effect.gen(function* () {
    const tags = yield* ImageTags.ImageTags
    yield* tags.add(image, "tested")
    yield* Effect.catchTag(tags.remove(image, "candidate"), "ImageTagNotFound", () => Effect.void)
  })

/** Replaces all tags. Sends no request to change them if they are the same already. */
export const setTags = (image: Image.ImageRef, tags: ReadonlyArray<string>) =>
  Effect.flatMap(ImageTags.ImageTags, (service) => service.set(image, tags))

/** Counts the images that have both tags. */
export const countTested = Effect.flatMap(Images.Images, (images) =>
  Stream.runCount(images.listAll({ tags: ["tested", "stable"] }))
)
// #endregion tags
