/**
 * Imports: how a cloud brings data into an image by itself, and into which of its stores.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Discovery from "./Discovery.js"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import * as Check from "./internal/check.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Follow from "./internal/imports/follow.js"
import * as Operations from "./internal/operations.js"
import * as TransferLimits from "./internal/transfer/limits.js"

/**
 * Takes what was staged for the image by `ImageData.stage`.
 *
 * @since 0.1.0
 * @category models
 */
export interface GlanceDirect {
  readonly name: "glance-direct"
}

/**
 * The cloud fetches the data from an address.
 *
 * @since 0.1.0
 * @category models
 */
export interface WebDownload {
  readonly name: "web-download"
  /** `http` or `https`; the cloud may allow some hosts and ports only. */
  readonly uri: string | URL
}

/**
 * Copies an image that is `active` into further stores. For administrators, unless the cloud's policy says otherwise.
 *
 * @since 0.1.0
 * @category models
 */
export interface CopyImage {
  readonly name: "copy-image"
}

/**
 * The cloud fetches the data, the formats and some of the properties of an image from the image service of another region
 * of the same cloud, with the caller's token.
 *
 * @since 0.1.0
 * @category models
 */
export interface GlanceDownload {
  readonly name: "glance-download"
  readonly region: string
  readonly image: Image.ImageRef
  /**
   * By which of the region's endpoints.
   *
   * @default "public"
   */
  readonly interface?: "public" | "internal" | "admin" | undefined
}

/**
 * Where an import takes the data from.
 *
 * @since 0.1.0
 * @category models
 */
export type Method = GlanceDirect | WebDownload | CopyImage | GlanceDownload

/**
 * {@link GlanceDirect}
 *
 * @since 0.1.0
 * @category constructors
 */
export const glanceDirect: GlanceDirect = { name: "glance-direct" }

/**
 * {@link WebDownload}
 *
 * @since 0.1.0
 * @category constructors
 */
export const webDownload = (uri: string | URL): WebDownload => ({ name: "web-download", uri })

/**
 * {@link CopyImage}
 *
 * @since 0.1.0
 * @category constructors
 */
export const copyImage: CopyImage = { name: "copy-image" }

/**
 * {@link GlanceDownload}
 *
 * @since 0.1.0
 * @category constructors
 */
export const glanceDownload = (
  region: string,
  image: Image.ImageRef,
  options?: Pick<GlanceDownload, "interface">
): GlanceDownload => ({ name: "glance-download", region, image, ...options })

/**
 * Where an import puts the data.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImportOptions {
  /**
   * Ids of stores, or all that take data: a copy then leaves out those that have the image already.
   *
   * @default the store that is the cloud's default
   */
  readonly stores?: ReadonlyArray<string> | "all" | undefined
  /**
   * Whether the import fails, and is undone, when one of the stores does not take the data. Where that is not so, one
   * store that does is enough.
   *
   * @default true
   */
  readonly allStoresMustSucceed?: boolean | undefined
}

/**
 * How an import is waited for.
 *
 * @since 0.1.0
 * @category models
 */
export interface WaitOptions extends Follow.WaitOptions {}

/**
 * An import that was started.
 *
 * @since 0.1.0
 * @category models
 */
export interface Started extends Follow.Started {}

/**
 * How far an import is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress extends Follow.Progress {}

/**
 * What starting an import can end in.
 *
 * @since 0.1.0
 * @category errors
 */
export type StartError =
  | GlanceError.RequestError
  | GlanceError.InvalidArgument
  | GlanceError.CapabilityMissing
  | GlanceError.ImageNotFound
  | GlanceError.ImageLocked
  | GlanceError.ImageNotImportable

/**
 * What waiting for an import can end in.
 *
 * @since 0.1.0
 * @category errors
 */
export type WaitError = Follow.WaitError

/**
 * The operations of imports.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#interoperable-image-import
 */
