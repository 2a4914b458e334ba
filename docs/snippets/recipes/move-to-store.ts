import { type Image, ImageImport, ImageStores } from "@effect-glance/core"
import { Effect } from "effect"

/** Copies an image into another store, and then deletes the copy in the first one. */
export const moveToStore = (image: Image.ImageRef, from: string, to: string) =>
  Effect.gen(function* () {
    const imports = yield* ImageImport.ImageImport
    const stores = yield* ImageStores.ImageStores
    yield* imports.importAndWait(image, ImageImport.copyImage, { stores: [to] })
    yield* stores.deleteImage(from, image)
  })
