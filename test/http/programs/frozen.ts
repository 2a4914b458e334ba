/** Runs operations that succeed and fail, and prints how they end. For a process of its own. */
import * as Glance from "@effect-glance/core/Glance"
import * as Image from "@effect-glance/core/Image"
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const missing = Effect.flatMap(Images.Images, (images) =>
  Effect.zipRight(images.list(), Effect.flip(images.get(Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001"))))
)

const unreachable = Cloud.layerToken({
  endpoint: "http://127.0.0.1:1",
  token: Redacted.make("a token"),
  retries: 0
}).pipe(Layer.provide(NodeTransport.layer))

const program = Effect.gen(function* () {
  const notFound = yield* Effect.provide(missing, Layer.provide(Glance.layer, MemoryCloud.layer()))
  const refused = yield* Effect.flatMap(Images.Images, (images) => Effect.flip(images.list())).pipe(
    Effect.provide(Layer.provide(Glance.layer, unreachable))
  )
  return [Object.isFrozen(Error), notFound._tag, refused._tag]
})

Effect.runPromise(program).then((ends) => console.log(JSON.stringify(ends)))
