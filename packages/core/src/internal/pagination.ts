import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ForeignText from "../ForeignText.js"
import type * as GlanceClient from "../GlanceClient.js"
import * as GlanceError from "../GlanceError.js"
import type * as Page from "../Page.js"
import * as Limit from "./limit.js"
import * as Progress from "./listingProgress.js"
import * as Quick from "./quick.js"
import * as Request from "./request.js"
import * as Wire from "./wire.js"

/** A listing of the Image API: where it is, what its records are, and how its query is written. */
export interface Listing<A, Query, On extends Request.Meanings = Record<never, never>> {
  /** `/images`, and the key of the records in the envelope. */
  readonly path: string
  readonly key: string
  readonly decode: Request.Decode<A>
  /** Decodes most records, without an `Either` for each; what it does not, `decode` has to. */
  readonly quick?: Quick.Quick<A>
  readonly toParams: (
    query: Query,
    operation: string
  ) => Either.Either<ReadonlyArray<readonly [string, string]>, GlanceError.InvalidArgument>
  readonly from: (query: Query, marker: string) => Query
  readonly markerOf: (query: Query) => string | undefined
  readonly on?: (query: Query) => On & Request.Meanings
}

type PageFailure<On extends Request.Meanings> =
  | Request.ErrorOf<On>
  | GlanceError.InvalidArgument
  | GlanceError.RepeatedMarker
  | GlanceError.TimeLimitExceeded

type Failure<On extends Request.Meanings> = PageFailure<On> | GlanceError.PagingError

interface DecodedPage<A> {
  readonly items: ReadonlyArray<A>
  /** The ids of all records, also of those that were skipped. */
  readonly ids: ReadonlyArray<string>
  readonly skipped: ReadonlyArray<Request.Unreadable>
  readonly marker: string | undefined
  readonly raw: unknown
}

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

/** As much of a `next` is read: parsing hundreds of thousands of parameters takes more than linear time on Node 24. */
const maxNext = 64 * 1024

/**
 * Only whether there is a `next` and which marker it names can be relied on: it loses the endpoint's prefix and all but
 * the last of repeated parameters.
 */
const markerIn = (next: string, records: ReadonlyArray<unknown>): string | undefined => {
  const begin = next.indexOf("?") + 1
  const query = new URLSearchParams(next.slice(begin, begin + maxNext))
  const marker = query.get("marker") || Request.idOf(records.at(-1))
  return marker === undefined || marker.length > maxMarker ? undefined : marker
}

/** A server's marker that the next query could not have is a fault of its response, and not of the caller's query. */
const refusal = <A, Query, On extends Request.Meanings>(
  { from, toParams }: Listing<A, Query, On>,
  query: Query,
  operation: string,
  marker: string
): string | undefined =>
  Either.match(toParams(from(query, marker), operation), {
    onLeft: ({ reason }) => `its "next" names a marker that cannot be sent: ${reason}`,
    onRight: () => undefined
  })

/** Longer than any id or name that Glance stores. */
const maxMarker = 255

/** As it is: `Schema.Array(Schema.Unknown)` takes a tenth as long for the array of a page as `JSON.parse` for all of it. */
const Records: Schema.Schema<ReadonlyArray<unknown>> = Schema.declare(
  (input): input is ReadonlyArray<unknown> => Array.isArray(input),
  { identifier: "ReadonlyArray<unknown>", ...Quick.plainAnnotation(Array.isArray) }
)

