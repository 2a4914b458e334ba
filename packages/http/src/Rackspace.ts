/**
 * Logins to Rackspace's identity service, with its API v2.0. A login is retried after a broken connection, 429, 502,
 * 503 or 504, up to three times and within a minute.
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
 * A user and its API key. The time limit is for each of the two attempts: as a key and as a password.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyOptions extends Identity.LoginOptions {
  readonly username: string
  readonly apiKey: Redacted.Redacted<string>
  /**
   * With or without `/v2.0` or `/v2.0/tokens` at its end.
   *
   * @default "https://identity.api.rackspacecloud.com/v2.0"
   */
  readonly authUrl?: string | undefined
}

/**
 * A user, its password, and the project. Rackspace chooses a project if none is given.
 *
 * @since 0.1.0
 * @category models
 */
export interface PasswordOptions extends Identity.LoginOptions, Pick<ApiKeyOptions, "authUrl"> {
  readonly username?: string | undefined
  /** Instead of the name. */
  readonly userId?: string | undefined
  readonly password: Redacted.Redacted<string>
  readonly projectId?: string | undefined
  /** Instead of the id. */
  readonly projectName?: string | undefined
}

const defaultAuthUrl = "https://identity.api.rackspacecloud.com/v2.0"

const login = (
  operation: string,
  { authUrl = defaultAuthUrl, ...options }: Identity.LoginOptions & Pick<ApiKeyOptions, "authUrl">,
  auth: object,
  secret: string
) =>
  Login.make({
    operation,
    options,
    url: `${Url.identityRoot(authUrl)}/v2.0/tokens`,
    credentials: Effect.succeed({ body: { auth }, secrets: [secret] }),
    toSession: (json, _, begun) => TokenDocument.version2(json, begun)
  })

/**
 * Makes an identity that logs in with an API key. If the server rejects the key, the key is sent as a password.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeApiKey = ({
  apiKey,
  username,
  ...options
}: ApiKeyOptions): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.gen(function* () {
    const secret = Redacted.value(apiKey)
    const byKey = yield* login(
      "Rackspace.apiKey",
      options,
      { "RAX-KSKEY:apiKeyCredentials": { username, apiKey: secret } },
      secret
    )
    const byPassword = yield* login(
      "Rackspace.password",
      options,
      { passwordCredentials: { username, password: secret } },
      secret
    )
    return yield* Identity.make(Effect.catchTag(byKey, "AuthenticationFailed", () => byPassword))
  })

/**
 * Makes an identity that logs in with a password.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePassword = ({
  password,
  projectId,
  projectName,
  userId,
  username,
  ...options
}: PasswordOptions): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> => {
  const secret = Redacted.value(password)
  const user = username === undefined ? { userId } : { username }
  const project = projectId === undefined ? { tenantName: projectName } : { tenantId: projectId }
  return Effect.flatMap(
    login("Rackspace.password", options, { passwordCredentials: { ...user, password: secret }, ...project }, secret),
    Identity.make
  )
}

/**
 * Logs in with an API key. If the server rejects the key, the key is sent as a password.
 *
 * @example
 * ```ts
 * import { Rackspace } from "@effect-glance/http"
 * import { Redacted } from "effect"
 *
 * const identity = Rackspace.layerApiKey({ username: "demo", apiKey: Redacted.make("key") })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerApiKey: (options: ApiKeyOptions) => Layer.Layer<Identity.Identity, never, HttpClient.HttpClient> =
  Login.layer(makeApiKey)

/**
 * {@link layerApiKey} with options that are read from the `ConfigProvider`.
 *
 * @example
 * ```ts
 * import { Rackspace } from "@effect-glance/http"
 * import { Config } from "effect"
 *
 * const identity = Rackspace.layerApiKeyConfig({
 *   username: Config.string("RAX_USERNAME"),
 *   apiKey: Config.redacted("RAX_API_KEY")
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerApiKeyConfig: (
  options: Config.Config.Wrap<ApiKeyOptions>
) => Layer.Layer<Identity.Identity, ConfigError.ConfigError, HttpClient.HttpClient> = Login.layerConfig(makeApiKey)

/**
 * Logs in with a password, to Rackspace or any identity service with version 2.0 of the API.
 *
 * @example
 * ```ts
 * import { Rackspace } from "@effect-glance/http"
 * import { Redacted } from "effect"
 *
 * const identity = Rackspace.layerPassword({ username: "demo", password: Redacted.make("secret") })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPassword: (options: PasswordOptions) => Layer.Layer<Identity.Identity, never, HttpClient.HttpClient> =
  Login.layer(makePassword)

/**
 * {@link layerPassword} with options that are read from the `ConfigProvider`.
 *
 * @example
 * ```ts
 * import { Rackspace } from "@effect-glance/http"
 * import { Config } from "effect"
 *
 * const identity = Rackspace.layerPasswordConfig({
 *   username: Config.string("RAX_USERNAME"),
 *   password: Config.redacted("RAX_PASSWORD")
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPasswordConfig: (
  options: Config.Config.Wrap<PasswordOptions>
) => Layer.Layer<Identity.Identity, ConfigError.ConfigError, HttpClient.HttpClient> = Login.layerConfig(makePassword)
