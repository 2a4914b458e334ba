/**
 * The stores of a cloud, and the copies of an image in them.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import type * as ImageStore from "./ImageStore.js"
import * as Argument from "./internal/argument.js"
import * as Limit from "./internal/limit.js"
import * as Record from "./internal/record.js"
import * as Request from "./internal/request.js"
import * as Stores from "./internal/stores.js"

/**
 * The operations on stores. A cloud with a single one has none of them.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#stores
 */
export interface Service {
  /**
   * The stores.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-stores
   */
  readonly list: Effect.Effect<
    ReadonlyArray<ImageStore.ImageStore>,
    GlanceError.RequestError | GlanceError.CapabilityMissing
  >
  /**
   * The stores and what they are made of. For administrators.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-stores-detail
   */
  readonly listDetails: Effect.Effect<
    ReadonlyArray<ImageStore.ImageStore>,
    GlanceError.RequestError | GlanceError.CapabilityMissing
  >
  /**
   * Takes the copy of an image out of a store. The last copy is `Forbidden`: to lose the data, delete the image. To bring
   * an image into a store, import it by `copy-image`.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#delete-image-from-store
   */
  readonly deleteImage: (
    store: string,
    image: Image.ImageRef
  ) => Effect.Effect<
    void,
    | GlanceError.RequestError
    | GlanceError.InvalidArgument
    | GlanceError.CapabilityMissing
    | GlanceError.ImageNotFound
    | GlanceError.ImageNotInStore
    | GlanceError.ImageInUse
  >
}

/**
 * The service of stores.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageStores extends Context.Tag("@effect-glance/core/ImageStores")<ImageStores, Service>() {}

/**
 * The service on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const http = yield* GlanceClient.GlanceClient
  const fn = Limit.fn(http)

  const deleteImage: Service["deleteImage"] = fn("ImageStores.deleteImage")(function* (store, image) {
    const operation = "ImageStores.deleteImage"
    const imageId = Image.idOf(image)
    const path = yield* Argument.path(operation, "stores", ["store", store], ["image", imageId])
    const notThere = (answer: ConstructorParameters<typeof GlanceError.ImageInUse>[0]) =>
      new GlanceError.ImageNotInStore({ ...answer, store })
    yield* Request.run(http, {
      operation,
      request: HttpClientRequest.del(path),
      decode: Request.nothing,
      on: {
        404: (answer) => notThere({ ...answer, imageId }),
        409: (answer) => new GlanceError.ImageInUse({ ...answer, imageId })
      }
    }).pipe(
      // 404 is also the answer where the cloud knows no stores, and where there is no such image; 409 of an unknown store.
      Effect.tapError((error) =>
        error._tag === "ImageNotInStore" || error._tag === "ImageInUse"
          ? Effect.gen(function* () {
              const stores = yield* Stores.list(http, operation, "/info/stores")
              const ids = stores.map(({ id }) => id)
              yield* Argument.checked(operation, "store", store, Argument.oneOf(ids))
              yield* Record.read(http, operation, image)
            })
          : Effect.void
      )
    )
  })

  return {
    list: Effect.withSpan(Stores.list(http, "ImageStores.list", "/info/stores"), "ImageStores.list"),
    listDetails: Effect.withSpan(
      Stores.list(http, "ImageStores.listDetails", "/info/stores/detail"),
      "ImageStores.listDetails"
    ),
    deleteImage
  }
})

/**
 * {@link make} as a layer. A layer is built once for all who ask for it in one graph: for two projects side by side
 * take `Layer.fresh` of it, or `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageStores, never, GlanceClient.GlanceClient> = Layer.effect(ImageStores, make)
