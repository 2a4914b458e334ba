/**
 * Clouds from `clouds.yaml` and the `OS_*` variables on Node. The HTTP client trusts the certificates that they name.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodePath from "@effect/platform-node/NodePath"
import type * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as Cloud from "@effect-glance/http/Cloud"
import * as CloudConfig from "@effect-glance/http/CloudConfig"
import type { CloudConfigError, UnreadableCloudFile } from "@effect-glance/http/CloudConfigError"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Proxies from "./internal/proxy.js"
import * as NodeTransport from "./NodeTransport.js"

const read = (file: Option.Option<string>) =>
  Option.match(file, {
    onNone: () => Effect.succeed(undefined),
    onSome: CloudConfig.readFile
  })

/**
 * `NodeTransport`, with connections as the `tls` of the cloud wants them, and through the proxies that the variables of
 * `NodeTransport.layer` name.
 *
 * @example
 * ```ts
 * import { Cloud, CloudConfig } from "@effect-glance/http"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const cloud = Cloud.layerCloudConfig().pipe(Layer.provide(NodeCloud.layerHttpClient), Layer.provide(CloudConfig.layerEnv))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpClient: Layer.Layer<HttpClient.HttpClient, UnreadableCloudFile, CloudConfig.CloudConfig> =
  Layer.effect(HttpClient.HttpClient, NodeTransport.make).pipe(
    Layer.provide(
      Layer.scoped(
        NodeHttpClient.Dispatcher,
        Effect.gen(function* () {
          const { tls } = yield* CloudConfig.CloudConfig
          const ca = tls.verify ? yield* read(tls.caFile) : undefined
          const cert = yield* read(tls.certificateFile)
          const key = (yield* read(tls.keyFile)) ?? cert
          const connect = {
            rejectUnauthorized: tls.verify,
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined || key === undefined ? {} : { cert, key })
          }
          return yield* Proxies.dispatcher(connect)
        })
      )
    ),
    Layer.provide(NodeFileSystem.layer)
  )

/** The files of the machine. `NodeContext.layer` takes longer to load, because it also runs commands and threads. */
const files = Layer.merge(NodeFileSystem.layer, NodePath.layer)

const over = <E>(
  config: Layer.Layer<CloudConfig.CloudConfig, E>,
  options?: Cloud.Options
): Layer.Layer<GlanceClient.GlanceClient, E | UnreadableCloudFile> =>
  Cloud.layerCloudConfig(options).pipe(Layer.provide(layerHttpClient), Layer.provide(config))

/**
 * `Cloud.layerEnv` with a client of its own.
 *
 * @example
 * ```ts
 * import { Images } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(Images.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEnv = (
  options?: Cloud.Options
): Layer.Layer<GlanceClient.GlanceClient, CloudConfigError | ConfigError.ConfigError> =>
  over(Layer.fresh(CloudConfig.layerEnv), options)

/**
 * `Cloud.layerCloudsYaml` with a client of its own, and the files of the machine.
 *
 * @example
 * ```ts
 * import { Images } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(Images.layer, NodeCloud.layerCloudsYaml("prod", { region: "north" }))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCloudsYaml = (
  cloud?: string,
  { region, ...options }: Cloud.Options = {}
): Layer.Layer<GlanceClient.GlanceClient, CloudConfigError | ConfigError.ConfigError> =>
  over(Layer.provide(CloudConfig.layerFiles({ cloud, region }), files), options)
