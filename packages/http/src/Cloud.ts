/**
 * Connects to a cloud over HTTP: provides the port of the Image API with an identity and the HTTP client of the runtime.
 *
 * If that client is `fetch`, provide its options (`FetchHttpClient.RequestInit`) to these layers or to the program, not
 * only to `FetchHttpClient.layer`, because these layers set its `redirect`.
 *
 * @since 0.1.0
 */

import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Path from "@effect/platform/Path"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Catalog from "./Catalog.js"
import * as Circuit from "./Circuit.js"
import * as CloudAuth from "./CloudAuth.js"
import * as CloudConfig from "./CloudConfig.js"
import type * as CloudConfigError from "./CloudConfigError.js"
import * as Identity from "./Identity.js"
import { auth, type RootOf } from "./internal/client/auth.js"
import { limits } from "./internal/client/limits.js"
import { redact } from "./internal/client/redact.js"
import { isRepeatableMethod, retry } from "./internal/client/retry.js"
import { sendable } from "./internal/client/sendable.js"
import { telemetry } from "./internal/client/telemetry.js"
import * as Persistence from "./internal/persistence.js"
import * as Throttle from "./Throttle.js"

/**
 * The endpoint, the time limit and the retries.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Catalog.Selection {
  /** The URL of the image service, instead of that of the catalog. */
  readonly endpoint?: string | undefined
  /**
   * The time limit of an operation, from its first request to the last byte of its last response, logins and retries
   * included.
   *
   * @default 60 seconds
   */
  readonly timeLimit?: Duration.DurationInput | undefined
  /**
   * Retries of a request: GET, HEAD and PUT after a broken connection, 502, 503 or 504; any method if the server was
   * not reached, and after 429 or 413 with `Retry-After`, because the server did nothing. A request whose body is a stream is
   * never retried.
   *
   * @default 3
   */
  readonly retries?: number | undefined
  /**
   * The back-off before the first retry, varied by up to a fifth. It doubles with each retry, and is never less than
   * `Retry-After`. A wait that would end after the time limit does not begin.
   *
   * @default 200 milliseconds
   */
  readonly backoff?: Duration.DurationInput | undefined
  /**
   * Which request bodies the `HttpClient` can send as a stream. Set it if the client is not the `fetch` of the runtime.
   *
   * @default what the `fetch` of the runtime can do
   */
  readonly bodyStreaming?: GlanceClient.BodyStreaming | undefined
  /**
   * The longest JSON body that is read, in bytes after decompression. A longer one fails with `UnexpectedAnswer`, and its
   * connection is closed. Of the bodies of errors, at most 64 KiB are read.
   *
   * @default 134217728 (128 MiB)
   */
  readonly bodyLimit?: number | undefined
  /**
   * Transforms the `HttpClient` of the runtime, for instance to add a header or to record requests. It is below
   * retries, limits, authentication and telemetry: it sees each attempt, with its token. The layers of this module that log
   * in by themselves use it for logins, too.
   *
   * @default no transformation
   */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

/**
 * The URL of an image service, and a token for it.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenOptions extends Omit<Options, keyof Catalog.Selection> {
  /** The URL of the image service, with or without `/v2`. */
  readonly endpoint: string
  readonly token: Redacted.Redacted<string>
  /** The project of the token, for operations that need its id. */
  readonly projectId?: string | undefined
}

