import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Images from "@effect-glance/core/Images"
import { Circuit, Cloud, Keystone, Throttle } from "@effect-glance/http"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/TestClock"
import * as Http from "../support/http.js"
import {
  authUrl,
  cloud,
  credentials,
  execute,
  images,
  isLogin,
  list,
  logins,
  noImages,
  port,
  tokenAnswer,
  tokens
} from "./support.js"

const down = (kind: "503" | "ECONNREFUSED" | "500" | "429" | "404"): Http.Reply =>
  kind === "ECONNREFUSED" ? Http.failure(kind) : Http.json({}, Number(kind))

const over = (
  answer: (sent: Http.Sent, index: number) => Http.Reply,
  options: Circuit.Options = {},
  more: Cloud.Options = { retries: 0 }
) =>
  Layer.provide(
    images(
      cloud(() => tokenAnswer("token"), answer),
      more
    ),
    Circuit.layer(options)
  )

/** So many operations one after the other, and the tags that they end in. */
const outcomes = (count: number) =>
  Effect.forEach(Array.from({ length: count }), () =>
    Effect.match(list, { onFailure: ({ _tag }) => _tag, onSuccess: () => "ok" })
  )

const sent = Effect.map(tokens, (all) => all.length)

describe("a circuit", { timeout: 60_000 }, () => {
  for (const kind of ["503", "ECONNREFUSED"] as const) {
    it.effect(`opens after so many failures in a row: ${kind}`, () =>
      Effect.gen(function* () {
        const met = kind === "503" ? "ServiceUnavailable" : "TransportError"
        assert.deepStrictEqual(yield* outcomes(5), [met, met, met, "CloudUnavailable", "CloudUnavailable"])
        assert.strictEqual(yield* sent, 3)
      }).pipe(Effect.provide(over(() => down(kind), { failures: 3 })))
    )
  }

  for (const kind of ["500", "429", "404"] as const) {
    it.effect(`stays closed after ${kind}, which shows that somebody is there`, () =>
      Effect.gen(function* () {
        yield* outcomes(20)
        assert.strictEqual(yield* sent, 20)
      }).pipe(Effect.provide(over(() => down(kind), { failures: 3 })))
    )
  }

  it.effect("counts failures in a row, and forgets them when an answer comes", () =>
    Effect.gen(function* () {
      yield* outcomes(30)
      assert.strictEqual(yield* sent, 30)
    }).pipe(Effect.provide(over((_, index) => (index % 3 === 2 ? noImages() : down("503")), { failures: 3 })))
  )

  it.effect("tells of whom, until when, and why", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-11-23T16:00:00Z"))
      yield* outcomes(5)
      const error = yield* Effect.flip(list)
      if (error._tag !== "CloudUnavailable") return assert.fail(error._tag)
      assert.strictEqual(DateTime.formatIso(error.until), "2026-11-23T16:00:30.000Z")
      assert.strictEqual(error.url, "https://glance.test/v2")
      assert.strictEqual(error.detail, "status 503")
      assert.strictEqual(
        error.message,
        "circuit for https://glance.test/v2 is open until 2026-11-23T16:00:30.000Z (last failure: status 503)"
      )
    }).pipe(Effect.provide(over(() => down("503"))))
  )

  it.effect("lets one try after the delay, and the others when that has gone well", () => {
    const state = { up: false }
    return Effect.gen(function* () {
      yield* outcomes(3)
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(yield* outcomes(2), ["CloudUnavailable", "CloudUnavailable"])
      state.up = true
      yield* TestClock.adjust("1 second")
      const all = yield* Effect.fork(
        Effect.all(
          Array.from({ length: 50 }, () => Effect.exit(list)),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("1 second")
      const exits = yield* Fiber.join(all)
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 1)
      assert.strictEqual(yield* sent, 4)
      const after = yield* Effect.fork(outcomes(3))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Fiber.join(after), ["ok", "ok", "ok"])
    }).pipe(
      Effect.provide(
        over(() => (state.up ? Effect.as(Effect.sleep("500 millis"), noImages()) : down("503")), {
          failures: 3,
          delay: "10 seconds"
        })
      )
    )
  })

  it.effect("stays open when the one that tries fails", () =>
    Effect.gen(function* () {
      yield* outcomes(3)
      for (let round = 1; round <= 3; round++) {
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(yield* outcomes(2), ["ServiceUnavailable", "CloudUnavailable"])
        assert.strictEqual(yield* sent, 3 + round)
      }
    }).pipe(Effect.provide(over(() => down("503"), { failures: 3, delay: "10 seconds" })))
  )

  it.effect("lets the next try at once when the one that tries is no longer wanted", () =>
    Effect.gen(function* () {
      yield* outcomes(3)
      yield* TestClock.adjust("10 seconds")
      const trial = yield* Effect.fork(list)
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(trial)
      const next = yield* Effect.fork(list)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* sent, 5)
      yield* Fiber.interrupt(next)
    }).pipe(
      Effect.provide(over((_, index) => (index < 3 ? down("503") : Effect.never), { failures: 3, delay: "10 seconds" }))
    )
  )

  it.effect("opens for a cloud that does not answer at all", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(outcomes(4))
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(yield* Fiber.join(fiber), [
        "TimeLimitExceeded",
        "TimeLimitExceeded",
        "CloudUnavailable",
        "CloudUnavailable"
      ])
    }).pipe(Effect.provide(over(() => Effect.never, { failures: 2, delay: "10 minutes" })))
  )

  it.effect("does not open for requests that are no longer wanted", () =>
    Effect.gen(function* () {
      for (let count = 0; count < 10; count++) {
        const fiber = yield* Effect.fork(list)
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.interrupt(fiber)
      }
      assert.strictEqual(yield* sent, 10)
    }).pipe(Effect.provide(over(() => Effect.never, { failures: 2 })))
  )

  it.effect("ends the repetitions of a request, which ends in what it met", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(outcomes(2))
      yield* TestClock.adjust("1 minute")
      // Its third attempt opened the circuit: the wait before the fourth is not begun.
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["ServiceUnavailable", "CloudUnavailable"])
      assert.strictEqual(yield* sent, 3)
    }).pipe(Effect.provide(over(() => down("503"), { failures: 3, delay: "10 minutes" }, { retries: 5 })))
  )

  it.effect("lets a request try again that has to wait longer than the circuit is open", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(outcomes(1))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["ok"])
    }).pipe(
      Effect.provide(
        over(
          (_, index) => (index === 0 ? Http.json({}, 503, { "retry-after": "20" }) : noImages()),
          { failures: 1, delay: "10 seconds" },
          {}
        )
      )
    )
  )

  it.effect("listens to nobody who was sent before it opened", () =>
    Effect.gen(function* () {
      const early = yield* Effect.fork(Effect.exit(list))
      yield* TestClock.adjust(0)
      yield* outcomes(3)
      yield* TestClock.adjust("5 seconds")
      // Its failure, which comes now, does not make the time longer.
      assert.isTrue(Exit.isFailure(yield* Fiber.join(early)))
      yield* TestClock.adjust("24 seconds")
      assert.deepStrictEqual(yield* outcomes(1), ["CloudUnavailable"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* outcomes(1), ["ServiceUnavailable"])
    }).pipe(
      Effect.provide(
        over(
          (_, index) =>
            index === 0
              ? Effect.delay(
                  Effect.sync(() => Http.json({}, 503)),
                  "5 seconds"
                )
              : down("503"),
          { failures: 3 }
        )
      )
    )
  )

  it.effect("of the identity service spares it the logins, and is another one than the image service's", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* outcomes(5), [
        "ServiceUnavailable",
        "ServiceUnavailable",
        "CloudUnavailable",
        "CloudUnavailable",
        "CloudUnavailable"
      ])
      assert.strictEqual(yield* logins, 2)
      const error = yield* Effect.flip(list)
      if (error._tag !== "CloudUnavailable") return assert.fail(error._tag)
      assert.strictEqual(error.url, `${authUrl}/auth/tokens`)
      // Whoever has a token still gets through.
      const withToken = Cloud.layerToken({ endpoint: "https://glance.test", token: credentials.password })
      assert.strictEqual((yield* Effect.provide(execute(), withToken)).status, 200)
    }).pipe(
      Effect.provide(
        Images.layer.pipe(
          Layer.provide(Cloud.layer()),
          Layer.provide(Keystone.layerPassword({ ...credentials, retries: 0 })),
          Layer.provide(Circuit.layer({ failures: 2 })),
          Layer.provideMerge(Http.layer(cloud(() => down("503"))))
        )
      )
    )
  )

  it.effect("of one cloud is not that of another", () =>
    Effect.gen(function* () {
      const at = (endpoint: string) => Cloud.layerToken({ endpoint, token: credentials.password, retries: 0 })
      const clouds = yield* Layer.build(Layer.merge(Circuit.layer({ failures: 1 }), Layer.empty))
      const ask = (endpoint: string) =>
        Effect.map(
          Effect.either(
            Effect.provide(
              execute(HttpClientRequest.get("/images")),
              Layer.provide(at(endpoint), Layer.succeedContext(clouds))
            )
          ),
          (result) => (result._tag === "Left" ? result.left._tag : String(result.right.status))
        )
      assert.deepStrictEqual(
        [
          yield* ask("https://down.test"),
          yield* ask("https://down.test"),
          yield* ask("https://up.test"),
          yield* ask("https://down.test")
        ],
        ["503", "CloudUnavailable", "200", "CloudUnavailable"]
      )
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Http.layer(
          () =>
            ({ url }) =>
              url.host === "down.test" ? down("503") : noImages()
        )
      )
    )
  )

  it.effect("is absent unless it is provided", () =>
    Effect.gen(function* () {
      yield* outcomes(50)
      assert.strictEqual(yield* sent, 50)
    }).pipe(
      Effect.provide(
        images(
          cloud(
            () => tokenAnswer("token"),
            () => down("503")
          ),
          { retries: 0 }
        )
      )
    )
  )

  it.effect("logs when it opens and when it closes", () => {
    const lines: Array<unknown> = []
    const logger = Logger.make<unknown, void>(({ message }) => {
      lines.push(...(message as ReadonlyArray<unknown>))
    })
    return Effect.gen(function* () {
      yield* outcomes(2)
      yield* TestClock.adjust("30 seconds")
      yield* outcomes(2)
      assert.deepStrictEqual(lines, [
        "circuit for https://glance.test/v2 is open for 30s after 2 failures in a row (last failure: status 503)",
        "circuit for https://glance.test/v2 is closed again"
      ])
    }).pipe(
      Effect.provide(over((_, index) => (index < 2 ? down("503") : noImages()), { failures: 2 })),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger))
    )
  })
})

