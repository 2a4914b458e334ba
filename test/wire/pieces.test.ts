/** Bodies in pieces of one byte: a fold over a stream takes a stack frame for each piece of a chunk. */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, Image, ImageData } from "@effect-glance/core"
import * as Cloud from "@effect-glance/http/Cloud"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { id, transports } from "./support.js"

const count = 100_000

/** A chunked response with a byte in each chunk, as few writes to the socket. */
const server = Effect.acquireRelease(
  Effect.async<http.Server>((resume) => {
    const server = http.createServer((request, response) => {
      request.resume()
      response.socket?.end(
        `HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${"1\r\na\r\n".repeat(count)}0\r\n\r\n`
      )
    })
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) =>
    Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
      server.closeAllConnections()
    })
)

const layerOf = (transport: (typeof transports)[number][1]) =>
  Layer.unwrapScoped(
    Effect.map(server, (server) => {
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      return Layer.provideMerge(ImageData.layer, Cloud.layerToken({ endpoint, token: Redacted.make("token") }))
    })
  ).pipe(Layer.provide(transport))

const fold = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Stream.runFold(stream, 0, (total, piece) => total + piece.length)

for (const [name, transport] of transports) {
  describe(`a body of 100,000 chunks of one byte over ${name}`, () => {
    it.live("is folded by a download without a stack overflow", () =>
      Effect.gen(function* () {
        const data = yield* ImageData.ImageData
        assert.strictEqual(yield* fold(data.download(Image.ImageId.make(id), { verify: false })), count)
      }).pipe(Effect.provide(layerOf(transport)))
    )

    it.live("is folded by the stream of a plain response without a stack overflow", () =>
      Effect.gen(function* () {
        const port = yield* GlanceClient.GlanceClient
        const response = yield* port.client.execute(HttpClientRequest.get(`/images/${id}/file`))
        assert.strictEqual(yield* fold(response.stream), count)
      }).pipe(Effect.provide(layerOf(transport)))
    )
  })
}
