import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as ImageData from "@effect-glance/core/ImageData"
import * as ImageSource from "@effect-glance/core/ImageSource"
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import { Config, Console, Effect, Layer } from "effect"

/** Sends a file as a new image, brings it back under another name, and deletes the image. */
const program = Effect.gen(function* () {
  const file = yield* Config.nonEmptyString("FILE")
  const data = yield* ImageData.ImageData
  const images = yield* Images.Images
  const attributes = { name: "there and back", diskFormat: "raw", containerFormat: "bare" }
  yield* Effect.acquireUseRelease(
    data.createWithData(attributes, ImageSource.file(file)),
    (image) => data.downloadTo(image, `${file}.copy`),
    (image) => Effect.orDie(images.delete(image))
  )
  yield* Console.log(`${file}.copy is what went there, byte for byte`)
})

program.pipe(
  Effect.provide(Layer.merge(ImageData.layer, Images.layer)),
  Effect.provide(Cloud.layerEnv()),
  Effect.provide(Layer.mergeAll(NodeTransport.layer, NodeHasher.layer, NodeContext.layer)),
  NodeRuntime.runMain
)
