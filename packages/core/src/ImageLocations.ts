/**
 * The locations of an image: the URLs of its data. A cloud shows them only if its operator allows it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import * as Check from "./internal/check.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Operations from "./internal/operations.js"
import * as Record from "./internal/record.js"

/**
 * Hashes of the data from the caller, because the cloud does not read the data.
 *
 * @since 0.1.0
 * @category models
 */
export interface Validation {
  /** md5, in hex. */
  readonly checksum?: string | undefined
  /** The algorithm that the cloud computes besides md5, `sha512` mostly, and the hash by it, in hex. */
  readonly osHashAlgo: string
  readonly osHashValue: string
}

/**
 * A location of data.
 *
 * @since 0.1.0
 * @category models
 */
export interface NewLocation {
  readonly url: string
  readonly metadata?: { readonly [key: string]: unknown } | undefined
  readonly validation?: Validation | undefined
}

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageNotFound

// The errors of each operation.
export type ListError = Failure | GlanceError.CapabilityMissing
export type RegisterError = Failure | GlanceError.CapabilityMissing | GlanceError.UpdateConflict
export type AddError = Failure | GlanceError.CapabilityMissing | GlanceError.UpdateConflict
export type RemoveError = Failure | GlanceError.CapabilityMissing | GlanceError.UpdateConflict
export type ReplaceError = Failure | GlanceError.CapabilityMissing | GlanceError.UpdateConflict

/**
 * The operations on locations. {@link Service.list} and {@link Service.register} are for services (v2.17). The others
 * change the record, and need a cloud that shows locations.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#image-location
 */
export interface Service {
  /**
   * Returns the locations. For services.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#get-locations
   */
  readonly list: (image: Image.ImageRef) => Effect.Effect<ReadonlyArray<Image.ImageLocation>, ListError>
  /**
   * Registers the location of a queued image. The cloud then reads the data for their size and hashes, and makes the
   * image `active`: `ImageImport.await` waits for it.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#add-location
   */
  readonly register: (
    image: Image.ImageRef,
    url: string,
    validation?: Omit<Validation, "checksum">
  ) => Effect.Effect<void, RegisterError>
  /**
   * Adds a location to the record, which makes a queued image `active`. Returns the image.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image
   */
  readonly add: (image: Image.ImageRef, location: NewLocation) => Effect.Effect<Image.Image, AddError>
  /**
   * Removes a location from the record by its URL, and deletes its data. The last location is `Forbidden`. Succeeds if
   * the record does not have the location.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image
   */
  readonly remove: (image: Image.ImageRef, url: string) => Effect.Effect<Image.Image, RemoveError>
  /**
   * Replaces the locations of the record. The server accepts locations for an image without any, and other metadata for
   * the existing ones.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image
   */
  readonly replace: (
    image: Image.ImageRef,
    locations: ReadonlyArray<NewLocation>
  ) => Effect.Effect<Image.Image, ReplaceError>
}

/**
 * The service of locations.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageLocations extends Context.Tag("@effect-glance/core/ImageLocations")<ImageLocations, Service>() {}

const hex: Check.Check = (value) =>
  typeof value === "string" && /^([0-9a-f]{2})+$/i.test(value) ? undefined : `must be in hex, not ${Check.shown(value)}`

const validationToJson = (
  argument: string,
  { checksum, osHashAlgo, osHashValue }: Validation
): Effect.Effect<{ readonly [key: string]: string }, GlanceError.InvalidArgument> =>
  Effect.gen(function* () {
    if (checksum !== undefined) yield* Check.check(`${argument}.checksum`, checksum, hex)
    return {
      ...(checksum === undefined ? {} : { checksum }),
      os_hash_algo: yield* Check.check(`${argument}.osHashAlgo`, osHashAlgo, Check.nonEmpty),
      os_hash_value: yield* Check.check(`${argument}.osHashValue`, osHashValue, hex)
    }
  })

/** Glance wants `metadata`, also when there is none. */
const locationToJson = (argument: string, location: NewLocation) =>
  Effect.gen(function* () {
    yield* Check.check(argument, location, Check.object)
    const { metadata = {}, url, validation } = location
    yield* Check.check(`${argument}.url`, url, Check.nonEmpty)
    yield* Check.check(`${argument}.metadata`, metadata, Check.json)
    return {
      url,
      metadata,
      ...(validation === undefined
        ? {}
        : { validation_data: yield* validationToJson(`${argument}.validation`, validation) })
    }
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
    const { operation, request } = operations

    /** Glance returns 404 without the route and without the image. The record shows whether the image exists. */
    const ofImage = <A, E extends GlanceError.GlanceError>(image: Image.ImageRef, effect: Effect.Effect<A, E>) =>
      Effect.tapError(effect, ({ _tag }) =>
        _tag === "CapabilityMissing" ? Record.read(operations, image) : Effect.void
      )

    const lacking = (answer: Pick<GlanceError.CapabilityMissing, "detail" | "requestId">) =>
      new GlanceError.CapabilityMissing({ capability: "the locations of images in their records", ...answer })

    const patch = (image: Image.ImageRef, steps: ReadonlyArray<object>) =>
      request(Endpoints.patchLocations, { imageId: Image.idOf(image), steps })

    /** Glance returns 403 if it does not show locations, and for reasons of the image. The record shows which. */
    const explained = (image: Image.ImageRef, steps: ReadonlyArray<object>) =>
      Effect.tapErrorTag(patch(image, steps), "Forbidden", ({ detail, requestId }) =>
        Effect.flatMap(Record.read(operations, image), ({ locations }) =>
          Option.isSome(locations) ? Effect.void : lacking({ detail, requestId })
        )
      )

    return {
      list: operation(Endpoints.listLocations)((image) =>
        ofImage(image, request(Endpoints.listLocations, { imageId: Image.idOf(image) }))
      ),
      register: operation(Endpoints.registerLocation)(function* (image, url, validation) {
        yield* Check.check("url", url, Check.nonEmpty)
        const location =
          validation === undefined
            ? { url }
            : { url, validation_data: yield* validationToJson("validation", validation) }
        return yield* ofImage(image, request(Endpoints.registerLocation, { imageId: Image.idOf(image), location }))
      }),
      add: operation(Endpoints.patchLocations)(function* (image, location) {
        const value = yield* locationToJson("location", location)
        return yield* explained(image, [{ op: "add", path: "/locations/-", value }])
      }),
      remove: operation("ImageLocations.remove")(function* (image, url) {
        yield* Check.check("url", url, Check.nonEmpty)
        const record = yield* Record.read(operations, image)
        if (Option.isNone(record.locations)) return yield* lacking({ detail: "", requestId: Option.none() })
        const index = record.locations.value.findIndex((location) => location.url === url)
        return index < 0 ? record : yield* patch(image, [{ op: "remove", path: `/locations/${index}` }])
      }),
      replace: operation("ImageLocations.replace")(function* (image, locations) {
        yield* Check.check("locations", locations, (value) =>
          Array.isArray(value) && value.length > 0 ? undefined : "must be an array that is not empty"
        )
        const value = yield* Effect.forEach(locations, (location, index) =>
          locationToJson(`locations[${index}]`, location)
        )
        return yield* explained(image, [{ op: "replace", path: "/locations", value }])
      })
    }
  }
)

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { ImageLocations } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(ImageLocations.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageLocations, never, GlanceClient.GlanceClient> = Layer.effect(ImageLocations, make)
