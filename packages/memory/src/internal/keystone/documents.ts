/** Documents of requests and responses. */
import { idOf } from "../directory.js"
import type { Json, JsonObject } from "../reply.js"
import { isObject, json, parse } from "../reply.js"
import type { WireResponse } from "../wire.js"
import type { Context } from "./context.js"
import { absent, expecting } from "./refusals.js"

export const readDocument = ({ request, text }: Context): JsonObject => {
  if (text === undefined || text === "") return {}
  const type = request.headers["content-type"] ?? ""
  if (type !== "" && !/^application\/([\w.-]+\+)?json\b/i.test(type)) {
    throw expecting("application/json", "Content-Type header")
  }
  const parsed = parse(text)
  if (!isObject(parsed)) throw expecting("valid JSON", "request body")
  return parsed
}

type Document = JsonObject & { readonly id: string }

export const linked = ({ base }: Context, collection: string, document: Document): JsonObject => ({
  ...document,
  links: { self: `${base}/${collection}/${document.id}` }
})

export const collection = ({ endpoints, request }: Context, key: string, items: ReadonlyArray<Json>): WireResponse => {
  const self = `${endpoints.identity}${request.path}${request.query === "" ? "" : `?${request.query}`}`
  return json(200, { [key]: items, links: { next: null, self, previous: null } })
}

export const linkedCollection = (context: Context, key: string, items: ReadonlyArray<Document>): WireResponse =>
  collection(
    context,
    key,
    items.map((item) => linked(context, key, item))
  )

/** Keeps what the query asks for by name, domain and state. */
export const filtered = <A extends { readonly name: string; readonly domainId?: string; readonly enabled?: boolean }>(
  { query }: Context,
  all: ReadonlyArray<A>
): ReadonlyArray<A> => {
  const name = query.get("name")
  const domain = query.get("domain_id")
  const enabled = query.get("enabled")
  return all.filter(
    (one) =>
      (name === null || one.name === name) &&
      (domain === null || one.domainId === domain) &&
      (enabled === null || one.enabled === !/^(false|0)$/i.test(enabled))
  )
}

export const byId = <A extends { readonly id: string }>(kind: string, all: ReadonlyArray<A>, id: string): A => {
  const found = all.find((one) => one.id === id)
  if (found === undefined) throw absent(kind, id)
  return found
}

export const roleRef = (name: string) => ({ id: idOf("role", name), name })

export const roleDocument = (name: string) => ({
  ...roleRef(name),
  domain_id: null,
  description: null,
  options: { immutable: true }
})
