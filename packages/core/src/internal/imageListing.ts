import * as Image from "../Image.js"
import * as ImageQuery from "../ImageQuery.js"
import * as Endpoints from "./endpoints.js"
import type * as Operations from "./operations.js"
import * as Pagination from "./pagination.js"

/** The most images that Glance puts in one page by default (`api_limit_max`). It cuts larger limits. */
export const maxPage = 1000

/** The listing of images, for each operation that needs it. */
export const listing = (operations: Operations.Operations) =>
  Pagination.make(operations, {
    endpoint: Endpoints.listImages,
    records: Endpoints.images,
    toParams: ImageQuery.toParams,
    queryFrom: (query: ImageQuery.ImageQuery, marker) => ({ ...query, marker: Image.ImageId.make(marker) }),
    markerOf: (query) => query.marker
  })

export type Listing = ReturnType<typeof listing>
