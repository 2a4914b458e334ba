/** Pages of listings, as the Image API sends them: an array of records and the URL of the next page. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as ForeignText from "../ForeignText.js"
import * as Response from "./response.js"
import * as Wire from "./wire.js"

/** The records of a page. */
export interface Records<A> {
  /** Their key in the body. */
  readonly key: string
  readonly decode: Response.Decode<A>
  /** Decodes most records, without an `Either` for each. `decode` decodes the others. */
  readonly quick?: (record: unknown) => A | undefined
}

export interface Page<A> {
  readonly items: ReadonlyArray<A>
  /** The ids of all records, also of those that were skipped. */
  readonly ids: ReadonlyArray<string>
  readonly skipped: ReadonlyArray<Response.Unreadable>
  /** The marker of the next page; none of the last one. */
  readonly marker: string | undefined
  readonly raw: unknown
}

/** As much of a `next` is read: parsing hundreds of thousands of parameters takes more than linear time on Node 24. */
const maxNext = 64 * 1024

/** Longer than any id or name that Glance stores. */
const maxMarker = 255

/**
 * Only whether there is a `next` and which marker it names can be relied on: it loses the endpoint's prefix and all but
 * the last of repeated parameters.
 */
const markerIn = (next: string, records: ReadonlyArray<unknown>): string | undefined => {
  const begin = next.indexOf("?") + 1
  const query = new URLSearchParams(next.slice(begin, begin + maxNext))
  const marker = query.get("marker") || Response.idOf(records.at(-1))
  return marker === undefined || marker.length > maxMarker ? undefined : marker
}

/** Checked without a schema, which takes a tenth as long for the array of a page as `JSON.parse` for all of it. */
const isEnvelope = (body: unknown, key: string): body is Wire.JsonObject =>
  Wire.isJsonObject(body) &&
  (Array.isArray(body[key]) || body[key] === null) &&
  (body["next"] === undefined || body["next"] === null || typeof body["next"] === "string")

/** Reads a page. A record that cannot be decoded fails the page, or is skipped. */
export const read = <A>(
  { decode, key, quick }: Records<A>,
  undecodable: "fail" | "skip" = "fail"
): Response.Read<Page<A>> => {
  const decodeEnvelope = Response.decoder(
    Schema.Struct({ [key]: Schema.NullOr(Schema.Array(Schema.Unknown)), next: Wire.Nullish(Schema.String) })
  )
  const page = Response.json((raw) =>
    Either.flatMap(isEnvelope(raw, key) ? Either.right(raw) : decodeEnvelope(raw), (envelope) => {
      const records = (envelope[key] ?? []) as ReadonlyArray<unknown>
      const items: Array<A> = []
      const ids: Array<string> = []
      const skipped: Array<Response.Unreadable> = []
      for (const record of records) {
        const id = Response.idOf(record)
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
  )
  return (text, headers, secrets) =>
    Either.flatMap(page(text, headers, secrets), ({ marker = "", skipped, ...rest }) =>
      // The marker would be sent in the URL of the next request, and shown by errors.
      marker !== "" && secrets().some((secret) => marker.includes(secret))
        ? Either.left({ detail: 'its "next" repeats a secret of the request' })
        : Either.right({
            ...rest,
            marker: marker === "" ? undefined : marker,
            skipped: skipped.length === 0 ? skipped : skipped.map(Response.shownWith(secrets()))
          })
    )
}
