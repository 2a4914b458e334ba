// #region options
import { GlanceError, type Image, Images } from "@effect-glance/core"
import { Circuit, Cloud, Throttle } from "@effect-glance/http"
import { Effect, Layer, Schedule } from "effect"

/** Operations end after 20 seconds. Requests are retried 5 times, at first after half a second. */
export const patient = Cloud.layerEnv({ timeLimit: "20 seconds", retries: 5, backoff: "500 millis" })
// #endregion options

// #region limits
/** At most 4 requests at once and 10 in a second. After 5 failures in a row, no request for half a minute. */
export const gentle = Cloud.layerEnv().pipe(
  Layer.provide(Throttle.layer({ concurrency: 4, perSecond: 10 })),
  Layer.provide(Circuit.layer({ failures: 5, delay: "30 seconds" }))
)
// #endregion limits

// #region retry
/** Retries a whole operation while the cloud is busy, and waits as long as the server asks for. */
export const deleteWhenPossible = (image: Image.ImageRef) =>
  Effect.flatMap(Images.Images, (images) => images.delete(image)).pipe(
    Effect.retry({
      while: (error) => GlanceError.isTransient(error) || error._tag === "ImageInUse",
      schedule: Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(5))
    })
  )
// #endregion retry

// #region unavailable
/** Skips the work while the circuit is open. */
export const orSkip = <A, E extends GlanceError.GlanceError, R>(work: Effect.Effect<A, E, R>) =>
  work.pipe(
    Effect.asSome,
    Effect.catchIf(
      (error) => error._tag === "CloudUnavailable",
      (error) => Effect.as(Effect.logWarning(error.message), undefined)
    )
  )
// #endregion unavailable
