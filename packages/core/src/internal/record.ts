/** Reads and changes the record of an image. */
import * as Effect from "effect/Effect"
import * as Image from "../Image.js"
import * as ImageChanges from "../ImageChanges.js"
import * as Endpoints from "./endpoints.js"
import type * as Operations from "./operations.js"

/** Further attempts after a conflict. */
export const replans = 2

export const read = ({ request }: Operations.Operations, image: Image.ImageRef) =>
  request(Endpoints.getImage, { imageId: Image.idOf(image) })

export const patch = ({ request }: Operations.Operations, image: Image.ImageRef, steps: ReadonlyArray<object>) =>
  request(Endpoints.updateImage, { imageId: Image.idOf(image), steps })

/**
 * Changes the record. With `readFirst`, only differences are sent. Without it, all changes are sent, and the record is
 * read only after a conflict. Invalid changes send no request.
 */
export const update = (
  operations: Operations.Operations,
  image: Image.ImageRef,
  changes: ImageChanges.ImageChanges,
  { readFirst }: { readonly readFirst: boolean }
) =>
  Effect.gen(function* () {
    const blind = yield* ImageChanges.planBlind(changes)
    const planned = Effect.gen(function* () {
      const copy = yield* read(operations, image)
      const steps = yield* ImageChanges.plan(copy, changes)
      return steps.length === 0 ? copy : yield* patch(operations, image, steps)
    }).pipe(Effect.retry({ times: replans, while: (error) => error._tag === "UpdateConflict" }))
    return yield* readFirst || blind.length === 0
      ? planned
      : Effect.catchTag(patch(operations, image, blind), "UpdateConflict", () => planned)
  }).pipe(operations.limited)
