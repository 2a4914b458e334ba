import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import type * as GlanceClient from "../../GlanceClient.js"
import type * as GlanceError from "../../GlanceError.js"
import * as ImageSource from "../../ImageSource.js"
import * as Check from "../check.js"
import * as BodyStreaming from "./bodyStreaming.js"

export const size: Check.Check = Check.wholeNumber(0)

const isInput: Check.Check = (value) => {
  const expected = "must be an ImageSource, a Stream, a Uint8Array, a Blob or { file: path }"
  if (value === null || (typeof value !== "object" && typeof value !== "function")) {
    return `${expected}, not ${value === null ? "null" : Array.isArray(value) ? "an array" : typeof value}`
  }
  if (value instanceof Uint8Array || Stream.StreamTypeId in value || ImageSource.isBlob(value)) return undefined
  if ("open" in value && "replayable" in value) return undefined
  return "file" in value && typeof value.file === "string" && value.file !== "" ? undefined : expected
}

export const streamingOf = ({
  bodyStreaming
}: Pick<GlanceClient.Service, "bodyStreaming">): GlanceClient.BodyStreaming =>
  bodyStreaming ?? BodyStreaming.ofRuntime()

/** The advice if a stream cannot be sent. */
export const hint = "Use ImageSource.bytes or ImageSource.blob (a File of the browser is a Blob)"

/** Converts an input to a source, and checks it before it is opened. */
export const resolve = <S extends ImageSource.Any>(
  http: Pick<GlanceClient.Service, "bodyStreaming">,
  input: S
): Either.Either<
  ImageSource.ImageSource<ImageSource.ErrorOf<S>, ImageSource.ContextOf<S>>,
  GlanceError.InvalidArgument
> =>
  Either.gen(function* () {
    yield* Check.check("source", input, isInput)
    const source = ImageSource.from(input)
    if (source.size !== undefined) yield* Check.check("source.size", source.size, size)
    if (source.whole === undefined && streamingOf(http) === "never") {
      yield* Check.invalid(
        "source",
        `is a stream, and the fetch of this runtime would send its name instead of its bytes. ${hint}`
      )
    }
    return source
  })
