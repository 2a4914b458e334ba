/**
 * Creation of images together with their data, by the best way that the cloud offers.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Discovery from "./Discovery.js"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import * as ImageData from "./ImageData.js"
import * as ImageImport from "./ImageImport.js"
import * as ImageSource from "./ImageSource.js"
import * as Images from "./Images.js"
import * as ImageTasks from "./ImageTasks.js"
import * as Check from "./internal/check.js"
import * as Creation from "./internal/creation.js"
import * as HashAlgorithms from "./internal/hashAlgorithms.js"
import * as Operations from "./internal/operations.js"
import * as TransferLimits from "./internal/transfer/limits.js"
import * as Settle from "./internal/transfer/settle.js"
import * as Source from "./internal/transfer/source.js"
import * as Upload from "./internal/transfer/upload.js"

/**
 * An object in the object store of the cloud, for clouds whose tasks import from there (Rackspace).
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredObject {
  readonly container: string
  readonly object: string
}

/**
 * Where the data of a new image come from: this process; the web (`ImageSource.url`), fetched by the cloud if it can and
 * by this process otherwise; the web, fetched only by the cloud (`ImageImport.webDownload`); or the object store.
 *
 * @since 0.1.0
 * @category models
 */
export type Origin<E = never, R = never> =
  | ImageSource.Input<E, R>
  | ImageSource.WebSource<E, R>
  | ImageImport.WebDownload
  | StoredObject

/**
 * Everything that `createFrom` takes as an origin.
 *
 * @since 0.1.0
 * @category models
 */
export type AnyOrigin = Origin<unknown, unknown> | ImageSource.FileInput

/**
 * How a new image gets its data: the cloud fetches them; this process sends them into one store, or stages them for an
 * import, which reaches several stores; or a task reads them from the object store.
 *
 * @since 0.1.0
 * @category models
 */
export type Way = "web-download" | "upload" | "stage" | "task"

/**
 * How an image is created from its origin. Options of another way have no effect.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreateFromOptions<out E = never, out R = never>
  extends Omit<ImageData.UploadOptions<E, R>, "store" | "onMismatch">,
    ImageImport.ImportOptions {
  /**
   * The way to use.
   *
   * @default `web-download` from the web if the cloud supports it, otherwise `upload`, or `stage` for several stores
   */
  readonly by?: Way | undefined
  /** When to poll an import, see `ImageImport.WaitOptions`. Tasks are polled every 5 seconds. */
  readonly schedule?: ImageImport.WaitOptions["schedule"]
  /**
   * The longest wait for an import or a task of the cloud. `Infinity` is no limit.
   *
   * @default 12 hours
   */
  readonly deadline?: Duration.DurationInput | undefined
  /**
   * Whether the image stays if it does not get its data.
   *
   * @default false
   */
  readonly keep?: boolean | undefined
}

/**
 * What creating an image from its origin can end in, besides what the origin fails with.
 *
 * @since 0.1.0
 * @category errors
 */
export type CreateFromError =
  | ImageData.UploadError
  | ImageImport.StartError
  | ImageImport.WaitError
  | GlanceError.DuplicateImage
  | GlanceError.NoSuchContainer
  | GlanceError.TaskNotFound
  | GlanceError.TaskFailed
  | GlanceError.TaskNotEnded
  | GlanceError.UpdateConflict

/**
 * The creation of images with their data.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#interoperable-image-import
 */
export interface Service {
  /**
   * Creates an image from its origin, by the best way that the cloud offers, and returns it when it is `active`. If that
   * fails or is interrupted, the image is deleted, also if the response to its creation was lost. It stays if some of the
   * stores have it (`ImportIncomplete`), and if it may have the data (`UploadNotEnded`, `ImageUnverifiable`).
   *
   * If the cloud refuses or fails to fetch a URL and left nothing behind, this process reads and sends the data, unless
   * `by` fixes the way. A task chooses the id of its image, and goes on if this operation is interrupted.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#import-an-image
   */
  readonly createFrom: <O extends AnyOrigin, E = never, R = never>(
    image: Images.NewImage,
    origin: O,
    options?: CreateFromOptions<E, R>
  ) => Effect.Effect<Image.Image, CreateFromError | ImageSource.ErrorOf<O> | E, ImageSource.ContextOf<O> | R>
}

