import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, Image } from "@effect-glance/core"
import * as ImageMembers from "@effect-glance/core/ImageMembers"
import * as Images from "@effect-glance/core/Images"
import { Throttle } from "@effect-glance/http"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import type * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as Http from "../support/http.js"
import { imageRecord } from "../support/records.js"
import { cloud, execute, images, noImages, port, tokenAnswer } from "./support.js"
import * as Witness from "./witness.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")
const requestId = { "x-openstack-request-id": "req-1" }
const record = () => Http.json(imageRecord(), 200, { ...requestId, "content-length": "595" })
const unavailable = () => Http.json({}, 503, { "retry-after": "2", "x-openstack-request-id": "req-0" })

const get = Effect.flatMap(Images.Images, (images) => images.get(id))

/** Runs for a while of test time. */
const during = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Duration.DurationInput = "1 minute") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(time)
    return yield* Fiber.join(fiber)
  })

/** A 503 and then the record, seen by a witness. */
const twice = (_: Http.Sent, index: number): Http.Reply => (index === 0 ? unavailable() : record())

const after = (time: Duration.DurationInput, answer: () => Response) =>
  Effect.as(Effect.sleep(time), undefined).pipe(Effect.map(answer))

describe("the spans of an operation", { timeout: 60_000 }, () => {
  it.effect("are one of its own, one of the login, and one of each attempt", () =>
    Effect.gen(function* () {
      const witness = Witness.make()
      yield* during(get).pipe(Effect.provide(witness.layer))
      const seen = witness.spans.map((span) => ({
        name: span.name,
        parent: Option.match(span.parent, {
          onNone: () => "",
          onSome: (parent) => (parent._tag === "Span" ? parent.name : "")
        })
      }))
      assert.deepStrictEqual(seen, [
        { name: "Images.get", parent: "" },
        { name: "Keystone.password", parent: "Images.get" },
        { name: "POST /v3/auth/tokens", parent: "Keystone.password" },
        { name: "GET /v2/images/{image_id}", parent: "Images.get" },
        { name: "GET /v2/images/{image_id}", parent: "Images.get" }
      ])
    }).pipe(Effect.provide(images(cloud(() => tokenAnswer("token"), twice))))
  )

  it.effect("tell of each attempt its route, its number, its status, its request id and its bytes", () =>
    Effect.gen(function* () {
      const witness = Witness.make()
      yield* during(get).pipe(Effect.provide(witness.layer))
      const [first, second] = witness.spans.slice(-2).map(({ attributes }) => attributes)
      const shown = [
        "http.request.method",
        "url.template",
        "http.request.resend_count",
        "http.response.status_code",
        "error.type",
        "openstack.request_id",
        "http.response.body.size"
      ]
      assert.deepStrictEqual(
        shown.map((name) => first?.get(name)),
        ["GET", "/v2/images/{image_id}", undefined, 503, "503", "req-0", 2]
      )
      assert.deepStrictEqual(
        shown.map((name) => second?.get(name)),
        ["GET", "/v2/images/{image_id}", 1, 200, undefined, "req-1", 595]
      )
    }).pipe(Effect.provide(images(cloud(() => tokenAnswer("token"), twice))))
  )

  it.effect("tell how long the token and the throttle were waited for", () =>
    Effect.gen(function* () {
      const witness = Witness.make()
      yield* during(Effect.all([get, get], { concurrency: "unbounded" })).pipe(Effect.provide(witness.layer))
      const waits = witness.spans
        .filter(({ name }) => name === "Images.get")
        .map(({ attributes }) => [
          attributes.get("glance.wait.token_ms"),
          attributes.get("glance.wait.throttle_ms"),
          attributes.get("openstack.request_id")
        ])
      assert.deepStrictEqual(waits, [
        [3000, undefined, "req-1"],
        [3000, 500, "req-1"]
      ])
    }).pipe(
      Effect.provide(
        images(cloud(() => after("3 seconds", () => tokenAnswer("token")), record)).pipe(
          Layer.provide(Throttle.layer({ perSecond: 2 }))
        )
      )
    )
  )

  it.effect("of a broken connection end in its code", () =>
    Effect.gen(function* () {
      const witness = Witness.make()
      yield* during(Effect.flip(execute(HttpClientRequest.post("/images")))).pipe(Effect.provide(witness.layer))
      assert.strictEqual(witness.spans.at(-1)?.attributes.get("error.type"), "ECONNRESET")
    }).pipe(
      Effect.provide(
        port(
          cloud(
            () => tokenAnswer("token"),
            () => Http.failure("ECONNRESET")
          )
        )
      )
    )
  )
})

