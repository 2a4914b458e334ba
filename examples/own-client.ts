import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import { Console, Effect, Layer, Stream } from "effect"

// Any HttpClient is possible: another transport, a proxy, a recording. This one is fetch with a user agent, and prints
// a line for each response.
const ownClient = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, (client) =>
    client.pipe(
      HttpClient.mapRequest(HttpClientRequest.setHeader("user-agent", "nightly-report/1.0")),
      HttpClient.tap((response) => Console.log(response.request.method, response.status))
    )
  )
).pipe(Layer.provide(FetchHttpClient.layer))

const count = Effect.flatMap(Images.Images, (images) => Stream.runCount(images.listAll({ visibility: "all" })))

count.pipe(
  Effect.flatMap((images) => Console.log(`${images} images`)),
  Effect.provide(Images.layer),
  Effect.provide(Cloud.layerEnv()),
  Effect.provide(ownClient),
  NodeRuntime.runMain
)
