import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type GlanceError, Image, ImageTask, ImageTasks } from "@effect-glance/core"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Port from "../support/port.js"
import { imageRecord, taskRecord } from "../support/records.js"

const imageId = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")
const image = Schema.decodeUnknownSync(Image.ImageFromJson)(imageRecord())
const id = ImageTask.TaskId.make("9c2e0000-0000-4000-8000-000000000046")
const path = `/tasks/${id}`
const task = Schema.decodeUnknownSync(ImageTask.ImageTask)(taskRecord())

const service = ImageTasks.ImageTasks

const bodies = Effect.map(Port.requests, (all) => all.map(({ body }) => JSON.parse(String(body)) as unknown))

describe("a task", () => {
  it.effect("is asked for by itself or by its id", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      deepStrictEqual(yield* tasks.get(id), task)
      deepStrictEqual(yield* tasks.get(task), task)
      deepStrictEqual(yield* Port.lines, [`GET ${path}`, `GET ${path}`])
      assert.strictEqual(task.type, "import")
      deepStrictEqual(task.message, Option.some(""))
      deepStrictEqual(task.result, Option.none())
      deepStrictEqual(task.requestId, Option.some("req-53df2736-312f-4f36-8b63-1a02107f3148"))
      assert.strictEqual(DateTime.formatIso(task.createdAt), "2026-11-23T15:39:33.000Z")
    }).pipe(Effect.provide(Port.core(() => Port.json(taskRecord()))))
  )

  it.effect("that is missing, not visible or expired is not found", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      const error = yield* Effect.flip(tasks.get(id))
      assert(error._tag === "TaskNotFound")
      assert.strictEqual(error.taskId, id)
      assert.include(error.message, `Could not find task ${id}`)
    }).pipe(Effect.provide(Port.core([Port.refusal(404, `Could not find task ${id}`)])))
  )

  it.effect("with an id that cannot stand in a path is not asked for", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      for (const bad of ["", "a/b", "..", "é"]) {
        const error = yield* Effect.flip(tasks.get(ImageTask.TaskId.make(bad)))
        assert(error._tag === "InvalidArgument")
        assert.strictEqual(error.argument, "task")
      }
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([])))
  )

  it.effect("is started with any input", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      deepStrictEqual(yield* tasks.create("api_image_import", { image_id: "x", nested: { a: [1] } }), task)
      deepStrictEqual(yield* bodies, [{ type: "api_image_import", input: { image_id: "x", nested: { a: [1] } } }])
    }).pipe(Effect.provide(Port.core([Port.json(taskRecord(), { status: 201 })])))
  )
})

describe("tasks", () => {
  const stub = (id: string) => {
    const { input, message, result, ...stub } = taskRecord({ id })
    return stub
  }

  it.effect("are listed without what only the single task tells", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      const { items, next, raw } = yield* tasks.list({
        status: "success",
        type: "import",
        sort: { key: "createdAt", direction: "asc" },
        limit: 2,
        marker: id
      })
      deepStrictEqual(yield* Port.lines, [
        `GET /tasks?status=success&type=import&sort_key=created_at&sort_dir=asc&limit=2&marker=${id}`
      ])
      deepStrictEqual(
        items.map((item) => [String(item.id), item.input, item.message]),
        [["a", Option.none(), Option.none()]]
      )
      deepStrictEqual(next, Option.none())
      assert.property(raw, "schema")
    }).pipe(Effect.provide(Port.core([Port.json({ tasks: [stub("a")], schema: "/v2/schemas/tasks" })])))
  )

  it.effect("come page after page, with the query kept", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      const all = yield* Stream.runCollect(tasks.listAll({ limit: 2, sort: { key: "id" } }))
      deepStrictEqual(
        Chunk.toReadonlyArray(all).map(({ id }) => id as string),
        ["a", "b", "c"]
      )
      deepStrictEqual(yield* Port.lines, [
        "GET /tasks?sort_key=id&sort_dir=desc&limit=2",
        "GET /tasks?sort_key=id&sort_dir=desc&limit=2&marker=b"
      ])
    }).pipe(
      Effect.provide(
        Port.core([
          Port.json({ tasks: [stub("a"), stub("b")], next: "/v2/tasks?limit=2&marker=b" }),
          Port.json({ tasks: [stub("c")] })
        ])
      )
    )
  )

  it.effect("that go in a circle fail", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      const error = yield* Effect.flip(Stream.runDrain(tasks.listAll()))
      assert(error._tag === "RepeatedMarker")
      assert.strictEqual(error.operation, "ImageTasks.listAll")
    }).pipe(Effect.provide(Port.core(() => Port.json({ tasks: [stub("a")], next: "/v2/tasks?marker=a" }))))
  )

  it.effect("are not asked for by a query that Glance would refuse", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      const wrong: ReadonlyArray<readonly [argument: string, query: unknown]> = [
        ["query.limit", { limit: 0 }],
        ["query.limit", { limit: 1.5 }],
        ["query.marker", { marker: "a/b" }],
        ["query.sort.key", { sort: { key: "toString" } }],
        ["query.stauts", { stauts: "success" }],
        ["query.status", { status: 5 }],
        ["query.type", { type: "" }],
        ["query", null],
        ["query.sort.direction", { sort: { key: "id", direction: "up" } }]
      ]
      for (const [argument, query] of wrong) {
        const error = yield* Effect.flip(tasks.list(query as ImageTasks.TaskQuery))
        assert(error._tag === "InvalidArgument")
        assert.strictEqual(error.argument, argument)
      }
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([])))
  )
})

