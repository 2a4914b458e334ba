/** Issues, shows and revokes tokens: `/v3/auth/tokens`. */
import type { Json, JsonObject } from "../reply.js"
import { empty, isObject, json, microTime } from "../reply.js"
import type { Token } from "../tokens.js"
import type { WireResponse } from "../wire.js"
import { catalogOf } from "./catalog.js"
import type { Context } from "./context.js"
import { isAdminOrUser, requireToken } from "./context.js"
import { readDocument, roleRef } from "./documents.js"
import { issueToken, validToken } from "./logins.js"
import { expecting, forbidden, invalid } from "./refusals.js"
import { domainOf } from "./resources.js"

/** Times of tokens have no fractions of a second. */
const wholeSeconds = (millis: number): string => microTime(Math.floor(millis / 1000) * 1000)

const tokenDocument = (context: Context, token: Token): JsonObject => {
  const { applicationCredential: credential, project, user } = token
  const isScoped = project !== undefined || token.domainId !== undefined || token.system
  const domainRef = (id: string) => ({ id, name: domainOf(context, id).name })
  return {
    methods: token.methods,
    user: { domain: domainRef(user.domainId), id: user.id, name: user.name, password_expires_at: null },
    audit_ids: token.auditIds,
    expires_at: wholeSeconds(token.expiresAt),
    issued_at: wholeSeconds(token.issuedAt),
    project: project && { domain: domainRef(project.domainId), id: project.id, name: project.name },
    is_domain: project === undefined ? undefined : false,
    domain: token.domainId === undefined ? undefined : domainRef(token.domainId),
    roles: isScoped ? token.roles.map(roleRef) : undefined,
    system: token.system ? { all: true } : undefined,
    catalog: isScoped && !context.query.has("nocatalog") ? catalogOf(context, token) : undefined,
    application_credential: credential && {
      id: credential.id,
      name: credential.name,
      restricted: credential.unrestricted !== true,
      access_rules: credential.accessRules as Json
    }
  }
}

const tokenResponse = (context: Context, status: number, token: Token): WireResponse =>
  json(status, { token: tokenDocument(context, token) }, { "x-subject-token": token.id })

export const createToken = (context: Context): WireResponse => {
  const { auth } = readDocument(context)
  if (auth === undefined || auth === null) throw expecting("auth", "request body")
  if (!isObject(auth)) throw invalid("auth", auth, "object")
  return tokenResponse(context, 201, issueToken(context, auth))
}

/** The token that the request is about, if the caller may do this with it. */
const subjectToken = (context: Context, action: string, isAllowed: (mine: Token, subject: Token) => boolean): Token => {
  const mine = requireToken(context)
  const id = context.request.headers["x-subject-token"]
  if (id === undefined) throw forbidden(`identity:${action}`)
  const token = validToken(context, id)
  if (!isAllowed(mine, token)) throw forbidden(`identity:${action}`)
  return token
}

export const showToken = (context: Context): WireResponse => {
  const action = context.request.method === "HEAD" ? "check_token" : "validate_token"
  const token = subjectToken(
    context,
    action,
    (mine, { user }) => mine.roles.includes("service") || isAdminOrUser(user.id)(mine)
  )
  return tokenResponse(context, 200, token)
}

export const revokeToken = (context: Context): WireResponse => {
  const token = subjectToken(context, "revoke_token", (mine, { user }) => isAdminOrUser(user.id)(mine))
  context.tokens.revoke(token.id)
  return empty(204)
}
