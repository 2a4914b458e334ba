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

/** A hundred ids, quoted and encoded, make about five of the eight KiB that servers and proxies take for a URL. */
const idsInUrl = 100

/** What Glance can have for an id. Whatever else is asked for gets a request, and an error, of its own. */
const fitsListing = (id: Image.ImageId) => /^[\w-]{1,36}$/.test(id)

const requestsAtATime = 8

/** Returns a lookup of many images. */
export const make = (operations: Operations.Operations) => {
  const images = Listing.listing(operations)

  /**
   * What a listing shows of these. One that the server does not take, being old, shows nothing. The limit is one more
   * than can be found, so that a full page is not taken for one that has a next.
   */
  const listed = (ids: ReadonlyArray<Image.ImageId>, query: ImageQuery.ImageQuery) =>
    images
      .collect({ id: ids, ...query, limit: ids.length + 1 }, { undecodable: "skip" })
      .pipe(
        Effect.catchTag("BadRequest", "RepeatedMarker", "TooManyEmptyPages", "LostMarker", () => Effect.succeed([]))
      )

  /**
   * Of the images that a project can get, the listing for every visibility and every answer of a member shows all but
   * the hidden ones, which take a listing of their own. What neither shows is asked for by itself: it is mostly not
   * there, and the server's word for that is wanted.
   */
  return (ids: ReadonlyArray<Image.ImageId>): Effect.Effect<Found> =>
    Effect.gen(function* () {
      const found = new Map<Image.ImageId, Either.Either<Image.Image, Failure>>()
      const missing = () => ids.filter((id) => !found.has(id))
      const list = (osHidden: boolean) => {
        const pieces = Arr.chunksOf(missing().filter(fitsListing), idsInUrl)
        const query = { visibility: "all", memberStatus: "all", ...(osHidden ? { osHidden } : {}) } as const
        return Effect.forEach(
          pieces.filter(({ length }) => length > 1),
          (piece) =>
            Effect.match(listed(piece, query), {
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
}
