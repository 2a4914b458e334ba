/**
 * The stores of a cloud, and the copies of an image in them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as GlanceClient from "./GlanceClient.js"
import type * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import type * as ImageStore from "./ImageStore.js"
import * as Check from "./internal/check.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Operations from "./internal/operations.js"
import * as Record from "./internal/record.js"

// The errors of each operation.
export type ListError = GlanceError.RequestError | GlanceError.CapabilityMissing
export type ListDetailsError = GlanceError.RequestError | GlanceError.CapabilityMissing
export type DeleteImageError =
  | GlanceError.RequestError
  | GlanceError.InvalidArgument
  | GlanceError.CapabilityMissing
  | GlanceError.ImageNotFound
  | GlanceError.ImageNotInStore
  | GlanceError.ImageInUse

/**
 * The operations on stores. A cloud with a single store fails with `CapabilityMissing`.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#stores
 */
export interface Service {
  /**
   * Returns the stores.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-stores
   */
  readonly list: Effect.Effect<ReadonlyArray<ImageStore.ImageStore>, ListError>
  /**
   * Returns the stores with their configuration. For administrators.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-stores-detail
   */
  readonly listDetails: Effect.Effect<ReadonlyArray<ImageStore.ImageStore>, ListDetailsError>
  /**
   * Deletes the copy of an image in a store. The last copy is `Forbidden`: delete the image instead. To copy an image
   * to a store, import it by `copy-image`.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#delete-image-from-store
   */
  readonly deleteImage: (store: string, image: Image.ImageRef) => Effect.Effect<void, DeleteImageError>
}

/**
 * The service of stores.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageStores extends Context.Tag("@effect-glance/core/ImageStores")<ImageStores, Service>() {}

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

    return {
      list: call(Endpoints.listStores, () => ({}))(),
      listDetails: call(Endpoints.listStoreDetails, () => ({}))(),
      deleteImage: operation(Endpoints.deleteCopy)((store, image) =>
        request(Endpoints.deleteCopy, { store, imageId: Image.idOf(image) }).pipe(
          // 404 is also the response of a cloud without stores or without the image, and 409 that of an unknown store.
          Effect.tapError((error) =>
            error._tag === "ImageNotInStore" || error._tag === "ImageInUse"
              ? Effect.gen(function* () {
                  const stores = yield* request(Endpoints.listStores, {})
                  const ids = stores.map(({ id }) => id)
                  yield* Check.check("store", store, Check.oneOf(ids))
                  yield* Record.read(operations, image)
                })
              : Effect.void
          )
        )
      )
    }
  }
)

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { ImageStores } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(ImageStores.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageStores, never, GlanceClient.GlanceClient> = Layer.effect(ImageStores, make)
