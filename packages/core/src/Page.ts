/**
 * One page of a listing.
 *
 * @since 0.1.0
 */
import type * as Option from "effect/Option"

/**
 * Some of the records that match a query, and the query for the next ones.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page<A, Query> {
  readonly items: ReadonlyArray<A>
  /** The query for the next page. None after the last page. */
  readonly next: Option.Option<Query>
  /** The page as the server sent it: parsed JSON, not checked. */
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
   * Whether a record that cannot be decoded fails the listing, or is left out and logged as a warning. JSON of more than
   * 100 levels cannot be decoded.
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
   * Whether to request the next page as soon as one arrives, instead of when the reader needs it. It helps if both the
   * server and the reader are slow. At most one page waits for the reader. A reader that stops early has caused one
   * request too many.
   *
   * @default false
   */
  readonly readAhead?: boolean | undefined
}