/**
 * Makes the port from the identity and the HTTP client of the context. The first operation logs in.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({
  backoff,
  bodyLimit,
  bodyStreaming,
  endpoint,
  retries,
  timeLimit,
  transformClient = (client) => client,
  ...selection
}: Options = {}): Effect.Effect<GlanceClient.Service, never, Identity.Identity | HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const identity = yield* Identity.Identity
    const runtimeClient = transformClient(yield* HttpClient.HttpClient)
    const fetchOptions = Option.getOrUndefined(yield* Effect.serviceOption(FetchHttpClient.RequestInit))
    const circuit = Option.getOrUndefined(yield* Effect.serviceOption(Circuit.Circuit))
    const throttle = Option.getOrUndefined(yield* Effect.serviceOption(Throttle.Throttle))
    const persistence = Persistence.of({ backoff, retries, timeLimit })

    /** A request passes these layers from the last to the first. */
    const clientOf = (service: "image" | "objectStore", rootOf: RootOf): GlanceClient.Client =>
      runtimeClient.pipe(
        redact,
        telemetry,
        sendable,
        limits({ circuit, throttle: service === "image" ? throttle : undefined, timeLimit: persistence.timeLimit }),
        retry({ ...persistence, circuit, isRepeatable: isRepeatableMethod }),
        auth(identity, rootOf, fetchOptions)
      )

    const imageEndpoint = ({ catalog }: Identity.Session) =>
      endpoint === undefined ? Catalog.endpoint(catalog, "image", selection) : Either.right(endpoint)
    /** If no region is chosen, that of the images, which do not reach the containers of another. */
    const objectStoreRoot = ({ catalog }: Identity.Session) =>
      Catalog.endpoint(catalog, "object-store", {
        ...selection,
        region: Either.match(Catalog.find(catalog, "image", selection), {
          onLeft: () => selection.region,
          onRight: (found) => (Catalog.isGlobal(found) ? selection.region : found.region)
        })
      })
    const objectStore = clientOf("objectStore", objectStoreRoot)

    return {
      client: clientOf("image", (session) => Either.map(imageEndpoint(session), Catalog.imageRoot)),
      unversioned: clientOf("image", (session) => Either.map(imageEndpoint(session), Catalog.unversionedRoot)),
      projectId: Effect.map(identity.session, (session) => session.projectId),
      objectStore: Effect.map(identity.session, (session) =>
        Option.as(Either.getRight(objectStoreRoot(session)), objectStore)
      ),
      ensureToken: (life) => Effect.asVoid(identity.lasting(life)),
      timeLimit: persistence.timeLimit,
      bodyLimit,
      bodyStreaming
    }
  })

/**
 * Provides the cloud of the identity in the context.
 *
 * @example
 * ```ts
 * import { Cloud, Keystone } from "@effect-glance/http"
 * import { Layer, Redacted } from "effect"
 *
 * const identity = Keystone.layerPassword({
 *   authUrl: "https://keystone.example/v3",
 *   username: "demo",
 *   password: Redacted.make("secret"),
 *   projectName: "demo"
 * })
 * const cloud = Layer.provide(Cloud.layer({ region: "RegionOne" }), identity)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<GlanceClient.GlanceClient, never, Identity.Identity | HttpClient.HttpClient> =>
  Layer.effect(GlanceClient.GlanceClient, make(options))

/**
 * {@link layer} with options that are read from the `ConfigProvider`.
 *
 * @example
 * ```ts
 * import { Cloud } from "@effect-glance/http"
 * import { Config } from "effect"
 *
 * const cloud = Cloud.layerConfig({ region: Config.string("REGION"), retries: Config.integer("RETRIES") })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Omit<Options, "transformClient">>
): Layer.Layer<GlanceClient.GlanceClient, ConfigError.ConfigError, Identity.Identity | HttpClient.HttpClient> =>
  Layer.effect(GlanceClient.GlanceClient, Effect.flatMap(Config.unwrap(options), make))

/**
 * Provides an image service by its URL and a token. There is no login, and the token is never renewed.
 *
 * @example
 * ```ts
 * import { Cloud } from "@effect-glance/http"
 * import { Redacted } from "effect"
 *
 * const cloud = Cloud.layerToken({ endpoint: "https://glance.example", token: Redacted.make("token") })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerToken = ({
  projectId,
  token,
  ...options
}: TokenOptions): Layer.Layer<GlanceClient.GlanceClient, never, HttpClient.HttpClient> =>
  Layer.effect(
    GlanceClient.GlanceClient,
    Effect.provideService(
      make(options),
      Identity.Identity,
      Identity.fixed({ token, lifetime: Option.none(), projectId: Option.fromNullable(projectId), catalog: [] })
    )
  )

/**
 * {@link layerToken} with options that are read from the `ConfigProvider`.
 *
 * @example
 * ```ts
 * import { Cloud } from "@effect-glance/http"
 * import { Config } from "effect"
 *
 * const cloud = Cloud.layerTokenConfig({ endpoint: Config.string("GLANCE_URL"), token: Config.redacted("GLANCE_TOKEN") })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTokenConfig = (
  options: Config.Config.Wrap<Omit<TokenOptions, "transformClient">>
): Layer.Layer<GlanceClient.GlanceClient, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(options), layerToken))

/** A login that gives no token sends none. */
const withoutEmptyToken = HttpClient.mapRequest((request: HttpClientRequest.HttpClientRequest) =>
  request.headers["x-auth-token"] === ""
    ? HttpClientRequest.make(request.method)(request.url, {
        urlParams: request.urlParams,
        hash: Option.getOrUndefined(request.hash),
        headers: Headers.remove(request.headers, "x-auth-token"),
        body: request.body
      })
    : request
)