describe("the route of a request", { timeout: 60_000 }, () => {
  /** The name of the span of an attempt, and its route. */
  const attempt = (program: Effect.Effect<unknown, unknown, GlanceClient.GlanceClient>) =>
    Effect.gen(function* () {
      const witness = Witness.make()
      yield* Effect.provide(program, witness.layer)
      const span = witness.spans.at(-1)
      return [span?.name, span?.attributes.get("url.template")]
    }).pipe(Effect.provide(port(cloud(() => tokenAnswer("token")))))

  it.effect("is that of its operation, and names none of what the operation is about", () =>
    Effect.gen(function* () {
      const members = Effect.flatMap(ImageMembers.ImageMembers, (members) => Effect.flip(members.get(id, "project")))
      const route = "/v2/images/{image_id}/members/{member_id}"
      assert.deepStrictEqual(yield* attempt(Effect.provide(members, ImageMembers.layer)), [`GET ${route}`, route])
    })
  )

  it.effect("of the caller's own is what the caller says, else unknown", () =>
    Effect.gen(function* () {
      const request = execute(HttpClientRequest.get(`/images/${id}`))
      const operation = { name: "Report.get", route: "/v2/images/{image_id}", hold: <A>(wait: A) => wait }
      assert.deepStrictEqual(yield* attempt(request), ["GET", undefined])
      assert.deepStrictEqual(yield* attempt(Effect.provideService(request, GlanceClient.Operation, operation)), [
        "GET /v2/images/{image_id}",
        "/v2/images/{image_id}"
      ])
    })
  )
})

describe("the log", { timeout: 60_000 }, () => {
  interface Line {
    readonly level: string
    readonly message: unknown
    readonly annotations: Readonly<Record<string, unknown>>
  }

  const linesOf = <A, E, R>(effect: Effect.Effect<A, E, R>, level: LogLevel.LogLevel) =>
    Effect.gen(function* () {
      const lines: Array<Line> = []
      const logger = Logger.make<unknown, void>(({ annotations, logLevel, message }) => {
        lines.push({
          level: logLevel.label,
          message: (message as ReadonlyArray<unknown>)[0],
          annotations: Object.fromEntries(annotations)
        })
      })
      yield* during(effect).pipe(
        Effect.provide(Layer.merge(Logger.replace(Logger.defaultLogger, logger), Logger.minimumLogLevel(level)))
      )
      return lines
    })

  const program = Effect.provide(get, images(cloud(() => tokenAnswer("token"), twice)))
  const about = { "glance.operation": "Images.get", "url.template": "/v2/images/{image_id}" }

  it.effect("has a line for each attempt at debug, and a warning for each repetition", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* linesOf(program, LogLevel.Debug), [
        {
          level: "DEBUG",
          message: "POST /v3/auth/tokens: status 201 in 0ms",
          annotations: {
            "glance.operation": "Keystone.password",
            "url.template": "/v3/auth/tokens",
            attempt: 1,
            "openstack.request_id": "req-login"
          }
        },
        {
          level: "DEBUG",
          message: `GET /v2/images/${id}: status 503 in 0ms`,
          annotations: { ...about, attempt: 1, "openstack.request_id": "req-0" }
        },
        {
          level: "WARN",
          message: `GET /v2/images/${id}: status 503, again in 2s`,
          annotations: { ...about, attempt: 1, "openstack.request_id": "req-0" }
        },
        {
          level: "DEBUG",
          message: `GET /v2/images/${id}: status 200 in 0ms`,
          annotations: { ...about, attempt: 2, "openstack.request_id": "req-1" }
        }
      ])
    })
  )

  it.effect("has the warnings alone where debug is not wanted", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        (yield* linesOf(program, LogLevel.Info)).map(({ level }) => level),
        ["WARN"]
      )
    })
  )
})

