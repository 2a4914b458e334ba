import { createHash } from "node:crypto"
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Image from "@effect-glance/core/Image"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { newImage, Projects } from "./cloud.js"
import { Web } from "./web.js"

const raw = { diskFormat: "raw", containerFormat: "bare" }
const nothing = Image.ImageId.make("00000000-0000-4000-8000-000000000000")

const hash = (algorithm: string, text: string) => createHash(algorithm).update(text).digest("hex")

const urls = (image: Image.Image) => Option.getOrThrow(image.locations).map(({ url }) => url)

export const locations = (it: Vitest.MethodsNonLive<Projects | Web, true>) => {
  it.scoped("a queued image becomes active by a location, with the hashes that the caller vouches for", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { url } = yield* (yield* Web).page("elsewhere")
      const image = yield* newImage(alice, raw)
      const placed = yield* alice.locations.add(image, {
        url,
        validation: {
          checksum: hash("md5", "elsewhere"),
          osHashAlgo: "sha512",
          osHashValue: hash("sha512", "elsewhere")
        }
      })
      assert.deepStrictEqual([placed.status, placed.size, placed.stores], ["active", Option.some(9), ["web"]])
      assert.deepStrictEqual(placed.osHashValue, Option.some(hash("sha512", "elsewhere")))
      assert.deepStrictEqual(urls(placed), [url])
    })
  )

  it.scoped("locations are added and removed by their URL, up to the last one", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { page } = yield* Web
      const [one, two] = [(yield* page("12")).url, (yield* page("21")).url]
      const image = yield* newImage(alice, raw)
      yield* alice.locations.add(image, { url: one, metadata: { colour: "red" } })
      const both = yield* alice.locations.add(image, { url: two })
      assert.deepStrictEqual(urls(both), [one, two])
      const left = yield* alice.locations.remove(image, two)
      assert.deepStrictEqual(urls(left), [one])
      assert.deepStrictEqual(Option.getOrThrow(left.locations)[0]?.metadata, { colour: "red", store: "web" })
      assert.deepStrictEqual(urls(yield* alice.locations.remove(image, two)), [one])
      assert.strictEqual((yield* Effect.flip(alice.locations.remove(image, one)))._tag, "Forbidden")
    })
  )

  it.scoped("locations are replaced where there were none, and then by themselves only", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { page } = yield* Web
      const [one, two] = [(yield* page("12")).url, (yield* page("21")).url]
      const image = yield* newImage(alice, raw)
      const placed = yield* alice.locations.replace(image, [{ url: one }, { url: two }])
      assert.deepStrictEqual([placed.status, [...urls(placed)].sort()], ["active", [one, two].sort()])
      const other = yield* Effect.flip(alice.locations.replace(image, [{ url: one }]))
      assert.strictEqual(other._tag, "BadRequest")
    })
  )

  it.scoped("a location where there is nothing, or that does not agree, is refused", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { nothing: nowhere, page } = yield* Web
      const { url } = yield* page("x")
      const image = yield* newImage(alice, raw)
      const refused = (location: Parameters<typeof alice.locations.add>[1]) =>
        Effect.map(Effect.flip(alice.locations.add(image, location)), ({ _tag }) => _tag)
      assert.strictEqual(yield* refused({ url: nowhere }), "BadRequest")
      assert.strictEqual(yield* refused({ url: "file:///etc/passwd" }), "BadRequest")
      const short = { osHashAlgo: "sha512", osHashValue: "abcd" }
      assert.strictEqual(yield* refused({ url, validation: short }), "UpdateConflict")
      assert.strictEqual((yield* alice.images.get(image)).status, "queued")
      const missing = yield* Effect.flip(alice.locations.add(nothing, { url }))
      assert.strictEqual(missing._tag, "ImageNotFound")
    })
  )

  it.scoped("a Glance that is older than the routes of locations lacks them", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice, raw)
      const listed = yield* Effect.flip(alice.locations.list(image))
      if (listed._tag !== "CapabilityMissing") return assert.fail(listed.message)
      assert.include(listed.capability, "v2.17")
      const registered = yield* Effect.flip(alice.locations.register(image, "http://127.0.0.1/x"))
      assert.strictEqual(registered._tag, "CapabilityMissing")
      assert.strictEqual((yield* Effect.flip(alice.locations.list(nothing)))._tag, "ImageNotFound")
      assert.strictEqual(
        (yield* Effect.flip(alice.locations.register(nothing, "http://127.0.0.1/x")))._tag,
        "ImageNotFound"
      )
    })
  )
}
