/**
 * Logins at Keystone, the identity service of OpenStack, by its API v3. A login that meets a broken connection, 429,
 * 502, 503 or 504 is sent again, up to three times and within a minute.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Identity from "./Identity.js"
import { guarded } from "./internal/guard.js"
import * as Login from "./internal/login.js"

/**
 * Where the identity service is. Nobody is logged in before the first operation needs it.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthUrl extends Identity.LoginOptions {
  /** With or without a version (`/v3`) at its end. */
  readonly authUrl: string
}

/**
 * What the token is to be good for: a project or a domain, by id, or by name (a project's name with its domain, which
 * is the one with the id `default` unless told otherwise). Without any of it the user's default project, if there is
 * one.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScopeOptions {
  readonly projectId?: string | undefined
  readonly projectName?: string | undefined
  readonly projectDomainId?: string | undefined
  readonly projectDomainName?: string | undefined
  readonly domainId?: string | undefined
  readonly domainName?: string | undefined
}

/**
 * A user, by id, or by name with its domain, which is the one with the id `default` unless told otherwise. Where
 * neither user id nor name is given, Keystone refuses the login, unless it is by the id of an application credential.
 *
 * @since 0.1.0
 * @category models
 */
export interface UserOptions {
  readonly userId?: string | undefined
  readonly username?: string | undefined
  readonly userDomainId?: string | undefined
  readonly userDomainName?: string | undefined
}

/**
 * A user, its password, and what the token is to be good for.
 *
 * @since 0.1.0
 * @category models
 */
export interface PasswordOptions extends AuthUrl, UserOptions, ScopeOptions {
  readonly password: Redacted.Redacted<string>
}

/**
 * A token, and what the one that is given for it is to be good for.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenOptions extends AuthUrl, ScopeOptions {
  /** A token of the same user, mostly unscoped, for which one of the scope is given. */
  readonly token: Redacted.Redacted<string>
}

/**
 * An application credential, by id, or by name with its user. It has its project in itself. Where neither its id nor
 * its name is given, or its name without its user, Keystone refuses the login.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApplicationCredentialOptions extends AuthUrl, UserOptions {
  readonly applicationCredentialId?: string | undefined
  readonly applicationCredentialName?: string | undefined
  readonly applicationCredentialSecret: Redacted.Redacted<string>
}

const TokenDocument = Schema.Struct({
  token: Schema.Struct({
    expires_at: Schema.DateTimeUtc,
    issued_at: Schema.DateTimeUtc,
    project: Schema.optional(Schema.Struct({ id: Schema.String })),
    catalog: Schema.optional(Schema.Array(Schema.Unknown))
  })
})

const services = Login.wholeOnes(Schema.Struct({ type: Schema.String, endpoints: Schema.Array(Schema.Unknown) }))

const endpointsOf = Login.wholeOnes(
  Schema.Struct({
    url: Schema.String,
    interface: Schema.String,
    region: Schema.optional(Schema.NullishOr(Schema.String)),
    region_id: Schema.optional(Schema.NullishOr(Schema.String))
  })
)

const login = (
  operation: string,
  { authUrl, ...options }: AuthUrl,
  secret: Redacted.Redacted<string>,
  identity: { readonly methods: ReadonlyArray<string>; readonly [method: string]: unknown },
  scope: object | undefined
): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.flatMap(guarded, (client) =>
    Identity.make(
      Login.login({
        client,
        operation,
        options,
        url: `${authUrl.replace(/\/+$/, "").replace(/\/v(3|2\.0)$/, "")}/v3/auth/tokens`,
        body: { auth: { identity, ...(scope === undefined ? {} : { scope }) } },
        secret: Redacted.value(secret),
        schema: TokenDocument,
        toSession: ({ token }, headers, begun) =>
          Option.map(Option.fromNullable(headers["x-subject-token"]), (text) => ({
            token: Redacted.make(text),
            // The server's clock may be another than this machine's: only what lies between its times is taken from it.
            lifetime: Option.some({
              issuedAt: begun,
              expiresAt: begun + DateTime.distance(token.issued_at, token.expires_at)
            }),
            projectId: Option.fromNullable(token.project?.id),
            catalog: services(token.catalog ?? []).flatMap(({ endpoints, type }) =>
              endpointsOf(endpoints).map((each) => ({
                service: type,
                region: each.region ?? each.region_id ?? "",
                interface: each.interface,
                url: each.url
              }))
            )
          }))
      })
    )
  )

/** The id that every Keystone gives its first domain; the name of that can be changed. */
const defaultDomain = { id: "default" }

