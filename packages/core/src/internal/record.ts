/** Reading and changing the record of one image, for whichever operation needs it. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Answer from "../Answer.js"
import type * as GlanceClient from "../GlanceClient.js"
import * as GlanceError from "../GlanceError.js"
import * as Image from "../Image.js"
import * as ImageChanges from "../ImageChanges.js"
import * as Internal from "./image.js"
import * as Limit from "./limit.js"
import * as Quick from "./quick.js"
import * as Request from "./request.js"

export const quick = Quick.of(Image.ImageFromJson)
export const bySchema = Request.decoder(Image.ImageFromJson)

export const decode: Request.Decode<Image.Image> = (body) => {
  const image = quick(body)
  return image === undefined ? bySchema(body) : Either.right(image)
}
export const fromBody = Request.json(decode)

/** Attempts after a conflict that a fresh copy may settle. */
export const replans = 2

/**
 * Of several changes at once Glance answers some 409, and some 404 although the image is there. Whether it is shows the
 * record.
 */
export const conflict = (image: Image.ImageRef) => (answer: Answer.Answer) =>
  new GlanceError.UpdateConflict({ ...answer, imageId: Image.idOf(image) })

export const read = (http: GlanceClient.Service, operation: string, image: Image.ImageRef) =>
  Effect.flatMap(Internal.path(operation, image), (path) =>
    Request.run(http, {
      operation,
      request: HttpClientRequest.get(path),
      decode: fromBody,
      on: { 404: Internal.notFound(image) }
    })
  )

export const patch = (
  http: GlanceClient.Service,
  operation: string,
  image: Image.ImageRef,
  steps: ReadonlyArray<ImageChanges.PatchOperation>
) =>
  Effect.flatMap(Internal.path(operation, image), (path) =>
    Request.run(http, {
      operation,
      request: HttpClientRequest.bodyText(HttpClientRequest.patch(path), JSON.stringify(steps), ImageChanges.mediaType),
      decode: fromBody,
      on: { 404: conflict(image), 409: conflict(image) }
    })
  )

export const update = (
  http: GlanceClient.Service,
  operation: string,
  image: Image.ImageRef,
  changes: ImageChanges.ImageChanges,
  { fresh }: { readonly fresh: boolean }
) =>
  // Planned before anything is read, so that bad input costs no request.
  Effect.flatMap(ImageChanges.planBlind(changes, operation), (blind) => {
    const planned = () =>
      Effect.gen(function* () {
        const copy = yield* read(http, operation, image)
        const steps = yield* ImageChanges.plan(copy, changes, operation)
        return steps.length === 0 ? copy : yield* patch(http, operation, image, steps)
      }).pipe(Effect.retry({ times: replans, while: (error) => error._tag === "UpdateConflict" }))
    return fresh || blind.length === 0
      ? planned()
      : Effect.catchTag(patch(http, operation, image, blind), "UpdateConflict", planned)
  }).pipe(Limit.within(http, operation))
