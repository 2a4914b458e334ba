/**
 * Logins to Keystone, the identity service of OpenStack, with its API v3. A login is retried after a broken connection,
 * 429, 502, 503 or 504, up to three times and within a minute.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Identity from "./Identity.js"
import * as Login from "./internal/login.js"
import * as TokenDocument from "./internal/tokenDocument.js"
import * as Url from "./internal/url.js"

/**
 * The URL of the identity service. The first operation that needs a token logs in.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthUrl extends Identity.LoginOptions {
  /** With or without a version (`/v3`) or the path of the tokens (`/v3/auth/tokens`) at its end. */
  readonly authUrl: string
}

/**
 * The scope of the token: a project or a domain by its id or name, the project of a trust, or the whole system; the
 * first of these that is given. A project's name belongs to a domain, by default the one with the id `default`. Without
 * a scope, the token is for the user's default project, if there is one.
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
  readonly trustId?: string | undefined
  readonly systemScope?: "all" | undefined
}

/**
 * A user, by id, or by name and domain, by default the one with the id `default`. Without an id and a name, Keystone
 * rejects the login, unless it uses the id of an application credential.
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
 * A user, its password, and the scope of the token.
 *
 * @since 0.1.0
 * @category models
 */
export interface PasswordOptions extends AuthUrl, UserOptions, ScopeOptions {
  readonly password: Redacted.Redacted<string>
}

/**
 * A token, and the scope of the token that it is exchanged for.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenOptions extends AuthUrl, ScopeOptions {
  /** A token of the same user, usually without a scope. */
  readonly token: Redacted.Redacted<string>
}

/**
 * An application credential, by id, or by name and user. It belongs to a project. Without an id, or a name and its
 * user, Keystone rejects the login.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApplicationCredentialOptions extends AuthUrl, UserOptions {
  readonly applicationCredentialId?: string | undefined
  readonly applicationCredentialName?: string | undefined
  readonly applicationCredentialSecret: Redacted.Redacted<string>
}

/**
 * A user, a time-based passcode, and the scope of the token.
 *
 * @since 0.1.0
 * @category models
 */
export interface TotpOptions extends AuthUrl, UserOptions, ScopeOptions {
  /** An effect is run for each login, within the time limit. */
  readonly passcode: Redacted.Redacted<string> | Effect.Effect<Redacted.Redacted<string>>
}

/**
 * A user, the factors of its login, which are all sent at once, and the scope of the token.
 *
 * @since 0.1.0
 * @category models
 */
export interface MultiFactorOptions extends AuthUrl, UserOptions, ScopeOptions {
  readonly password?: Redacted.Redacted<string> | undefined
  readonly passcode?: TotpOptions["passcode"] | undefined
  readonly token?: Redacted.Redacted<string> | undefined
}

/** The body of one method of a login, and its secret. */
interface Method {
  readonly name: string
  readonly body: object
  readonly secret: string
}

const login = (
  operation: string,
  { authUrl, ...options }: AuthUrl,
  scope: object | undefined,
  ...methods: ReadonlyArray<Effect.Effect<Method>>
): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.flatMap(
    Login.make({
      operation,
      options,
      url: `${Url.identityRoot(authUrl)}/v3/auth/tokens`,
      credentials: Effect.map(Effect.all(methods), (methods) => ({
        body: {
          auth: {
            identity: {
              methods: methods.map(({ name }) => name),
              ...Object.fromEntries(methods.map(({ body, name }) => [name, body]))
            },
            ...(scope === undefined ? {} : { scope })
          }
        },
        secrets: methods.map(({ secret }) => secret)
      })),
      toSession: (json, headers, begun) => TokenDocument.version3(json, headers["x-subject-token"], begun)
    }),
    Identity.make
  )

/** The id of the first domain of every Keystone, whose name can be changed. */
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
  if (options.trustId !== undefined) return { "OS-TRUST:trust": { id: options.trustId } }
  return options.systemScope === undefined ? undefined : { system: { [options.systemScope]: true } }
}

const userOf = (options: UserOptions): object =>
  options.userId !== undefined
    ? { id: options.userId }
    : { name: options.username, domain: domain(options.userDomainId, options.userDomainName) }

const byPassword = (options: UserOptions & Pick<PasswordOptions, "password">): Effect.Effect<Method> => {
  const secret = Redacted.value(options.password)
  return Effect.succeed({ name: "password", body: { user: { ...userOf(options), password: secret } }, secret })
}

const byTotp = (options: UserOptions & Pick<TotpOptions, "passcode">): Effect.Effect<Method> =>
  Effect.map(
    Effect.isEffect(options.passcode) ? options.passcode : Effect.succeed(options.passcode),
    (passcode): Method => {
      const secret = Redacted.value(passcode)
      return { name: "totp", body: { user: { ...userOf(options), passcode: secret } }, secret }
    }
  )

