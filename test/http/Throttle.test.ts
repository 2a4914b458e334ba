import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import { Image } from "@effect-glance/core"
import * as Images from "@effect-glance/core/Images"
import { type Cloud, Throttle } from "@effect-glance/http"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Http from "../support/http.js"
import { imageRecord } from "../support/records.js"
import { cloud, execute, images, isLogin, noImages, port, tokenAnswer, tokens } from "./support.js"

/** A cloud that notes when each request came, and takes so long for an answer. */
const slow = (takes: Duration.DurationInput, answer: Http.Handler = noImages) => {
  const seen = { came: [] as Array<number>, inside: 0, most: 0 }
  const make = cloud(
    () => tokenAnswer("token"),
    (sent, index) =>
      Effect.gen(function* () {
        seen.came.push(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
        seen.inside += 1
        seen.most = Math.max(seen.most, seen.inside)
        yield* Effect.sleep(takes)
        const reply = answer(sent, index)
        return Effect.isEffect(reply) ? yield* reply : reply
      }).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            seen.inside -= 1
          })
        )
      )
  )
  return { seen, make }
}

const throttled = (
  { concurrency, perSecond }: Throttle.Options,
  handler: () => Http.Handler,
  options?: Cloud.Options
) => Layer.provide(port(handler, options), Throttle.layer({ concurrency, perSecond }))

/** All at once, over so much test time. */
const many = <A, E, R>(one: Effect.Effect<A, E, R>, count: number, time: Duration.DurationInput = "10 minutes") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(
      Effect.all(
        Array.from({ length: count }, () => one),
        { concurrency: "unbounded" }
      )
    )
    yield* TestClock.adjust(time)
    return yield* Fiber.join(fiber)
  })

