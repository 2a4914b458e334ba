import * as net from "node:net"
import * as v8 from "node:v8"
import * as vm from "node:vm"
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import { Cloud } from "@effect-glance/http"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import { interruptAt } from "../support/atStep.js"
import * as Http from "../support/http.js"
import * as Server from "./server.js"
import { execute } from "./support.js"
import * as Witness from "./witness.js"

v8.setFlagsFromString("--expose-gc")
const collect: () => void = vm.runInNewContext("gc")

const ask = (path: string) =>
  Effect.flatMap(Server.Base, (base) => Effect.flatMap(HttpClient.HttpClient, (client) => client.get(`${base}${path}`)))

const answers: Readonly<Record<string, () => Response>> = {
  "/json": () => Http.json({ name: "Größe" }),
  "/marked": () => new Response(Buffer.from([0xef, 0xbb, 0xbf, 0x61])),
  "/empty": () => new Response(null, { status: 204 }),
  "/form": () => new Response("a=1&b=2", { headers: { "content-type": "application/x-www-form-urlencoded" } }),
  "/long": () => new Response("x".repeat(300 * 1024)),
  "/cookies": () => new Response("x", { headers: { "set-cookie": "a=1; Path=/" } })
}

const on = (client: Layer.Layer<HttpClient.HttpClient>) =>
  Layer.merge(
    client,
    Server.layer(
      () =>
        ({ url }) =>
          answers[url.pathname.replace(/^\/v2/, "")]?.() ?? Http.html("", 404)
    )
  )

