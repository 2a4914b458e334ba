import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Image, ImageImport } from "@effect-glance/core"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Port from "../support/port.js"
import { imageRecord, taskRecord } from "../support/records.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")
const other = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000002")
const taskId = "9c2e0000-0000-4000-8000-000000000046"
const path = `/images/${id}`

const service = ImageImport.ImageImport

const methods = ["glance-direct", "web-download", "copy-image", "glance-download"]
const stores = [{ id: "fast", default: "true" }, { id: "slow" }, { id: "web", "read-only": "true" }]

type Json = { readonly [key: string]: unknown }

const importTask = (overrides: Json = {}) =>
  taskRecord({ type: "api_image_import", request_id: Port.requestId, input: { backend: ["fast"] }, ...overrides })

/** A cloud with these methods and stores, whose import shows these tasks and records, one after the other. */
const cloud = (
  looks: ReadonlyArray<{ readonly tasks?: ReadonlyArray<Json> | Port.Reply; readonly image: Json | Port.Reply }>,
  start: Port.Reply = Port.empty(202)
) => {
  let look = -1
  /** A `Response` can be read once. */
  const fresh = (what: Port.Reply): Port.Reply => (what instanceof Response ? what.clone() : what)
  const reply = (what: unknown, wrap: (json: unknown) => unknown): Port.Reply =>
    what instanceof Response || Effect.isEffect(what) ? fresh(what as Port.Reply) : Port.json(wrap(what))
  const now = () => looks[Math.max(0, Math.min(look, looks.length - 1))]
  return Port.core(({ method, url }) => {
    if (url === "/info/import") return Port.json({ "import-methods": { type: "array", value: methods } })
    if (url === "/info/stores") return Port.json({ stores })
    if (method === "POST") return fresh(start)
    if (url === `${path}/tasks`) {
      look += 1
      return reply(now()?.tasks ?? [], (tasks) => ({ tasks }))
    }
    return reply(now()?.image, (record) => imageRecord(record as Json))
  })
}

const posted = Effect.map(Port.requests, (all) =>
  all.filter(({ method }) => method === "POST").map(({ body, url }) => [url, JSON.parse(String(body)) as unknown])
)

const looks = Effect.map(Port.lines, (all) => all.filter((line) => line === `GET ${path}/tasks`).length)

const held = { status: "importing", os_glance_import_task: taskId }
const going = { tasks: [importTask({ status: "processing" })], image: held }

