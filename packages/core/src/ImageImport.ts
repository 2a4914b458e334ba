/**
 * Imports: the cloud itself brings data into an image, into the stores of your choice.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Discovery from "./Discovery.js"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import type * as ImageTask from "./ImageTask.js"
import * as Check from "./internal/check.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Follow from "./internal/imports/follow.js"
import * as Operations from "./internal/operations.js"
import * as TransferLimits from "./internal/transfer/limits.js"

/**
 * Imports the data that `ImageData.stage` has staged for the image.
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
  /** `http` or `https`. The cloud may allow some hosts and ports only. */
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
   * Which endpoint of the region the cloud uses.
   *
   * @default "public"
   */
  readonly interface?: "public" | "internal" | "admin" | undefined
}

/**
 * How an import gets the data.
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
   * Ids of stores, or `all` writable stores. A copy leaves out stores that have the image already.
   *
   * @default the store that is the cloud's default
   */
  readonly stores?: ReadonlyArray<string> | "all" | undefined
  /**
   * Whether the import fails, and is undone, if one of the stores fails. Otherwise one store that succeeds is enough.
   *
   * @default true
   */
  readonly allStoresMustSucceed?: boolean | undefined
}

/**
 * How an import is awaited.
 *
 * @since 0.1.0
 * @category models
 */
export interface WaitOptions {
  /**
   * When to poll again. Each poll is two small requests.
   *
   * @default after half a second, then each time 1.5 times as long, up to every 5 seconds
   */
  readonly schedule?: Schedule.Schedule<unknown, Progress> | undefined
  /**
   * The longest wait, even if the schedule continues. At its end the import is polled once more. `Infinity` is no limit.
   *
   * @default 12 hours
   */
  readonly deadline?: Duration.DurationInput | undefined
}

/**
 * An import that was started.
 *
 * @since 0.1.0
 * @category models
 */
export interface Started {
  readonly imageId: Image.ImageId
  readonly method: string
  readonly stores: ReadonlyArray<string> | "all" | undefined
  /** The id of the request that started the import, which identifies its task. */
  readonly requestId: Option.Option<string>
}

/**
 * The progress of an import.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  /** The image as it is now. */
  readonly image: Image.Image
  /** The task of the import. None before it begins, or if the cloud does not show it. */
  readonly task: Option.Option<ImageTask.ImageTask>
  /**
   * Bytes copied into the current store, in whole MiB. The cloud reports them about once a minute, and reports nothing
   * about a download before the copy.
   */
  readonly bytesCopied: Option.Option<number>
  /** Ids of the wanted stores that have the data, that wait for them, and that failed. */
  readonly stores: {
    readonly done: ReadonlyArray<string>
    readonly toGo: ReadonlyArray<string>
    readonly failed: ReadonlyArray<string>
  }
}

/**
 * What starting an import can end in.
 *
 * @since 0.1.0
 * @category errors
 */
export type StartError =
  | Failure
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
export type WaitError =
  | Failure
  | GlanceError.ImageNotFound
  | GlanceError.ImageDeletedMeanwhile
  | GlanceError.ImportFailed
  | GlanceError.ImportIncomplete
  | GlanceError.ImportNotEnded

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

// The errors of each operation.
export type CheckError = Failure | GlanceError.CapabilityMissing
export type AwaitError = WaitError
export type ProgressError = WaitError
export type ImportAndWaitError = StartError | WaitError
export type ImportWithProgressError = StartError | WaitError

/**
 * The operations of imports.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#interoperable-image-import
 */
export interface Service {
  /**
   * Checks an import as {@link Service.start} does before it sends the request: the arguments, and whether the cloud has
   * the method and the stores.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#import-methods-and-values-discovery
   */
  readonly check: (method: Method, options?: ImportOptions) => Effect.Effect<void, CheckError>
  /**
   * Starts an import. Fails before the request if the cloud has not enabled the method, or if a store is unknown or
   * read-only: some of these imports would never end.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#import-an-image
   */
  readonly start: (image: Image.ImageRef, method: Method, options?: ImportOptions) => Effect.Effect<Started, StartError>
  /**
   * Waits until an import has ended and returns the image, which is `active` then. It follows the task, or the record if
   * the task is not visible. For an image, it follows the import that has the lock, or else the last one.
   *
   * It only reads, so that you can retry it.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-tasks-associated-with-image
   */
  readonly await: (started: Started | Image.ImageRef, options?: WaitOptions) => Effect.Effect<Image.Image, AwaitError>
  /**
   * Streams the progress of an import, with an element for each poll. The stream ends when the import has ended, or
   * fails with it.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-tasks-associated-with-image
   */
  readonly progress: (
    started: Started | Image.ImageRef,
    options?: WaitOptions
  ) => Stream.Stream<Progress, ProgressError>
  /**
   * Does {@link Service.start} and {@link Service.await}.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#import-an-image
   */
  readonly importAndWait: (
    image: Image.ImageRef,
    method: Method,
    options?: ImportOptions & WaitOptions
  ) => Effect.Effect<Image.Image, ImportAndWaitError>
  /**
   * Does {@link Service.start} and {@link Service.progress}. The import goes on if the stream is not run to its end.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#import-an-image
   */
  readonly importWithProgress: (
    image: Image.ImageRef,
    method: Method,
    options?: ImportOptions & WaitOptions
  ) => Stream.Stream<Progress, ImportWithProgressError>
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
  return URL.canParse(text) && /^https?:/i.test(text) ? undefined : "must be a URL that begins with http:// or https://"
}

