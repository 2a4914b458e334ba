import * as Net from "node:net"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@effect-glance/memory/Fault"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as MemoryServer from "@effect-glance/memory/MemoryServer"
import * as NodeMemoryServer from "@effect-glance/node/NodeMemoryServer"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { createImage, type Json, json, logIn } from "./support.js"

const fetching = Effect.provide(FetchHttpClient.layer)

/** A connection on which a test writes the bytes of HTTP itself, and sees what comes back and how it ends. */
const connect = (url: string) =>
  Effect.acquireRelease(
    Effect.async<Raw>((resume) => {
      const { hostname, port } = new URL(url)
      const socket = Net.connect({ host: hostname, port: Number(port) })
      let received = ""
      let ended: string | undefined
      const waiting: Array<() => void> = []
      const wake = () => {
        for (const check of waiting.splice(0)) check()
      }
      socket.setEncoding("latin1")
      socket.on("data", (text: string) => {
        received += text
        wake()
      })
      socket.on("error", (error: NodeJS.ErrnoException) => {
        ended = error.code ?? "error"
        wake()
      })
      socket.on("close", () => {
        ended ??= "closed"
        wake()
      })
      const until = <A>(look: () => A | undefined) =>
        Effect.async<A>((resume) => {
          const check = () => {
            const found = look()
            if (found === undefined) waiting.push(check)
            else resume(Effect.succeed(found))
          }
          check()
        })
      socket.on("connect", () =>
        resume(
          Effect.succeed({
            socket,
            write: (text) => Effect.sync(() => void socket.write(text, "latin1")),
            received: (pattern) => until(() => (pattern.test(received) ? received : undefined)),
            ended: until(() => (ended === undefined ? undefined : { how: ended, received }))
          })
        )
      )
    }),
    ({ socket }) => Effect.sync(() => socket.destroy())
  )

interface Raw {
  readonly socket: Net.Socket
  readonly write: (text: string) => Effect.Effect<void>
  readonly received: (pattern: RegExp) => Effect.Effect<string>
  readonly ended: Effect.Effect<{ readonly how: string; readonly received: string }>
}

