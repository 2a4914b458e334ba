import { createHash } from "node:crypto"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Image, ImageData, ImageSource } from "@effect-glance/core"
import * as Cloud from "@effect-glance/http/Cloud"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { imageRecord } from "../support/records.js"
import { between, noise, random } from "./support.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")

/** Reads a body a little at a time, while the rest waits in the client. */
const slow = (next: () => number) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly server: Http.Server; readonly sha512: Array<string> }>((resume) => {
      const sha512: Array<string> = []
      const server = Http.createServer((request, response) => {
        if (request.method === "GET") {
          response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(imageRecord({ id })))
          return
        }
        const hash = createHash("sha512")
        request.on("data", (bytes: Buffer) => {
          hash.update(bytes)
          request.pause()
          const rest = (turns: number): unknown =>
            turns === 0 ? request.resume() : setImmediate(() => rest(turns - 1))
          rest(between(next, 0, 20))
        })
        request.on("end", () => {
          sha512.push(hash.digest("hex"))
          response.writeHead(204).end()
        })
      })
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, sha512 }))
      )
    }),
    ({ server }) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
  )

describe("the pieces of a file", { timeout: 60_000 }, () => {
  it.scopedLive("are written over only when the network has them", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const next = random(17_000)
      const server = yield* slow(next)
      const path = `${yield* fs.makeTempDirectoryScoped()}/image`
      const bytes = noise(16 * 1024 * 1024 + 12_345, next)
      yield* fs.writeFile(path, bytes)
      const memory = new Set<ArrayBufferLike>()
      const watching = HttpClient.mapRequest((request: HttpClientRequest.HttpClientRequest) => {
        const { body } = request
        if (body._tag !== "Stream") return request
        const stream = Stream.tap(body.stream, ({ buffer }) => Effect.sync(() => memory.add(buffer)))
        return HttpClientRequest.setBody(request, HttpBody.stream(stream, body.contentType, body.contentLength))
      })
      const client = Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, watching)).pipe(
        Layer.provide(NodeTransport.layer)
      )
      const cloud = Cloud.layerToken({ endpoint: server.url, token: Redacted.make("token") })
      yield* Effect.flatMap(ImageData.ImageData, (data) =>
        data.upload(id, ImageSource.file(path), { verify: false, checkFormat: false })
      ).pipe(Effect.provide(ImageData.layer.pipe(Layer.provide([Layer.provide(cloud, client), NodeHasher.layer]))))
      assert.deepStrictEqual(server.sha512, [createHash("sha512").update(bytes).digest("hex")])
      // Else they were all new, and nothing was shown.
      assert.isBelow(memory.size, 6)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
