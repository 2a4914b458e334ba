import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Image from "@effect-glance/core/Image"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { newImage, type Project, Projects } from "./cloud.js"
import { Web } from "./web.js"

const raw = { diskFormat: "raw", containerFormat: "bare" }
const nothing = Image.ImageId.make("00000000-0000-4000-8000-000000000000")

const active = (project: Project, data: string) =>
  Effect.tap(newImage(project, raw), (image) => project.give(image, data))

const read = (project: Project, image: Image.Image) =>
  Effect.flatMap(
    project.http.client.execute(HttpClientRequest.get(`/images/${image.id}/file`)),
    (response) => response.text
  )

/** The entry of the image, as soon as the server has made it. */
const entry = (project: Project, image: Image.Image) =>
  project.cache.state.pipe(
    Effect.flatMap(({ cached }) => Option.fromNullable(cached.find(({ imageId }) => imageId === image.id))),
    Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 100 })
  )

export const cache = (it: Vitest.MethodsNonLive<Projects | Web, true>) => {
  it.scoped("an image that is read is in the cache, and is taken out of it", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const image = yield* active(alice, "hello")
      assert.strictEqual(yield* read(alice, image), "hello")
      yield* entry(admin, image)
      assert.strictEqual(yield* read(alice, image), "hello")
      const cached = yield* entry(admin, image)
      assert.deepStrictEqual([cached.size, cached.hits], [5, 1])
      assert.isAtMost(Math.abs(DateTime.toEpochMillis(cached.lastModified) - Date.now()), 60_000)
      yield* admin.cache.delete(image)
      assert.isFalse((yield* admin.cache.state).cached.some(({ imageId }) => imageId === image.id))
    })
  )

  it.scoped("an image that is queued is fetched into the cache", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const image = yield* active(alice, "queued")
      yield* admin.cache.queue(image)
      assert.strictEqual((yield* entry(admin, image)).size, 6)
    })
  )

  it.scoped(
    "an image is queued until all of its bytes are fetched, and cached even if the queue is cleared meanwhile",
    () =>
      Effect.gen(function* () {
        const { admin, alice } = yield* Projects
        const web = yield* Web
        const fetched = yield* newImage(alice, raw)
        const page = yield* web.page("held", { held: true })
        yield* alice.locations.add(fetched, { url: page.url })
        const waiting = yield* active(alice, "waiting")
        yield* admin.cache.queue(fetched)
        yield* admin.cache.queue(waiting)
        yield* page.asked
        const ids = [fetched.id, waiting.id]
        const before = yield* admin.cache.state
        assert.includeMembers([...before.queued], ids)
        assert.isFalse(before.cached.some(({ imageId }) => ids.includes(imageId)))
        yield* admin.cache.clear("queue")
        assert.deepStrictEqual((yield* admin.cache.state).queued, [])
        yield* page.release
        assert.deepStrictEqual([(yield* entry(admin, fetched)).size, (yield* entry(admin, waiting)).size], [4, 7])
      })
  )

  it.scoped("the queue and the cache are emptied one by one, or both", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const image = yield* active(alice, "cleared")
      for (const target of ["cache", "both", undefined] as const) {
        yield* admin.cache.queue(image)
        yield* entry(admin, image)
        yield* admin.cache.clear("queue")
        yield* entry(admin, image)
        yield* admin.cache.clear(target)
        assert.deepStrictEqual((yield* admin.cache.state).cached, [])
      }
    })
  )

  it.scoped("what cannot be cached is told apart", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const queued = yield* newImage(alice, raw)
      assert.strictEqual((yield* Effect.flip(admin.cache.queue(queued)))._tag, "BadRequest")
      assert.strictEqual((yield* Effect.flip(admin.cache.queue(nothing)))._tag, "ImageNotFound")
      assert.strictEqual((yield* Effect.flip(admin.cache.delete(nothing)))._tag, "ImageNotFound")
      assert.strictEqual((yield* Effect.flip(alice.cache.state))._tag, "Forbidden")
      assert.strictEqual((yield* Effect.flip(alice.cache.clear()))._tag, "Forbidden")
      assert.strictEqual((yield* Effect.flip(alice.cache.queue(queued)))._tag, "Forbidden")
    })
  )

  it.scoped("a Glance that is older than the upkeep of the cache lacks it", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const image = yield* newImage(alice, raw)
      const attempts = [
        Effect.flip(admin.cache.clean),
        Effect.flip(admin.cache.prune),
        Effect.flip(admin.cache.nodes(image))
      ]
      for (const attempt of attempts) {
        const missing = yield* attempt
        assert.strictEqual(missing._tag, "CapabilityMissing", missing.message)
      }
    })
  )
}
