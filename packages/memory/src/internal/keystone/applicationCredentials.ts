/** Secrets that log in without a password, each for one user on one project. */
import type { Json, JsonObject } from "../reply.js"
import { asString, empty, isObject, json, microTime } from "../reply.js"
import type { ApplicationCredential, Token } from "../tokens.js"
import { randomHex, randomText } from "../tokens.js"
import type { WireResponse } from "../wire.js"
import type { Context } from "./context.js"
import { allow, isAdminOrUser } from "./context.js"
import { byId, linked, linkedCollection, readDocument, roleDocument } from "./documents.js"
import { absent, forbidden, invalid, malformed, refusal } from "./refusals.js"

const key = "application_credentials"

/** The secret is shown once, when the credential is created. */
const credentialDocument = (credential: ApplicationCredential, withSecret = false) => ({
  id: credential.id,
  name: credential.name,
  description: credential.description,
  user_id: credential.userId,
  project_id: credential.projectId,
  system: null,
  expires_at: credential.expiresAt === undefined ? null : microTime(credential.expiresAt).slice(0, -1),
  unrestricted: credential.unrestricted,
  access_rules: credential.accessRules as Json,
  roles: credential.roles.map(roleDocument),
  secret: withSecret ? credential.secret : undefined
})

export const findCredential = ({ credentials }: Context, id: string): ApplicationCredential => {
  const credential = credentials.get(id)
  if (credential === undefined) throw absent("Application Credential", id)
  return credential
}

export const listCredentials = (context: Context, user: string): WireResponse => {
  allow(context, "list_application_credentials", isAdminOrUser(user))
  const wanted = context.query.get("name")
  const found = [...context.credentials.values()].filter(
    ({ name, userId }) => userId === user && (wanted === null || name === wanted)
  )
  return linkedCollection(
    context,
    key,
    found.map((credential) => credentialDocument(credential))
  )
}

export const showCredential = (context: Context, user: string, id: string): WireResponse => {
  allow(context, "get_application_credential", isAdminOrUser(user))
  const credential = findCredential(context, id)
  return json(200, { application_credential: linked(context, key, credentialDocument(credential)) })
}

const requireUnrestricted = ({ applicationCredential }: Token): void => {
  if (applicationCredential !== undefined && applicationCredential.unrestricted !== true) {
    throw forbidden(
      "Using method 'application_credential' is not allowed for managing additional application credentials."
    )
  }
}

export const deleteCredential = (context: Context, user: string, id: string): WireResponse => {
  requireUnrestricted(allow(context, "delete_application_credential", isAdminOrUser(user)))
  const credential = findCredential(context, id)
  context.credentials.delete(credential.id)
  context.tokens.revokeWhere((token) => token.applicationCredential?.id === credential.id)
  return empty(204)
}

const readRole = ({ directory }: Context, token: Token, role: Json): string => {
  const key = isObject(role) ? (asString(role["id"]) ?? asString(role["name"]) ?? "") : ""
  const found = directory.roles.find(({ id, name }) => id === key || name === key)
  if (found === undefined) throw refusal(404, `Role ${key} is not defined`)
  if (token.roles.includes(found.name)) return found.name
  throw refusal(400, "Invalid application credential: Cannot create an application credential with unassigned role")
}

const readExpiry = ({ now }: Context, asked: JsonObject): number | undefined => {
  const expiry = asString(asked["expires_at"])
  if (expiry === undefined) return undefined
  const expiresAt = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(expiry) ? expiry : `${expiry}Z`)
  if (Number.isNaN(expiresAt)) throw malformed("Timestamp not in expected format.")
  if (expiresAt <= now) throw malformed("The 'expires_at' must not be before now.")
  return expiresAt
}

export const createCredential = (context: Context, userId: string): WireResponse => {
  const token = allow(context, "create_application_credential", (token) => token.user.id === userId)
  const asked = readDocument(context)["application_credential"]
  requireUnrestricted(token)
  byId("user", context.directory.users, userId)
  if (!isObject(asked) || asked["name"] === undefined) throw refusal(400, "'name' is a required property")
  const name = asString(asked["name"])
  if (name === undefined) throw invalid("name", asked["name"], "string")
  if (token.project === undefined) throw forbidden("identity:create_application_credential")
  const { access_rules: accessRules, roles: wanted, unrestricted } = asked
  const roles =
    Array.isArray(wanted) && wanted.length > 0
      ? wanted.map((role: Json) => readRole(context, token, role))
      : token.roles
  const expiresAt = readExpiry(context, asked)
  if ([...context.credentials.values()].some((other) => other.userId === userId && other.name === name)) {
    throw refusal(
      409,
      `Conflict occurred attempting to store application_credential - Duplicate entry found with name ${name}.`
    )
  }
  const credential: ApplicationCredential = {
    id: randomHex(),
    name,
    description: asString(asked["description"]) ?? null,
    secret: asString(asked["secret"]) ?? randomText(86),
    userId,
    projectId: token.project.id,
    roles,
    expiresAt,
    unrestricted: typeof unrestricted === "boolean" ? unrestricted : null,
    accessRules: Array.isArray(accessRules) ? accessRules : undefined
  }
  context.credentials.set(credential.id, credential)
  return json(201, { application_credential: linked(context, key, credentialDocument(credential, true)) })
}
