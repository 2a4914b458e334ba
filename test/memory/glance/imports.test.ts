import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { ImportFault } from "../../../packages/memory/src/internal/glance/index.js"
import { admin, type Client, make, sentence } from "./support.js"

const stage = (client: Client, id: string, size = 5) =>
  client.ask("PUT", `/v2/images/${id}/stage`, {
    headers: { "content-type": "application/octet-stream" },
    body: Stream.make(new Uint8Array(size))
  })

const start = (client: Client, id: string, body: Readonly<Record<string, unknown>>, as?: typeof admin) =>
  client.ask("POST", `/v2/images/${id}/import`, { body, ...(as === undefined ? {} : { as }) })

const direct = { method: { name: "glance-direct" } }

const tasks = (client: Client, id: string) =>
  Effect.map(client.ask("GET", `/v2/images/${id}/tasks`), ({ json }) => json.tasks)

const settle = Effect.yieldNow().pipe(Effect.repeatN(50))

describe("imports", () => {
  it.scoped("take their time in each store, and tell how far they are", () =>
    Effect.gen(function* () {
      const client = yield* make({ importDuration: "2 minutes" })
      const id = yield* client.create()
      yield* stage(client, id, 4 << 20)
      const answer = yield* start(client, id, { ...direct, stores: ["fast", "slow"] })
      assert.strictEqual(answer.status, 202)
      assert.strictEqual(answer.text, "")

      yield* TestClock.adjust("1 minute")
      const early = yield* client.show(id)
      assert.strictEqual(early.status, "importing")
      assert.strictEqual(early.os_glance_importing_to_stores, "fast,slow")
      const [running] = yield* tasks(client, id)
      assert.strictEqual(running.id, early.os_glance_import_task)
      assert.strictEqual(running.status, "processing")
      assert.strictEqual(running.message, "Copied 2 MiB")

      yield* TestClock.adjust("1 minute")
      const half = yield* client.show(id)
      assert.strictEqual(half.status, "importing")
      assert.strictEqual(half.stores, "fast")
      assert.strictEqual(half.os_glance_importing_to_stores, "slow")

      yield* TestClock.adjust("2 minutes")
      const done = yield* client.show(id)
      assert.strictEqual(done.status, "active")
      assert.strictEqual(done.stores, "fast,slow")
      assert.strictEqual(done.os_glance_importing_to_stores, "")
      assert.strictEqual(done.os_glance_import_task, undefined)
      const [finished] = yield* tasks(client, id)
      assert.strictEqual(finished.status, "success")
      assert.deepStrictEqual(finished.result, { image_id: id })
      assert.strictEqual(finished.message, "Copied 4 MiB")
    })
  )

  it.scoped("hold their image until they are done, or have not been heard of for an hour", () =>
    Effect.gen(function* () {
      const client = yield* make({
        onImport: ({ store }): ImportFault | undefined => (store === "slow" ? { _tag: "Hang" } : undefined)
      })
      const id = yield* client.create()
      yield* client.upload(id, "hello")
      const copy = { method: { name: "copy-image" }, stores: ["slow"] }
      assert.strictEqual((yield* start(client, id, copy, admin)).status, 202)
      yield* TestClock.adjust("59 minutes")
      const refused = yield* start(client, id, copy, admin)
      assert.strictEqual(refused.status, 409)
      assert.strictEqual(sentence(refused), "Image has active task")
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* start(client, id, copy, admin)).status, 202)
      const { json } = yield* client.ask("GET", `/v2/images/${id}/tasks`, { as: admin })
      assert.strictEqual(json.tasks[0].status, "failure")
      assert.strictEqual(json.tasks[0].message, "Expired lock preempted")
    })
  )

  it.scoped("that fail in one store go on with the others, when that is enough", () =>
    Effect.gen(function* () {
      const client = yield* make({
        onImport: ({ store }): ImportFault | undefined =>
          store === "fast" ? { _tag: "Fail", message: "no room" } : undefined
      })
      const id = yield* client.create()
      yield* stage(client, id)
      yield* start(client, id, { ...direct, all_stores: true, all_stores_must_succeed: false })
      yield* settle
      const image = yield* client.show(id)
      assert.strictEqual(image.status, "active")
      assert.strictEqual(image.stores, "slow")
      assert.strictEqual(image.os_glance_failed_import, "fast")
      const [task] = yield* tasks(client, id)
      assert.strictEqual(task.status, "success")
    })
  )

  it.scoped("that fail in one store take the copies in the others back, when all were wanted", () =>
    Effect.gen(function* () {
      const client = yield* make({
        onImport: ({ store }): ImportFault | undefined =>
          store === "slow" ? { _tag: "Fail", message: "no room" } : undefined
      })
      const id = yield* client.create()
      yield* client.upload(id, "hello")
      const other = yield* client.create()
      yield* stage(client, other)
      yield* start(client, other, { ...direct, all_stores: true })
      yield* settle
      const image = yield* client.show(other)
      // A direct import that fails is left as it was: the service does not put it back.
      assert.strictEqual(image.status, "importing")
      assert.strictEqual(image.checksum, null)
      assert.strictEqual(image.os_glance_failed_import, "slow")
      assert.strictEqual(image.os_glance_import_task, undefined)
      const [task] = yield* tasks(client, other)
      assert.strictEqual(task.status, "failure")
      assert.strictEqual(task.message, "no room")
      const states = yield* client.glance.images
      assert.deepStrictEqual(
        states.map(({ bytesStored }) => bytesStored),
        [5, 0]
      )
    })
  )

  it.scoped("by web-download read what lies behind the address", () =>
    Effect.gen(function* () {
      const client = yield* make({
        importHosts: ["mirror.example"],
        fetchUri: (uri) =>
          uri === "https://mirror.example/disk"
            ? Effect.succeed({ size: 4, body: Stream.make(new TextEncoder().encode("disk")) })
            : Effect.fail({ message: "404" })
      })
      const id = yield* client.create()
      const web = (uri: string) => start(client, id, { method: { name: "web-download", uri } })
      const refused = yield* web("https://elsewhere.example/disk")
      assert.strictEqual(refused.status, 400)
      assert.strictEqual(
        sentence(refused),
        "URI for web-download does not pass filtering: https://elsewhere.example/disk"
      )
      yield* web("https://mirror.example/nothing")
      yield* settle
      const failed = yield* client.show(id)
      assert.strictEqual(failed.status, "queued")
      assert.strictEqual(failed.os_glance_failed_import, "fast")
      yield* web("https://mirror.example/disk")
      yield* settle
      const image = yield* client.show(id)
      assert.strictEqual(image.status, "active")
      assert.strictEqual(image.size, 4)
      assert.strictEqual(image.os_glance_failed_import, "")
      assert.strictEqual((yield* client.ask("GET", `/v2/images/${id}/file`)).text, "disk")
    })
  )

  it.scoped("of an image that is deleted meanwhile fail, and keep nothing", () =>
    Effect.gen(function* () {
      const client = yield* make({ importDuration: "1 hour" })
      const id = yield* client.create()
      yield* stage(client, id)
      yield* start(client, id, direct)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* client.ask("DELETE", `/v2/images/${id}`)).status, 204)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* client.glance.images, [])
      const { json } = yield* client.ask("GET", "/v2/tasks", { as: admin })
      assert.strictEqual(json.tasks[0].status, "failure")
    })
  )

  it.scoped("are told about for two days", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const id = yield* client.create()
      yield* stage(client, id)
      yield* start(client, id, direct)
      yield* settle
      yield* TestClock.adjust("47 hours")
      assert.strictEqual((yield* tasks(client, id)).length, 1)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* tasks(client, id), [])
    })
  )
})
