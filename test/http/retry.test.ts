import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, Image } from "@effect-glance/core"
import * as Images from "@effect-glance/core/Images"
import type { Cloud } from "@effect-glance/http"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Http from "../support/http.js"
import { cloud, execute, images, isLogin, list, logins, noImages, port, tokenAnswer, tokens } from "./support.js"

const bodies = {
  none: HttpBody.empty,
  bytes: HttpBody.uint8Array(new TextEncoder().encode("{}"), "application/json"),
  stream: HttpBody.stream(Stream.make(new TextEncoder().encode("{}"))),
  raw: HttpBody.raw("{}")
}

const methods = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"] as const

/** A host that nobody finds, or that nobody finds any more: what was sent to it before may have been done. */
const unreachable = (syscall: "connect" | "read") =>
  Effect.fail(Object.assign(new Error(`${syscall} EHOSTUNREACH`), { code: "EHOSTUNREACH", syscall }))

const answers: { readonly [kind: string]: () => Http.Reply } = {
  "200": () => noImages(),
  "300": () => Http.json({}, 300),
  "400": () => Http.json({}, 400),
  "404": () => Http.json({}, 404),
  "409": () => Http.json({}, 409),
  "413": () => Http.json({}, 413),
  "413 with Retry-After": () => Http.json({}, 413, { "retry-after": "1" }),
  "429": () => Http.json({}, 429),
  "500": () => Http.json({}, 500),
  "501": () => Http.json({}, 501),
  "502": () => Http.json({}, 502),
  "503": () => Http.json({}, 503),
  "503 with Retry-After": () => Http.json({}, 503, { "retry-after": "1" }),
  "504": () => Http.json({}, 504),
  ECONNREFUSED: () => Http.failure("ECONNREFUSED"),
  ENOTFOUND: () => Http.failure("ENOTFOUND"),
  EAI_AGAIN: () => Http.failure("EAI_AGAIN"),
  UND_ERR_CONNECT_TIMEOUT: () => Http.failure("UND_ERR_CONNECT_TIMEOUT"),
  ECONNRESET: () => Http.failure("ECONNRESET"),
  UND_ERR_SOCKET: () => Http.failure("UND_ERR_SOCKET"),
  "EHOSTUNREACH on connecting": () => unreachable("connect"),
  "EHOSTUNREACH on reading": () => unreachable("read"),
  CERT_HAS_EXPIRED: () => Http.failure("CERT_HAS_EXPIRED"),
  DEPTH_ZERO_SELF_SIGNED_CERT: () => Http.failure("DEPTH_ZERO_SELF_SIGNED_CERT"),
  EPROTO: () => Http.failure("EPROTO"),
  ERR_SSL_WRONG_VERSION_NUMBER: () => Http.failure("ERR_SSL_WRONG_VERSION_NUMBER"),
  ERR_SSL_UNSUPPORTED_PROTOCOL: () => Http.failure("ERR_SSL_UNSUPPORTED_PROTOCOL"),
  "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE": () => Http.failure("ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE"),
  ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR: () => Http.failure("ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR"),
  HPE_INVALID_CONSTANT: () => Http.failure("HPE_INVALID_CONSTANT"),
  HPE_HEADER_OVERFLOW: () => Http.failure("HPE_HEADER_OVERFLOW"),
  HPE_INVALID_EOF_STATE: () => Http.failure("HPE_INVALID_EOF_STATE"),
  UND_ERR_HEADERS_OVERFLOW: () => Http.failure("UND_ERR_HEADERS_OVERFLOW"),
  UND_ERR_INVALID_ARG: () => Http.failure("UND_ERR_INVALID_ARG"),
  "a failure without a code": () => Effect.fail(new TypeError("terminated"))
}

/** After which answers a request is sent again: with every method, or only with those that do the same twice. */
const always = [
  "413 with Retry-After",
  "429",
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "EHOSTUNREACH on connecting"
]
const whereSafe = [
  "502",
  "503",
  "503 with Retry-After",
  "504",
  "ECONNRESET",
  "UND_ERR_SOCKET",
  "EHOSTUNREACH on reading",
  "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR",
  "HPE_INVALID_EOF_STATE",
  "a failure without a code"
]
const safe = ["GET", "HEAD", "PUT"]

