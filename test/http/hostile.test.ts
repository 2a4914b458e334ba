import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Images from "@effect-glance/core/Images"
import { Cloud } from "@effect-glance/http"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { transports } from "./server.js"

const megabyte = 2 ** 20

/** A server of this machine, and how many bytes it could send in each response until the client closed it. */
const serverOf = (handler: (request: http.IncomingMessage, response: http.ServerResponse) => void) =>
  Effect.acquireRelease(
    Effect.async<http.Server>((resume) => {
      const server = http.createServer(handler)
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  ).pipe(Effect.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`))

/** Sends for as long as the client takes it, and says how much that was. */
const endless = (response: http.ServerResponse, begin: string, closed: (sent: number) => void): void => {
  const piece = Buffer.alloc(64 * 1024, "x")
  let sent = 0
  const send = () => {
    while (!response.destroyed) {
      sent += piece.length
      if (!response.write(piece)) return
    }
  }
  response.on("close", () => closed(sent))
  response.on("drain", send)
  response.write(begin)
  send()
}

const listing = (endpoint: string, options: Partial<Cloud.TokenOptions> = {}) =>
  Effect.flatMap(Images.Images, (images) => images.list()).pipe(
    Effect.provide(
      Layer.provide(
        Images.layer,
        Cloud.layerToken({
          endpoint,
          token: Redacted.make("t0ken-Zx9Qk7"),
          backoff: 1,
          timeLimit: "20 seconds",
          ...options
        })
      )
    )
  )

const noImages = JSON.stringify({ images: [] })

describe.each(Object.entries(transports))("%s", (_, client) => {
  it.live("closes the connection of a JSON body that is longer than the limit, and says so", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<number>()
      const endpoint = yield* serverOf((_, response) => {
        response.writeHead(200, { "content-type": "application/json" })
        endless(response, '{"images":[],"x":"', (sent) => Effect.runSync(Deferred.succeed(closed, sent)))
      })
      const error = yield* Effect.flip(listing(endpoint, { bodyLimit: 2 * megabyte }))
      assert.strictEqual(error._tag, "UnexpectedAnswer")
      assert.include(error.message, "longer than the limit of 2097152 bytes (option bodyLimit)")
      assert.isBelow(yield* Deferred.await(closed), 32 * megabyte)
    }).pipe(Effect.scoped, Effect.provide(client))
  )

  it.live("reads no more than the beginning of the endless body of an error, also when it tries again", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<number>()
      let requests = 0
      let sum = 0
      const endpoint = yield* serverOf((_, response) => {
        requests += 1
        response.writeHead(429, { "content-type": "text/plain" })
        endless(response, "Slow down. ", (sent) => {
          sum += sent
          if (requests === 4) Effect.runSync(Deferred.succeed(closed, sum))
        })
      })
      const error = yield* Effect.flip(listing(endpoint))
      assert.strictEqual(error._tag, "RateLimited")
      assert.match(error.message, /: Slow down\. x{400,} …\)/)
      assert.strictEqual(requests, 4)
      assert.isBelow(yield* Deferred.await(closed), 64 * megabyte)
    }).pipe(Effect.scoped, Effect.provide(client))
  )

  for (const [coding, pack] of Object.entries({ gzip: gzipSync, deflate: deflateSync })) {
    it.live(`decodes ${coding} that it did not ask for, in successes and in errors`, () =>
      Effect.gen(function* () {
        let accepted: unknown
        const endpoint = yield* serverOf((request, response) => {
          accepted = request.headers["accept-encoding"]
          const ok = request.url?.includes("wrong") !== true
          const body = pack(ok ? noImages : JSON.stringify({ message: "No such marker" }))
          response.writeHead(ok ? 200 : 400, { "content-type": "application/json", "content-encoding": coding })
          response.end(body)
        })
        assert.deepStrictEqual((yield* listing(endpoint)).items, [])
        assert.strictEqual(accepted, "identity")
        const error = yield* Effect.flip(listing(`${endpoint}/wrong`))
        assert.include(error.message, "400: No such marker")
      }).pipe(Effect.scoped, Effect.provide(client))
    )
  }

  it.live("refuses a small body that would be decoded to more than the limit", () =>
    Effect.gen(function* () {
      const bomb = gzipSync(Buffer.alloc(64 * megabyte, " "))
      const endpoint = yield* serverOf((_, response) => {
        response.writeHead(200, { "content-encoding": "gzip" })
        response.end(bomb)
      })
      const error = yield* Effect.flip(listing(endpoint, { bodyLimit: megabyte }))
      assert.include(error.message, "longer than the limit of 1048576 bytes")
    }).pipe(Effect.scoped, Effect.provide(client))
  )
})

it.live("names an encoding that it cannot decode", () =>
  Effect.gen(function* () {
    const endpoint = yield* serverOf((_, response) => {
      response.writeHead(200, { "content-encoding": "zstd" })
      response.end(brotliCompressSync(noImages))
    })
    const error = yield* Effect.flip(listing(endpoint))
    assert.include(error.message, "the content encoding zstd, which cannot be decoded")
  }).pipe(Effect.scoped, Effect.provide(transports["NodeTransport"] as (typeof transports)[string]))
)

it.live("shows host and version of the request, and no token that the server repeats", () =>
  Effect.gen(function* () {
    const endpoint = yield* serverOf((request, response) => {
      const token = String(request.headers["x-auth-token"])
      response.writeHead(400, { "x-openstack-request-id": `req-${token}` })
      response.end(`the token "${token}" is \u001b[31mwrong\u001b[0m`)
    })
    const error = yield* Effect.flip(listing(endpoint))
    assert.strictEqual(
      error.message,
      "Images.list: the server rejected the request " +
        `(GET ${endpoint}/v2/images returned 400: the token "<redacted>" is wrong) [req-<redacted>]`
    )
  }).pipe(Effect.scoped, Effect.provide(transports["NodeTransport"] as (typeof transports)[string]))
)
