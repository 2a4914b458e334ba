import { assert, it } from "@effect/vitest"
import { Images } from "@effect-glance/core"
import { Cloud, Keystone } from "@effect-glance/http"
import { Fault, MemoryCloud } from "@effect-glance/memory"
import { Effect, Fiber, Layer, Stream, TestClock } from "effect"

/** The whole client, with logins and retries, on a cloud in memory. No socket is opened. */
const imagesOf = (cloud: MemoryCloud.Service) =>
  Images.layer.pipe(
    Layer.provide(Cloud.layer()),
    Layer.provide(Keystone.layerPassword(MemoryCloud.credentials(cloud, { project: "demo" }))),
    Layer.provide(MemoryCloud.layerHttpClient(cloud))
  )

const count = Effect.flatMap(Images.Images, (images) => Stream.runCount(images.listAll()))

it.scoped("logs in again when the token is rejected", () =>
  Effect.gen(function* () {
    const cloud = yield* MemoryCloud.make()
    const layer = yield* Layer.build(imagesOf(cloud))
    yield* Effect.provide(count, layer)
    yield* cloud.expireTokens
    yield* Effect.provide(count, layer)
    assert.strictEqual(yield* cloud.logins, 2)
  })
)

it.scoped("waits for as long as the server asks for, and sends the request again", () =>
  Effect.gen(function* () {
    const cloud = yield* MemoryCloud.make()
    yield* cloud.inject({ path: "/v2/images" }, Fault.status(429, { headers: { "retry-after": "10" } }))
    const fiber = yield* Effect.fork(Effect.provide(count, imagesOf(cloud)))
    yield* TestClock.adjust("9 seconds")
    assert.isTrue((yield* Fiber.poll(fiber))._tag === "None")
    yield* TestClock.adjust("2 seconds")
    assert.strictEqual(yield* Fiber.join(fiber), 0)
  })
)