/** How often a request left that is answered so each time. */
const attempts = (
  method: (typeof methods)[number],
  body: HttpBody.HttpBody,
  answer: () => Http.Reply,
  retries?: number
) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(
      Effect.exit(execute(HttpClientRequest.make(method)("/images").pipe(HttpClientRequest.setBody(body))))
    )
    yield* TestClock.adjust("30 seconds")
    const exit = yield* Fiber.join(fiber)
    return { exit, count: (yield* tokens).length }
  }).pipe(
    Effect.provide(
      port(
        cloud(() => tokenAnswer("token"), answer),
        { retries }
      )
    )
  )

describe("a request is sent again", () => {
  for (const [kind, answer] of Object.entries(answers)) {
    it.effect(`after ${kind}: ${describeRow(kind)}`, () =>
      Effect.forEach(
        methods.flatMap((method) => Object.entries(bodies).map(([body, value]) => ({ method, body, value }))),
        ({ body, method, value }) =>
          Effect.gen(function* () {
            const repeats =
              (body === "none" || body === "bytes") &&
              (always.includes(kind) || (whereSafe.includes(kind) && safe.includes(method)))
            const { count, exit } = yield* attempts(method, value, answer)
            assert.strictEqual(count, repeats ? 4 : 1, `${method} with ${body}`)
            // What the last attempt met is what the caller gets.
            assert.strictEqual(Exit.isSuccess(exit), /^\d/.test(kind))
          })
      )
    )
  }

  function describeRow(kind: string): string {
    return always.includes(kind) ? "with any method" : whereSafe.includes(kind) ? "GET, HEAD, PUT" : "never"
  }

  it.effect("as often as it is told", () =>
    Effect.gen(function* () {
      for (const retries of [0, 1, 5]) {
        const { count } = yield* attempts("GET", HttpBody.empty, () => Http.json({}, 503), retries)
        assert.strictEqual(count, retries + 1)
      }
    })
  )

  it.effect("with the same token, and until it is answered", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(list)
      yield* TestClock.adjust("5 seconds")
      assert.lengthOf((yield* Fiber.join(fiber)).items, 0)
      assert.deepStrictEqual(yield* tokens, ["token-0", "token-0", "token-0"])
      assert.strictEqual(yield* logins, 1)
    }).pipe(
      Effect.provide(
        images(
          cloud(
            (_, index) => tokenAnswer(`token-${index}`),
            (_, index) => (index < 2 ? Http.html("<h1>Bad Gateway</h1>", 502) : noImages())
          )
        )
      )
    )
  )

  it.effect("when it is a login, whose time is the operation's own", () =>
    Effect.gen(function* () {
      for (const answer of ["429", "502", "503", "504", "ECONNREFUSED", "ECONNRESET"]) {
        const count = yield* Effect.gen(function* () {
          const fiber = yield* Effect.fork(execute())
          yield* TestClock.adjust("5 seconds")
          yield* Fiber.join(fiber)
          return yield* logins
        }).pipe(
          Effect.provide(
            port(cloud((_, index) => (index < 3 ? (answers[answer]?.() ?? noImages()) : tokenAnswer("token"))))
          )
        )
        assert.strictEqual(count, 4, answer)
      }
    })
  )
})

