/** Records of many images by their ids, in as few requests as Glance allows. */
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

/** What Glance can have for an id. Any other id gets a request, and an error, of its own. */
const fitsListing = (id: Image.ImageId) => /^[\w-]{1,36}$/.test(id)

const requestsAtATime = 8

/**
 * What a listing shows of these images. A server that does not take the query, being old, shows none. The limit is one
 * more than can be found, so that a full page is not taken for one that has a next.
 */
const listed = (operations: Operations.Operations, ids: ReadonlyArray<Image.ImageId>, query: ImageQuery.ImageQuery) =>
  Listing.listing(operations)
    .collect({ id: ids, ...query, limit: ids.length + 1 }, { undecodable: "skip" })
    .pipe(Effect.catchTag("BadRequest", "RepeatedMarker", "TooManyEmptyPages", "LostMarker", () => Effect.succeed([])))

/**
 * Finds many images. A listing for every visibility and member status shows all images that the project can get, except
 * hidden ones, which take a listing of their own. An id that neither listing shows gets a request of its own, for the
 * error of the server.
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
