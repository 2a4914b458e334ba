/**
 * Logins as values, as a configuration describes them.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Identity from "./Identity.js"
import * as Keystone from "./Keystone.js"
import * as Rackspace from "./Rackspace.js"

/**
 * A type of login and its options. `adminToken` always sends the same token, and `none` sends no token. Both have no
 * catalog, so the configuration must have the URL of the image service.
 *
 * @since 0.1.0
 * @category models
 */
export type CloudAuth =
  | { readonly type: "password"; readonly options: Keystone.PasswordOptions }
  | { readonly type: "token"; readonly options: Keystone.TokenOptions }
  | { readonly type: "applicationCredential"; readonly options: Keystone.ApplicationCredentialOptions }
  | { readonly type: "totp"; readonly options: Keystone.TotpOptions }
  | { readonly type: "multiFactor"; readonly options: Keystone.MultiFactorOptions }
  | { readonly type: "rackspaceApiKey"; readonly options: Rackspace.ApiKeyOptions }
  | { readonly type: "rackspacePassword"; readonly options: Rackspace.PasswordOptions }
  | { readonly type: "adminToken"; readonly options: { readonly token: Redacted.Redacted<string> } }
  | { readonly type: "none"; readonly options: Readonly<Record<never, never>> }

const fixed = (token: Redacted.Redacted<string>) =>
  Effect.succeed(Identity.fixed({ token, lifetime: Option.none(), projectId: Option.none(), catalog: [] }))

/**
 * Makes the identity of a login. The first operation that needs a token logs in.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeIdentity = (
  auth: CloudAuth
): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> => {
  switch (auth.type) {
    case "password":
      return Keystone.makePassword(auth.options)
    case "token":
      return Keystone.makeToken(auth.options)
    case "applicationCredential":
      return Keystone.makeApplicationCredential(auth.options)
    case "totp":
      return Keystone.makeTotp(auth.options)
    case "multiFactor":
      return Keystone.makeMultiFactor(auth.options)
    case "rackspaceApiKey":
      return Rackspace.makeApiKey(auth.options)
    case "rackspacePassword":
      return Rackspace.makePassword(auth.options)
    case "adminToken":
      return fixed(auth.options.token)
    case "none":
      return fixed(Redacted.make(""))
  }
}
