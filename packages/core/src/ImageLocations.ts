/**
 * The locations of an image: where its data lie. A cloud shows them only where its operator wants it to.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Answer from "./Answer.js"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import * as ImageChanges from "./ImageChanges.js"
import * as Argument from "./internal/argument.js"
import * as Internal from "./internal/image.js"
import * as Lenient from "./internal/lenient.js"
import * as Limit from "./internal/limit.js"
import * as Record from "./internal/record.js"
import * as Request from "./internal/request.js"

/**
 * Hashes that the caller vouches for, since nobody reads the data.
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
 * A place where data lie.
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

/**
 * The operations on locations. {@link Service.list} and {@link Service.register} are routes of their own (v2.17), meant for
 * services; the others change the record, and are there only where it shows locations.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#image-location
 */
export interface Service {
  /**
   * Where the data lie. For services.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#get-locations
   */
  readonly list: (
    image: Image.ImageRef
  ) => Effect.Effect<ReadonlyArray<Image.ImageLocation>, Failure | GlanceError.CapabilityMissing>
  /**
   * Tells where the data of a queued image lie. The cloud reads them in its own time, for their size and hashes, and makes
   * the image `active`: `ImageImport.await` waits for it.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#add-location
   */
  readonly register: (
    image: Image.ImageRef,
    url: string,
    validation?: Omit<Validation, "checksum">
  ) => Effect.Effect<void, Failure | GlanceError.CapabilityMissing | GlanceError.UpdateConflict>
  /**
   * Adds a location to the record, which makes a queued image `active`. Answers the image as it is then.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image
   */
  readonly add: (
    image: Image.ImageRef,
    location: NewLocation
  ) => Effect.Effect<Image.Image, Failure | GlanceError.CapabilityMissing | GlanceError.UpdateConflict>
  /**
   * Takes the location with this URL off the record, and its data away. The last one is `Forbidden`; one that is not there
   * is nothing to do.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image
   */
  readonly remove: (
    image: Image.ImageRef,
    url: string
  ) => Effect.Effect<Image.Image, Failure | GlanceError.CapabilityMissing | GlanceError.UpdateConflict>
  /**
   * Makes these the locations of the record: of an image that had none, or the same ones with other metadata. Others the
   * server refuses.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image
   */
  readonly replace: (
    image: Image.ImageRef,
    locations: ReadonlyArray<NewLocation>
  ) => Effect.Effect<Image.Image, Failure | GlanceError.CapabilityMissing | GlanceError.UpdateConflict>
}

/**
 * The service of locations.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageLocations extends Context.Tag("@effect-glance/core/ImageLocations")<ImageLocations, Service>() {}

const readLocations = Request.json(Request.decoder(Lenient.List(Image.ImageLocation)))

const word = Argument.text({ minLength: 1 })

const hex: Argument.Check = (value) =>
  typeof value === "string" && /^([0-9a-f]{2})+$/i.test(value)
    ? undefined
    : `must be in hex, not ${Argument.shown(value)}`

const validationToJson = (
  operation: string,
  argument: string,
  { checksum, osHashAlgo, osHashValue }: Validation
): Effect.Effect<{ readonly [key: string]: string }, GlanceError.InvalidArgument> =>
  Effect.gen(function* () {
    if (checksum !== undefined) yield* Argument.checked(operation, `${argument}.checksum`, checksum, hex)
    return {
      ...(checksum === undefined ? {} : { checksum }),
      os_hash_algo: yield* Argument.checked(operation, `${argument}.osHashAlgo`, osHashAlgo, word),
      os_hash_value: yield* Argument.checked(operation, `${argument}.osHashValue`, osHashValue, hex)
    }
  })

/** Glance wants `metadata`, also when there is none. */
const locationToJson = (operation: string, argument: string, location: NewLocation) =>
  Effect.gen(function* () {
    yield* Argument.checked(operation, argument, location, Argument.object)
    const { metadata = {}, url, validation } = location
    yield* Argument.checked(operation, `${argument}.url`, url, word)
    yield* Argument.checked(operation, `${argument}.metadata`, metadata, Argument.json)
    return {
      url,
      metadata,
      ...(validation === undefined
        ? {}
        : { validation_data: yield* validationToJson(operation, `${argument}.validation`, validation) })
    }
  })

const routes = "the locations of an image as a route of their own (v2.17)"
const shown = "the locations of images in their records"

