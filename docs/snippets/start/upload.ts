import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { ImageData, ImageSource, Images } from "@effect-glance/core"
import { NodeCloud, NodeHasher } from "@effect-glance/node"
import { Config, Console, Effect, Layer, Option, Stream } from "effect"

const program = Effect.gen(function* () {
  const file = yield* Config.nonEmptyString("FILE")
  const images = yield* Images.Images
  const data = yield* ImageData.ImageData
  const image = yield* images.create({ name: file, diskFormat: "raw", containerFormat: "bare" })
  yield* Stream.runForEach(data.uploadWithProgress(image, ImageSource.file(file)), ({ bytes, result, total }) =>
    Option.match(result, {
      onNone: () => Console.log(`${Math.floor((100 * bytes) / Option.getOrElse(total, () => bytes))} %`),
      onSome: ({ status }) => Console.log(status)
    })
  )
})

const live = Layer.merge(Images.layer, ImageData.layer).pipe(
  Layer.provide([NodeCloud.layerEnv(), NodeHasher.layer]),
  Layer.merge(NodeFileSystem.layer)
)

NodeRuntime.runMain(Effect.provide(program, live))