describe("a cloud that is away for a minute", { timeout: 60_000 }, () => {
  /** Away from the start, and back after 60 seconds of test time. */
  const away = (answer: () => Http.Reply) =>
    cloud(
      () => tokenAnswer("token"),
      () =>
        Effect.flatMap(
          Effect.clockWith((clock) => clock.currentTimeMillis),
          (now) => {
            const reply = now < 60_000 ? answer() : noImages()
            return Effect.isEffect(reply) ? reply : Effect.succeed(reply)
          }
        )
    )

  const ask = (method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE") =>
    Effect.map(Effect.either(execute(HttpClientRequest.make(method)("/images"))), (result) =>
      result._tag === "Left" ? result.left._tag : String(result.right.status)
    )

  /** Eight retries from 400 milliseconds on: the last comes after 100 seconds, which the time limit has to leave. */
  const patient: Cloud.Options = { retries: 8, backoff: Duration.millis(400), timeLimit: "3 minutes" }

  const all = Effect.gen(function* () {
    const fiber = yield* Effect.fork(
      Effect.forEach(["GET", "PUT", "POST", "PATCH", "DELETE"] as const, ask, { concurrency: "unbounded" })
    )
    yield* TestClock.adjust("5 minutes")
    return yield* Fiber.join(fiber)
  })

  it.effect("answers 503: what is safe to repeat succeeds, and the rest is told so", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* all, ["200", "200", "503", "503", "503"])
      const methods = (yield* Http.sent).filter((one) => !isLogin(one)).map(({ method }) => method)
      for (const method of ["POST", "PATCH", "DELETE"]) {
        assert.strictEqual(methods.filter((one) => one === method).length, 1, method)
      }
    }).pipe(
      Effect.provide(
        port(
          away(() => down("503")),
          patient
        )
      )
    )
  )

  it.effect("breaks connections: what is safe to repeat succeeds, and the rest fails typed", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* all, ["200", "200", "RequestError", "RequestError", "RequestError"])
    }).pipe(
      Effect.provide(
        port(
          away(() => Http.failure("ECONNRESET")),
          patient
        )
      )
    )
  )

  it.effect("refuses connections: nothing was done, so all of it succeeds", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* all, ["200", "200", "200", "200", "200"])
    }).pipe(
      Effect.provide(
        port(
          away(() => down("ECONNREFUSED")),
          patient
        )
      )
    )
  )

  it.effect("is left alone by a circuit, fails what is asked meanwhile at once, and answers afterwards", () => {
    const program = Effect.gen(function* () {
      const seen: Array<string> = []
      for (let second = 0; second < 120; second++) {
        seen.push(yield* Effect.match(list, { onFailure: ({ _tag }) => _tag, onSuccess: () => "ok" }))
        yield* TestClock.adjust("1 second")
      }
      return { seen, sent: yield* sent }
    })
    const served = (circuit: Layer.Layer<Circuit.Circuit> | Layer.Layer<never>) =>
      Effect.provide(
        program,
        Layer.provide(
          images(
            away(() => down("503")),
            { retries: 0 }
          ),
          circuit
        )
      )
    return Effect.gen(function* () {
      const from = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      assert.strictEqual(from, 0)
      const guarded = yield* served(Circuit.layer({ failures: 5, delay: "20 seconds" }))
      // Five failures, a trial at 24 and at 44 seconds, and one at 64, when the cloud is back.
      assert.deepStrictEqual(
        guarded.seen.flatMap((tag, second) => (tag === "ServiceUnavailable" ? [second] : [])),
        [0, 1, 2, 3, 4, 24, 44]
      )
      assert.strictEqual(guarded.seen.indexOf("ok"), 64)
      assert.isTrue(guarded.seen.slice(64).every((tag) => tag === "ok"))
      assert.strictEqual(guarded.sent, 7 + 56)
    })
  })

  it.effect("without a circuit is asked each time, and answers as soon as it is back", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      for (let second = 0; second < 120; second++) {
        seen.push(yield* Effect.match(list, { onFailure: ({ _tag }) => _tag, onSuccess: () => "ok" }))
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(seen.indexOf("ok"), 60)
      assert.strictEqual(yield* sent, 120)
    }).pipe(
      Effect.provide(
        images(
          away(() => down("503")),
          { retries: 0 }
        )
      )
    )
  )
})

