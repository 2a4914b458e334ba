import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type * as GlanceError from "../GlanceError.js"
import type * as Image from "../Image.js"
import type * as ImageQuery from "../ImageQuery.js"
import * as Check from "./check.js"
import * as Listing from "./imageListing.js"

type Change =
  | { readonly _tag: "Created" | "Gone"; readonly image: Image.Image }
  | { readonly _tag: "Changed"; readonly image: Image.Image; readonly before: Image.Image }

interface Options<R> {
  readonly schedule?: Schedule.Schedule<unknown, unknown, R> | undefined
  readonly fullEvery?: number | undefined
  readonly emitInitial?: boolean | undefined
}

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.PagingError

/**
 * How far a poll reaches back before the last update that was seen: the clocks of a cloud's servers differ, and updates
 * may become visible out of order.
 */
const overlap = "1 minute"

const byUpdate = Order.mapInput(DateTime.Order, (image: Image.Image) => image.updatedAt)

/** Times are whole seconds, in which an image can change twice. */
const isSame = (a: Image.Image, b: Image.Image): boolean =>
  DateTime.Equivalence(a.updatedAt, b.updatedAt) && JSON.stringify(a) === JSON.stringify(b)

/** Glance returns these if the image of the marker was just deleted, or became invisible. */
const lostItsPlace = (error: Failure): boolean => error._tag === "BadRequest" || error._tag === "Forbidden"

export const changes = <R>(
  listing: Listing.Listing,
  query: ImageQuery.ImageQuery,
  options: Options<R>
): Stream.Stream<Change, Failure, R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { emitInitial = false, fullEvery = 10, schedule = Schedule.spaced("30 seconds") } = options
      yield* Check.check("options.emitInitial", emitInitial, Check.flag)
      yield* Check.check("options.fullEvery", fullEvery, Check.wholeNumber(1))
      yield* Check.check("query.marker", query.marker, (marker) =>
        marker === undefined ? undefined : "must not be given: what is before it would count as gone"
      )
      const all = { ...query, limit: query.limit ?? Listing.maxPage }

      let known: ReadonlyMap<Image.ImageId, Image.Image> | undefined
      let polls = 0

      const list = (query: ImageQuery.ImageQuery) =>
        // The listing begins again instead of going on, so that it has no images that were deleted meanwhile.
        listing.collect(query, { resumes: false }).pipe(
          Effect.retry({ times: 2, while: lostItsPlace }),
          Effect.map((images) => new Map(images.map((image) => [image.id, image] as const)))
        )

      const poll = Effect.gen(function* () {
        const before = known ?? new Map<Image.ImageId, Image.Image>()
        const isFirst = known === undefined
        const newest = Arr.reduce([...before.values()], Option.none<DateTime.Utc>(), (newest, { updatedAt }) =>
          Option.some(Option.isSome(newest) ? DateTime.max(newest.value, updatedAt) : updatedAt)
        )
        const isFull = Option.isNone(newest) || query.updatedAt !== undefined || polls % fullEvery === 0
        polls += 1
        const listed = yield* list(
          isFull ? all : { ...all, updatedAt: { gte: DateTime.subtractDuration(newest.value, overlap) } }
        )
        known = isFull ? listed : new Map([...before, ...listed])
        if (isFirst && !emitInitial) return []
        const found = Arr.filterMap(Arr.sort(listed.values(), byUpdate), (image): Option.Option<Change> => {
          const last = before.get(image.id)
          if (last === undefined) return Option.some({ _tag: "Created", image })
          return isSame(last, image) ? Option.none() : Option.some({ _tag: "Changed", image, before: last })
        })
        const gone = isFull ? [...before.values()].filter((image) => !listed.has(image.id)) : []
        return [...found, ...gone.map((image): Change => ({ _tag: "Gone", image }))]
      })
      return Stream.repeatEffectWithSchedule(poll, schedule).pipe(Stream.mapConcat((found) => found))
    })
  )
