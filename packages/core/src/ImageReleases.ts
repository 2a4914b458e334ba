/**
 * Releases: one visible image for a name and a content, and the retirement of older images of that name.
 *
 * Two deployments of the same content can run at once, on machines that do not know of each other, and each can stop at
 * any step. They still make only one image, because Glance never gives an id twice, not even after a deletion. A new
 * image therefore has no random id, but the first of a series that follows from the project, the name, the content and
 * the formats. It is hidden and has a mark, a property, until it is published.
 *
 * - The release that creates the record uploads. A release that finds the id taken reads the record: it waits while
 *   another release uploads, uploads if none does, publishes complete data, and returns a published image.
 * - Publishing is one patch that removes the mark and unhides the image. The patch fails if the mark is gone, and the
 *   release reads the record again. It never unhides an image that a later release has hidden.
 * - The next id of the series is tried only if the image of this one is deleted, or was published and hidden again. No
 *   release makes such an image visible, so that at most one image of a series is or becomes visible. A record without
 *   progress for too long is deleted first. If its release was only slow, it finds the record deleted and starts again.
 * - A failed or interrupted upload removes the mark and deletes the record. If the mark is gone already, another release
 *   has published the image, and it stays. A crash leaves at most one hidden record of a content. The next release of
 *   this content takes it over; one of another content deletes it when it has been left for too long.
 * - Only images that were created before the released one are retired, so that two releases of different contents do
 *   not retire each other. If the older one is published last, both are visible until the next release.
 *
 * A series has one id for each time that the content was released and deleted or hidden again. A release reads them in
 * turn.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as GlanceClient from "./GlanceClient.js"
import type * as GlanceError from "./GlanceError.js"
import * as Hasher from "./Hasher.js"
import type * as Image from "./Image.js"
import * as ImageChanges from "./ImageChanges.js"
import * as ImageData from "./ImageData.js"
import type * as ImageSource from "./ImageSource.js"
import * as Images from "./Images.js"
import * as Check from "./internal/check.js"
import * as Listing from "./internal/imageListing.js"
import * as Operations from "./internal/operations.js"
import * as Record from "./internal/record.js"
import * as Content from "./internal/releases/content.js"
import * as Retire from "./internal/releases/retire.js"
import * as Series from "./internal/releases/series.js"
import * as TransferLimits from "./internal/transfer/limits.js"
import * as Source from "./internal/transfer/source.js"
import * as Upload from "./internal/transfer/upload.js"
import * as Verification from "./internal/transfer/verification.js"

/**
 * The image to release. Its name, formats and content identify it. The other attributes are also set on an image that
 * exists already.
 *
 * @since 0.1.0
 * @category models
 */
export interface Release extends Omit<ImageChanges.ImageChanges, "name" | "osHidden" | "owner"> {
  readonly name: string
  readonly diskFormat: Image.DiskFormat
  readonly containerFormat: Image.ContainerFormat
}

/**
 * What to do with images of the same name and project that were created before the released one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retirement {
  /** Deactivated images are listed, but cannot be downloaded. Hidden ones can still be used by their id. */
  readonly by: "hide" | "deactivate" | "delete"
  /**
   * How many of the newest stay as they are. Hidden ones count, and are deleted, only with `delete`.
   *
   * @default 0
   */
  readonly keep?: number | undefined
}

/**
 * How an image is released.
 *
 * @since 0.1.0
 * @category models
 */
export interface EnsureOptions<out E = never, out R = never>
  extends Omit<ImageData.UploadOptions<E, R>, "expected" | "verify" | "onMismatch"> {
  /**
   * The hash of the source. If it is of the cloud's algorithm (`hashAlgorithm`), the source is not read to find the image.
   * Otherwise the source is read once to compute the hash, and must be replayable.
   *
   * @default computed
   */
  readonly hash?: ImageData.ExpectedHash | undefined
  /** How to retire older images. @default not at all */
  readonly retire?: Retirement | undefined
  /**
   * How long another release may make no progress before its record counts as left behind. A release that finds
   * neither a published image nor a free id fails with the last refusal: after 12 times as long (12 minutes at least), or
   * after 1,000 ids.
   *
   * @default 1 hour
   */
  readonly patience?: Duration.DurationInput | undefined
}

/**
 * An older image, and why it could not be retired, if so.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retired {
  readonly image: Image.Image
  readonly error: Option.Option<RetireError>
}

/**
 * The result of a release.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ensured {
  readonly image: Image.Image
  /** Whether this release created the image. */
  readonly created: boolean
  readonly retired: ReadonlyArray<Retired>
}

/**
 * Why an older image could not be retired.
 *
 * @since 0.1.0
 * @category errors
 */
export type RetireError =
  | GlanceError.RequestError
  | GlanceError.InvalidArgument
  | GlanceError.ImageNotFound
  | GlanceError.ImageInUse
  | GlanceError.UpdateConflict

/**
 * What a release can end in, besides what the source fails with.
 *
 * @since 0.1.0
 * @category errors
 */
export type EnsureError =
  | ImageData.UploadError
  | GlanceError.DuplicateImage
  | GlanceError.ImageInUse
  | GlanceError.PagingError
  | GlanceError.UpdateConflict