/**
 * The service on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const http = yield* GlanceClient.GlanceClient
  const fn = Limit.fn(http)

  const missing =
    (operation: string) =>
    ({ detail, requestId }: Answer.Answer) =>
      new GlanceError.CapabilityMissing({ operation, capability: routes, detail, requestId })

  const list: Service["list"] = fn("ImageLocations.list")(function* (image) {
    const operation = "ImageLocations.list"
    const path = yield* Internal.path(operation, image, "locations")
    return yield* Request.run(http, {
      operation,
      request: HttpClientRequest.get(path),
      decode: readLocations,
      on: { 404: missing(operation) }
    }).pipe(Effect.tapErrorTag("CapabilityMissing", () => Record.read(http, operation, image)))
  })

  const register: Service["register"] = fn("ImageLocations.register")(function* (image, url, validation) {
    const operation = "ImageLocations.register"
    const path = yield* Internal.path(operation, image, "locations")
    yield* Argument.checked(operation, "url", url, word)
    const data = validation === undefined ? undefined : yield* validationToJson(operation, "validation", validation)
    return yield* Request.run(http, {
      operation,
      request: HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(path), {
        url,
        ...(data === undefined ? {} : { validation_data: data })
      }),
      decode: Request.nothing,
      on: { 404: missing(operation), 409: Record.conflict(image) }
    }).pipe(Effect.tapErrorTag("CapabilityMissing", () => Record.read(http, operation, image)))
  })

  const patch = (operation: string, image: Image.ImageRef, steps: ReadonlyArray<object>) =>
    Effect.flatMap(Internal.path(operation, image), (path) =>
      Request.run(http, {
        operation,
        request: HttpClientRequest.bodyText(
          HttpClientRequest.patch(path),
          JSON.stringify(steps),
          ImageChanges.mediaType
        ),
        decode: Record.fromBody,
        on: { 404: Internal.notFound(image), 409: Record.conflict(image) }
      })
    )

  /** A 403 says that locations are not shown, or something about this image: the record tells. */
  const explained =
    (operation: string, image: Image.ImageRef) =>
    <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E | GlanceError.Forbidden>) =>
      Effect.tapErrorTag(effect as Effect.Effect<A, GlanceError.Forbidden>, "Forbidden", ({ detail, requestId }) =>
        Effect.flatMap(Record.read(http, operation, image), ({ locations }) =>
          Option.isSome(locations)
            ? Effect.void
            : new GlanceError.CapabilityMissing({ operation, capability: shown, detail, requestId })
        )
      ) as Effect.Effect<A, E | GlanceError.Forbidden | GlanceError.CapabilityMissing | Failure>

  const add: Service["add"] = fn("ImageLocations.add")(function* (image, location) {
    const operation = "ImageLocations.add"
    const value = yield* locationToJson(operation, "location", location)
    return yield* explained(operation, image)(patch(operation, image, [{ op: "add", path: "/locations/-", value }]))
  })

  const remove: Service["remove"] = fn("ImageLocations.remove")(function* (image, url) {
    const operation = "ImageLocations.remove"
    yield* Argument.checked(operation, "url", url, word)
    const record = yield* Record.read(http, operation, image)
    if (Option.isNone(record.locations)) {
      const nothing = { detail: "", requestId: Option.none() }
      return yield* new GlanceError.CapabilityMissing({ operation, capability: shown, ...nothing })
    }
    const index = record.locations.value.findIndex((location) => location.url === url)
    return index < 0 ? record : yield* patch(operation, image, [{ op: "remove", path: `/locations/${index}` }])
  })

  const replace: Service["replace"] = fn("ImageLocations.replace")(function* (image, locations) {
    const operation = "ImageLocations.replace"
    yield* Argument.checked(operation, "locations", locations, (value) =>
      Array.isArray(value) && value.length > 0 ? undefined : "must be an array that is not empty"
    )
    const value = yield* Effect.forEach(locations, (location, index) =>
      locationToJson(operation, `locations[${index}]`, location)
    )
    return yield* explained(operation, image)(patch(operation, image, [{ op: "replace", path: "/locations", value }]))
  })

  return { list, register, add, remove, replace }
})

/**
 * {@link make} as a layer. A layer is built once for all who ask for it in one graph: for two projects side by side
 * take `Layer.fresh` of it, or `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageLocations, never, GlanceClient.GlanceClient> = Layer.effect(ImageLocations, make)
