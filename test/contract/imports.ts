/** Imports of every method, and failures made on purpose. */
import { createHash } from "node:crypto"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Image from "@effect-glance/core/Image"
import * as ImageChanges from "@effect-glance/core/ImageChanges"
import * as ImageImport from "@effect-glance/core/ImageImport"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { newImage, type Project, Projects, TheCloud, unique } from "./cloud.js"
import { Web } from "./web.js"

const raw = { name: "imported", diskFormat: "raw", containerFormat: "bare" }

const soon: ImageImport.WaitOptions = { schedule: Schedule.spaced("50 millis"), deadline: "20 seconds" }

const md5 = (text: string) => Option.some(createHash("md5").update(text).digest("hex"))

const put = (project: Project, image: Image.Image, where: "file" | "stage", text: string) =>
  project.http.client
    .execute(
      HttpClientRequest.bodyText(
        HttpClientRequest.put(`/images/${image.id}/${where}`),
        text,
        "application/octet-stream"
      )
    )
    .pipe(
      Effect.filterOrFail(({ status }) => status === 204),
      Effect.flatMap((response) => response.text)
    )

const staged = (project: Project, text: string) =>
  Effect.tap(newImage(project, raw), (image) => put(project, image, "stage", text))

const active = (project: Project, text: string, attributes: object = {}) =>
  Effect.tap(newImage(project, { ...raw, ...attributes }), (image) => put(project, image, "file", text))

/** What nobody who uses the library can send. */
const post = (project: Project, image: Image.Image, body: unknown) =>
  project.http.client
    .execute(HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`/images/${image.id}/import`), body))
    .pipe(
      Effect.filterOrFail(({ status }) => status === 202),
      Effect.flatMap((response) => response.text)
    )