export interface Service {
  /**
   * What {@link Service.start} refuses before it sends anything: an argument that is wrong, or a method or a store that the
   * cloud does not have.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#import-methods-and-values-discovery
   */
  readonly check: (
    method: Method,
    options?: ImportOptions
  ) => Effect.Effect<void, GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.CapabilityMissing>
  /**
   * Starts an import. What the cloud would refuse, or would accept and then get stuck with, is refused here: a method that
   * it has not turned on, a store that it does not have or that is read-only.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#import-an-image
   */
  readonly start: (image: Image.ImageRef, method: Method, options?: ImportOptions) => Effect.Effect<Started, StartError>
  /**
   * Waits until an import has ended and answers the image, which is `active` then. It is told by its task, and by the
   * record where the task is not to be seen. Of an image it is the import that holds it now, or else the last one.
   *
   * It can be tried again: it only looks.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-tasks-associated-with-image
   */
  readonly await: (started: Started | Image.ImageRef, options?: WaitOptions) => Effect.Effect<Image.Image, WaitError>
  /**
   * The same as a stream with an element for each look. It ends after the first one in which the import has ended, or
   * fails.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-tasks-associated-with-image
   */
  readonly progress: (started: Started | Image.ImageRef, options?: WaitOptions) => Stream.Stream<Progress, WaitError>
  /**
   * {@link Service.start} and {@link Service.await}.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#import-an-image
   */
  readonly importAndWait: (
    image: Image.ImageRef,
    method: Method,
    options?: ImportOptions & WaitOptions
  ) => Effect.Effect<Image.Image, StartError | WaitError>
  /**
   * {@link Service.start} and {@link Service.progress}. The import goes on where the stream is not run to its end.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#import-an-image
   */
  readonly importWithProgress: (
    image: Image.ImageRef,
    method: Method,
    options?: ImportOptions & WaitOptions
  ) => Stream.Stream<Progress, StartError | WaitError>
}

/**
 * The service of imports.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageImport extends Context.Tag("@effect-glance/core/ImageImport")<ImageImport, Service>() {}

const isUri: Check.Check = (value) => {
  const text = value instanceof URL ? value.href : value
  if (typeof text !== "string") return `must be a URL, not ${Check.shown(text)}`
  return URL.canParse(text) && /^https?:/i.test(text) ? undefined : "must be the URL of something on the web"
}

const uuid: Check.Check = (value) =>
  typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
    ? undefined
    : `must be a UUID, not ${Check.shown(value)}`

const word = Check.text({ minLength: 1 })

/** As the server wants it. */
const methodToJson = (
  method: Method
): Either.Either<{ readonly name: Method["name"]; readonly [key: string]: string }, GlanceError.InvalidArgument> =>
  Either.gen(function* () {
    yield* Check.check("method", method, Check.object)
    switch (method.name) {
      case "glance-direct":
      case "copy-image":
        return { name: method.name }
      case "web-download": {
        yield* Check.check("method.uri", method.uri, isUri)
        return { name: method.name, uri: String(method.uri) }
      }
      case "glance-download": {
        const { image, interface: face = "public", name, region } = method
        yield* Check.check("method.region", region, word)
        const id = yield* Check.check("method.image", Image.idOf(image), uuid)
        yield* Check.check("method.interface", face, Check.oneOf(["public", "internal", "admin"]))
        return { name, glance_region: region, glance_image_id: id, glance_service_interface: face }
      }
      default: {
        const names = ["glance-direct", "web-download", "copy-image", "glance-download"]
        return yield* Check.check("method.name", method, Check.oneOf(names))
      }
    }
  })

/** Each once: Glance never ends an import that is to go into one store twice. */
const storesOf = (
  stores: ImportOptions["stores"]
): Either.Either<ReadonlyArray<string> | "all" | undefined, GlanceError.InvalidArgument> =>
  Either.gen(function* () {
    if (stores === undefined || stores === "all") return stores
    yield* Check.check("stores", stores, (value) =>
      Array.isArray(value) ? undefined : `must be "all" or an array, not ${Check.shown(value)}`
    )
    if (stores.length === 0) yield* Check.check("stores", stores, () => "must not be empty")
    for (const [index, store] of stores.entries()) {
      yield* Check.check(`stores[${index}]`, store, word)
    }
    return [...new Set(stores)]
  })

