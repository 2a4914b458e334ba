import { Glance, type Image, ImageChanges, ImageSource } from "@effect-glance/core"
import { NodeCloud } from "@effect-glance/node"
import { Context, Effect, Layer, Option } from "effect"

/** Streams an image from one cloud to the other. Nothing is stored in between. */
export const copy = (from: Glance.Service, to: Glance.Service, image: Image.Image) =>
  to.data.createWithData(
    { ...ImageChanges.fromImage(image), visibility: "private" },
    ImageSource.stream(from.data.download(image), { size: Option.getOrUndefined(image.size), replayable: true })
  )

/** The services of a cloud of clouds.yaml, as long as the scope is open. */
const glanceOf = (cloud: string) =>
  Effect.map(Layer.build(Layer.provide(Glance.layer, NodeCloud.layerCloudsYaml(cloud))), Context.get(Glance.Glance))

export const program = Effect.gen(function* () {
  const from = yield* glanceOf("north")
  const to = yield* glanceOf("south")
  return yield* copy(from, to, yield* from.images.findNewest({ name: "debian" }))
}).pipe(Effect.scoped)
