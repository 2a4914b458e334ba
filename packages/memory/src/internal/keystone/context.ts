import type { IdentityContext, IdentityOptions } from "../identity.js"
import type { ApplicationCredential, Token } from "../tokens.js"
import { absent, forbidden, unauthorized } from "./refusals.js"

export interface KeystoneOptions extends IdentityOptions {
  /** Whether the catalog names an object store. */
  readonly objectStore: boolean
}

export interface Context extends KeystoneOptions, IdentityContext {
  readonly credentials: Map<string, ApplicationCredential>
  readonly query: URLSearchParams
  /** The URL that every link begins with. */
  readonly base: string
}

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
