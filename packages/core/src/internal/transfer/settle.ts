/** Waits until an image is stored after the cloud has confirmed its bytes. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as GlanceError from "../../GlanceError.js"
import type * as Image from "../../Image.js"

/** The cloud still stores the data, or does not show yet that it has. */
export const isPending = (status: Image.ImageStatus): boolean =>
  status === "queued" || status === "saving" || status === "uploading" || status === "importing"

/** The cloud has given up on the data or has deleted the image. */
export const isLost = (status: Image.ImageStatus): boolean =>
  status === "killed" || status === "deleted" || status === "pending_delete"

/** The wait doubles from 200 milliseconds to 5 seconds. */
const waitMillis = (look: number): number => Math.min(200 * 2 ** look, 5_000)

const mayChange = (error: GlanceError.GlanceError): boolean =>
  GlanceError.isTransient(error) || error._tag === "ServerError" || error._tag === "TimeLimitExceeded"

/**
 * Failures after which an image may have good data: whatever creates an image must not delete it then. An image that was
 * just created and is not queued has got its data by another request, such as one that a proxy repeated.
 */
export const isStored = (error: unknown): boolean =>
  error instanceof GlanceError.UploadNotEnded ||
  error instanceof GlanceError.ImageUnverifiable ||
  error instanceof GlanceError.ImageNotQueued

/**
 * Reads the record until the cloud has stored the data, at most for the limit. Repeats a read that fails for a reason
 * that may pass, and with `mayLag` also one that does not find the image.
 */
export const settled = (
  imageId: Image.ImageId,
  limit: Duration.Duration,
  record: Effect.Effect<Image.Image, GlanceError.GlanceError>,
  { mayLag = false }: { readonly mayLag?: boolean } = {}
): Effect.Effect<Image.Image, GlanceError.ImageNotFound | GlanceError.UploadFailed | GlanceError.UploadNotEnded> =>
  Effect.gen(function* () {
    const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(limit)
    let imageStatus = Option.none<string>()
    for (let look = 0; ; look++) {
      const found = yield* Effect.either(record)
      const error = Option.getOrUndefined(Either.getLeft(found))
      const isMissing = error instanceof GlanceError.ImageNotFound
      if (isMissing && !(mayLag && (yield* Clock.currentTimeMillis) < end)) return yield* error
      if (Either.isRight(found)) {
        const { status } = found.right
        if (isLost(status)) return yield* new GlanceError.UploadFailed({ imageId, imageStatus: status })
        if (!isPending(status)) return found.right
        imageStatus = Option.some(status)
      }
      const left = end - (yield* Clock.currentTimeMillis)
      if (left <= 0 || (error !== undefined && !isMissing && !mayChange(error))) {
        const detail = Option.map(Option.fromNullable(error), ({ message }) => message)
        return yield* new GlanceError.UploadNotEnded({ imageId, imageStatus, detail, limit })
      }
      yield* Effect.sleep(Math.min(left, waitMillis(look)))
    }
  })
