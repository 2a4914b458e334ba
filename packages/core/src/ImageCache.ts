/**
 * The cache of the image service: copies of images on a node of the service. Each node has its own cache. For
 * administrators.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as GlanceClient from "./GlanceClient.js"
import type * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import * as Check from "./internal/check.js"
import type { Endpoint } from "./internal/endpoint.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Operations from "./internal/operations.js"
import * as Record from "./internal/record.js"

/**
 * An image in the cache.
 *
 * @since 0.1.0
 * @category models
 */
export interface CachedImage {
  readonly imageId: Image.ImageId
  /** The number of downloads from the cache. */
  readonly hits: number
  /** The start of 1970 if the cloud sends none. So is {@link CachedImage.lastModified}. */
  readonly lastAccessed: DateTime.Utc
  readonly lastModified: DateTime.Utc
  /** In bytes. */
  readonly size: number
}

/**
 * The images in the cache, and those that wait for it.
 *
 * @since 0.1.0
 * @category models
 */
export interface CacheState {
  readonly cached: ReadonlyArray<CachedImage>
  readonly queued: ReadonlyArray<Image.ImageId>
}

/**
 * The files and bytes that a pruning removed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pruned {
  readonly files: number
  readonly bytes: number
}

type CacheError = GlanceError.RequestError | GlanceError.CapabilityMissing

// The errors of each operation.
export type StateError = CacheError
export type QueueError = CacheError | GlanceError.InvalidArgument | GlanceError.ImageNotFound
export type DeleteError = CacheError | GlanceError.InvalidArgument | GlanceError.ImageNotFound
export type ClearError = CacheError | GlanceError.InvalidArgument
export type CleanError = CacheError
export type PruneError = CacheError
export type NodesError = CacheError | GlanceError.InvalidArgument | GlanceError.ImageNotFound

/**
 * The operations on the cache.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#cache-manage
 */
export interface Service {
  /**
   * Returns the images in the cache and in its queue.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#query-cache-status
   */
  readonly state: Effect.Effect<CacheState, StateError>
  /**
   * Queues an image for the cache. The server fetches it later. An image that is not `active` is a `BadRequest`.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#queue-image
   */
  readonly queue: (image: Image.ImageRef) => Effect.Effect<void, QueueError>
  /**
   * Removes an image from the cache or its queue. Succeeds if the image is in neither.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#delete-image-from-cache
   */
  readonly delete: (image: Image.ImageRef) => Effect.Effect<void, DeleteError>
  /**
   * Empties the cache, the queue, or both.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#clear-images-from-cache
   */
  readonly clear: (target?: "cache" | "queue" | "both") => Effect.Effect<void, ClearError>
  /**
   * Removes stalled and invalid files from the cache. Since v2.18.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#cache-manage
   */
  readonly clean: Effect.Effect<void, CleanError>
  /**
   * Removes the least recently used images until the cache has its maximum size. Since v2.18.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#cache-manage
   */
  readonly prune: Effect.Effect<Pruned, PruneError>
  /**
   * Returns the addresses of the nodes that have the image in their cache, on a cloud with a shared cache. Not in the
   * API reference; since the release 2026.2.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#cache-manage
   */
  readonly nodes: (image: Image.ImageRef) => Effect.Effect<ReadonlyArray<string>, NodesError>
}

/**
 * The service of the cache.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageCache extends Context.Tag("@effect-glance/core/ImageCache")<ImageCache, Service>() {}

/**
 * Makes the service on the `GlanceClient` of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.map(
  GlanceClient.GlanceClient,
  (http) => {
    const operations = Operations.make(http)
    const { call, operation, request } = operations

    /** Glance returns 404 without a cache and without the image. The record shows whether the image exists. */
    const ofImage = <A, E extends GlanceError.GlanceError>(
      endpoint: Endpoint<{ readonly imageId: string }, A, E>
    ): ((image: Image.ImageRef) => Effect.Effect<A, E | Effect.Effect.Error<ReturnType<typeof Record.read>>>) =>
      operation(endpoint)((image) =>
        Effect.tapError(request(endpoint, { imageId: Image.idOf(image) }), ({ _tag }) =>
          _tag === "CapabilityMissing" ? Record.read(operations, image) : Effect.void
        )
      )

    return {
      state: call(Endpoints.cache, () => ({}))(),
      queue: ofImage(Endpoints.queueImage),
      delete: ofImage(Endpoints.uncacheImage),
      clear: operation(Endpoints.clearCache)(function* (target = "both") {
        yield* Check.check("target", target, Check.oneOf(["cache", "queue", "both"]))
        const headers = target === "both" ? {} : { "x-image-cache-clear-target": target }
        return yield* request(Endpoints.clearCache, {}, { headers })
      }),
      clean: call(Endpoints.cleanCache, () => ({}))(),
      prune: call(Endpoints.pruneCache, () => ({}))(),
      nodes: ofImage(Endpoints.listCacheNodes)
    }
  }
)

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { ImageCache } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(ImageCache.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageCache, never, GlanceClient.GlanceClient> = Layer.effect(ImageCache, make)
