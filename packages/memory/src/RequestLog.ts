/**
 * What a cloud was asked, to assert on.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import type { Fault } from "./Fault.js"
import { type Matcher, matches } from "./Fault.js"
import type { Caller } from "./internal/wire.js"

/**
 * One request. A snapshot: a request that is still going on has no `endedAt`.
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
  /** What the service answered, or a fault in its place. */
  readonly status: Option.Option<number>
  /** What the service took of the request's body. */
  readonly bytesReceived: number
  /** What the caller took of the answer's body. */
  readonly bytesSent: number
  /** Milliseconds since 1970, on the cloud's clock. */
  readonly startedAt: number
  readonly endedAt: Option.Option<number>
  /**
   * `open` while it lasts, `answered` when all of the answer is out, `reset` when the connection broke (by a fault, or
   * because a body failed), `abandoned` when the caller went away.
   */
  readonly outcome: "open" | "answered" | "reset" | "abandoned"
  /** The fault that it met. */
  readonly fault: Option.Option<Fault>
}

/**
 * The entries of one kind: those of the image service, unless the matcher names another.
 *
 * @since 0.1.0
 * @category filtering
 */
export const select = (entries: ReadonlyArray<Entry>, matcher: Matcher): ReadonlyArray<Entry> =>
  entries.filter((entry) => matches(matcher, { ...entry, caller: Option.getOrUndefined(entry.caller) }))

/**
 * The method and path of each entry: `GET /v2/images`.
 *
 * @since 0.1.0
 * @category filtering
 */
export const lines = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  entries.map((entry) => `${entry.method} ${entry.path}${entry.query === "" ? "" : `?${entry.query}`}`)