describe("the wait before a request is sent again", () => {
  interface Step {
    /** How closely to look, in milliseconds. */
    readonly step?: number
  }

  /** When requests left, in milliseconds after the first, and when the answer came. */
  const times = (answer: (index: number) => Http.Reply, { step = 1000, ...options }: Cloud.Options & Step = {}) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.exit(execute()))
      yield* TestClock.adjust(0)
      const left: Array<number> = []
      for (let now = 0; now <= 70_000; now += step) {
        const seen = (yield* tokens).length
        while (left.length < seen) left.push(now)
        if ((yield* Fiber.poll(fiber))._tag === "Some") return { left, done: now }
        yield* TestClock.adjust(Duration.millis(step))
      }
      return { left, done: Number.POSITIVE_INFINITY }
    }).pipe(
      Effect.provide(
        port(
          cloud(
            () => tokenAnswer("token"),
            (_, index) => answer(index)
          ),
          options
        )
      )
    )

  const within = (actual: number | undefined, from: number, to: number) => {
    assert.isAtLeast(actual ?? Number.NaN, from)
    assert.isAtMost(actual ?? Number.NaN, to)
  }

  it.effect("doubles, within a fifth", () =>
    Effect.gen(function* () {
      const { left } = yield* times(() => Http.json({}, 503), { step: 10 })
      const [first, second, third, fourth] = left
      assert.strictEqual(first, 0)
      within((second ?? 0) - 0, 160, 250)
      within((third ?? 0) - (second ?? 0), 310, 490)
      within((fourth ?? 0) - (third ?? 0), 630, 970)
    })
  )

  it.effect("is what Retry-After says in seconds, where that is longer", () =>
    Effect.gen(function* () {
      const { left } = yield* times((index) => (index === 0 ? Http.json({}, 429, { "retry-after": "7" }) : noImages()))
      assert.deepStrictEqual(left, [0, 7000])
    })
  )

  it.effect("is what Retry-After says as a date, where that is later", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-11-23T16:00:00Z"))
      const { left } = yield* times((index) =>
        index === 0 ? Http.json({}, 503, { "retry-after": "Mon, 23 Nov 2026 16:00:09 GMT" }) : noImages()
      )
      assert.deepStrictEqual(left, [0, 9000])
    })
  )

  it.effect("is the back-off where that is longer, also with a date that has passed or is none", () =>
    Effect.gen(function* () {
      for (const text of ["1", "0", "Thu, 01 Jan 1970 00:00:00 GMT", "soon", ""]) {
        const { left } = yield* times(
          (index) => (index === 0 ? Http.json({}, 503, { "retry-after": text }) : noImages()),
          { backoff: Duration.seconds(20) }
        )
        within(left[1], 16_000, 25_000)
      }
    })
  )

  it.effect("is not begun when it would end after the time limit", () =>
    Effect.gen(function* () {
      const { done, left } = yield* times(() => Http.json({}, 429, { "retry-after": "61" }))
      assert.deepStrictEqual({ done, left }, { done: 0, left: [0] })
    })
  )

  it.effect("is not begun when it would end after what is left of the time limit", () =>
    Effect.gen(function* () {
      const { done, left } = yield* times(() => Http.json({}, 429, { "retry-after": "25" }))
      assert.deepStrictEqual({ done, left }, { done: 50_000, left: [0, 25_000, 50_000] })
    })
  )

  it.effect("that is not begun leaves the server's answer to the caller, with the time that it asked for", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(list)
      if (error._tag !== "RateLimited") return assert.fail(error._tag)
      assert.deepStrictEqual(Duration.toSeconds(Effect.runSync(error.retryAfter)), 3600)
    }).pipe(
      Effect.provide(
        images(
          cloud(
            () => tokenAnswer("token"),
            () => Http.json({}, 429, { "retry-after": "3600" })
          )
        )
      )
    )
  )

  it.effect("is logged, with neither host nor query", () =>
    Effect.gen(function* () {
      const lines = yield* Ref.make<ReadonlyArray<unknown>>([])
      const logger = Logger.make(({ message }) => Effect.runSync(Ref.update(lines, (all) => [...all, message])))
      const fiber = yield* execute(HttpClientRequest.get("/images?name=x")).pipe(
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Effect.fork
      )
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* Ref.get(lines), [["GET /v2/images: status 503, again in 2s"]])
    }).pipe(
      Effect.provide(
        port(
          cloud(
            () => tokenAnswer("token"),
            (_, index) => (index === 0 ? Http.json({}, 503, { "retry-after": "2" }) : noImages())
          )
        )
      )
    )
  )
})

