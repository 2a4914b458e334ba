/**
 * Releases: the image that stands behind a name, brought to a content, and its predecessors out of the way.
 *
 * Two deployments of the same content can run at once, on machines that know nothing of each other, and each can end
 * anywhere. That one image comes of it rests on one thing that Glance does for exactly one of many: it gives an id once,
 * and never again after a deletion. A new image therefore gets no id by chance, but the first of a series that follows
 * from the project, the name, the content and the formats, and it is hidden and bears a mark until it is published.
 *
 * - Who creates the record uploads. Whoever comes second finds the id taken and looks at the record: it waits while
 *   data flow, uploads itself where they do not, publishes what is whole, and takes what is published.
 * - Publishing is one patch that removes the mark and unhides. Without the mark it fails, and the record is looked at
 *   again: nobody brings back what a later release has hidden.
 * - The next id of the series is tried only when the image of this one is deleted, or was published and hidden again.
 *   Neither can become visible through a release any more, so that at most one of a series is or will be. A record on
 *   which nothing moves for too long is deleted first; whoever was only slow finds it gone, and begins anew.
 * - A failed or interrupted upload deletes the record, after it took the mark from it: where there is none any more,
 *   somebody has published what is to be deleted, and it stays. A crash leaves at most one hidden record of a content. The next
 *   release of this content takes it up; one of another content deletes it when it has been left for too long.
 * - Only images that were created before the released one are retired, so that two releases of different contents do
 *   not retire each other. Where the older one is published last, both are visible until the next release.
 *
 * A series has one id for each time that the content was released and taken away again; a release looks at them in
 * turn.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Stream from "effect/Stream"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Hasher from "./Hasher.js"
import * as Image from "./Image.js"
import * as ImageChanges from "./ImageChanges.js"
import * as ImageData from "./ImageData.js"
import type * as ImageSource from "./ImageSource.js"
import * as Images from "./Images.js"
import * as Check from "./internal/check.js"
import * as HashAlgorithms from "./internal/hashAlgorithms.js"
import * as Listing from "./internal/imageListing.js"
import * as Operations from "./internal/operations.js"
import * as Record from "./internal/record.js"
import * as TransferLimits from "./internal/transfer/limits.js"
import * as Settle from "./internal/transfer/settle.js"
import * as Source from "./internal/transfer/source.js"
import * as Transfer from "./internal/transfer/transfer.js"
import * as Upload from "./internal/transfer/upload.js"

/**
 * The image that is wanted. Its name, its formats and its content are what it is known by; what else is said is brought
 * about on an image that is there, too.
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
 * What becomes of images of the same name and project that were created before the released one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retirement {
  /** Deactivated images are listed, and cannot be downloaded; hidden ones can be used by those who know their id. */
  readonly by: "hide" | "deactivate" | "delete"
  /**
   * How many of the newest stay as they are. Hidden ones count, and are deleted, only where images are deleted.
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
   * The hash of the source. By one of the cloud's own algorithm (`hashAlgorithm`) the image is known without a look at
   * the source; else the source is read once to compute it, which takes one that is replayable.
   *
   * @default computed
   */
  readonly hash?: ImageData.ExpectedHash | undefined
  /** What becomes of older images. @default nothing */
  readonly older?: Retirement | undefined
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
 * An older image that was to be retired, and why it was not where it was not.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retired {
  readonly image: Image.Image
  readonly error: Option.Option<RetireError>
}

/**
 * What came of a release.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ensured {
  readonly image: Image.Image
  /** Whether this release made the image, rather than found it. */
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
   * Sees to it that the project has one visible, active image of this name and content: the one that is there, in one
   * request, or a new one, which is uploaded while hidden, verified, and then published. Safe where several do it at
   * once.
   *
   * What happened to each older image is told for each; failures there do not undo the release.
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

/** The property that an image bears from its creation until it is published. */
const mark = "effect_glance_unpublished"

const pause = Duration.seconds(2)
const defaultPatience = Duration.hours(1)

/** A cloud that refuses all of these ids has no end of them. */
const maxSeries = 1_000

/** How long new ids of the series are tried, in milliseconds. */
const seriesLimit = (patience: number) => 12 * Math.max(patience, Duration.toMillis("1 minute"))

const newestFirst = Order.reverse(Order.mapInput(DateTime.Order, (image: Image.Image) => image.createdAt))

