import { ImageImport, Images } from "@effect-glance/core"
import { Effect } from "effect"

export const download = (name: string, url: string) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    const imports = yield* ImageImport.ImageImport
    yield* imports.check(ImageImport.webDownload(url)) // fails here if the cloud does not allow it
    const image = yield* images.create({ name, diskFormat: "qcow2", containerFormat: "bare" })
    return yield* imports.importAndWait(image, ImageImport.webDownload(url))
  })
