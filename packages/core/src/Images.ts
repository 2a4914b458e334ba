/**
 * Images: list, find, get, create, update, delete, and whether their data can be downloaded.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import type * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import * as ImageChanges from "./ImageChanges.js"
import type * as ImageQuery from "./ImageQuery.js"
import * as Check from "./internal/check.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Listing from "./internal/imageListing.js"
import * as Lookup from "./internal/lookup.js"
import * as Operations from "./internal/operations.js"
import * as Record from "./internal/record.js"
import * as Search from "./internal/search.js"
import * as Watch from "./internal/watch.js"
import type * as Page from "./Page.js"

/**
 * The attributes of a new image. It can get data only with a `diskFormat` and a `containerFormat`.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#create-image
 */
export interface NewImage extends ImageChanges.ImageChanges {
  /**
   * A UUID.
   *
   * @default chosen by the server
   */
  readonly id?: Image.ImageId | undefined
  readonly properties?: ImageChanges.Properties<string> | undefined
}

/**
 * How an image is updated.
 *
 * @since 0.1.0
 * @category models
 */
export interface UpdateOptions {
  /**
   * Whether to read the image first, so that the patch has only differences. An update that changes nothing then sends
   * no patch. With `false`, all changes are sent in one request, and the record is read only after a conflict.
   *
   * @default true
   */
  readonly readFirst?: boolean | undefined
}

/**
 * Options of a search, besides the query.
 *
 * @since 0.1.0
 * @category models
 */
export interface FindOptions {
  /** A condition that Glance has no filter for. */
  readonly where?: ((image: Image.Image) => boolean) | undefined
  /**
   * Whether to find hidden images as well, which takes another listing. A query with `osHidden` finds only one of the
   * two.
   *
   * @default false
   */
  readonly hidden?: boolean | undefined
}

/**
 * A change of a watched image.
 *
 * @since 0.1.0
 * @category models
 */
export type Change =
  /**
   * `Created`: the image is new, became visible, or now matches the query. `Gone`: the image was deleted, is no longer
   * visible, or no longer matches; with its last record.
   */
  | { readonly _tag: "Created" | "Gone"; readonly image: Image.Image }
  | { readonly _tag: "Changed"; readonly image: Image.Image; readonly before: Image.Image }

/**
 * How images are watched.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChangesOptions<R = never> {
  /**
   * When to poll again. The stream ends with the schedule.
   *
   * @default 30 seconds after the last poll
   */
  readonly schedule?: Schedule.Schedule<unknown, unknown, R> | undefined
  /**
   * Every nth poll lists all images; the other polls ask only for recent updates, which is mostly one request. Only a
   * whole listing shows which images are gone, and which became visible without a change, as by a membership.
   *
   * @default 10
   */
  readonly fullEvery?: number | undefined
  /**
   * Whether the images of the first poll are emitted as `Created`.
   *
   * @default false
   */
  readonly emitInitial?: boolean | undefined
}

/**
 * The errors of a search.
 *
 * @since 0.1.0
 * @category errors
 */
export type FindError = FindFirstError | GlanceError.AmbiguousImage

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

// The errors of each operation.
export type ListError = Failure | GlanceError.RepeatedMarker
export type ListAllError = Failure | GlanceError.PagingError
export type ChangesError = Failure | GlanceError.PagingError
export type FindFirstError = Failure | GlanceError.PagingError | GlanceError.NoMatchingImage
export type FindNewestError = FindFirstError
export type GetError = Failure | GlanceError.ImageNotFound
export type GetManyError = Failure
export type CreateError = Failure | GlanceError.DuplicateImage
export type UpdateError = Failure | GlanceError.ImageNotFound | GlanceError.UpdateConflict
export type DeleteError = Failure | GlanceError.ImageNotFound | GlanceError.ImageInUse
export type DeactivateError = Failure | GlanceError.ImageNotFound
export type ReactivateError = Failure | GlanceError.ImageNotFound

/**
 * The operations on the records of images.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#images
 */