describe("a circuit that lets one try", () => {
  it.effect("is not used up by who stands in the line of a throttle, whenever the time passes", () =>
    Effect.gen(function* () {
      let reached = true
      for (let reading = 1; reached; reading++) {
        // The pause of a second ends between this reading of the clock and the next.
        let left = Number.POSITIVE_INFINITY
        let time = 0
        const now = () => (left-- > 0 ? time : time + 2)
        const clock: Clock.Clock = {
          [Clock.ClockTypeId]: Clock.ClockTypeId,
          unsafeCurrentTimeMillis: now,
          unsafeCurrentTimeNanos: () => BigInt(0),
          currentTimeNanos: Effect.succeed(BigInt(0)),
          currentTimeMillis: Effect.sync(now),
          sleep: () => Effect.never
        }
        yield* Effect.gen(function* () {
          yield* Effect.exit(execute())
          time = 999
          left = reading
          yield* Effect.exit(execute())
          reached = left < 0
          time = 1001
          yield* execute()
        }).pipe(
          Effect.provide(
            Layer.provide(
              port(
                cloud(
                  () => tokenAnswer("token", { expiresAt: 4_000_000_000_000 }),
                  (_, index) => (index === 0 ? Http.json({}, 503) : noImages())
                ),
                { retries: 0 }
              ),
              Layer.merge(Circuit.layer({ failures: 1, delay: "1 second" }), Throttle.layer({ concurrency: 5 }))
            )
          ),
          Effect.withClock(clock)
        )
      }
    })
  )
})
