import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type TestCloud, TheCloud } from "../contract/cloud.js"
import { contract } from "../contract/index.js"

/** Set by the script that runs these tests beside a Glance of its own. */
const cloud = Effect.map(Config.nonEmptyString("GLANCE_TEST_CLOUD"), (text) => JSON.parse(text) as TestCloud)

contract("the contract on a real Glance", Layer.merge(Layer.effect(TheCloud, cloud), NodeHttpClient.layerUndici))
