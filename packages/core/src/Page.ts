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
   * What becomes of a record that cannot be decoded: it fails the listing, or it is left out and logged as a warning. A
   * record in which JSON is nested more than 100 levels deep is one of them.
   *
   * @default "fail"
   */
  readonly undecodable?: "fail" | "skip" | undefined
}

/**
 * How a listing is read to its end.
 *
 * @since 0.1.0
 * @category models
 */
export interface ListAllOptions extends ListOptions {
  /**
   * Whether the next page is asked for as soon as one arrives, and not when all of that has been read. It pays where both
   * the server and the reader take their time. One page at most waits for its reader; whoever stops early has asked for
   * it in vain.
   *
   * @default false
   */
  readonly readAhead?: boolean | undefined
}
