import { Image, Images } from "@effect-glance/core"
import { Effect } from "effect"

/** Creates an image with an id, or with one that the server chooses if this id is taken, also by a deleted image. */
export const createWithId = (id: string, attributes: Images.NewImage) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    return yield* images
      .create({ ...attributes, id: Image.ImageId.make(id) })
      .pipe(Effect.catchTag("DuplicateImage", () => images.create(attributes)))
  })
