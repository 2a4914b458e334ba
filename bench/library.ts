/** The library and the floor, ready to work at the stub. */
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

/** An effect of the library, over undici. */
export const library =
  (work: (images: Images.Service) => Effect.Effect<unknown, unknown>): Side =>
  async (root) => {
    const runtime = ManagedRuntime.make(
      Images.layer.pipe(Layer.provide(Cloud.layerToken({ endpoint: root, token })), Layer.provide(NodeTransport.layer))
    )
    await runtime.runtime()
    return () => runtime.runPromise(Effect.flatMap(Images.Images, work))
  }

/** Answers what was parsed, of which everybody knows what it is. */
// biome-ignore lint/suspicious/noExplicitAny: nothing is checked here, that is the floor
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
