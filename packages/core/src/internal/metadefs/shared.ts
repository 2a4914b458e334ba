/** Listings and updates of metadata definitions. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as GlanceError from "../../GlanceError.js"
import type { Endpoint } from "../endpoint.js"
import type * as Endpoints from "../endpoints.js"
import * as Progress from "../listingProgress.js"
import * as Operations from "../operations.js"
import type * as Wire from "../wire.js"
import type * as Definition from "./definition.js"

/** Streams the definitions of a listing without pages. */
export const streamAll = <P, A, E>(
  { request }: Operations.Operations,
  endpoint: Endpoint<P, ReadonlyArray<A>, E>,
  parameters: P
): Stream.Stream<A, E> =>
  request(endpoint, parameters).pipe(Stream.fromIterableEffect, Operations.streamOperation(endpoint))

/** A part of a listing, and the marker of the next part. */
interface Part<A> {
  readonly items: ReadonlyArray<A>
  readonly next: string | undefined
}

/**
 * Streams a listing whose markers are names, each item once. If the marker no longer exists, the listing starts again
 * and skips the items that it has emitted. It fails if it has emitted nothing since the last start.
 */
export const parts = <A extends { readonly name: string }, E extends { readonly _tag: string }>(
  first: string | undefined,
  part: (marker: string | undefined) => Effect.Effect<Part<A>, E>
): Stream.Stream<A, E | Progress.Failure> =>
  Stream.suspend(() => {
    const given = new Set<string>()
    const progress = Progress.make(first)
    let givenAtRestart = -1
    const again = (error: E, marker: string | undefined): Effect.Effect<Part<A>, E> => {
      const isGone = error._tag === "MetadefNamespaceNotFound" || error._tag === "MetadefTagNotFound"
      if (!isGone || marker === first || given.size === givenAtRestart) return Effect.fail(error)
      givenAtRestart = given.size
      progress.restart()
      return part(first)
    }
    return Stream.paginateEffect(
      first,
      (marker) =>
        Effect.gen(function* () {
          const { items, next } = yield* Effect.catchAll(part(marker), (error) => again(error, marker))
          const fresh = items.filter(({ name }) => !given.has(name))
          yield* progress.page(fresh.length, next)
          for (const { name } of fresh) given.add(name)
          return [fresh, next === undefined ? Option.none() : Option.some<string | undefined>(next)] as const
        })
      // Not in one chunk: `Stream.runFold` takes one stack frame for each item of a chunk.
    ).pipe(Stream.flatMap(Stream.fromIterable))
  })

/** An update that sends the whole definition. */
interface Rewriting<P, A, E, E2> {
  readonly get: Endpoint<P, Endpoints.Definition<A>, E>
  readonly put: Endpoint<P & { readonly definition: Wire.JsonObject }, Endpoints.Definition<A>, E2>
  readonly parameters: P
  /** Keys that the server does not accept in an update. */
  readonly dropped?: ReadonlySet<string>
  readonly change: (before: Wire.JsonObject) => Definition.Entries
}

/**
 * Reads a definition, changes the given keys, and sends it back unless nothing changes. Unknown keys of a newer server
 * are sent back unchanged. Returns the definition before and after.
 */
export const rewrite = <P, A, E, E2>(
  { request }: Operations.Operations,
  { change, dropped = new Set(), get, parameters, put }: Rewriting<P, A, E, E2>
): Effect.Effect<
  { readonly before: Endpoints.Definition<A>; readonly after: Endpoints.Definition<A> },
  E | E2 | GlanceError.TimeLimitExceeded
> =>
  Effect.gen(function* () {
    const before = yield* request(get, parameters)
    const definition = new Map(Object.entries(before.record).filter(([key]) => !dropped.has(key)))
    const changes = change(before.record).filter(([key, wanted]) => !isSame(definition.get(key) ?? null, wanted))
    if (changes.length === 0) return { before, after: before }
    for (const [key, wanted] of changes) {
      if (wanted === null) definition.delete(key)
      else definition.set(key, wanted)
    }
    const after = yield* request(put, { ...parameters, definition: Object.fromEntries(definition) })
    return { before, after }
  })

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