export interface Service {
  /**
   * Returns one page of images, and the query for the next one.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-images
   */
  readonly list: (
    query?: ImageQuery.ImageQuery,
    options?: Page.ListOptions
  ) => Effect.Effect<Page.Page<Image.Image, ImageQuery.ImageQuery>, ListError>
  /**
   * Streams all images that match. A page is fetched when the reader pulls, and each has the time limit to itself.
   * `query.limit` is the size of the pages, `query.marker` where to begin.
   *
   * A page begins after the last image of the one before. If that image is deleted meanwhile, the listing goes on after
   * an earlier image of that page, and gives no image twice. It fails with `LostMarker` if all of that page is gone as
   * well as the image before it, with `TooManyEmptyPages` after 100 pages in a row without a record, and with
   * `RepeatedMarker` if a page leads back to an earlier one.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-images
   */
  readonly listAll: (
    query?: ImageQuery.ImageQuery,
    options?: Page.ListAllOptions
  ) => Stream.Stream<Image.Image, ListAllError>
  /**
   * Streams changes of the images that match: created, changed and gone, the earlier update first. It polls, because
   * Glance sends no events: an image that came and went between two polls is not seen, and one that changed twice is
   * seen once. The next poll begins when the reader has taken all changes of the last one. All matching records are kept
   * in memory. A poll with all its pages has to end within the time limit.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-images
   */
  readonly changes: <R = never>(
    query?: ImageQuery.ImageQuery,
    options?: ChangesOptions<R>
  ) => Stream.Stream<Change, ChangesError, R>
  /**
   * Finds the one image that matches. Fails with `NoMatchingImage` if there is none, and with `AmbiguousImage`, which
   * names them all, if there are several. It takes one request; with a predicate it reads all pages. The time limit holds
   * for all pages together.
   *
   * As in a listing, community images of other projects are found with the visibility `all`.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-images
   */
  readonly find: (query: ImageQuery.ImageQuery, options?: FindOptions) => Effect.Effect<Image.Image, FindError>
  /**
   * Finds the first image that matches, in the order of the query, hidden ones last. The time limit holds for all pages
   * together.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-images
   */
  readonly findFirst: (
    query: ImageQuery.ImageQuery,
    options?: FindOptions
  ) => Effect.Effect<Image.Image, FindFirstError>
  /**
   * Finds the image that was created last of those that match. The query cannot have an order of its own. The time limit
   * holds for all pages together.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-images
   */
  readonly findNewest: (
    query: ImageQuery.ImageQuery,
    options?: FindOptions
  ) => Effect.Effect<Image.Image, FindNewestError>
  /**
   * Returns the record of an image. To read many images take {@link Service.getMany}.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-image
   */
  readonly get: (image: Image.ImageRef) => Effect.Effect<Image.Image, GetError>
  /**
   * Returns the records of many images in the order of the arguments, or `ImageNotFound` for each that does not exist. It
   * sends a request for each hundred images, another for the hidden ones, and one for each image that no listing shows.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-images
   */
  readonly getMany: (
    images: ReadonlyArray<Image.ImageRef>
  ) => Effect.Effect<ReadonlyArray<Either.Either<Image.Image, GlanceError.ImageNotFound>>, GetManyError>
  /**
   * Creates the record of an image, which is `queued` until it gets data.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-image
   */
  readonly create: (image: NewImage) => Effect.Effect<Image.Image, CreateError>
  /**
   * Changes the record of an image and returns it. If another change between the read and the patch makes the patch
   * invalid, the patch is planned again, at most twice. Glance has no conditional update: of two concurrent updates that
   * are both valid, the later one may undo the other.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image
   */
  readonly update: (
    image: Image.ImageRef,
    changes: ImageChanges.ImageChanges,
    options?: UpdateOptions
  ) => Effect.Effect<Image.Image, UpdateError>
  /**
   * Deletes the record and the data. A protected image is `Forbidden`.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#delete-image
   */
  readonly delete: (image: Image.ImageRef) => Effect.Effect<void, DeleteError>
  /**
   * Forbids downloads of the data to all but administrators. An image without data is `Forbidden`.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#deactivate-image
   */
  readonly deactivate: (image: Image.ImageRef) => Effect.Effect<void, DeactivateError>
  /**
   * Undoes {@link Service.deactivate}.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#reactivate-image
   */
  readonly reactivate: (image: Image.ImageRef) => Effect.Effect<void, ReactivateError>
}