const ofConfig = (
  config: CloudConfig.Service,
  { transformClient = (client) => client, ...options }: Options = {}
): Effect.Effect<GlanceClient.Service, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.gen(function* () {
    const client = transformClient(yield* HttpClient.HttpClient)
    const identity = yield* Effect.provideService(CloudAuth.makeIdentity(config.auth), HttpClient.HttpClient, client)
    return yield* make({
      ...options,
      region: options.region ?? Option.getOrUndefined(config.region),
      interface: options.interface ?? config.interface,
      endpoint: options.endpoint ?? Option.getOrUndefined(config.endpoint),
      timeLimit: options.timeLimit ?? Option.getOrUndefined(config.timeLimit)
    }).pipe(
      Effect.provideService(Identity.Identity, identity),
      Effect.provideService(HttpClient.HttpClient, config.auth.type === "none" ? withoutEmptyToken(client) : client)
    )
  })

/**
 * Provides the cloud of the {@link CloudConfig.CloudConfig} in the context. The provided HTTP client is used as it is, so
 * its owner has to follow `tls`.
 *
 * @example
 * ```ts
 * import { Cloud, CloudConfig } from "@effect-glance/http"
 * import { Layer } from "effect"
 *
 * const cloud = Layer.provide(Cloud.layerCloudConfig(), CloudConfig.layerEnv)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCloudConfig = (
  options?: Options
): Layer.Layer<GlanceClient.GlanceClient, never, CloudConfig.CloudConfig | HttpClient.HttpClient> =>
  Layer.scoped(
    GlanceClient.GlanceClient,
    Effect.flatMap(CloudConfig.CloudConfig, (config) => ofConfig(config, options))
  )

/** Warns about settings of TLS, which only the HTTP client can follow. */
const withGivenClient = (config: CloudConfig.Service, options?: Options) =>
  Effect.gen(function* () {
    const { caFile, certificateFile, verify } = config.tls
    const ignored = [
      ...(verify ? [] : ["verify"]),
      ...(verify && Option.isSome(caFile) ? ["cacert"] : []),
      ...(Option.isSome(certificateFile) ? ["cert"] : [])
    ]
    if (ignored.length > 0) {
      yield* Effect.logWarning(
        `${config.source}: cloud ${JSON.stringify(config.cloud)} sets ${ignored.join(" and ")}, which has no effect on the ` +
          "provided HttpClient; use NodeCloud of @effect-glance/node"
      )
    }
    return yield* ofConfig(config, options)
  })

/**
 * Provides the cloud of the `OS_*` variables: see {@link CloudConfig.fromEnv}. Options have priority over variables. Each
 * call is a layer of its own, so that a program can use several projects.
 *
 * @example
 * ```ts
 * import { Images } from "@effect-glance/core"
 * import { Cloud } from "@effect-glance/http"
 * import { NodeTransport } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Images.layer.pipe(Layer.provide(Cloud.layerEnv({ timeLimit: "30 seconds" })), Layer.provide(NodeTransport.layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEnv = (
  options?: Options
): Layer.Layer<
  GlanceClient.GlanceClient,
  CloudConfigError.CloudConfigError | ConfigError.ConfigError,
  HttpClient.HttpClient
> =>
  Layer.scoped(
    GlanceClient.GlanceClient,
    Effect.flatMap(CloudConfig.fromEnv, (config) => withGivenClient(config, options))
  )

/**
 * Provides a cloud of `clouds.yaml` by its name: see {@link CloudConfig.fromFiles}. Without a name it chooses as
 * openstacksdk does: `OS_CLOUD`, or else the `OS_*` variables, or else the only cloud. The option `region` chooses one of
 * the cloud's regions with its settings. All other options have priority over the file.
 *
 * Each call is a layer of its own, so that a program can use several clouds and regions.
 *
 * @example
 * ```ts
 * import { NodeContext } from "@effect/platform-node"
 * import { Cloud } from "@effect-glance/http"
 * import { NodeTransport } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(Cloud.layerCloudsYaml("prod", { region: "north" }), [NodeTransport.layer, NodeContext.layer])
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCloudsYaml = (
  cloud?: string,
  { region, ...options }: Options = {}
): Layer.Layer<
  GlanceClient.GlanceClient,
  CloudConfigError.CloudConfigError | ConfigError.ConfigError,
  HttpClient.HttpClient | FileSystem.FileSystem | Path.Path
> =>
  Layer.scoped(
    GlanceClient.GlanceClient,
    Effect.flatMap(CloudConfig.fromFiles({ cloud, region }), (config) => withGivenClient(config, options))
  )
