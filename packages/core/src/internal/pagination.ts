import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as GlanceError from "../GlanceError.js"
import type * as GlanceHttp from "../GlanceHttp.js"
import type * as Page from "../Page.js"
import * as Limit from "./limit.js"
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

type Failure<On extends Request.Meanings> =
  | Request.ErrorOf<On>
  | GlanceError.InvalidArgument
  | GlanceError.RepeatedMarker
  | GlanceError.TimeLimitExceeded

interface DecodedPage<A> {
  readonly items: ReadonlyArray<A>
  readonly skipped: ReadonlyArray<Request.Unreadable>
  readonly marker: string | undefined
  readonly raw: unknown
}

/**
 * Only whether there is a `next` and which marker it names can be relied on: it loses the endpoint's prefix and all but
 * the last of repeated parameters.
 */
const markerIn = (next: string, records: ReadonlyArray<unknown>): string | undefined =>
  new URLSearchParams(next.slice(next.indexOf("?") + 1)).get("marker") || Request.idOf(records.at(-1))

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
      const skipped: Array<Request.Unreadable> = []
      for (const record of records) {
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
        ? Either.left({ detail: `its "next" names no marker: ${next}` })
        : Either.right({ items, skipped, marker, raw })
    })
}

export const make = <A, Query, On extends Request.Meanings = Record<never, never>>(
  http: GlanceHttp.Service,
  listing: Listing<A, Query, On>
) => {
  const decoders = {
    fail: Request.json(decodePage(listing, "fail")),
    skip: Request.json(decodePage(listing, "skip"))
  }

  const page = (
    operation: string,
    query: Query,
    { undecodable = "fail" }: Page.ListOptions = {}
  ): Effect.Effect<Page.Page<A, Query>, Failure<On>> =>
    Effect.flatMap(listing.toParams(query, operation), (params) => {
      const on = listing.on?.(query)
      const answer = Request.run<DecodedPage<A>, On>(http, {
        operation,
        request: HttpClientRequest.setUrlParams(HttpClientRequest.get(listing.path), params),
        decode: decoders[undecodable],
        ...(on === undefined ? {} : { on })
      })
      return Effect.flatMap(answer, ({ items, marker, raw, skipped }) => {
        const next = Option.map(Option.fromNullable(marker), (marker) => listing.from(query, marker))
        const page: Effect.Effect<Page.Page<A, Query>, GlanceError.RepeatedMarker> = marker !== undefined &&
        marker === listing.markerOf(query)
          ? new GlanceError.RepeatedMarker({ operation, marker })
          : Effect.succeed({ items, next, raw })
        return skipped.length === 0 ? page : Effect.zipRight(logSkipped(operation, skipped), page)
      })
    })

  const all = (
    operation: string,
    query: Query,
    { readAhead = false, ...options }: Page.ListAllOptions = {}
  ): Stream.Stream<A, Failure<On>> =>
    Effect.zipWith(Effect.scope, Limit.spanScoped(operation), (scope, span) => {
      const seen = new Set([listing.markerOf(query)])
      // In the span by the fiber that the time limit takes: `Stream.withSpan` would provide it to each step.
      const inSpan = Limit.within(http, operation, span)
      type Part = Pick<Page.Page<A, Query>, "items" | "next">
      const pageOf = (current: Query): Effect.Effect<Part, Failure<On>> =>
        inSpan(
          Effect.flatMap(page(operation, current, options), ({ items, next }) => {
            const marker = Option.isSome(next) ? listing.markerOf(next.value) : undefined
            if (marker !== undefined) {
              if (seen.has(marker)) return new GlanceError.RepeatedMarker({ operation, marker })
              seen.add(marker)
            }
            return Effect.succeed({ items, next })
          })
        )
      /** Handed over by a variable: the exit of a fiber is there for longer than its page is needed. */
      const begun = (current: Query): Effect.Effect<Effect.Effect<Part, Failure<On>>> => {
        let part: Part | undefined
        const fetched = Effect.map(pageOf(current), (fetched) => {
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
      return Stream.paginateChunkEffect(pageOf(query), (current) =>
        Effect.flatMap(current, ({ items, next }) => {
          const chunk = Chunk.unsafeFromArray(items)
          if (Option.isNone(next)) return Effect.succeed([chunk, Option.none()] as const)
          return readAhead
            ? Effect.map(begun(next.value), (begun) => [chunk, Option.some(begun)] as const)
            : Effect.succeed([chunk, Option.some(pageOf(next.value))] as const)
        })
      )
    }).pipe(Stream.unwrapScoped)

  return { page, all }
}

const logSkipped = (operation: string, skipped: ReadonlyArray<Request.Unreadable>): Effect.Effect<void> =>
  Effect.forEach(
    skipped,
    ({ detail, record }) =>
      Effect.logWarning(`${operation}: left out a record that cannot be decoded`).pipe(
        Effect.annotateLogs({ record: record ?? "(no id)", detail })
      ),
    { discard: true }
  )