describe("what is sent", () => {
  it.effect("is a body that the server takes, whatever the method and the stores", () =>
    Effect.gen(function* () {
      const imports = yield* service
      yield* imports.start(id, ImageImport.glanceDirect)
      yield* imports.start(id, ImageImport.webDownload("https://mirror.test/disk?a=b"), { stores: "all" })
      yield* imports.start(id, ImageImport.webDownload(new URL("https://mirror.test")), { stores: ["slow", "slow"] })
      yield* imports.start(id, ImageImport.copyImage, { stores: "all", allStoresMustSucceed: false })
      yield* imports.start(id, ImageImport.glanceDownload("North", other))
      yield* imports.start(id, ImageImport.glanceDownload("North", other, { interface: "internal" }))
      const remote = { name: "glance-download", glance_region: "North", glance_image_id: other }
      deepStrictEqual(
        yield* posted,
        [
          { method: { name: "glance-direct" } },
          { method: { name: "web-download", uri: "https://mirror.test/disk?a=b" }, all_stores: true },
          { method: { name: "web-download", uri: "https://mirror.test/" }, stores: ["slow"] },
          { method: { name: "copy-image" }, all_stores: true, all_stores_must_succeed: false },
          { method: { ...remote, glance_service_interface: "public" } },
          { method: { ...remote, glance_service_interface: "internal" } }
        ].map((body) => [`${path}/import`, body])
      )
      // What the cloud offers was asked for once.
      deepStrictEqual(
        (yield* Port.lines).filter((line) => line.startsWith("GET")),
        ["GET /info/import", "GET /info/stores"]
      )
    }).pipe(Effect.provide(cloud([])))
  )

  it.effect("is nothing where an argument is wrong", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const web = ImageImport.webDownload
      const cases: ReadonlyArray<readonly [string, unknown, unknown, unknown?]> = [
        ["image", "a/b", ImageImport.glanceDirect],
        ["method", id, "glance-direct"],
        ["method.name", id, { name: "carrier-pigeon" }],
        ["method.uri", id, web("ftp://mirror.test/x")],
        ["method.uri", id, web("file:///etc/passwd")],
        ["method.uri", id, web("mirror.test/x")],
        ["method.uri", id, web("http://")],
        ["method.region", id, ImageImport.glanceDownload("", other)],
        ["method.image", id, ImageImport.glanceDownload("North", Image.ImageId.make("x"))],
        ["method.interface", id, { ...ImageImport.glanceDownload("North", other), interface: "private" }],
        ["stores", id, ImageImport.glanceDirect, { stores: [] }],
        ["stores", id, ImageImport.glanceDirect, { stores: "fast" }],
        ["stores[1]", id, ImageImport.glanceDirect, { stores: ["fast", ""] }],
        ["stores[0]", id, ImageImport.glanceDirect, { stores: ["web"] }],
        ["stores[1]", id, ImageImport.glanceDirect, { stores: ["fast", "nowhere"] }],
        ["allStoresMustSucceed", id, ImageImport.glanceDirect, { allStoresMustSucceed: "no" }]
      ]
      for (const [argument, image, method, options] of cases) {
        const error = yield* Effect.flip(imports.start(image as never, method as never, options as never))
        assert.strictEqual(error._tag === "InvalidArgument" ? error.argument : error._tag, argument)
      }
      deepStrictEqual(yield* posted, [])
    }).pipe(Effect.provide(cloud([])))
  )

  it.effect("is nothing where the cloud has not turned the method on, or has no choice of stores", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const off = yield* Effect.flip(imports.start(id, ImageImport.copyImage))
      assert(off._tag === "CapabilityMissing")
      assert.strictEqual(off.capability, "the import method copy-image")
      assert.strictEqual(off.detail, "it has web-download")
      for (const options of [{ stores: ["fast"] }, { stores: "all" }, { allStoresMustSucceed: false }] as const) {
        const one = yield* Effect.flip(imports.start(id, ImageImport.webDownload("https://mirror.test"), options))
        assert(one._tag === "CapabilityMissing")
        assert.include(one.message, "lacks a choice of stores (Multi backend is not supported at this site.)")
      }
      deepStrictEqual(yield* posted, [])
    }).pipe(
      Effect.provide(
        Port.core(({ url }) =>
          url === "/info/import"
            ? Port.json({ "import-methods": { value: ["web-download"] } })
            : Port.refusal(404, "Multi backend is not supported at this site.")
        )
      )
    )
  )

  it.effect("is nothing where the cloud knows no imports", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const error = yield* Effect.flip(imports.start(id, ImageImport.glanceDirect))
      assert(error._tag === "CapabilityMissing")
      assert.include(error.message, "the import method glance-direct (it has none)")
      deepStrictEqual(yield* Port.lines, ["GET /info/import"])
    }).pipe(Effect.provide(Port.core([Port.refusal(404, "The resource could not be found.")])))
  )
})

