import { assert, describe, it } from "@effect/vitest"
import * as Image from "@effect-glance/core/Image"
import * as ImageCache from "@effect-glance/core/ImageCache"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"

const first = Image.ImageId.make("00000000-0000-4000-8000-000000000001")
const second = Image.ImageId.make("00000000-0000-4000-8000-000000000002")

const cloud = (options: MemoryCloud.Options) =>
  Effect.provide(
    Layer.provideMerge(
      ImageCache.layer,
      MemoryCloud.layer({
        project: "admin",
        images: [
          { id: first, owner: "demo", data: "first" },
          { id: second, owner: "demo", data: "second" }
        ],
        ...options
      })
    )
  )

const state = Effect.map(
  Effect.flatMap(ImageCache.ImageCache, (cache) => cache.state),
  ({ cached, queued }) => ({ queued, cached: cached.map(({ imageId }) => imageId) })
)

describe("the cache of a memory cloud", () => {
  it.effect("images are queued first, and cached one after the other when cacheDuration has passed", () =>
    Effect.gen(function* () {
      const cache = yield* ImageCache.ImageCache
      yield* cache.queue(first)
      yield* cache.queue(second)
      assert.deepStrictEqual(yield* state, { queued: [first, second], cached: [] })
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* state, { queued: [first, second], cached: [] })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* state, { queued: [second], cached: [first] })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* state, { queued: [], cached: [first, second] })
    }).pipe(cloud({ cacheDuration: "1 minute" }))
  )

  it.effect("a queued image is cached at once if the options name no duration", () =>
    Effect.gen(function* () {
      yield* Effect.flatMap(ImageCache.ImageCache, (cache) => cache.queue(first))
      assert.deepStrictEqual(yield* state, { queued: [], cached: [first] })
    }).pipe(cloud({}))
  )
})
