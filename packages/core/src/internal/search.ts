/** Finds images with as few requests as possible. */
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import * as ForeignText from "../ForeignText.js"
import * as GlanceError from "../GlanceError.js"
import type * as Image from "../Image.js"
import * as ImageQuery from "../ImageQuery.js"
import * as Check from "./check.js"
import * as Listing from "./imageListing.js"

interface Options {
  readonly where?: ((image: Image.Image) => boolean) | undefined
  readonly hidden?: boolean | undefined
}

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.PagingError

const textOf = (params: ReadonlyArray<readonly [string, string]>, { hidden, where }: Options): string => {
  const conditions = params
    .filter(([name]) => !["limit", "marker", "sort", "sort_key", "sort_dir"].includes(name))
    .map(([name, value]) => `${name}=${value}`)
  if (hidden) conditions.push("hidden or not")
  if (where !== undefined) conditions.push("the predicate")
  const text = conditions.length === 0 ? "a query without conditions" : conditions.join(", ")
  return ForeignText.show(text)
}

export const make = (listing: Listing.Listing, query: ImageQuery.ImageQuery, options: Options = {}) =>
  Either.gen(function* () {
    const params = yield* ImageQuery.toParams(query)
    const { hidden = false, where } = options
    yield* Check.check("options.hidden", hidden, Check.flag)
    if (hidden) {
      yield* Check.check("query.osHidden", query.osHidden, (osHidden) =>
        osHidden === undefined ? undefined : "must not be given where hidden and other images are looked for"
      )
    }

    /** Starts with a small page, which is usually enough, and continues with the largest pages. */
    const pages = (query: ImageQuery.ImageQuery, few: number): Stream.Stream<Image.Image, Failure> =>
      where !== undefined || query.limit !== undefined
        ? listing.all({ ...query, limit: query.limit ?? Listing.maxPage })
        : listing.all({ ...query, limit: few }, { following: { limit: Listing.maxPage } })

    const listings = (few: number) =>
      [query, ...(hidden ? [{ ...query, osHidden: true }] : [])].map((query) =>
        where === undefined ? pages(query, few) : Stream.filter(pages(query, few), where)
      )

    const text = textOf(params, options)
    return {
      text,
      none: new GlanceError.NoMatchingImage({ query: text }),
      /** One stream of the images that are not hidden, and one of the hidden ones if they are wanted. */
      listings,
      images: (few: number) => Stream.flatten(Stream.fromIterable(listings(few)))
    }
  })
