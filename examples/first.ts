import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Glance from "@effect-glance/core/Glance"
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import { Console, Effect, Layer, Option, Stream } from "effect"

const program = Effect.gen(function* () {
  const images = yield* Images.Images
  yield* images.listAll({ status: "active", sort: [{ key: "name", direction: "asc" }] }).pipe(
    Stream.take(100),
    Stream.runForEach(({ id, name }) =>
      Console.log(
        id,
        Option.getOrElse(name, () => "(no name)")
      )
    )
  )
})

// The cloud that the OS_* variables name, over undici.
const cloud = Layer.provide(Cloud.layerEnv, NodeHttpClient.layerUndici)

program.pipe(Effect.provide(Layer.provide(Glance.layer, cloud)), NodeRuntime.runMain)
