/** Listings: one page, a stream of all records, or all records at once. */
import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
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

/** How a listing is read to its end. */
export interface AllOptions<Query> extends Page.ListAllOptions {
  /** What differs in the query of all pages but the first, such as their size. */
  readonly following?: Partial<Query> | undefined
  /**
   * Whether the listing goes on if the record that a page begins after is gone.
   *
   * @default true
   */
  readonly resumes?: boolean | undefined
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

/** Records that are still to be emitted, and the page after them. */
interface Part<A, Query> {
  readonly items: ReadonlyArray<A>
  readonly next: Place<Query> | undefined
}

/** Reads one page. */
type Fetch<A, Query, E> = (query: Query, options?: Page.ListOptions) => Effect.Effect<Pages.Page<A>, PageFailure<E>>

const makeFetch = <A, Query, E>(
  { request }: Operations.Operations,
  { endpoint, markerOf, queryFrom, records, toParams }: Listing<A, Query, E>
): Fetch<A, Query, E> => {
  const success = { fail: Pages.read(records, "fail"), skip: Pages.read(records, "skip") }

  /** A marker of the server that the next query cannot have is a fault of the response, not of the caller's query. */
  const refusal = (query: Query, page: Pages.Page<A>): Either.Either<Pages.Page<A>, Response.Unreadable> =>
    page.marker === undefined
      ? Either.right(page)
      : Either.mapBoth(toParams(queryFrom(query, page.marker)), {
          onLeft: ({ reason }) => ({ detail: `its "next" names a marker that cannot be sent: ${reason}` }),
          onRight: () => page
        })

  return (query, { undecodable = "fail" } = {}) =>
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
}

/**
 * Returns a function that reads the page after an earlier record of the page before, because the server does not know
 * the marker any more. It goes back in steps that double, and at last to the begin of the page before. Records that it
 * lists again are left out.
 */
const makeResume =
  <A, Query, E>(
    { markerOf, queryFrom }: Listing<A, Query, E>,
    fetched: Fetch<A, Query, E>,
    rest: Query,
    options: Page.ListOptions
  ) =>
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
    // If the listing cannot even begin any more, the marker is not the cause.
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

/** Starts to read a page. A variable hands it over, because the exit of the fiber outlives the page. */
const readAhead = <A, E>(page: Effect.Effect<A, E>, scope: Scope.Scope): Effect.Effect<Effect.Effect<A, E>> =>
  Effect.suspend(() => {
    let read: A | undefined
    const reading = Effect.map(page, (page) => {
      read = page
    })
    return Effect.map(Effect.forkIn(reading, scope), (fiber) =>
      Effect.map(Fiber.join(fiber), () => {
        const page = read as A
        read = undefined
        return page
      })
    )
  })

const makeAll =
  <A, Query, E>({ limited }: Operations.Operations, listing: Listing<A, Query, E>, fetched: Fetch<A, Query, E>) =>
  (
    query: Query,
    { following = {}, readAhead: isAhead = false, resumes = true, ...options }: AllOptions<Query> = {}
  ): Stream.Stream<A, Failure<E>> =>
    Effect.map(Effect.scope, (scope) => {
      const progress = Progress.make(listing.markerOf(query))
      const rest: Query = { ...query, ...following }
      const resumed = makeResume(listing, fetched, rest, options)
      const part = (place: Place<Query>): Effect.Effect<Part<A, Query>, Failure<E>> =>
        Effect.gen(function* () {
          const { before } = place
          const { page, from } = yield* Effect.catchAll(
            Effect.map(fetched(place.query, options), (page) => ({ page, from: place })),
            (error) =>
              !resumes || before === undefined || !isLost(error)
                ? Effect.fail(error)
                : resumed(place.query, before, error)
          )
          const known = from === place ? [] : (from.before?.ids ?? [])
          const items = from === place ? page.items : withoutIds(page.items, new Set(known))
          yield* progress.page(items.length + page.skipped.length, page.marker)
          const read = { query: from.query, ids: from === place ? page.ids : [...known, ...page.ids] }
          const { marker } = page
          return {
            items,
            next: marker === undefined ? undefined : { query: listing.queryFrom(rest, marker), before: read }
          }
        }).pipe(limited)
      return Stream.paginateChunkEffect(part({ query, before: undefined }), (current) =>
        Effect.flatMap(current, ({ items, next }) => {
          if (items.length > maxChunk) {
            const later = Effect.succeed({ items: items.slice(maxChunk), next })
            return Effect.succeed([Chunk.fromIterable(items.slice(0, maxChunk)), Option.some(later)] as const)
          }
          const chunk = Chunk.fromIterable(items)
          if (next === undefined) return Effect.succeed([chunk, Option.none()] as const)
          const following = isAhead ? readAhead(part(next), scope) : Effect.succeed(part(next))
          return Effect.map(following, (part) => [chunk, Option.some(part)] as const)
        })
      )
    }).pipe(Stream.unwrapScoped)

export const make = <A, Query, E>(operations: Operations.Operations, listing: Listing<A, Query, E>) => {
  const fetched = makeFetch(operations, listing)
  const all = makeAll(operations, listing, fetched)
  return {
    page: (query: Query, options?: Page.ListOptions): Effect.Effect<Page.Page<A, Query>, PageFailure<E>> =>
      Effect.map(fetched(query, options), ({ items, marker, raw }) => ({
        items,
        next: Option.map(Option.fromNullable(marker), (marker) => listing.queryFrom(query, marker)),
        raw
      })),

    all,

    /** All records at once, within the time limit of one operation. */
    collect: (query: Query, options?: AllOptions<Query>) =>
      operations.limited(Effect.map(Stream.runCollect(all(query, options)), Arr.fromIterable))
  }
}

/** Glance returns 400 if the record that a page begins after is gone, and 403 if it became invisible. */
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
