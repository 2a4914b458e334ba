/**
 * The cache of the image service: images that a node keeps beside it, so that it need not ask a store. For administrators,
 * and each node has its own.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as Answer from "./Answer.js"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import * as Argument from "./internal/argument.js"
import * as Lenient from "./internal/lenient.js"
import * as Limit from "./internal/limit.js"
import * as Record from "./internal/record.js"
import * as Request from "./internal/request.js"

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
  readonly state: Effect.Effect<CacheState, CacheError>
  /**
   * Lets an image be fetched into the cache, in the server's time. One that is not `active` is a `BadRequest`.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#queue-image
   */
  readonly queue: (
    image: Image.ImageRef
  ) => Effect.Effect<void, CacheError | GlanceError.InvalidArgument | GlanceError.ImageNotFound>
  /**
   * Takes an image out of the cache, or out of the queue. One that is in neither is nothing to do.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#delete-image-from-cache
   */
  readonly delete: (
    image: Image.ImageRef
  ) => Effect.Effect<void, CacheError | GlanceError.InvalidArgument | GlanceError.ImageNotFound>
  /**
   * Empties the cache, the queue, or both.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#clear-images-from-cache
   */
  readonly clear: (target?: "cache" | "queue" | "both") => Effect.Effect<void, CacheError | GlanceError.InvalidArgument>
  /**
   * Takes away what stands in the cache half fetched and broken. Since v2.18.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#cache-manage
   */
  readonly clean: Effect.Effect<void, CacheError>
  /**
   * Takes away what was not read for longest, until the cache is no larger than it should be. Since v2.18.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#cache-manage
   */
  readonly prune: Effect.Effect<Pruned, CacheError>
  /**
   * The addresses of the nodes that have the image in their cache, on a cloud whose nodes tell each other. Not in the API
   * reference; since the release 2026.2.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#cache-manage
   */
  readonly nodes: (
    image: Image.ImageRef
  ) => Effect.Effect<ReadonlyArray<string>, CacheError | GlanceError.InvalidArgument | GlanceError.ImageNotFound>
}

/**
 * The service of the cache.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageCache extends Context.Tag("@effect-glance/core/ImageCache")<ImageCache, Service>() {}

const amount = Lenient.withDefault(Lenient.Amount, () => 0)

const never = DateTime.unsafeMake(0)

/** Seconds since 1970, with a fraction. */
const Time = Schema.transformOrFail(Lenient.Amount, Schema.DateTimeUtcFromSelf, {
  strict: true,
  decode: (seconds, _, ast) =>
    Either.fromOption(
      DateTime.make(Math.round(seconds * 1000)),
      () => new ParseResult.Type(ast, seconds, `Expected seconds since 1970, actual ${seconds}`)
    ),
  encode: (time) => ParseResult.succeed(DateTime.toEpochMillis(time) / 1000)
})

const readState = Request.json(
  Request.decoder(
    Schema.Struct({
      cached_images: Lenient.List(
        Schema.Struct({
          image_id: Image.ImageId,
          hits: amount,
          last_accessed: Lenient.withDefault(Time, () => never),
          last_modified: Lenient.withDefault(Time, () => never),
          size: amount
        })
      ),
      queued_images: Lenient.List(Image.ImageId)
    })
  )
)

const readPruned = Request.json(
  Request.decoder(Schema.Struct({ total_files_pruned: amount, total_bytes_pruned: amount }))
)

const readNodes = Request.json(Request.decoder(Lenient.List(Schema.String)))

/**
 * The service on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const http = yield* GlanceClient.GlanceClient

  const missing =
    (operation: string, capability: string) =>
    ({ detail, requestId }: Answer.Answer) =>
      new GlanceError.CapabilityMissing({ operation, capability, detail, requestId })

  const aCache = "a cache that the API manages"

  const whole = <A>(
    name: string,
    capability: string,
    request: HttpClientRequest.HttpClientRequest,
    decode: Request.Read<A>
  ) => {
    const operation = `ImageCache.${name}`
    const lacking = missing(operation, capability)
    // A Glance that does not know `/cache/clean` takes it for an image that is called so.
    return Effect.withSpan(
      Request.run(http, { operation, request, decode, on: { 404: lacking, 405: lacking } }),
      operation
    )
  }

  /** 404 says that there is no cache, or that there is no such image: the record tells. */
  const ofImage = <A>(
    name: string,
    capability: string,
    image: Image.ImageRef,
    below: string,
    method: "PUT" | "DELETE" | "GET",
    decode: Request.Read<A>
  ) => {
    const operation = `ImageCache.${name}`
    return Effect.flatMap(
      Argument.path(operation, "cache", ...(below === "" ? [] : [below]), ["image", Image.idOf(image)]),
      (path) =>
        Request.run(http, {
          operation,
          request: HttpClientRequest.make(method)(path),
          decode,
          on: { 404: missing(operation, capability), 409: missing(operation, capability) }
        })
    ).pipe(
      Effect.tapErrorTag("CapabilityMissing", () => Record.read(http, operation, image)),
      Limit.within(http, operation),
      Effect.withSpan(operation)
    )
  }

  const clear: Service["clear"] = Effect.fn("ImageCache.clear")(function* (target = "both") {
    const operation = "ImageCache.clear"
    yield* Argument.checked(operation, "target", target, Argument.oneOf(["cache", "queue", "both"]))
    const request = HttpClientRequest.del("/cache")
    return yield* Request.run(http, {
      operation,
      request: target === "both" ? request : HttpClientRequest.setHeader(request, "x-image-cache-clear-target", target),
      decode: Request.nothing,
      on: { 404: missing(operation, aCache) }
    })
  })

  return {
    state: Effect.map(
      whole("state", aCache, HttpClientRequest.get("/cache"), readState),
      ({ cached_images, queued_images }) => ({
        cached: cached_images.map(({ hits, image_id, last_accessed, last_modified, size }) => ({
          imageId: image_id,
          hits,
          lastAccessed: last_accessed,
          lastModified: last_modified,
          size
        })),
        queued: queued_images
      })
    ),
    queue: (image) => ofImage("queue", aCache, image, "", "PUT", Request.nothing),
    delete: (image) => ofImage("delete", aCache, image, "", "DELETE", Request.nothing),
    clear,
    clean: whole("clean", "the cleaning of the cache (v2.18)", HttpClientRequest.post("/cache/clean"), Request.nothing),
    prune: Effect.map(
      whole("prune", "the pruning of the cache (v2.18)", HttpClientRequest.post("/cache/prune"), readPruned),
      ({ total_bytes_pruned, total_files_pruned }) => ({ files: total_files_pruned, bytes: total_bytes_pruned })
    ),
    nodes: (image) => ofImage("nodes", "a cache whose nodes tell each other", image, "nodes", "GET", readNodes)
  }
})

/**
 * {@link make} as a layer. A layer is built once for all who ask for it in one graph: for two projects side by side
 * take `Layer.fresh` of it, or `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageCache, never, GlanceClient.GlanceClient> = Layer.effect(ImageCache, make)
