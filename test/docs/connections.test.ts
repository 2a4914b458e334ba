import { readFileSync } from "node:fs"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, it } from "@effect/vitest"
import { Images } from "@effect-glance/core"
import { Identity, Keystone } from "@effect-glance/http"
import { Fault, MemoryCloud, RequestLog } from "@effect-glance/memory"
import { NodeMemoryServer } from "@effect-glance/node"
import { Chunk, ConfigProvider, Effect, Layer, Option, Redacted, Stream } from "effect"
import * as Clients from "../../docs/snippets/clients.js"
import * as Clouds from "../../docs/snippets/clouds.js"
import * as Concepts from "../../docs/snippets/concepts.js"
import * as Limits from "../../docs/snippets/limits.js"
import * as Rackspace from "../../docs/snippets/rackspace.js"
import * as Runtimes from "../../docs/snippets/runtimes.js"
import * as Server from "../../docs/snippets/server.js"
import * as Faults from "../../docs/snippets/testing/faults.js"
import { cloud, ended } from "../support/docs.js"
import { textFile } from "../support/examples.js"

const count = Effect.flatMap(Images.Images, (images) => Stream.runCount(images.listAll()))
const names = Effect.flatMap(Images.Images, (images) =>
  Effect.map(Stream.runCollect(images.listAll()), (all) =>
    Chunk.toReadonlyArray(Chunk.map(all, ({ name }) => Option.getOrElse(name, () => "")))
  )
)

/** A cloud on a socket with two regions, and the variables of the pages. */
const twoRegions = Effect.gen(function* () {
  const memory = yield* MemoryCloud.make({
    regions: ["north", "south"],
    images: ["north", "south"].map((region) => ({ owner: "demo", name: `debian-${region}`, region }))
  })
  return yield* NodeMemoryServer.serve(memory)
})

it.scopedLive("the clouds.yaml of the documentation names a cloud with two regions", () =>
  Effect.gen(function* () {
    const server = yield* twoRegions
    const yaml = readFileSync(new URL("../../docs/snippets/clouds.yaml", import.meta.url), "utf8")
    const file = yield* textFile("clouds.yaml", yaml.replaceAll("https://keystone.example/v3", server.authUrl))
    const variables = Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["OS_CLIENT_CONFIG_FILE", file]])))
    const result = yield* Effect.provide(Clouds.compare(names), variables)
    assert.deepStrictEqual(result, { north: ["debian-north"], south: ["debian-south"] })
    for (const live of [Clouds.prod, Clouds.prodWithClient]) {
      assert.strictEqual(yield* Effect.provide(count, Layer.provide(Layer.fresh(live), variables)), 1)
    }
    const environment = Layer.setConfigProvider(
      ConfigProvider.fromMap(new Map(Object.entries(server.environment({ project: "demo" }))))
    )
    assert.strictEqual(yield* Effect.provide(count, Layer.provide(Clouds.env, environment)), 1)
  })
)

it.scoped("the pages about concepts, limits and clients connect to a cloud", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryCloud.make()
    const { apiKey: _, ...credentials } = MemoryCloud.credentials(memory, { project: "demo" })
    const variables = Layer.setConfigProvider(
      ConfigProvider.fromMap(
        new Map([
          ["OS_AUTH_URL", credentials.authUrl],
          ["OS_USERNAME", credentials.username],
          ["OS_PASSWORD", Redacted.value(credentials.password)],
          ["OS_PROJECT_NAME", credentials.projectName]
        ])
      )
    )
    for (const live of [Limits.patient, Limits.gentle, Clients.named]) {
      const layer = Images.layer.pipe(
        Layer.fresh,
        Layer.provide(live),
        Layer.provide(MemoryCloud.layerHttpClient(memory)),
        Layer.provide(variables)
      )
      assert.strictEqual(yield* Effect.provide(count, layer), 0)
    }
    const agents = (yield* memory.requests).map(({ headers }) => headers["user-agent"])
    assert.deepStrictEqual(agents.slice(-2), ["nightly-report/1.0", "nightly-report/1.0"])
  })
)

it.effect("the page about concepts counts images with a service and with the facade", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* Concepts.count, 0)
    assert.strictEqual(yield* Concepts.countWithFacade, 0)
    assert.strictEqual(yield* Concepts.countOrZero, 0)
    assert.isFunction(Concepts.counted.pipe)
  }).pipe(Effect.provide(cloud()))
)

it.effect("the page about custom clients has a port without images", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* count, 0)
  }).pipe(Effect.provide(Layer.provide(Images.layer, Clients.emptyCloud)))
)

it.effect(
  "the guide to retries deletes an image when it is no longer in use, and skips work while a circuit is open",
  () =>
    Effect.gen(function* () {
      const memory = yield* MemoryCloud.MemoryCloud
      const images = yield* Images.Images
      const image = yield* images.create({ name: "debian" })
      yield* memory.inject({ method: "DELETE" }, Fault.status(409), { times: 2 })
      yield* ended(Limits.deleteWhenPossible(image))
      assert.lengthOf(RequestLog.select(yield* memory.requests, { method: "DELETE" }), 3)
      assert.deepStrictEqual(yield* Limits.orSkip(Effect.succeed(1)), Option.some(1))
    }).pipe(Effect.provide(cloud()))
)

it.effect("the guide to Rackspace exports an image, and asks for the container", () =>
  Effect.gen(function* () {
    const id = "0a4f0c3e-0000-4000-8000-000000000001"
    const task = yield* ended(Rackspace.backup(id, "exports"))
    assert.strictEqual(task.status, "success")
    assert.isTrue((yield* Effect.exit(Rackspace.backup(id, "missing")))._tag === "Failure")
  }).pipe(
    Effect.provide(
      cloud({
        flavour: "rackspace",
        images: [
          { id: "0a4f0c3e-0000-4000-8000-000000000001", owner: "demo", name: "d", data: "bytes", diskFormat: "vhd" }
        ],
        containers: { demo: ["exports"] }
      })
    )
  )
)

it.scopedLive("the guide to runtimes uploads a File with a token", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryCloud.make()
    const server = yield* NodeMemoryServer.serve(memory)
    const { token } = yield* Effect.flatMap(Identity.Identity, ({ session }) => session).pipe(
      Effect.provide(
        Keystone.layerPassword({ ...MemoryCloud.credentials(memory, { project: "demo" }), authUrl: server.authUrl })
      ),
      Effect.provide(FetchHttpClient.layer)
    )
    const image = yield* Effect.provide(
      Runtimes.uploadFile(new File(["no partition table"], "disk.raw")),
      Runtimes.cloud(server.imageUrl, Redacted.value(token))
    )
    assert.deepStrictEqual([image.status, image.name], ["active", Option.some("disk.raw")])
  })
)

it.scopedLive("the guide to the memory server prints variables to log in with", () =>
  Effect.gen(function* () {
    const variables = yield* Server.served
    assert.include(variables["OS_AUTH_URL"], "http://127.0.0.1:")
  })
)

it.scoped("the guide to tests injects each fault", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryCloud.make()
    assert.lengthOf(yield* Faults.injectAll(memory), 12)
    assert.strictEqual(Faults.unreliable._tag, "Choose")
  })
)
