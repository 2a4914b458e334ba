// #region discovery
import { Discovery, type Image, ImageCache, ImageStores } from "@effect-glance/core"
import { Console, Effect } from "effect"

/** Prints what a cloud offers. Each question is asked once in ten minutes. */
export const printCapabilities = Effect.gen(function* () {
  const discovery = yield* Discovery.Discovery
  yield* Console.log(`versions: ${[...(yield* discovery.versions).keys()].join(", ")}`)
  yield* Console.log(`import methods: ${(yield* discovery.importMethods).join(", ")}`)
  const stores = yield* Effect.catchTag(discovery.stores, "CapabilityMissing", () => Effect.succeed([]))
  yield* Console.log(`stores: ${stores.map(({ id }) => id).join(", ") || "one without a name"}`)
})

/** Prints how much of the project's quotas is used. */
export const printUsage = Effect.gen(function* () {
  const discovery = yield* Discovery.Discovery
  for (const [quota, { limit, usage: used }] of yield* discovery.usage) {
    yield* Console.log(`${quota}: ${used} of ${limit === -1 ? "any number" : limit}`)
  }
})
// #endregion discovery

// #region copies
/** Deletes the copy of an image in one store. The last copy cannot be deleted. */
export const dropCopy = (image: Image.ImageRef, store: string) =>
  Effect.flatMap(ImageStores.ImageStores, (stores) => stores.deleteImage(store, image)).pipe(
    Effect.catchTag("ImageNotInStore", () => Effect.void)
  )
// #endregion copies

// #region cache
/** As an administrator: puts an image into the cache of the service, and prints what the cache holds. */
export const warmCache = (image: Image.ImageRef) =>
  Effect.gen(function* () {
    const cache = yield* ImageCache.ImageCache
    yield* cache.queue(image)
    const { cached, queued } = yield* cache.state
    yield* Console.log(`${cached.length} in the cache, ${queued.length} in its queue`)
  })
// #endregion cache
