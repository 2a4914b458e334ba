/**
 * Logins at Rackspace's identity service, by its API v2.0. A login that meets a broken connection, 429, 502, 503 or 504
 * is sent again, up to three times and within a minute.
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
 * A user and its API key. The time limit is for each of the two forms in which they are tried.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyOptions extends Identity.LoginOptions {
  readonly username: string
  readonly apiKey: Redacted.Redacted<string>
  /**
   * With or without `/v2.0` at its end.
   *
   * @default "https://identity.api.rackspacecloud.com/v2.0"
   */
  readonly authUrl?: string | undefined
}

const AccessDocument = Schema.Struct({
  access: Schema.Struct({
    token: Schema.Struct({
      id: Schema.String,
      expires: Schema.DateTimeUtc,
      tenant: Schema.optional(Schema.Struct({ id: Schema.String }))
    }),
    serviceCatalog: Schema.optional(Schema.Array(Schema.Unknown))
  })
})

const services = Login.wholeOnes(Schema.Struct({ type: Schema.String, endpoints: Schema.Array(Schema.Unknown) }))

const text = Schema.optional(Schema.NullishOr(Schema.String))

const endpointsOf = Login.wholeOnes(Schema.Struct({ region: text, publicURL: text, internalURL: text, adminURL: text }))

/**
 * An identity that logs in with an API key. What is refused as a key is tried as a password.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeApiKey = ({
  apiKey,
  authUrl = "https://identity.api.rackspacecloud.com/v2.0",
  username,
  ...options
}: ApiKeyOptions): Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.flatMap(guarded, (client) => {
    const secret = Redacted.value(apiKey)
    const attempt = (operation: string, auth: object) =>
      Login.login({
        client,
        operation,
        options,
        url: `${authUrl.replace(/\/+$/, "").replace(/\/v2\.0$/, "")}/v2.0/tokens`,
        body: { auth },
        secret,
        schema: AccessDocument,
        toSession: ({ access: { serviceCatalog = [], token } }, _, begun) =>
          Option.some({
            token: Redacted.make(token.id),
            lifetime: Option.some({ issuedAt: begun, expiresAt: DateTime.toEpochMillis(token.expires) }),
            projectId: Option.fromNullable(token.tenant?.id),
            catalog: services(serviceCatalog).flatMap(({ endpoints, type }) =>
              endpointsOf(endpoints).flatMap(({ adminURL, internalURL, publicURL, region }) =>
                Object.entries({ public: publicURL, internal: internalURL, admin: adminURL }).flatMap(([face, url]) =>
                  url ? [{ service: type, region: region ?? "", interface: face, url }] : []
                )
              )
            )
          })
      })
    return Identity.make(
      Effect.catchTag(
        attempt("Rackspace.apiKey", { "RAX-KSKEY:apiKeyCredentials": { username, apiKey: secret } }),
        "AuthenticationFailed",
        () => attempt("Rackspace.password", { passwordCredentials: { username, password: secret } })
      )
    )
  })

/**
 * Logs in with an API key. What is refused as a key is tried as a password.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerApiKey = (options: ApiKeyOptions): Layer.Layer<Identity.Identity, never, HttpClient.HttpClient> =>
  Layer.scoped(Identity.Identity, makeApiKey(options))

/**
 * {@link layerApiKey} with options that are read from the `ConfigProvider`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerApiKeyConfig = (
  options: Config.Config.Wrap<ApiKeyOptions>
): Layer.Layer<Identity.Identity, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.scoped(Identity.Identity, Effect.flatMap(Config.unwrap(options), makeApiKey))
