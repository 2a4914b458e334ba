import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import { GlanceHttp, Image, ImageData, ImageSource } from "@effect-glance/core"
import * as Identity from "@effect-glance/http/Identity"
import * as NodeHasher from "@effect-glance/http/node/NodeHasher"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { imageRecord } from "../../support/records.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")

type Execute = (request: HttpClientRequest.HttpClientRequest) => ReturnType<GlanceHttp.Execute>

const web = (request: HttpClientRequest.HttpClientRequest, response: Response) =>
  Effect.succeed(HttpClientResponse.fromWeb(request, response))

/** A port whose record is given, and whose data requests are answered as told. */
const over = (record: Record<string, unknown>, file: Execute, asked: Array<Duration.Duration> = []) =>
  Effect.provide(
    ImageData.make,
    Layer.merge(
      NodeHasher.layer,
      Layer.succeed(GlanceHttp.GlanceHttp, {
        execute: (request) =>
          request.url.endsWith("/file") ? file(request) : web(request, Response.json(imageRecord(record))),
        unversioned: () => Effect.dieMessage("nobody asks for versions"),
        ensureToken: (life) => Effect.sync(() => void asked.push(life)),
        projectId: Effect.succeedNone,
        objectStore: Effect.succeedNone,
        timeLimit: Duration.minutes(1)
      })
    )
  )

const queued = { status: "queued", disk_format: "raw", checksum: null, os_hash_algo: null, os_hash_value: null }

const body = (request: HttpClientRequest.HttpClientRequest): Stream.Stream<Uint8Array, unknown> =>
  request.body._tag === "Stream" ? request.body.stream : Stream.die("no stream")

describe("a server that stands still", () => {
  it.effect("ends an upload when the idle limit has passed, and the time of the source does not count", () =>
    Effect.gen(function* () {
      const data = yield* over(queued, (request) =>
        Effect.zipRight(Stream.runDrain(Stream.take(body(request), 3)), Effect.never).pipe(Effect.orDie)
      )
      const slow = Stream.repeatValue(new Uint8Array(10)).pipe(
        Stream.rechunk(1),
        Stream.tap(() => Effect.sleep("1 hour"))
      )
      const fiber = yield* Effect.fork(
        Effect.flip(data.upload(id, slow, { idleLimit: "5 minutes", checkFormat: false }))
      )
      yield* TestClock.adjust("1 hour")
      yield* TestClock.adjust("1 hour")
      yield* TestClock.adjust("1 hour")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("4 hours")
      const failure = yield* Fiber.join(fiber)
      if (typeof failure === "string" || failure._tag !== "TransferStalled") return assert.fail(String(failure))
      assert.deepStrictEqual(failure.limit, Duration.minutes(5))
    })
  )

  it.effect("ends a download when the idle limit has passed, and the time of the reader does not count", () =>
    Effect.gen(function* () {
      const data = yield* over({ size: 100 }, (request) =>
        web(
          request,
          new Response(
            new ReadableStream({
              start: (controller) => controller.enqueue(new Uint8Array(10))
            })
          )
        )
      )
      const come = yield* Ref.make(0)
      const fiber = yield* data.download(id, { verify: false, idleLimit: "1 minute" }).pipe(
        Stream.tap((bytes) => Ref.update(come, (n) => n + bytes.length)),
        Stream.runDrain,
        Effect.flip,
        Effect.fork
      )
      yield* Effect.yieldNow().pipe(Effect.repeat({ while: () => Effect.map(Ref.get(come), (n) => n === 0) }))
      yield* TestClock.adjust("59 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TransferStalled")
    })
  )
})