/** What an upload ends in when the record is not waiting for data. */
const isTaken = (error: unknown) =>
  error instanceof GlanceError.ImageNotQueued ||
  error instanceof GlanceError.ImageDeletedMeanwhile ||
  error instanceof GlanceError.ImageNotFound

/** What a step of a release came to: an image, or why the step was not taken. */
type Step = Either.Either<Image.Image, EnsureError>

const refused = (error: EnsureError): Effect.Effect<Step> => Effect.succeed(Either.left(error))

const isUploading = (status: Image.ImageStatus) => ["saving", "uploading", "importing"].includes(status)

/**
 * Makes the service on the port of the context, with the `Hasher` of the context or its default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const http = yield* GlanceClient.GlanceClient
  const hasher = yield* Hasher.Hasher
  const images = yield* Images.make
  const data = yield* ImageData.make
  const operations = Operations.make(http)
  const listing = Listing.listing(operations)

  const supported: Check.Check = (algorithm) =>
    typeof algorithm === "string" && hasher.supports(algorithm)
      ? undefined
      : `cannot be computed here: ${Check.shown(algorithm)}`

  const canonical = (argument: string, algorithm: string) =>
    Either.map(Check.check(`options.${argument}`, algorithm, supported), HashAlgorithms.canonicalName)

  const digest = <E, R>(stream: Stream.Stream<Uint8Array, E, R>, algorithms: ReadonlyArray<string>) =>
    Effect.scoped(
      Effect.gen(function* () {
        const hash = yield* hasher.start(algorithms)
        yield* Stream.runForEach(stream, (bytes) => Transfer.hashed(hash, [bytes]) ?? Effect.void)
        return yield* hash.digest
      })
    )

  /** What the cloud will have for the hash of the source. */
  const contentOf = <E, R>(source: ImageSource.ImageSource<E, R>, algorithm: string, given?: ImageData.ExpectedHash) =>
    Effect.gen(function* () {
      const known =
        given === undefined ? undefined : { ...given, algorithm: yield* canonical("hash.algorithm", given.algorithm) }
      if (known !== undefined) {
        yield* Check.check("options.hash.value", known.value, Check.text({ minLength: 1 }))
        if (known.algorithm === algorithm) return known.value.toLowerCase()
      }
      yield* Check.check("source", source.replayable, (replayable) =>
        replayable ? undefined : `must be replayable, or its ${algorithm} be given: it is read before it is sent`
      )
      const { stream } = yield* source.open
      const hashes = yield* digest(stream, [...new Set([algorithm, known?.algorithm ?? algorithm])])
      if (known !== undefined) {
        yield* Check.check("source", hashes.get(known.algorithm), (actual) =>
          actual === known.value.toLowerCase() ? undefined : `has the ${known.algorithm} ${actual}, not ${known.value}`
        )
      }
      return hashes.get(algorithm) ?? ""
    })

  const ensureFrom = <E, R, E2, R2>(
    { containerFormat, diskFormat, name, properties, protected: kept, ...attributes }: Release,
    source: ImageSource.ImageSource<E, R>,
    { hash, older, patience = defaultPatience, ...upload }: EnsureOptions<E2, R2>
  ): Effect.Effect<Ensured, EnsureError | E | E2, R | R2> =>
    Effect.gen(function* () {
      yield* Check.check("release.name", name, Check.text({ minLength: 1, maxLength: 255 }))
      if (older !== undefined) {
        yield* Check.check("options.older.by", older.by, Check.oneOf(["hide", "deactivate", "delete"]))
        yield* Check.check("options.older.keep", older.keep ?? 0, Check.wholeNumber(0))
      }
      const wanted = { ...attributes, properties, protected: kept }
      yield* ImageChanges.toJson({ ...wanted, containerFormat, diskFormat })
      yield* TransferLimits.of(upload)
      const limit = Duration.toMillis(yield* Check.duration("options.patience", patience))
      const owner = Option.getOrUndefined(yield* operations.limited(http.projectId))
      if (owner === undefined) {
        return yield* new GlanceError.InvalidArgument({
          argument: "projectId",
          reason: "is not known to the cloud's layer, so that the project's own images cannot be told from others'"
        })
      }
      const begun = yield* Clock.currentTimeMillis
      const algorithm = yield* canonical("hashAlgorithm", upload.hashAlgorithm ?? "sha512")
      const value = yield* contentOf(source, algorithm, hash)

      const isPublished = (image: Image.Image) =>
        image.status === "active" && !image.osHidden && !image.properties.has(mark) && isIdentical(image)
      const isIdentical = (image: Image.Image) =>
        Upload.hashesOf(image).some((hash) => hash.algorithm === algorithm && hash.value === value)

      const query = { name, owner, containerFormat, diskFormat, osHashValue: value, status: "active" }
      const present = yield* operations.limited(Stream.runHead(Stream.filter(listing.all(query), isPublished)))

      /** An id of the series. That of a UUID of version 8, which is free in all other bits. */
      const idAt = (index: number) =>
        Effect.map(
          digest(
            Stream.make(
              new TextEncoder().encode(
                JSON.stringify([owner, name, containerFormat, diskFormat, algorithm, value, index])
              )
            ),
            [algorithm]
          ),
          (hashes) => {
            const hex = (hashes.get(algorithm) ?? "").padEnd(32, "0")
            const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`]
            return Image.ImageId.make([...parts, hex.slice(20, 32)].join("-"))
          }
        )

      const publish = (image: Image.Image): Effect.Effect<Step, EnsureError> =>
        ImageChanges.planBlind({ properties: { [mark]: null }, osHidden: false, protected: kept }).pipe(
          Effect.flatMap((steps) => Record.patch(operations, image, steps)),
          Effect.map((published): Step => Either.right(published)),
          Effect.catchTag("UpdateConflict", refused)
        )

      /** Refused if another release gives the record its data, or has deleted it. The source's own failures are failures. */
      const give = (image: Image.Image): Effect.Effect<Step, EnsureError | E | E2, R | R2> =>
        data.upload(image, source, { ...upload, expected: { algorithm, value } }).pipe(
          Effect.map((stored): Step => Either.right(stored)),
          Effect.catchIf(
            (error) => isTaken(error) && error.imageId === image.id,
            (error) => refused(error as EnsureError)
          ),
          Effect.mapError((error) => error as EnsureError | E | E2)
        )

      const publishGiven: (step: Step) => Effect.Effect<Step, EnsureError> = Either.match({
        onLeft: refused,
        onRight: publish
      })

      const create = (id: Image.ImageId) =>
        images.create({
          ...attributes,
          id,
          name,
          containerFormat,
          diskFormat,
          osHidden: true,
          properties: new Map([
            ...(properties instanceof Map ? properties : Object.entries(properties ?? {})),
            [mark, value]
          ])
        })

      /** Creates the record of an id and uploads to it. Refused if the id is taken. */
      const begin = (id: Image.ImageId): Effect.Effect<Step, EnsureError | E | E2, R | R2> =>
        Effect.uninterruptibleMask((restore) =>
          Effect.matchEffect(restore(create(id)), {
            onFailure: (error) => (error._tag === "DuplicateImage" ? refused(error) : Effect.fail(error)),
            onSuccess: (image) =>
              Effect.onError(restore(give(image)), (cause) =>
                Option.exists(Cause.failureOption(cause), Settle.isStored) ? Effect.void : Effect.ignore(abandon(image))
              )
          })
        )

      /**
       * Follows a record of the series that exists already, until it is published or the next id is to be tried. Reads it
       * again at once after the first step that another release forestalled, and otherwise after a pause. Without an
       * outcome within the limit, it deletes a record that was left behind, and fails with a step that the cloud keeps
       * refusing.
       */
      const follow = (
        id: Image.ImageId,
        since: number,
        first: EnsureError
      ): Effect.Effect<Step, EnsureError | E | E2, R | R2> =>
        Effect.gen(function* () {
          let refusal = first
          for (let looks = 0; ; looks++) {
            const found = yield* Effect.asSome(images.get(id)).pipe(
              Effect.catchTag("ImageNotFound", () => Effect.succeedNone)
            )
            if (Option.isNone(found)) return Either.left(refusal)
            const image = found.value
            if (!image.properties.has(mark)) return isPublished(image) ? Either.right(image) : Either.left(refusal)
            const whole = image.status === "active" && isIdentical(image)
            const waits = image.status === "queued"
            if (!whole && !waits && !isUploading(image.status)) return Either.left(refusal)
            if (whole || waits) {
              const step = yield* whole ? publish(image) : Effect.flatMap(give(image), publishGiven)
              if (Either.isRight(step)) return step
              refusal = step.left
            }
            if ((yield* Clock.currentTimeMillis) - since >= limit) {
              if (whole || waits) return yield* Effect.fail(refusal)
              yield* abandon(image).pipe(Effect.catchTag("ImageNotFound", () => Effect.void))
              return Either.left(refusal)
            }
            if (looks > 0 || isUploading(image.status)) yield* Effect.sleep(pause)
          }
        })

      /** Tries the ids of the series in turn, and fails with the last refusal at the end of the series or of the time. */
      const release: Effect.Effect<readonly [Image.Image, created: boolean], EnsureError | E | E2, R | R2> = Effect.gen(
        function* () {
          for (let index = 0; ; index++) {
            const id = yield* idAt(index)
            const since = yield* Clock.currentTimeMillis
            const made = yield* Effect.flatMap(begin(id), publishGiven)
            if (Either.isRight(made)) return [made.right, true] as const
            const followed = yield* follow(id, since, made.left)
            if (Either.isRight(followed)) return [followed.right, false] as const
            const isLast = index + 1 >= maxSeries || since - begun >= seriesLimit(limit)
            if (isLast) return yield* Effect.fail(followed.left)
          }
        }
      )

      const [image, created] = Option.isSome(present) ? ([present.value, false] as const) : yield* release
      const steps = yield* ImageChanges.plan(image, wanted)
      const current = steps.length === 0 ? image : yield* Record.update(operations, image, wanted, { readFirst: true })
      return { image: current, created, retired: older === undefined ? [] : yield* retire(current, older, limit) }
    })

  const ensure: Service["ensure"] = Operations.longOperation("ImageReleases.ensure")(
    <S extends ImageSource.Any, E2 = never, R2 = never>(
      release: Release,
      input: S,
      options: EnsureOptions<E2, R2> = {}
    ) => Effect.flatMap(Source.resolve(http, input), (source) => ensureFrom(release, source, options))
  )

  /**
   * Deletes a record that was not published. It loses its mark first, so that nobody publishes it any more; where it has
   * none, somebody did.
   */
  const hasData = ({ status }: Image.Image) => status === "active" || status === "deactivated"

  const abandon = (image: Image.Image) =>
    Record.patch(operations, image, [{ op: "remove", path: `/${mark}` }]).pipe(Effect.zipRight(images.delete(image)))

  const retire = (image: Image.Image, { by, keep = 0 }: Retirement, limit: number) =>
    Effect.gen(function* () {
      const query = { name: Option.getOrUndefined(image.name), owner: Option.getOrUndefined(image.owner) }
      const list = (osHidden: boolean) =>
        listing.collect({ ...query, osHidden, sort: [{ key: "createdAt" }], limit: Listing.maxPage })
      // Records show whole seconds, and the server's order what it knows: what stands behind the image is older.
      const visible = yield* list(false)
      const position = visible.findIndex(({ id }) => id === image.id)
      const hidden = (yield* list(true)).filter(
        (other) => other.id !== image.id && DateTime.lessThanOrEqualTo(other.createdAt, image.createdAt)
      )
      const now = yield* Clock.currentTimeMillis
      const older = [...(position < 0 ? [] : visible.slice(position + 1)), ...hidden]
      // A record whose mark was taken off, and whose deletion then failed, is of no use either.
      const leftBehind = older.filter(
        (other) =>
          (other.properties.has(mark) || (by === "delete" && other.osHidden && !hasData(other))) &&
          now - DateTime.toEpochMillis(other.updatedAt) >= limit
      )
      const inUse = older
        .filter((other) => !other.properties.has(mark) && hasData(other))
        .filter((other) => by === "delete" || (!other.osHidden && (by === "hide" || other.status === "active")))
        .sort(newestFirst)
        .slice(keep)
      const act = (other: Image.Image): Effect.Effect<unknown, RetireError> => {
        if (other.properties.has(mark)) return abandon(other)
        if (by === "delete") return images.delete(other)
        return by === "hide"
          ? Record.update(operations, other, { osHidden: true }, { readFirst: false })
          : images.deactivate(other)
      }
      return yield* Effect.forEach([...inUse, ...leftBehind], (other) =>
        Effect.match(act(other), {
          onFailure: (error): Retired => ({ image: other, error: Option.some(error) }),
          onSuccess: (): Retired => ({ image: other, error: Option.none() })
        })
      )
    })

  return { ensure }
})

/**
 * {@link make} as a layer. A layer is built once for all who ask for it in one graph: for two projects side by side
 * take `Layer.fresh` of it, or `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageReleases, never, GlanceClient.GlanceClient> = Layer.effect(ImageReleases, make)
