import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Layer from "effect/Layer"
import { fromEnvironment, TheCloud } from "../contract/cloud.js"
import { contract } from "../contract/index.js"

contract(
  "the contract on a real Glance",
  Layer.merge(Layer.effect(TheCloud, fromEnvironment), NodeHttpClient.layerUndici)
)
