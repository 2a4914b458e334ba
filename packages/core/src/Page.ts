/**
 * One page of a listing.
 *
 * @since 0.1.0
 */
import type * as Option from "effect/Option"

/**
 * Some of the records that match a query, and how to get the next ones.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page<A, Query> {
  readonly items: ReadonlyArray<A>
  /** What to ask for to get the next page; none after the last one. */
  readonly next: Option.Option<Query>
  /** The page as the server sent it: parsed, nothing checked. */
  readonly raw: unknown
}

/**
 * How a listing is read.
 *
 * @since 0.1.0
 * @category models
 */
export interface ListOptions {
  /**
   * What becomes of a record that cannot be decoded: it fails the listing, or it is left out and logged as a warning.
   *
   * @default "fail"
   */
  readonly undecodable?: "fail" | "skip" | undefined
}
