/** What a login asks for, and the token that it gets. */
import type { Domain, Project, User } from "../directory.js"
import type { Json, JsonObject } from "../reply.js"
import { asString, isObject } from "../reply.js"
import type { ApplicationCredential, Token } from "../tokens.js"
import { randomText, rolesOn } from "../tokens.js"
import { findCredential } from "./applicationCredentials.js"
import type { Context } from "./context.js"
import { absent, expecting, forbidden, invalid, refusal, unauthorized } from "./refusals.js"

// The part of Keystone's JSON schema for logins that a client is likely to violate

/** The object at this path, if there is one. */
const objectAt = (parent: JsonObject, path: string): JsonObject | undefined => {
  const value = parent[path.slice(path.lastIndexOf("/") + 1)]
  if (value !== undefined && !isObject(value)) throw invalid(path, value, "object")
  return value
}

const idOrName = (path: string) => refusal(400, `Invalid input for field ${path}: id or name must be present.`)

const checkUser = (user: JsonObject): void => {
  const path = "identity/password/user"
  for (const key of ["id", "name", "password"]) {
    const value = user[key]
    if (value !== undefined && typeof value !== "string") throw invalid(`${path}/${key}`, value, "string")
  }
  if (user["id"] === undefined && user["name"] === undefined) throw idOrName(path)
  const domain = user["domain"]
  if (isObject(domain) && domain["id"] === undefined && domain["name"] === undefined) throw idOrName(`${path}/domain`)
}

const validate = (auth: JsonObject): JsonObject => {
  const identity = objectAt(auth, "identity")
  if (identity === undefined) throw refusal(400, "'identity' is a required property")
  const methods = identity["methods"]
  if (methods === undefined) {
    throw refusal(400, "Invalid input for field 'identity': 'methods' is a required property")
  }
  if (!Array.isArray(methods)) throw invalid("identity/methods", methods, "array")
  methods.forEach((method: Json, index) => {
    if (typeof method !== "string") throw invalid(`identity/methods/${index}`, method, "string")
  })
  const user = objectAt(objectAt(identity, "identity/password") ?? {}, "identity/password/user")
  if (user !== undefined) checkUser(user)
  const token = identity["token"]
  if (isObject(token) && token["id"] === undefined) {
    throw refusal(400, "Invalid input for field 'identity/token': 'id' is a required property")
  }
  return identity
}

const supportedMethods = ["external", "password", "token", "oauth1", "mapped", "application_credential"]

const readMethods = (identity: JsonObject): ReadonlyArray<string> => {
  const methods = [...new Set(identity["methods"] as ReadonlyArray<string>)]
  for (const method of methods) if (identity[method] === undefined) throw expecting(method, "identity")
  if (methods.every((method) => supportedMethods.includes(method))) return methods
  throw refusal(401, "Attempted to authenticate with an unsupported method.", {
    identity: { methods: supportedMethods }
  })
}

// Look-ups

const lookUpDomain = ({ directory }: Context, asked: JsonObject): Domain => {
  const name = asString(asked["name"])
  const found = directory.domains.find((one) => (name === undefined ? one.id === asked["id"] : one.name === name))
  if (found === undefined) throw unauthorized()
  return found
}

/** Finds a user or a project by its id, or by its name within a domain. */
const lookUp = <A extends User | Project>(
  context: Context,
  kind: "user" | "project",
  all: ReadonlyArray<A>,
  asked: JsonObject
): A => {
  const name = asString(asked["name"])
  let found: A | undefined
  if (name === undefined) {
    found = all.find(({ id }) => id === asked["id"])
  } else {
    const domain = asked["domain"]
    if (!isObject(domain)) throw expecting("domain", kind)
    const { id } = lookUpDomain(context, domain)
    found = all.find((one) => one.name === name && one.domainId === id)
  }
  if (found?.enabled !== true) throw unauthorized()
  return found
}

const lookUpUser = (context: Context, asked: JsonObject): User =>
  lookUp(context, "user", context.directory.users, asked)

const lookUpCredential = (context: Context, asked: JsonObject): ApplicationCredential => {
  const id = asString(asked["id"])
  if (id !== undefined) return findCredential(context, id)
  const name = asString(asked["name"])
  if (name === undefined) throw expecting("name or ID", "application credential")
  if (!isObject(asked["user"])) throw expecting("user", "application credential")
  const owner = lookUpUser(context, asked["user"])
  const found = [...context.credentials.values()].find((one) => one.userId === owner.id && one.name === name)
  if (found === undefined) throw unauthorized()
  return found
}

/** The token with this id; a 404 if it is not valid. */
export const validToken = ({ now, tokens }: Context, id: string): Token => {
  const token = tokens.find(id, now)
  if (token !== undefined) return token
  throw refusal(404, id.startsWith("gAAAAA") ? "Failed to validate token" : "Could not recognize Fernet token")
}

// Scopes

interface Scope {
  readonly project?: Project | undefined
  readonly domain?: Domain | undefined
  readonly system?: boolean
  readonly unscoped?: boolean
}

