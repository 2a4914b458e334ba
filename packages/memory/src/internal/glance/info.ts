import type * as Effect from "effect/Effect"
import { type Context, jsonReply, type Reply } from "./context.js"
import { badRequest, type Fault, notFound } from "./errors.js"
import { applicationUrl } from "./images.js"
import * as metadefSchemas from "./metadefs/schemas.js"
import { requireAdmin } from "./policy.js"
import { dumps } from "./python.js"
import { hasBody, withoutBody } from "./request.js"
import * as schemas from "./schemas.js"
import type { State } from "./state.js"

/** Version ids, newest first: some are there only with the feature they name. */
const versions = (state: State): ReadonlyArray<string> => [
  ...(state.options.cacheRoutes === true && state.options.cache !== false ? ["v2.18"] : []),
  ...(state.options.locationRoutes === true ? ["v2.17"] : []),
  ...(state.options.cache === false ? ["v2.15"] : ["v2.16", "v2.15", "v2.14"]),
  ...(state.multiStore ? ["v2.13", "v2.12", "v2.11", "v2.10", "v2.9", "v2.8"] : ["v2.9"]),
  "v2.7",
  "v2.6",
  "v2.5",
  "v2.4",
  "v2.3",
  "v2.2",
  "v2.1",
  "v2.0"
]

export const isVersion = (state: State, segment: string): boolean =>
  segment === "v2" || versions(state).includes(segment)

export const listVersions = (context: Pick<Context, "request" | "state">, status: 200 | 300): Reply => {
  const href = `${applicationUrl(context).replace(/\/+$/, "")}/v2/`
  return jsonReply(
    dumps({
      versions: versions(context.state).map((id, i) => ({
        id,
        status: i === 0 ? "CURRENT" : "SUPPORTED",
        links: [{ rel: "self", href }]
      }))
    }),
    status
  )
}

const metadefs = "metadefs/"

/** What stands below `schemas/`. */
export const isSchema = (path: string): boolean =>
  path.startsWith(metadefs)
    ? Object.hasOwn(metadefSchemas.documents, path.slice(metadefs.length))
    : Object.hasOwn(schemas.documents, path)

/** Of the six, those of tasks forgot to refuse a body. */
export const showSchema = (context: Context, name: string): Reply | Effect.Effect<Reply, Fault> => {
  const answer = () => jsonReply(dumps(schemas.documents[name]))
  if (name.startsWith("task")) return withoutBody(context, answer)
  if (hasBody(context.request)) throw badRequest("A body is not expected with this request.")
  return answer()
}

export const showMetadefSchema = (_: Context, name: string): Reply => jsonReply(dumps(metadefSchemas.documents[name]))

export const showImportMethods = (context: Context): Reply =>
  jsonReply(
    dumps({
      "import-methods": {
        description: "Import methods available.",
        type: "array",
        value: context.state.importMethods
      }
    })
  )

const stores = (context: Context): ReadonlyArray<Record<string, unknown>> => {
  const { state } = context
  if (!state.multiStore) throw notFound("Multi backend is not supported at this site.")
  return [...state.stores.values()].map((store) => ({
    id: store.id,
    ...(store.options.description === undefined ? {} : { description: store.options.description }),
    ...(store.id === state.defaultStore ? { default: "true" } : {}),
    ...(store.type === "http" ? { "read-only": "true" } : {})
  }))
}

export const listStores = (context: Context): Reply => jsonReply(dumps({ stores: stores(context) }))

export const storeDirectory = (id: string): string => `/var/lib/glance/${id}`

export const listStoreDetails = (context: Context): Reply => {
  const listed = stores(context)
  requireAdmin(context, "stores_info_detail")
  return jsonReply(
    dumps({
      stores: listed.map((store) => {
        const id = String(store["id"])
        const type = context.state.stores.get(id)?.type ?? "file"
        return {
          ...store,
          type,
          properties:
            type === "file" ? { data_dir: storeDirectory(id), chunk_size: 65536, thin_provisioning: false } : {}
        }
      })
    })
  )
}

/** Empty, as with a service whose limits are not kept by Keystone. */
export const showUsage = (context: Context): Effect.Effect<Reply, Fault> =>
  withoutBody(context, () => jsonReply(dumps({ usage: {} })))

/** The limits of Rackspace's Cloud Images, in the form of its proxy: none of a rate, and those that the service keeps. */
export const showLimits = (context: Context): Reply => {
  const { limits } = context.state
  return jsonReply(
    dumps({
      limits: {
        rate: [],
        absolute: {
          maxImageMembers: limits.members,
          maxImageProperties: limits.properties,
          maxImageTags: limits.tags,
          maxImageSize: limits.imageSize
        }
      }
    })
  )
}