const byToken = ({ token }: Pick<TokenOptions, "token">): Effect.Effect<Method> => {
  const secret = Redacted.value(token)
  return Effect.succeed({ name: "token", body: { id: secret }, secret })
}

/**
 * Makes an identity that logs in with a user's name or id and password.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePassword = (
  options: PasswordOptions
): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> =>
  login("Keystone.password", options, scopeOf(options), byPassword(options))

/**
 * Makes an identity that exchanges a token for one of the scope. Renewals use the same exchange, until the given token
 * expires.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeToken = (
  options: TokenOptions
): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> =>
  login("Keystone.token", options, scopeOf(options), byToken(options))

/**
 * Makes an identity that logs in with an application credential.
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
    undefined,
    Effect.succeed({
      name: "application_credential",
      body:
        options.applicationCredentialId !== undefined
          ? { id: options.applicationCredentialId, secret }
          : { name: options.applicationCredentialName, user: userOf(options), secret },
      secret
    })
  )
}

/**
 * Makes an identity that logs in with a time-based passcode.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTotp = (
  options: TotpOptions
): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> =>
  login("Keystone.totp", options, scopeOf(options), byTotp(options))

/**
 * Makes an identity that logs in with several factors at once.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMultiFactor = ({
  passcode,
  password,
  token,
  ...options
}: MultiFactorOptions): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> =>
  login(
    "Keystone.multiFactor",
    options,
    scopeOf(options),
    ...(password === undefined ? [] : [byPassword({ ...options, password })]),
    ...(passcode === undefined ? [] : [byTotp({ ...options, passcode })]),
    ...(token === undefined ? [] : [byToken({ token })])
  )

/**
 * Logs in with a user's name or id and password. Without an id and a name, Keystone rejects the login.
 *
 * @example
 * ```ts
 * import { Keystone } from "@effect-glance/http"
 * import { Redacted } from "effect"
 *
 * const identity = Keystone.layerPassword({
 *   authUrl: "https://keystone.example/v3",
 *   username: "demo",
 *   password: Redacted.make("secret"),
 *   projectName: "demo"
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 * @see https://docs.openstack.org/api-ref/identity/v3/#password-authentication-with-scoped-authorization
 */
export const layerPassword: (options: PasswordOptions) => Layer.Layer<Identity.Identity, never, HttpClient.HttpClient> =
  Login.layer(makePassword)

/**
 * {@link layerPassword} with options that are read from the `ConfigProvider`.
 *
 * @example
 * ```ts
 * import { Keystone } from "@effect-glance/http"
 * import { Config } from "effect"
 *
 * const identity = Keystone.layerPasswordConfig({
 *   authUrl: Config.string("OS_AUTH_URL"),
 *   username: Config.string("OS_USERNAME"),
 *   password: Config.redacted("OS_PASSWORD"),
 *   projectName: Config.string("OS_PROJECT_NAME")
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPasswordConfig: (
  options: Config.Config.Wrap<PasswordOptions>
) => Layer.Layer<Identity.Identity, ConfigError.ConfigError, HttpClient.HttpClient> = Login.layerConfig(makePassword)

/**
 * Exchanges a token for one of the scope.
 *
 * @example
 * ```ts
 * import { Keystone } from "@effect-glance/http"
 * import { Redacted } from "effect"
 *
 * const identity = Keystone.layerToken({
 *   authUrl: "https://keystone.example/v3",
 *   token: Redacted.make("token"),
 *   projectId: "8c1f0de2b6a94b0f9d1e6f0a7c3b5d42"
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 * @see https://docs.openstack.org/api-ref/identity/v3/#token-authentication-with-scoped-authorization
 */
export const layerToken: (options: TokenOptions) => Layer.Layer<Identity.Identity, never, HttpClient.HttpClient> =
  Login.layer(makeToken)

/**
 * {@link layerToken} with options that are read from the `ConfigProvider`.
 *
 * @example
 * ```ts
 * import { Keystone } from "@effect-glance/http"
 * import { Config } from "effect"
 *
 * const identity = Keystone.layerTokenConfig({
 *   authUrl: Config.string("OS_AUTH_URL"),
 *   token: Config.redacted("OS_TOKEN"),
 *   projectId: Config.string("OS_PROJECT_ID")
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTokenConfig: (
  options: Config.Config.Wrap<TokenOptions>
) => Layer.Layer<Identity.Identity, ConfigError.ConfigError, HttpClient.HttpClient> = Login.layerConfig(makeToken)

/**
 * Logs in with an application credential, by its id, or by its name and user.
 *
 * @example
 * ```ts
 * import { Keystone } from "@effect-glance/http"
 * import { Redacted } from "effect"
 *
 * const identity = Keystone.layerApplicationCredential({
 *   authUrl: "https://keystone.example/v3",
 *   applicationCredentialId: "3a8b0e0d5a1f4e0c8d7a",
 *   applicationCredentialSecret: Redacted.make("secret")
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 * @see https://docs.openstack.org/api-ref/identity/v3/#authenticating-with-an-application-credential
 */