describe("an upload", () => {
  it.effect("begins with a token that lasts", () =>
    Effect.gen(function* () {
      const asked: Array<Duration.Duration> = []
      const refusing: Execute = (request) => web(request, new Response(null, { status: 409 }))
      const data = yield* over(queued, refusing, asked)
      yield* Effect.flip(data.upload(id, ImageSource.bytes(Uint8Array.of(1))))
      yield* Effect.flip(data.upload(id, ImageSource.bytes(Uint8Array.of(1)), { tokenLife: "2 hours" }))
      assert.deepStrictEqual(asked, [Duration.minutes(10), Duration.hours(2)])
    })
  )

  it.effect("that is confirmed before its body was whole is no success", () =>
    Effect.gen(function* () {
      const data = yield* over(queued, (request) =>
        Effect.zipRight(
          Effect.orDie(Stream.runDrain(Stream.take(body(request), 1))),
          web(request, new Response(null, { status: 204 }))
        )
      )
      const endless = Stream.concat(Stream.make(new Uint8Array(10), new Uint8Array(10)), Stream.never)
      const failure = yield* Effect.flip(data.upload(id, endless, { checkFormat: false }))
      assert.strictEqual(failure._tag, "UnexpectedAnswer")
    })
  )

  it.effect("that was stored without a hash to compare is not called right", () =>
    Effect.gen(function* () {
      const stored = { ...queued, status: "active", size: 1, os_hash_algo: "blake2", os_hash_value: "00" }
      const data = yield* over(stored, (request) =>
        Effect.zipRight(Effect.orDie(Stream.runDrain(body(request))), web(request, new Response(null, { status: 204 })))
      )
      const failure = yield* Effect.flip(data.upload(id, ImageSource.bytes(Uint8Array.of(1))))
      if (failure._tag !== "ImageUnverifiable") return assert.fail(failure._tag)
      assert.deepStrictEqual(failure.algorithms, ["blake2"])
    })
  )

  it.effect("that never reached the server is tried again without a second reading of the source", () =>
    Effect.gen(function* () {
      const calls = yield* Ref.make(0)
      const opened = yield* Ref.make(0)
      const data = yield* over(
        { ...queued, status: "active", size: 3, checksum: "5289df737df57326fcdd22597afb1fac" },
        (request) =>
          Effect.flatMap(
            Ref.updateAndGet(calls, (n) => n + 1),
            (call) =>
              call < 3
                ? new HttpClientError.RequestError({ request, reason: "Transport", cause: new Error("refused") })
                : Effect.zipRight(
                    Effect.orDie(Stream.runDrain(body(request))),
                    web(request, new Response(null, { status: 204 }))
                  )
          )
      )
      const source = Stream.unwrap(
        Effect.as(
          Ref.update(opened, (n) => n + 1),
          Stream.make(Uint8Array.of(1, 2, 3))
        )
      )
      const fiber = yield* Effect.fork(data.upload(id, source))
      yield* TestClock.adjust("1 minute")
      const image = yield* Fiber.join(fiber)
      assert.deepStrictEqual(image.size, Option.some(3))
      assert.deepStrictEqual([yield* Ref.get(calls), yield* Ref.get(opened)], [3, 1])
    })
  )

  it.effect("tells how far it is", () =>
    Effect.gen(function* () {
      const told: Array<ImageData.Progress> = []
      const data = yield* over(
        { ...queued, status: "active", size: 3, checksum: "5289df737df57326fcdd22597afb1fac" },
        (request) =>
          Effect.zipRight(
            Effect.orDie(Stream.runDrain(body(request))),
            web(request, new Response(null, { status: 204 }))
          )
      )
      const source = Stream.rechunk(Stream.make(Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)), 1)
      yield* data.upload(id, ImageSource.stream(source, { size: 3 }), {
        checkFormat: false,
        onProgress: (progress) => Effect.sync(() => void told.push(progress))
      })
      const total = Option.some(3)
      assert.deepStrictEqual(
        told,
        [1, 2, 3].map((bytes) => ({ attempt: 1, bytes, total }))
      )
    })
  )
})

describe("a session that has to last", () => {
  const minute = 60_000
  const sessions = Effect.gen(function* () {
    const logins = yield* Ref.make(0)
    const login = Effect.gen(function* () {
      const number = yield* Ref.updateAndGet(logins, (n) => n + 1)
      const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      return {
        token: Redacted.make(`token-${number}`),
        lifetime: Option.some({ issuedAt: now, expiresAt: now + 60 * minute }),
        projectId: Option.none(),
        catalog: []
      }
    })
    return { identity: yield* Identity.make(login), logins: Ref.get(logins) }
  })

  it.scoped("is renewed when too little of its life is left", () =>
    Effect.gen(function* () {
      const { identity, logins } = yield* sessions
      yield* identity.lasting(Duration.minutes(10))
      yield* TestClock.adjust("50 minutes")
      yield* identity.lasting(Duration.minutes(10))
      assert.strictEqual(yield* logins, 1)
      yield* TestClock.adjust("1 millis")
      yield* identity.lasting(Duration.minutes(10))
      assert.strictEqual(yield* logins, 2)
    })
  )

  it.scoped("is not renewed each time where no token lasts so long", () =>
    Effect.gen(function* () {
      const { identity, logins } = yield* sessions
      for (let call = 0; call < 3; call++) yield* identity.lasting(Duration.hours(5))
      yield* TestClock.adjust("30 minutes")
      yield* identity.lasting(Duration.hours(5))
      assert.strictEqual(yield* logins, 1)
    })
  )
})
