import { assert, it } from "@effect/vitest"
import * as Glance from "@effect-glance/core/Glance"
import { Fault, MemoryCloud } from "@effect-glance/memory"
import { Chunk, Effect, Fiber, Layer, Stream, TestClock } from "effect"
import { mirror } from "./mirror.js"

const url = "https://mirror.example/debian.qcow2"

const test = Layer.provideMerge(
  Glance.layer,
  MemoryCloud.layer({
    importDuration: "1 minute",
    fetchUri: () => Effect.succeed({ size: 10, body: Stream.make(new TextEncoder().encode("not a disk")) })
  })
)

const told = Effect.gen(function* () {
  const fiber = yield* Effect.fork(Stream.runCollect(mirror("debian", url)))
  yield* TestClock.adjust("10 minutes")
  return Chunk.toReadonlyArray(yield* fiber)
})

it.effect("a mirrored image comes into every store", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* told, [
      "importing, 2 stores to go",
      "importing, 1 stores to go",
      "active, 0 stores to go"
    ])
  }).pipe(Effect.provide(test))
)

it.effect("an image that could not be mirrored is deleted, and the reason is told", () =>
  Effect.gen(function* () {
    const cloud = yield* MemoryCloud.MemoryCloud
    yield* cloud.injectImport(Fault.importFails("the disk is full"), { where: ({ store }) => store === "slow" })
    assert.strictEqual((yield* told).at(-1), "the disk is full, and the image is deleted")
    assert.deepStrictEqual(yield* cloud.images, [])
  }).pipe(Effect.provide(test))
)

it.effect("an image whose mirroring is interrupted is deleted", () =>
  Effect.gen(function* () {
    const cloud = yield* MemoryCloud.MemoryCloud
    const fiber = yield* Effect.fork(Stream.runDrain(mirror("debian", url)))
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual((yield* cloud.images).length, 1)
    yield* Fiber.interrupt(fiber)
    assert.deepStrictEqual(yield* cloud.images, [])
  }).pipe(Effect.provide(test))
)
