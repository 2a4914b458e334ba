import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { fetchUri } from "./blobs.js"
import { accepted, type Context, emptyPage, jsonReply, noContent, type Reply } from "./context.js"
import { remember, verified } from "./data.js"
import { badRequest, type Fault, notFound } from "./errors.js"
import { applicationUrl } from "./images.js"
import { findImage, requireAdmin } from "./policy.js"
import * as releases from "./releases.js"
import { withoutBody } from "./request.js"
import { type Image, type State, storeOf } from "./state.js"

const requireCache = (context: Context, action: string): void => {
  requireAdmin(context, action)
  if (context.state.options.cache === false) throw notFound("Caching via API is not supported at this site.")
}

const cachedImages = (context: Context) => releases.cachedImages(context.state)

const queuedImages = (context: Context) => [...context.state.queuedForCache]

export const showCache = (context: Context): Reply => {
  requireCache(context, "cache_list")
  return jsonReply({ cached_images: cachedImages(context), queued_images: queuedImages(context) })
}

const counted = (items: { readonly size: number; readonly clear: () => void }): number => {
  const { size } = items
  items.clear()
  return size
}

export const clearCache = (context: Context): Effect.Effect<Reply, Fault> =>
  withoutBody(context, () => {
    requireCache(context, "cache_delete")
    const { cached, queuedForCache } = context.state
    const target = (context.request.headers["x-image-cache-clear-target"] ?? "").toLowerCase()
    if (!["", "cache", "queue"].includes(target)) {
      throw badRequest("If provided 'x-image-cache-clear-target' must be 'cache', 'queue' or empty string.")
    }
    if (target !== "queue") cached.clear()
    if (target !== "cache") queuedForCache.clear()
    return noContent
  })

export const dropImage = (context: Context, id: string): Effect.Effect<Reply, Fault> =>
  withoutBody(context, () => {
    const { cached, queuedForCache } = context.state
    if (!cached.has(id) && !queuedForCache.has(id)) findImage(context, id, () => notFound(`Image ${id} not found.`))
    requireCache(context, "cache_delete")
    cached.delete(id)
    queuedForCache.delete(id)
    return noContent
  })

/** Where the bytes of the image are read from: an http store has none of its own, and another server may refuse them. */
const readLocation = (state: State, image: Image): Effect.Effect<void, unknown> => {
  const [location] = image.locations
  if (location === undefined) return Effect.fail("no location")
  if (state.stores.get(storeOf(location) ?? state.defaultStore)?.type !== "http") return Effect.void
  return Effect.flatMap(fetchUri(state, location.url), ({ body }) =>
    Stream.runDrain(image.checksum === null ? body : verified(state, body, image.checksum))
  )
}

/**
 * Fetches a queued image into the cache. An image that cannot be fetched stays in the queue, and one that is taken out of
 * the queue meanwhile is cached all the same.
 *
 * Source: `Prefetcher.fetch_image_into_cache` in `glance/image_cache/prefetcher.py`. The real worker ends with the first
 * store that refuses the bytes; this one goes on.
 */
const fetchIntoCache = (state: State, id: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    const duration = Duration.decode(state.options.cacheDuration ?? 0)
    if (Duration.toMillis(duration) > 0) yield* Effect.sleep(duration)
    const image = state.images.get(id)
    if (image === undefined || image.status !== "active") return
    yield* readLocation(state, image)
    yield* remember(state, image)
  }).pipe(Effect.ignore)

/** Queues the image. One worker fetches the queued images one after the other, in the background. */
export const queueImage = (context: Context, id: string): Effect.Effect<Reply, Fault> =>
  Effect.gen(function* () {
    const { state } = context
    yield* withoutBody(context, () => {
      const found = findImage(context, id, () => notFound(`Image ${id} not found.`))
      requireCache(context, "cache_image")
      if (found.status !== "active") throw badRequest("Only images with status active can be targeted for queueing")
      if (!state.cached.has(id)) state.queuedForCache.add(id)
    })
    yield* Effect.forkIn(state.cacheWorker.withPermits(1)(fetchIntoCache(state, id)), state.scope)
    return accepted
  })

/** Nothing is ever half fetched here, and the cache never too large. */
export const cleanCache = (context: Context): Reply => {
  requireCache(context, "cache_delete")
  return { status: 200, headers: emptyPage, body: "" }
}

export const pruneCache = (context: Context): Reply => {
  requireCache(context, "cache_delete")
  return jsonReply({ total_files_pruned: 0, total_bytes_pruned: 0 })
}

/** There is one node. */
export const listNodes = (context: Context, id: string): Reply => {
  requireCache(context, "cache_list")
  findImage(context, id, () => notFound(`Image ${id} not found.`))
  return jsonReply(context.state.cached.has(id) ? [applicationUrl(context)] : [])
}

// The routes of the middleware that was there before the API had any for the cache.

const managing =
  (manage: (context: Context, id: string) => unknown) =>
  (context: Context, id: string): Reply => {
    requireCache(context, "manage_image_cache")
    return jsonReply(manage(context, id) ?? null)
  }

export const listCached = managing((context) => ({ cached_images: cachedImages(context) }))
export const listQueued = managing((context) => ({ queued_images: queuedImages(context) }))
export const dropCached = managing(({ state }, id) => void state.cached.delete(id))
export const dropQueued = managing(({ state }, id) => void state.queuedForCache.delete(id))
export const clearCached = managing(({ state }) => ({ num_deleted: counted(state.cached) }))
export const clearQueued = managing(({ state }) => ({ num_deleted: counted(state.queuedForCache) }))

/** The service does not check that the image exists. */
export const queueAny = managing(({ state }, id) => {
  if (!state.cached.has(id)) state.queuedForCache.add(id)
})
