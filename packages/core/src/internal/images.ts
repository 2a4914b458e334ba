import type * as GlanceClient from "../GlanceClient.js"
import type * as Image from "../Image.js"
import * as ImageQuery from "../ImageQuery.js"
import * as Pagination from "./pagination.js"
import * as Record from "./record.js"

/** The most that a Glance puts in one page unless its operator chose otherwise; it cuts what is more. */
export const maxPage = 1000

/** `GET /images`, for whichever operation needs it. */
export const listing = (http: GlanceClient.Service) =>
  Pagination.make<Image.Image, ImageQuery.ImageQuery>(http, {
    path: "/images",
    key: "images",
    decode: Record.bySchema,
    quick: Record.quick,
    toParams: ImageQuery.toParams,
    from: (query, marker) => ({ ...query, marker: marker as Image.ImageId }),
    markerOf: (query) => query.marker
  })
