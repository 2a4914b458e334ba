/**
 * The log of the requests that a cloud received, for assertions.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import type { Fault } from "./Fault.js"
import { type Matcher, matches } from "./Fault.js"
import type { Caller } from "./internal/wire.js"

/**
 * A snapshot of one request. A request that has not ended has no `endedAt`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  /** Counted from 1, in the order of arrival. */
  readonly number: number
  readonly service: "identity" | "image" | "object-store"
  readonly region: string
  readonly method: string
  /** Below the service's root, percent-encoded. */
  readonly path: string
  /** Percent-encoded, without the `?`. */
  readonly query: string
  /** Names in lower case. Tokens and credentials are there as `<redacted>`. */
  readonly headers: Readonly<Record<string, string>>
  /** A JSON body, up to 64 KiB of it; never that of a login. */
  readonly body: Option.Option<string>
  /** The user, project and roles of the token. */
  readonly caller: Option.Option<Caller>
  /** Ordinal (from 1) of the login that issued the token. Requests with the same one used the same token. */
  readonly login: Option.Option<number>
  /** The status of the response, from the service or from a fault. */
  readonly status: Option.Option<number>
  /** Bytes of the request body that the service received. */
  readonly bytesReceived: number
  /** Bytes of the response body that the caller received. */
  readonly bytesSent: number
  /** Milliseconds since 1970, on the cloud's clock. */
  readonly startedAt: number
  readonly endedAt: Option.Option<number>
  /**
   * `open`: not ended. `answered`: the whole response was sent. `reset`: the connection broke, by a fault or because a
   * body failed. `abandoned`: the caller closed the connection.
   */
  readonly outcome: "open" | "answered" | "reset" | "abandoned"
  /** The fault that applied to it. */
  readonly fault: Option.Option<Fault>
}

/**
 * Returns the entries that fit a matcher. Without `service`, the matcher selects requests to the image service.
 *
 * @since 0.1.0
 * @category filtering
 */
export const select = (entries: ReadonlyArray<Entry>, matcher: Matcher): ReadonlyArray<Entry> =>
  entries.filter((entry) => matches(matcher, { ...entry, caller: Option.getOrUndefined(entry.caller) }))

/**
 * Returns the method, path and query of each entry, such as `GET /v2/images?limit=10`.
 *
 * @since 0.1.0
 * @category filtering
 */
export const lines = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  entries.map((entry) => `${entry.method} ${entry.path}${entry.query === "" ? "" : `?${entry.query}`}`)