describe("an image that is held", () => {
  const refused = Port.refusal(409, "Image needs to be in 'queued' state to use 'web-download' method")

  for (const [status, minutes] of [
    ["pending", 120],
    ["processing", 60]
  ] as const) {
    it.effect(`by a task that is ${status} can be taken over ${minutes} minutes after its last sign of life`, () =>
      Effect.gen(function* () {
        const imports = yield* service
        const error = yield* Effect.flip(imports.start(id, ImageImport.webDownload("https://mirror.test")))
        assert(error._tag === "ImageLocked")
        deepStrictEqual(error.taskId, Option.some(taskId))
        const until = DateTime.addDuration(DateTime.unsafeMake("2026-11-23T15:39:33.250Z"), `${minutes} minutes`)
        deepStrictEqual(Option.map(error.until, DateTime.toEpochMillis), Option.some(DateTime.toEpochMillis(until)))
        assert.include(error.message, "locked by another import, until 2026-11-23T1")
      }).pipe(
        Effect.provide(
          cloud([{ tasks: [importTask({ status, updated_at: "2026-11-23T15:39:33.250000" })], image: held }], refused)
        )
      )
    )
  }

  it.effect("by a task that the caller may not see is held for a time that nobody tells", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const error = yield* Effect.flip(imports.start(id, ImageImport.webDownload("https://mirror.test")))
      assert(error._tag === "ImageLocked")
      deepStrictEqual([error.taskId, error.until], [Option.some(taskId), Option.none()])
    }).pipe(Effect.provide(cloud([{ tasks: [], image: held }], refused)))
  )

  it.effect("is not what every 409 means", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const error = yield* Effect.flip(imports.start(id, ImageImport.webDownload("https://mirror.test")))
      assert(error._tag === "ImageNotImportable")
      assert.strictEqual(error.method, "POST")
      assert.include(error.detail, "'queued' state")
    }).pipe(Effect.provide(cloud([{ image: { status: "uploading" } }], refused)))
  )

  it.effect("may have been let go of when one asks who holds it", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const error = yield* Effect.flip(imports.start(id, ImageImport.glanceDirect))
      assert(error._tag === "ImageLocked")
      deepStrictEqual(error.taskId, Option.none())
    }).pipe(Effect.provide(cloud([{ image: {} }], Port.refusal(409, "Image has active task"))))
  )
})