const readScope = (context: Context, scope: Json | undefined): Scope | undefined => {
  if (scope === undefined || scope === null) return undefined
  const keys = isObject(scope) ? Object.keys(scope) : [String(scope)]
  const [kind, ...others] = ["project", "domain", "unscoped", "system", "OS-TRUST:trust"].filter((key) =>
    keys.includes(key)
  )
  if (kind === undefined || others.length > 0) {
    throw expecting("system, project, domain, OS-TRUST:trust or unscoped", "scope")
  }
  if (kind === "unscoped" || !isObject(scope)) return { unscoped: true }
  if (kind === "system") return { system: true }
  const target = objectAt(scope, `scope/${kind}`) ?? {}
  if (asString(target["id"]) === undefined && asString(target["name"]) === undefined) throw idOrName(`scope/${kind}`)
  if (kind === "project") return { project: lookUp(context, kind, context.directory.projects, target) }
  if (kind === "domain") return { domain: lookUpDomain(context, target) }
  throw absent("trust", asString(target["id"]) ?? "")
}

/** The scope of a login that names none. If the user has no role on the default project, the token is unscoped. */
const defaultScope = ({ directory }: Context, user: User): Scope | undefined => {
  const project = user.defaultProjectId === undefined ? undefined : directory.project(user.defaultProjectId)
  return project?.enabled === true && rolesOn(user, project).length > 0 ? { project } : undefined
}

const rolesFor = (user: User, scope: Scope | undefined): ReadonlyArray<string> => {
  if (scope?.project !== undefined) return rolesOn(user, scope.project)
  if (scope?.domain !== undefined) return user.domainRoles.get(scope.domain.id) ?? []
  return scope?.system === true ? user.systemRoles : []
}

/** What a login asks for. */
interface Login {
  readonly identity: JsonObject
  readonly methods: ReadonlyArray<string>
  readonly credential: ApplicationCredential | undefined
  readonly scope: Scope | undefined
}

const readLogin = (context: Context, auth: JsonObject): Login => {
  const identity = validate(auth)
  const methods = readMethods(identity)
  const asked = identity["application_credential"]
  if (!methods.includes("application_credential") || !isObject(asked)) {
    return { identity, methods, credential: undefined, scope: readScope(context, auth["scope"]) }
  }
  if (auth["scope"] !== undefined) {
    throw refusal(
      401,
      "Error authenticating with application credential: Application credentials cannot request a scope.",
      { identity: {} }
    )
  }
  const credential = lookUpCredential(context, asked)
  const project = context.directory.project(credential.projectId)
  if (project === undefined) throw unauthorized()
  return { identity, methods, credential, scope: { project } }
}

// Methods

const byPassword = (context: Context, payload: JsonObject): User => {
  if (!isObject(payload["user"])) throw expecting("user", "password")
  const found = lookUpUser(context, payload["user"])
  if (payload["user"]["password"] !== found.password) throw unauthorized()
  return found
}

const byToken = (context: Context, payload: JsonObject, scope: Scope | undefined): Token => {
  const parent = validToken(context, asString(payload["id"]) ?? "")
  if (parent.applicationCredential !== undefined) {
    throw forbidden("Using a delegated token to create another token is not allowed.")
  }
  if (parent.system && scope !== undefined && scope.system !== true && scope.unscoped !== true) {
    throw forbidden("Using a system-scoped token to create a project-scoped or domain-scoped token is not allowed.")
  }
  return parent
}

const byCredential = (context: Context, payload: JsonObject, credential: ApplicationCredential): User => {
  const found = context.directory.users.find(({ id }) => id === credential.userId)
  const isExpired = credential.expiresAt !== undefined && credential.expiresAt <= context.now
  if (found?.enabled !== true || isExpired || payload["secret"] !== credential.secret) throw unauthorized()
  return found
}

/** The user that all methods of the login agree on, and the token that was exchanged. */
const authenticate = (context: Context, { credential, identity, methods: asked, scope }: Login) => {
  let user: User | undefined
  let parent: Token | undefined
  const methods: Array<string> = []
  for (const method of asked) {
    const payload = identity[method]
    if (!isObject(payload)) throw unauthorized()
    let found: User | undefined
    if (method === "password") {
      found = byPassword(context, payload)
    } else if (method === "token") {
      parent = byToken(context, payload, scope)
      found = parent.user
      methods.push(...parent.methods)
    } else if (credential !== undefined) {
      found = byCredential(context, payload, credential)
    }
    if (found === undefined || (user !== undefined && user.id !== found.id)) throw unauthorized()
    user = found
    methods.unshift(method)
  }
  if (user === undefined) throw unauthorized()
  return { user, parent, methods: [...new Set(methods)] }
}

export const issueToken = (context: Context, auth: JsonObject): Token => {
  const login = readLogin(context, auth)
  const { credential } = login
  const { methods, parent, user } = authenticate(context, login)
  const scope = login.scope ?? defaultScope(context, user)
  const roles = credential?.roles ?? rolesFor(user, scope)
  if (scope !== undefined && scope.unscoped !== true && roles.length === 0) throw unauthorized()
  const { now, tokenLifetime, tokens } = context
  const auditId = randomText(22)
  return tokens.issue(
    {
      methods,
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
