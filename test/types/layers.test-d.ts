import {
  Glance,
  type GlanceClient,
  type ImageCreation,
  ImageData,
  ImageMembers,
  type ImageReleases,
  ImageSchemas,
  Images,
  ImageTags,
  ImageTasks
} from "@effect-glance/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expectTypeOf, it } from "vitest"

describe("each layer needs the port and nothing else", () => {
  it("one by one", () => {
    expectTypeOf(Images.layer).toEqualTypeOf<Layer.Layer<Images.Images, never, GlanceClient.GlanceClient>>()
    expectTypeOf(ImageMembers.layer).toEqualTypeOf<
      Layer.Layer<ImageMembers.ImageMembers, never, GlanceClient.GlanceClient>
    >()
    expectTypeOf(ImageTags.layer).toEqualTypeOf<Layer.Layer<ImageTags.ImageTags, never, GlanceClient.GlanceClient>>()
    expectTypeOf(ImageTasks.layer).toEqualTypeOf<Layer.Layer<ImageTasks.ImageTasks, never, GlanceClient.GlanceClient>>()
    expectTypeOf(ImageSchemas.layer).toEqualTypeOf<
      Layer.Layer<ImageSchemas.ImageSchemas, never, GlanceClient.GlanceClient>
    >()
  })

  it("the layers that hash image data need no hasher", () => {
    expectTypeOf(ImageData.layer).toEqualTypeOf<Layer.Layer<ImageData.ImageData, never, GlanceClient.GlanceClient>>()
    expectTypeOf<Layer.Layer.Context<typeof ImageCreation.layer>>().toEqualTypeOf<GlanceClient.GlanceClient>()
    expectTypeOf<Layer.Layer.Context<typeof ImageReleases.layer>>().toEqualTypeOf<GlanceClient.GlanceClient>()
  })

  it("and the makers as well", () => {
    expectTypeOf(Images.make).toEqualTypeOf<Effect.Effect<Images.Service, never, GlanceClient.GlanceClient>>()
    expectTypeOf(ImageTags.make).toEqualTypeOf<Effect.Effect<ImageTags.Service, never, GlanceClient.GlanceClient>>()
    expectTypeOf(ImageTasks.make).toEqualTypeOf<Effect.Effect<ImageTasks.Service, never, GlanceClient.GlanceClient>>()
  })

  it("all at once", () => {
    expectTypeOf<Layer.Layer.Context<typeof Glance.layer>>().toEqualTypeOf<GlanceClient.GlanceClient>()
    expectTypeOf<Layer.Layer.Error<typeof Glance.layer>>().toBeNever()
    expectTypeOf<
      | Images.Images
      | ImageMembers.ImageMembers
      | ImageTags.ImageTags
      | ImageTasks.ImageTasks
      | ImageSchemas.ImageSchemas
    >().toExtend<Layer.Layer.Success<typeof Glance.layer>>()
  })

  it("so that a program over a port needs nothing more", () => {
    const program = Effect.flatMap(Images.Images, (images) => images.list())
    const port = {} as Layer.Layer<GlanceClient.GlanceClient>
    const whole = program.pipe(Effect.provide(Layer.provide(Glance.layer, port)))
    expectTypeOf<Effect.Effect.Context<typeof whole>>().toBeNever()
    // @ts-expect-error without the port it cannot run
    Effect.runPromise(program.pipe(Effect.provide(Images.layer)))
  })
})
