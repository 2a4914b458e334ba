/** Makes the image of a release under an id of its series, together with other releases of the same content. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as GlanceError from "../../GlanceError.js"
import type * as Image from "../../Image.js"
import * as ImageChanges from "../../ImageChanges.js"
import type { EnsureError } from "../../ImageReleases.js"
import type * as Images from "../../Images.js"
import type * as Operations from "../operations.js"
import * as Record from "../record.js"
import * as Settle from "../transfer/settle.js"

/** The property that an image has from its creation until it is published. */
export const mark = "effect_glance_unpublished"

export interface Release<E, R> {
  readonly operations: Operations.Operations
  readonly images: Images.Service
  /** Returns an id of the series. */
  readonly idAt: (index: number) => Effect.Effect<Image.ImageId>
  /** The record of an id, with the mark. */
  readonly record: (id: Image.ImageId) => Images.NewImage
  readonly upload: (image: Image.Image) => Effect.Effect<Image.Image, EnsureError | E, R>
  /** Whether an image has the content of the release. */
  readonly isIdentical: (image: Image.Image) => boolean
  /** Whether the published image is protected. */
  readonly protected: boolean | undefined
  /** Milliseconds without progress after which a record counts as left behind. */
  readonly patience: number
}

/** The image after a step of a release, or why another release prevented the step. */
type Step = Either.Either<Image.Image, EnsureError>

const refused = (error: EnsureError): Effect.Effect<Step> => Effect.succeed(Either.left(error))

const pause = Duration.seconds(2)

/** The most ids that are tried, in case the cloud refuses all of them. */
const maxSeries = 1_000

/** How long new ids of the series are tried, in milliseconds. */
const seriesLimit = (patience: number) => 12 * Math.max(patience, Duration.toMillis("1 minute"))

/** Whether an image is visible and has the content of the release. */
export const isPublished = <E, R>({ isIdentical }: Release<E, R>, image: Image.Image): boolean =>
  image.status === "active" && !image.osHidden && !image.properties.has(mark) && isIdentical(image)

/** Deletes a record that is not published. It removes the mark first: without the mark, another release published it. */
export const abandon = (
  { images, operations }: Pick<Release<never, never>, "images" | "operations">,
  image: Image.Image
) => Effect.zipRight(Record.patch(operations, image, [{ op: "remove", path: `/${mark}` }]), images.delete(image))

const publish = <E, R>(release: Release<E, R>, image: Image.Image): Effect.Effect<Step, EnsureError> =>
  ImageChanges.planBlind({ properties: { [mark]: null }, osHidden: false, protected: release.protected }).pipe(
    Effect.flatMap((steps) => Record.patch(release.operations, image, steps)),
    Effect.map((published): Step => Either.right(published)),
    Effect.catchTag("UpdateConflict", refused)
  )

const publishUploaded = <E, R>(release: Release<E, R>, step: Step): Effect.Effect<Step, EnsureError> =>
  Either.match(step, { onLeft: refused, onRight: (image) => publish(release, image) })

/** Uploads to a record. Refused if another release uploads to the record, or has deleted it. */
const upload = <E, R>(release: Release<E, R>, image: Image.Image): Effect.Effect<Step, EnsureError | E, R> =>
  release.upload(image).pipe(
    Effect.map((stored): Step => Either.right(stored)),
    Effect.catchAll((error) =>
      (error instanceof GlanceError.ImageNotQueued ||
        error instanceof GlanceError.ImageDeletedMeanwhile ||
        error instanceof GlanceError.ImageNotFound) &&
      error.imageId === image.id
        ? refused(error)
        : Effect.fail(error)
    )
  )

/** Creates the record of an id and uploads to it. Refused if the id is taken. A failed upload deletes the record. */
const begin = <E, R>(release: Release<E, R>, id: Image.ImageId): Effect.Effect<Step, EnsureError | E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.matchEffect(restore(release.images.create(release.record(id))), {
      onFailure: (error) => (error._tag === "DuplicateImage" ? refused(error) : Effect.fail(error)),
      onSuccess: (image) =>
        Effect.onError(restore(upload(release, image)), (cause) =>
          Option.exists(Cause.failureOption(cause), Settle.isStored)
            ? Effect.void
            : Effect.ignore(abandon(release, image))
        )
    })
  )

/**
 * Follows a record of the series that exists already, until it is published or the next id is to be tried. Reads it
 * again at once after the first step that another release forestalled, and otherwise after a pause. Without an outcome
 * within the limit, it deletes a record that was left behind, and fails with a step that the cloud keeps refusing.
 */
const follow = <E, R>(
  release: Release<E, R>,
  id: Image.ImageId,
  since: number,
  first: EnsureError
): Effect.Effect<Step, EnsureError | E, R> =>
  Effect.gen(function* () {
    let refusal = first
    for (let looks = 0; ; looks++) {
      const found = yield* Effect.asSome(release.images.get(id)).pipe(
        Effect.catchTag("ImageNotFound", () => Effect.succeedNone)
      )
      if (Option.isNone(found)) return Either.left(refusal)
      const image = found.value
      if (!image.properties.has(mark)) return isPublished(release, image) ? Either.right(image) : Either.left(refusal)
      const isWhole = image.status === "active" && release.isIdentical(image)
      const isUploading = image.status !== "queued" && Settle.isPending(image.status)
      if (!isWhole && !Settle.isPending(image.status)) return Either.left(refusal)
      if (!isUploading) {
        const step = yield* isWhole
          ? publish(release, image)
          : Effect.flatMap(upload(release, image), (step) => publishUploaded(release, step))
        if (Either.isRight(step)) return step
        refusal = step.left
      }
      if ((yield* Clock.currentTimeMillis) - since >= release.patience) {
        if (!isUploading) return yield* Effect.fail(refusal)
        yield* abandon(release, image).pipe(Effect.catchTag("ImageNotFound", () => Effect.void))
        return Either.left(refusal)
      }
      if (looks > 0 || isUploading) yield* Effect.sleep(pause)
    }
  })

/** Tries the ids of the series in turn. Fails with the last refusal at the end of the series or of the time. */
export const run = <E, R>(
  release: Release<E, R>,
  begun: number
): Effect.Effect<readonly [image: Image.Image, created: boolean], EnsureError | E, R> =>
  Effect.gen(function* () {
    for (let index = 0; ; index++) {
      const id = yield* release.idAt(index)
      const since = yield* Clock.currentTimeMillis
      const made = yield* Effect.flatMap(begin(release, id), (step) => publishUploaded(release, step))
      if (Either.isRight(made)) return [made.right, true] as const
      const followed = yield* follow(release, id, since, made.left)
      if (Either.isRight(followed)) return [followed.right, false] as const
      const isLast = index + 1 >= maxSeries || since - begun >= seriesLimit(release.patience)
      if (isLast) return yield* Effect.fail(followed.left)
    }
  })
