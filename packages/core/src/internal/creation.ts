/** Creates an image for an operation, and deletes it if the operation fails. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Image from "../Image.js"
import type * as Images from "../Images.js"

export const discard = (images: Images.Service, image: Image.ImageRef): Effect.Effect<void> =>
  images.delete(image).pipe(
    Effect.catchTag("ImageNotFound", () => Effect.void),
    Effect.catchAll((error) => Effect.logWarning(`image ${Image.idOf(image)} could not be deleted: ${error.message}`))
  )

/** Whether the image may exist although its creation failed. */
const mayHaveHappened = (exit: Exit.Failure<unknown, { readonly _tag: string }>): boolean => {
  const error = Cause.failureOption(exit.cause)
  if (Option.isNone(error)) return true
  return [
    "TransportError",
    "TimeLimitExceeded",
    "ServerError",
    "ServiceUnavailable",
    "UnexpectedAnswer",
    "UnexpectedStatus"
  ].includes(error.value._tag)
}

/**
 * Creates an image and uses it. When either fails or is interrupted, the image is deleted, unless it is to be kept after
 * this failure.
 */
export const creating = <A, E, R>(
  images: Images.Service,
  { id, ...attributes }: Images.NewImage,
  keep: (exit: Exit.Failure<unknown, unknown>) => boolean,
  use: (image: Image.Image) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | Effect.Effect.Error<ReturnType<Images.Service["create"]>>, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      // An id that the client chose identifies the image even if the response to its creation is lost.
      const own = yield* Effect.sync(() => Image.ImageId.make(crypto.randomUUID()))
      const created = yield* restore(images.create({ ...attributes, id: id ?? own })).pipe(
        Effect.onExit((exit) =>
          Exit.isFailure(exit) && id === undefined && !keep(exit) && mayHaveHappened(exit)
            ? discard(images, own)
            : Effect.void
        )
      )
      return yield* restore(use(created)).pipe(
        Effect.onExit((exit) => (Exit.isFailure(exit) && !keep(exit) ? discard(images, created) : Effect.void))
      )
    })
  )
