import * as net from "node:net"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Cloud } from "@effect-glance/http"
import * as NodeTransport from "@effect-glance/http/node/NodeTransport"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Http from "../support/http.js"
import * as Server from "./server.js"
import { execute } from "./support.js"
import * as Witness from "./witness.js"

const ask = (path: string) =>
  Effect.flatMap(Server.Base, (base) => Effect.flatMap(HttpClient.HttpClient, (client) => client.get(`${base}${path}`)))

const answers: Readonly<Record<string, () => Response>> = {
  "/json": () => Http.json({ name: "Größe" }),
  "/marked": () => new Response(Buffer.from([0xef, 0xbb, 0xbf, 0x61])),
  "/empty": () => new Response(null, { status: 204 }),
  "/form": () => new Response("a=1&b=2", { headers: { "content-type": "application/x-www-form-urlencoded" } }),
  "/cookies": () => new Response("x", { headers: { "set-cookie": "a=1; Path=/" } })
}

const on = (client: Layer.Layer<HttpClient.HttpClient>) =>
  Layer.merge(
    client,
    Server.layer(
      () =>
        ({ url }) =>
          answers[url.pathname]?.() ?? Http.html("", 404)
    )
  )

/** What a client makes of each answer, in every way in which it can be read. */
const readings = Effect.forEach(Object.keys(answers), (path) =>
  Effect.gen(function* () {
    const response = yield* ask(path)
    return {
      path,
      status: response.status,
      type: response.headers["content-type"],
      cookies: response.cookies.toJSON(),
      text: yield* response.text,
      again: yield* response.text,
      json: yield* Effect.option(Effect.flatMap(ask(path), ({ json }) => json)),
      bytes: yield* Effect.flatMap(ask(path), ({ arrayBuffer }) =>
        Effect.map(arrayBuffer, (bytes) => [...new Uint8Array(bytes)])
      ),
      params: yield* Effect.flatMap(ask(path), ({ urlParamsBody }) => urlParamsBody),
      form: yield* Effect.option(
        Effect.flatMap(ask(path), ({ formData }) => Effect.map(formData, (form) => [...form]))
      ),
      stream: yield* Effect.flatMap(ask(path), ({ stream }) => Stream.runCollect(stream)).pipe(
        Effect.map((chunks) => Buffer.concat([...chunks]).toString())
      )
    }
  })
)