const uuid: Check.Check = (value) =>
  typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
    ? undefined
    : `must be a UUID, not ${Check.shown(value)}`

/** Returns the method as the server wants it. */
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
        yield* Check.check("method.region", region, Check.nonEmpty)
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

/** Removes duplicates: Glance never ends an import that has a store twice. */
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
      yield* Check.check(`stores[${index}]`, store, Check.nonEmpty)
    }
    return [...new Set(stores)]
  })

const requireMethod = (discovery: Discovery.Service, method: Method["name"]) =>
  Effect.flatMap(discovery.importMethods, (methods) =>
    methods.includes(method)
      ? Effect.void
      : new GlanceError.CapabilityMissing({
          capability: `the import method ${method}`,
          detail: methods.length === 0 ? "it has none" : `it has ${methods.join(", ")}`,
          requestId: Option.none()
        })
  )

const requireStores = (discovery: Discovery.Service, stores: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const known = yield* discovery.stores
    const writable = known.filter(({ isReadOnly }) => !isReadOnly).map(({ id }) => id)
    for (const [index, store] of stores.entries()) {
      yield* Check.check(`stores[${index}]`, store, () => {
        if (writable.includes(store)) return undefined
        return known.some(({ id }) => id === store)
          ? `is a read-only store: ${Check.shown(store)}`
          : `must be one of ${writable.join(", ")}, not ${Check.shown(store)}`
      })
    }
  })

/** Checks an import against the cloud, and returns the body of its request. */
const prepare = (discovery: Discovery.Service, method: Method, { allStoresMustSucceed, stores }: ImportOptions) =>
  Effect.gen(function* () {
    const json = yield* methodToJson(method)
    const wanted = yield* storesOf(stores)
    if (allStoresMustSucceed !== undefined) {
      yield* Check.check("allStoresMustSucceed", allStoresMustSucceed, Check.flag)
    }
    yield* requireMethod(discovery, json.name)
    // A cloud with one store ignores or refuses a choice of stores.
    if (wanted !== undefined || allStoresMustSucceed === false) {
      yield* requireStores(discovery, Array.isArray(wanted) ? wanted : [])
    }
    const body = {
      method: json,
      ...(wanted === undefined ? {} : wanted === "all" ? { all_stores: true } : { stores: wanted }),
      ...(allStoresMustSucceed === undefined ? {} : { all_stores_must_succeed: allStoresMustSucceed })
    }
    return { body, method: json.name, stores: wanted }
  })

const begin = (
  operations: Operations.Operations,
  discovery: Discovery.Service,
  ...[image, importMethod, options = {}]: Parameters<Service["start"]>
): Effect.Effect<Started, StartError> =>
  Effect.gen(function* () {
    const imageId = yield* Check.check("image", Image.idOf(image), Check.segment)
    const { body, method, stores } = yield* prepare(discovery, importMethod, options)
    const requestId = yield* operations
      .request(Endpoints.importImage, { imageId, body })
      .pipe(Effect.catchTag("ImageNotImportable", (error) => Follow.whyNot(operations, error)))
    return { imageId, method, stores, requestId }
  }).pipe(operations.limited)

const makeWith = (discovery: Discovery.Service): Effect.Effect<Service, never, GlanceClient.GlanceClient> =>
  Effect.map(GlanceClient.GlanceClient, (http) => {
    const operations = Operations.make(http)
    const start: Service["start"] = (...args) => begin(operations, discovery, ...args)
    const follow: Service["progress"] = (started, options = {}) => Follow.follow(operations, started, options)
    const startAndFollow: Service["importWithProgress"] = (image, method, options = {}) =>
      TransferLimits.of(options).pipe(
        Effect.zipRight(start(image, method, options)),
        Effect.map((started) => follow(started, options)),
        Stream.unwrap
      )
    return {
      check: Operations.longOperation("ImageImport.check")((method, options = {}) =>
        Effect.asVoid(prepare(discovery, method, options))
      ),
      start: Operations.longOperation(Endpoints.importImage)(start),
      await: Operations.longOperation("ImageImport.await")((started, options) =>
        Follow.lastImage(follow(started, options))
      ),
      progress: (started, options) => Operations.streamOperation("ImageImport.progress")(follow(started, options)),
      importAndWait: Operations.longOperation("ImageImport.importAndWait")((image, method, options) =>
        Follow.lastImage(startAndFollow(image, method, options))
      ),
      importWithProgress: (image, method, options) =>
        Operations.streamOperation("ImageImport.importWithProgress")(startAndFollow(image, method, options))
    }
  })

/**
 * Makes the service on the `GlanceClient` of the context, with a `Discovery` of its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.flatMap(Discovery.make, makeWith)

/**
 * {@link make} as a layer, which shares its knowledge of the cloud with `Discovery.layer`. If one program uses several
 * projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { ImageImport } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(ImageImport.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageImport, never, GlanceClient.GlanceClient> = Layer.effect(
  ImageImport,
  Effect.flatMap(Discovery.Discovery, makeWith)
).pipe(Layer.provide(Discovery.layer))
