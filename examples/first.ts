import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import { Console, Effect } from "effect"
import { activeNames } from "./active.js"

activeNames.pipe(
  Effect.flatMap((names) => Console.log(names.join("\n"))),
  Effect.provide(Images.layer),
  Effect.provide(Cloud.layerEnv()), // the cloud that the OS_* variables name
  Effect.provide(NodeTransport.layer),
  NodeRuntime.runMain
)
