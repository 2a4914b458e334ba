import type * as PlatformError from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as Terminal from "@effect/platform/Terminal"
import type { GlanceError, Image, ImageCreation, ImageReleases, Images } from "@effect-glance/core"
import { ImageData, ImageSource } from "@effect-glance/core"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { describe, expectTypeOf, it } from "vitest"

class Camera extends Context.Tag("test/Camera")<Camera, { readonly shots: number }>() {}

class Screen extends Context.Tag("test/Screen")<Screen, { readonly width: number }>() {}

declare const onProgress: (progress: ImageData.Progress) => Effect.Effect<number, PlatformError.PlatformError, Screen>
declare const display: (
  progress: ImageData.Progress
) => Effect.Effect<void, PlatformError.PlatformError, Terminal.Terminal>
declare const data: ImageData.Service
declare const creation: ImageCreation.Service
declare const releases: ImageReleases.Service
declare const id: Image.ImageId
declare const raw: Images.NewImage
declare const release: ImageReleases.Release
declare const shots: Stream.Stream<Uint8Array, "blurred", Camera>
declare const pure: Stream.Stream<Uint8Array>

describe("the data of images", () => {
  it("an upload has the errors and the requirements of its source, and no more", () => {
    expectTypeOf(data.upload(id, shots)).toEqualTypeOf<
      Effect.Effect<Image.Image, ImageData.UploadError | "blurred", Camera>
    >()
    expectTypeOf(data.upload(id, pure)).toEqualTypeOf<Effect.Effect<Image.Image, ImageData.UploadError>>()
    expectTypeOf(data.upload(id, ImageSource.stream(shots, { size: 1, replayable: true }))).toEqualTypeOf<
      Effect.Effect<Image.Image, ImageData.UploadError | "blurred", Camera>
    >()
    expectTypeOf(data.upload(id, ImageSource.file("disk"))).toEqualTypeOf<
      Effect.Effect<Image.Image, ImageData.UploadError | PlatformError.PlatformError, FileSystem.FileSystem>
    >()
    expectTypeOf(data.stage(id, shots)).toEqualTypeOf<Effect.Effect<void, ImageData.StageError | "blurred", Camera>>()
    expectTypeOf(data.createWithData(raw, shots)).toEqualTypeOf<
      Effect.Effect<Image.Image, ImageData.UploadError | GlanceError.DuplicateImage | "blurred", Camera>
    >()
  })

  it("so have the ways to make an image of a source", () => {
    expectTypeOf(creation.createFrom(raw, shots)).toEqualTypeOf<
      Effect.Effect<Image.Image, ImageCreation.CreateFromError | "blurred", Camera>
    >()
    expectTypeOf(creation.createFrom(raw, pure)).toEqualTypeOf<
      Effect.Effect<Image.Image, ImageCreation.CreateFromError>
    >()
    expectTypeOf(creation.createFrom(raw, ImageSource.url("https://images.example/disk"))).toEqualTypeOf<
      Effect.Effect<Image.Image, ImageCreation.CreateFromError | HttpClientError.HttpClientError, HttpClient.HttpClient>
    >()
    expectTypeOf(releases.ensure(release, shots)).toEqualTypeOf<
      Effect.Effect<ImageReleases.Ensured, ImageReleases.EnsureError | "blurred", Camera>
    >()
    expectTypeOf(releases.ensure(release, pure)).toEqualTypeOf<
      Effect.Effect<ImageReleases.Ensured, ImageReleases.EnsureError>
    >()
  })

  it("onProgress adds its errors and its requirements to those of the source", () => {
    expectTypeOf(data.upload(id, shots, { onProgress })).toEqualTypeOf<
      Effect.Effect<Image.Image, ImageData.UploadError | "blurred" | PlatformError.PlatformError, Camera | Screen>
    >()
    expectTypeOf(data.upload(id, pure, { onProgress: display })).toEqualTypeOf<
      Effect.Effect<Image.Image, ImageData.UploadError | PlatformError.PlatformError, Terminal.Terminal>
    >()
    expectTypeOf(data.upload(id, pure, { verify: false })).toEqualTypeOf<
      Effect.Effect<Image.Image, ImageData.UploadError>
    >()
    expectTypeOf(data.stage(id, pure, { onProgress })).toEqualTypeOf<
      Effect.Effect<void, ImageData.StageError | PlatformError.PlatformError, Screen>
    >()
    expectTypeOf(data.createWithData(raw, pure, { onProgress })).toEqualTypeOf<
      Effect.Effect<
        Image.Image,
        ImageData.UploadError | GlanceError.DuplicateImage | PlatformError.PlatformError,
        Screen
      >
    >()
    expectTypeOf(creation.createFrom(raw, pure, { onProgress })).toEqualTypeOf<
      Effect.Effect<Image.Image, ImageCreation.CreateFromError | PlatformError.PlatformError, Screen>
    >()
    expectTypeOf(releases.ensure(release, pure, { onProgress })).toEqualTypeOf<
      Effect.Effect<ImageReleases.Ensured, ImageReleases.EnsureError | PlatformError.PlatformError, Screen>
    >()
    expectTypeOf(data.download(id, { onProgress })).toEqualTypeOf<
      Stream.Stream<Uint8Array, ImageData.DownloadError | PlatformError.PlatformError, Screen>
    >()
    expectTypeOf(data.downloadTo(id, "disk", { onProgress })).toExtend<
      Effect.Effect<Image.Image, unknown, FileSystem.FileSystem | Screen>
    >()
  })

  it("an upload with progress is a stream with the errors and the requirements of its source", () => {
    expectTypeOf(data.uploadWithProgress(id, shots)).toEqualTypeOf<
      Stream.Stream<ImageData.TransferProgress<Image.Image>, ImageData.UploadError | "blurred", Camera>
    >()
    expectTypeOf(ImageData.withProgress((onProgress) => releases.ensure(release, shots, { onProgress }))).toEqualTypeOf<
      Stream.Stream<ImageData.TransferProgress<ImageReleases.Ensured>, ImageReleases.EnsureError | "blurred", Camera>
    >()
  })

  it("a download needs nothing, and a file the file system", () => {
    expectTypeOf(data.download(id)).toEqualTypeOf<Stream.Stream<Uint8Array, ImageData.DownloadError>>()
    expectTypeOf(data.downloadTo(id, "disk")).toEqualTypeOf<
      Effect.Effect<
        Image.Image,
        ImageData.DownloadError | GlanceError.DownloadInProgress | PlatformError.PlatformError,
        FileSystem.FileSystem
      >
    >()
  })

  it("each operation lists what can go wrong in it", () => {
    type Tags<E> = E extends { readonly _tag: infer Tag } ? Tag : never
    expectTypeOf<"NoImageData">().not.toExtend<Tags<ImageData.UploadError>>()
    expectTypeOf<"ImageUnverifiable">().not.toExtend<Tags<ImageData.StageError>>()
    expectTypeOf<"ImageNotQueued" | "SourceLengthMismatch" | "QuotaExceeded">().toExtend<Tags<ImageData.StageError>>()
    expectTypeOf<"ImageNotQueued">().not.toExtend<Tags<ImageData.DownloadError>>()
    expectTypeOf<"NoImageData" | "RangeNotSatisfiable">().toExtend<Tags<ImageData.DownloadError>>()
  })
})
