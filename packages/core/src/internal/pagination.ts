/** Listings: one page, a stream of all records, or all records at once. */
import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as GlanceClient from "../GlanceClient.js"
import * as GlanceError from "../GlanceError.js"
import type * as Page from "../Page.js"
import type { Endpoint, PathParameters } from "./endpoint.js"
import * as Progress from "./listingProgress.js"
import type * as Operations from "./operations.js"
import * as Pages from "./page.js"
import * as Response from "./response.js"

/** A listing of the Image API: its endpoint, and how its query is written. */
export interface Listing<A, Query, E> {
  readonly endpoint: Endpoint<PathParameters<"/">, Pages.Page<A>, E>
  readonly records: Pages.Records<A>
  readonly toParams: (
    query: Query
  ) => Either.Either<ReadonlyArray<readonly [string, string]>, GlanceError.InvalidArgument>
  readonly queryFrom: (query: Query, marker: string) => Query
  readonly markerOf: (query: Query) => string | undefined
}

type PageFailure<E> = E | GlanceError.InvalidArgument | GlanceError.RepeatedMarker | GlanceError.TimeLimitExceeded

type Failure<E> = PageFailure<E> | GlanceError.PagingError

/** How a listing is read to its end, by an operation that may know more than the caller says. */
export interface AllOptions<Query> extends Page.ListAllOptions {
  /** What differs in the query of all pages but the first, such as their size. */
  readonly following?: Partial<Query> | undefined
  /**
   * Whether the listing goes on when the record is gone after which a page begins.
   *
   * @default true
   */
  readonly resumes?: boolean | undefined
}

export const make = <A, Query, E>(
  { limited, request }: Operations.Operations,
  { endpoint, markerOf, queryFrom, records, toParams }: Listing<A, Query, E>
) => {
  const success = { fail: Pages.read(records, "fail"), skip: Pages.read(records, "skip") }

  /** A marker of the server that the next query could not have is a fault of its response, not of the caller's query. */
  const refusal = (query: Query, page: Pages.Page<A>): Either.Either<Pages.Page<A>, Response.Unreadable> =>
    page.marker === undefined
      ? Either.right(page)
      : Either.mapBoth(toParams(queryFrom(query, page.marker)), {
          onLeft: ({ reason }) => ({ detail: `its "next" names a marker that cannot be sent: ${reason}` }),
          onRight: () => page
        })

  const fetched = (
    query: Query,
    { undecodable = "fail" }: Page.ListOptions = {}
  ): Effect.Effect<Pages.Page<A>, PageFailure<E>> =>
    Effect.flatMap(toParams(query), (params) => {
      const read: Response.Read<Pages.Page<A>> = (...body) =>
        Either.flatMap(success[undecodable](...body), (page) => refusal(query, page))
      return request({ ...endpoint, success: read }, {}, { query: params }).pipe(
        Effect.tap(({ skipped }) => logSkipped(skipped)),
        Effect.filterOrFail(
          ({ marker }) => marker === undefined || marker !== markerOf(query),
          ({ marker = "" }) => new GlanceError.RepeatedMarker({ marker })
        )
      )
    })

  const page = (query: Query, options?: Page.ListOptions): Effect.Effect<Page.Page<A, Query>, PageFailure<E>> =>
    Effect.map(fetched(query, options), ({ items, marker, raw }) => ({
      items,
      next: Option.map(Option.fromNullable(marker), (marker) => queryFrom(query, marker)),
      raw
    }))

  /**
   * The page after an earlier record of the page before, because the server does not know the marker any more. It goes
   * back in steps that double, and at last to where the page before began: what is listed again is left out.
   */
  const resume =
    (rest: Query, options: Page.ListOptions) =>
    (lost: Query, { ids, query: began }: Before<Query>, error: PageFailure<E>) => {
      const after = (marker: string | undefined) => (marker === undefined ? rest : queryFrom(rest, marker))
      const marker = markerOf(lost) ?? ""
      const first = after(markerOf(began))
      const places: ReadonlyArray<Place<Query>> = [
        ...stepsBack(ids.length)
          .filter((index) => ids[index] !== marker)
          .map((index) => ({ query: after(ids[index]), before: { query: first, ids: ids.slice(index + 1) } })),
        { query: first, before: { query: first, ids } }
      ]
      // If the listing cannot even begin any more, the marker is not what is wrong.
      const gone: Effect.Effect<never, Failure<E>> = first === rest
        ? Effect.fail(error)
        : Effect.matchEffect(fetched(rest, options), {
            onFailure: () => Effect.fail(error),
            onSuccess: () => new GlanceError.LostMarker({ marker })
          })
      type Resumed = { readonly page: Pages.Page<A>; readonly from: Place<Query> }
      return places.reduceRight<Effect.Effect<Resumed, Failure<E>>>(
        (orElse, from) =>
          fetched(from.query, options).pipe(
            Effect.map((page) => ({ page, from })),
            Effect.catchAll((error) => (isLost(error) ? orElse : Effect.fail(error)))
          ),
        gone
      )
    }

  const all = (
    query: Query,
    { following = {}, readAhead = false, resumes = true, ...options }: AllOptions<Query> = {}
  ): Stream.Stream<A, Failure<E>> =>
    Effect.map(Effect.scope, (scope) => {
      const progress = Progress.make(markerOf(query))
      const rest: Query = { ...query, ...following }
      const resumed = resume(rest, options)
      interface Part {
        readonly items: ReadonlyArray<A>
        readonly next: Place<Query> | undefined
      }
      const pageOf = (place: Place<Query>): Effect.Effect<Part, Failure<E>> =>
        Effect.gen(function* () {
          const { before } = place
          const { page, from } = yield* Effect.catchAll(
            Effect.map(fetched(place.query, options), (page) => ({ page, from: place })),
            (error) =>
              !resumes || before === undefined || !isLost(error)
                ? Effect.fail(error)
                : resumed(place.query, before, error)
          )
          const known = from.before?.ids ?? []
          const items = from === place ? page.items : withoutIds(page.items, new Set(known))
          yield* progress.page(items.length + page.skipped.length, page.marker)
          const ids = from === place ? page.ids : [...known, ...page.ids]
          return {
            items,
            next:
              page.marker === undefined
                ? undefined
                : { query: queryFrom(rest, page.marker), before: { query: from.query, ids } }
          }
        }).pipe(limited)

      /** Handed over by a variable: the exit of a fiber is there for longer than its page is needed. */
      const begun = (place: Place<Query>): Effect.Effect<Effect.Effect<Part, Failure<E>>> => {
        let part: Part | undefined
        const fetched = Effect.map(pageOf(place), (fetched) => {
          part = fetched
        })
        return Effect.map(Effect.forkIn(fetched, scope), (fiber) =>
          Effect.map(Fiber.join(fiber), () => {
            const fetched = part as Part
            part = undefined
            return fetched
          })
        )
      }
      const first: Effect.Effect<Part & { readonly begin?: number }, Failure<E>> = pageOf({ query, before: undefined })
      return Stream.paginateChunkEffect(first, (current) =>
        Effect.flatMap(current, ({ begin = 0, items, next }) => {
          const end = begin + maxChunk
          if (end < items.length) {
            const rest = Effect.succeed({ begin: end, items, next })
            return Effect.succeed([Chunk.fromIterable(items.slice(begin, end)), Option.some(rest)] as const)
          }
          const chunk = Chunk.fromIterable(begin === 0 ? items : items.slice(begin))
          if (next === undefined) return Effect.succeed([chunk, Option.none()] as const)
          return readAhead
            ? Effect.map(begun(next), (begun) => [chunk, Option.some(begun)] as const)
            : Effect.succeed([chunk, Option.some(pageOf(next))] as const)
        })
      )
    }).pipe(Stream.unwrapScoped)

  /** All records at once, within the time limit of one operation. */
  const collect = (query: Query, options?: AllOptions<Query>) =>
    limited(Effect.map(Stream.runCollect(all(query, options)), Arr.fromIterable))

  return { page, all, collect }
}

