// What a user's project does first: it is compiled and run against the packed packages.
import * as Glance from "@effect-glance/core/Glance"
import * as Images from "@effect-glance/core/Images"
import { Cloud, Keystone } from "@effect-glance/http"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

const program = Effect.gen(function* () {
  const images = yield* Images.Images
  const { id } = yield* images.create({ name: "first" })
  const { name } = yield* images.update(id, { name: "second" })
  return Option.getOrElse(name, () => "no name")
})

const main = Effect.gen(function* () {
  const cloud = yield* MemoryCloud.make()
  const port = Cloud.layer().pipe(
    Layer.provide(Keystone.layerPassword(MemoryCloud.credentials(cloud))),
    Layer.provide(MemoryCloud.layerHttpClient(cloud))
  )
  return yield* Effect.provide(program, Layer.provide(Glance.layer, port))
}).pipe(Effect.scoped)

Effect.runPromise(main).then((name) => {
  if (name !== "second") throw new Error(`the image is called ${name}`)
  console.log(`the image is called ${name}`)
})
