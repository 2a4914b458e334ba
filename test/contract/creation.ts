/** New images from wherever their data are. */
import { createHash } from "node:crypto"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import type * as Image from "@effect-glance/core/Image"
import * as ImageImport from "@effect-glance/core/ImageImport"
import * as ImageSource from "@effect-glance/core/ImageSource"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { discard, type Project, Projects, unique } from "./cloud.js"
import { Web } from "./web.js"

const soon = { schedule: Schedule.spaced("50 millis"), deadline: "20 seconds" } as const

const md5 = (text: string) => Option.some(createHash("md5").update(text).digest("hex"))
const sha512 = (text: string) => createHash("sha512").update(text).digest("hex")

const bytes = (text: string) => ImageSource.bytes(new TextEncoder().encode(text))

const made = <E, R>(project: Project, effect: Effect.Effect<Image.Image, E, R>) =>
  Effect.acquireRelease(effect, (image) => discard(project, image))

/** The new image's attributes, and what has become of it whatever its state. */
const attributes = (project: Project) =>
  Effect.map(unique("created from"), (name) => ({
    image: { name, diskFormat: "raw", containerFormat: "bare" },
    left: Effect.map(Stream.runCollect(project.images.listAll({ name })), Chunk.size)
  }))

const puts = (sent: ReadonlyArray<{ readonly method: string; readonly url: string }>) =>
  sent.filter(({ method }) => method === "PUT").map(({ url }) => url.split("/").at(-1))

export const creation = (it: Vitest.MethodsNonLive<Projects | Web, true>) => {
  it.scoped("what lies on the web is fetched by the cloud, and goes not through this process", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const page = yield* (yield* Web).page("from the web")
      const { image } = yield* attributes(alice)
      const [created, sent] = yield* alice.counting(
        made(alice, alice.creation.createFrom(image, ImageSource.url(page.url), { ...soon, stores: ["slow"] }))
      )
      assert.deepStrictEqual(
        [created.status, created.stores, created.checksum],
        ["active", ["slow"], md5("from the web")]
      )
      assert.deepStrictEqual(puts(sent), [])
    }).pipe(Effect.provide(NodeHttpClient.layerUndici))
  )

  it.scoped("what the cloud may not or cannot read goes through this process", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { page } = yield* Web
      // The same machine in a spelling that no operator has allowed; and an address that answers at the second time.
      const spelled = (yield* page("odd address")).url.replace("127.0.0.1", "2130706433")
      const later = (yield* page("odd address", { refusals: 1 })).url
      for (const url of [spelled, later]) {
        const { image } = yield* attributes(alice)
        const [created, sent] = yield* alice.counting(
          made(alice, alice.creation.createFrom(image, ImageSource.url(url), soon))
        )
        assert.deepStrictEqual([created.status, created.checksum], ["active", md5("odd address")])
        assert.deepStrictEqual(puts(sent), ["file"])
      }
    }).pipe(Effect.provide(NodeHttpClient.layerUndici))
  )

  it.scoped("bytes are uploaded, or staged and imported where several stores are wanted", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const cases = [
        [{ stores: ["slow"] }, "file", ["slow"]],
        [{}, "file", ["fast"]],
        [{ stores: ["fast", "slow"] }, "stage", ["fast", "slow"]],
        [{ stores: "all" }, "stage", ["fast", "slow"]],
        [{ by: "stage" }, "stage", ["fast"]]
      ] as const
      for (const [options, route, stores] of cases) {
        const { image } = yield* attributes(alice)
        const [created, sent] = yield* alice.counting(
          made(alice, alice.creation.createFrom(image, bytes("bytes"), { ...soon, ...options }))
        )
        assert.deepStrictEqual([created.status, created.checksum], ["active", md5("bytes")])
        assert.deepStrictEqual([...created.stores].sort(), [...stores])
        assert.deepStrictEqual(puts(sent), [route])
      }
    })
  )

  it.scoped("an image that cannot be given its data is not left behind", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { nothing, page } = yield* Web
      const { url } = yield* page("web")
      const wrong = { expected: { algorithm: "sha512", value: sha512("else") } }
      const cases = [
        [ImageImport.webDownload(nothing), {}, "ImportFailed"],
        [ImageImport.webDownload("http://192.0.2.1/disk"), {}, "BadRequest"],
        [ImageImport.webDownload(url), wrong, "ImageIntegrityError"],
        [ImageImport.webDownload(url), { expected: { algorithm: "sha256", value: "00" } }, "ImageUnverifiable"],
        [bytes("web"), { ...wrong, stores: ["fast", "slow"] }, "ImageIntegrityError"],
        [bytes("web"), { stores: ["fast", "web"] }, "InvalidArgument"],
        [Stream.fail("the caller's own"), {}, "the caller's own"]
      ] as const
      for (const [origin, options, expected] of cases) {
        const { image, left } = yield* attributes(alice)
        const failure = yield* Effect.flip(alice.creation.createFrom(image, origin, { ...soon, ...options }))
        assert.strictEqual(typeof failure === "string" ? failure : failure._tag, expected)
        assert.strictEqual(yield* left, 0, expected)
      }
      const right = { expected: { algorithm: "sha512", value: sha512("web").toUpperCase() } }
      const { image } = yield* attributes(alice)
      const created = yield* made(
        alice,
        alice.creation.createFrom(image, ImageImport.webDownload(url), { ...soon, ...right })
      )
      assert.strictEqual(created.status, "active")
    })
  )

  it.scoped("an image whose import is broken off, or takes too long, is not left behind, unless it is to be kept", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const page = yield* (yield* Web).page("held", { held: true })
      const origin = ImageImport.webDownload(page.url)
      const { image, left } = yield* attributes(alice)
      const waiting = yield* Effect.fork(alice.creation.createFrom(image, origin, soon))
      yield* page.asked
      assert.strictEqual(yield* left, 1)
      yield* Fiber.interrupt(waiting)
      assert.strictEqual(yield* left, 0)
      const hurried = { ...soon, deadline: "300 millis" } as const
      const late = yield* Effect.flip(alice.creation.createFrom(image, origin, hurried))
      assert.strictEqual(late._tag, "ImportNotEnded", late.message)
      assert.strictEqual(yield* left, 0)
      const kept = yield* Effect.flip(alice.creation.createFrom(image, origin, { ...hurried, keep: true }))
      if (kept._tag !== "ImportNotEnded") return assert.fail(kept.message)
      assert.strictEqual(yield* left, 1)
      yield* page.release
      yield* Stream.runForEach(alice.images.listAll({ name: image.name }), (one) =>
        Effect.zipRight(alice.imports.await(one, soon), discard(alice, one))
      )
    })
  )

  it.scoped("a way that the origin does not allow is refused before anything is made", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { image } = yield* attributes(alice)
      const cases = [
        [bytes("x"), { by: "web-download" }],
        [bytes("x"), { by: "task" }],
        [bytes("x"), { by: "upload", stores: "all" }],
        [ImageImport.webDownload("http://127.0.0.1/x"), { by: "upload" }],
        [{ container: "box", object: "disk" }, { by: "stage" }]
      ] as const
      const [, sent] = yield* alice.counting(
        Effect.forEach(cases, ([origin, options]) =>
          Effect.map(Effect.flip(alice.creation.createFrom(image, origin, options)), (error) =>
            assert.strictEqual(error._tag === "InvalidArgument" ? error.argument : error._tag, "by")
          )
        )
      )
      assert.deepStrictEqual(sent, [])
    })
  )
}
