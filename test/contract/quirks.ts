/** What the library works round, shown raw: the day a Glance stops doing it, the way round can go. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { newImage, type Project, Projects, type TheCloud, unique } from "./cloud.js"
import { differences } from "./differences.js"

const raw = (project: Project, request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(
    project.http.client.execute(HttpClientRequest.setHeader(request, "accept", "application/json")),
    (response) => Effect.map(response.text, (text) => ({ status: response.status, text }))
  )

const names = (project: Project, query: string) =>
  Effect.map(raw(project, HttpClientRequest.get(`/images?${query}`)), ({ text }) =>
    (JSON.parse(text) as { images: ReadonlyArray<{ name: string }> }).images.map(({ name }) => name)
  )

export const quirks = (it: Vitest.MethodsNonLive<Projects | TheCloud, true>) => {
  it.scoped("raw: a name with a colon is taken for an operator, and a property foo_max for a range", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      assert.strictEqual((yield* raw(alice, HttpClientRequest.get("/images?name=a:b"))).status, 400)
      assert.strictEqual((yield* raw(alice, HttpClientRequest.get("/images?foo_max=3"))).status, 500)
    })
  )

  it.scoped("raw: a filter on a property called items finds nothing, although the image is there", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const name = yield* unique("quirk")
      yield* newImage(alice, { name, properties: { items: "x", other: "x" } })
      assert.deepStrictEqual(yield* names(alice, `name=${name}&other=x`), [name])
      assert.deepStrictEqual(yield* names(alice, `name=${name}&items=x`), [])
    })
  )

  it.scoped("raw: of two conditions on one time only the last counts", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const name = yield* unique("quirk")
      yield* newImage(alice, { name })
      const [past, never] = ["created_at=gt:2020-01-01T00:00:00Z", "created_at=lt:2020-01-01T00:00:00Z"]
      assert.deepStrictEqual(yield* names(alice, `name=${name}&${never}&${past}`), [name])
      assert.deepStrictEqual(yield* names(alice, `name=${name}&${past}&${never}`), [])
    })
  )

  it.scoped("raw: next keeps but the last of two tags", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const tag = yield* unique("quirk")
      yield* Effect.forEach(["a", "b"], () => newImage(alice, { tags: [tag, "second"] }))
      const { text } = yield* raw(alice, HttpClientRequest.get(`/images?tag=${tag}&tag=second&limit=1`))
      const { next } = JSON.parse(text) as { next: string }
      assert.deepStrictEqual(new URLSearchParams(next.split("?")[1]).getAll("tag"), ["second"])
    })
  )

  it.scoped("raw: a tag beyond ASCII in a path is stored as other characters", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice)
      const { status } = yield* raw(alice, HttpClientRequest.put(`/images/${image.id}/tags/%C3%A9`))
      assert.strictEqual(status, 204)
      assert.deepStrictEqual([...(yield* alice.images.get(image)).tags], ["Ã©"])
    })
  )

  it.scoped("raw: a task cannot be deleted, and says so with 405", () =>
    Effect.gen(function* () {
      const { admin } = yield* Projects
      const answer = yield* raw(admin, HttpClientRequest.del("/tasks/00000000-0000-4000-8000-000000000000"))
      assert.strictEqual(answer.status, 405)
    })
  )

  it.scoped("raw: an empty list of tags changes nothing, tags have no next, objects no limit", () =>
    Effect.gen(function* () {
      const { admin } = yield* Projects
      const { namespaces } = admin.metadefs
      const { name } = yield* Effect.acquireRelease(
        Effect.flatMap(unique("quirk"), (name) =>
          namespaces.create(name, { tags: ["a", "b"], objects: { a: {}, b: {} } })
        ),
        ({ name }) => Effect.ignore(namespaces.delete(name))
      )
      const path = `/metadefs/namespaces/${name}`
      const empty = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${path}/tags`), { tags: [] })
      assert.strictEqual((yield* raw(admin, empty)).status, 201)
      const tags = yield* raw(admin, HttpClientRequest.get(`${path}/tags?limit=1&sort_key=name&sort_dir=asc`))
      assert.deepStrictEqual(JSON.parse(tags.text), { tags: [{ name: "a" }] })
      const objects = yield* raw(admin, HttpClientRequest.get(`${path}/objects?limit=1`))
      assert.strictEqual((JSON.parse(objects.text) as { objects: ReadonlyArray<unknown> }).objects.length, 2)
    })
  )

  it.scoped("raw: stores, items of the cache and tasks have the fields of their release", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const { cacheKeys, hasStoreWeights, taskTypes } = yield* differences
      const read = (path: string) => Effect.map(raw(admin, HttpClientRequest.get(path)), ({ text }) => JSON.parse(text))
      const { stores } = yield* read("/info/stores/detail")
      assert.deepStrictEqual(
        stores.map((store: object) => "weight" in store),
        [hasStoreWeights, hasStoreWeights, hasStoreWeights]
      )
      const image = yield* newImage(alice, { diskFormat: "raw", containerFormat: "bare" })
      yield* alice.give(image, "cached")
      yield* raw(alice, HttpClientRequest.get(`/images/${image.id}/file`))
      const entry = yield* read("/cache").pipe(
        Effect.flatMap(({ cached_images }) =>
          Effect.fromNullable(cached_images.find(({ image_id }: { image_id: string }) => image_id === image.id))
        ),
        Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 100 })
      )
      assert.deepStrictEqual(Object.keys(entry as object).sort(), cacheKeys)
      assert.deepStrictEqual((yield* read("/schemas/task")).properties.type.enum, taskTypes)
    })
  )

  it.scoped(
    "raw: an owner that is added instead of replaced is refused, and a newer release keeps it all the same",
    () =>
      Effect.gen(function* () {
        const { alice, bob } = yield* Projects
        const { keepsRefusedOwner } = yield* differences
        const image = yield* newImage(alice, { visibility: "private" })
        const patch = (op: string) =>
          raw(
            alice,
            HttpClientRequest.bodyText(
              HttpClientRequest.patch(`/images/${image.id}`),
              JSON.stringify([{ op, path: "/owner", value: bob.projectId }]),
              "application/openstack-images-v2.1-json-patch"
            )
          )
        assert.strictEqual((yield* patch("replace")).status, 403)
        assert.strictEqual((yield* alice.images.get(image)).id, image.id)
        assert.strictEqual((yield* patch("add")).status, 403)
        const owner = keepsRefusedOwner ? bob : alice
        assert.deepStrictEqual((yield* owner.images.get(image)).owner, Option.some(owner.projectId))
        yield* owner.images.delete(image)
      })
  )
}
