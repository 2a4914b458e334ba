// #region web
import { type Image, ImageCreation, ImageData, ImageImport, ImageSource, Images } from "@effect-glance/core"
import { Console, Effect, Stream } from "effect"

/** Lets the cloud download an image, and waits until the image is active. */
export const fromWeb = (name: string, url: string) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    const imports = yield* ImageImport.ImageImport
    const image = yield* images.create({ name, diskFormat: "qcow2", containerFormat: "bare" })
    return yield* imports.importAndWait(image, ImageImport.webDownload(url), { deadline: "1 hour" })
  })
// #endregion web

// #region progress
/** Prints the stores that still wait for the data, with one line for each poll. */
export const withProgress = (image: Image.ImageRef, url: string) =>
  Effect.gen(function* () {
    const imports = yield* ImageImport.ImageImport
    const progress = imports.importWithProgress(image, ImageImport.webDownload(url), { stores: "all" })
    yield* Stream.runForEach(progress, ({ image, stores }) =>
      Console.log(`${image.status}, waiting for: ${stores.toGo.join(", ") || "nothing"}`)
    )
  })
// #endregion progress

// #region staged
/** Sends data once, and lets the cloud put them into several stores. */
export const intoStores = (image: Image.ImageRef, file: string, stores: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const data = yield* ImageData.ImageData
    const imports = yield* ImageImport.ImageImport
    yield* data.stage(image, ImageSource.file(file))
    return yield* imports.importAndWait(image, ImageImport.glanceDirect, { stores })
  })
// #endregion staged

// #region copy
/** Copies an active image into another store. One store that fails does not undo the others. */
export const copyTo = (image: Image.ImageRef, store: string) =>
  Effect.flatMap(ImageImport.ImageImport, (imports) =>
    imports.importAndWait(image, ImageImport.copyImage, { stores: [store], allStoresMustSucceed: false })
  )
// #endregion copy

// #region halves
/** Starts an import in one program, and waits for it in another one: only the image is needed. */
export const start = (image: Image.ImageRef, url: string) =>
  Effect.flatMap(ImageImport.ImageImport, (imports) => imports.start(image, ImageImport.webDownload(url)))

export const waitFor = (image: Image.ImageRef) =>
  Effect.flatMap(ImageImport.ImageImport, (imports) => imports.await(image))
// #endregion halves

// #region create
/** The cloud fetches the URL if it can. Otherwise this process downloads and uploads it. */
export const createFrom = (name: string, url: string) =>
  Effect.flatMap(ImageCreation.ImageCreation, (creation) =>
    creation.createFrom({ name, diskFormat: "qcow2", containerFormat: "bare" }, ImageSource.url(url))
  )
// #endregion create

// #region failures
/** Says how an import ended, for those who read the log. */
export const report = (image: Image.ImageRef, url: string) =>
  Effect.flatMap(ImageImport.ImageImport, (imports) =>
    imports.importAndWait(image, ImageImport.webDownload(url)).pipe(
      Effect.map(() => "the image is active"),
      Effect.catchTags({
        CapabilityMissing: (error) => Effect.succeed(`not possible here: ${error.detail}`),
        ImportFailed: (error) => Effect.succeed(`failed: ${error.reason}; the image is ${error.imageStatus}`),
        ImageLocked: () => Effect.succeed("another import has the image"),
        ImportNotEnded: () => Effect.succeed("still at work")
      })
    )
  )
// #endregion failures
