import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as GlanceClient from "../GlanceClient.js"
import * as GlanceError from "../GlanceError.js"
import * as ImageStore from "../ImageStore.js"
import * as Lenient from "./lenient.js"
import * as Request from "./request.js"

const readStores = Request.json(Request.decoder(Schema.Struct({ stores: Lenient.List(ImageStore.ImageStore) })))

/** The stores of the cloud, with what only administrators may see or without. */
export const list = (http: GlanceClient.Service, operation: string, path: "/info/stores" | "/info/stores/detail") =>
  Effect.map(
    Request.run(http, {
      operation,
      request: HttpClientRequest.get(path),
      decode: readStores,
      on: {
        404: ({ detail, requestId }) =>
          new GlanceError.CapabilityMissing({ operation, capability: "a choice of stores", detail, requestId })
      }
    }),
    ({ stores }) => stores
  )
