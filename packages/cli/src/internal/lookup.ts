/** Finds images and projects by what people call them. */
import * as GlanceError from "@effect-glance/core/GlanceError"
import * as Image from "@effect-glance/core/Image"
import * as Images from "@effect-glance/core/Images"
import * as Directory from "@effect-glance/http/Directory"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { CommandFailed } from "./command.js"
import { meant } from "./meant.js"

const uuid = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i

/** At most this many names are read to find the one that was meant. */
const maxNames = 1000

const unknownImage = (images: Images.Service, name: string) =>
  images.listAll({ limit: maxNames }).pipe(
    Stream.take(maxNames),
    Stream.filterMap((image) => image.name),
    Stream.runCollect,
    Effect.orElseSucceed(() => Chunk.empty<string>()),
    Effect.flatMap((names) => new CommandFailed({ message: `no image "${name}"${meant(name, [...names])}` }))
  )

/** Finds an image by its id or its name, hidden ones included. */
export const findImage = (nameOrId: string) =>
  Effect.gen(function* () {
    const images = yield* Images.make
    if (uuid.test(nameOrId)) {
      const found = yield* images.get(nameOrId).pipe(
        Effect.asSome,
        Effect.catchTag("ImageNotFound", () => Effect.succeedNone)
      )
      if (Option.isSome(found)) return found.value
    }
    return yield* images.find({ name: nameOrId }, { hidden: true }).pipe(
      Effect.catchTag("NoMatchingImage", () => unknownImage(images, nameOrId)),
      Effect.catchTag("AmbiguousImage", ({ imageIds }) =>
        Effect.fail(
          new CommandFailed({
            message: `several images have the name "${nameOrId}": ${imageIds.join(", ")}, ...; name one by its id`
          })
        )
      )
    )
  })

/** Finds the id of an image. */
export const findImageId = (nameOrId: string) => Effect.map(findImage(nameOrId), Image.idOf)

/**
 * Finds the id of a project by its id or its name. A caller who may not look projects up names one by its id, which
 * Glance takes as it is.
 */
export const findProjectId = (nameOrId: string, domain: string | undefined) =>
  Effect.gen(function* () {
    const directory = yield* Directory.Directory
    return yield* directory.findProject(nameOrId, { domain }).pipe(
      Effect.map(({ id }) => id),
      Effect.catchIf(
        (error) => error instanceof GlanceError.Forbidden,
        () => Effect.succeed(nameOrId)
      )
    )
  })
