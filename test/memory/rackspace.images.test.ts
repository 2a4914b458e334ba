/** The client on a cloud of Rackspace's kind, where tasks and containers are the only way in and out. */

import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, it } from "@effect/vitest"
import * as Glance from "@effect-glance/core/Glance"
import * as Image from "@effect-glance/core/Image"
import * as Images from "@effect-glance/core/Images"
import * as ImageTasks from "@effect-glance/core/ImageTasks"
import * as Cloud from "@effect-glance/http/Cloud"
import * as Rackspace from "@effect-glance/http/Rackspace"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { createImage, type Json, json, logIn } from "./support.js"

const cloud = Effect.map(
  MemoryCloud.make({
    flavour: "rackspace",
    regions: ["IAD", "ORD"],
    projects: [{ id: "802958", name: "802958" }],
    users: [{ name: "jdoe", password: "pass", apiKey: "0123abc", roles: { 802958: ["member"] } }],
    images: [{ owner: "802958", region: "IAD", name: "source", data: "bits", diskFormat: "vhd" }],
    containers: { 802958: ["exports"] },
    taskDuration: "1 minute"
  }),
  (memory) => ({
    memory,
    glance: (apiKey: string, region = "IAD") =>
      Glance.layer.pipe(
        Layer.provideMerge(Cloud.layer({ region })),
        Layer.provide(
          Rackspace.layerApiKey({
            username: "jdoe",
            apiKey: Redacted.make(apiKey),
            authUrl: MemoryCloud.rackspaceAuthUrl
          })
        ),
        Layer.provide(MemoryCloud.layerHttpClient(memory))
      )
  })
)

const watched = { schedule: Schedule.spaced("30 seconds") }

it.scoped("an image goes out to a container and comes in again, in the cloud's own time", () =>
  Effect.gen(function* () {
    const { glance } = yield* cloud
    yield* Effect.gen(function* () {
      const images = yield* Images.Images
      const tasks = yield* ImageTasks.ImageTasks
      const whole = Effect.gen(function* () {
        const source = yield* images.find({ name: "source" })
        const exported = yield* tasks.await(yield* tasks.export(source, "exports"), watched)
        const { export_location } = Option.getOrThrow(exported.result) as { readonly export_location: string }
        const [container = "", object = ""] = export_location.split("/")
        const imported = yield* tasks.await(yield* tasks.import(container, object, { name: "again" }), watched)
        const { image_id } = Option.getOrThrow(imported.result) as { readonly image_id: string }
        return yield* images.get(Image.ImageId.make(image_id))
      })
      const fiber = yield* Effect.fork(whole)
      yield* TestClock.adjust("10 minutes")
      const image = yield* Fiber.join(fiber)
      assert.deepStrictEqual([image.name, image.status, image.size], [Option.some("again"), "active", Option.some(4)])
    }).pipe(Effect.provide(glance("0123abc")))
  })
)

it.scoped("a missing container is told at once, a missing image by the task", () =>
  Effect.gen(function* () {
    const { glance } = yield* cloud
    yield* Effect.gen(function* () {
      const tasks = yield* ImageTasks.ImageTasks
      const missing = Image.ImageId.make("00000000-0000-4000-8000-000000000000")
      const toImport = yield* Effect.flip(tasks.import("nowhere", "disk.vhd"))
      assert.strictEqual(toImport._tag, "NoSuchContainer")
      const toExport = yield* Effect.flip(tasks.export(missing, "nowhere"))
      if (toExport._tag !== "NoSuchContainer") return assert.fail(toExport._tag)
      assert.deepStrictEqual([toExport.container, toExport.status], ["nowhere", 404])

      const started = yield* tasks.export(missing, "exports")
      const ending = yield* Effect.fork(Effect.flip(tasks.await(started, watched)))
      yield* TestClock.adjust("5 minutes")
      const failed = yield* Fiber.join(ending)
      if (failed._tag !== "TaskFailed") return assert.fail(failed._tag)
      assert.include(failed.reason, "not found")

      const listed = yield* Stream.runCollect(tasks.listAll({ type: "export", limit: 1 }))
      assert.deepStrictEqual(
        [...listed].map(({ id, status }) => [id, status]),
        [[started.id, "failure"]]
      )
    }).pipe(Effect.provide(glance("0123abc")))
  })
)

it.scoped("pages are followed below the project, which their links do not name", () =>
  Effect.gen(function* () {
    const { glance } = yield* cloud
    const names = yield* Effect.gen(function* () {
      const images = yield* Images.Images
      yield* Effect.forEach(["a", "b", "c", "d", "e"], (name) => images.create({ name }))
      const all = yield* Stream.runCollect(
        images.listAll({ limit: 2, sort: [{ key: "name", direction: "asc" }], visibility: "all" })
      )
      return [...all].map(({ name }) => Option.getOrElse(name, () => ""))
    }).pipe(Effect.provide(glance("0123abc", "ORD")))
    assert.deepStrictEqual(names, ["a", "b", "c", "d", "e"])
  })
)

it.scoped("what is refused as an API key is tried as a password", () =>
  Effect.gen(function* () {
    const { glance, memory } = yield* cloud
    const page = Effect.flatMap(Images.Images, (images) => images.list())
    assert.isArray((yield* Effect.provide(page, glance("pass"))).items)
    const refused = yield* Effect.flip(Effect.provide(page, glance("neither")))
    assert.strictEqual(refused._tag, "AuthenticationFailed")
    const logins = (yield* memory.requests).filter(({ service }) => service === "identity")
    assert.deepStrictEqual(
      logins.map(({ status }) => Option.getOrElse(status, () => 0)),
      [401, 200, 401, 401]
    )
  })
)

it.scoped("new images are private and can have members, and the limits are told", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryCloud.make({
      flavour: "rackspace",
      projects: ["802958", "900000"],
      images: [{ owner: "802958", name: "source", data: "bits", members: { 900000: "accepted" } }]
    })
    const client = MemoryCloud.httpClient(memory)
    const session = yield* logIn(memory, client, { project: "802958" })
    const created = yield* createImage(session, { name: "new" })
    assert.strictEqual(created.visibility, "private")
    const member = HttpClientRequest.bodyUnsafeJson({ member: memory.project("900000").id })
    assert.strictEqual((yield* session.image("POST", `/v2/images/${created.id}/members`, member)).status, 200)
    const other = yield* logIn(memory, client, { project: "900000" })
    const { images } = yield* Effect.flatMap(other.image("GET", "/v2/images"), json)
    assert.deepStrictEqual(
      images.map((image: Json) => [image.name, image.visibility]),
      [["source", "private"]]
    )
    const { limits } = yield* Effect.flatMap(session.image("GET", "/v2/limits"), json)
    assert.deepInclude(limits.absolute, { maxImageMembers: 128, maxImageTags: 128 })
  })
)
