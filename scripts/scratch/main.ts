// What a user's project does first: it is compiled and run against the packed packages.
import * as Glance from "@effect-glance/core/Glance"
import * as Images from "@effect-glance/core/Images"
import { Cloud, Keystone } from "@effect-glance/http"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import { NodeMemoryServer, NodeTransport } from "@effect-glance/node"
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
  const { authUrl } = yield* NodeMemoryServer.serve(cloud)
  const port = Cloud.layer().pipe(
    Layer.provide(Keystone.layerPassword({ ...MemoryCloud.credentials(cloud), authUrl })),
    Layer.provide(NodeTransport.layer)
  )
  return yield* Effect.provide(program, Layer.provide(Glance.layer, port))
}).pipe(Effect.scoped)

/** Fails if the package exports the module. */
const expectClosed = async (module: string) => {
  const code = await import(module).then(
    () => "none",
    (error) => error.code
  )
  if (code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw new Error(`${module} is not closed: ${code}`)
}

for (const name of ["core", "http", "memory", "node"]) await expectClosed(`@effect-glance/${name}/index`)
for (const module of ["bin", "internal/command"]) await expectClosed(`@effect-glance/node/${module}`)

const name = await Effect.runPromise(main)
if (name !== "second") throw new Error(`the image is called ${name}`)
console.log(`the image is called ${name}`)
