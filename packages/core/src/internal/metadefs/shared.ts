/** What the parts of the catalogue of definitions have in common. */
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
  request(endpoint, parameters).pipe(Stream.fromIterableEffect, Operations.streamOperation(endpoint.operation))

/** Some of a listing, and the name after which it goes on. */
interface Part<A> {
  readonly items: ReadonlyArray<A>
  readonly next: string | undefined
}

/**
 * A listing that goes on after names, each item once. When the name has gone after which a part is to begin, the
 * listing begins again and leaves out what it has given; unless it has given nothing since it last did.
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

/** How a definition is changed that the server takes as a whole only. */
interface Rewriting<P, A, E, E2> {
  readonly get: Endpoint<P, Endpoints.Definition<A>, E>
  readonly put: Endpoint<P & { readonly definition: Wire.JsonObject }, Endpoints.Definition<A>, E2>
  readonly parameters: P
  /** What the server does not accept in an update. */
  readonly dropped?: ReadonlySet<string>
  readonly change: (before: Wire.JsonObject) => Definition.Entries
}

/**
 * Reads the whole definition, changes what is named, and sends it back, unless it is so already. The rest is sent back as
 * it came, so that nothing is lost of what a newer server may have in it. Returns what was read, and what it is then.
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
