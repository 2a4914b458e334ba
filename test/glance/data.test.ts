import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Layer from "effect/Layer"
import { fromEnvironment, TheCloud } from "../contract/cloud.js"
import { dataContract } from "../contract/data.js"

dataContract(
  "the contract of data on a real Glance",
  Layer.merge(Layer.effect(TheCloud, fromEnvironment), NodeHttpClient.layerUndici),
  { stores: ["fast", "slow"] }
)
