/** Reads the records of many images by their ids, with as few requests as possible. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as GlanceError from "../GlanceError.js"
import type * as Image from "../Image.js"
import type * as ImageQuery from "../ImageQuery.js"
import * as Listing from "./imageListing.js"
import type * as Operations from "./operations.js"
import * as Record from "./record.js"

export type Failure = GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageNotFound

export type Found = ReadonlyMap<Image.ImageId, Either.Either<Image.Image, Failure>>

/** A hundred ids, quoted and encoded, take about 5 KiB. Servers and proxies accept URLs of 8 KiB. */
const idsInUrl = 100

/** Whether Glance can have the id. Any other id gets its own request and error. */
const fitsListing = (id: Image.ImageId) => /^[\w-]{1,36}$/.test(id)

const requestsAtATime = 8

/**
 * Lists these images. An old server, which rejects the query, shows none. The limit is one more than the most results,
 * so that no page is full and has a `next`.
 */
const listed = (operations: Operations.Operations, ids: ReadonlyArray<Image.ImageId>, query: ImageQuery.ImageQuery) =>
  Listing.listing(operations)
    .collect({ id: ids, ...query, limit: ids.length + 1 }, { undecodable: "skip" })
    .pipe(Effect.catchTag("BadRequest", "RepeatedMarker", "TooManyEmptyPages", "LostMarker", () => Effect.succeed([])))

/**
 * Finds many images. A listing for every visibility and member status shows all images that the project can read,
 * except hidden ones, which need another listing. An id that is in neither listing gets its own request, for the
 * server's error.
 */
export const find = (operations: Operations.Operations, ids: ReadonlyArray<Image.ImageId>): Effect.Effect<Found> =>
  Effect.gen(function* () {
    const found = new Map<Image.ImageId, Either.Either<Image.Image, Failure>>()
    const missing = () => ids.filter((id) => !found.has(id))
    const list = (osHidden: boolean) => {
      const pieces = Arr.chunksOf(missing().filter(fitsListing), idsInUrl)
      const query = { visibility: "all", memberStatus: "all", ...(osHidden ? { osHidden } : {}) } as const
      return Effect.forEach(
        pieces.filter(({ length }) => length > 1),
        (piece) =>
          Effect.match(listed(operations, piece, query), {
            onFailure: (error) => {
              for (const id of piece) found.set(id, Either.left(error))
            },
            onSuccess: (images) => {
              for (const image of images) found.set(image.id, Either.right(image))
            }
          }),
        { concurrency: requestsAtATime, discard: true }
      )
    }
    yield* list(false)
    yield* list(true)
    yield* Effect.forEach(
      missing(),
      (id) => Effect.map(Effect.either(Record.read(operations, id)), (result) => found.set(id, result)),
      { concurrency: requestsAtATime, discard: true }
    )
    return found
  })