/**
 * The operations on releases.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Ensures that the project has one visible, active image of this name and content. Returns the existing one after one
   * request, or uploads a new one while it is hidden, verifies and publishes it. Concurrent releases are safe.
   *
   * The result has an entry for each older image. A failure to retire one does not undo the release.
   */
  readonly ensure: <S extends ImageSource.Any, E = never, R = never>(
    release: Release,
    source: S,
    options?: EnsureOptions<E, R>
  ) => Effect.Effect<Ensured, EnsureError | ImageSource.ErrorOf<S> | E, ImageSource.ContextOf<S> | R>
}

/**
 * The service of releases.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageReleases extends Context.Tag("@effect-glance/core/ImageReleases")<ImageReleases, Service>() {}

const defaultPatience = Duration.hours(1)

interface Services {
  readonly http: GlanceClient.Service
  readonly hasher: Hasher.Service
  readonly images: Images.Service
  readonly data: ImageData.Service
  readonly operations: Operations.Operations
}

const ownerOf = ({ http, operations }: Services) =>
  Effect.flatMap(operations.limited(http.projectId), (owner) =>
    Option.isSome(owner)
      ? Effect.succeed(owner.value)
      : Check.invalid(
          "projectId",
          "is not known to the cloud's layer, so that the project's own images cannot be told from others'"
        )
  )

const ensureFrom = <E, R, E2, R2>(
  services: Services,
  { containerFormat, diskFormat, name, ...wanted }: Release,
  source: ImageSource.ImageSource<E, R>,
  { hash, retire, patience = defaultPatience, ...upload }: EnsureOptions<E2, R2>
): Effect.Effect<Ensured, EnsureError | E | E2, R | R2> =>
  Effect.gen(function* () {
    const { data, hasher, images, operations } = services
    yield* Check.check("release.name", name, Check.text({ minLength: 1, maxLength: 255 }))
    if (retire !== undefined) {
      yield* Check.check("options.retire.by", retire.by, Check.oneOf(["hide", "deactivate", "delete"]))
      yield* Check.check("options.retire.keep", retire.keep ?? 0, Check.wholeNumber(0))
    }
    yield* ImageChanges.toJson({ ...wanted, containerFormat, diskFormat })
    yield* TransferLimits.of(upload)
    const limit = Duration.toMillis(yield* Check.duration("options.patience", patience))
    const owner = yield* ownerOf(services)
    const begun = yield* Clock.currentTimeMillis
    const algorithm = yield* Verification.algorithmOf(hasher, "options.hashAlgorithm", upload.hashAlgorithm ?? "sha512")
    const value = yield* Content.hashOf(hasher, source, algorithm, hash)

    const { properties, protected: isProtected, ...attributes } = wanted
    const marked = new Map([
      ...(properties instanceof Map ? properties : Object.entries(properties ?? {})),
      [Series.mark, value]
    ])
    const release: Series.Release<E | E2, R | R2> = {
      operations,
      images,
      idAt: (index) =>
        Content.idOf(hasher, algorithm, [owner, name, containerFormat, diskFormat, algorithm, value, index]),
      record: (id) => ({ ...attributes, id, name, containerFormat, diskFormat, osHidden: true, properties: marked }),
      upload: (image) =>
        Effect.mapError(
          data.upload(image, source, { ...upload, expected: { algorithm, value } }),
          (error) => error as EnsureError | E | E2
        ),
      isIdentical: (image) =>
        Upload.hashesOf(image).some((hash) => hash.algorithm === algorithm && hash.value === value),
      protected: isProtected,
      patience: limit
    }
    const query = { name, owner, containerFormat, diskFormat, osHashValue: value, status: "active" }
    const listed = Stream.filter(Listing.listing(operations).all(query), (image) => Series.isPublished(release, image))
    const present = yield* operations.limited(Stream.runHead(listed))
    const [image, created] = Option.isSome(present)
      ? ([present.value, false] as const)
      : yield* Series.run(release, begun)
    const steps = yield* ImageChanges.plan(image, wanted)
    const current = steps.length === 0 ? image : yield* Record.update(operations, image, wanted, { readFirst: true })
    const retired = retire === undefined ? [] : yield* Retire.retire(services, current, retire, limit)
    return { image: current, created, retired }
  })

/**
 * Makes the service on the `GlanceClient` of the context, with the `Hasher` of the context or its default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const http = yield* GlanceClient.GlanceClient
  const services: Services = {
    http,
    hasher: yield* Hasher.Hasher,
    images: yield* Images.make,
    data: yield* ImageData.make,
    operations: Operations.make(http)
  }
  return {
    ensure: Operations.longOperation("ImageReleases.ensure")(
      <S extends ImageSource.Any, E2 = never, R2 = never>(
        release: Release,
        input: S,
        options: EnsureOptions<E2, R2> = {}
      ) => Effect.flatMap(Source.resolve(http, input), (source) => ensureFrom(services, release, source, options))
    )
  }
})

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { ImageReleases } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(ImageReleases.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageReleases, never, GlanceClient.GlanceClient> = Layer.effect(ImageReleases, make)
