import { assert, it } from "@effect/vitest"
import { Glance } from "@effect-glance/core"
import { Fault, MemoryCloud, RequestLog } from "@effect-glance/memory"
import { Effect, Layer } from "effect"
import { retireOld } from "./retire.js"

const images = [
  { owner: "demo", name: "debian-12", data: "bytes", tags: ["old"] },
  { owner: "demo", name: "debian-13", data: "bytes" }
]

// A fresh cloud for each test.
const test = Layer.provideMerge(Glance.layer, MemoryCloud.layer({ images }))

it.effect("hides the images with the tag", () =>
  Effect.gen(function* () {
    const { images } = yield* Glance.Glance
    assert.strictEqual(yield* retireOld, 1)
    assert.strictEqual((yield* images.find({ name: "debian-12", osHidden: true })).osHidden, true)
  }).pipe(Effect.provide(test))
)

it.effect("tries an update again after a 503", () =>
  Effect.gen(function* () {
    const cloud = yield* MemoryCloud.MemoryCloud
    const fault = yield* cloud.inject({ method: "PATCH" }, Fault.status(503), { times: 2 })
    yield* retireOld
    assert.strictEqual(yield* fault.hits, 2)
    assert.strictEqual(RequestLog.select(yield* cloud.requests, { method: "PATCH" }).length, 3)
  }).pipe(Effect.provide(test))
)

it.effect("fails if the service stays unavailable", () =>
  Effect.gen(function* () {
    const cloud = yield* MemoryCloud.MemoryCloud
    yield* cloud.inject({ method: "PATCH" }, Fault.status(503), { times: Number.POSITIVE_INFINITY })
    assert.strictEqual((yield* Effect.flip(retireOld))._tag, "ServiceUnavailable")
  }).pipe(Effect.provide(test))
)
