import * as ImageImport from "@effect-glance/core/ImageImport"
import * as Images from "@effect-glance/core/Images"
import { Effect, Exit, Stream } from "effect"

/** Lets the cloud fetch an image into all of its stores, and says how far it is and how it ended. */
export const mirror = (name: string, url: string) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    const imports = yield* ImageImport.ImageImport
    // An image that does not get its data is deleted.
    const created = Stream.acquireRelease(
      images.create({ name, diskFormat: "qcow2", containerFormat: "bare" }),
      (image, exit) => (Exit.isSuccess(exit) ? Effect.void : Effect.ignoreLogged(images.delete(image)))
    )
    return created.pipe(
      Stream.flatMap((image) => imports.importWithProgress(image, ImageImport.webDownload(url), { stores: "all" })),
      Stream.map(({ image, stores }) => `${image.status}, ${stores.toGo.length} stores to go`),
      Stream.changes,
      Stream.catchTags({
        ImportFailed: (error) => Stream.make(`${error.reason}, and the image is deleted`),
        ImageLocked: () => Stream.make("another import holds the image")
      })
    )
  }).pipe(Stream.unwrap)
