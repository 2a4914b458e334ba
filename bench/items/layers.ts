/** What each layer adds to 10,000 small requests, one after the other. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import * as Identity from "@effect-glance/http/Identity"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Item, Side } from "../item.js"
import { imageId, raw, token } from "../library.js"

const count = 10_000
const path = `/images/${imageId}`

type Services = HttpClient.HttpClient | GlanceClient.GlanceClient | Images.Images

interface Options {
  readonly spans?: boolean
  readonly transport?: Layer.Layer<HttpClient.HttpClient>
}

const many =
  (
    work: (root: string) => Effect.Effect<unknown, unknown, Services>,
    options: Cloud.TokenOptions | "login",
    { spans = true, transport = NodeTransport.layer }: Options = {}
  ): Side =>
  async (root) => {
    const identity = Layer.scoped(
      Identity.Identity,
      Identity.make(
        Effect.sync(() => ({
          token,
          lifetime: Option.some({ issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }),
          projectId: Option.none(),
          catalog: []
        }))
      )
    )
    const cloud =
      options === "login"
        ? Layer.provide(Cloud.layer({ endpoint: root }), identity)
        : Cloud.layerToken({ ...options, endpoint: root })
    const runtime = ManagedRuntime.make(Images.layer.pipe(Layer.provideMerge(cloud), Layer.provideMerge(transport)))
    await runtime.runtime()
    const all = Effect.repeatN(work(root), count - 1)
    return () => runtime.runPromise(spans ? all : Effect.withTracerEnabled(all, false))
  }

const parsed = (text: string): unknown => JSON.parse(text)

const client = (root: string) =>
  Effect.flatMap(HttpClient.HttpClient, (http) =>
    http.execute(
      HttpClientRequest.setHeaders(HttpClientRequest.get(`${root}/v2${path}`), {
        accept: "application/json",
        "x-auth-token": Redacted.value(token)
      })
    )
  ).pipe(
    Effect.flatMap((response) => response.text),
    Effect.map(parsed)
  )

const port = () =>
  Effect.flatMap(GlanceClient.GlanceClient, (http) =>
    http.client.execute(HttpClientRequest.setHeader(HttpClientRequest.get(path), "accept", "application/json"))
  ).pipe(
    Effect.flatMap((response) => response.text),
    Effect.map(parsed)
  )

const get = () => Effect.flatMap(Images.Images, (images) => images.get(imageId))

const fixed = { endpoint: "", token }

export const items: ReadonlyArray<Item> = [
  {
    name: "10,000 small requests",
    sides: {
      floor: raw(async (ask) => {
        for (let index = 0; index < count; index++) await ask(`/v2${path}`)
      }),
      "Images.get": many(get, "login"),
      "Images.get, no spans": many(get, "login", { spans: false }),
      "the port, with a login": many(port, "login"),
      "the port, with a token": many(port, fixed),
      "the port, no retries": many(port, { ...fixed, retries: 0 }),
      NodeTransport: many(client, fixed),
      "NodeTransport, no spans": many(client, fixed, { spans: false }),
      "the undici client of Effect": many(client, fixed, { transport: NodeHttpClient.layerUndici })
    },
    requests: count,
    warm: 0,
    rounds: 3
  }
]
