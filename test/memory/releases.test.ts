import { createHash } from "node:crypto"
import { assert, it } from "@effect/vitest"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as ImageReleases from "@effect-glance/core/ImageReleases"
import * as ImageSource from "@effect-glance/core/ImageSource"
import * as Images from "@effect-glance/core/Images"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { releasesContract } from "../contract/releases.js"
import { theMemoryCloud } from "./theMemoryCloud.js"

releasesContract("releases on the memory cloud", theMemoryCloud, { times: 3 })

const bytes = new Uint8Array(1000).fill(7)
const hash = { algorithm: "sha512", value: createHash("sha512").update(bytes).digest("hex") }
const release = { name: "debian", diskFormat: "raw", containerFormat: "bare" } as const

/** A port on which each request, and each answer, takes up to a second. */
const slow = (http: GlanceClient.Service): GlanceClient.Service => {
  const pause = Effect.flatMap(Random.nextIntBetween(0, 1000), (millis) => Effect.sleep(millis))
  return {
    ...http,
    client: GlanceClient.makeClient((request) =>
      Effect.zipLeft(Effect.zipRight(pause, http.client.execute(request)), pause)
    )
  }
}

/** The clock goes on for as long as it takes. */
const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    while (Option.isNone(yield* Fiber.poll(fiber))) {
      yield* TestClock.adjust("1 second")
      // What computes hashes is not on this clock.
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
    return yield* fiber
  })

/** Some releases of one content at once, and what is there in the end. */
const race = (seed: string, count: number, interrupted: number) =>
  Effect.gen(function* () {
    const cloud = yield* MemoryCloud.make()
    const http = MemoryCloud.port(cloud)
    const { ensure } = yield* Effect.provide(
      ImageReleases.make,
      Layer.merge(Layer.succeed(GlanceClient.GlanceClient, slow(http)), NodeHasher.layer)
    )
    const fibers = yield* Effect.forEach(Array.from({ length: count + interrupted }), () =>
      Effect.fork(ensure(release, ImageSource.bytes(bytes), { hash }))
    )
    // Some are called off at some moment.
    for (const fiber of fibers.slice(count)) {
      yield* Effect.sleep(yield* Random.nextIntBetween(0, 5000))
      yield* Fiber.interrupt(fiber)
    }
    const ensured = yield* Fiber.joinAll(fibers.slice(0, count))
    const images = yield* Effect.provideService(Images.make, GlanceClient.GlanceClient, http)
    const all = (osHidden: boolean) =>
      Effect.map(Stream.runCollect(images.listAll({ osHidden })), Chunk.toReadonlyArray)
    return { ensured, visible: yield* all(false), hidden: yield* all(true) }
  }).pipe(Effect.withRandom(Random.make(seed)), inTime, Effect.scoped)

it.effect(
  "of two at once comes one image, a hundred times, whatever the pace",
  () =>
    Effect.gen(function* () {
      let found = 0
      for (let seed = 0; seed < 100; seed++) {
        const { ensured, hidden, visible } = yield* race(`race ${seed}`, 2, 0)
        assert.strictEqual(visible.length, 1, `race ${seed}`)
        assert.deepStrictEqual(hidden, [])
        assert.deepStrictEqual(
          ensured.map(({ image }) => [image.id, image.status]),
          Array.from({ length: 2 }, () => [visible[0]?.id, "active"])
        )
        found += ensured.filter(({ created }) => !created).length
      }
      // Most of the time the two really met.
      assert.isAtLeast(found, 50)
    }),
  120_000
)

it.effect(
  "of five at once, three of which are called off in the middle, comes one image, twenty times",
  () =>
    Effect.gen(function* () {
      for (let seed = 0; seed < 20; seed++) {
        const { ensured, hidden, visible } = yield* race(`calling off ${seed}`, 2, 3)
        assert.deepStrictEqual([visible.length, hidden.length], [1, 0], `calling off ${seed}`)
        for (const { image } of ensured) assert.strictEqual(image.id, visible[0]?.id)
      }
    }),
  120_000
)
