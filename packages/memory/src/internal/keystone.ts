import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { roleAssignments, roleDocument, roleInferences } from "./assignments.js"
import type { Directory, Domain, Project, User } from "./directory.js"
import { idOf } from "./directory.js"
import type { Endpoints } from "./endpoints.js"
import type { Json, JsonObject } from "./reply.js"
import { asString, empty, isObject, json, microTime, parse, randomHex, readText, requestId, segments } from "./reply.js"
import type { ApplicationCredential, Token, Tokens } from "./tokens.js"
import { randomText, rolesOn } from "./tokens.js"
import type { WireRequest, WireResponse } from "./wire.js"

/** Keystone's Identity API v3, as far as logins, catalogs and the look-ups of command-line tools go. */
export interface Keystone {
  readonly handle: (request: WireRequest, endpoints: Endpoints) => Effect.Effect<WireResponse>
}

export interface KeystoneOptions {
  readonly directory: Directory
  readonly tokens: Tokens
  readonly regions: ReadonlyArray<string>
  /** Milliseconds. */
  readonly tokenLifetime: number
  /** Whether the catalog names an object store. */
  readonly objectStore: boolean
}

/** What ends a request early. Keystone's own sentences, its own status. */
class Refusal {
  constructor(
    readonly status: number,
    readonly message: string,
    readonly extra: Readonly<Record<string, Json>> = {}
  ) {}
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict"
}

const unauthorized = () => new Refusal(401, "The request you have made requires authentication.")
const expecting = (attribute: string, target: string) =>
  new Refusal(
    400,
    `Expecting to find ${attribute} in ${target}. The server could not comply with the request since it is either ` +
      "malformed or otherwise incorrect. The client is assumed to be in error."
  )
const forbidden = (action: string) =>
  new Refusal(403, `You are not authorized to perform the requested action: ${action}.`)
const absent = (kind: string, id: string) => new Refusal(404, `Could not find ${kind}: ${id}.`)

/** `max_request_body_size` of oslo.middleware's `sizelimit` filter, which stands before Keystone. */
const largestBody = 114_688

const supportedMethods = ["external", "password", "token", "oauth1", "mapped", "application_credential"]

const notFoundPage =
  "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not " +
  "found on the server. If you entered the URL manually please check your spelling and try again.</p>\n"

/** Answers for one path: a method that is not here is 405 with the others in `Allow`. */
type Methods = Readonly<Record<string, () => WireResponse>>