export const imports = (it: Vitest.MethodsNonLive<Projects | TheCloud | Web, true>) => {
  it.scoped("staged data go into the stores that were chosen", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* staged(alice, "hello")
      const looks = yield* Stream.runCollect(
        alice.imports.importWithProgress(image, ImageImport.glanceDirect, { ...soon, stores: ["slow", "fast", "slow"] })
      )
      const last = Option.getOrThrow(Chunk.last(looks))
      assert.deepStrictEqual([...last.stores.done].sort(), ["fast", "slow"])
      assert.deepStrictEqual([last.stores.toGo, last.stores.failed], [[], []])
      assert.strictEqual(Option.getOrThrow(last.task).status, "success")
      assert.strictEqual(last.image.status, "active")
      assert.deepStrictEqual([...last.image.stores].sort(), ["fast", "slow"])
      assert.deepStrictEqual([last.image.checksum, last.image.size], [md5("hello"), Option.some(5)])
      assert.isFalse(last.image.properties.has("os_glance_import_task"))
      const copy = yield* newImage(alice, ImageChanges.fromImage(last.image))
      assert.deepStrictEqual([copy.name, copy.properties], [last.image.name, new Map()])
    })
  )

  it.scoped("the cloud fetches data from the web into every store that takes them", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const page = yield* (yield* Web).page("from the web")
      const image = yield* newImage(alice, raw)
      const imported = yield* alice.imports.importAndWait(image, ImageImport.webDownload(new URL(page.url)), {
        ...soon,
        stores: "all",
        allStoresMustSucceed: true
      })
      assert.deepStrictEqual([...imported.stores].sort(), ["fast", "slow"])
      assert.deepStrictEqual([imported.status, imported.checksum], ["active", md5("from the web")])
      const [task, ...more] = yield* alice.tasks.listOf(image)
      assert.deepStrictEqual([task?.type, task?.status, more], ["api_image_import", "success", []])
    })
  )

  it.scoped("an administrator copies an image into another store, and again where nothing is left to do", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const image = yield* active(alice, "copied")
      const copied = yield* admin.imports.importAndWait(image, ImageImport.copyImage, { ...soon, stores: ["slow"] })
      assert.deepStrictEqual([...copied.stores].sort(), ["fast", "slow"])
      assert.isFalse(copied.properties.has("os_glance_import_task"))
      const again = yield* admin.imports.importAndWait(image, ImageImport.copyImage, { ...soon, stores: "all" })
      assert.deepStrictEqual([...again.stores].sort(), ["fast", "slow"])
      const refused = yield* Effect.flip(alice.imports.start(image, ImageImport.copyImage, { stores: ["slow"] }))
      assert.strictEqual(refused._tag, "Forbidden")
    })
  )

  it.scoped("an image comes from the image service of a region, with its formats and some of its properties", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { region } = yield* TheCloud
      const source = yield* active(alice, "remote", {
        diskFormat: "ploop",
        properties: { os_distro: "debian", hw_disk_bus: "scsi", colour: "red" }
      })
      const image = yield* newImage(alice, { ...raw, properties: { colour: "blue" } })
      const imported = yield* alice.imports.importAndWait(image, ImageImport.glanceDownload(region, source), {
        ...soon,
        stores: ["fast", "slow"]
      })
      assert.deepStrictEqual([imported.status, imported.checksum], ["active", md5("remote")])
      assert.deepStrictEqual(imported.diskFormat, Option.some("ploop"))
      assert.deepStrictEqual([...imported.stores].sort(), ["fast", "slow"])
      const { properties } = imported
      assert.deepStrictEqual(
        ["os_distro", "hw_disk_bus", "colour"].map((name) => properties.get(name)),
        ["debian", "scsi", "blue"]
      )
    })
  )

  it.scoped("from a region that is not there, or of an image that has no data, nothing comes", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { region } = yield* TheCloud
      const without = yield* newImage(alice, { ...raw, diskFormat: "vhd" })
      const image = yield* newImage(alice, raw)
      for (const method of [
        ImageImport.glanceDownload("Nowhere", without),
        ImageImport.glanceDownload(region, without),
        ImageImport.glanceDownload(region, Image.ImageId.make("00000000-0000-4000-8000-000000000000"))
      ]) {
        const failed = yield* Effect.flip(alice.imports.importAndWait(image, method, soon))
        if (failed._tag !== "ImportFailed") return assert.fail(failed.message)
        assert.strictEqual(failed.imageStatus, "queued")
        assert.deepStrictEqual((yield* alice.images.get(image)).diskFormat, Option.some("raw"))
      }
    })
  )

  it.scoped("an address that does not answer leaves the image queued, and ready for another one", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { nothing, page } = yield* Web
      const image = yield* newImage(alice, raw)
      for (const uri of ["http://127.0.0.1:1/disk", nothing]) {
        const failed = yield* Effect.flip(
          alice.imports.importAndWait(image, ImageImport.webDownload(uri), { ...soon, stores: ["slow"] })
        )
        if (failed._tag !== "ImportFailed") return assert.fail(failed.message)
        assert.strictEqual(failed.imageStatus, "queued")
        assert.deepStrictEqual(failed.failedStores, ["slow"])
        assert.notStrictEqual(failed.reason, "")
        assert.isTrue(Option.isSome(failed.taskId))
        assert.isTrue(Option.isNone(failed.lockedUntil))
      }
      const { url } = yield* page("at last")
      const imported = yield* alice.imports.importAndWait(image, ImageImport.webDownload(url), soon)
      assert.deepStrictEqual(imported.checksum, md5("at last"))
    })
  )

  it.scoped("an address that the cloud does not read from is refused at once, and no password in it is told", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice, raw)
      const uri = "http://reader:hunter2@192.0.2.1/disk"
      const refused = yield* Effect.flip(alice.imports.importAndWait(image, ImageImport.webDownload(uri), soon))
      if (refused._tag !== "BadRequest") return assert.fail(refused.message)
      assert.include(refused.detail, "192.0.2.1")
      assert.notInclude(JSON.stringify(refused), "hunter2")
    })
  )

  it.scoped("a store that takes no data is refused before anything is started", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* staged(alice, "hello")
      yield* alice.discovery.refresh
      for (const store of ["web", "nowhere"]) {
        const [refused, sent] = yield* alice.counting(
          Effect.flip(alice.imports.start(image, ImageImport.glanceDirect, { stores: ["fast", store] }))
        )
        if (refused._tag !== "InvalidArgument") return assert.fail(refused.message)
        assert.strictEqual(refused.argument, "stores[1]")
        assert.include(refused.message, store)
        assert.isTrue(sent.every(({ method }) => method === "GET"))
      }
    })
  )

  it.scoped("data that no store took are stuck, and it is told which store and in which state", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* staged(alice, "hello")
      yield* post(alice, image, { method: { name: "glance-direct" }, stores: ["fast", "web"] })
      const failed = yield* Effect.flip(alice.imports.await(image, soon))
      if (failed._tag !== "ImportFailed") return assert.fail(failed.message)
      assert.deepStrictEqual([failed.imageStatus, failed.failedStores], ["importing", ["web"]])
      assert.isTrue(Option.isNone(failed.lockedUntil))
    })
  )

  it.scoped("an import that some stores do not take is incomplete where that was allowed", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* staged(alice, "hello")
      yield* post(alice, image, {
        method: { name: "glance-direct" },
        stores: ["web", "fast"],
        all_stores_must_succeed: false
      })
      const incomplete = yield* Effect.flip(alice.imports.await(image, soon))
      if (incomplete._tag !== "ImportIncomplete") return assert.fail(incomplete.message)
      assert.deepStrictEqual([incomplete.stores, incomplete.failedStores], [["fast"], ["web"]])
      assert.strictEqual((yield* alice.images.get(image)).status, "active")
    })
  )

  it.scoped(
    "an import that never lets go of its image is told with the time when it may be taken over",
    () =>
      Effect.gen(function* () {
        const { alice } = yield* Projects
        const page = yield* (yield* Web).page("nowhere to go")
        const image = yield* newImage(alice, raw)
        // Into no store at all: the service fails, and fails again when it wants to put the image back.
        yield* post(alice, image, { method: { name: "web-download", uri: page.url }, stores: [] })
        const failed = yield* Effect.flip(alice.imports.await(image, { ...soon, deadline: "40 seconds" }))
        if (failed._tag !== "ImportFailed") return assert.fail(failed.message)
        const until = Option.getOrThrow(failed.lockedUntil)
        const refused = yield* Effect.flip(alice.imports.start(image, ImageImport.webDownload(page.url)))
        if (refused._tag !== "ImageLocked") return assert.fail(refused.message)
        assert.deepStrictEqual(
          [refused.taskId, Option.map(refused.until, DateTime.toEpochMillis)],
          [failed.taskId, Option.some(DateTime.toEpochMillis(until))]
        )
      }),
    30_000
  )

  it.scoped("of two imports at once the second is refused, with who holds the image and until when", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const page = yield* (yield* Web).page("held", { held: true })
      const image = yield* newImage(alice, raw)
      const first = yield* alice.imports.start(image, ImageImport.webDownload(page.url))
      yield* page.asked
      const refused = yield* Effect.flip(alice.imports.start(image, ImageImport.webDownload(page.url)))
      if (refused._tag !== "ImageLocked") return assert.fail(refused.message)
      const [task] = yield* alice.tasks.listOf(image)
      assert.deepStrictEqual(refused.taskId, Option.some(String(task?.id)))
      const minutes = (DateTime.toEpochMillis(Option.getOrThrow(refused.until)) - Date.now()) / 60_000
      assert.isTrue(minutes > 55 && minutes < 125, `${minutes} minutes`)
      yield* page.release
      assert.deepStrictEqual((yield* alice.imports.await(first, soon)).checksum, md5("held"))
    })
  )

  it.scoped("of several imports that are started at the same time one wins", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* staged(alice, "hello")
      const results = yield* Effect.forEach(
        [1, 2, 3],
        () => Effect.either(alice.imports.importAndWait(image, ImageImport.glanceDirect, soon)),
        { concurrency: "unbounded" }
      )
      const tags = results.map((result) => (result._tag === "Right" ? result.right.status : result.left._tag))
      assert.deepStrictEqual(
        tags.filter((tag) => tag === "active"),
        ["active"]
      )
      assert.isTrue(
        tags.every((tag) => ["active", "ImageLocked", "ImageNotImportable"].includes(tag)),
        tags.join(", ")
      )
    })
  )

  it.scoped("an image that is deleted in the middle is gone", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const page = yield* (yield* Web).page("held", { held: true })
      const image = yield* newImage(alice, raw)
      const waiting = yield* Effect.fork(
        Effect.flip(alice.imports.importAndWait(image, ImageImport.webDownload(page.url), soon))
      )
      yield* page.asked
      yield* alice.images.delete(image)
      const gone = yield* Fiber.join(waiting)
      assert.strictEqual(gone._tag, "ImageDeletedMeanwhile", gone.message)
      yield* page.release
      const missing = yield* Effect.flip(alice.imports.await(image, soon))
      assert.strictEqual(missing._tag, "ImageNotFound", missing.message)
    })
  )

  it.scoped("an import goes on when the deadline has passed, and can be waited for again", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const page = yield* (yield* Web).page("held", { held: true })
      const image = yield* newImage(alice, raw)
      const options = { ...soon, deadline: "400 millis", stores: ["slow"] } as const
      const late = yield* Effect.flip(alice.imports.importAndWait(image, ImageImport.webDownload(page.url), options))
      if (late._tag !== "ImportNotEnded") return assert.fail(late.message)
      assert.deepStrictEqual(late.storesToGo, ["slow"])
      assert.include(["queued", "importing"], late.imageStatus)
      yield* page.asked
      yield* page.release
      assert.deepStrictEqual((yield* alice.imports.await(image, soon)).checksum, md5("held"))
    })
  )

  it.scoped("an image that is not as the method needs it is refused with the server's word", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { url } = yield* (yield* Web).page("page")
      const cases = [
        [yield* newImage(alice, raw), ImageImport.glanceDirect, "staged"],
        [yield* active(alice, "data"), ImageImport.webDownload(url), "active"],
        [yield* newImage(alice, { name: yield* unique("without formats") }), ImageImport.webDownload(url), "format"]
      ] as const
      for (const [image, method, word] of cases) {
        const refused = yield* Effect.flip(alice.imports.start(image, method))
        if (refused._tag !== "ImageNotImportable") return assert.fail(refused.message)
        assert.include(refused.detail, word)
      }
      const nothing = Image.ImageId.make("00000000-0000-4000-8000-000000000000")
      assert.strictEqual(
        (yield* Effect.flip(alice.imports.start(nothing, ImageImport.glanceDirect)))._tag,
        "ImageNotFound"
      )
      assert.strictEqual((yield* Effect.flip(alice.tasks.listOf(nothing)))._tag, "ImageNotFound")
    })
  )
}