describe("an import that is waited for", () => {
  const soon = { schedule: Schedule.spaced("1 second") }
  const web = ImageImport.webDownload("https://mirror.test")

  it.effect("tells how far it is, and ends when its task has ended and has let go of the image", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const fiber = yield* Effect.fork(Stream.runCollect(imports.importWithProgress(id, web, soon)))
      yield* TestClock.adjust("10 seconds")
      const told = [...(yield* Fiber.join(fiber))].map(({ bytesCopied, image, stores }) => [
        image.status,
        Option.getOrNull(bytesCopied),
        stores.done,
        stores.toGo,
        stores.failed
      ])
      deepStrictEqual(told, [
        ["queued", null, [], ["fast", "slow"], []],
        ["importing", 3 * 2 ** 20, ["fast"], ["slow"], []],
        ["active", 7 * 2 ** 20, ["fast", "slow"], [], []],
        ["active", 7 * 2 ** 20, ["fast", "slow"], [], []]
      ])
    }).pipe(
      Effect.provide(
        (() => {
          const input = { backend: ["fast", "slow"] }
          const older = importTask({ id: "older", status: "failure", request_id: "req-other" })
          const task = (status: string, message: string) => [older, importTask({ status, message, input })]
          const lock = { os_glance_import_task: taskId }
          return cloud([
            { tasks: task("pending", ""), image: { status: "queued", ...lock } },
            {
              tasks: task("processing", "Copied 3 MiB"),
              image: { status: "importing", stores: "fast", os_glance_importing_to_stores: "slow", ...lock }
            },
            { tasks: task("success", "7 MiB kopiert"), image: { stores: "fast,slow", ...lock } },
            { tasks: task("success", "7 MiB kopiert"), image: { stores: "fast,slow" } }
          ])
        })()
      )
    )
  )

  it.effect("is looked at after half a second, and ever more seldom, up to every five", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const fiber = yield* Effect.fork(imports.importAndWait(id, web))
      const counts: Array<number> = []
      for (const wait of ["1 millis", "498 millis", "2 millis", "30 seconds", "1 minute"] as const) {
        yield* TestClock.adjust(wait)
        counts.push(yield* looks)
      }
      assert.deepStrictEqual(counts.slice(0, 3), [1, 1, 2])
      assert.isTrue((counts[3] ?? 0) <= 13, String(counts))
      assert.strictEqual((counts[4] ?? 0) - (counts[3] ?? 0), 12)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(cloud([going])))
  )

  it.effect("is looked at once more at the deadline, and may have ended by then", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const options = { schedule: Schedule.spaced("1 hour"), deadline: "90 minutes" } as const
      const fiber = yield* Effect.fork(imports.importAndWait(id, web, options))
      yield* TestClock.adjust("90 minutes")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "active")
      assert.strictEqual(yield* looks, 3)
    }).pipe(
      Effect.provide(cloud([going, going, { tasks: [importTask({ status: "success" })], image: { stores: "fast" } }]))
    )
  )

  for (const [what, options] of [
    ["the deadline has passed", { ...soon, deadline: "2500 millis" }],
    ["the schedule has ended", { schedule: Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(2)) }]
  ] as const) {
    it.effect(`goes on when ${what}`, () =>
      Effect.gen(function* () {
        const imports = yield* service
        const fiber = yield* Effect.fork(Effect.flip(imports.importAndWait(id, web, { ...options, stores: ["fast"] })))
        yield* TestClock.adjust("1 minute")
        const error = yield* Fiber.join(fiber)
        assert(error._tag === "ImportNotEnded")
        deepStrictEqual(
          [error.taskId, error.taskStatus, error.imageStatus, error.storesToGo],
          [Option.some(taskId), Option.some("processing"), "importing", ["fast"]]
        )
      }).pipe(Effect.provide(cloud([going])))
    )
  }

  it.effect("is not lost sight of for a moment in which nobody answers", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const fiber = yield* Effect.fork(imports.importAndWait(id, web, soon))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "active")
    }).pipe(
      Effect.provide(
        cloud([
          going,
          { tasks: Port.text(503, "busy"), image: held },
          { tasks: Port.text(503, "busy"), image: held },
          { tasks: [importTask({ status: "success" })], image: { stores: "fast" } }
        ])
      )
    )
  )

  it.effect("that keeps failing to be looked at is given up", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const fiber = yield* Effect.fork(Effect.flip(imports.importAndWait(id, web, soon)))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "ServiceUnavailable")
      assert.strictEqual(yield* looks, 5)
    }).pipe(
      Effect.provide(
        Port.core(({ method, url }, index) => {
          if (url === "/info/import") return Port.json({ "import-methods": { value: methods } })
          if (method === "POST") return Port.empty(202)
          if (index > 3) return Port.text(503, "busy")
          return Port.json(url === path ? imageRecord(held) : { tasks: [importTask({ status: "processing" })] })
        })
      )
    )
  )

  it.effect("that failed without letting go is told after a while, with the end of its claim", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const fiber = yield* Effect.fork(Effect.flip(imports.importAndWait(id, web, soon)))
      yield* TestClock.adjust("4 seconds")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("10 seconds")
      const error = yield* Fiber.join(fiber)
      assert(error._tag === "ImportFailed")
      assert.strictEqual(error.reason, "no room")
      deepStrictEqual(Option.map(error.lockedUntil, DateTime.formatIso), Option.some("2026-11-23T16:39:33.000Z"))
    }).pipe(Effect.provide(cloud([{ tasks: [importTask({ status: "failure", message: "no room" })], image: held }])))
  )

  const incomplete = { stores: "fast", os_glance_failed_import: "slow,other" }

  it.effect("that left out a store is incomplete, and older failures of other stores do not count", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const error = yield* Effect.flip(imports.importAndWait(id, web, { stores: ["fast", "slow"] }))
      assert(error._tag === "ImportIncomplete")
      deepStrictEqual([error.stores, error.failedStores], [["fast"], ["slow"]])
    }).pipe(
      Effect.provide(
        cloud([{ tasks: [importTask({ status: "success", input: { backend: ["fast", "slow"] } })], image: incomplete }])
      )
    )
  )

  describe("on a cloud that does not show its task", () => {
    const hidden = Port.refusal(404, "The resource could not be found.")
    const outcome = (
      records: ReadonlyArray<Json>,
      options: Parameters<ImageImport.Service["start"]> | undefined = undefined
    ) =>
      Effect.gen(function* () {
        const imports = yield* service
        const [image, method, more] = options ?? [id, web]
        const fiber = yield* Effect.fork(Effect.either(imports.importAndWait(image, method, { ...more, ...soon })))
        yield* TestClock.adjust("10 seconds")
        const polled = fiber.unsafePoll()
        if (polled === null) {
          yield* Fiber.interrupt(fiber)
          return "going on"
        }
        const result = yield* Fiber.join(fiber)
        if (Either.isRight(result)) return result.right.status
        const { left: error } = result
        return error._tag === "ImportFailed" ? `${error._tag} ${error.imageStatus} ${error.failedStores}` : error._tag
      }).pipe(Effect.provide(cloud(records.map((image) => ({ tasks: hidden, image })))))

    const queued = { status: "queued" }
    const importing = { ...held, os_glance_importing_to_stores: "fast" }
    const copy = [id, ImageImport.copyImage, { stores: ["slow"] }] as Parameters<ImageImport.Service["start"]>
    const copyAll = [id, ImageImport.copyImage, { stores: "all" }] as Parameters<ImageImport.Service["start"]>
    const cases: ReadonlyArray<
      readonly [string, ReadonlyArray<Json>, string, Parameters<ImageImport.Service["start"]>?]
    > = [
      ["has come to its end when the image is active and held no more", [importing, {}], "active"],
      ["goes on while the image is held", [importing], "going on"],
      ["goes on while nothing has begun", [queued], "going on"],
      [
        "has failed when the image is queued again",
        [importing, { ...queued, os_glance_failed_import: "fast" }],
        "ImportFailed queued fast"
      ],
      [
        "has failed when an image that nobody holds is still importing",
        [importing, { status: "importing" }],
        "ImportFailed importing "
      ],
      [
        "has failed when the image was importing and is queued, also where no lock is shown",
        [{ status: "importing" }, queued],
        "ImportFailed queued "
      ],
      ["goes on while an image is importing where no lock was ever shown", [{ status: "importing" }], "going on"],
      ["is over when the image is killed", [{ status: "killed" }], "ImportFailed killed "],
      ["has copied the image when it is in the store", [{ stores: "fast,slow" }], "active", copy],
      [
        "has failed to copy it when the store is named so",
        [{ stores: "fast", os_glance_failed_import: "slow" }],
        "ImportFailed active slow",
        copy
      ],
      ["goes on to copy while the image is held", [{ stores: "fast", os_glance_import_task: "x" }], "going on", copy],
      ["has nothing to do when it is everywhere already", [{ stores: "fast,slow" }], "active", copyAll]
    ]
    for (const [what, records, expected, options] of cases) {
      it.effect(what, () => Effect.map(outcome(records, options), (found) => assert.strictEqual(found, expected)))
    }
  })

  it.effect("of which only the image is known is the one that holds it, and else the last one", () =>
    Effect.gen(function* () {
      const imports = yield* service
      const error = yield* Effect.flip(imports.await(id))
      assert(error._tag === "ImportFailed")
      assert.strictEqual(error.reason, "the newer")
      deepStrictEqual(yield* Port.lines, [`GET ${path}/tasks`, `GET ${path}`])
    }).pipe(
      Effect.provide(
        cloud([
          {
            tasks: [
              importTask({ id: "a", status: "failure", message: "the newer", created_at: "2026-11-23T15:39:34.5" }),
              importTask({ id: "b", status: "success", created_at: "2026-11-23T15:39:34.1" })
            ],
            image: { status: "queued" }
          }
        ])
      )
    )
  )
})
