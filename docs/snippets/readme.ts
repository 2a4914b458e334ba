import { Glance, GlanceError, type Image, ImageSource } from "@effect-glance/core"
import { Console, Effect, Stream } from "effect"

export const upload = (image: Image.ImageRef, file: string) =>
  Effect.gen(function* () {
    const { data } = yield* Glance.Glance
    // #region upload
    const progress = data.uploadWithProgress(image, ImageSource.file(file))
    yield* Stream.runForEach(progress, ({ bytes, rate, remaining }) => Console.log(bytes, rate, remaining))
    // #endregion upload
  })

export const mirror = (url: string) =>
  Effect.gen(function* () {
    const { creation } = yield* Glance.Glance
    // #region mirror
    const attributes = { name: "debian", diskFormat: "qcow2", containerFormat: "bare" }
    const image = yield* creation.createFrom(attributes, ImageSource.url(url))
    // #endregion mirror
    return image
  })

export const share = (image: Image.ImageRef, projectIds: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { members } = yield* Glance.Glance
    // #region share
    for (const result of yield* members.share(image, projectIds, { makeShared: true })) {
      yield* Console.log(result.projectId, result._tag)
    }
    // #endregion share
  })

export const release = (file: string) =>
  Effect.gen(function* () {
    const { releases } = yield* Glance.Glance
    const attributes = { name: "debian", diskFormat: "raw", containerFormat: "bare" }
    // #region release
    const { created, image } = yield* releases.ensure(attributes, ImageSource.file(file), {
      retire: { by: "hide", keep: 1 }
    })
    // #endregion release
    return { created, image }
  })

export const remove = (image: Image.ImageRef) =>
  Effect.gen(function* () {
    const { images } = yield* Glance.Glance
    // #region errors
    yield* images.delete(image).pipe(
      Effect.retry({ while: GlanceError.isTransient, times: 3 }),
      Effect.catchTag("ImageInUse", (error) => Console.log(error.message))
    )
    // #endregion errors
  })