/**
 * The service of creation.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageCreation extends Context.Tag("@effect-glance/core/ImageCreation")<ImageCreation, Service>() {}

interface Services {
  readonly http: GlanceClient.Service
  readonly images: Images.Service
  readonly data: ImageData.Service
  readonly imports: ImageImport.Service
  readonly tasks: ImageTasks.Service
  readonly discovery: Discovery.Service
}

/** Splits an origin: what the cloud can fetch, what this process can send, what a task can import. */
const partsOf = (
  origin: AnyOrigin
): {
  readonly object?: StoredObject | undefined
  readonly uri?: string | undefined
  readonly source?: ImageSource.Any | undefined
} => {
  // A File has a name, as a web download does.
  if (origin instanceof Uint8Array || ImageSource.isBlob(origin)) return { source: origin }
  if ("container" in origin) return { object: origin }
  if ("name" in origin) return { uri: String(origin.uri) }
  return "url" in origin ? { uri: origin.url, source: origin } : { source: origin }
}

/** Whether the cloud refused a request, for whatever reason. */
const isRefusal = ({ _tag }: GlanceError.GlanceError): boolean =>
  [
    "BadRequest",
    "Forbidden",
    "ImageNotFound",
    "ImageNotImportable",
    "QuotaExceeded",
    "ServerError",
    "UnexpectedStatus"
  ].includes(_tag)

/** Whether the image has its data, or may have them, after a failure. */
const mustStay = ({ cause }: Exit.Failure<unknown, unknown>): boolean =>
  Option.exists(
    Cause.failureOption(cause),
    (error) => error instanceof GlanceError.ImportIncomplete || Settle.isStored(error)
  )

/** Compares the image with the hash, after the cloud has fetched the data. Uploads compare what they send themselves. */
const verified = (
  image: Image.Image,
  expected: ImageData.ExpectedHash | undefined
): Effect.Effect<Image.Image, GlanceError.ImageUnverifiable | GlanceError.ImageIntegrityError> => {
  if (expected === undefined) return Effect.succeed(image)
  const hashes = Upload.hashesOf(image)
  const found = hashes.find(({ algorithm }) => algorithm === HashAlgorithms.canonicalName(expected.algorithm))
  if (found === undefined) {
    const algorithms = hashes.map(({ algorithm }) => algorithm)
    return Effect.fail(new GlanceError.ImageUnverifiable({ imageId: image.id, algorithms }))
  }
  const wanted = { property: found.algorithm, expected: expected.value.toLowerCase(), actual: found.value }
  return wanted.expected === wanted.actual
    ? Effect.succeed(image)
    : Effect.fail(new GlanceError.ImageIntegrityError({ imageId: image.id, at: "upload", ...wanted }))
}

/** Whether a failed import has left nothing behind, so that this process can send the data instead. */
const isUntouched = (
  { images }: Services,
  image: Image.Image,
  error: GlanceError.GlanceError
): Effect.Effect<boolean> => {
  if (error._tag === "ImportFailed") {
    return Effect.succeed(error.imageStatus === "queued" && Option.isNone(error.lockedUntil))
  }
  if (!isRefusal(error)) return Effect.succeed(false)
  return Effect.match(images.get(image), {
    onFailure: () => false,
    onSuccess: ({ properties, status }) => status === "queued" && !properties.get("os_glance_import_task")
  })
}

