/**
 * The clouds of `clouds.yaml` and of the `OS_*` variables on Node, with an HTTP client that trusts whom they say.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import type * as GlanceHttp from "@effect-glance/core/GlanceHttp"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Cloud from "../Cloud.js"
import * as CloudConfig from "../CloudConfig.js"
import { type CloudConfigError, UnreadableCloudFile } from "../CloudConfigError.js"
import * as NodeTransport from "./NodeTransport.js"

const read = (file: Option.Option<string>) =>
  Effect.gen(function* () {
    if (Option.isNone(file)) return undefined
    const fs = yield* FileSystem.FileSystem
    return yield* Effect.mapError(
      fs.readFileString(file.value),
      (error) =>
        new UnreadableCloudFile({
          file: file.value,
          reason: error._tag === "SystemError" ? error.reason : error._tag
        })
    )
  })

/**
 * `NodeTransport`, with connections as the `tls` of the cloud wants them.
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
          return yield* Effect.acquireRelease(
            Effect.sync(() => new Undici.Agent({ connect })),
            (agent) => Effect.promise(() => agent.destroy())
          )
        })
      )
    ),
    Layer.provide(NodeContext.layer)
  )

const over = <E>(
  config: Layer.Layer<CloudConfig.CloudConfig, E>,
  options?: Cloud.Options
): Layer.Layer<GlanceHttp.GlanceHttp, E | UnreadableCloudFile> =>
  Cloud.layerCloudConfig(options).pipe(Layer.provide(layerHttpClient), Layer.provide(config))

/**
 * `Cloud.layerEnv` with a client of its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEnv = (
  options?: Cloud.Options
): Layer.Layer<GlanceHttp.GlanceHttp, CloudConfigError | ConfigError.ConfigError> =>
  over(Layer.fresh(CloudConfig.layerEnv), options)

/**
 * `Cloud.layerCloudsYaml` with a client of its own, and the files of the machine.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCloudsYaml = (
  cloud?: string,
  { region, ...options }: Cloud.Options = {}
): Layer.Layer<GlanceHttp.GlanceHttp, CloudConfigError | ConfigError.ConfigError> =>
  over(Layer.provide(CloudConfig.layerFiles({ cloud, region }), NodeContext.layer), options)
