// #region transform
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { GlanceClient } from "@effect-glance/core"
import { Cloud } from "@effect-glance/http"
import { Duration, Effect, Layer, Option } from "effect"

/** Adds a header to every request of this cloud, logins included. */
export const named = Cloud.layerEnv({
  transformClient: HttpClient.mapRequest(HttpClientRequest.setHeader("user-agent", "nightly-report/1.0"))
})
// #endregion transform

// #region port
/** A port whose responses are written down here: a cloud without images, for a unit test. */
export const emptyCloud = Layer.sync(GlanceClient.GlanceClient, () => {
  const client = GlanceClient.makeClient((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, Response.json({ images: [] })))
  )
  return {
    client,
    unversioned: client,
    projectId: Effect.succeed(Option.none()),
    objectStore: Effect.succeed(Option.none()),
    ensureToken: () => Effect.void,
    timeLimit: Duration.minutes(1)
  }
})
// #endregion port
