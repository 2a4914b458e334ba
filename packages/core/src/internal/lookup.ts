/** Records of many images by their ids, in as few requests as Glance allows. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as EffectRequest from "effect/Request"
import * as RequestResolver from "effect/RequestResolver"
import type * as GlanceClient from "../GlanceClient.js"
import type * as GlanceError from "../GlanceError.js"
import type * as Image from "../Image.js"
import type * as ImageQuery from "../ImageQuery.js"
import * as Internal from "./image.js"
import * as Listing from "./images.js"
import * as Limit from "./limit.js"
import * as Record from "./record.js"

export type Failure = GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageNotFound

export type Found = ReadonlyMap<Image.ImageId, Either.Either<Image.Image, Failure>>

/** A hundred ids, quoted and encoded, make about five of the eight KiB that servers and proxies take for a URL. */
const idsInUrl = 100

/** What Glance can have for an id. Whatever else is asked for gets a request, and an error, of its own. */
const fitsListing = (id: Image.ImageId) => /^[\w-]{1,36}$/.test(id)

const requestsAtATime = 8

export const make = (http: GlanceClient.Service) => {
  const images = Listing.listing(http)

  const one = (operation: string, id: Image.ImageId) => Record.read(http, operation, id)

  /**
   * What a listing shows of these. One that the server does not take, being old, shows nothing. The limit is one more
   * than can be found, so that a full page is not taken for one that has a next.
   */
  const listed = (operation: string, ids: ReadonlyArray<Image.ImageId>, query: ImageQuery.ImageQuery) =>
    images
      .collect(operation, { id: ids, ...query, limit: ids.length + 1 }, { undecodable: "skip" })
      .pipe(
        Effect.catchTag("BadRequest", "RepeatedMarker", "TooManyEmptyPages", "LostMarker", () => Effect.succeed([]))
      )

  /**
   * Of the images that a project can get, the listing for every visibility and every answer of a member shows all but
   * the hidden ones, which take a listing of their own. What neither shows is asked for by itself: it is mostly not
   * there, and the server's word for that is wanted.
   */
  const many = (operation: string, ids: ReadonlyArray<Image.ImageId>): Effect.Effect<Found> =>
    Effect.gen(function* () {
      const found = new Map<Image.ImageId, Either.Either<Image.Image, Failure>>()
      const missing = () => ids.filter((id) => !found.has(id))
      const list = (osHidden: boolean) => {
        const pieces = Arr.chunksOf(missing().filter(fitsListing), idsInUrl)
        const query = { visibility: "all", memberStatus: "all", ...(osHidden ? { osHidden } : {}) } as const
        return Effect.forEach(
          pieces.filter(({ length }) => length > 1),
          (piece) =>
            Effect.match(listed(operation, piece, query), {
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
        (id) =>
          Effect.map(Effect.either(Effect.withSpan(one(operation, id), operation)), (result) => found.set(id, result)),
        { concurrency: requestsAtATime, discard: true }
      )
      return found
    })

  /**
   * An image that is asked for while others may be, too. The port is part of it: the cache of requests that Effect
   * offers is one for the whole program, and what one project sees is not for another.
   */
  interface GetImage extends EffectRequest.Request<Image.Image, Failure> {
    readonly _tag: "GetImage"
    readonly http: GlanceClient.Service
    readonly id: Image.ImageId
  }
  const GetImage = EffectRequest.tagged<GetImage>("GetImage")

  const gather = (operation: string) =>
    RequestResolver.makeBatched((requests: Arr.NonEmptyArray<GetImage>) => {
      const ids = [...new Set(requests.map(({ id }) => id))]
      const [id, ...more] = ids as Arr.NonEmptyArray<Image.ImageId>
      const found: Effect.Effect<Found, GlanceError.TimeLimitExceeded> =
        more.length === 0
          ? Effect.map(Effect.either(one(operation, id)), (result) => new Map([[id, result]]))
          : many(operation, ids).pipe(Limit.within(http, operation), Effect.withSpan("Images.getMany"))
      // A defect, too, must come out where the image was asked for.
      return Effect.flatMap(Effect.exit(found), (found) =>
        Effect.forEach(
          requests,
          (request) =>
            EffectRequest.complete(
              request,
              Exit.flatMap(found, (found) => answerOf(found, request.id))
            ),
          { discard: true }
        )
      )
    })

  /** One image: with a request of its own, unless the program gathers requests and there are others. */
  const getter = (operation: string) => {
    const resolver = gather(operation)
    const gathered = (id: Image.ImageId) =>
      Effect.zipRight(Internal.path(operation, id), Effect.request(GetImage({ http, id }), resolver))
    return (id: Image.ImageId): Effect.Effect<Image.Image, Failure> =>
      Effect.withFiberRuntime((fiber) => (mayGather(fiber) ? gathered(id) : one(operation, id)))
  }

  return { many, getter }
}

/**
 * Whether there may be other requests to answer with this one, or a cache of them. A resolver takes twice as long as all
 * else that a request costs in this process (150 of 300 microseconds), and only Effect's own count of the steps that it
 * is in tells that it is in one where requests are gathered. An Effect without that count gets the resolver.
 */
export const mayGather = (fiber: Fiber.RuntimeFiber<unknown, unknown>): boolean => {
  const { _steps } = fiber as { readonly _steps?: ReadonlyArray<unknown> }
  return _steps?.length !== 0 || fiber.getFiberRef(FiberRef.currentRequestCacheEnabled)
}

const answerOf = (found: Found, id: Image.ImageId): Exit.Exit<Image.Image, Failure> => {
  const result = found.get(id)
  return result === undefined
    ? Exit.die(`image ${id} was not looked for`)
    : Either.match(result, { onLeft: Exit.fail, onRight: Exit.succeed })
}
