// These programs are type-checked and never run.
// @effect-diagnostics floatingEffect:off
import {
  Discovery,
  type GlanceClient,
  type GlanceError,
  Image,
  type ImageCache,
  ImageImport,
  type ImageLocations,
  type ImageStores,
  type ImageTasks
} from "@effect-glance/core"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import { describe, expectTypeOf, it } from "vitest"

type ErrorsOf<Operation> = Operation extends (...args: never) => infer Result
  ? ErrorsOf<Result>
  : Operation extends Effect.Effect<infer _A, infer E, infer _R>
    ? E
    : Operation extends Stream.Stream<infer _A, infer E, infer _R>
      ? E
      : never

type Start =
  | GlanceError.RequestError
  | GlanceError.InvalidArgument
  | GlanceError.CapabilityMissing
  | GlanceError.ImageNotFound
  | GlanceError.ImageLocked
  | GlanceError.ImageNotImportable

type Wait =
  | GlanceError.RequestError
  | GlanceError.InvalidArgument
  | GlanceError.ImageNotFound
  | GlanceError.ImageDeletedMeanwhile
  | GlanceError.ImportFailed
  | GlanceError.ImportIncomplete
  | GlanceError.ImportNotEnded

describe("imports", () => {
  it("list exactly what each can end in", () => {
    expectTypeOf<ErrorsOf<ImageImport.Service["check"]>>().toEqualTypeOf<
      GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.CapabilityMissing
    >()
    expectTypeOf<ErrorsOf<ImageImport.Service["start"]>>().toEqualTypeOf<Start>()
    expectTypeOf<ErrorsOf<ImageImport.Service["await"]>>().toEqualTypeOf<Wait>()
    expectTypeOf<ErrorsOf<ImageImport.Service["progress"]>>().toEqualTypeOf<Wait>()
    expectTypeOf<ErrorsOf<ImageImport.Service["importAndWait"]>>().toEqualTypeOf<Start | Wait>()
    expectTypeOf<ErrorsOf<ImageImport.Service["importWithProgress"]>>().toEqualTypeOf<Start | Wait>()
    expectTypeOf<ErrorsOf<ImageTasks.Service["listOf"]>>().toEqualTypeOf<
      GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageNotFound
    >()
  })

  it("have no way to say what the server refuses", () => {
    const imports = {} as ImageImport.Service
    const id = Image.ImageId.make("x")
    imports.start(id, ImageImport.copyImage, { stores: "all" })
    // @ts-expect-error several stores are an array
    imports.start(id, ImageImport.copyImage, { stores: "fast" })
    // @ts-expect-error all stores or some
    imports.start(id, ImageImport.copyImage, { stores: ["fast"], allStores: true })
    // @ts-expect-error a download has an address
    imports.start(id, { name: "web-download" })
    // @ts-expect-error and the others have none
    imports.start(id, { name: "copy-image", uri: "http://mirror.test" })
  })

  it("need the port and nothing else", () => {
    expectTypeOf(ImageImport.layer).toEqualTypeOf<
      Layer.Layer<ImageImport.ImageImport, never, GlanceClient.GlanceClient>
    >()
    expectTypeOf(ImageImport.make).toEqualTypeOf<Effect.Effect<ImageImport.Service, never, GlanceClient.GlanceClient>>()
    expectTypeOf(Discovery.layer).toEqualTypeOf<Layer.Layer<Discovery.Discovery, never, GlanceClient.GlanceClient>>()
  })
})

describe("discovery", () => {
  it("ends in no more than requests do, but for what a cloud lacks", () => {
    type Lacking = GlanceError.RequestError | GlanceError.CapabilityMissing
    expectTypeOf<ErrorsOf<Discovery.Service["importMethods"]>>().toEqualTypeOf<GlanceError.RequestError>()
    expectTypeOf<ErrorsOf<Discovery.Service["imageSchema"]>>().toEqualTypeOf<GlanceError.RequestError>()
    expectTypeOf<ErrorsOf<Discovery.Service["versions" | "stores" | "usage"]>>().toEqualTypeOf<Lacking>()
    expectTypeOf<ErrorsOf<Discovery.Service["refresh"]>>().toBeNever()
  })
})

describe("stores, locations and the cache", () => {
  type Lacking = GlanceError.RequestError | GlanceError.CapabilityMissing
  type OfImage = Lacking | GlanceError.InvalidArgument | GlanceError.ImageNotFound

  it("list exactly what each can end in", () => {
    expectTypeOf<ErrorsOf<ImageStores.Service["list" | "listDetails"]>>().toEqualTypeOf<Lacking>()
    expectTypeOf<ErrorsOf<ImageStores.Service["deleteImage"]>>().toEqualTypeOf<
      OfImage | GlanceError.ImageNotInStore | GlanceError.ImageInUse
    >()
    expectTypeOf<ErrorsOf<ImageLocations.Service["list"]>>().toEqualTypeOf<OfImage>()
    expectTypeOf<ErrorsOf<ImageLocations.Service["register" | "add" | "remove" | "replace"]>>().toEqualTypeOf<
      OfImage | GlanceError.UpdateConflict
    >()
    expectTypeOf<ErrorsOf<ImageCache.Service["state" | "clean" | "prune"]>>().toEqualTypeOf<Lacking>()
    expectTypeOf<ErrorsOf<ImageCache.Service["queue" | "delete" | "nodes"]>>().toEqualTypeOf<OfImage>()
    expectTypeOf<ErrorsOf<ImageCache.Service["clear"]>>().toEqualTypeOf<Lacking | GlanceError.InvalidArgument>()
  })
})