describe("a throttle", { timeout: 60_000 }, () => {
  it.effect("lets so many requests wait for an answer at once", () => {
    const { make, seen } = slow("1 second")
    return Effect.gen(function* () {
      yield* many(execute(), 10)
      assert.strictEqual(seen.most, 3)
      assert.deepStrictEqual(seen.came, [0, 0, 0, 1000, 1000, 1000, 2000, 2000, 2000, 3000])
    }).pipe(Effect.provide(throttled({ concurrency: 3 }, make)))
  })

  it.effect("sends so many in a second, evenly, and no burst after a pause", () => {
    const { make, seen } = slow(0)
    return Effect.gen(function* () {
      yield* many(execute(), 5, "1 minute")
      assert.deepStrictEqual(seen.came, [0, 250, 500, 750, 1000])
      yield* many(execute(), 3, "1 minute")
      assert.deepStrictEqual(seen.came.slice(5), [60_000, 60_250, 60_500])
    }).pipe(Effect.provide(throttled({ perSecond: 4 }, make)))
  })

  it.effect("keeps a rate that does not divide a second, or is less than one", () => {
    const { make, seen } = slow(0)
    const rates = (perSecond: number, count: number) =>
      Effect.gen(function* () {
        const from = seen.came.length
        yield* many(execute(), count, "30 minutes")
        return Math.max(...seen.came.slice(from)) - Math.min(...seen.came.slice(from))
      }).pipe(Effect.provide(throttled({ perSecond }, make)))
    return Effect.gen(function* () {
      assert.closeTo(yield* rates(300, 61), 200, 4)
      assert.strictEqual(yield* rates(0.1, 4), 30_000)
    })
  })

  it.effect("counts each attempt, and holds no place while it waits for the next", () => {
    const { make, seen } = slow(0, (_, index) =>
      index === 0 ? Http.json({}, 503, { "retry-after": "30" }) : noImages()
    )
    return Effect.gen(function* () {
      yield* many(execute(), 3)
      // The second and third do not stand behind the back-off of the first.
      assert.deepStrictEqual(seen.came, [0, 1000, 2000, 30_000])
    }).pipe(Effect.provide(throttled({ concurrency: 1, perSecond: 1 }, make)))
  })

  it.effect("holds back no login", () =>
    Effect.gen(function* () {
      // Both wait for a login after their token was refused, and the place is free for it to be over.
      yield* many(execute(), 2)
      assert.strictEqual((yield* Effect.map(Http.sent, (all) => all.filter(isLogin))).length, 2)
    }).pipe(
      Effect.provide(
        throttled(
          { concurrency: 1 },
          cloud(
            (_, index) => tokenAnswer(`token-${index}`),
            ({ headers }) => (headers["x-auth-token"] === "token-0" ? Http.html("", 401) : noImages())
          )
        )
      )
    )
  )

  it.effect("gives a place back that is no longer wanted, waited for or held", () => {
    const { make, seen } = slow("1 hour")
    return Effect.gen(function* () {
      const holder = yield* Effect.fork(execute())
      const waiting = yield* Effect.forEach([1, 2, 3], () => Effect.fork(execute()))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interruptAll(waiting)
      yield* Fiber.interrupt(holder)
      assert.deepStrictEqual(seen.came, [0])
      const next = yield* Effect.fork(execute())
      yield* TestClock.adjust("1 second")
      assert.lengthOf(seen.came, 2)
      yield* Fiber.interrupt(next)
    }).pipe(Effect.provide(throttled({ concurrency: 1, perSecond: 10 }, make)))
  })

  it.effect("lets a transfer go in its turn, and no other request wait for its end", () => {
    const { make, seen } = slow("1 second")
    const upload = HttpClientRequest.put("/images/1/file").pipe(
      HttpClientRequest.setBody(HttpBody.stream(Stream.make(new Uint8Array(3))))
    )
    return Effect.gen(function* () {
      yield* many(execute(upload), 3)
      assert.deepStrictEqual(seen.came, [0, 100, 200])
      // While bytes flow, others have their turn.
      assert.strictEqual(seen.most, 3)
    }).pipe(Effect.provide(throttled({ concurrency: 1, perSecond: 10 }, make)))
  })

  it.effect("takes nothing of the time limit of an operation", () => {
    const { make, seen } = slow("4 seconds", () => Http.json(imageRecord()))
    const get = Effect.flatMap(Images.Images, (images) =>
      images.get(Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001"))
    )
    return Effect.gen(function* () {
      const all = yield* many(get, 20)
      assert.lengthOf(all, 20)
      assert.strictEqual(seen.came.at(-1), 76_000)
    }).pipe(Effect.provide(Layer.provide(images(make, { timeLimit: "5 seconds" }), Throttle.layer({ concurrency: 1 }))))
  })

  it.effect("leaves the time limit to hold as soon as a request is sent", () => {
    const { make } = slow("10 seconds")
    const list = Effect.flatMap(Images.Images, (images) => images.list())
    return Effect.gen(function* () {
      const begun = yield* Effect.forEach([1, 2, 3], () => Effect.fork(Effect.flip(list)))
      const ended: Array<number> = []
      for (let now = 0; now <= 20_000; now += 1000) {
        const polled = yield* Effect.forEach(begun, Fiber.poll)
        const done = polled.filter(Option.isSome).length
        while (ended.length < done) ended.push(now)
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(ended, [5000, 10_000, 15_000])
      for (const fiber of begun) assert.strictEqual((yield* Fiber.join(fiber))._tag, "TimeLimitExceeded")
    }).pipe(Effect.provide(Layer.provide(images(make, { timeLimit: "5 seconds" }), Throttle.layer({ concurrency: 1 }))))
  })

  it.effect("is one for clouds that get the same layer, and is nobody else's", () => {
    const times = (throttles: readonly [Layer.Layer<Throttle.Throttle>, Layer.Layer<Throttle.Throttle>]) => {
      const { make, seen } = slow(0)
      const clouds = throttles.map((throttle) => Layer.provide(Layer.fresh(port(make)), throttle))
      return Effect.gen(function* () {
        const memo = yield* Layer.makeMemoMap
        const scope = yield* Effect.scope
        const built = yield* Effect.forEach(clouds, (layer) => Layer.buildWithMemoMap(layer, memo, scope))
        const begun = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
        const fiber = yield* Effect.fork(
          Effect.forEach(built, (context) => Effect.provide(execute(), context), { concurrency: "unbounded" })
        )
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(fiber)
        return seen.came.map((time) => time - begun)
      }).pipe(Effect.scoped)
    }
    return Effect.gen(function* () {
      const shared = Throttle.layer({ perSecond: 1 })
      assert.deepStrictEqual(yield* times([shared, shared]), [0, 1000])
      assert.deepStrictEqual(yield* times([Throttle.layer({ perSecond: 1 }), Throttle.layer({ perSecond: 1 })]), [0, 0])
    })
  })

  it.effect("comes from the configuration as well", () => {
    const { make, seen } = slow("1 second")
    const config = Throttle.layerConfig({ concurrency: Config.integer("AT_ONCE") })
    return Effect.gen(function* () {
      yield* many(execute(), 4)
      assert.strictEqual(seen.most, 2)
    }).pipe(
      Effect.provide(Layer.provide(port(make), config)),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["AT_ONCE", "2"]])))
    )
  })

  it.effect("is absent unless it is provided", () => {
    const { make, seen } = slow("1 second")
    return Effect.gen(function* () {
      yield* many(execute(), 50)
      assert.strictEqual(seen.most, 50)
      assert.lengthOf(yield* tokens, 50)
    }).pipe(Effect.provide(port(make)))
  })

  it.effect("refuses limits that are none", () =>
    Effect.gen(function* () {
      for (const options of [{ concurrency: 0 }, { concurrency: 1.5 }, { perSecond: 0 }, { perSecond: Number.NaN }]) {
        assert.isTrue(Exit.isFailure(yield* Effect.exit(Throttle.make(options))), JSON.stringify(options))
      }
    })
  )
})

it.effect("a throttle of the configuration refuses limits that make no sense with a ConfigError", () =>
  Effect.gen(function* () {
    for (const [name, value] of [
      ["concurrency", "-1"],
      ["concurrency", "0"],
      ["concurrency", "1.5"],
      ["perSecond", "-1"],
      ["perSecond", "NaN"]
    ] as const) {
      const layer = Throttle.layerConfig({
        [name]: Config.map(Config.string("LIMIT"), Number)
      })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer))).pipe(
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["LIMIT", value]])))
      )
      assert.include(String(error), `Throttle: ${name} must be`)
    }
  })
)
