/**
 * What a small request costs beyond the HTTP client of the runtime: the record of an image, 10,000 times one after the
 * other, from a client that answers at once and from a socket. Processor time of this process, the garbage collector's
 * included; the server has a process of its own. Each round measures all, so that what else the machine does is shared.
 *
 *     npm run bench:requests
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Image from "@effect-glance/core/Image"
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Undici from "undici"

const requests = Number(process.env["REQUESTS"] ?? 10_000)
const rounds = 5

const id = "0a4f0c3e-0000-4000-8000-000000000001"
const record = JSON.stringify({
  id,
  name: "debian",
  status: "active",
  visibility: "shared",
  owner: "p1",
  disk_format: "qcow2",
  container_format: "bare",
  size: 1024,
  min_disk: 0,
  min_ram: 0,
  protected: false,
  os_hidden: false,
  checksum: null,
  os_hash_algo: null,
  os_hash_value: null,
  virtual_size: null,
  tags: ["a", "b"],
  created_at: "2026-11-23T15:36:26Z",
  updated_at: "2026-11-23T15:36:26Z",
  self: `/v2/images/${id}`,
  file: `/v2/images/${id}/file`,
  schema: "/v2/schemas/image",
  os_distro: "debian"
})
const headers = { "content-type": "application/json", "x-openstack-request-id": "req-1" }

if (process.send !== undefined) {
  const server = http.createServer((_, response) => response.writeHead(200, headers).end(record))
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port))
  process.on("disconnect", () => process.exit())
} else {
  await main()
}

async function main() {
  const child = fork(fileURLToPath(import.meta.url))
  const [port] = (await once(child, "message")) as [number]
  const endpoint = `http://127.0.0.1:${port}`

  const stub = HttpClient.make((request) =>
    Effect.sync(() => HttpClientResponse.fromWeb(request, new Response(record, { headers })))
  )
  const get = (client: HttpClient.HttpClient) =>
    client
      .execute(
        HttpClientRequest.get(`${endpoint}/v2/images/${id}`, {
          headers: { "x-auth-token": "token", accept: "application/json" }
        })
      )
      .pipe(Effect.flatMap((response) => response.json))
  const images = (client: Layer.Layer<HttpClient.HttpClient>) =>
    Images.layer.pipe(
      Layer.provide(Cloud.layerToken({ endpoint, token: Redacted.make("token") })),
      Layer.provide(client)
    )
  const getImage = Effect.flatMap(Images.Images, (images) => images.get(Image.ImageId.make(id)))

  const many = <A, E, R>(one: Effect.Effect<A, E, R>) => Effect.repeatN(one, requests - 1)
  const agent = new Undici.Agent()
  const kinds: ReadonlyArray<readonly [name: string, run: () => Promise<unknown>]> = [
    ["a stub, HttpClient", () => Effect.runPromise(many(get(stub)))],
    [
      "a stub, images.get",
      () => Effect.runPromise(many(getImage).pipe(Effect.provide(images(Layer.succeed(HttpClient.HttpClient, stub)))))
    ],
    [
      "a socket, undici",
      async () => {
        for (let n = 0; n < requests; n++) {
          const { body } = await Undici.request(`${endpoint}/v2/images/${id}`, { dispatcher: agent })
          await body.json()
        }
      }
    ],
    [
      "a socket, HttpClient",
      () =>
        Effect.runPromise(
          Effect.flatMap(HttpClient.HttpClient, (client) => many(get(client))).pipe(
            Effect.provide(NodeHttpClient.layerUndici)
          )
        )
    ],
    [
      "a socket, images.get",
      () => Effect.runPromise(many(getImage).pipe(Effect.provide(images(NodeHttpClient.layerUndici))))
    ],
    [
      "a socket, NodeTransport",
      () => Effect.runPromise(many(getImage).pipe(Effect.provide(images(NodeTransport.layer))))
    ]
  ]
  const best = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of kinds) {
      const before = process.cpuUsage()
      await run()
      const { system, user } = process.cpuUsage(before)
      // The first round warms up.
      if (round > 0) best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, (system + user) / requests))
    }
  }
  for (const [name, micros] of best) {
    const base = best.get(name.startsWith("a stub") ? "a stub, HttpClient" : "a socket, undici") ?? Number.NaN
    console.log(`${name.padEnd(22)} ${micros.toFixed(0).padStart(5)} us a request, ratio ${(micros / base).toFixed(2)}`)
  }
  await agent.close()
  child.disconnect()
}
