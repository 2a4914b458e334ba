import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@effect-glance/memory/Fault"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { logIn, transports } from "./support.js"

const text = (value: string) => new TextEncoder().encode(value)

/** Pieces of 64 KiB, with a count of how many were asked for and whether anybody still may ask. */
const source = (pieces: number) => {
  const state = { pulled: 0, finished: 0 }
  const piece = new Uint8Array(64 * 1024)
  const stream = Stream.unfold(0, (n) => {
    if (n >= pieces) return Option.none()
    state.pulled += 1
    return Option.some([piece, n + 1] as const)
  }).pipe(
    Stream.rechunk(1),
    Stream.ensuring(
      Effect.sync(() => {
        state.finished += 1
      })
    )
  )
  return { state, stream }
}

const id = "0a4f0c3e-0000-4000-8000-000000000001"

const anyUpload: Fault.Matcher = { service: "object-store", method: "PUT", path: "/v1/*/box/*" }
const anyDownload: Fault.Matcher = { service: "object-store", method: "GET", path: "/v1/*/box/*" }

describe.each(transports)("a cloud %s", (_, connect) => {
  const setUp = Effect.gen(function* () {
    const cloud = yield* MemoryCloud.make({ containers: {} })
    const { authUrl, client } = yield* connect(cloud)
    const session = yield* logIn(cloud, client, { authUrl })
    const account = HttpClient.mapRequest(client, (request) =>
      request.pipe(
        HttpClientRequest.prependUrl(session.account),
        HttpClientRequest.setHeader("x-auth-token", session.token)
      )
    )
    yield* account.put("/box")
    const put = (name: string, body: HttpBody.HttpBody) =>
      Effect.flatMap(account.put(`/box/${name}`, { body }), (response) => Effect.as(response.text, response))
    const read = (name: string) => Effect.flatMap(account.get(`/box/${name}`), (response) => response.text)
    const last = Effect.map(cloud.requests, (all) => all.at(-1))
    return { cloud, client, session, account, put, read, last }
  })

  it.scoped("takes a body of every kind", () =>
    Effect.gen(function* () {
      const { put, read } = yield* setUp
      const bodies = {
        bytes: HttpBody.uint8Array(text("bytes")),
        text: HttpBody.text("text"),
        stream: HttpBody.stream(Stream.make(text("str"), text("eam"))),
        sized: HttpBody.stream(Stream.make(text("si"), text("zed")), "text/plain", 5),
        raw: HttpBody.raw("raw", { contentType: "text/plain" }),
        nothing: HttpBody.empty
      }
      for (const [name, body] of Object.entries(bodies)) {
        assert.strictEqual((yield* put(name, body)).status, 201)
        assert.strictEqual(yield* read(name), name === "nothing" ? "" : name)
      }
    })
  )

  it.scoped("gets paths and queries as they were sent", () =>
    Effect.gen(function* () {
      const { last, session } = yield* setUp
      yield* session.image("PUT", "/v2/images/none/tags/a%2Fb%20c")
      assert.strictEqual((yield* last)?.path, "/v2/images/none/tags/a%2Fb%20c")
      yield* session.image("GET", "/v2/images?tag=a%26b&tag=c&name=x%2By")
      assert.strictEqual((yield* last)?.query, "tag=a%26b&tag=c&name=x%2By")
    })
  )

  it.scoped("pulls no more of a body than the service takes", () =>
    Effect.gen(function* () {
      const { cloud, put } = yield* setUp
      const { state, stream } = source(2_000)
      yield* cloud.inject(anyUpload, Fault.hang)
      const fiber = yield* Effect.fork(put("stalled", HttpBody.stream(stream)))
      yield* untilStable(() => state.pulled)
      // What is on its way in a socket's buffers; the whole is 125 MiB.
      assert.isBelow(state.pulled, 400)
      yield* Fiber.interrupt(fiber)
      yield* untilStable(() => state.finished)
      assert.strictEqual(state.finished, state.pulled === 0 ? 0 : 1)
    })
  )

  it.scoped("answers before it has read a body to its end", () =>
    Effect.gen(function* () {
      const { cloud, last, put } = yield* setUp
      const { state, stream } = source(Number.POSITIVE_INFINITY)
      yield* cloud.inject(anyUpload, Fault.status(409, { body: "no" }))
      const response = yield* put("refused", HttpBody.stream(stream))
      assert.strictEqual(response.status, 409)
      assert.strictEqual(yield* response.text, "no")
      assert.strictEqual((yield* last)?.bytesReceived, 0)
      yield* untilStable(() => state.pulled)
    })
  )

  it.scoped("answers in the middle of a body", () =>
    Effect.gen(function* () {
      const { cloud, last, put, session } = yield* setUp
      const { stream } = source(Number.POSITIVE_INFINITY)
      yield* cloud.inject(anyUpload, Fault.expireToken(1_000_000))
      assert.strictEqual((yield* put("expired", HttpBody.stream(stream))).status, 401)
      const received = (yield* last)?.bytesReceived ?? 0
      assert.isTrue(received >= 1_000_000 && received < 1_000_000 + 2 * 65_536)
      // The token stays expired.
      assert.strictEqual((yield* session.image("GET", "/v2/images")).status, 401)
    })
  )

  it.scoped("sends no more of an answer than somebody takes, and notices when nobody does any more", () =>
    Effect.gen(function* () {
      const { account, cloud, last, put } = yield* setUp
      yield* put("large", HttpBody.stream(source(1_000).stream))
      const pieces = yield* account.get("/box/large").pipe(
        Effect.map((response) => response.stream),
        Stream.unwrap,
        Stream.take(3),
        Stream.runCollect
      )
      assert.strictEqual(pieces.length, 3)
      yield* cloud.idle
      const entry = yield* last
      assert.isBelow(entry?.bytesSent ?? 0, 20 * 1024 * 1024)
      assert.strictEqual(entry?.outcome, "abandoned")
      assert.isTrue(Option.isSome(entry?.endedAt ?? Option.none()))
    })
  )

  it.scoped("sees a caller go away in the middle of an upload, and keeps nothing", () =>
    Effect.gen(function* () {
      const { cloud, last, put, read } = yield* setUp
      const begun = yield* Deferred.make<void>()
      const finished = yield* Deferred.make<void>()
      const endless = Stream.make(text("beginning")).pipe(
        Stream.concat(Stream.drain(Stream.fromEffect(Deferred.succeed(begun, undefined)))),
        Stream.concat(Stream.never),
        Stream.ensuring(Deferred.succeed(finished, undefined))
      )
      const fiber = yield* Effect.fork(put("left", HttpBody.stream(endless)))
      yield* Deferred.await(begun)
      yield* untilStable(() => 0)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(finished)
      yield* cloud.idle
      assert.oneOf((yield* last)?.outcome, ["abandoned", "reset"])
      assert.match(yield* read("left"), /not be found/)
    })
  )

  it.scoped("loses the connection to a body that fails", () =>
    Effect.gen(function* () {
      const { cloud, put, read } = yield* setUp
      const failing = Stream.concat(Stream.make(text("beginning")), Stream.fail(new Error("disk on fire")))
      const error = yield* Effect.flip(put("failed", HttpBody.stream(failing)))
      assert.strictEqual(error._tag, "RequestError")
      yield* cloud.idle
      assert.match(yield* read("failed"), /not be found/)
    })
  )

  it.scoped("holds a body to its length", () =>
    Effect.gen(function* () {
      const { cloud, put, read } = yield* setUp
      for (const length of [3, 7]) {
        const error = yield* Effect.flip(put("odd", HttpBody.stream(Stream.make(text("12345")), "text/plain", length)))
        assert.strictEqual(error._tag, "RequestError")
        yield* cloud.idle
        assert.match(yield* read("odd"), /not be found/)
      }
    })
  )

  it.scoped("answers with a status, headers and body of the test's choice, as often as asked", () =>
    Effect.gen(function* () {
      const { account, cloud } = yield* setUp
      yield* cloud.inject(
        { service: "object-store" },
        Fault.status(503, { headers: { "Retry-After": "7" }, body: { error: "busy" } }),
        { times: 2 }
      )
      const answers = yield* Effect.replicateEffect(
        Effect.flatMap(account.get("/box"), (response) => Effect.as(response.text, response)),
        3
      )
      assert.deepStrictEqual(
        answers.map(({ headers, status }) => [status, headers["retry-after"]]),
        [
          [503, "7"],
          [503, "7"],
          [204, undefined]
        ]
      )
      assert.deepStrictEqual(yield* answers[0]?.json ?? Effect.void, { error: "busy" })
    })
  )

  it.scoped("waits on the cloud's clock", () =>
    Effect.gen(function* () {
      const { account, cloud } = yield* setUp
      yield* cloud.inject({ service: "object-store" }, Fault.delay("5 minutes", Fault.status(500)))
      const fiber = yield* Effect.fork(account.get("/box"))
      yield* untilStable(() => 0)
      yield* TestClock.adjust("4 minutes")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("1 minutes")
      assert.strictEqual((yield* Fiber.join(fiber)).status, 500)
    })
  )

  it.scoped("breaks the connection before the service sees a request, or after it has done the work", () =>
    Effect.gen(function* () {
      const { cloud, last, put, read } = yield* setUp
      yield* cloud.inject(anyUpload, Fault.refuse)
      const refused = yield* Effect.flip(put("refused", HttpBody.text("x")))
      assert.deepStrictEqual([refused._tag, refused.reason], ["RequestError", "Transport"])
      yield* cloud.idle
      assert.match(yield* read("refused"), /not be found/)
      yield* cloud.inject(anyUpload, Fault.loseAnswer)
      const lost = yield* Effect.flip(put("lost", HttpBody.text("x")))
      assert.deepStrictEqual([lost._tag, lost.reason], ["RequestError", "Transport"])
      assert.strictEqual((yield* last)?.outcome, "reset")
      assert.strictEqual(yield* read("lost"), "x")
    })
  )

  it.scoped("breaks the connection in the middle of an upload", () =>
    Effect.gen(function* () {
      const { cloud, last, put, read } = yield* setUp
      const { stream } = source(100)
      yield* cloud.inject(anyUpload, Fault.resetUpload(200_000))
      const error = yield* Effect.flip(put("broken", HttpBody.stream(stream)))
      assert.deepStrictEqual([error._tag, error.reason], ["RequestError", "Transport"])
      yield* cloud.idle
      assert.strictEqual((yield* last)?.outcome, "reset")
      assert.match(yield* read("broken"), /not be found/)
      // A body that is over before that arrives.
      yield* cloud.inject(anyUpload, Fault.resetUpload(200_000))
      assert.strictEqual((yield* put("short", HttpBody.text("short"))).status, 201)
    })
  )

  it.scoped("breaks the connection in the middle of an answer, after the bytes that were asked for", () =>
    Effect.gen(function* () {
      const { account, cloud, last, put } = yield* setUp
      yield* put("whole", HttpBody.stream(source(10).stream))
      yield* cloud.inject(anyDownload, Fault.resetAnswer(200_000))
      const response = yield* account.get("/box/whole")
      assert.strictEqual(response.headers["content-length"], "655360")
      let received = 0
      const exit = yield* Effect.exit(
        Stream.runForEach(response.stream, (bytes) =>
          Effect.sync(() => {
            received += bytes.length
          })
        )
      )
      assert.isTrue(Exit.isFailure(exit))
      assert.strictEqual(received, 200_000)
      yield* cloud.idle
      assert.strictEqual((yield* last)?.outcome, "reset")
    })
  )

  it.scoped("ends an answer early as if that were all", () =>
    Effect.gen(function* () {
      const { account, cloud, put } = yield* setUp
      yield* put("whole", HttpBody.stream(source(10).stream))
      yield* cloud.inject(anyDownload, Fault.truncateAnswer(200_000))
      const response = yield* account.get("/box/whole")
      assert.isUndefined(response.headers["content-length"])
      const pieces = yield* Stream.runCollect(response.stream)
      assert.strictEqual(
        Chunk.reduce(pieces, 0, (sum, piece) => sum + piece.length),
        200_000
      )
    })
  )

  it.scoped("keeps a request that hangs until its caller gives up", () =>
    Effect.gen(function* () {
      const { account, cloud, last } = yield* setUp
      yield* cloud.inject({ service: "object-store" }, Fault.hang)
      const fiber = yield* Effect.fork(account.get("/box"))
      yield* untilStable(() => 0)
      assert.strictEqual((yield* last)?.outcome, "open")
      yield* Fiber.interrupt(fiber)
      yield* cloud.idle
      assert.strictEqual((yield* last)?.outcome, "abandoned")
    })
  )
})

