// #region yaml
import * as NodeContext from "@effect/platform-node/NodeContext"
import { Images } from "@effect-glance/core"
import { Cloud } from "@effect-glance/http"
import { NodeCloud, NodeTransport } from "@effect-glance/node"
import { Effect, Layer } from "effect"

/** On Node: the cloud `prod` of clouds.yaml, with the certificates and proxies that are configured. */
export const prod = Layer.provide(Images.layer, NodeCloud.layerCloudsYaml("prod"))

/** The same with an HTTP client of your choice. Reading files needs `NodeContext.layer`. */
export const prodWithClient = Images.layer.pipe(
  Layer.provide(Cloud.layerCloudsYaml("prod")),
  Layer.provide([NodeTransport.layer, NodeContext.layer])
)

/** The cloud of the `OS_*` variables. */
export const env = Layer.provide(Images.layer, NodeCloud.layerEnv())
// #endregion yaml

// #region two
/** Lists the names of images in two clouds. Each cloud has a login of its own. */
export const compare = <E, R>(list: Effect.Effect<ReadonlyArray<string>, E, R | Images.Images>) =>
  Effect.gen(function* () {
    const north = yield* Effect.provide(list, imagesOf("north"))
    const south = yield* Effect.provide(list, imagesOf("south"))
    return { north, south }
  })

// Effect builds a layer once for a program. `Layer.fresh` makes another one for each region.
const imagesOf = (region: string) =>
  Layer.provide(Layer.fresh(Images.layer), NodeCloud.layerCloudsYaml("prod", { region }))
// #endregion two
