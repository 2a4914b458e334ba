import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Image from "@effect-glance/core/Image"
import * as ImageImport from "@effect-glance/core/ImageImport"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { newImage, Projects, type TheCloud } from "./cloud.js"
import { differences } from "./differences.js"

const raw = { diskFormat: "raw", containerFormat: "bare" }
const nothing = Image.ImageId.make("00000000-0000-4000-8000-000000000000")

export const stores = (it: Vitest.MethodsNonLive<Projects | TheCloud, true>) => {
  it.scoped("an administrator sees what the stores are made of, a member what they are called", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const listed = yield* alice.stores.list
      assert.deepStrictEqual(
        listed.map(({ id, isDefault, isReadOnly }) => [id, isDefault, isReadOnly]),
        [
          ["fast", true, false],
          ["slow", false, false],
          ["web", false, true]
        ]
      )
      assert.isTrue(listed.every(({ properties, type }) => Option.isNone(type) && Option.isNone(properties)))
      const detailed = yield* admin.stores.listDetails
      assert.deepStrictEqual(
        detailed.map(({ id, type }) => [id, Option.getOrNull(type)]),
        [
          ["fast", "file"],
          ["slow", "file"],
          ["web", "http"]
        ]
      )
      assert.property(Option.getOrThrow(detailed[0]?.properties ?? Option.none()), "data_dir")
      assert.strictEqual((yield* Effect.flip(alice.stores.listDetails))._tag, "Forbidden")
    })
  )

  it.scoped("a copy is taken out of a store, but never the last one", () =>
    Effect.gen(function* () {
      const { [(yield* differences).locationDeleter]: deleter, admin, alice, bob } = yield* Projects
      const image = yield* newImage(alice, raw)
      const early = yield* Effect.flip(deleter.stores.deleteImage("fast", image))
      assert.strictEqual(early._tag, "ImageInUse", "without data")
      yield* alice.give(image, "data")
      yield* admin.imports.importAndWait(image, ImageImport.copyImage, { stores: ["slow"] })
      yield* deleter.stores.deleteImage("fast", image)
      assert.deepStrictEqual((yield* alice.images.get(image)).stores, ["slow"])
      assert.strictEqual((yield* Effect.flip(deleter.stores.deleteImage("slow", image)))._tag, "Forbidden")
      yield* admin.imports.importAndWait(image, ImageImport.copyImage, { stores: ["fast"] })
      const absent = yield* Effect.flip(deleter.stores.deleteImage("web", image))
      if (absent._tag !== "ImageNotInStore") return assert.fail(absent.message)
      assert.deepStrictEqual([absent.store, absent.imageId], ["web", image.id])
      const unknown = yield* Effect.flip(deleter.stores.deleteImage("nowhere", image))
      if (unknown._tag !== "InvalidArgument") return assert.fail(unknown.message)
      assert.include(unknown.message, "one of fast, slow, web")
      assert.strictEqual((yield* Effect.flip(deleter.stores.deleteImage("fast", nothing)))._tag, "ImageNotFound")
      assert.strictEqual((yield* Effect.flip(bob.stores.deleteImage("fast", image)))._tag, "ImageNotFound")
    })
  )
}
