/** What came after the release that the contract is held against, over the client's own services. */
import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import {
  Discovery,
  GlanceClient,
  type GlanceError,
  ImageCache,
  ImageImport,
  ImageLocations,
  Images
} from "@effect-glance/core"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

const bytes = new TextEncoder().encode("elsewhere")
const osHashValue = createHash("sha512").update(bytes).digest("hex")
const url = "https://mirror.test/disk"

const cloud = MemoryCloud.make({
  locationRoutes: true,
  cacheRoutes: true,
  importDuration: "1 minute",
  images: [{ owner: "demo", name: "cached", data: "hello" }],
  fetchUri: (uri) =>
    uri === url ? Effect.succeed({ size: bytes.length, body: Stream.make(bytes) }) : Effect.fail({ message: "404" })
})

const services = (memory: MemoryCloud.Service, options?: MemoryCloud.PortOptions) =>
  Effect.all({
    images: Images.make,
    imports: ImageImport.make,
    locations: ImageLocations.make,
    cache: ImageCache.make,
    discovery: Discovery.make
  }).pipe(Effect.provideService(GlanceClient.GlanceClient, MemoryCloud.port(memory, options)))

describe("locations by routes of their own", () => {
  it.scoped("are registered by the owner, read in the cloud's time, and shown to services", () =>
    Effect.gen(function* () {
      const memory = yield* cloud
      const demo = yield* services(memory)
      const service = yield* services(memory, { roles: ["service", "member"] })
      const image = yield* demo.images.create({ diskFormat: "raw", containerFormat: "bare" })
      yield* demo.locations.register(image, url, { osHashAlgo: "sha512", osHashValue })
      const again = yield* Effect.flip(demo.locations.register(image, url))
      assert.strictEqual(again._tag, "UpdateConflict")
      const waiting = yield* Effect.fork(demo.imports.await(image))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* waiting).status, "active")
      const [location, ...more] = yield* service.locations.list(image)
      assert.deepStrictEqual([location?.url, location?.metadata, more], [url, { store: "web" }, []])
      assert.strictEqual((yield* Effect.flip(demo.locations.list(image)))._tag, "Forbidden")
      assert.isTrue((yield* demo.discovery.versions).has("v2.17"))
    })
  )

  it.scoped("whose data are not what was vouched for leave the image queued", () =>
    Effect.gen(function* () {
      const { images, imports, locations } = yield* services(yield* cloud)
      const image = yield* images.create({ diskFormat: "raw", containerFormat: "bare" })
      yield* locations.register(image, url, { osHashAlgo: "sha512", osHashValue: "00".repeat(64) })
      const waiting = yield* Effect.fork(Effect.flip(imports.await(image)))
      yield* TestClock.adjust("2 minutes")
      const failed = yield* waiting
      assert.strictEqual(failed._tag === "ImportFailed" ? failed.imageStatus : failed._tag, "queued")
      const bad = yield* Effect.flip(locations.register(image, url, { osHashAlgo: "sha512", osHashValue: "xyz" }))
      assert.strictEqual(bad._tag === "InvalidArgument" ? bad.argument : bad._tag, "validation.osHashValue")
    })
  )
})

describe("locations in the record", () => {
  it.scoped("cannot be changed where the cloud does not show them", () =>
    Effect.gen(function* () {
      const { images, locations } = yield* services(yield* cloud)
      const image = yield* images.create({ diskFormat: "raw", containerFormat: "bare" })
      for (const attempt of [
        locations.add(image, { url }),
        locations.replace(image, [{ url }]),
        locations.remove(image, url)
      ]) {
        const missing = yield* Effect.flip(attempt)
        assert(missing._tag === "CapabilityMissing", missing.message)
        assert.strictEqual(missing.capability, "the locations of images in their records")
      }
    })
  )

  it.scoped("are wanted with hashes in hex, and not empty", () =>
    Effect.gen(function* () {
      const memory = yield* cloud
      const { images, locations } = yield* services(memory)
      const image = yield* images.create({ diskFormat: "raw", containerFormat: "bare" })
      const asked = (yield* memory.requests).length
      const cases = [
        [locations.add(image, { url: "" }), "location.url"],
        [locations.add(image, { url, metadata: "x" as never }), "location.metadata"],
        [
          locations.add(image, { url, validation: { checksum: "xyz", osHashAlgo: "sha512", osHashValue } }),
          "location.validation.checksum"
        ],
        [locations.replace(image, []), "locations"],
        [locations.replace(image, [{ url }, { url: "" }]), "locations[1].url"]
      ] as const
      for (const [attempt, argument] of cases) {
        const error = yield* Effect.flip(attempt)
        assert.strictEqual(error._tag === "InvalidArgument" ? error.argument : error._tag, argument)
      }
      assert.strictEqual((yield* memory.requests).length, asked)
    })
  )
})

describe("the upkeep of the cache", () => {
  it.scoped("is there, and tells which nodes have an image", () =>
    Effect.gen(function* () {
      const memory = yield* cloud
      const { cache, discovery, images } = yield* services(memory, { project: "admin", user: "admin" })
      const image = yield* images.find({ name: "cached", visibility: "all" })
      assert.isTrue((yield* discovery.versions).has("v2.18"))
      assert.deepStrictEqual(yield* cache.nodes(image), [])
      yield* cache.queue(image)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* cache.nodes(image), ["http://glance.memory"])
      yield* cache.clean
      assert.deepStrictEqual(yield* cache.prune, { files: 0, bytes: 0 })
      assert.strictEqual((yield* cache.state).cached.length, 1)
      const member = yield* services(memory)
      const attempts: ReadonlyArray<Effect.Effect<unknown, GlanceError.GlanceError>> = [
        member.cache.clean,
        member.cache.prune,
        member.cache.nodes(image)
      ]
      for (const attempt of attempts) {
        assert.strictEqual((yield* Effect.flip(attempt))._tag, "Forbidden")
      }
    })
  )

  it.scoped("is missing where there is no cache at all", () =>
    Effect.gen(function* () {
      const memory = yield* MemoryCloud.make({ cache: false })
      const { cache } = yield* services(memory, { project: "admin", user: "admin" })
      for (const attempt of [cache.state, cache.clear("queue"), cache.clean]) {
        const missing = yield* Effect.flip(attempt)
        assert.strictEqual(missing._tag, "CapabilityMissing")
      }
      const missing = yield* Effect.flip(cache.state)
      assert.include(missing.message, "lacks a cache that the API manages (Caching via API is not supported")
    })
  )
})

describe("glance-download", () => {
  it.scoped("takes an image over from another region", () =>
    Effect.gen(function* () {
      const memory = yield* MemoryCloud.make({
        regions: ["North", "South"],
        images: [{ region: "South", owner: "demo", name: "far", data: "from far", diskFormat: "qcow2" }]
      })
      const north = yield* services(memory, { region: "North" })
      const south = yield* services(memory, { region: "South" })
      const far = yield* south.images.find({ name: "far" })
      const near = yield* north.images.create({ diskFormat: "raw", containerFormat: "bare" })
      const waiting = yield* Effect.fork(north.imports.importAndWait(near, ImageImport.glanceDownload("south", far)))
      yield* TestClock.adjust("1 minute")
      const image = yield* waiting
      assert.deepStrictEqual([image.status, image.checksum, image.diskFormat], ["active", far.checksum, far.diskFormat])
    })
  )
})
