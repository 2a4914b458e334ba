/** The cloud that the options and the variables name, as layers. */

import type * as HttpClient from "@effect/platform/HttpClient"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import type * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as Cloud from "@effect-glance/http/Cloud"
import * as CloudAuth from "@effect-glance/http/CloudAuth"
import * as CloudConfig from "@effect-glance/http/CloudConfig"
import * as Directory from "@effect-glance/http/Directory"
import * as Identity from "@effect-glance/http/Identity"
import * as NodeCloud from "@effect-glance/node/NodeCloud"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Globals } from "./globals.js"

const files = Layer.merge(NodeFileSystem.layer, NodePath.layer)

/**
 * Options of the command line come before everything. Beside a cloud of a file they override its settings; otherwise they
 * count as variables.
 */
const config = ({ cloud, settings }: Pick<Globals, "cloud" | "settings">) =>
  Layer.effect(
    CloudConfig.CloudConfig,
    Effect.gen(function* () {
      const named = cloud ?? (process.env["OS_CLOUD"] || undefined)
      if (named !== undefined) return yield* CloudConfig.fromFiles({ cloud: named, settings })
      const variables = Object.entries(settings).map(([name, value]) => [`OS_${name.toUpperCase()}`, value] as const)
      return yield* Effect.withConfigProvider(
        CloudConfig.fromFiles(),
        ConfigProvider.orElse(ConfigProvider.fromMap(new Map(variables)), () => ConfigProvider.fromEnv())
      )
    })
  ).pipe(Layer.provide(files))

const identity = Layer.scoped(
  Identity.Identity,
  Effect.flatMap(CloudConfig.CloudConfig, ({ auth }) => CloudAuth.makeIdentity(auth))
)

type Requirements = HttpClient.HttpClient | CloudConfig.CloudConfig | Identity.Identity

const cloud = Layer.unwrapEffect(
  Effect.map(
    CloudConfig.CloudConfig,
    (config): Layer.Layer<GlanceClient.GlanceClient, never, Requirements> =>
      // Only this layer leaves out the header of a token that there is not.
      config.auth.type === "none"
        ? Cloud.layerCloudConfig()
        : Cloud.layer({
            region: Option.getOrUndefined(config.region),
            interface: config.interface,
            endpoint: Option.getOrUndefined(config.endpoint),
            timeLimit: Option.getOrUndefined(config.timeLimit)
          })
  )
)

const directory = Layer.unwrapEffect(
  Effect.map(CloudConfig.CloudConfig, ({ auth, timeLimit }) =>
    Directory.layer({
      authUrl: "authUrl" in auth.options ? (auth.options.authUrl ?? "") : "",
      timeLimit: Option.getOrUndefined(timeLimit)
    })
  )
)

/** Everything that commands use. One login serves Glance and Keystone. */
export const layer = (globals: Pick<Globals, "cloud" | "settings">) =>
  Layer.merge(cloud, directory).pipe(
    Layer.provideMerge(identity),
    Layer.provide(NodeCloud.layerHttpClient),
    Layer.provideMerge(config(globals)),
    Layer.merge(NodeFileSystem.layer)
  )