const createByTask = (
  { images, tasks }: Services,
  { id, name, properties = {}, diskFormat, containerFormat: _, ...rest }: Images.NewImage,
  { container, object }: StoredObject,
  options: Pick<CreateFromOptions, "deadline" | "settleLimit">
) =>
  Effect.gen(function* () {
    if (id !== undefined) yield* Check.invalid("image.id", "cannot be chosen of an image that a task makes")
    const task = yield* tasks.import(container, object, {
      format: diskFormat,
      name: name ?? object,
      properties: Object.fromEntries(Symbol.iterator in properties ? properties : Object.entries(properties))
    })
    const { settleLimit } = yield* TransferLimits.of(options)
    const ended = yield* tasks.await(task, { deadline: options.deadline })
    const result = Option.getOrElse(ended.result, () => ({})) as { readonly image_id?: unknown }
    if (typeof result.image_id !== "string") {
      const reason = "it succeeded, and does not say which image it made"
      return yield* new GlanceError.TaskFailed({ taskId: ended.id, type: ended.type, reason })
    }
    const imageId = Image.ImageId.make(result.image_id)
    // The record may appear after the end of its task.
    yield* Settle.settled(imageId, settleLimit, images.get(imageId), { mayLag: true })
    // Tasks cannot set these attributes.
    return yield* images.update(imageId, rest)
  })

/** Where the data of a creation come from: the web, this process, or either. */
interface Plan<E, R> {
  readonly uri: string | undefined
  readonly source: ImageSource.ImageSource<E, R> | undefined
  /** How this process sends the data unless the caller chose. */
  readonly sending: "upload" | "stage"
  /** Whether this process sends the data if the cloud refuses to fetch them. */
  readonly mayFallBack: boolean
}

/** Chooses the way, and asks the cloud for what it needs before anything is created. */
const wayOf = <E, R>(
  { discovery, imports }: Services,
  { mayFallBack, sending, source, uri }: Plan<E, R>,
  options: Pick<CreateFromOptions, "by"> & ImageImport.ImportOptions
) =>
  Effect.gen(function* () {
    const methods = mayFallBack
      ? Effect.catchIf(discovery.importMethods, isRefusal, () => Effect.succeed([]))
      : discovery.importMethods
    const isFetched = uri !== undefined && (source === undefined || (yield* methods).includes("web-download"))
    const wanted: Way = options.by ?? (isFetched ? "web-download" : sending)
    const way =
      wanted === "web-download" && uri !== undefined
        ? yield* imports.check(ImageImport.webDownload(uri), options).pipe(
            Effect.as(wanted),
            Effect.catchIf(
              (error) => mayFallBack && isRefusal(error),
              () => Effect.succeed<Way>(sending)
            )
          )
        : wanted
    if (way === "stage") yield* imports.check(ImageImport.glanceDirect, options)
    return way
  })

/** Gives a new image its data. */
const fill = <E, R, E2, R2>(
  services: Services,
  { mayFallBack, sending, source, uri }: Plan<E, R>,
  way: Way,
  image: Image.Image,
  options: CreateFromOptions<E2, R2>
): Effect.Effect<Image.Image, CreateFromError | E | E2, R | R2> => {
  const { data, images, imports } = services
  const { allStoresMustSucceed, expected, keep = false, stores } = options
  const send = (
    from: ImageSource.ImageSource<E, R>,
    way: Way
  ): Effect.Effect<Image.Image, CreateFromError | E | E2, R | R2> =>
    way === "upload"
      ? data.upload(image, from, { ...options, store: stores === "all" ? undefined : stores?.[0] })
      : Effect.zipRight(
          data.stage(image, from, options),
          imports.importAndWait(image, ImageImport.glanceDirect, { ...options, stores, allStoresMustSucceed })
        )
  if (way !== "web-download" || uri === undefined) return send(source as ImageSource.ImageSource<E, R>, way)
  const fetched = Effect.flatMap(imports.importAndWait(image, ImageImport.webDownload(uri), options), (imported) =>
    // An image without the hash that the caller wants is not kept.
    Effect.tapErrorTag(verified(imported, expected), "ImageUnverifiable", () =>
      keep ? Effect.void : Creation.discard(images, image)
    )
  )
  if (source === undefined || !mayFallBack) return fetched
  return Effect.catchAll(fetched, (error) =>
    Effect.if(isUntouched(services, image, error), {
      onFalse: () => Effect.fail(error),
      onTrue: () =>
        Effect.zipRight(
          Effect.logWarning(`${error.message}; this process reads and sends the data instead`),
          send(source, sending)
        )
    })
  )
}