export const makeKeystone = ({ directory, objectStore, regions, tokenLifetime, tokens }: KeystoneOptions): Keystone => {
  const credentials = new Map<string, ApplicationCredential>()

  const domainOf = (id: string): Domain => {
    const domain = directory.domain(id)
    if (domain === undefined) throw absent("domain", id)
    return domain
  }

  // ---- what a login asks for

  const lookUpDomain = (domain: JsonObject): Domain => {
    const name = asString(domain["name"])
    const id = asString(domain["id"])
    const found = directory.domains.find((candidate) =>
      name === undefined ? candidate.id === id : candidate.name === name
    )
    if (found === undefined) throw unauthorized()
    return found
  }

  const lookUpProject = (project: JsonObject): Project => {
    const name = asString(project["name"])
    let found: Project | undefined
    if (name === undefined) {
      found = directory.projects.find((candidate) => candidate.id === asString(project["id"]))
    } else {
      const domain = project["domain"]
      if (!isObject(domain)) throw expecting("domain", "project")
      const { id } = lookUpDomain(domain)
      found = directory.projects.find((candidate) => candidate.name === name && candidate.domainId === id)
    }
    if (found?.enabled !== true) throw unauthorized()
    return found
  }

  const lookUpUser = (user: JsonObject): User => {
    const name = asString(user["name"])
    let found: User | undefined
    if (name === undefined) {
      found = directory.users.find((candidate) => candidate.id === asString(user["id"]))
    } else {
      const domain = user["domain"]
      if (!isObject(domain)) throw expecting("domain", "user")
      const { id } = lookUpDomain(domain)
      found = directory.users.find((candidate) => candidate.name === name && candidate.domainId === id)
    }
    if (found === undefined || !found.enabled) throw unauthorized()
    return found
  }

  const lookUpCredential = (given: JsonObject): ApplicationCredential => {
    const id = asString(given["id"])
    if (id !== undefined) {
      const found = credentials.get(id)
      if (found === undefined) throw absent("Application Credential", id)
      return found
    }
    const name = asString(given["name"])
    if (name === undefined) throw expecting("name or ID", "application credential")
    const user = given["user"]
    if (!isObject(user)) throw expecting("user", "application credential")
    const owner = lookUpUser(user)
    for (const credential of credentials.values()) {
      if (credential.userId === owner.id && credential.name === name) return credential
    }
    throw unauthorized()
  }

  interface Scope {
    readonly project?: Project | undefined
    readonly domain?: Domain | undefined
    readonly system?: boolean
    readonly unscoped?: boolean
  }

  const readScope = (auth: JsonObject, credential: ApplicationCredential | undefined): Scope | undefined => {
    const scope = auth["scope"]
    if (credential !== undefined) {
      const project = directory.project(credential.projectId)
      if (project === undefined) throw unauthorized()
      return { project }
    }
    if (scope === undefined || scope === null) return undefined
    const keys = isObject(scope) ? Object.keys(scope) : [String(scope)]
    const known = ["project", "domain", "unscoped", "system", "OS-TRUST:trust"].filter((key) => keys.includes(key))
    if (known.length !== 1) throw expecting("system, project, domain, OS-TRUST:trust or unscoped", "scope")
    if (known[0] === "unscoped" || !isObject(scope)) return { unscoped: true }
    if (known[0] === "system") return { system: true }
    const target = scope[known[0] ?? ""]
    if (!isObject(target)) throw invalid(`scope/${known[0]}`, target, "object")
    if (asString(target["id"]) === undefined && asString(target["name"]) === undefined) {
      throw new Refusal(400, `Invalid input for field scope/${known[0]}: id or name must be present.`)
    }
    if (known[0] === "project") return { project: lookUpProject(target) }
    if (known[0] === "domain") return { domain: lookUpDomain(target) }
    throw absent("trust", asString(target["id"]) ?? "")
  }

  const invalid = (field: string, value: Json | undefined, type: string) =>
    new Refusal(400, `Invalid input for field '${field}': ${python(value)} is not of type '${type}'`)

  /** The part of Keystone's JSON schema for logins that a client can trip over. */
  const validate = (auth: JsonObject): JsonObject => {
    const identity = auth["identity"]
    if (identity === undefined) throw new Refusal(400, "'identity' is a required property")
    if (!isObject(identity)) throw invalid("identity", identity, "object")
    const methods = identity["methods"]
    if (methods === undefined) {
      throw new Refusal(400, "Invalid input for field 'identity': 'methods' is a required property")
    }
    if (!Array.isArray(methods)) throw invalid("identity/methods", methods, "array")
    methods.forEach((method: Json, index) => {
      if (typeof method !== "string") throw invalid(`identity/methods/${index}`, method, "string")
    })
    const password = identity["password"]
    if (password !== undefined) {
      if (!isObject(password)) throw invalid("identity/password", password, "object")
      const user = password["user"]
      if (user !== undefined) {
        if (!isObject(user)) throw invalid("identity/password/user", user, "object")
        for (const key of ["id", "name", "password"]) {
          const value = user[key]
          if (value !== undefined && typeof value !== "string") {
            throw invalid(`identity/password/user/${key}`, value, "string")
          }
        }
        if (user["id"] === undefined && user["name"] === undefined) {
          throw new Refusal(400, "Invalid input for field identity/password/user: id or name must be present.")
        }
        const domain = user["domain"]
        if (isObject(domain) && domain["id"] === undefined && domain["name"] === undefined) {
          throw new Refusal(400, "Invalid input for field identity/password/user/domain: id or name must be present.")
        }
      }
    }
    const token = identity["token"]
    if (isObject(token) && token["id"] === undefined) {
      throw new Refusal(400, "Invalid input for field 'identity/token': 'id' is a required property")
    }
    return identity
  }

  // ---- logins

  const issueToken = (auth: JsonObject, now: number): Token => {
    const identity = validate(auth)
    const methods = [...new Set(identity["methods"] as ReadonlyArray<string>)]
    for (const method of methods) if (identity[method] === undefined) throw expecting(method, "identity")
    for (const method of methods) {
      if (!supportedMethods.includes(method)) {
        throw new Refusal(401, "Attempted to authenticate with an unsupported method.", {
          identity: { methods: supportedMethods }
        })
      }
    }

    let credential: ApplicationCredential | undefined
    const given = identity["application_credential"]
    if (methods.includes("application_credential") && isObject(given)) {
      if (auth["scope"] !== undefined) {
        throw new Refusal(
          401,
          "Error authenticating with application credential: Application credentials cannot request a scope.",
          { identity: {} }
        )
      }
      credential = lookUpCredential(given)
    }
    let scope = readScope(auth, credential)

    let user: User | undefined
    let parent: Token | undefined
    const done: Array<string> = []
    for (const method of methods) {
      const payload = identity[method]
      if (!isObject(payload)) throw unauthorized()
      let found: User | undefined
      if (method === "password") {
        const asked = payload["user"]
        if (!isObject(asked)) throw expecting("user", "password")
        found = lookUpUser(asked)
        if (asString(asked["password"]) !== found.password) throw unauthorized()
      } else if (method === "token") {
        parent = validToken(asString(payload["id"]) ?? "", now)
        if (parent.applicationCredential !== undefined) {
          throw forbidden("Using a delegated token to create another token is not allowed.")
        }
        if (parent.system && scope !== undefined && scope.system !== true && scope.unscoped !== true) {
          throw forbidden(
            "Using a system-scoped token to create a project-scoped or domain-scoped token is not allowed."
          )
        }
        found = parent.user
        done.push(...parent.methods)
      } else if (credential !== undefined) {
        found = directory.users.find((candidate) => candidate.id === credential?.userId)
        const over = credential.expiresAt !== undefined && credential.expiresAt <= now
        if (found?.enabled !== true || over || asString(payload["secret"]) !== credential.secret) throw unauthorized()
      }
      if (found === undefined || (user !== undefined && user.id !== found.id)) throw unauthorized()
      user = found
      done.unshift(method)
    }
    if (user === undefined) throw unauthorized()

    if (scope === undefined && user.defaultProjectId !== undefined) {
      const project = directory.project(user.defaultProjectId)
      // A default project that the user cannot use is no error: the token is simply unscoped.
      if (project?.enabled === true && rolesOn(user, project).length > 0) scope = { project }
    }
    const roles =
      credential !== undefined
        ? credential.roles
        : scope?.project !== undefined
          ? rolesOn(user, scope.project)
          : scope?.domain !== undefined
            ? (user.domainRoles.get(scope.domain.id) ?? [])
            : scope?.system === true
              ? user.systemRoles
              : []
    const scoped = scope !== undefined && scope.unscoped !== true
    if (scoped && roles.length === 0) throw unauthorized()

    const auditId = randomText(22)
    return tokens.issue(
      {
        methods: [...new Set(done)],
        user,
        project: scope?.project,
        domainId: scope?.domain?.id,
        system: scope?.system === true,
        roles,
        auditIds: parent === undefined ? [auditId] : [auditId, parent.auditIds.at(-1) ?? auditId],
        expiresAt: Math.min(
          now + tokenLifetime,
          parent?.expiresAt ?? Number.POSITIVE_INFINITY,
          credential?.expiresAt ?? Number.POSITIVE_INFINITY
        ),
        applicationCredential: credential
      },
      now
    )
  }

  const validToken = (id: string, now: number): Token => {
    const token = tokens.find(id, now)
    if (token === undefined) {
      throw new Refusal(404, id.startsWith("gAAAAA") ? "Failed to validate token" : "Could not recognize Fernet token")
    }
    return token
  }

  // ---- documents

  const roleRef = (name: string) => ({ id: idOf("role", name), name })

  const catalog = (token: Token, endpoints: Endpoints) => {
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
    return [
      service("identity", "keystone", () => `${endpoints.identity}/v3`),
      service("image", "glance", (region) => endpoints.image(region)),
      ...(token.project === undefined || !objectStore
        ? []
        : [
            service(
              "object-store",
              "swift",
              (region) => `${endpoints.objectStore(region)}/v1/AUTH_${token.project?.id ?? ""}`
            )
          ])
    ]
  }

  const domainRef = (id: string) => ({ id, name: domainOf(id).name })

  const tokenDocument = (token: Token, endpoints: Endpoints, withCatalog: boolean): JsonObject => {
    const scoped = token.project !== undefined || token.domainId !== undefined || token.system
    const credential = token.applicationCredential
    return {
      token: {
        methods: token.methods,
        user: {
          domain: domainRef(token.user.domainId),
          id: token.user.id,
          name: token.user.name,
          password_expires_at: null
        },
        audit_ids: token.auditIds,
        expires_at: wholeSeconds(token.expiresAt),
        issued_at: wholeSeconds(token.issuedAt),
        ...(token.project === undefined
          ? {}
          : {
              project: {
                domain: domainRef(token.project.domainId),
                id: token.project.id,
                name: token.project.name
              },
              is_domain: false
            }),
        ...(token.domainId === undefined ? {} : { domain: domainRef(token.domainId) }),
        ...(scoped ? { roles: token.roles.map(roleRef) } : {}),
        ...(token.system ? { system: { all: true } } : {}),
        ...(scoped && withCatalog ? { catalog: catalog(token, endpoints) } : {}),
        ...(credential === undefined
          ? {}
          : {
              application_credential: {
                id: credential.id,
                name: credential.name,
                restricted: credential.unrestricted !== true,
                ...(credential.accessRules === undefined ? {} : { access_rules: credential.accessRules as Json })
              }
            })
      }
    }
  }

  const projectDocument = (project: Project, base: string): JsonObject => ({
    id: project.id,
    name: project.name,
    domain_id: project.domainId,
    description: project.description,
    enabled: project.enabled,
    parent_id: project.domainId,
    is_domain: false,
    tags: [],
    options: {},
    links: { self: `${base}/projects/${project.id}` }
  })

  const userDocument = (user: User, base: string): JsonObject => ({
    id: user.id,
    name: user.name,
    domain_id: user.domainId,
    enabled: user.enabled,
    ...(user.defaultProjectId === undefined ? {} : { default_project_id: user.defaultProjectId }),
    password_expires_at: null,
    options: {},
    links: { self: `${base}/users/${user.id}` }
  })

  const domainDocument = (domain: Domain, base: string): JsonObject => ({
    id: domain.id,
    name: domain.name,
    description: domain.description,
    enabled: true,
    tags: [],
    options: {},
    links: { self: `${base}/domains/${domain.id}` }
  })

  const credentialDocument = (credential: ApplicationCredential, base: string, secret: boolean): JsonObject => ({
    id: credential.id,
    name: credential.name,
    description: credential.description,
    user_id: credential.userId,
    project_id: credential.projectId,
    system: null,
    expires_at: credential.expiresAt === undefined ? null : microTime(credential.expiresAt).slice(0, -1),
    unrestricted: credential.unrestricted,
    ...(credential.accessRules === undefined ? {} : { access_rules: credential.accessRules as Json }),
    roles: credential.roles.map((name) => ({
      ...roleRef(name),
      domain_id: null,
      description: null,
      options: { immutable: true }
    })),
    ...(secret ? { secret: credential.secret } : {}),
    links: { self: `${base}/application_credentials/${credential.id}` }
  })

  const version = (base: string): JsonObject => ({
    id: "v3.14",
    status: "stable",
    updated: "2020-04-07T00:00:00Z",
    links: [{ rel: "self", href: `${base}/` }],
    "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v3+json" }]
  })

  const createCredential = (body: JsonObject, user: User, token: Token, now: number): ApplicationCredential => {
    const asked = body["application_credential"]
    if (!isObject(asked) || asked["name"] === undefined) throw new Refusal(400, "'name' is a required property")
    const name = asString(asked["name"])
    if (name === undefined) throw invalid("name", asked["name"], "string")
    if (token.project === undefined) throw forbidden("identity:create_application_credential")
    let roles = token.roles
    const wanted = asked["roles"]
    if (Array.isArray(wanted) && wanted.length > 0) {
      roles = wanted.map((role: Json) => {
        const key = isObject(role) ? (asString(role["id"]) ?? asString(role["name"]) ?? "") : ""
        const found = directory.roles.find((candidate) => candidate.id === key || candidate.name === key)
        if (found === undefined) throw new Refusal(404, `Role ${key} is not defined`)
        if (!token.roles.includes(found.name)) {
          throw new Refusal(
            400,
            "Invalid application credential: Cannot create an application credential with unassigned role"
          )
        }
        return found.name
      })
    }
    let expiresAt: number | undefined
    const expiry = asString(asked["expires_at"])
    if (expiry !== undefined) {
      expiresAt = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(expiry) ? expiry : `${expiry}Z`)
      if (Number.isNaN(expiresAt)) {
        throw new Refusal(
          400,
          "Timestamp not in expected format. The server could not comply with the request since it is either " +
            "malformed or otherwise incorrect. The client is assumed to be in error."
        )
      }
      if (expiresAt <= now) {
        throw new Refusal(
          400,
          "The 'expires_at' must not be before now. The server could not comply with the request since it is either " +
            "malformed or otherwise incorrect. The client is assumed to be in error."
        )
      }
    }
    for (const other of credentials.values()) {
      if (other.userId === user.id && other.name === name) {
        throw new Refusal(
          409,
          `Conflict occurred attempting to store application_credential - Duplicate entry found with name ${name}.`
        )
      }
    }
    const accessRules = asked["access_rules"]
    const credential: ApplicationCredential = {
      id: randomHex(),
      name,
      description: asString(asked["description"]) ?? null,
      secret: asString(asked["secret"]) ?? randomText(86),
      userId: user.id,
      projectId: token.project.id,
      roles,
      expiresAt,
      unrestricted: typeof asked["unrestricted"] === "boolean" ? asked["unrestricted"] : null,
      accessRules: Array.isArray(accessRules) ? accessRules : undefined
    }
    credentials.set(credential.id, credential)
    return credential
  }

  // ---- routes

  const route = (
    request: WireRequest,
    text: string | undefined,
    endpoints: Endpoints,
    now: number
  ): WireResponse | "missing" => {
    const base = `${endpoints.identity}/v3`
    const path = segments(request.path)
    const query = new URLSearchParams(request.query)
    const self = `${endpoints.identity}${request.path}${request.query === "" ? "" : `?${request.query}`}`
    const collection = (key: string, items: ReadonlyArray<Json>) =>
      json(200, { [key]: items, links: { next: null, self, previous: null } })

    const only = (methods: Methods): WireResponse => {
      const method = request.method === "HEAD" ? "GET" : request.method
      const answer = Object.hasOwn(methods, method) ? methods[method] : undefined
      if (answer !== undefined) return answer()
      const allowed = Object.keys(methods).flatMap((name) => (name === "GET" ? ["HEAD", "GET"] : [name]))
      return json(
        405,
        { message: "The method is not allowed for the requested URL." },
        { allow: [...allowed, "OPTIONS"].join(", ") }
      )
    }

    /** Whoever the request's own token speaks for. */
    const me = (): Token => {
      const id = request.headers["x-auth-token"] ?? ""
      const credential = tokens.peek(id)?.applicationCredential
      // What is missing here is told as if it had been asked for.
      if (credential !== undefined && !credentials.has(credential.id)) {
        throw absent("Application Credential", credential.id)
      }
      const token = tokens.find(id, now)
      if (token === undefined) throw unauthorized()
      return token
    }
    const isAdmin = (token: Token) => token.roles.includes("admin")
    const allow = (action: string, may: (token: Token) => boolean): Token => {
      const token = me()
      if (!may(token)) throw forbidden(`identity:${action}`)
      return token
    }

    const document = (): JsonObject => {
      if (text === undefined || text === "") return {}
      const type = request.headers["content-type"] ?? ""
      if (type !== "" && !/^application\/([\w.-]+\+)?json\b/i.test(type)) {
        throw expecting("application/json", "Content-Type header")
      }
      const parsed = parse(text)
      if (!isObject(parsed)) throw expecting("valid JSON", "request body")
      return parsed
    }

    const filtered = <A extends { readonly name: string; readonly domainId?: string; readonly enabled?: boolean }>(
      all: ReadonlyArray<A>
    ) => {
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

    /** What a cloud without groups, credentials and trusts says of them, and who has which role where. */
    const assignmentRoutes = (path: ReadonlyArray<string>): WireResponse | undefined => {
      const [, area, id, below, belowId, roles] = path
      const none = (key: string, action: string, may: (token: Token) => boolean): WireResponse =>
        only({
          GET: () => {
            allow(action, may)
            return collection(key, [])
          }
        })
      const missing = (kind: string, id: string, action: string): WireResponse =>
        only({
          GET: () => {
            // Who may not list them learns nothing of one either.
            allow(action, isAdmin)
            throw absent(kind, id)
          }
        })
      if (area === "role_assignments" && path.length === 2) {
        return only({
          GET: () => {
            if (query.has("user.id") && query.has("group.id")) {
              me()
              throw new Refusal(400, "Specify a user or group, not both")
            }
            allow("list_role_assignments", isAdmin)
            return collection("role_assignments", roleAssignments(directory, base, query))
          }
        })
      }
      if (area === "role_inferences" && path.length === 2) {
        return only({
          GET: () => {
            allow("list_role_inference_rules", isAdmin)
            return json(200, { role_inferences: roleInferences(base) })
          }
        })
      }
      if (area === "groups") {
        if (id === undefined) return none("groups", "list_groups", isAdmin)
        if (path.length === 3) return missing("group", id, "get_group")
        if (path.length === 4 && below === "users") return missing("group", id, "list_users_in_group")
      }
      if (area === "credentials") {
        if (id === undefined) return none("credentials", "list_credentials", () => true)
        if (path.length === 3) return missing("credential", id, "get_credential")
      }
      if (area === "OS-TRUST" && id === "trusts") {
        const own = (token: Token) =>
          isAdmin(token) ||
          [query.get("trustor_user_id"), query.get("trustee_user_id")].some((user) => user === token.user.id)
        if (below === undefined) return none("trusts", "list_trusts", own)
        if (path.length === 4) return missing("trust", below, "get_trust")
      }
      if (area === "users" && id !== undefined && below === "groups" && path.length === 4) {
        return only({
          GET: () => {
            allow("list_groups_for_user", (token) => isAdmin(token) || token.user.id === id)
            if (!directory.users.some((user) => user.id === id)) throw absent("user", id)
            return collection("groups", [])
          }
        })
      }
      // /projects/{id}/users/{id}/roles, the same for domains, and /system/users/{id}/roles
      const target = area === "system" ? { userId: below, last: belowId } : { userId: belowId, last: roles }
      const isGrant =
        (area === "system" && id === "users" && path.length === 5) ||
        ((area === "projects" || area === "domains") && below === "users" && path.length === 6)
      if (!isGrant || target.last !== "roles") return undefined
      return only({
        GET: () => {
          allow(area === "system" ? "list_system_grants_for_user" : "list_grants", isAdmin)
          const user = directory.users.find((one) => one.id === target.userId)
          if (user === undefined) throw absent("user", target.userId ?? "")
          const names =
            area === "system"
              ? user.systemRoles
              : ((area === "projects" ? user.roles : user.domainRoles).get(id ?? "") ?? [])
          return collection(
            "roles",
            names.map((name) => roleDocument(name, base))
          )
        }
      })
    }

    if (path.length === 0) {
      return only({
        GET: () => json(300, { versions: { values: [version(base)] } }, { location: `${base}/` })
      })
    }
    if (path[0] !== "v3") return "missing"
    if (path.length === 1) return only({ GET: () => json(200, { version: version(base) }) })

    const [, area, id, below, belowId] = path
    if (area === "auth" && path.length === 3) {
      switch (id) {
        case "tokens":
          return only({
            POST: () => {
              const auth = document()["auth"]
              if (auth === undefined || auth === null) throw expecting("auth", "request body")
              if (!isObject(auth)) throw invalid("auth", auth, "object")
              const token = issueToken(auth, now)
              return json(201, tokenDocument(token, endpoints, !query.has("nocatalog")), {
                "x-subject-token": token.id
              })
            },
            GET: () => {
              const mine = me()
              const subject = request.headers["x-subject-token"]
              const action = request.method === "HEAD" ? "identity:check_token" : "identity:validate_token"
              if (subject === undefined) throw forbidden(action)
              const token = validToken(subject, now)
              if (!isAdmin(mine) && !mine.roles.includes("service") && mine.user.id !== token.user.id) {
                throw forbidden(action)
              }
              return json(200, tokenDocument(token, endpoints, !query.has("nocatalog")), {
                "x-subject-token": token.id
              })
            },
            DELETE: () => {
              const mine = me()
              const subject = request.headers["x-subject-token"]
              if (subject === undefined) throw forbidden("identity:revoke_token")
              const token = validToken(subject, now)
              if (!isAdmin(mine) && mine.user.id !== token.user.id) throw forbidden("identity:revoke_token")
              tokens.revoke(token.id)
              return empty(204)
            }
          })
        case "catalog":
          return only({
            GET: () => {
              const token = me()
              if (token.project === undefined) {
                throw new Refusal(403, "You are not authorized to perform the requested action.")
              }
              return json(200, { catalog: catalog(token, endpoints), links: { self: `${base}/auth/catalog` } })
            }
          })
        case "projects":
          return only({
            GET: () => {
              const { user } = me()
              const mine = directory.projects.filter((project) => rolesOn(user, project).length > 0)
              return collection(
                "projects",
                mine.map((project) => projectDocument(project, base))
              )
            }
          })
        case "domains":
          return only({
            GET: () => {
              const { user } = me()
              const mine = directory.domains.filter((domain) => user.domainRoles.has(domain.id))
              return collection(
                "domains",
                mine.map((domain) => domainDocument(domain, base))
              )
            }
          })
        case "system":
          return only({
            GET: () =>
              json(200, {
                system: me().user.systemRoles.length > 0 ? [{ all: true }] : [],
                links: { self: `${base}/auth/system` }
              })
          })
        default:
          return "missing"
      }
    }

    if (area === "projects" && path.length === 2) {
      return only({
        GET: () => {
          allow("list_projects", isAdmin)
          return collection(
            "projects",
            filtered(directory.projects).map((project) => projectDocument(project, base))
          )
        }
      })
    }
    if (area === "projects" && path.length === 3 && id !== undefined) {
      return only({
        GET: () => {
          allow("get_project", (token) => isAdmin(token) || token.project?.id === id)
          const project = directory.projects.find((candidate) => candidate.id === id)
          if (project === undefined) throw absent("project", id)
          return json(200, { project: projectDocument(project, base) })
        }
      })
    }
    if (area === "domains" && path.length === 2) {
      return only({
        GET: () => {
          allow("list_domains", isAdmin)
          return collection(
            "domains",
            filtered(directory.domains).map((domain) => domainDocument(domain, base))
          )
        }
      })
    }
    if (area === "domains" && path.length === 3 && id !== undefined) {
      return only({
        GET: () => {
          allow("get_domain", (token) => isAdmin(token) || token.project?.domainId === id || token.domainId === id)
          return json(200, { domain: domainDocument(domainOf(id), base) })
        }
      })
    }
    if (area === "roles" && path.length === 2) {
      return only({
        GET: () => {
          allow("list_roles", isAdmin)
          return collection(
            "roles",
            filtered(directory.roles).map(({ name }) => roleDocument(name, base))
          )
        }
      })
    }
    const assigned = assignmentRoutes(path)
    if (assigned !== undefined) return assigned
    if (area === "services" && path.length === 2) {
      return only({
        GET: () => {
          const token = allow("list_services", isAdmin)
          const type = query.get("type")
          const services = filtered(
            catalog(token, endpoints).map(({ id, name, type }) => ({
              id,
              name,
              type,
              enabled: true,
              links: { self: `${base}/services/${id}` }
            }))
          )
          return collection(
            "services",
            services.filter((service) => type === null || service.type === type)
          )
        }
      })
    }
    if (area === "endpoints" && path.length === 2) {
      return only({
        GET: () => {
          const token = allow("list_endpoints", isAdmin)
          const [service, kind, region] = ["service_id", "interface", "region_id"].map((name) => query.get(name))
          const all = catalog(token, endpoints).flatMap(({ endpoints, id }) =>
            endpoints.map((endpoint) => ({
              ...endpoint,
              service_id: id,
              enabled: true,
              links: { self: `${base}/endpoints/${endpoint.id}` }
            }))
          )
          return collection(
            "endpoints",
            all.filter(
              (endpoint) =>
                (service === null || endpoint.service_id === service) &&
                (kind === null || endpoint.interface === kind) &&
                (region === null || endpoint.region_id === region)
            )
          )
        }
      })
    }
    if (area === "regions" && path.length === 2) {
      return only({
        GET: () => {
          me()
          return collection(
            "regions",
            regions.map((region) => ({
              id: region,
              description: "",
              parent_region_id: null,
              links: { self: `${base}/regions/${region}` }
            }))
          )
        }
      })
    }
    if (area === "users" && path.length === 2) {
      return only({
        GET: () => {
          allow("list_users", isAdmin)
          return collection(
            "users",
            filtered(directory.users).map((user) => userDocument(user, base))
          )
        }
      })
    }
    if (area === "users" && id !== undefined) {
      const own = (token: Token) => isAdmin(token) || token.user.id === id
      const user = (): User => {
        const found = directory.users.find((candidate) => candidate.id === id)
        if (found === undefined) throw absent("user", id)
        return found
      }
      if (path.length === 3) {
        return only({
          GET: () => {
            allow("get_user", own)
            return json(200, { user: userDocument(user(), base) })
          }
        })
      }
      if (path.length === 4 && below === "projects") {
        return only({
          GET: () => {
            allow("list_user_projects", own)
            const found = user()
            const mine = directory.projects.filter((project) => rolesOn(found, project).length > 0)
            return collection(
              "projects",
              mine.map((project) => projectDocument(project, base))
            )
          }
        })
      }
      if (below === "application_credentials") {
        const managing = (token: Token) => {
          if (token.applicationCredential !== undefined && token.applicationCredential.unrestricted !== true) {
            throw forbidden(
              "Using method 'application_credential' is not allowed for managing additional application credentials."
            )
          }
        }
        if (path.length === 4) {
          return only({
            GET: () => {
              allow("list_application_credentials", own)
              const name = query.get("name")
              return collection(
                "application_credentials",
                [...credentials.values()]
                  .filter((credential) => credential.userId === id && (name === null || credential.name === name))
                  .map((credential) => credentialDocument(credential, base, false))
              )
            },
            POST: () => {
              const token = allow("create_application_credential", (token) => token.user.id === id)
              const body = document()
              managing(token)
              const credential = createCredential(body, user(), token, now)
              return json(201, { application_credential: credentialDocument(credential, base, true) })
            }
          })
        }
        if (path.length === 5 && belowId !== undefined) {
          const find = () => {
            const credential = credentials.get(belowId)
            if (credential === undefined) throw absent("Application Credential", belowId)
            return credential
          }
          return only({
            GET: () => {
              allow("get_application_credential", own)
              return json(200, { application_credential: credentialDocument(find(), base, false) })
            },
            DELETE: () => {
              const token = allow("delete_application_credential", own)
              managing(token)
              const credential = find()
              credentials.delete(credential.id)
              tokens.revokeWhere((token) => token.applicationCredential?.id === credential.id)
              return empty(204)
            }
          })
        }
      }
    }
    return "missing"
  }

  const refuse = (refusal: Refusal, endpoints: Endpoints): WireResponse =>
    json(
      refusal.status,
      {
        error: {
          code: refusal.status,
          ...refusal.extra,
          message: refusal.message,
          title: titles[refusal.status] ?? "Error"
        }
      },
      refusal.status === 401 ? { "www-authenticate": `Keystone uri="${endpoints.identity}/v3"` } : {}
    )

  return {
    handle: (request, endpoints) =>
      Effect.gen(function* () {
        const text = request.method === "GET" || request.method === "HEAD" ? "" : yield* readText(request, largestBody)
        const now = yield* Clock.currentTimeMillis
        let response: WireResponse | "missing"
        try {
          response = route(request, text, endpoints, now)
        } catch (thrown) {
          if (!(thrown instanceof Refusal)) throw thrown
          response = refuse(thrown, endpoints)
        }
        if (response === "missing") {
          response = { status: 404, headers: { "content-type": "text/html; charset=utf-8" }, body: notFoundPage }
        }
        const headers = { ...response.headers, vary: "X-Auth-Token", "x-openstack-request-id": requestId() }
        if (request.method !== "HEAD" || typeof response.body !== "string") return { ...response, headers }
        const length = new TextEncoder().encode(response.body).length
        return { ...response, headers: { ...headers, "content-length": String(length) }, body: "" }
      }).pipe(
        Effect.catchAll(({ limit }) =>
          Effect.succeed<WireResponse>({
            status: 413,
            headers: { "content-type": "text/plain; charset=UTF-8" },
            body: `413 Request Entity Too Large\n\nRequest is too large. Larger than max_request_body_size (${limit}).\n\n   `
          })
        )
      )
  }
}

/** Tokens carry no fractions of a second. */
const wholeSeconds = (millis: number): string => microTime(Math.floor(millis / 1000) * 1000)

/** A value as Python prints it in a sentence about it. */
const python = (value: Json | undefined): string =>
  typeof value === "string"
    ? `'${value}'`
    : value === null || value === undefined
      ? "None"
      : value === true
        ? "True"
        : value === false
          ? "False"
          : JSON.stringify(value)
