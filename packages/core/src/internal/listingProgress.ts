/** Ends a listing of pages that makes no progress. */
import * as Either from "effect/Either"
import * as GlanceError from "../GlanceError.js"

/**
 * Empty pages in a row after which a listing fails. A cloud that filters its pages sends a few of them.
 */
export const maxEmptyPages = 100

export type Failure = GlanceError.RepeatedMarker | GlanceError.TooManyEmptyPages

export interface Progress {
  /** Adds a page: the number of its new records, and the marker of the next page. */
  readonly page: (records: number, next: string | undefined) => Either.Either<void, Failure>
  /** Clears the markers, because the listing starts again. */
  readonly restart: () => void
}

/** `first` is the marker with which the listing begins. */
export const make = (first: string | undefined): Progress => {
  let seen = new Set([first])
  let empty = 0
  return {
    page: (records, next) => {
      if (next === undefined) return Either.void
      if (seen.has(next)) return Either.left(new GlanceError.RepeatedMarker({ marker: next }))
      seen.add(next)
      empty = records === 0 ? empty + 1 : 0
      return empty < maxEmptyPages
        ? Either.void
        : Either.left(new GlanceError.TooManyEmptyPages({ pages: empty, marker: next }))
    },
    restart: () => {
      seen = new Set([first])
    }
  }
}