const makeWith = (discovery: Discovery.Service): Effect.Effect<Service, never, GlanceClient.GlanceClient> =>
  Effect.gen(function* () {
    const operations = Operations.make(yield* GlanceClient.GlanceClient)

    const requireMethod = (method: Method["name"]) =>
      Effect.flatMap(discovery.importMethods, (methods) =>
        methods.includes(method)
          ? Effect.void
          : new GlanceError.CapabilityMissing({
              capability: `the import method ${method}`,
              detail: methods.length === 0 ? "it has none" : `it has ${methods.join(", ")}`,
              requestId: Option.none()
            })
      )

    const requireStores = (stores: ReadonlyArray<string>) =>
      Effect.gen(function* () {
        const known = yield* discovery.stores
        const writable = known.filter(({ isReadOnly }) => !isReadOnly).map(({ id }) => id)
        for (const [index, store] of stores.entries()) {
          yield* Check.check(`stores[${index}]`, store, () => {
            if (writable.includes(store)) return undefined
            return known.some(({ id }) => id === store)
              ? `is a store that takes no data: ${Check.shown(store)}`
              : `must be one of ${writable.join(", ")}, not ${Check.shown(store)}`
          })
        }
      })

    /** What is to be sent, when nothing speaks against it. */
    const prepare = (method: Method, { allStoresMustSucceed, stores }: ImportOptions) =>
      Effect.gen(function* () {
        const json = yield* methodToJson(method)
        const wanted = yield* storesOf(stores)
        if (allStoresMustSucceed !== undefined) {
          yield* Check.check("allStoresMustSucceed", allStoresMustSucceed, Check.flag)
        }
        yield* requireMethod(json.name)
        // Of several stores a cloud with only one knows nothing: it would take no notice, or refuse what it was not told.
        if (wanted !== undefined || allStoresMustSucceed === false) {
          yield* requireStores(Array.isArray(wanted) ? wanted : [])
        }
        const body = {
          method: json,
          ...(wanted === undefined ? {} : wanted === "all" ? { all_stores: true } : { stores: wanted }),
          ...(allStoresMustSucceed === undefined ? {} : { all_stores_must_succeed: allStoresMustSucceed })
        }
        return { body, method: json.name, stores: wanted }
      })

    const begin = (
      image: Image.ImageRef,
      importMethod: Method,
      options: ImportOptions
    ): Effect.Effect<Started, StartError> =>
      Effect.gen(function* () {
        const imageId = yield* Check.check("image", Image.idOf(image), Check.segment)
        const { body, method, stores } = yield* prepare(importMethod, options)
        const requestId = yield* operations
          .request(Endpoints.importImage, { imageId, body })
          .pipe(Effect.catchTag("ImageNotImportable", (error) => Follow.whyNot(operations, error)))
        return { imageId, method, stores, requestId }
      }).pipe(operations.limited)

    const check: Service["check"] = Operations.longOperation("ImageImport.check")((method, options = {}) =>
      Effect.asVoid(prepare(method, options))
    )

    const start: Service["start"] = Operations.longOperation(Endpoints.importImage.operation)(
      (image, method, options = {}) => begin(image, method, options)
    )

    const progress: Service["progress"] = (started, options = {}) =>
      Operations.streamOperation("ImageImport.progress")(Follow.follow(operations, started, options))

    const awaitImport: Service["await"] = Operations.longOperation("ImageImport.await")((started, options = {}) =>
      Follow.lastImage(Follow.follow(operations, started, options))
    )

    const importAndWait: Service["importAndWait"] = Operations.longOperation("ImageImport.importAndWait")(function* (
      image,
      method,
      options = {}
    ) {
      yield* TransferLimits.of(options)
      const started = yield* begin(image, method, options)
      return yield* Follow.lastImage(Follow.follow(operations, started, options))
    })

    const importWithProgress: Service["importWithProgress"] = (image, method, options = {}) =>
      TransferLimits.of(options).pipe(
        Effect.zipRight(begin(image, method, options)),
        Effect.map((started) => Follow.follow(operations, started, options)),
        Stream.unwrap,
        Operations.streamOperation("ImageImport.importWithProgress")
      )

    return { check, start, await: awaitImport, progress, importAndWait, importWithProgress }
  })

/**
 * The service on the port of the context, with a discovery of its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.flatMap(Discovery.make, makeWith)

/**
 * {@link make} as a layer, which shares what is known of the cloud with `Discovery.layer`. A layer is built once for all
 * who ask for it in one graph: for two projects side by side take `Layer.fresh` of it, or `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageImport, never, GlanceClient.GlanceClient> = Layer.effect(
  ImageImport,
  Effect.flatMap(Discovery.Discovery, makeWith)
).pipe(Layer.provide(Discovery.layer))
