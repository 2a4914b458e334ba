/**
 * The cache of the image service: images that a node keeps beside it, so that it need not ask a store. For administrators,
 * and each node has its own.
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
  /** How often it was read from there. */
  readonly hits: number
  /** The start of 1970 if the cloud sends none. So is {@link CachedImage.lastModified}. */
  readonly lastAccessed: DateTime.Utc
  readonly lastModified: DateTime.Utc
  /** In bytes. */
  readonly size: number
}

/**
 * What is in the cache, and what is waiting to be fetched into it.
 *
 * @since 0.1.0
 * @category models
 */
export interface CacheState {
  readonly cached: ReadonlyArray<CachedImage>
  readonly queued: ReadonlyArray<Image.ImageId>
}

/**
 * What a pruning took away.
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
   * What is in the cache.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#query-cache-status
   */
  readonly state: Effect.Effect<CacheState, StateError>
  /**
   * Lets an image be fetched into the cache, in the server's time. One that is not `active` is a `BadRequest`.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#queue-image
   */
  readonly queue: (image: Image.ImageRef) => Effect.Effect<void, QueueError>
  /**
   * Takes an image out of the cache, or out of the queue. One that is in neither is nothing to do.
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
   * Takes away what stands in the cache half fetched and broken. Since v2.18.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#cache-manage
   */
  readonly clean: Effect.Effect<void, CleanError>
  /**
   * Takes away what was not read for longest, until the cache is no larger than it should be. Since v2.18.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#cache-manage
   */
  readonly prune: Effect.Effect<Pruned, PruneError>
  /**
   * The addresses of the nodes that have the image in their cache, on a cloud whose nodes tell each other. Not in the API
   * reference; since the release 2026.2.
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
 * The service on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.map(
  GlanceClient.GlanceClient,
  (http) => {
    const operations = Operations.make(http)
    const { call, operation, request } = operations

    /** 404 says that there is no cache, or that there is no such image. The record tells which. */
    const ofImage = <A, E extends GlanceError.GlanceError>(
      endpoint: Endpoint<{ readonly imageId: string }, A, E>
    ): ((image: Image.ImageRef) => Effect.Effect<A, E | Effect.Effect.Error<ReturnType<typeof Record.read>>>) =>
      operation(endpoint.operation)((image) =>
        Effect.tapError(request(endpoint, { imageId: Image.idOf(image) }), ({ _tag }) =>
          _tag === "CapabilityMissing" ? Record.read(operations, image) : Effect.void
        )
      )

    const clear: Service["clear"] = operation(Endpoints.clearCache.operation)(function* (target = "both") {
      yield* Check.check("target", target, Check.oneOf(["cache", "queue", "both"]))
      const headers = target === "both" ? {} : { "x-image-cache-clear-target": target }
      return yield* request(Endpoints.clearCache, {}, { headers })
    })

    return {
      state: call(Endpoints.cache, () => ({}))(),
      queue: ofImage(Endpoints.queueImage),
      delete: ofImage(Endpoints.uncacheImage),
      clear,
      clean: call(Endpoints.cleanCache, () => ({}))(),
      prune: call(Endpoints.pruneCache, () => ({}))(),
      nodes: ofImage(Endpoints.listCacheNodes)
    }
  }
)

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageCache, never, GlanceClient.GlanceClient> = Layer.effect(ImageCache, make)
