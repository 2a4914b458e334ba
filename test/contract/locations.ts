import { createHash } from "node:crypto"
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Image from "@effect-glance/core/Image"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { newImage, Projects, type TheCloud } from "./cloud.js"
import { differences } from "./differences.js"
import { Web } from "./web.js"

const raw = { diskFormat: "raw", containerFormat: "bare" }
const nothing = Image.ImageId.make("00000000-0000-4000-8000-000000000000")

const hash = (algorithm: string, text: string) => createHash(algorithm).update(text).digest("hex")

const soon = Schedule.spaced("100 millis").pipe(Schedule.intersect(Schedule.recurs(300)))

const urls = (image: Image.Image) => Option.getOrThrow(image.locations).map(({ url }) => url)

export const locations = (it: Vitest.MethodsNonLive<Projects | TheCloud | Web, true>) => {
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
      const { [(yield* differences).locationDeleter]: deleter, alice } = yield* Projects
      const { page } = yield* Web
      const [one, two] = [(yield* page("12")).url, (yield* page("21")).url]
      const image = yield* newImage(alice, raw)
      yield* alice.locations.add(image, { url: one, metadata: { colour: "red" } })
      const both = yield* alice.locations.add(image, { url: two })
      assert.deepStrictEqual(urls(both), [one, two])
      const left = yield* deleter.locations.remove(image, two)
      assert.deepStrictEqual(urls(left), [one])
      assert.deepStrictEqual(Option.getOrThrow(left.locations)[0]?.metadata, { colour: "red", store: "web" })
      assert.deepStrictEqual(urls(yield* deleter.locations.remove(image, two)), [one])
      assert.strictEqual((yield* Effect.flip(deleter.locations.remove(image, one)))._tag, "Forbidden")
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

  it.scoped(
    "locations are registered by their own routes where a Glance has them, and it says so where it has not",
    () =>
      Effect.gen(function* () {
        const { admin, alice } = yield* Projects
        const { hasLocationRoutes } = yield* differences
        const { url } = yield* (yield* Web).page("registered")
        const image = yield* newImage(alice, raw)
        assert.strictEqual((yield* Effect.flip(alice.locations.list(nothing)))._tag, "ImageNotFound")
        assert.strictEqual((yield* Effect.flip(alice.locations.register(nothing, url)))._tag, "ImageNotFound")
        const listed = yield* Effect.flip(alice.locations.list(image))
        if (!hasLocationRoutes) {
          if (listed._tag !== "CapabilityMissing") return assert.fail(listed.message)
          assert.include(listed.capability, "v2.17")
          const registered = yield* Effect.flip(alice.locations.register(image, url))
          return assert.strictEqual(registered._tag, "CapabilityMissing")
        }
        assert.strictEqual(listed._tag, "Forbidden")
        // The policy is for members of the owning project and for services; an administrator is neither.
        assert.strictEqual((yield* Effect.flip(admin.locations.register(image, url)))._tag, "Forbidden")
        yield* alice.locations.register(image, url)
        yield* Effect.repeat(alice.tasks.listOf(image), {
          schedule: soon,
          until: ([task]) => task?.status === "success"
        })
        const placed = yield* alice.images.get(image)
        assert.deepStrictEqual([placed.status, urls(placed)], ["active", [url]])
        assert.deepStrictEqual(placed.osHashValue, Option.some(hash("sha512", "registered")))

        const wrong = yield* newImage(alice, raw)
        yield* alice.locations.register(wrong, url, { osHashAlgo: "sha512", osHashValue: "00".repeat(64) })
        yield* Effect.repeat(alice.tasks.listOf(wrong), {
          schedule: soon,
          until: ([task]) => task?.status === "failure"
        })
        const [task] = yield* alice.tasks.listOf(wrong)
        assert.strictEqual(task?.type, "location_import")
        const left = yield* alice.images.get(wrong)
        assert.deepStrictEqual([left.status, left.size, urls(left)], ["queued", Option.none(), [url]])
      })
  )
}