describe("a task that Glance would not understand", () => {
  it.effect("is not started", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      const bad = <A>(value: unknown) => value as A
      const failures = yield* Effect.forEach(
        [
          tasks.create("", {}),
          tasks.create("import", { size: 1n }),
          tasks.create("import", bad(null)),
          tasks.import("c", ""),
          tasks.import("c", "o", { format: "" }),
          tasks.import("c", "o", { name: bad(7) }),
          tasks.import("c", "o", { properties: { k: bad(5) } })
        ],
        (operation: Effect.Effect<unknown, GlanceError.GlanceError>) => Effect.flip(operation)
      )
      deepStrictEqual(
        failures.map((error) => error._tag === "InvalidArgument" && error.argument),
        ["type", "input", "input", "object", "format", "name", 'properties["k"]']
      )
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([], { objectStore: [] })))
  )
})

describe("an export", () => {
  it.effect("is a task with the image and the container", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      deepStrictEqual(yield* tasks.export(image, "my container"), task)
      yield* tasks.export(imageId, "my container")
      deepStrictEqual(yield* Port.lines, ["POST /tasks", "POST /tasks"])
      const body = { type: "export", input: { image_uuid: imageId, receiving_swift_container: "my container" } }
      deepStrictEqual(yield* bodies, [body, body])
    }).pipe(Effect.provide(Port.core(() => Port.json(taskRecord(), { status: 201 }))))
  )

  it.effect("does not start with an id that is none", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      const error = yield* Effect.flip(tasks.export(Image.ImageId.make("a/b"), "c"))
      assert(error._tag === "InvalidArgument")
      assert.strictEqual(error.argument, "image")
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([])))
  )
})

describe("an import", () => {
  it.effect("is a task with the object, the format and the name, by default those of pyrax", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      yield* tasks.import("container", "object.vhd")
      deepStrictEqual(yield* bodies, [
        {
          type: "import",
          input: {
            image_properties: { name: "object.vhd" },
            import_from: "container/object.vhd",
            import_from_format: "vhd"
          }
        }
      ])
    }).pipe(Effect.provide(Port.core([Port.json(taskRecord(), { status: 201 })])))
  )

  it.effect("can have another format, another name and more properties", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      yield* tasks.import("container", "a/b.raw", { format: "raw", name: "n", properties: { os_distro: "debian" } })
      deepStrictEqual(yield* bodies, [
        {
          type: "import",
          input: {
            image_properties: { os_distro: "debian", name: "n" },
            import_from: "container/a/b.raw",
            import_from_format: "raw"
          }
        }
      ])
    }).pipe(Effect.provide(Port.core([Port.json(taskRecord(), { status: 201 })])))
  )

  it.effect("does not start without an object", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      const error = yield* Effect.flip(tasks.import("container", ""))
      assert(error._tag === "InvalidArgument")
      assert.strictEqual(error.argument, "object")
    }).pipe(Effect.provide(Port.core([])))
  )
})

describe("a container", () => {
  const start = Effect.flatMap(service, (tasks) => Effect.all([tasks.export(imageId, "my c"), tasks.import("é#", "o")]))

  it.effect("is looked for in the object store before the task starts", () =>
    Effect.gen(function* () {
      yield* start
      const { objectStore } = yield* Port.Port
      deepStrictEqual(
        objectStore.map(({ body, method, url }) => [method, url, body]),
        [
          ["HEAD", "/my%20c", undefined],
          ["HEAD", "/%C3%A9%23", undefined]
        ]
      )
      assert.strictEqual((yield* Port.requests).length, 2)
    }).pipe(
      Effect.provide(
        Port.core(() => Port.json(taskRecord(), { status: 201 }), { objectStore: [Port.empty(), Port.empty()] })
      )
    )
  )

  it.effect("that is missing starts no task", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      for (const operation of [tasks.export(imageId, "my c"), tasks.import("my c", "o")]) {
        const error = yield* Effect.flip(operation)
        assert(error._tag === "NoSuchContainer")
        assert.strictEqual(error.container, "my c")
        assert.strictEqual(error.url, "/my%20c")
        assert.include(error.message, 'there is no container "my c"')
        assert.include(error.message, "tx0123")
      }
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(
      Effect.provide(
        Port.core([], { objectStore: () => new Response(null, { status: 404, headers: { "x-trans-id": "tx0123" } }) })
      )
    )
  )

  it.effect("that may not be looked at fails as what it is", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      const error = yield* Effect.flip(tasks.export(imageId, "c"))
      assert.strictEqual(error._tag, "Forbidden")
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([], { objectStore: [Port.empty(403)] })))
  )

  it.effect("whose name is none is not looked for", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      for (const container of ["", "a/b", "..", "\ud83d", 5 as unknown as string]) {
        for (const operation of [tasks.export(imageId, container), tasks.import(container, "o")]) {
          const error = yield* Effect.flip(operation)
          assert(error._tag === "InvalidArgument")
          assert.strictEqual(error.argument, "container")
        }
      }
      deepStrictEqual((yield* Port.Port).objectStore, [])
    }).pipe(Effect.provide(Port.core([], { objectStore: [] })))
  )
})