describe("the body of an answer that nobody wants", () => {
  it.effect("is read to its end: of one that is tried again, and of a refused token", () =>
    Effect.gen(function* () {
      const dropped = [Http.watched("<h1>Bad Gateway</h1>"), Http.watched("<h1>Unauthorized</h1>")] as const
      yield* Effect.gen(function* () {
        const fiber = yield* Effect.fork(list)
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(fiber)
      }).pipe(
        Effect.provide(
          images(
            cloud(
              (_, index) => tokenAnswer(`token-${index}`),
              (_, index) =>
                index === 0
                  ? new Response(dropped[0].body, { status: 502 })
                  : index === 1
                    ? new Response(dropped[1].body, { status: 401 })
                    : noImages()
            )
          )
        )
      )
      assert.deepStrictEqual(
        dropped.map(({ read }) => read()),
        [true, true]
      )
    })
  )

  it.effect("is read also where the new login fails", () =>
    Effect.gen(function* () {
      const dropped = Http.watched("<h1>Unauthorized</h1>")
      const error = yield* Effect.flip(list).pipe(
        Effect.provide(
          images(
            cloud(
              (_, index) => (index === 0 ? tokenAnswer("token") : Http.json({}, 401)),
              () => new Response(dropped.body, { status: 401 })
            )
          )
        )
      )
      assert.strictEqual(error._tag, "AuthenticationFailed")
      assert.isTrue(dropped.read())
    })
  )

  it.effect("is not waited for without end", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(execute())
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).status, 200)
    }).pipe(
      Effect.provide(
        port(
          cloud(
            () => tokenAnswer("token"),
            (_, index) => (index === 0 ? new Response(new ReadableStream(), { status: 503 }) : noImages())
          )
        )
      )
    )
  )
})

describe("a refused token", () => {
  const refusing = cloud(
    (_, index) => tokenAnswer(`token-${index}`),
    ({ headers }) =>
      headers["x-auth-token"] === "token-0" ? Http.html("<h1>401 Unauthorized</h1>no longer", 401) : noImages()
  )

  const sendAgain = (body: HttpBody.HttpBody) =>
    Effect.gen(function* () {
      const response = yield* execute(HttpClientRequest.post("/images").pipe(HttpClientRequest.setBody(body)))
      return { status: response.status, text: yield* response.text, tokens: yield* tokens, logins: yield* logins }
    }).pipe(Effect.provide(port(refusing)))

  it.effect("is renewed, and the request sent again with its body", () =>
    Effect.gen(function* () {
      const { sent } = yield* Http.Http
      yield* execute(HttpClientRequest.post("/images").pipe(HttpClientRequest.setBody(bodies.bytes)))
      assert.deepStrictEqual(
        sent.filter((one) => !isLogin(one)).map(({ body, headers }) => [headers["x-auth-token"], body]),
        [
          ["token-0", "{}"],
          ["token-1", "{}"]
        ]
      )
    }).pipe(Effect.provide(port(refusing)))
  )

  it.effect("is renewed for the next where the body cannot be sent again, and the refusal told", () =>
    Effect.gen(function* () {
      for (const body of [bodies.stream, bodies.raw]) {
        const outcome = yield* sendAgain(body)
        assert.deepStrictEqual(outcome, {
          status: 401,
          text: "<h1>401 Unauthorized</h1>no longer",
          tokens: ["token-0"],
          logins: 2
        })
      }
    })
  )

  it.effect("fails with what the new login met", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.flatMap(Images.Images, (images) =>
          images.get(Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001"))
        )
      )
      if (error._tag !== "AuthenticationFailed") return assert.fail(error._tag)
      assert.strictEqual(error.operation, "Keystone.password")
    }).pipe(
      Effect.provide(
        images(
          cloud(
            (_, index) => (index === 0 ? tokenAnswer("token-0") : Http.json({}, 401)),
            () => Http.html("", 401)
          )
        )
      )
    )
  )

  it.effect("of the object store is renewed as well", () =>
    Effect.gen(function* () {
      const http = yield* GlanceClient.GlanceClient
      const store = yield* http.objectStore
      if (store._tag === "None") return assert.fail("no object store")
      const response = yield* store.value.execute(HttpClientRequest.head("/container"))
      assert.strictEqual(response.status, 200)
      assert.deepStrictEqual(yield* tokens, ["token-0", "token-1"])
    }).pipe(
      Effect.provide(
        port(
          cloud(
            (_, index) =>
              tokenAnswer(`token-${index}`, {
                catalog: [
                  {
                    type: "object-store",
                    endpoints: [{ interface: "public", region: "RegionOne", url: "https://swift.test/v1/AUTH_alpha" }]
                  }
                ]
              }),
            ({ headers }) => (headers["x-auth-token"] === "token-0" ? Http.html("", 401) : new Response(""))
          )
        )
      )
    )
  )
})