const createFromOrigin = <E, R, E2, R2>(
  services: Services,
  image: Images.NewImage,
  origin: AnyOrigin,
  options: CreateFromOptions<E2, R2>
): Effect.Effect<Image.Image, CreateFromError | E | E2, R | R2> =>
  Effect.gen(function* () {
    yield* Check.check("origin", origin, (value) =>
      (typeof value === "object" || typeof value === "function") && value !== null
        ? undefined
        : `must be an origin, not ${Check.shown(value)}`
    )
    yield* TransferLimits.of(options)
    const { by, keep = false, stores } = options
    const { object, source: input, uri } = partsOf(origin)
    // What the cloud can fetch from the web is not checked: this process may never have to send it.
    const source = (input === undefined || uri !== undefined ? input : yield* Source.resolve(services.http, input)) as
      | ImageSource.ImageSource<E, R>
      | undefined
    const isSeveral = stores === "all" || (stores !== undefined && stores.length > 1)
    const sent: ReadonlyArray<Way> = source === undefined ? [] : isSeveral ? ["stage"] : ["upload", "stage"]
    const possible: ReadonlyArray<Way> =
      object !== undefined ? ["task"] : uri === undefined ? sent : ["web-download", ...sent]
    if (by !== undefined) yield* Check.check("by", by, Check.oneOf(possible))
    if (object !== undefined) return yield* createByTask(services, image, object, options)
    const mayFallBack = source !== undefined && by === undefined
    const plan: Plan<E, R> = { uri, source, mayFallBack, sending: isSeveral ? "stage" : "upload" }
    const way = yield* wayOf(services, plan, options)
    return yield* Creation.creating(
      services.images,
      image,
      (exit) => keep || mustStay(exit),
      (created) => fill(services, plan, way, created, options)
    )
  })

const fromServices = (services: Services): Service => ({
  createFrom: Operations.longOperation("ImageCreation.createFrom")(
    <O extends AnyOrigin, E2 = never, R2 = never>(
      image: Images.NewImage,
      origin: O,
      options: CreateFromOptions<E2, R2> = {}
    ) => createFromOrigin<ImageSource.ErrorOf<O>, ImageSource.ContextOf<O>, E2, R2>(services, image, origin, options)
  )
})

/**
 * Makes the service on the `GlanceClient` of the context, with the `Hasher` of the context or its default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.map(
  Effect.all({
    http: GlanceClient.GlanceClient,
    images: Images.make,
    data: ImageData.make,
    imports: ImageImport.make,
    tasks: ImageTasks.make,
    discovery: Discovery.make
  }),
  fromServices
)

/**
 * {@link make} as a layer, which shares its knowledge of the cloud with `Discovery.layer`. If one program uses several
 * projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { ImageCreation } from "@effect-glance/core"
 * import { NodeCloud, NodeHasher } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(ImageCreation.layer, [NodeCloud.layerEnv(), NodeHasher.layer])
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageCreation, never, GlanceClient.GlanceClient> = Layer.effect(
  ImageCreation,
  Effect.map(
    Effect.all({
      http: GlanceClient.GlanceClient,
      images: Images.Images,
      data: ImageData.ImageData,
      imports: ImageImport.ImageImport,
      tasks: ImageTasks.ImageTasks,
      discovery: Discovery.Discovery
    }),
    fromServices
  )
).pipe(
  Layer.provide(Layer.mergeAll(Images.layer, ImageData.layer, ImageImport.layer, ImageTasks.layer, Discovery.layer))
)
