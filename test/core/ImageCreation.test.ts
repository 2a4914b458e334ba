import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, Image, ImageCreation, ImageImport, ImageSource, Images, ImageTasks } from "@effect-glance/core"
import * as Fault from "@effect-glance/memory/Fault"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Port from "../support/port.js"
import { imageRecord, taskRecord } from "../support/records.js"

const raw = { name: "created", diskFormat: "raw", containerFormat: "bare" }
const origin = ImageSource.url("http://mirror.test/disk")

/** A web in which every URL is hello. */
const web = HttpClient.make((request) =>
  Effect.succeed(HttpClientResponse.fromWeb(request, new Response("hello", { headers: { "content-length": "5" } })))
)

const setUp = Effect.gen(function* () {
  const cloud = yield* MemoryCloud.make({
    fetchUri: () => Effect.succeed({ size: 5, body: Stream.make(new TextEncoder().encode("hello")) })
  })
  const { creation, images } = yield* Effect.all({ creation: ImageCreation.make, images: Images.make }).pipe(
    Effect.provideService(GlanceClient.GlanceClient, MemoryCloud.port(cloud)),
    Effect.provide(NodeHasher.layer)
  )
  const create = (options?: ImageCreation.CreateFromOptions) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(
        Effect.either(Effect.provideService(creation.createFrom(raw, origin, options), HttpClient.HttpClient, web))
      )
      yield* TestClock.adjust("10 minutes")
      return yield* Fiber.join(fiber)
    })
  return { cloud, create, images }
})

describe("ImageCreation.createFrom with a URL", () => {
  for (const status of [400, 403, 404, 405, 409, 413, 500, 501]) {
    it.scoped(`sends the data through this process when the cloud answers ${status} to the import`, () =>
      Effect.gen(function* () {
        const { cloud, create } = yield* setUp
        yield* cloud.inject({ method: "POST", path: /\/import$/ }, Fault.status(status), { times: 10 })
        const created = yield* create()
        assert.strictEqual(created._tag === "Right" ? created.right.status : created.left.message, "active")
        assert.strictEqual((yield* cloud.images).length, 1)
      })
    )
  }

  for (const path of ["/v2/info/import", "/v2/info/stores"]) {
    it.scoped(`sends the data through this process when ${path} is forbidden`, () =>
      Effect.gen(function* () {
        const { cloud, create } = yield* setUp
        yield* cloud.inject({ method: "GET", path }, Fault.status(403), { times: 10 })
        const created = yield* create({ stores: ["slow"] })
        assert.strictEqual(created._tag === "Right" ? created.right.status : created.left.message, "active")
      })
    )
  }

  it.scoped("says why, and leaves nothing behind, when the import is refused and by fixes the way", () =>
    Effect.gen(function* () {
      const { cloud, create } = yield* setUp
      yield* cloud.inject({ method: "POST", path: /\/import$/ }, Fault.status(403))
      const created = yield* create({ by: "web-download" })
      assert.strictEqual(created._tag === "Left" ? created.left._tag : "created", "Forbidden")
      assert.deepStrictEqual(yield* cloud.images, [])
    })
  )
})

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")

describe("a wait for the cloud ends after 12 hours by default", () => {
  const waiting = <A, E>(operation: Effect.Effect<A, E, never>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(operation))
      yield* TestClock.adjust("719 minutes")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("1 minute")
      return yield* Fiber.join(fiber)
    })

  it.effect("for an import that stays queued without a task", () =>
    Effect.gen(function* () {
      const imports = yield* ImageImport.ImageImport
      const schedule = Schedule.spaced("30 minutes")
      assert.strictEqual((yield* waiting(imports.await(id, { schedule })))._tag, "ImportNotEnded")
    }).pipe(
      Effect.provide(
        Port.core(({ url }) =>
          Port.json(url.endsWith("/tasks") ? { tasks: [] } : imageRecord({ status: "queued", size: null }))
        )
      )
    )
  )

  it.effect("for a task that stays pending, whatever the schedule", () =>
    Effect.gen(function* () {
      const tasks = yield* ImageTasks.ImageTasks
      const task = "9c2e0000-0000-4000-8000-000000000046"
      for (const schedule of [Schedule.spaced("30 minutes"), Schedule.spaced("5 hours")]) {
        assert.strictEqual((yield* waiting(tasks.await(task as never, { schedule })))._tag, "TaskNotEnded")
      }
      const soon = yield* Effect.fork(Effect.flip(tasks.await(task as never, { deadline: "12 seconds" })))
      yield* TestClock.adjust("12 seconds")
      assert.strictEqual((yield* Fiber.join(soon))._tag, "TaskNotEnded")
    }).pipe(Effect.provide(Port.core(() => Port.json(taskRecord()))))
  )
})

describe("an import whose task has succeeded", () => {
  const task = taskRecord({ type: "api_image_import", status: "success", request_id: Port.requestId })

  it.effect("is waited for while the record does not show the data yet", () =>
    Effect.gen(function* () {
      const imports = yield* ImageImport.ImageImport
      const fiber = yield* Effect.fork(imports.await(id))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "active")
    }).pipe(
      Effect.provide(
        Port.core(({ url }, index) =>
          Port.json(
            url.endsWith("/tasks")
              ? { tasks: [task] }
              : imageRecord(index < 6 ? { status: "importing", size: null, checksum: null } : {})
          )
        )
      )
    )
  )

  it.effect("fails when the image is killed, and after 5 minutes without its data", () =>
    Effect.gen(function* () {
      for (const [status, reason] of [
        ["killed", "its task succeeded, and the cloud gave up on the image: killed"],
        ["queued", "its task succeeded, and the image is not active"]
      ] as const) {
        const fiber = yield* Effect.fork(
          Effect.flip(Effect.flatMap(ImageImport.ImageImport, (imports) => imports.await(id))).pipe(
            Effect.provide(
              Port.core(({ url }) =>
                Port.json(url.endsWith("/tasks") ? { tasks: [task] } : imageRecord({ status, size: null }))
              )
            )
          )
        )
        yield* TestClock.adjust("6 minutes")
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error._tag === "ImportFailed" ? error.reason : error._tag, reason)
      }
    })
  )
})