const decodePage = <A>(
  { decode, key, quick }: Pick<Listing<A, unknown>, "decode" | "key" | "quick">,
  undecodable: "fail" | "skip"
): Request.Decode<DecodedPage<A>> => {
  const Envelope = Schema.Struct({ [key]: Schema.NullOr(Records), next: Wire.Nullish(Schema.String) })
  const isEnvelope = Quick.holds(Envelope)
  const decodeEnvelope = Request.decoder(Envelope)
  return (raw) =>
    Either.flatMap(isEnvelope(raw) ? Either.right(raw) : decodeEnvelope(raw), (envelope) => {
      const records = (envelope[key] ?? []) as ReadonlyArray<unknown>
      const items: Array<A> = []
      const ids: Array<string> = []
      const skipped: Array<Request.Unreadable> = []
      for (const record of records) {
        const id = Request.idOf(record)
        if (id !== undefined) ids.push(id)
        const item = quick?.(record)
        if (item !== undefined) {
          items.push(item)
          continue
        }
        const decoded = decode(record)
        if (Either.isRight(decoded)) items.push(decoded.right)
        else if (undecodable === "skip") skipped.push(decoded.left)
        else return Either.left(decoded.left)
      }
      const next = envelope["next"] as string | null | undefined
      const marker = next ? markerIn(next, records) : undefined
      return next && marker === undefined
        ? Either.left({ detail: `its "next" names no marker: ${ForeignText.show(next, { maxLength: 200 })}` })
        : Either.right({ items, ids, skipped, marker, raw })
    })
}