const domain = (id: string | undefined, name: string | undefined) => {
  if (id !== undefined) return { id }
  return name === undefined ? defaultDomain : { name }
}

const scopeOf = (options: ScopeOptions): object | undefined => {
  if (options.projectId !== undefined) return { project: { id: options.projectId } }
  if (options.projectName !== undefined) {
    return {
      project: { name: options.projectName, domain: domain(options.projectDomainId, options.projectDomainName) }
    }
  }
  if (options.domainId !== undefined) return { domain: { id: options.domainId } }
  if (options.domainName !== undefined) return { domain: { name: options.domainName } }
  return undefined
}

const userOf = (options: UserOptions): object =>
  options.userId !== undefined
    ? { id: options.userId }
    : { name: options.username, domain: domain(options.userDomainId, options.userDomainName) }

/**
 * An identity that logs in with a user's name or id and password.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePassword = (
  options: PasswordOptions
): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> =>
  login(
    "Keystone.password",
    options,
    options.password,
    {
      methods: ["password"],
      password: { user: { ...userOf(options), password: Redacted.value(options.password) } }
    },
    scopeOf(options)
  )

/**
 * An identity that exchanges a token for one of the scope. It is renewed by the same exchange, which works no longer
 * than the token that was given.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeToken = (
  options: TokenOptions
): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> =>
  login(
    "Keystone.token",
    options,
    options.token,
    { methods: ["token"], token: { id: Redacted.value(options.token) } },
    scopeOf(options)
  )

/**
 * An identity that logs in with an application credential.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeApplicationCredential = (
  options: ApplicationCredentialOptions
): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> => {
  const secret = Redacted.value(options.applicationCredentialSecret)
  return login(
    "Keystone.applicationCredential",
    options,
    options.applicationCredentialSecret,
    {
      methods: ["application_credential"],
      application_credential:
        options.applicationCredentialId !== undefined
          ? { id: options.applicationCredentialId, secret }
          : { name: options.applicationCredentialName, user: userOf(options), secret }
    },
    undefined
  )
}

/**
 * Logs in with a user's name or id and password. Where neither user id nor name is given, Keystone refuses the login.
 *
 * @since 0.1.0
 * @category layers
 * @see https://docs.openstack.org/api-ref/identity/v3/#password-authentication-with-scoped-authorization
 */
export const layerPassword = (options: PasswordOptions): Layer.Layer<Identity.Identity, never, HttpClient.HttpClient> =>
  Layer.scoped(Identity.Identity, makePassword(options))

/**
 * {@link layerPassword} with options that are read from the `ConfigProvider`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPasswordConfig = (
  options: Config.Config.Wrap<PasswordOptions>
): Layer.Layer<Identity.Identity, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.scoped(Identity.Identity, Effect.flatMap(Config.unwrap(options), makePassword))

/**
 * Exchanges a token for one of the scope.
 *
 * @since 0.1.0
 * @category layers
 * @see https://docs.openstack.org/api-ref/identity/v3/#token-authentication-with-scoped-authorization
 */
export const layerToken = (options: TokenOptions): Layer.Layer<Identity.Identity, never, HttpClient.HttpClient> =>
  Layer.scoped(Identity.Identity, makeToken(options))

/**
 * {@link layerToken} with options that are read from the `ConfigProvider`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTokenConfig = (
  options: Config.Config.Wrap<TokenOptions>
): Layer.Layer<Identity.Identity, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.scoped(Identity.Identity, Effect.flatMap(Config.unwrap(options), makeToken))

/**
 * Logs in with an application credential, by its id, or its name and its user.
 *
 * @since 0.1.0
 * @category layers
 * @see https://docs.openstack.org/api-ref/identity/v3/#authenticating-with-an-application-credential
 */
export const layerApplicationCredential = (
  options: ApplicationCredentialOptions
): Layer.Layer<Identity.Identity, never, HttpClient.HttpClient> =>
  Layer.scoped(Identity.Identity, makeApplicationCredential(options))

/**
 * {@link layerApplicationCredential} with options that are read from the `ConfigProvider`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerApplicationCredentialConfig = (
  options: Config.Config.Wrap<ApplicationCredentialOptions>
): Layer.Layer<Identity.Identity, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.scoped(Identity.Identity, Effect.flatMap(Config.unwrap(options), makeApplicationCredential))