describe("waiting for a task", () => {
  const await_ = (options?: ImageTasks.AwaitOptions) =>
    Effect.flatMap(service, (tasks) => Effect.fork(tasks.await(id, options)))

  const statuses = (...all: ReadonlyArray<string>) =>
    Port.core((_, index) =>
      Port.json(
        taskRecord({
          status: all[Math.min(index, all.length - 1)],
          message: all[index] === "failure" ? "Image cannot be imported. Error code: '396'" : null
        })
      )
    )

  const looks = Effect.map(Port.requests, (all) => all.length)

  it.effect("looks every five seconds until it has succeeded", () =>
    Effect.gen(function* () {
      const fiber = yield* await_()
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* looks, 1)
      yield* TestClock.adjust("4998 millis")
      assert.strictEqual(yield* looks, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* looks, 2)
      yield* TestClock.adjust("5 seconds")
      const ended = yield* Fiber.join(fiber)
      assert.strictEqual(ended.status, "success")
      assert.strictEqual(yield* looks, 3)
    }).pipe(Effect.provide(statuses("pending", "processing", "success")))
  )

  it.effect("looks once at one that has ended", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      assert.strictEqual((yield* tasks.await(task)).status, "success")
      deepStrictEqual(yield* Port.lines, [`GET ${path}`])
    }).pipe(Effect.provide(statuses("success")))
  )

  it.effect("fails with the task's own message", () =>
    Effect.gen(function* () {
      const fiber = yield* await_()
      yield* TestClock.adjust("5 seconds")
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert(error._tag === "TaskFailed")
      deepStrictEqual([error.taskId as string, error.type], [id, "import"])
      assert.strictEqual(
        error.message,
        `ImageTasks.await: import task ${id} failed: Image cannot be imported. Error code: '396'`
      )
    }).pipe(Effect.provide(statuses("pending", "failure")))
  )

  it.effect("goes by the schedule that is given, and says so when that ends first", () =>
    Effect.gen(function* () {
      const fiber = yield* await_({
        schedule: Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(3))
      })
      yield* TestClock.adjust("6999 millis")
      assert.strictEqual(yield* looks, 3)
      yield* TestClock.adjust("1 millis")
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert(error._tag === "TaskNotEnded")
      assert.strictEqual(error.taskStatus, "queued up somewhere")
      assert.strictEqual(
        error.message,
        `ImageTasks.await: import task ${id} is still queued up somewhere, and continues`
      )
      assert.strictEqual(yield* looks, 4)
    }).pipe(Effect.provide(statuses("pending", "processing", "processing", "queued up somewhere")))
  )

  it.effect("ends well when the last look of the schedule finds the end", () =>
    Effect.gen(function* () {
      const fiber = yield* await_({ schedule: Schedule.addDelay(Schedule.recurs(1), () => "1 second") })
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "success")
    }).pipe(Effect.provide(statuses("processing", "success")))
  )

  it.effect("can go by what the task says", () =>
    Effect.gen(function* () {
      const fiber = yield* await_({
        schedule: Schedule.recurWhile((task: ImageTask.ImageTask) => task.status === "pending")
      })
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert(error._tag === "TaskNotEnded")
      assert.strictEqual(error.taskStatus, "processing")
    }).pipe(Effect.provide(statuses("pending", "pending", "processing")))
  )

  it.effect("fails when a look fails", () =>
    Effect.gen(function* () {
      const tasks = yield* service
      const error = yield* Effect.flip(tasks.await(id))
      assert(error._tag === "TaskNotFound")
      assert.strictEqual(error.operation, "ImageTasks.await")
    }).pipe(Effect.provide(Port.core([Port.refusal(404, `Could not find task ${id}`)])))
  )
})
