// #region service
import { Glance, GlanceError, Images } from "@effect-glance/core"
import { Cloud, Keystone } from "@effect-glance/http"
import { NodeTransport } from "@effect-glance/node"
import { Effect, Layer, Redacted, Schedule, Stream } from "effect"

/** Counts the images of the project. The type says that it needs the service `Images`. */
export const count: Effect.Effect<number, Images.ListAllError, Images.Images> = Effect.gen(function* () {
  const images = yield* Images.Images
  return yield* Stream.runCount(images.listAll())
})
// #endregion service

// #region facade
/** The same with the facade, which has every service under a short name. */
export const countWithFacade = Effect.gen(function* () {
  const { images } = yield* Glance.Glance
  return yield* Stream.runCount(images.listAll())
})
// #endregion facade

// #region layers
/** From the bottom: the HTTP client, the login, the connection to the cloud, the services. */
export const live = Images.layer.pipe(
  Layer.provide(Cloud.layer({ region: "RegionOne", timeLimit: "30 seconds" })),
  Layer.provide(
    Keystone.layerPassword({
      authUrl: "https://keystone.example/v3",
      username: "demo",
      password: Redacted.make("secret"),
      projectName: "demo"
    })
  ),
  Layer.provide(NodeTransport.layer)
)

export const counted = Effect.provide(count, live)
// #endregion layers

// #region errors
/** Handles one error by its tag, retries a category, and leaves the others in the type. */
export const countOrZero = count.pipe(
  Effect.retry({ while: GlanceError.isTransient, schedule: Schedule.exponential("1 second"), times: 3 }),
  Effect.catchTag("AuthenticationFailed", (error) => Effect.as(Effect.logWarning(error.message), 0))
)
// #endregion errors
