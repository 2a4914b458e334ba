// #region create
import { type Image, ImageChanges, Images } from "@effect-glance/core"
import { Console, Effect } from "effect"

/** Creates the record of an image. It is `queued` until it gets data. */
export const create = Effect.gen(function* () {
  const images = yield* Images.Images
  const image = yield* images.create({
    name: "debian-13",
    diskFormat: "qcow2",
    containerFormat: "bare",
    minDisk: 10, // GiB
    minRam: 512, // MiB
    tags: ["stable"],
    properties: { os_distro: "debian", os_version: "13" }
  })
  yield* Console.log(`${image.status}, os_distro is ${image.properties.get("os_distro")}`)
  return image
})
// #endregion create

// #region update
/** Changes the name, sets one property and removes another. All other properties stay. */
export const rename = (image: Image.ImageRef) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    return yield* images.update(image, {
      name: "debian-13.1",
      properties: { os_version: "13.1", os_codename: null }
    })
  })
// #endregion update

// #region blind
/** Protects an image without reading it first: one request. */
export const protect = (image: Image.ImageRef) =>
  Effect.flatMap(Images.Images, (images) => images.update(image, { protected: true }, { readFirst: false }))
// #endregion blind

// #region copy
/** Creates the record of a private copy, without the properties that the server writes itself. */
export const copyRecord = (image: Image.Image) =>
  Effect.flatMap(Images.Images, (images) => images.create({ ...ImageChanges.fromImage(image), visibility: "private" }))
// #endregion copy

// #region remove
/** Deletes an image. Does nothing if it does not exist, and removes its protection if it is protected. */
export const remove = (image: Image.Image) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    if (image.protected) yield* images.update(image, { protected: false })
    yield* images.delete(image)
  }).pipe(Effect.catchTag("ImageNotFound", () => Effect.void))
// #endregion remove

// #region temporary
/** Uses an image that exists only as long as the scope. */
export const temporary = (name: string) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    return yield* Effect.acquireRelease(images.create({ name, diskFormat: "raw", containerFormat: "bare" }), (image) =>
      Effect.ignoreLogged(images.delete(image))
    )
  })
// #endregion temporary

// #region deactivate
/** Forbids downloads while an image is examined. */
export const whileDeactivated = <A, E, R>(image: Image.ImageRef, examine: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    return yield* Effect.acquireUseRelease(
      images.deactivate(image),
      () => examine,
      () => Effect.ignoreLogged(images.reactivate(image))
    )
  })
// #endregion deactivate