describe("an HTTP client without a socket", () => {
  it.scoped("says which hosts the memory cloud has when a request names another one", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const client = MemoryCloud.httpClient(cloud)
      for (const url of ["http://elsewhere.example/v3", "https://keystone.memory/v3", "http://keystone.memory:5000/"]) {
        const error = yield* Effect.flip(client.get(url))
        assert.deepStrictEqual([error._tag, error.reason], ["RequestError", "Transport"])
        const cause = error.cause as Error & { readonly code?: string }
        assert.strictEqual(cause.code, "ENOTFOUND")
        assert.strictEqual(
          cause.message,
          `the memory cloud has no host ${new URL(url).origin}, it has http://keystone.memory/v3, ` +
            "http://glance.memory, http://swift.memory"
        )
      }
      assert.deepStrictEqual(yield* cloud.requests, [])
    })
  )

  it.scoped("takes a form", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({ containers: {} })
      const client = MemoryCloud.httpClient(cloud)
      const { account, token } = yield* logIn(cloud, client)
      const headers = { "x-auth-token": token }
      const form = new FormData()
      form.append("field", "value")
      yield* client.put(`${account}/box`, { headers })
      yield* client.put(`${account}/box/form`, { headers, body: HttpBody.formData(form) })
      const response = yield* client.get(`${account}/box/form`, { headers })
      assert.match(response.headers["content-type"] ?? "", /^multipart\/form-data; boundary=/)
      assert.match(yield* response.text, /name="field"\r\n\r\nvalue/)
    })
  )

  it.scoped("stops an answer when the scope of its request is closed", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({ images: [{ owner: "demo", id, data: new Uint8Array(1_000_000) }] })
      const client = MemoryCloud.httpClient(cloud)
      const { token } = yield* logIn(cloud, client)
      const get = HttpClient.withScope(client).get(`http://glance.memory/v2/images/${id}/file`, {
        headers: { "x-auth-token": token }
      })
      const open = yield* get
      yield* Stream.runDrain(open.stream)
      const closed = yield* Effect.scoped(get)
      const error = yield* Effect.flip(Stream.runDrain(closed.stream))
      assert.strictEqual(error._tag, "ResponseError")
    })
  )

  it.scoped("lets a body be read once", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const response = yield* MemoryCloud.httpClient(cloud).get("http://keystone.memory/v3")
      yield* Stream.runDrain(response.stream)
      const error = yield* Effect.flip(Stream.runDrain(response.stream))
      assert.strictEqual(error._tag, "ResponseError")
    })
  )
})

/** Lets sockets and fibers run until a number has not changed for a while; there is no event for "nothing more comes". */
const untilStable = (value: () => number): Effect.Effect<void> =>
  Effect.async((resume) => {
    let seen = Number.NaN
    let same = 0
    const look = () => {
      const now = value()
      same = now === seen ? same + 1 : 0
      seen = now
      if (same >= 50) resume(Effect.void)
      else setImmediate(look)
    }
    look()
  })