/** A server on bare sockets: how much it could write, and when its connection was closed. */
const endless = Effect.gen(function* () {
  const closed = yield* Deferred.make<void>()
  const held = yield* Deferred.make<number>()
  const head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n"
  const server = yield* Effect.acquireRelease(
    Effect.async<net.Server>((resume) => {
      const server = net.createServer((socket) => {
        let written = 0
        const piece = Buffer.alloc(64 * 1024, "x")
        const write = () => {
          // Some hundred MiB are more than any kernel takes for a reader that does not read.
          while (written < 512 * 1024 * 1024) {
            written += piece.length
            if (!socket.write(piece)) return
          }
          socket.end()
        }
        socket.on("error", () => {})
        socket.on("drain", write)
        socket.on("close", () => Effect.runSync(Deferred.succeed(closed, undefined)))
        socket.once("data", () => {
          socket.write(head)
          write()
          // When nothing drains for some turns of the loop, nobody takes it.
          let [before, idle] = [0, 0]
          const look = () => {
            idle = socket.bytesWritten === before ? idle + 1 : 0
            before = socket.bytesWritten
            if (idle > 2000) Effect.runSync(Deferred.succeed(held, before))
            else setImmediate(look)
          }
          look()
        })
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
  )
  return { url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`, closed, held }
})

describe("NodeTransport", () => {
  it.live("reads every answer as the platform's client over undici does", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* Effect.provide(readings, on(NodeTransport.layer)),
        yield* Effect.provide(readings, on(NodeHttpClient.layerUndici))
      )
    })
  )

  it.live("shows the same of a request of a cloud in its span as the platform's client", () =>
    Effect.gen(function* () {
      const witnessed = (client: Layer.Layer<HttpClient.HttpClient>, path: string) =>
        Effect.gen(function* () {
          const witness = Witness.make()
          const base = yield* Server.Base
          yield* execute(HttpClientRequest.get(path, { urlParams: { limit: "1" } })).pipe(
            Effect.flatMap(({ text }) => text),
            Effect.provide(Layer.provide(Cloud.layerToken({ endpoint: base, token: Redacted.make("secret") }), client)),
            Effect.provide(witness.layer)
          )
          const port = /\d+$/.exec(base)?.[0] ?? ""
          return witness.spans.map(({ attributes, kind, name, status }) => ({
            name,
            kind,
            status: status._tag,
            attributes: Object.fromEntries(
              [...attributes].flatMap(([key, value]) =>
                /\.(b3|traceparent|date)$/.test(key) ? [[key, ""]] : [[key, String(value).replaceAll(port, "PORT")]]
              )
            )
          }))
        }).pipe(Effect.provide(on(Layer.empty as never)))
      for (const path of ["/json", "/cookies", "/nothing"]) {
        const spans = yield* witnessed(NodeTransport.layer, path)
        assert.lengthOf(spans, 1)
        assert.strictEqual(spans[0]?.attributes["http.request.header.x-auth-token"], "<redacted>")
        assert.deepStrictEqual(spans, yield* witnessed(NodeHttpClient.layerUndici, path))
      }
    })
  )

  it.live("says nothing to the server of a trace that is off, for the whole program or for these requests", () =>
    Effect.gen(function* () {
      const base = yield* Server.Base
      const request = execute(HttpClientRequest.get("/json")).pipe(
        Effect.provide(
          Layer.provide(Cloud.layerToken({ endpoint: base, token: Redacted.make("secret") }), NodeTransport.layer)
        )
      )
      yield* request
      yield* Effect.withTracerEnabled(request, false)
      yield* Effect.locally(request, HttpClient.currentTracerDisabledWhen, () => true)
      yield* Effect.locally(request, HttpClient.currentTracerPropagation, false)
      assert.deepStrictEqual(
        (yield* Http.sent).map(({ headers }) => "traceparent" in headers),
        [true, false, false, false]
      )
    }).pipe(Effect.provide(on(NodeTransport.layer)))
  )

  it.live("does for a cloud what somebody has made of it", () =>
    Effect.gen(function* () {
      const base = yield* Server.Base
      const client = Layer.map(NodeTransport.layer, (context) => context).pipe(
        Layer.flatMap((context) =>
          Layer.succeed(
            HttpClient.HttpClient,
            HttpClient.mapRequest(
              Effect.runSync(Effect.provide(HttpClient.HttpClient, context)),
              HttpClientRequest.setHeader("x-mine", "yes")
            )
          )
        )
      )
      yield* execute(HttpClientRequest.get("/json")).pipe(
        Effect.provide(Layer.provide(Cloud.layerToken({ endpoint: base, token: Redacted.make("secret") }), client))
      )
      assert.deepStrictEqual(
        (yield* Http.sent).map(({ headers }) => headers["x-mine"]),
        ["yes"]
      )
    }).pipe(Effect.provide(on(NodeTransport.layer)))
  )

  it.scopedLive("takes no more of a body than it is asked for, and closes the connection of who stops", () =>
    Effect.gen(function* () {
      const server = yield* endless
      const client = yield* HttpClient.HttpClient
      const response = yield* client.get(server.url)
      // What the kernel holds on both sides of the socket is some MiB.
      assert.isBelow(yield* Deferred.await(server.held), 64 * 1024 * 1024)
      const first = yield* Stream.runCollect(Stream.take(response.stream, 1))
      assert.lengthOf(Chunk.toReadonlyArray(first), 1)
      yield* Deferred.await(server.closed)
    }).pipe(Effect.provide(NodeTransport.layer))
  )

  it.scopedLive("closes the connection of who is interrupted while reading", () =>
    Effect.gen(function* () {
      const server = yield* endless
      const client = yield* HttpClient.HttpClient
      const response = yield* client.get(server.url)
      const fiber = yield* Effect.fork(Stream.runForEach(response.stream, () => Effect.never))
      yield* Deferred.await(server.held)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(server.closed)
    }).pipe(Effect.provide(NodeTransport.layer))
  )

  it.scopedLive("closes the connection with the scope of the client", () =>
    Effect.gen(function* () {
      const server = yield* endless
      yield* Effect.scoped(
        Effect.flatMap(HttpClient.HttpClient, (client) => HttpClient.withScope(client).get(server.url))
      )
      yield* Deferred.await(server.closed)
    }).pipe(Effect.provide(NodeTransport.layer))
  )

  it.live("an interrupted request closes the source of its body, also one that waits for a connection", () =>
    Effect.gen(function* () {
      const opened = yield* Deferred.make<void>()
      const closed = yield* Deferred.make<void>()
      const source = Stream.make(new Uint8Array(10)).pipe(
        Stream.tap(() => Deferred.succeed(opened, undefined)),
        Stream.concat(Stream.never),
        Stream.ensuring(Deferred.succeed(closed, undefined))
      )
      const base = yield* Server.Base
      const client = yield* HttpClient.HttpClient
      const fiber = yield* Effect.fork(
        client.execute(HttpClientRequest.setBody(HttpClientRequest.put(base), HttpBody.stream(source)))
      )
      yield* Deferred.await(opened)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(closed)
    }).pipe(Effect.provide(on(NodeTransport.layer)))
  )
})
