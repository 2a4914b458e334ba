import * as Effect from "effect/Effect"
import type * as Answer from "../Answer.js"
import * as GlanceError from "../GlanceError.js"
import * as Image from "../Image.js"
import * as Argument from "./argument.js"
import * as Telemetry from "./telemetry.js"

/** The path of an image and of what is below it; the span learns which image it is. */
export const path = (
  operation: string,
  image: Image.ImageRef,
  ...below: Parameters<typeof Argument.path> extends [string, ...infer Rest] ? Rest : never
): Effect.Effect<string, GlanceError.InvalidArgument> =>
  Effect.withFiberRuntime((fiber) => {
    Telemetry.about(fiber, Image.idOf(image))
    return Argument.path(operation, "images", ["image", Image.idOf(image)], ...below)
  })

export const notFound =
  (image: Image.ImageRef) =>
  (answer: Answer.Answer): GlanceError.ImageNotFound =>
    new GlanceError.ImageNotFound({ ...answer, imageId: Image.idOf(image) })
