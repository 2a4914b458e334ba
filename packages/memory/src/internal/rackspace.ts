import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { User } from "./directory.js"
import { idOf } from "./directory.js"
import type { Identity, IdentityContext, IdentityOptions } from "./identity.js"
import type { JsonObject } from "./reply.js"
import { asString, empty, isObject, json, orRefusal, parse, Refused, readText, segments } from "./reply.js"
import { dispatch, type Route, route } from "./routes.js"
import type { Token } from "./tokens.js"
import { randomText, rolesOn } from "./tokens.js"
import type { WireResponse } from "./wire.js"

/** The object store of a Rackspace account has a tenant of its own, which is not the account's number. */
export const storageTenant = (projectId: string): string => `MossoCloudFS_${projectId}`

const largestBody = 1024 * 1024

const fault = (name: string, code: number, message: string): WireResponse => json(code, { [name]: { code, message } })
const badRequest = (message: string) => fault("badRequest", 400, message)
const unauthorized = (message: string) => fault("unauthorized", 401, message)
const notFound = (message: string) => fault("itemNotFound", 404, message)

/** The tenant of a login: the one that it names, or else the first that the user has a role in. */
const tenantOf = ({ directory }: IdentityContext, user: User, auth: JsonObject) => {
  const id = asString(auth["tenantId"])
  const name = asString(auth["tenantName"])
  return directory.projects.find(
    (project) =>
      project.enabled &&
      rolesOn(user, project).length > 0 &&
      (id === undefined || project.id === id) &&
      (name === undefined || project.name === name || project.id === name)
  )
}

const access = ({ endpoints, regions }: IdentityContext, token: Token, how: string): WireResponse => {
  const tenant = token.project?.id ?? ""
  const storage = storageTenant(tenant)
  return json(200, {
    access: {
      token: {
        id: token.id,
        expires: new Date(token.expiresAt).toISOString(),
        tenant: { id: tenant, name: token.project?.name ?? tenant },
        "RAX-AUTH:authenticatedBy": [how]
      },
      serviceCatalog: [
        {
          name: "cloudFiles",
          type: "object-store",
          endpoints: regions.map((region) => ({
            region,
            tenantId: storage,
            publicURL: `${endpoints.objectStore(region)}/v1/${storage}`,
            internalURL: `${endpoints.objectStore(region)}/v1/${storage}`
          }))
        },
        {
          name: "cloudImages",
          type: "image",
          endpoints: regions.map((region) => ({
            region,
            tenantId: tenant,
            publicURL: `${endpoints.image(region)}/v2/${tenant}`
          }))
        }
      ],
      user: {
        id: token.user.id,
        name: token.user.name,
        roles: token.roles.map((name) => ({ id: idOf("role", name), name, description: name })),
        "RAX-AUTH:defaultRegion": regions[0] ?? ""
      }
    }
  })
}

const invalidCredentials = "Unable to authenticate user with credentials provided."

/** The ways to log in with a secret, by the element of the request. */
const secrets = [
  { element: "RAX-KSKEY:apiKeyCredentials", key: "apiKey", how: "APIKEY", refused: "Username or api key is invalid." },
  { element: "passwordCredentials", key: "password", how: "PASSWORD", refused: invalidCredentials }
] as const

const identify = ({ directory, now, tokenLifetime, tokens }: IdentityContext, auth: JsonObject) => {
  for (const { element, how, key, refused } of secrets) {
    const given = auth[element]
    if (!isObject(given)) continue
    const name = asString(given["username"])
    const secret = asString(given[key])
    if (name === undefined || secret === undefined) throw new Refused(badRequest(`Expecting username and ${key}`))
    const user = directory.users.find((one) => one.name === name && one[key] === secret)
    if (user === undefined) throw new Refused(unauthorized(refused))
    return { user, how, expiresAt: now + tokenLifetime }
  }
  const renewed = auth["token"]
  if (!isObject(renewed)) throw new Refused(badRequest("Invalid request. Missing credentials element."))
  const old = tokens.find(asString(renewed["id"]) ?? "", now)
  if (old === undefined) throw new Refused(unauthorized(invalidCredentials))
  return { user: old.user, how: "PASSWORD", expiresAt: old.expiresAt }
}

