import * as ImageImport from "@effect-glance/core/ImageImport"
import * as Images from "@effect-glance/core/Images"
import { Effect, Stream } from "effect"

/** Lets the cloud fetch an image into all of its stores, and tells in words how far it is and how it ended. */
export const mirror = (name: string, url: string) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    const imports = yield* ImageImport.ImageImport
    const image = yield* images.create({ name, diskFormat: "qcow2", containerFormat: "bare" })
    return imports.importWithProgress(image, ImageImport.webDownload(url), { stores: "all", deadline: "2 hours" }).pipe(
      Stream.map(({ image, stores }) => `${image.status}, ${stores.toGo.length} stores to go`),
      Stream.changes,
      Stream.catchTags({
        ImportFailed: (error) => Stream.make(`${error.reason}, and the image is ${error.imageStatus}`),
        ImageLocked: () => Stream.make("somebody else is importing it")
      })
    )
  }).pipe(Stream.unwrap)
