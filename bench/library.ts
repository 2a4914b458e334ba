/** The library and the floor, ready to work at the stub. All that the benchmark needs of the library's layers is here. */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Image from "@effect-glance/core/Image"
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Undici from "undici"
import type { Side } from "./item.js"
import * as Records from "./records.js"

export const token = Redacted.make("0123456789abcdef0123456789abcdef")

export const imageId = Image.ImageId.make(Records.idOf(17))

/** The cloud at the stub, over undici or another client. */
export const cloud = (root: string, client: Layer.Layer<HttpClient.HttpClient> = NodeTransport.layer) =>
  Layer.provideMerge(Cloud.layerToken({ endpoint: root, token }), client)

/** An effect of the library. */
export const library =
  (
    work: (images: Images.Service) => Effect.Effect<unknown, unknown, HttpClient.HttpClient>,
    client?: Layer.Layer<HttpClient.HttpClient>
  ): Side =>
  async (root) => {
    const runtime = ManagedRuntime.make(Layer.provideMerge(Images.layer, cloud(root, client)))
    await runtime.runtime()
    return () => runtime.runPromise(Effect.flatMap(Images.Images, work))
  }

/** Returns what was parsed, unchecked. */
// biome-ignore lint/suspicious/noExplicitAny: the floor checks nothing
type Ask = (path: string, options?: { readonly method?: "PATCH"; readonly body?: string }) => Promise<any>

/** The same by undici and `JSON.parse`. */
export const raw =
  (work: (ask: Ask) => Promise<unknown>): Side =>
  async (root) => {
    const dispatcher = new Undici.Agent()
    const headers = { "x-auth-token": Redacted.value(token), accept: "application/json" }
    const patchHeaders = { ...headers, "content-type": "application/openstack-images-v2.1-json-patch" }
    return () =>
      work(async (path, { body, method = "GET" } = {}) => {
        const response = await Undici.request(`${root}${path}`, {
          dispatcher,
          method,
          headers: method === "GET" ? headers : patchHeaders,
          body: body ?? null
        })
        return JSON.parse(await response.body.text())
      })
  }