const logIn = (context: IdentityContext): WireResponse => {
  const body = parse(context.text ?? "")
  if (!isObject(body)) return badRequest("Invalid json request body")
  const { auth } = body
  if (!isObject(auth)) return badRequest("Invalid request. Missing required auth element.")
  const { expiresAt, how, user } = identify(context, auth)
  if (!user.enabled) return fault("userDisabled", 403, `User '${user.name}' is disabled.`)
  const project = tenantOf(context, user, auth)
  if (project === undefined) return unauthorized("Tenant with Name/Id is not valid for this user.")
  const token = context.tokens.issue(
    {
      methods: [how.toLowerCase()],
      user,
      project,
      domainId: undefined,
      system: false,
      roles: rolesOn(user, project),
      auditIds: [randomText(22)],
      expiresAt,
      applicationCredential: undefined
    },
    context.now
  )
  return access(context, token, how)
}

const requireUser = ({ now, request, tokens }: IdentityContext): User => {
  const mine = tokens.find(request.headers["x-auth-token"] ?? "", now)
  if (mine !== undefined) return mine.user
  throw new Refused(unauthorized("No valid token provided. Please use the 'X-Auth-Token' header with a valid token."))
}

const ownToken = (context: IdentityContext, id: string): Token => {
  const user = requireUser(context)
  const token = context.tokens.find(id, context.now)
  if (token === undefined || token.user.id !== user.id) throw new Refused(notFound("Token not found."))
  return token
}

const showToken = (context: IdentityContext, id: string): WireResponse =>
  access(context, ownToken(context, id), "PASSWORD")

const revokeToken = (context: IdentityContext, id: string): WireResponse => {
  context.tokens.revoke(ownToken(context, id).id)
  return empty(204)
}

const listTenants = (context: IdentityContext): WireResponse => {
  const user = requireUser(context)
  const tenants = context.directory.projects.filter((project) => rolesOn(user, project).length > 0)
  return json(200, { tenants: tenants.map(({ enabled, id, name }) => ({ id, name, enabled })), tenants_links: [] })
}

const routes: ReadonlyArray<Route<IdentityContext, WireResponse>> = [
  route("POST", "tokens", logIn),
  route("GET", "tokens/:token", showToken),
  route("DELETE", "tokens/:token", revokeToken),
  route("GET", "tenants", listTenants)
]

const respond = (context: IdentityContext): WireResponse => {
  // The service ignores segments that follow.
  const path = segments(context.request.path).slice(1, 3)
  return dispatch(routes, context.request.method, path, context, {
    notFound: () => {
      requireUser(context)
      return notFound("Resource Not Found")
    },
    notAllowed: (_, pattern) => {
      if (pattern === "tenants") requireUser(context)
      if (pattern === "tokens/:token") ownToken(context, path[1] ?? "")
      return fault("badMethod", 405, "Method Not Allowed")
    }
  })
}

/** Rackspace's Identity v2.0, below `/v2.0`: logins by API key or password, and the catalog they bring. */
export const makeRackspace =
  (options: IdentityOptions): Identity =>
  (request, endpoints) =>
    Effect.gen(function* () {
      const text = request.method === "POST" ? yield* readText(request, largestBody) : ""
      const now = yield* Clock.currentTimeMillis
      const response = orRefusal(() => respond({ ...options, request, text, endpoints, now }))
      return {
        ...response,
        headers: { ...response.headers, "response-source": "cloud-auth", vary: "Accept, X-Auth-Token" }
      }
    }).pipe(Effect.catchAll(() => Effect.succeed(fault("overLimit", 413, "The body of the request is too large."))))