export const make = <A, Query, On extends Request.Meanings = Record<never, never>>(
  http: GlanceClient.Service,
  listing: Listing<A, Query, On>
) => {
  const decoders = {
    fail: Request.json(decodePage(listing, "fail")),
    skip: Request.json(decodePage(listing, "skip"))
  }

  const fetched = (
    operation: string,
    query: Query,
    { undecodable = "fail" }: Page.ListOptions = {}
  ): Effect.Effect<DecodedPage<A>, PageFailure<On>> =>
    Effect.flatMap(listing.toParams(query, operation), (params) => {
      const on = listing.on?.(query)
      const answer = Request.run<DecodedPage<A>, On>(http, {
        operation,
        request: HttpClientRequest.setUrlParams(HttpClientRequest.get(listing.path), params),
        decode: (text, headers, secrets) =>
          Either.flatMap(decoders[undecodable](text, headers, secrets), (page) => {
            const detail = page.marker === undefined ? undefined : refusal(listing, query, operation, page.marker)
            return detail === undefined ? Either.right(page) : Either.left({ detail })
          }),
        review: ({ marker = "", skipped }, secrets) =>
          // The marker would be sent in the URL of the next request, and shown by errors.
          secrets.some((secret) => marker.includes(secret))
            ? Effect.fail({ detail: 'its "next" repeats a secret of the request' })
            : logSkipped(operation, skipped.map(Request.shownWith(secrets))),
        ...(on === undefined ? {} : { on })
      })
      return Effect.tap(answer, ({ marker }) =>
        marker !== undefined && marker === listing.markerOf(query)
          ? new GlanceError.RepeatedMarker({ operation, marker })
          : Effect.void
      )
    })

  const page = (
    operation: string,
    query: Query,
    options?: Page.ListOptions
  ): Effect.Effect<Page.Page<A, Query>, PageFailure<On>> =>
    Effect.map(fetched(operation, query, options), ({ items, marker, raw }) => ({
      items,
      next: Option.map(Option.fromNullable(marker), (marker) => listing.from(query, marker)),
      raw
    }))

  /**
   * The page after an earlier record of the page before, because the server does not know the marker any more. It goes
   * back in steps that double, and at last to where the page before began: what is listed again is left out.
   */
  const resume =
    (operation: string, rest: Query, options: Page.ListOptions) =>
    (lost: Query, { ids, query: began }: Before<Query>, error: PageFailure<On>) => {
      const after = (marker: string | undefined) => (marker === undefined ? rest : listing.from(rest, marker))
      const marker = listing.markerOf(lost) ?? ""
      const first = after(listing.markerOf(began))
      const places: ReadonlyArray<Place<Query>> = [
        ...stepsBack(ids.length)
          .filter((index) => ids[index] !== marker)
          .map((index) => ({ query: after(ids[index]), before: { query: first, ids: ids.slice(index + 1) } })),
        { query: first, before: { query: first, ids } }
      ]
      // If the listing cannot even begin any more, the marker is not what is wrong.
      const gone: Effect.Effect<never, Failure<On>> = first === rest
        ? Effect.fail(error)
        : Effect.matchEffect(fetched(operation, rest, options), {
            onFailure: () => Effect.fail(error),
            onSuccess: () => new GlanceError.LostMarker({ operation, marker })
          })
      type Resumed = { readonly page: DecodedPage<A>; readonly from: Place<Query> }
      return places.reduceRight<Effect.Effect<Resumed, Failure<On>>>(
        (orElse, from) =>
          fetched(operation, from.query, options).pipe(
            Effect.map((page) => ({ page, from })),
            Effect.catchAll((error) => (isLost(error) ? orElse : Effect.fail(error)))
          ),
        gone
      )
    }

  const all = (
    operation: string,
    query: Query,
    { following = {}, readAhead = false, resumes = true, ...options }: AllOptions<Query> = {}
  ): Stream.Stream<A, Failure<On>> =>
    Effect.zipWith(Effect.scope, Limit.spanScoped(operation), (scope, span) => {
      const progress = Progress.make(operation, listing.markerOf(query))
      // In the span by the fiber that the time limit takes: `Stream.withSpan` would provide it to each step.
      const inSpan = Limit.within(http, operation, span)
      const rest: Query = { ...query, ...following }
      const resumed = resume(operation, rest, options)
      interface Part {
        readonly items: ReadonlyArray<A>
        readonly next: Place<Query> | undefined
      }
      const pageOf = (place: Place<Query>): Effect.Effect<Part, Failure<On>> =>
        Effect.gen(function* () {
          const { before } = place
          const { page, from } = yield* Effect.catchAll(
            Effect.map(fetched(operation, place.query, options), (page) => ({ page, from: place })),
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
                : { query: listing.from(rest, page.marker), before: { query: from.query, ids } }
          }
        }).pipe(inSpan)

      /** Handed over by a variable: the exit of a fiber is there for longer than its page is needed. */
      const begun = (place: Place<Query>): Effect.Effect<Effect.Effect<Part, Failure<On>>> => {
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
      const first: Effect.Effect<Part & { readonly begin?: number }, Failure<On>> = pageOf({ query, before: undefined })
      return Stream.paginateChunkEffect(first, (current) =>
        Effect.flatMap(current, ({ begin = 0, items, next }) => {
          const end = begin + maxChunk
          if (end < items.length) {
            const rest = Effect.succeed({ begin: end, items, next })
            return Effect.succeed([Chunk.unsafeFromArray(items.slice(begin, end)), Option.some(rest)] as const)
          }
          const chunk = Chunk.unsafeFromArray(begin === 0 ? items : items.slice(begin))
          if (next === undefined) return Effect.succeed([chunk, Option.none()] as const)
          return readAhead
            ? Effect.map(begun(next), (begun) => [chunk, Option.some(begun)] as const)
            : Effect.succeed([chunk, Option.some(pageOf(next))] as const)
        })
      )
    }).pipe(Stream.unwrapScoped)

  /** All records at once, within the time limit of one operation. */
  const collect = (operation: string, query: Query, options?: AllOptions<Query>) =>
    Limit.within(http, operation)(Effect.map(Stream.runCollect(all(operation, query, options)), Arr.fromIterable))

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
  items.filter((item) => !ids.has(Request.idOf(item) ?? ""))

const logSkipped = (operation: string, skipped: ReadonlyArray<Request.Unreadable>): Effect.Effect<void> =>
  Effect.forEach(
    skipped,
    ({ detail, record }) =>
      Effect.logWarning(`${operation}: left out a record that cannot be decoded`).pipe(
        Effect.annotateLogs({ record: record ?? "(no id)", detail })
      ),
    { discard: true }
  )
