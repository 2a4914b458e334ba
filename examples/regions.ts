import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import { Config, Console, Effect, Layer, LayerMap } from "effect"
import { activeNames } from "./active.js"

/** The images of each region of the cloud in `clouds.yaml`: built when it is first asked for, with a login of its own. */
class Regions extends LayerMap.Service<Regions>()("example/Regions", {
  lookup: (region: string) =>
    // Fresh, since a layer is built once for all who ask for it, and this one is for each region another.
    Layer.provide(Layer.fresh(Images.layer), Cloud.layerCloudsYaml(undefined, { region })),
  dependencies: [NodeTransport.layer, NodeContext.layer]
}) {}

/** Which active images the one region has and the other has not, by name. */
const compare = (here: string, there: string) =>
  Effect.gen(function* () {
    const namesIn = (region: string) => Effect.provide(activeNames, Regions.get(region))
    const [mine, theirs] = yield* Effect.all([namesIn(here), namesIn(there)], { concurrency: 2 })
    const only = (some: ReadonlyArray<string>, others: ReadonlyArray<string>) =>
      some.filter((name) => !others.includes(name)).join(", ") || "nothing"
    yield* Console.log(`only in ${here}: ${only(mine, theirs)}`)
    yield* Console.log(`only in ${there}: ${only(theirs, mine)}`)
  })

Config.all([Config.string("HERE"), Config.string("THERE")]).pipe(
  Effect.flatMap(([here, there]) => compare(here, there)),
  Effect.provide(Regions.Default),
  NodeRuntime.runMain
)
