import { assert, it } from "@effect/vitest"
import * as Images from "@effect-glance/core/Images"
import { MemoryCloud } from "@effect-glance/memory"
import { Effect, Layer } from "effect"
import { activeNames } from "./active.js"

const images = [
  { owner: "demo", name: "debian", data: "bits" },
  { owner: "demo", name: "alpine", data: "bits" },
  { owner: "demo", name: "without data" }
]

it.effect("the active images are named in order", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* activeNames, ["alpine", "debian"])
  }).pipe(Effect.provide(Layer.provide(Images.layer, MemoryCloud.layer({ images }))))
)
