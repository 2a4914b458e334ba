import type { Directory } from "../directory.js"
import { idOf } from "../directory.js"
import type { Endpoints } from "../endpoints.js"
import type { Json, JsonObject } from "../reply.js"
import { isObject, json, parse, Refused } from "../reply.js"
import type { ApplicationCredential, Token, Tokens } from "../tokens.js"
import type { WireRequest, WireResponse } from "../wire.js"

export interface KeystoneOptions {
  readonly directory: Directory
  readonly tokens: Tokens
  readonly regions: ReadonlyArray<string>
  /** Milliseconds. */
  readonly tokenLifetime: number
  /** Whether the catalog names an object store. */
  readonly objectStore: boolean
}

/** One request, and the state of the service. */
export interface Context extends KeystoneOptions {
  readonly credentials: Map<string, ApplicationCredential>
  readonly request: WireRequest
  readonly query: URLSearchParams
  /** The body; `undefined` if the client went away before its end. */
  readonly text: string | undefined
  readonly endpoints: Endpoints
  /** The URL that every link begins with. */
  readonly base: string
  /** Milliseconds since 1970, when the request was read. */
  readonly now: number
}

// Refusals

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict"
}

export const refusal = (status: number, message: string, extra: JsonObject = {}): Refused =>
  new Refused(json(status, { error: { code: status, ...extra, message, title: titles[status] ?? "Error" } }))

export const unauthorized = () => refusal(401, "The request you have made requires authentication.")
export const forbidden = (action: string) =>
  refusal(403, `You are not authorized to perform the requested action: ${action}.`)
export const absent = (kind: string, id: string) => refusal(404, `Could not find ${kind}: ${id}.`)
export const malformed = (sentence: string) =>
  refusal(
    400,
    `${sentence} The server could not comply with the request since it is either malformed or otherwise incorrect. ` +
      "The client is assumed to be in error."
  )
export const expecting = (attribute: string, target: string) =>
  malformed(`Expecting to find ${attribute} in ${target}.`)
export const invalid = (field: string, value: Json | undefined, type: string) =>
  refusal(400, `Invalid input for field '${field}': ${python(value)} is not of type '${type}'`)

/** A value as Python prints it. */
const python = (value: Json | undefined): string => {
  if (typeof value === "string") return `'${value}'`
  if (value === null || value === undefined) return "None"
  return value === true ? "True" : value === false ? "False" : JSON.stringify(value)
}

// Who may do what

/** The token of the request. */
export const requireToken = ({ credentials, now, request, tokens }: Context): Token => {
  const id = request.headers["x-auth-token"] ?? ""
  const credential = tokens.peek(id)?.applicationCredential
  // Keystone reports a deleted credential as if the request had asked for it.
  if (credential !== undefined && !credentials.has(credential.id)) {
    throw absent("Application Credential", credential.id)
  }
  const token = tokens.find(id, now)
  if (token === undefined) throw unauthorized()
  return token
}

export const isAdmin = (token: Token): boolean => token.roles.includes("admin")

export const isAdminOrUser =
  (id: string) =>
  (token: Token): boolean =>
    isAdmin(token) || token.user.id === id

/** The token of the request, if it allows the action. */
export const allow = (context: Context, action: string, isAllowed: (token: Token) => boolean): Token => {
  const token = requireToken(context)
  if (!isAllowed(token)) throw forbidden(`identity:${action}`)
  return token
}

// Documents

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