/** Records in one chunk of a stream. `Stream.runFold` takes one stack frame for each, and a page may have any number. */
const maxChunk = 1024

/** A page that was read: its query, and the ids of its records in their order. */
interface Before<Query> {
  readonly query: Query
  readonly ids: ReadonlyArray<string>
}

/** A page that is to be read, and the one before it. */
interface Place<Query> {
  readonly query: Query
  readonly before: Before<Query> | undefined
}

/** Glance answers 400 when the record after which a page begins is gone, and 403 when it went out of sight. */
const isLost = (error: unknown): boolean =>
  typeof error === "object" &&
  error !== null &&
  "status" in error &&
  (error.status === 400 || error.status === 403 || error.status === 404)

/** The indices of the last record, and of the last but one, two, four and so on. */
const stepsBack = (length: number): ReadonlyArray<number> => {
  const indices: Array<number> = []
  for (let step = 0; step < length; step = step * 2 || 1) indices.push(length - 1 - step)
  return indices
}

const withoutIds = <A>(items: ReadonlyArray<A>, ids: ReadonlySet<string>): ReadonlyArray<A> =>
  items.filter((item) => !ids.has(Response.idOf(item) ?? ""))

const logSkipped = (skipped: ReadonlyArray<Response.Unreadable>): Effect.Effect<void> =>
  skipped.length === 0
    ? Effect.void
    : Effect.flatMap(GlanceClient.Operation, ({ name }) =>
        Effect.forEach(
          skipped,
          ({ detail, record }) =>
            Effect.logWarning(`${name}: left out a record that cannot be decoded`).pipe(
              Effect.annotateLogs({ record: record ?? "(no id)", detail })
            ),
          { discard: true }
        )
      )