/**
 * The service of images.
 *
 * @since 0.1.0
 * @category tags
 */
export class Images extends Context.Tag("@effect-glance/core/Images")<Images, Service>() {}

const newestFirst = Order.reverse(Order.mapInput(DateTime.Order, (image: Image.Image) => image.createdAt))

const finders = (
  { operation }: Operations.Operations,
  listing: Listing.Listing
): Pick<Service, "find" | "findFirst" | "findNewest"> => ({
  find: operation("Images.find")(function* (query, options) {
    const search = yield* Search.make(listing, query, options)
    // A second image shows that the query is ambiguous.
    const [first, ...more] = yield* Stream.runCollect(search.images(2))
    if (first === undefined) return yield* search.none
    if (more.length === 0) return first
    const imageIds = [first, ...more].map(({ id }) => id)
    return yield* new GlanceError.AmbiguousImage({ query: search.text, imageIds })
  }),
  findFirst: operation("Images.findFirst")(function* (query, options) {
    const search = yield* Search.make(listing, query, options)
    const first = yield* Stream.runHead(search.images(1))
    return yield* Option.isSome(first) ? Effect.succeed(first.value) : search.none
  }),
  findNewest: operation("Images.findNewest")(function* (query, options) {
    yield* Check.check("query", query, Check.object)
    yield* Check.check("query.sort", query.sort, (sort) =>
      sort === undefined ? undefined : "must not be given: the newest comes first"
    )
    const search = yield* Search.make(listing, { ...query, sort: [{ key: "createdAt" }] }, options)
    const heads = yield* Effect.forEach(search.listings(1), (images) => Stream.runHead(images))
    const [newest] = Arr.sort(Arr.getSomes(heads), newestFirst)
    return newest ?? (yield* search.none)
  })
})

const getMany = (operations: Operations.Operations): Service["getMany"] =>
  operations.operation("Images.getMany")(function* (images) {
    yield* Check.check("images", images, Check.list)
    const ids = images.map(Image.idOf)
    for (const [index, id] of ids.entries()) yield* Check.check(`images[${index}]`, id, Check.segment)
    const found = yield* Lookup.find(operations, [...new Set(ids)])
    return yield* Effect.forEach(ids, (id) => {
      const result = found.get(id) as Either.Either<Image.Image, Lookup.Failure>
      return Either.isLeft(result) && result.left._tag !== "ImageNotFound"
        ? Effect.fail(result.left)
        : Effect.succeed(result as Either.Either<Image.Image, GlanceError.ImageNotFound>)
    })
  })

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
    const { call, operation, pageOperation, request } = operations
    const listing = Listing.listing(operations)
    const parametersOf = (image: Image.ImageRef) => ({ imageId: Image.idOf(image) })
    return {
      list: pageOperation(Endpoints.listImages)((query = {}, options) => listing.page(query, options)),
      listAll: (query = {}, options) => Operations.streamOperation("Images.listAll")(listing.all(query, options)),
      changes: (query = {}, options = {}) =>
        Operations.streamOperation("Images.changes")(Watch.changes(listing, query, options)),
      ...finders(operations, listing),
      get: call(Endpoints.getImage, parametersOf),
      getMany: getMany(operations),
      create: operation(Endpoints.createImage)(function* ({ id, ...attributes }) {
        const record = yield* ImageChanges.toJson(attributes)
        if (id !== undefined) yield* Check.check("id", id, Check.segment)
        return yield* request(Endpoints.createImage, { record: id === undefined ? record : { id, ...record } })
      }),
      update: operation(Endpoints.updateImage)((image, changes, { readFirst = true } = {}) =>
        Record.update(operations, image, changes, { readFirst })
      ),
      delete: call(Endpoints.deleteImage, parametersOf),
      deactivate: call(Endpoints.deactivateImage, parametersOf),
      reactivate: call(Endpoints.reactivateImage, parametersOf)
    }
  }
)

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { Images } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(Images.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Images, never, GlanceClient.GlanceClient> = Layer.effect(Images, make)