describe("the metrics", { timeout: 60_000 }, () => {
  type Snapshot = ReadonlyArray<{
    readonly labels: Readonly<Record<string, string>>
    readonly state: MetricState.MetricState.Untyped
  }>

  /** The metrics of that name and with these labels, of all that the process has counted. */
  const named = (name: string, labels: Readonly<Record<string, string>>): Effect.Effect<Snapshot> =>
    Effect.map(Metric.snapshot, (all) =>
      all
        .filter(({ metricKey }) => metricKey.name === name)
        .map(({ metricKey, metricState }) => ({
          labels: Object.fromEntries(metricKey.tags.map(({ key, value }) => [key, value])),
          state: metricState
        }))
        .filter((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))
    )

  const histogram = (all: Snapshot) =>
    all.map(({ state }) => {
      const { count, sum } = state as MetricState.MetricState.Histogram
      return { count, sum }
    })

  /** Labels of the test's own, since the metrics are the process'. */
  const of =
    (test: string) =>
    <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.tagMetrics(effect, "test", test)

  it.effect("time each attempt, by its route and what it ended in", () =>
    Effect.gen(function* () {
      yield* during(get).pipe(of("attempts"))
      const all = yield* named("glance.client.attempt.duration", { test: "attempts", "http.request.method": "GET" })
      assert.sameDeepMembers(
        all.map(({ labels }) => labels),
        [
          {
            test: "attempts",
            unit: "s",
            "glance.operation": "Images.get",
            "http.request.method": "GET",
            "url.template": "/v2/images/{image_id}",
            "server.address": "glance.test",
            "http.response.status_code": "503",
            "error.type": "503"
          },
          {
            test: "attempts",
            unit: "s",
            "glance.operation": "Images.get",
            "http.request.method": "GET",
            "url.template": "/v2/images/{image_id}",
            "server.address": "glance.test",
            "http.response.status_code": "200"
          }
        ]
      )
      assert.deepStrictEqual(
        histogram(all).map(({ count }) => count),
        [1, 1]
      )
      const retries = yield* named("glance.client.retries", { test: "attempts" })
      assert.deepStrictEqual(
        retries.map(({ labels, state }) => [
          labels["reason"],
          (state as MetricState.MetricState.Counter<number>).count
        ]),
        [["status 503", 1]]
      )
    }).pipe(Effect.provide(images(cloud(() => tokenAnswer("token"), twice))))
  )

  it.effect("time each request of an operation with all that it waited for, by what it ended in", () =>
    Effect.gen(function* () {
      yield* during(get).pipe(of("requests"))
      yield* during(Effect.flip(get)).pipe(of("requests"))
      const all = yield* named("glance.client.request.duration", { test: "requests" })
      assert.sameDeepMembers(
        all.map(
          ({ labels, state }): Record<string, unknown> => ({
            ...labels,
            sum: (state as MetricState.MetricState.Histogram).sum
          })
        ),
        [
          {
            test: "requests",
            unit: "s",
            "glance.operation": "Images.get",
            "http.response.status_code": "200",
            // Retry-After.
            sum: 2
          },
          {
            test: "requests",
            unit: "s",
            "glance.operation": "Images.get",
            "http.response.status_code": "404",
            "error.type": "ImageNotFound",
            sum: 0
          }
        ]
      )
      const io = yield* named("glance.client.io", { test: "requests" })
      assert.deepStrictEqual(
        io.map(({ labels, state }) => [
          labels["network.io.direction"],
          (state as MetricState.MetricState.Counter<number>).count
        ]),
        [["receive", 595]]
      )
    }).pipe(
      Effect.provide(
        images(
          cloud(
            () => tokenAnswer("token"),
            (sent, index) => (index < 2 ? twice(sent, index) : Http.json({ message: "no" }, 404, requestId))
          )
        )
      )
    )
  )

  it.effect("count who waits for an answer, and nobody when all are gone", () =>
    Effect.gen(function* () {
      const count = Effect.map(named("glance.client.active_attempts", { test: "active" }), (all) =>
        all
          .filter(({ labels }) => labels["server.address"] === "glance.test")
          .map(({ state }) => (state as MetricState.MetricState.Counter<number>).count)
      )
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(execute())).pipe(of("active"))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* count, [3])
      yield* Fiber.interruptAll(fibers)
      assert.deepStrictEqual(yield* count, [0])
      const interrupted = yield* named("glance.client.attempt.duration", {
        test: "active",
        "error.type": "interrupted"
      })
      assert.deepStrictEqual(
        histogram(interrupted).map(({ count }) => count),
        [3]
      )
    }).pipe(
      Effect.provide(
        port(
          cloud(
            () => tokenAnswer("token"),
            () => Effect.never
          )
        )
      )
    )
  )
})

describe("whoever speaks to the port itself", { timeout: 60_000 }, () => {
  it.effect("may name what it does", () =>
    Effect.gen(function* () {
      const witness = Witness.make()
      yield* Effect.provide(
        Effect.provideService(execute(), GlanceClient.Operation, { name: "Report.count", hold: (wait) => wait }),
        Layer.merge(witness.layer, Logger.minimumLogLevel(LogLevel.Debug))
      )
      assert.isTrue(witness.lines.some((line) => line.includes("glance.operation=Report.count")))
    }).pipe(Effect.provide(port(cloud(() => tokenAnswer("token"), noImages))))
  )
})
