/**
 * A cloud that is reached over HTTP: the port of the Image API on an identity and the HTTP client of the runtime.
 *
 * Where that client is `fetch`, options for it (`FetchHttpClient.RequestInit`) are provided to these layers or to the
 * program, not only to `FetchHttpClient.layer`: its `redirect` has to be set here.
 *
 * @since 0.1.0
 */

import type * as HttpClient from "@effect/platform/HttpClient"
import * as GlanceHttp from "@effect-glance/core/GlanceHttp"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Catalog from "./Catalog.js"
import * as Identity from "./Identity.js"
import { guarded } from "./internal/guard.js"
import * as Transport from "./internal/transport.js"
import * as Keystone from "./Keystone.js"
import * as Rackspace from "./Rackspace.js"

/**
 * Which endpoint is used, and how persistent a request is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Catalog.Selection {
  /** The image service's URL, instead of that in the catalog. */
  readonly endpoint?: string | undefined
  /**
   * How long an operation may take, from its first request to the last byte of its last answer, logins and retries
   * included.
   *
   * @default 60 seconds
   */
  readonly timeLimit?: Duration.DurationInput | undefined
  /**
   * How often a request is sent again that is safe to repeat: GET, HEAD and PUT after a broken connection, 502, 503 or
   * 504; any method where the server was not reached, or refused before it did anything (429; 413 with `Retry-After`).
   * Never one whose body is a stream.
   *
   * @default 3
   */
  readonly retries?: number | undefined
  /**
   * The wait before the first repetition, give or take a fifth; it doubles with each further one, and is never less
   * than `Retry-After`. A wait that would end after the time limit is not begun.
   *
   * @default 200 milliseconds
   */
  readonly backoff?: Duration.DurationInput | undefined
}

/**
 * An image service whose URL is known, and a token for it.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenOptions extends Omit<Options, keyof Catalog.Selection> {
  /** The image service's URL, with or without `/v2`. */
  readonly endpoint: string
  readonly token: Redacted.Redacted<string>
  /** The project of the token, for operations that act as it. */
  readonly projectId?: string | undefined
}

/**
 * The port on the identity and the HTTP client of the context. Nothing is sent and nobody is logged in before the first
 * operation.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({
  backoff = "200 millis",
  endpoint,
  retries = 3,
  timeLimit = "60 seconds",
  ...selection
}: Options = {}): Effect.Effect<GlanceHttp.Service, never, Identity.Identity | HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const identity = yield* Identity.Identity
    const client = yield* guarded
    const longest = Duration.decode(timeLimit)
    const retry = { times: retries, backoff: Duration.decode(backoff), longest }

    const imageEndpoint = ({ catalog }: Identity.Session) =>
      endpoint === undefined ? Catalog.endpoint(catalog, "image", selection) : Either.right(endpoint)
    /** Where no region is chosen, the images' own: containers of another are out of their reach. */
    const objectStoreRoot = ({ catalog }: Identity.Session) =>
      Catalog.endpoint(catalog, "object-store", {
        ...selection,
        region: Either.match(Catalog.find(catalog, "image", selection), {
          onLeft: () => selection.region,
          onRight: ({ region }) => region
        })
      })

    return {
      execute: Transport.make(
        client,
        identity,
        (session) => Either.map(imageEndpoint(session), Catalog.imageRoot),
        retry
      ),
      unversioned: Transport.make(
        client,
        identity,
        (session) => Either.map(imageEndpoint(session), Catalog.unversionedRoot),
        retry
      ),
      projectId: Effect.map(identity.session, (session) => session.projectId),
      objectStore: Effect.map(identity.session, (session) =>
        Either.match(objectStoreRoot(session), {
          onLeft: () => Option.none(),
          onRight: () => Option.some(Transport.make(client, identity, objectStoreRoot, retry))
        })
      ),
      ensureToken: (life) => Effect.asVoid(identity.lasting(life)),
      timeLimit: longest
    }
  })

/**
 * The cloud that an identity opens.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<GlanceHttp.GlanceHttp, never, Identity.Identity | HttpClient.HttpClient> =>
  Layer.effect(GlanceHttp.GlanceHttp, make(options))

/**
 * {@link layer} with options that are read from the `ConfigProvider`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<GlanceHttp.GlanceHttp, ConfigError.ConfigError, Identity.Identity | HttpClient.HttpClient> =>
  Layer.effect(GlanceHttp.GlanceHttp, Effect.flatMap(Config.unwrap(options), make))

/**
 * An image service whose URL and a token for it are at hand. The token is never renewed.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerToken = ({
  projectId,
  token,
  ...options
}: TokenOptions): Layer.Layer<GlanceHttp.GlanceHttp, never, HttpClient.HttpClient> =>
  Layer.effect(
    GlanceHttp.GlanceHttp,
    Effect.provideService(
      make(options),
      Identity.Identity,
      Identity.fixed({ token, lifetime: Option.none(), projectId: Option.fromNullable(projectId), catalog: [] })
    )
  )

/**
 * {@link layerToken} with options that are read from the `ConfigProvider`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTokenConfig = (
  options: Config.Config.Wrap<TokenOptions>
): Layer.Layer<GlanceHttp.GlanceHttp, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(options), layerToken))

const required = (name: string): Config.Config<string> => Config.nonEmptyString(name)
/** Not by `Config.redacted`, which redacts that the variable is missing, too. */
const secret = (name: string): Config.Config<Redacted.Redacted<string>> => Config.map(required(name), Redacted.make)

