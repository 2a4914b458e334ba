import { assert, it } from "@effect/vitest"
import * as Glance from "@effect-glance/core/Glance"
import { ImageId } from "@effect-glance/core/Image"
import * as Images from "@effect-glance/core/Images"
import { Fault, MemoryCloud, RequestLog } from "@effect-glance/memory"
import { Effect, Layer, Option } from "effect"
import { promote } from "./promote.js"

const [oldId, newId] = ["0a4f0c3e-0000-4000-8000-000000000001", "0a4f0c3e-0000-4000-8000-000000000002"]

const images = [
  { id: oldId, owner: "demo", name: "debian", data: "old" },
  { id: newId, owner: "demo", name: "debian-13.2", data: "new" }
]

// A fresh cloud for each test, and all of the Image API on it.
const test = Layer.provideMerge(Glance.layer, MemoryCloud.layer({ images }))

it.effect("a promoted image takes the name, and the old one is hidden", () =>
  Effect.gen(function* () {
    yield* promote(ImageId.make(newId), "debian")
    const found = yield* (yield* Images.Images).find({ name: "debian" })
    assert.strictEqual(found.id, newId)
  }).pipe(Effect.provide(test))
)

it.effect("the old image is shown again when the new one cannot be renamed", () =>
  Effect.gen(function* () {
    const cloud = yield* MemoryCloud.MemoryCloud
    yield* cloud.inject({ method: "PATCH", path: `/v2/images/${newId}` }, Fault.status(503))
    const error = yield* Effect.flip(promote(ImageId.make(newId), "debian"))
    assert.strictEqual(error._tag, "ServiceUnavailable")
    const found = yield* (yield* Images.Images).find({ name: "debian" })
    assert.deepStrictEqual([found.id, Option.getOrNull(found.name)], [oldId, "debian"])
    assert.strictEqual(RequestLog.select(yield* cloud.requests, { method: "PATCH" }).length, 3)
  }).pipe(Effect.provide(test))
)
