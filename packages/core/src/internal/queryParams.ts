/** Checks the queries of tasks and metadata definitions, and writes their parameters. */
import * as Either from "effect/Either"
import type * as GlanceError from "../GlanceError.js"
import * as Check from "./check.js"

type Params = ReadonlyArray<readonly [name: string, value: string]>

type Checked<A> = Either.Either<A, GlanceError.InvalidArgument>

/** Refuses other keys, because Glance ignores an unknown parameter or fails with 500. */
export const checkKeys = (query: object, keys: ReadonlyArray<string>): Checked<void> =>
  Either.gen(function* () {
    yield* Check.check("query", query, Check.object)
    for (const key of Object.keys(query)) {
      yield* Check.check(`query.${key}`, key, Check.oneOf(keys))
    }
  })

interface PageQuery {
  readonly sort?: { readonly key: string; readonly direction?: "asc" | "desc" | undefined } | undefined
  readonly limit?: number | undefined
  readonly marker?: string | undefined
}

/** Returns the parameters for the order, the size and the beginning of a page. */
export const pageParams = (
  { limit, marker, sort }: PageQuery,
  keys: Readonly<Record<string, string>>,
  markerCheck = Check.nonEmpty
): Checked<Params> =>
  Either.gen(function* () {
    const params: Array<readonly [string, string]> = []
    if (sort !== undefined) {
      yield* Check.check("query.sort", sort, Check.object)
      yield* Check.check("query.sort.key", sort.key, Check.oneOf(Object.keys(keys)))
      const direction = sort.direction ?? "desc"
      yield* Check.check("query.sort.direction", direction, Check.oneOf(["asc", "desc"]))
      params.push(["sort_key", keys[sort.key] as string], ["sort_dir", direction])
    }
    if (limit !== undefined) {
      params.push(["limit", String(yield* Check.check("query.limit", limit, Check.wholeNumber(1)))])
    }
    if (marker !== undefined) {
      params.push(["marker", yield* Check.check("query.marker", marker, markerCheck)])
    }
    return params
  })

export const forResource = (options: { readonly resourceType?: string | undefined } = {}): Checked<Params> => {
  const { resourceType } = options
  if (resourceType === undefined) return Either.right([])
  return Either.map(Check.check("resourceType", resourceType, Check.nonEmpty), (type) => [["resource_type", type]])
}