describe("a server", () => {
  it.scoped("tells a catalog of the address that it was asked at", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({ regions: ["One", "Two"], containers: {} })
      const server = yield* NodeMemoryServer.serve(cloud)
      const client = yield* HttpClient.HttpClient
      const { port } = new URL(server.authUrl)
      for (const host of ["127.0.0.1", "localhost"]) {
        const session = yield* logIn(cloud, client, { authUrl: `http://${host}:${port}/identity/v3` })
        const urls = session.catalog.map(({ endpoints }: Json) => [endpoints[0].url, endpoints[3].url])
        const base = `http://${host}:${port}`
        const account = `/v1/AUTH_${cloud.project("demo").id}`
        assert.deepStrictEqual(urls, [
          [`${base}/identity/v3`, `${base}/identity/v3`],
          [`${base}/image`, `${base}/image/Two`],
          [`${base}/object-store${account}`, `${base}/object-store/Two${account}`]
        ])
        assert.strictEqual((yield* session.image("GET", "/v2/images")).status, 200)
        assert.strictEqual((yield* session.image("GET", "/Two/v2/images")).status, 200)
      }
      const versions = yield* Effect.flatMap(client.get(`${server.imageUrl}/versions`), json)
      assert.strictEqual(versions.versions[0].links[0].href, `${server.imageUrl}/v2/`)
    }).pipe(fetching)
  )

  it.scoped("may give each service a port of its own", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const server = yield* NodeMemoryServer.serve(cloud, { ports: { identity: 0, image: 0, objectStore: 0 } })
      assert.strictEqual(
        new Set([server.authUrl, server.imageUrl, server.objectStoreUrl].map((url) => new URL(url ?? "").port)).size,
        3
      )
      const client = yield* HttpClient.HttpClient
      const session = yield* logIn(cloud, client, { authUrl: server.authUrl })
      const image = yield* createImage(session, { name: "x" })
      assert.strictEqual(image.status, "queued")
      assert.strictEqual((yield* client.get(`${server.imageUrl}/identity/v3`)).status, 300)
      assert.strictEqual((yield* client.get(new URL("/", server.authUrl))).status, 300)
    }).pipe(fetching)
  )

  it.scoped("answers a client that sends all of its body before it reads", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const server = yield* NodeMemoryServer.serve(cloud)
      const raw = yield* connect(server.imageUrl)
      yield* cloud.inject(Fault.upload, Fault.status(409))
      const size = 20 * 1024 * 1024
      yield* raw.write(`PUT /image/v2/images/x/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size}\r\n\r\n`)
      yield* raw.received(/^HTTP\/1\.1 409 /)
      yield* raw.write("x".repeat(size))
      // The connection is good for another request.
      yield* raw.write("GET /image/versions HTTP/1.1\r\nHost: localhost\r\n\r\n")
      yield* raw.received(/HTTP\/1\.1 200 OK/)
    })
  )

  it.scoped("stops in the middle of a body when it has seen enough", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({ quotas: { imageSize: 100_000 } })
      const server = yield* NodeMemoryServer.serve(cloud)
      const session = yield* logIn(cloud, yield* HttpClient.HttpClient, { authUrl: server.authUrl })
      const { id } = yield* createImage(session)
      const raw = yield* connect(server.imageUrl)
      yield* raw.write(
        `PUT /image/v2/images/${id}/file HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: ${session.token}\r\n` +
          "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
      )
      const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`
      yield* raw.write(chunk + chunk)
      yield* raw.received(/^HTTP\/1\.1 413 /)
      for (let i = 0; i < 100; i++) yield* raw.write(chunk)
      yield* raw.write("0\r\n\r\nGET /image/versions HTTP/1.1\r\nHost: localhost\r\n\r\n")
      yield* raw.received(/HTTP\/1\.1 200 OK/)
      assert.deepInclude((yield* cloud.images)[0], { status: "queued", bytesStored: 0 })
    }).pipe(fetching)
  )

  it.scoped("takes a chunked body that comes in small pieces", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const server = yield* NodeMemoryServer.serve(cloud)
      const session = yield* logIn(cloud, yield* HttpClient.HttpClient, { authUrl: server.authUrl })
      const { id } = yield* createImage(session)
      const raw = yield* connect(server.imageUrl)
      yield* raw.write(
        `PUT /image/v2/images/${id}/file HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: ${session.token}\r\n` +
          "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
      )
      yield* raw.received(/^HTTP\/1\.1 100 Continue/)
      for (const letter of "hello") yield* raw.write(`1\r\n${letter}\r\n`)
      yield* raw.write("0\r\n\r\n")
      yield* raw.received(/HTTP\/1\.1 204 /)
      const data = yield* session.image("GET", `/v2/images/${id}/file`)
      assert.strictEqual(yield* data.text, "hello")
    }).pipe(fetching)
  )

  it.scoped("takes a body that stops before its length for a client that went away", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const server = yield* NodeMemoryServer.serve(cloud)
      const session = yield* logIn(cloud, yield* HttpClient.HttpClient, { authUrl: server.authUrl })
      const { id } = yield* createImage(session)
      for (const [head, bytes] of [
        ["Content-Length: 10", "12345"],
        ["Transfer-Encoding: chunked", "5\r\n12345\r\n"]
      ]) {
        const raw = yield* connect(server.imageUrl)
        yield* raw.write(
          `PUT /image/v2/images/${id}/file HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: ${session.token}\r\n` +
            `Content-Type: application/octet-stream\r\n${head}\r\n\r\n${bytes}`
        )
        yield* seen(cloud, 5)
        raw.socket.end()
        yield* raw.ended
        yield* cloud.idle
        assert.deepInclude((yield* cloud.images)[0], { status: "queued", bytesStored: 0 })
        yield* cloud.clearRequests
      }
    }).pipe(fetching)
  )

  it.scoped("breaks the connection of an answer that fails, and sends no end of it", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const server = yield* NodeMemoryServer.serve(cloud)
      yield* cloud.inject({ path: "/versions" }, Fault.resetAnswer(10))
      const within = yield* connect(server.imageUrl)
      yield* within.write("GET /image/versions HTTP/1.1\r\nHost: localhost\r\n\r\n")
      const { received } = yield* within.ended
      const [head = "", body = ""] = received.split("\r\n\r\n")
      assert.match(head, /^HTTP\/1\.1 200 OK/)
      assert.strictEqual(body.length, 10)
      yield* cloud.inject({ path: "/versions" }, Fault.resetAnswer(0))
      const before = yield* connect(server.imageUrl)
      yield* before.write("GET /image/versions HTTP/1.1\r\nHost: localhost\r\n\r\n")
      assert.match((yield* before.ended).received, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/)
      yield* cloud.inject({ path: "/versions" }, Fault.refuse)
      const refused = yield* connect(server.imageUrl)
      yield* refused.write("GET /image/versions HTTP/1.1\r\nHost: localhost\r\n\r\n")
      assert.deepStrictEqual(yield* refused.ended, { how: "ECONNRESET", received: "" })
    })
  )

  it.scoped("closes every connection with its scope, and gives up what hangs on them", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const scope = yield* Scope.make()
      const server = yield* Scope.extend(NodeMemoryServer.serve(cloud), scope)
      yield* cloud.inject({}, Fault.hang)
      const idle = yield* connect(server.imageUrl)
      const hanging = yield* connect(server.imageUrl)
      yield* hanging.write(
        "PUT /image/v2/images/x/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nbeginning"
      )
      yield* seen(cloud, 0)
      yield* Scope.close(scope, Exit.void)
      yield* idle.ended
      yield* hanging.ended
      yield* cloud.idle
      assert.strictEqual((yield* cloud.requests)[0]?.outcome, "abandoned")
    })
  )

  it.scoped("comes with a fresh cloud as one layer", () =>
    Effect.gen(function* () {
      const server = yield* NodeMemoryServer.NodeMemoryServer
      const cloud = yield* MemoryCloud.MemoryCloud
      yield* logIn(cloud, yield* HttpClient.HttpClient, { authUrl: server.authUrl })
      assert.strictEqual(yield* cloud.logins, 1)
      assert.deepStrictEqual(server.environment({ project: "guest" }), {
        OS_AUTH_URL: server.authUrl,
        OS_IDENTITY_API_VERSION: "3",
        OS_USERNAME: "guest",
        OS_USER_DOMAIN_NAME: "Default",
        OS_PASSWORD: "secret",
        OS_PROJECT_NAME: "guest",
        OS_PROJECT_DOMAIN_NAME: "Default",
        OS_REGION_NAME: "RegionOne"
      })
    }).pipe(Effect.provide(Layer.merge(NodeMemoryServer.layer(), FetchHttpClient.layer)))
  )
})

describe("an app", () => {
  it.scoped("runs on any of the platform's servers", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const handle = HttpApp.toWebHandler(
        MemoryServer.app(cloud, { mount: { image: "/glance" }, hosts: ["cloud.example"] })
      )
      const get = (path: string) => Effect.promise(() => handle(new Request(`http://cloud.example${path}`)))
      const versions = yield* get("/glance/versions")
      assert.strictEqual(versions.status, 200)
      assert.strictEqual(
        ((yield* Effect.promise(() => versions.json())) as Json).versions[0].links[0].href,
        "http://cloud.example/glance/v2/"
      )
      assert.strictEqual((yield* get("/identity/v3")).status, 404)
      yield* cloud.inject({}, Fault.refuse)
      assert.strictEqual((yield* get("/glance/versions")).status, 502)
    })
  )
})

/** Until the service has taken so many bytes of the newest request. */
const seen = (cloud: MemoryCloud.Service, bytes: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (true) {
      const entry = (yield* cloud.requests).at(-1)
      if (entry !== undefined && entry.outcome === "open" && entry.bytesReceived >= bytes) return
      yield* Effect.async<void>((resume) => {
        setImmediate(() => resume(Effect.void))
      })
    }
  })
