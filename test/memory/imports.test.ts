import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@effect-glance/memory/Fault"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { createImage, type Json, json, logIn } from "./support.js"

const setUp = (options?: MemoryCloud.Options) =>
  Effect.gen(function* () {
    const cloud = yield* MemoryCloud.make({ importDuration: "1 minute", ...options })
    const session = yield* logIn(cloud, MemoryCloud.httpClient(cloud))
    const { id } = yield* createImage(session)
    yield* session.image("PUT", `/v2/images/${id}/stage`, (request) =>
      HttpClientRequest.bodyText(request, "hello", "application/octet-stream")
    )
    const start = (body: Json) =>
      session.image("POST", `/v2/images/${id}/import`, HttpClientRequest.bodyUnsafeJson(body))
    const show = Effect.flatMap(session.image("GET", `/v2/images/${id}`), json)
    return { cloud, session, id, start, show }
  })

const both = { method: { name: "glance-direct" }, stores: ["fast", "slow"], all_stores_must_succeed: false }

describe("imports", () => {
  it.scoped("take their time on the test's clock", () =>
    Effect.gen(function* () {
      const { show, start } = yield* setUp()
      assert.strictEqual((yield* start({ method: { name: "glance-direct" } })).status, 202)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* show).status, "importing")
      yield* TestClock.adjust("30 seconds")
      assert.deepInclude(yield* show, { status: "active", size: 5, stores: "fast" })
    })
  )

  it.scoped("fail in one store when told to, and only once", () =>
    Effect.gen(function* () {
      const { cloud, show, start } = yield* setUp()
      yield* cloud.injectImport(Fault.importFails("the disk is full"), { where: ({ store }) => store === "slow" })
      yield* start(both)
      yield* TestClock.adjust("5 minutes")
      assert.deepInclude(yield* show, { status: "active", stores: "fast", os_glance_failed_import: "slow" })
    })
  )

  it.scoped("hang in one store when told to", () =>
    Effect.gen(function* () {
      const { cloud, show, start } = yield* setUp()
      yield* cloud.injectImport(Fault.importHangs, { where: ({ store }) => store === "slow" })
      yield* start(both)
      yield* TestClock.adjust("30 minutes")
      assert.include((yield* show).os_glance_importing_to_stores, "slow")
    })
  )

  it.scoped("leave faults that were taken back alone", () =>
    Effect.gen(function* () {
      const { cloud, show, start } = yield* setUp()
      yield* cloud.injectImport(Fault.importFails("no"))
      yield* cloud.clearFaults
      yield* start(both)
      yield* TestClock.adjust("5 minutes")
      assert.deepInclude(yield* show, { status: "active", stores: "fast,slow" })
    })
  )

  it.scoped("an import leaves the status of the image as it was until importDelay is over", () =>
    Effect.gen(function* () {
      const { show, start } = yield* setUp({ importDelay: "10 seconds" })
      assert.strictEqual((yield* start({ method: { name: "glance-direct" } })).status, 202)
      assert.strictEqual((yield* show).status, "uploading")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* show).status, "importing")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* show).status, "active")
    })
  )

  it.scoped("the task of a web-download says why, if the cloud reads nothing from the web", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const session = yield* logIn(cloud, MemoryCloud.httpClient(cloud))
      const { id } = yield* createImage(session)
      yield* session.image(
        "POST",
        `/v2/images/${id}/import`,
        HttpClientRequest.bodyUnsafeJson({ method: { name: "web-download", uri: "http://mirror.example/disk" } })
      )
      yield* TestClock.adjust("1 second")
      const { tasks } = yield* Effect.flatMap(session.image("GET", `/v2/images/${id}/tasks`), json)
      assert.deepInclude(tasks[0], {
        status: "failure",
        message:
          "This memory cloud reads nothing from the web: start it with --allow-fetch, or give MemoryCloud.make a fetchUri"
      })
    })
  )
})

describe("Rackspace's tasks", () => {
  it.scoped("move images through the containers that the object store shows", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({
        flavour: "rackspace",
        taskDuration: "1 minute",
        images: [{ owner: "demo", id: "7c4c4b1c-0000-4000-8000-000000000001", name: "one", data: "hello" }],
        containers: { demo: ["box"] }
      })
      const port = MemoryCloud.port(cloud)
      const store = yield* Effect.flatten(port.objectStore)
      const task = (body: Json) =>
        port.client.execute(HttpClientRequest.post("/tasks").pipe(HttpClientRequest.bodyUnsafeJson(body))).pipe(
          Effect.flatMap(json),
          Effect.tap(() => TestClock.adjust("10 minutes")),
          Effect.flatMap(({ id }) => port.client.execute(HttpClientRequest.get(`/tasks/${id}`))),
          Effect.flatMap(json)
        )
      const exported = yield* task({
        type: "export",
        input: { image_uuid: "7c4c4b1c-0000-4000-8000-000000000001", receiving_swift_container: "box" }
      })
      assert.strictEqual(exported.status, "success", exported.message)
      const listed = yield* Effect.flatMap(store.execute(HttpClientRequest.get("/box")), (response) => response.text)
      assert.strictEqual(listed, "7c4c4b1c-0000-4000-8000-000000000001.vhd\n")
      yield* store.execute(
        HttpClientRequest.put("/box/mine.vhd").pipe(HttpClientRequest.bodyText("bytes", "text/plain"))
      )
      const imported = yield* task({
        type: "import",
        input: { import_from: "box/mine.vhd", import_from_format: "vhd", image_properties: { name: "two" } }
      })
      assert.strictEqual(imported.status, "success", imported.message)
      assert.strictEqual((yield* cloud.images).length, 2)
      const missing = yield* task({
        type: "import",
        input: { import_from: "box/none.vhd", import_from_format: "vhd", image_properties: {} }
      })
      assert.strictEqual(missing.status, "failure")
    })
  )
})