/** A variable that is set to nothing is as good as unset: the files that clouds hand out have such lines. */
const optional = (name: string): Config.Config<string | undefined> =>
  Config.string(name).pipe(
    Config.map((text) => (text === "" ? undefined : text)),
    Config.withDefault(undefined)
  )

/** The variable, or what older files call it. */
const either = (name: string, older: string): Config.Config<string | undefined> =>
  Config.map(Config.all([optional(name), optional(older)]), ([value, olderValue]) => value ?? olderValue)

/** What cannot be without the one field or the other: the error names the variable of the one that most people set. */
const withOneOf = <A>(config: Config.Config<A>, fields: ReadonlyArray<keyof A>, name: string, other: string) =>
  Config.mapOrFail(config, (options) =>
    fields.some((field) => options[field] !== undefined)
      ? Either.right(options)
      : Either.left(ConfigError.MissingData([name], `Expected ${name} or ${other} to be set`))
  )

const authUrl = required("OS_AUTH_URL")

const scope = {
  projectId: either("OS_PROJECT_ID", "OS_TENANT_ID"),
  projectName: either("OS_PROJECT_NAME", "OS_TENANT_NAME"),
  projectDomainId: optional("OS_PROJECT_DOMAIN_ID"),
  projectDomainName: optional("OS_PROJECT_DOMAIN_NAME"),
  domainId: optional("OS_DOMAIN_ID"),
  domainName: optional("OS_DOMAIN_NAME")
}

const user = {
  userId: optional("OS_USER_ID"),
  username: optional("OS_USERNAME"),
  userDomainId: optional("OS_USER_DOMAIN_ID"),
  userDomainName: optional("OS_USER_DOMAIN_NAME")
}

const password = () =>
  Keystone.layerPasswordConfig(
    withOneOf(
      Config.all({ authUrl, ...user, ...scope, password: secret("OS_PASSWORD") }),
      ["username", "userId"],
      "OS_USERNAME",
      "OS_USER_ID"
    )
  )

const token = () => Keystone.layerTokenConfig({ authUrl, ...scope, token: secret("OS_TOKEN") })

const applicationCredential = () =>
  Keystone.layerApplicationCredentialConfig(
    withOneOf(
      Config.all({
        authUrl,
        ...user,
        applicationCredentialId: optional("OS_APPLICATION_CREDENTIAL_ID"),
        applicationCredentialName: optional("OS_APPLICATION_CREDENTIAL_NAME"),
        applicationCredentialSecret: secret("OS_APPLICATION_CREDENTIAL_SECRET")
      }),
      ["applicationCredentialId", "applicationCredentialName"],
      "OS_APPLICATION_CREDENTIAL_ID",
      "OS_APPLICATION_CREDENTIAL_NAME"
    )
  )

const rackspaceApiKey = () =>
  Rackspace.layerApiKeyConfig({
    username: required("OS_USERNAME"),
    apiKey: secret("OS_API_KEY"),
    authUrl: optional("OS_AUTH_URL")
  })

const authTypes = {
  password,
  v3password: password,
  token,
  v3token: token,
  v3applicationcredential: applicationCredential,
  rackspace_apikey: rackspaceApiKey
}

const authType = Config.withDefault(
  Config.literal(...(Object.keys(authTypes) as Array<keyof typeof authTypes>), "")("OS_AUTH_TYPE"),
  ""
).pipe(Config.map((name) => name || "password"))

const faces = ["public", "internal", "admin"] as const

/** `publicURL` is the older spelling of `public`. */
const faceOf = (variable: string) =>
  Config.mapOrFail(optional(variable), (text) => {
    const known = faces.find((each) => each === text?.replace(/URL$/, ""))
    return text === undefined || known !== undefined
      ? Either.right(known)
      : Either.left(ConfigError.InvalidData([variable], `Expected one of ${faces.join(", ")} but received ${text}`))
  })

const face = Config.map(
  Config.all([faceOf("OS_INTERFACE"), faceOf("OS_ENDPOINT_TYPE")]),
  ([name, older]) => name ?? older
)

/**
 * The cloud that the usual `OS_*` variables name: `OS_AUTH_TYPE` (`password` unless told otherwise, `token`,
 * `v3applicationcredential`, `rackspace_apikey`) and what it needs, `OS_REGION_NAME`, `OS_INTERFACE`,
 * `OS_IMAGE_ENDPOINT_OVERRIDE`. One that is empty is as good as unset. They are read through the `ConfigProvider`,
 * which need not be the environment.
 *
 * A layer is built once for all who ask for it in one graph: where two projects stand side by side, take `Layer.fresh`
 * of this one for each.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEnv: Layer.Layer<GlanceHttp.GlanceHttp, ConfigError.ConfigError, HttpClient.HttpClient> = layerConfig(
  {
    region: optional("OS_REGION_NAME"),
    interface: face,
    endpoint: optional("OS_IMAGE_ENDPOINT_OVERRIDE")
  }
).pipe(Layer.provide(Layer.unwrapEffect(Effect.map(authType, (name) => authTypes[name]()))))
