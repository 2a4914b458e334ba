import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Directory, User } from "./directory.js"
import { idOf } from "./directory.js"
import type { Endpoints } from "./endpoints.js"
import { asString, empty, isObject, type JsonObject, json, parse, readText, segments } from "./reply.js"
import type { Token, Tokens } from "./tokens.js"
import { randomText, rolesOn } from "./tokens.js"
import type { WireRequest, WireResponse } from "./wire.js"

/** Rackspace's Identity v2.0, below `/v2.0`: logins by API key or password, and the catalog they bring. */
export interface Rackspace {
  readonly handle: (request: WireRequest, endpoints: Endpoints) => Effect.Effect<WireResponse>
}

export interface RackspaceOptions {
  readonly directory: Directory
  readonly tokens: Tokens
  readonly regions: ReadonlyArray<string>
  /** Milliseconds. */
  readonly tokenLifetime: number
}

/** The object store of a Rackspace account has a tenant of its own, which is not the account's number. */
export const storageTenant = (projectId: string): string => `MossoCloudFS_${projectId}`

const largestBody = 1024 * 1024

const fault = (name: string, code: number, message: string): WireResponse => json(code, { [name]: { code, message } })
const badRequest = (message: string) => fault("badRequest", 400, message)
const unauthorized = (message: string) => fault("unauthorized", 401, message)
const notFound = (message: string) => fault("itemNotFound", 404, message)

export const makeRackspace = ({ directory, regions, tokenLifetime, tokens }: RackspaceOptions): Rackspace => {
  /** The tenant a login is for: the one it names, else the first that the user has a role in. */
  const tenantOf = (user: User, auth: JsonObject) => {
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

  const access = (token: Token, endpoints: Endpoints, how: string): JsonObject => {
    const tenant = token.project?.id ?? ""
    const storage = storageTenant(tenant)
    return {
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
    }
  }

  const logIn = (body: JsonObject, endpoints: Endpoints, now: number): WireResponse => {
    const auth = body["auth"]
    if (!isObject(auth)) return badRequest("Invalid request. Missing required auth element.")
    const apiKey = auth["RAX-KSKEY:apiKeyCredentials"]
    const password = auth["passwordCredentials"]
    const renewed = auth["token"]
    let user: User | undefined
    let refused = "Unable to authenticate user with credentials provided."
    let how = "PASSWORD"
    let expiresAt = now + tokenLifetime
    if (isObject(apiKey)) {
      how = "APIKEY"
      refused = "Username or api key is invalid."
      const name = asString(apiKey["username"])
      const key = asString(apiKey["apiKey"])
      if (name === undefined || key === undefined) return badRequest("Expecting username and apiKey")
      user = directory.users.find((candidate) => candidate.name === name && candidate.apiKey === key)
    } else if (isObject(password)) {
      const name = asString(password["username"])
      const secret = asString(password["password"])
      if (name === undefined || secret === undefined) return badRequest("Expecting username and password")
      user = directory.users.find((candidate) => candidate.name === name && candidate.password === secret)
    } else if (isObject(renewed)) {
      const old = tokens.find(asString(renewed["id"]) ?? "", now)
      user = old?.user
      expiresAt = old?.expiresAt ?? expiresAt
    } else {
      return badRequest("Invalid request. Missing credentials element.")
    }
    if (user === undefined) return unauthorized(refused)
    if (!user.enabled) return fault("userDisabled", 403, `User '${user.name}' is disabled.`)
    const project = tenantOf(user, auth)
    if (project === undefined) return unauthorized("Tenant with Name/Id is not valid for this user.")
    const token = tokens.issue(
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
      now
    )
    return json(200, access(token, endpoints, how))
  }

  const route = (request: WireRequest, text: string | undefined, endpoints: Endpoints, now: number): WireResponse => {
    const [, area, id] = segments(request.path)
    const notAllowed = () => fault("badMethod", 405, "Method Not Allowed")
    if (area === "tokens" && id === undefined) {
      if (request.method !== "POST") return notAllowed()
      const body = parse(text ?? "")
      return isObject(body) ? logIn(body, endpoints, now) : badRequest("Invalid json request body")
    }
    const mine = tokens.find(request.headers["x-auth-token"] ?? "", now)
    if (mine === undefined) {
      return unauthorized("No valid token provided. Please use the 'X-Auth-Token' header with a valid token.")
    }
    if (area === "tokens" && id !== undefined) {
      const token = tokens.find(id, now)
      if (token === undefined || token.user.id !== mine.user.id) return notFound("Token not found.")
      if (request.method === "GET") return json(200, access(token, endpoints, "PASSWORD"))
      if (request.method !== "DELETE") return notAllowed()
      tokens.revoke(token.id)
      return empty(204)
    }
    if (area === "tenants" && id === undefined) {
      if (request.method !== "GET") return notAllowed()
      const tenants = directory.projects.filter((project) => rolesOn(mine.user, project).length > 0)
      return json(200, {
        tenants: tenants.map(({ enabled, id, name }) => ({ id, name, enabled })),
        tenants_links: []
      })
    }
    return notFound("Resource Not Found")
  }

  return {
    handle: (request, endpoints) =>
      Effect.gen(function* () {
        const text = request.method === "POST" ? yield* readText(request, largestBody) : ""
        const now = yield* Clock.currentTimeMillis
        const response = route(request, text, endpoints, now)
        return {
          ...response,
          headers: { ...response.headers, "response-source": "cloud-auth", vary: "Accept, X-Auth-Token" }
        }
      }).pipe(Effect.catchAll(() => Effect.succeed(fault("overLimit", 413, "The body of the request is too large."))))
  }
}
