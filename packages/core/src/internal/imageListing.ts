import * as Image from "../Image.js"
import * as ImageQuery from "../ImageQuery.js"
import * as Endpoints from "./endpoints.js"
import type * as Operations from "./operations.js"
import * as Pagination from "./pagination.js"

/** The most that a Glance puts in one page unless its operator chose otherwise; it cuts what is more. */
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
