/** Versions, and the services that a token can reach. */
import { idOf } from "../directory.js"
import type { JsonObject } from "../reply.js"
import { json } from "../reply.js"
import type { Token } from "../tokens.js"
import type { WireResponse } from "../wire.js"
import type { Context } from "./context.js"
import { allow, isAdmin, requireToken } from "./context.js"
import { filtered, linkedCollection } from "./documents.js"
import { refusal } from "./refusals.js"

const version = (base: string): JsonObject => ({
  id: "v3.14",
  status: "stable",
  updated: "2020-04-07T00:00:00Z",
  links: [{ rel: "self", href: `${base}/` }],
  "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v3+json" }]
})

export const listVersions = ({ base }: Context): WireResponse =>
  json(300, { versions: { values: [version(base)] } }, { location: `${base}/` })

export const showVersion = ({ base }: Context): WireResponse => json(200, { version: version(base) })

export const catalogOf = ({ endpoints, objectStore, regions }: Context, token: Token) => {
  const service = (type: string, name: string, url: (region: string) => string) => ({
    endpoints: regions.flatMap((region) =>
      ["public", "internal", "admin"].map((kind) => ({
        id: idOf("endpoint", `${type}/${kind}/${region}`),
        interface: kind,
        region_id: region,
        url: url(region),
        region
      }))
    ),
    id: idOf("service", type),
    type,
    name
  })
  const account = token.project === undefined || !objectStore ? undefined : `v1/AUTH_${token.project.id}`
  return [
    service("identity", "keystone", () => `${endpoints.identity}/v3`),
    service("image", "glance", endpoints.image),
    ...(account === undefined
      ? []
      : [service("object-store", "swift", (region) => `${endpoints.objectStore(region)}/${account}`)])
  ]
}

export const showCatalog = (context: Context): WireResponse => {
  const token = requireToken(context)
  if (token.project === undefined) throw refusal(403, "You are not authorized to perform the requested action.")
  return json(200, { catalog: catalogOf(context, token), links: { self: `${context.base}/auth/catalog` } })
}

export const listServices = (context: Context): WireResponse => {
  const token = allow(context, "list_services", isAdmin)
  const wanted = context.query.get("type")
  const services = catalogOf(context, token).map(({ id, name, type }) => ({ id, name, type, enabled: true }))
  const found = filtered(context, services).filter(({ type }) => wanted === null || type === wanted)
  return linkedCollection(context, "services", found)
}

export const listEndpoints = (context: Context): WireResponse => {
  const token = allow(context, "list_endpoints", isAdmin)
  const wants = (name: string, value: string) => (context.query.get(name) ?? value) === value
  const endpoints = catalogOf(context, token).flatMap(({ endpoints, id }) =>
    endpoints.map((endpoint) => ({ ...endpoint, service_id: id, enabled: true }))
  )
  const found = endpoints.filter(
    (one) =>
      wants("service_id", one.service_id) && wants("interface", one.interface) && wants("region_id", one.region_id)
  )
  return linkedCollection(context, "endpoints", found)
}

export const listRegions = (context: Context): WireResponse => {
  requireToken(context)
  const regions = context.regions.map((id) => ({ id, description: "", parent_region_id: null }))
  return linkedCollection(context, "regions", regions)
}