export const layerApplicationCredential: (
  options: ApplicationCredentialOptions
) => Layer.Layer<Identity.Identity, never, HttpClient.HttpClient> = Login.layer(makeApplicationCredential)

/**
 * {@link layerApplicationCredential} with options that are read from the `ConfigProvider`.
 *
 * @example
 * ```ts
 * import { Keystone } from "@effect-glance/http"
 * import { Config } from "effect"
 *
 * const identity = Keystone.layerApplicationCredentialConfig({
 *   authUrl: Config.string("OS_AUTH_URL"),
 *   applicationCredentialId: Config.string("OS_APPLICATION_CREDENTIAL_ID"),
 *   applicationCredentialSecret: Config.redacted("OS_APPLICATION_CREDENTIAL_SECRET")
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerApplicationCredentialConfig: (
  options: Config.Config.Wrap<ApplicationCredentialOptions>
) => Layer.Layer<Identity.Identity, ConfigError.ConfigError, HttpClient.HttpClient> =
  Login.layerConfig(makeApplicationCredential)

/**
 * Logs in with a time-based passcode (TOTP). A cloud accepts each passcode once, so the token can be renewed only if
 * the passcode is an effect.
 *
 * @example
 * ```ts
 * import { Keystone } from "@effect-glance/http"
 * import { Config, Effect, Redacted } from "effect"
 *
 * const identity = Keystone.layerTotp({
 *   authUrl: "https://keystone.example/v3",
 *   username: "demo",
 *   passcode: Effect.map(Effect.orDie(Config.string("PASSCODE")), Redacted.make),
 *   projectName: "demo"
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 * @see https://docs.openstack.org/keystone/latest/admin/auth-totp.html
 */
export const layerTotp: (options: TotpOptions) => Layer.Layer<Identity.Identity, never, HttpClient.HttpClient> =
  Login.layer(makeTotp)

/**
 * {@link layerTotp} with options that are read from the `ConfigProvider`.
 *
 * @example
 * ```ts
 * import { Keystone } from "@effect-glance/http"
 * import { Config } from "effect"
 *
 * const identity = Keystone.layerTotpConfig({
 *   authUrl: Config.string("OS_AUTH_URL"),
 *   username: Config.string("OS_USERNAME"),
 *   passcode: Config.redacted("OS_PASSCODE"),
 *   projectName: Config.string("OS_PROJECT_NAME")
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTotpConfig: (
  options: Config.Config.Wrap<TotpOptions>
) => Layer.Layer<Identity.Identity, ConfigError.ConfigError, HttpClient.HttpClient> = Login.layerConfig(makeTotp)

/**
 * Logs in with several factors at once: the given ones of password, passcode and token.
 *
 * @example
 * ```ts
 * import { Keystone } from "@effect-glance/http"
 * import { Redacted } from "effect"
 *
 * const identity = Keystone.layerMultiFactor({
 *   authUrl: "https://keystone.example/v3",
 *   username: "demo",
 *   password: Redacted.make("secret"),
 *   passcode: Redacted.make("123456"),
 *   projectName: "demo"
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 * @see https://docs.openstack.org/keystone/latest/admin/multi-factor-authentication.html
 */
export const layerMultiFactor: (
  options: MultiFactorOptions
) => Layer.Layer<Identity.Identity, never, HttpClient.HttpClient> = Login.layer(makeMultiFactor)

/**
 * {@link layerMultiFactor} with options that are read from the `ConfigProvider`.
 *
 * @example
 * ```ts
 * import { Keystone } from "@effect-glance/http"
 * import { Config } from "effect"
 *
 * const identity = Keystone.layerMultiFactorConfig({
 *   authUrl: Config.string("OS_AUTH_URL"),
 *   username: Config.string("OS_USERNAME"),
 *   password: Config.redacted("OS_PASSWORD"),
 *   passcode: Config.redacted("OS_PASSCODE"),
 *   projectName: Config.string("OS_PROJECT_NAME")
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMultiFactorConfig: (
  options: Config.Config.Wrap<MultiFactorOptions>
) => Layer.Layer<Identity.Identity, ConfigError.ConfigError, HttpClient.HttpClient> = Login.layerConfig(makeMultiFactor)
