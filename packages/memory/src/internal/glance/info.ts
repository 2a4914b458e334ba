import type * as Effect from "effect/Effect"
import { type Context, jsonReply, type Reply } from "./context.js"
import { badRequest, type Fault, notFound } from "./errors.js"
import { applicationUrl } from "./images.js"
import * as metadefSchemas from "./metadefs/schemas.js"
import { requireAdmin } from "./policy.js"
import * as releases from "./releases.js"
import { hasBody, withoutBody } from "./request.js"
import * as schemas from "./schemas.js"
import type { State, Store } from "./state.js"

export const isVersion = (state: State, segment: string): boolean =>
  segment === "v2" || releases.versions(state).some(({ id }) => id === segment)

export const listVersions = (context: Pick<Context, "request" | "state">, status: 200 | 300): Reply => {
  const href = `${applicationUrl(context).replace(/\/+$/, "")}/v2/`
  const links = [{ rel: "self", href }]
  return jsonReply({ versions: releases.versions(context.state).map((version) => ({ ...version, links })) }, status)
}

export const schemaNames: ReadonlyArray<string> = Object.keys(schemas.documents([]))
export const metadefSchemaNames: ReadonlyArray<string> = Object.keys(metadefSchemas.documents)

/** The service does not refuse a body for the documents of tasks. */
export const showSchema = (context: Context, name: string): Reply | Effect.Effect<Reply, Fault> => {
  const answer = () => jsonReply(schemas.documents(releases.taskTypes(context.state))[name])
  if (name.startsWith("task")) return withoutBody(context, answer)
  if (hasBody(context.request)) throw badRequest("A body is not expected with this request.")
  return answer()
}

export const showMetadefSchema = (name: string): Reply => jsonReply(metadefSchemas.documents[name])

export const showImportMethods = (context: Context): Reply =>
  jsonReply({
    "import-methods": { description: "Import methods available.", type: "array", value: context.state.importMethods }
  })

const viewStore = ({ id, options, type }: Store, { defaultStore }: State) => ({
  id,
  description: options.description,
  default: id === defaultStore ? "true" : undefined,
  "read-only": type === "http" ? "true" : undefined
})

const stores = ({ state }: Context): ReadonlyArray<Store> => {
  if (!state.multiStore) throw notFound("Multi backend is not supported at this site.")
  return [...state.stores.values()]
}

export const listStores = (context: Context): Reply =>
  jsonReply({ stores: stores(context).map((store) => viewStore(store, context.state)) })

export const storeDirectory = (id: string): string => `/var/lib/glance/${id}`

export const listStoreDetails = (context: Context): Reply => {
  const all = stores(context)
  requireAdmin(context, "stores_info_detail")
  const file = (id: string) => ({ data_dir: storeDirectory(id), chunk_size: 65536, thin_provisioning: false })
  return jsonReply({
    stores: all.map((store) => ({
      ...viewStore(store, context.state),
      type: store.type,
      properties: store.type === "file" ? file(store.id) : {},
      ...releases.storeWeight(context.state, store)
    }))
  })
}

/** Empty, as with a service whose limits are not kept by Keystone. */
export const showUsage = (context: Context): Effect.Effect<Reply, Fault> =>
  withoutBody(context, () => jsonReply({ usage: {} }))

/** The limits of Rackspace's Cloud Images, in the form of its proxy: none of a rate, and those that the service keeps. */
export const showLimits = (context: Context): Reply => {
  const { limits } = context.state
  const absolute = {
    maxImageMembers: limits.members,
    maxImageProperties: limits.properties,
    maxImageTags: limits.tags,
    maxImageSize: limits.imageSize
  }
  return jsonReply({ limits: { rate: [], absolute } })
}