/** What a client makes of each answer, in every way in which it can be read. */
const readings = Effect.forEach(["/json", "/marked", "/empty", "/form", "/cookies"], (path) =>
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

/** A server on bare sockets: how much it could write, and whether its connection was closed before it was done. */
const endless = Effect.gen(function* () {
  const closed = yield* Deferred.make<boolean>()
  const held = yield* Deferred.make<number>()
  const head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n"
  const server = yield* Effect.acquireRelease(
    Effect.async<net.Server>((resume) => {
      const server = net.createServer((socket) => {
        const all = 512 * 1024 * 1024
        let written = 0
        const piece = Buffer.alloc(64 * 1024, "x")
        const write = () => {
          // Some hundred MiB are more than any kernel takes for a reader that does not read.
          while (written < all) {
            written += piece.length
            if (!socket.write(piece)) return
          }
          socket.end()
        }
        socket.on("error", () => {})
        socket.on("drain", write)
        socket.on("close", () => Effect.runSync(Deferred.succeed(closed, written < all)))
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

  it.live("lets a short body be read again, a long one and one that was a stream once, and says so", () =>
    Effect.gen(function* () {
      const outcome = Effect.match({
        onSuccess: (read: { readonly length: number }) => read.length,
        onFailure: ({ cause, reason }: HttpClientError.ResponseError) => [reason, (cause as Error).message]
      })
      const asText = ({ text }: HttpClientResponse.HttpClientResponse) => outcome(text)
      const asStream = ({ stream }: HttpClientResponse.HttpClientResponse) =>
        outcome(Effect.map(Stream.runCollect(stream), (pieces) => Buffer.concat([...pieces])))
      const again = ["Decode", "the body has been read already"]
      const long = 300 * 1024
      for (const [path, ways, outcomes] of [
        ["/form", [asText, asText, asStream, asStream], [7, 7, 7, again]],
        ["/form", [asStream, asText], [7, again]],
        ["/long", [asText, asText, asStream], [long, again, again]],
        ["/long", [asStream, asStream, asText], [long, again, again]]
      ] as const) {
        const response = yield* ask(path)
        assert.deepStrictEqual<unknown>(yield* Effect.forEach(ways, (read) => read(response)), outcomes)
      }
    }).pipe(Effect.provide(on(NodeTransport.layer)))
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

  it.scopedLive(
    "ends the span of a request that is given up, and of one that nobody answers, as the platform's client",
    () =>
      Effect.gen(function* () {
        const spans = (client: Layer.Layer<HttpClient.HttpClient>) =>
          Effect.gen(function* () {
            const asked = yield* Deferred.make<void>()
            const silent = Server.layer(() => () => Effect.zipRight(Deferred.succeed(asked, undefined), Effect.never))
            const witness = Witness.make()
            yield* Effect.gen(function* () {
              const base = yield* Server.Base
              const sent = (endpoint: string) =>
                execute(HttpClientRequest.post("/x")).pipe(
                  Effect.provide(Layer.provide(Cloud.layerToken({ endpoint, token: Redacted.make("secret") }), client)),
                  Effect.provide(witness.layer)
                )
              const given = yield* Effect.fork(sent(base))
              yield* Deferred.await(asked)
              yield* Fiber.interrupt(given)
              yield* Effect.flip(sent("http://127.0.0.1:1"))
            }).pipe(Effect.provide(silent))
            return witness.spans.map(({ attributes, name, status }) => [
              name,
              status._tag,
              attributes.get("error.type")
            ])
          })
        const ended = yield* spans(NodeTransport.layer)
        assert.deepStrictEqual(ended[0], ["POST", "Ended", "interrupted"])
        assert.deepStrictEqual(ended, yield* spans(NodeHttpClient.layerUndici))
      })
  )

  it.live("shows no header that somebody wants to hide, by its name or by a pattern", () =>
    Effect.gen(function* () {
      const base = yield* Server.Base
      const headersTold = (client: Layer.Layer<HttpClient.HttpClient>) => {
        const witness = Witness.make()
        return execute(HttpClientRequest.acceptJson(HttpClientRequest.get("/json"))).pipe(
          Effect.provide(Layer.provide(Cloud.layerToken({ endpoint: base, token: Redacted.make("secret") }), client)),
          Effect.provide(witness.layer),
          Effect.locally(Headers.currentRedactedNames, ["Accept", /^content-/]),
          Effect.as(["request.header.accept", "response.header.content-type", "response.header.connection"]),
          Effect.map(Arr.map((name) => witness.spans[0]?.attributes.get(`http.${name}`)))
        )
      }
      const told = yield* headersTold(NodeTransport.layer)
      assert.deepStrictEqual(told, ["<redacted>", "<redacted>", "keep-alive"])
      assert.deepStrictEqual(told, yield* headersTold(NodeHttpClient.layerUndici))
    }).pipe(Effect.provide(on(Layer.empty as never)))
  )

  it.live("reads all of a body, whoever else has a turn meanwhile", () =>
    Effect.gen(function* () {
      for (let steps = 12; steps < 60; steps++) {
        const taking = Scheduler.make(
          (task) => void setImmediate(task),
          (fiber) => fiber.currentOpCount > steps && fiber.getFiberRef(FiberRef.currentSchedulingPriority)
        )
        const whole = Effect.flatMap(ask("/long"), ({ text }) => text)
        const inPieces = Effect.flatMap(ask("/long"), ({ stream }) => Stream.mkString(Stream.decodeText(stream)))
        const read = yield* Effect.withScheduler(Effect.zip(whole, inPieces), taking)
        assert.deepStrictEqual(
          read.map(({ length }) => length),
          [300 * 1024, 300 * 1024],
          `after ${steps} steps`
        )
      }
    }).pipe(Effect.provide(on(NodeTransport.layer)))
  )

  it.scopedLive(
    "closes the connection of a body whose reader is interrupted, at whatever step",
    () =>
      Effect.gen(function* () {
        const open = new Set<net.Socket>()
        const server = yield* Effect.acquireRelease(
          Effect.async<net.Server>((resume) => {
            const server = net.createServer((socket) => {
              open.add(socket)
              socket.on("error", () => {})
              socket.on("close", () => open.delete(socket))
              // More than is taken before somebody reads, and no end.
              socket.once("data", () => socket.write(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(1024 * 1024)}`))
            })
            server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
          }),
          (server) =>
            Effect.async<void>((resume) => {
              for (const socket of open) socket.destroy()
              server.close(() => resume(Effect.void))
            })
        )
        const endpoint = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`
        const cloud = Layer.provide(Cloud.layerToken({ endpoint, token: Redacted.make("secret") }), NodeTransport.layer)
        const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
        const runtime = yield* Effect.acquireRelease(
          Effect.sync(() => ManagedRuntime.make(cloud)),
          ({ disposeEffect }) => disposeEffect
        )
        /** Whether it was interrupted at that step, and has not come to wait for the rest before it. */
        const interrupted = (step: number) =>
          Effect.flatMap(execute(), ({ text }) =>
            Effect.raceFirst(
              Effect.map(interruptAt(text, step), ({ exit }) => Exit.isInterrupted(exit)),
              Effect.as(Effect.repeatN(turn, 200), false)
            )
          )
        let step = 1
        for (; yield* Effect.promise(() => runtime.runPromise(interrupted(step))); step++) {
          // Where it was not begun to be read, it is given up with the answer.
          for (let looked = 0; open.size > 0 && looked < 100; looked++) {
            collect()
            yield* turn
          }
          assert.strictEqual(open.size, 0, `at step ${step}`)
        }
        assert.isAbove(step, 10)
      }),
    60_000
  )

  it.live("an answer that somebody keeps does not keep the fiber that waited for it", () =>
    Effect.gen(function* () {
      const endpoint = yield* Server.Base
      const cloud = Layer.provide(Cloud.layerToken({ endpoint, token: Redacted.make("secret") }), NodeTransport.layer)
      const runtime = ManagedRuntime.make(cloud)
      // Which the fiber keeps, as what it ended in.
      const asked = Effect.map(execute(HttpClientRequest.get("/long")), (response) => ({ response }))
      const { outcome, response } = yield* Effect.promise(() =>
        runtime.runPromise(asked).then((outcome) => ({ ...outcome, outcome: new WeakRef(outcome) }))
      )
      yield* Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
      collect()
      assert.isUndefined(outcome.deref())
      assert.lengthOf(yield* response.text, 300 * 1024)
      yield* runtime.disposeEffect
    }).pipe(Effect.provide(on(Layer.empty as never)))
  )

  it.live("asks for what the platform's URL of the same parameters is", () =>
    Effect.gen(function* () {
      const base = yield* Server.Base
      const text = FastCheck.oneof(FastCheck.string(), FastCheck.constantFrom("a b", "é&=+%", "\n", "?#", '"', ""))
      const lists = FastCheck.sample(FastCheck.array(FastCheck.tuple(text, text), { maxLength: 4 }), 50)
      const expected: Array<string> = []
      for (const path of ["/json", "/json?x=1"]) {
        for (const params of lists) {
          const { pathname, search } = Either.getOrThrow(UrlParams.makeUrl(`${base}/v2${path}`, params, Option.none()))
          expected.push(`GET ${pathname}${search}`)
          yield* execute(HttpClientRequest.setUrlParams(HttpClientRequest.get(path), params))
        }
      }
      assert.deepStrictEqual(yield* Http.lines, expected)
    }).pipe(
      Effect.provide(
        Layer.unwrapEffect(
          Effect.map(Server.Base, (endpoint) => Cloud.layerToken({ endpoint, token: Redacted.make("secret") }))
        ).pipe(Layer.provideMerge(on(NodeTransport.layer)))
      )
    )
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
      const mine = Effect.map(
        HttpClient.HttpClient,
        HttpClient.mapRequest(HttpClientRequest.setHeader("x-mine", "yes"))
      )
      const client = Layer.provide(Layer.effect(HttpClient.HttpClient, mine), NodeTransport.layer)
      yield* execute(HttpClientRequest.get("/json")).pipe(
        Effect.provide(Layer.provide(Cloud.layerToken({ endpoint: base, token: Redacted.make("secret") }), client))
      )
      assert.deepStrictEqual(
        (yield* Http.sent).map(({ headers }) => headers["x-mine"]),
        ["yes"]
      )
    }).pipe(Effect.provide(on(NodeTransport.layer)))
  )

  /** Two ways lead to the client: that of a program, and that of a cloud. */
  const ways: ReadonlyArray<
    readonly [
      string,
      (url: string) => Effect.Effect<HttpClientResponse.HttpClientResponse, unknown, HttpClient.HttpClient>
    ]
  > = [
    ["a program", (url) => Effect.flatMap(HttpClient.HttpClient, (client) => client.get(url))],
    [
      "a cloud",
      (endpoint) =>
        Effect.provide(
          execute(HttpClientRequest.get("/")),
          Cloud.layerToken({ endpoint, token: Redacted.make("token") })
        )
    ]
  ]
  for (const [name, get] of ways) {
    it.scopedLive(`takes no more of a body than ${name} asks for, and closes the connection where it stops`, () =>
      Effect.gen(function* () {
        const server = yield* endless
        const response = yield* get(server.url)
        // What the kernel holds on both sides of the socket is some MiB.
        assert.isBelow(yield* Deferred.await(server.held), 64 * 1024 * 1024)
        const first = yield* Stream.runCollect(Stream.take(response.stream, 1))
        assert.lengthOf(Chunk.toReadonlyArray(first), 1)
        assert.isTrue(yield* Deferred.await(server.closed))
      }).pipe(Effect.provide(NodeTransport.layer))
    )

    it.scopedLive(`closes the connection where ${name} is interrupted while it reads`, () =>
      Effect.gen(function* () {
        for (const read of [
          (response: HttpClientResponse.HttpClientResponse) => Stream.runForEach(response.stream, () => Effect.never),
          (response: HttpClientResponse.HttpClientResponse) => response.text
        ]) {
          const server = yield* endless
          const response = yield* get(server.url)
          const fiber = yield* Effect.fork(read(response))
          yield* Effect.yieldNow()
          yield* Fiber.interrupt(fiber)
          assert.isTrue(yield* Deferred.await(server.closed))
        }
      }).pipe(Effect.provide(NodeTransport.layer))
    )
  }

  it.scopedLive("closes the connection of a response that no code reads or holds", () =>
    Effect.gen(function* () {
      const server = yield* endless
      const get = Effect.flatMap(HttpClient.HttpClient, (client) => client.get(server.url))
      // In a fiber of its own, because a fiber keeps what it has got last.
      yield* Fiber.await(yield* Effect.fork(Effect.asVoid(get)))
      while (!(yield* Deferred.isDone(server.closed))) {
        collect()
        yield* Effect.sleep("10 millis")
      }
    }).pipe(Effect.provide(NodeTransport.layer))
  )

  it.live("an interrupted request closes the source of its body", () =>
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

  it.scopedLive("a request that is interrupted while it waits for a connection is never sent", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const agent = yield* Effect.acquireRelease(
        Effect.sync(() => new Undici.Agent({ connections: 1 })),
        (agent) => Effect.promise(() => agent.destroy())
      )
      const one = Layer.provide(
        Layer.effect(HttpClient.HttpClient, NodeTransport.make),
        Layer.succeed(NodeHttpClient.Dispatcher, agent)
      )
      yield* Effect.gen(function* () {
        const first = yield* Effect.fork(ask("/first"))
        yield* Deferred.await(asked)
        const second = yield* Effect.fork(ask("/second"))
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(second)
        yield* Deferred.succeed(go, undefined)
        yield* Effect.flatMap(Fiber.join(first), ({ text }) => text)
        yield* Effect.flatMap(ask("/third"), ({ text }) => text)
        assert.deepStrictEqual(yield* Http.lines, ["GET /first", "GET /third"])
      }).pipe(
        Effect.provide(
          Layer.merge(
            one,
            Server.layer(
              () => () =>
                Deferred.succeed(asked, undefined).pipe(Effect.zipRight(Deferred.await(go)), Effect.as(Http.json({})))
            )
          )
        )
      )
    })
  )

  it.scopedLive("hints that come before the answer are not the answer", () =>
    Effect.gen(function* () {
      const hint = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
      const server = yield* Effect.acquireRelease(
        Effect.async<net.Server>((resume) => {
          const server = net.createServer((socket) => {
            socket.on("error", () => {})
            socket.once("data", () => socket.end(`${hint}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`))
          })
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      const client = yield* HttpClient.HttpClient
      const response = yield* client.get(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`)
      assert.deepStrictEqual([response.status, yield* response.text], [200, "ok"])
    }).pipe(Effect.provide(NodeTransport.layer))
  )
})
