// #region login
import { Images, ImageTasks } from "@effect-glance/core"
import { Cloud, Rackspace } from "@effect-glance/http"
import { NodeTransport } from "@effect-glance/node"
import { Config, Effect, Layer } from "effect"

/** Rackspace Cloud Images in Dallas. Reads the user and the API key from variables. */
export const rackspace = Layer.mergeAll(Images.layer, ImageTasks.layer).pipe(
  Layer.provide(Cloud.layer({ region: "DFW" })),
  Layer.provide(
    Rackspace.layerApiKeyConfig({ username: Config.string("RAX_USERNAME"), apiKey: Config.redacted("RAX_API_KEY") })
  ),
  Layer.provide(NodeTransport.layer)
)
// #endregion login

// #region export
/** Exports an image into a container, and returns where it is. */
export const backup = (imageId: string, container: string) =>
  Effect.gen(function* () {
    const tasks = yield* ImageTasks.ImageTasks
    const task = yield* tasks.export(imageId, container)
    return yield* tasks.await(task)
  }).pipe(Effect.catchTag("NoSuchContainer", (error) => Effect.dieMessage(`create ${error.container} first`)))
// #endregion export
