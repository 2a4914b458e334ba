/** Query parameters of the catalogue of definitions. */
import * as Either from "effect/Either"
import type * as GlanceError from "../../GlanceError.js"
import * as Argument from "../argument.js"

type Params = ReadonlyArray<readonly [name: string, value: string]>

type Checked<A> = Either.Either<A, GlanceError.InvalidArgument>

/** A parameter that Glance does not know would be overlooked, or end in a failure of the server. */
export const known = (operation: string, query: object, keys: ReadonlyArray<string>): Checked<void> =>
  Either.gen(function* () {
    yield* Argument.checked(operation, "query", query, Argument.object)
    for (const key of Object.keys(query)) {
      yield* Argument.checked(operation, `query.${key}`, key, Argument.oneOf(keys))
    }
  })

interface Place {
  readonly sort?: { readonly key: string; readonly direction?: "asc" | "desc" | undefined } | undefined
  readonly limit?: number | undefined
  readonly marker?: string | undefined
}

/** In which order, how many, after what. */
export const place = (
  operation: string,
  { limit, marker, sort }: Place,
  keys: Readonly<Record<string, string>>
): Checked<Params> =>
  Either.gen(function* () {
    const params: Array<readonly [string, string]> = []
    if (sort !== undefined) {
      yield* Argument.checked(operation, "query.sort", sort, Argument.object)
      yield* Argument.checked(operation, "query.sort.key", sort.key, Argument.oneOf(Object.keys(keys)))
      const direction = sort.direction ?? "desc"
      yield* Argument.checked(operation, "query.sort.direction", direction, Argument.oneOf(["asc", "desc"]))
      params.push(["sort_key", keys[sort.key] as string], ["sort_dir", direction])
    }
    if (limit !== undefined) {
      params.push(["limit", String(yield* Argument.checked(operation, "query.limit", limit, Argument.wholeNumber(1)))])
    }
    if (marker !== undefined) {
      params.push([
        "marker",
        yield* Argument.checked(operation, "query.marker", marker, Argument.text({ minLength: 1 }))
      ])
    }
    return params
  })

export const forResource = (
  operation: string,
  options: { readonly resourceType?: string | undefined } = {}
): Checked<Params> => {
  const { resourceType } = options
  if (resourceType === undefined) return Either.right([])
  return Either.map(
    Argument.checked(operation, "resourceType", resourceType, Argument.text({ minLength: 1 })),
    (type) => [["resource_type", type]]
  )
}
