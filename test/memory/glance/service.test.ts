import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { acceptableErrorType } from "../../../packages/memory/src/internal/glance/accept.js"
import type { GlanceOptions } from "../../../packages/memory/src/internal/glance/index.js"
import { pformat, repr } from "../../../packages/memory/src/internal/glance/python.js"
import { admin, alice, bob, make, sentence } from "./support.js"

const patchType = { "content-type": "application/openstack-images-v2.1-json-patch" }

describe("the service", () => {
  it.scoped("tells its versions to anybody, and nothing else", () =>
    Effect.gen(function* () {
      const client = yield* make({ keystoneUrl: "http://keystone.example/v3" })
      assert.strictEqual((yield* client.ask("GET", "/", { as: undefined })).status, 300)
      const versions = yield* client.ask("GET", "/versions", { as: undefined })
      assert.strictEqual(versions.status, 200)
      assert.deepStrictEqual(versions.json.versions[0], {
        id: "v2.16",
        status: "CURRENT",
        links: [{ rel: "self", href: "http://glance.memory/v2/" }]
      })
      const refused = yield* client.ask("GET", "/v2/images", { as: undefined })
      assert.strictEqual(refused.status, 401)
      assert.strictEqual(refused.headers["www-authenticate"], 'Keystone uri="http://keystone.example/v3"')
      assert.strictEqual(refused.headers["x-openstack-request-id"], undefined)
    })
  )

  it.scoped("adopts a request id that is not too long", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const id = (value: string) => client.ask("GET", "/v2/images", { headers: { "x-openstack-request-id": value } })
      assert.strictEqual((yield* id("mine")).headers["x-openstack-request-id"], "req-mine")
      assert.strictEqual((yield* id("req-mine")).headers["x-openstack-request-id"], "req-mine")
      assert.strictEqual((yield* id("x".repeat(64))).status, 200)
      const long = yield* id("x".repeat(65))
      assert.strictEqual(long.status, 500)
      assert.strictEqual(long.headers["x-openstack-request-id"], undefined)
    })
  )

  it.scoped("writes its errors as the client accepts them", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const ask = (accept: string) => client.ask("GET", "/v2/images/nope", { headers: { accept } })
      const json = yield* ask("application/json")
      assert.deepStrictEqual(json.json, {
        message: "No image found with ID nope<br /><br />\n\n\n",
        code: "404 Not Found",
        title: "Not Found"
      })
      assert.include((yield* ask("*/*")).text, "<h1>404 Not Found</h1>")
      const text = yield* ask("application/octet-stream")
      assert.match(text.text, /^404 Not Found\n\nNo image found with ID nope/)
    })
  )

  it("finds what a client accepts by quality, and prefers HTML among equals", () => {
    assert.strictEqual(acceptableErrorType(""), "text/plain")
    assert.strictEqual(acceptableErrorType("application/json, */*"), "text/html")
    assert.strictEqual(acceptableErrorType("application/json, */*;q=0.5"), "application/json")
    assert.strictEqual(acceptableErrorType("application/octet-stream, application/json;q=0.9"), "application/json")
    assert.strictEqual(acceptableErrorType("text/*;q=0"), "text/plain")
    assert.strictEqual(acceptableErrorType("text/html;q=0, */*"), "application/json")
  })

  it("quotes what it was sent as Python would", () => {
    assert.strictEqual(repr("it's"), `"it's"`)
    assert.strictEqual(repr(`it's "it"`), `'it\\'s "it"'`)
    assert.strictEqual(repr({ a: [null, true, 1.5, "\n"] }), "{'a': [None, True, 1.5, '\\n']}")
    assert.strictEqual(
      pformat({ b: "word ".repeat(20), a: 1 }),
      `{'a': 1,\n 'b': 'word word word word word word word word word word word word '\n      'word word word word word word word word '}`
    )
  })

  it.scoped("loses repeated parameters in the link to the next page", () =>
    Effect.gen(function* () {
      const client = yield* make({
        images: [1, 2].map((n) => ({ owner: "alpha", name: `image ${n}`, tags: ["x", "y"] }))
      })
      const { json } = yield* client.ask("GET", "/v2/images?tag=x&tag=y&sort_key=name&sort_key=id&limit=1")
      assert.strictEqual(json.images.length, 1)
      assert.strictEqual(json.next, `/v2/images?tag=y&sort_key=id&limit=1&marker=${json.images[0].id}`)
    })
  )

  it.scoped("pages through everything exactly once, whatever the order", () =>
    Effect.gen(function* () {
      const client = yield* make({
        images: Array.from({ length: 57 }, (_, i) => ({
          owner: i % 3 === 0 ? "beta" : "alpha",
          ...(i % 4 === 0 ? {} : { name: `n${i % 5}` }),
          visibility: "public" as const
        }))
      })
      for (const sort of ["name:asc", "name:desc", "status,name:asc", "created_at", "id:asc", "size:asc"]) {
        const seen: Array<string> = []
        for (let marker = ""; ; ) {
          const { json } = yield* client.ask("GET", `/v2/images?limit=10&sort=${sort}${marker}`)
          for (const image of json.images) seen.push(image.id)
          if (json.next === undefined) break
          marker = `&marker=${seen[seen.length - 1]}`
        }
        assert.strictEqual(seen.length, 57, sort)
        assert.strictEqual(new Set(seen).size, 57, sort)
      }
    })
  )

  it.scoped(
    "finds the same pages among very many images as sorting all of them does",
    () =>
      Effect.gen(function* () {
        const names: { readonly [name: string]: (i: number) => string } = {
          scattered: (i) => `n${(i * 7919) % 25_000}`,
          falling: (i) => String(99_999 - i),
          few: (i) => (i % 5000 === 4999 ? "a" : "b"),
          "of a period": (i) => String(i % 25)
        }
        const all = Array.from({ length: 25_000 }, (_, i) => i)
        for (const [kind, name] of Object.entries(names)) {
          const client = yield* make({
            images: all.map((i) => ({
              owner: "alpha",
              name: name(i),
              minRam: i,
              diskFormat: i % 9 === 0 ? "raw" : "iso"
            }))
          })
          for (const [query, wanted] of [
            ["", () => true],
            ["&disk_format=raw", (i: number) => i % 9 === 0],
            ["&min_ram_max=1500", (i: number) => i <= 1500],
            ["&min_ram=24999", (i: number) => i === 24_999]
          ] as const) {
            const expected = all
              .filter(wanted)
              .sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : a - b))
              .slice(0, 2000)
            const path = `/v2/images?limit=1000&sort=name:asc${query}`
            const first = yield* client.ask("GET", path)
            const next = first.json.next === undefined ? undefined : yield* client.ask("GET", first.json.next)
            const found = [...first.json.images, ...(next?.json.images ?? [])]
            assert.deepStrictEqual(
              found.map((image) => image.min_ram),
              expected,
              `${kind} ${query}`
            )
          }
        }
      }),
    60_000
  )

  it.scoped("trims a page to what the operator allows", () =>
    Effect.gen(function* () {
      const images = Array.from({ length: 7 }, () => ({ owner: "alpha" }))
      const client = yield* make({ images, pageSize: 2, maxPageSize: 5 })
      assert.strictEqual((yield* client.ask("GET", "/v2/images")).json.images.length, 2)
      assert.strictEqual((yield* client.ask("GET", "/v2/images?limit=100")).json.images.length, 5)
    })
  )

  it.scoped("keeps quotas of tags, properties and members", () =>
    Effect.gen(function* () {
      const client = yield* make({ quotas: { tags: 2, properties: 2, members: 1, locations: 1 } })
      assert.strictEqual((yield* client.ask("POST", "/v2/images", { body: { tags: ["a", "b", "c"] } })).status, 413)
      const id = yield* client.create({ tags: ["a", "b"], one: "1", two: "2" })
      const tag = yield* client.ask("PUT", `/v2/images/${id}/tags/c`)
      assert.strictEqual(tag.status, 413)
      assert.strictEqual(
        sentence(tag),
        `Image tag limit exceeded for image ${id}: The limit has been exceeded on the number of allowed image tags. Attempted: 3, Maximum: 2:`
      )
      assert.strictEqual((yield* client.ask("PUT", `/v2/images/${id}/tags/b`)).status, 204)
      const patch = yield* client.ask("PATCH", `/v2/images/${id}`, {
        headers: patchType,
        body: [{ op: "add", path: "/three", value: "3" }]
      })
      assert.strictEqual(patch.status, 413)
      assert.strictEqual((yield* client.show(id)).three, undefined)
      const member = (name: string) => client.ask("POST", `/v2/images/${id}/members`, { body: { member: name } })
      assert.strictEqual((yield* member("beta")).status, 200)
      assert.strictEqual((yield* member("gamma")).status, 413)
    })
  )

  it.scoped("changes nothing when one of several changes is refused", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const id = yield* client.create({ name: "before" })
      const answer = yield* client.ask("PATCH", `/v2/images/${id}`, {
        headers: patchType,
        body: [
          { op: "replace", path: "/name", value: "after" },
          { op: "add", path: "/color", value: "red" },
          { op: "remove", path: "/nothing" }
        ]
      })
      assert.strictEqual(answer.status, 409)
      const image = yield* client.show(id)
      assert.strictEqual(image.name, "before")
      assert.strictEqual(image.color, undefined)
    })
  )

  it.scoped("overwrites with add, or refuses as it did before v2.1 when it is told to", () =>
    Effect.gen(function* () {
      for (const v20Add of [false, true]) {
        const client = yield* make({ v20Add })
        const id = yield* client.create({ color: "red" })
        const add = (path: string) =>
          client.ask("PATCH", `/v2/images/${id}`, { headers: patchType, body: [{ op: "add", path, value: "blue" }] })
        assert.strictEqual((yield* add("/color")).status, v20Add ? 409 : 200)
        assert.strictEqual((yield* add("/shade")).status, 200)
      }
    })
  )

  it.scoped("moves the time of the last change with its clock", () =>
    Effect.gen(function* () {
      const client = yield* make()
      yield* TestClock.setTime(Date.UTC(2026, 0, 1))
      const id = yield* client.create()
      yield* TestClock.adjust("90 seconds")
      yield* client.ask("PUT", `/v2/images/${id}/tags/x`)
      const image = yield* client.show(id)
      assert.strictEqual(image.created_at, "2026-01-01T00:00:00Z")
      assert.strictEqual(image.updated_at, "2026-01-01T00:01:30Z")
    })
  )

  it.scoped("shares nothing with another one", () =>
    Effect.gen(function* () {
      const one = yield* make()
      const other = yield* make()
      const id = yield* one.create()
      assert.strictEqual((yield* other.ask("GET", `/v2/images/${id}`)).status, 404)
      assert.strictEqual((yield* other.ask("GET", "/v2/images")).json.images.length, 0)
    })
  )

  it.scoped("with a single store knows no stores", () =>
    Effect.gen(function* () {
      const client = yield* make({ multiStore: false })
      const created = yield* client.ask("POST", "/v2/images", {
        body: { disk_format: "raw", container_format: "bare" }
      })
      assert.strictEqual(created.headers["openstack-image-store-ids"], undefined)
      assert.strictEqual((yield* client.upload(created.json.id, "x")).status, 204)
      assert.strictEqual((yield* client.show(created.json.id)).stores, undefined)
      assert.strictEqual((yield* client.ask("GET", "/v2/info/stores")).status, 404)
      const { json } = yield* client.ask("GET", "/versions")
      assert.notInclude(
        json.versions.map((version: { id: string }) => version.id),
        "v2.8"
      )
    })
  )

  it.scoped("shows a shared image to its members, and lists it once they have accepted it", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const id = yield* client.create()
      const listed = Effect.map(client.ask("GET", "/v2/images", { as: bob }), ({ json }) => json.images.length)
      assert.strictEqual((yield* client.ask("GET", `/v2/images/${id}`, { as: bob })).status, 404)
      yield* client.ask("POST", `/v2/images/${id}/members`, { as: alice, body: { member: "beta" } })
      assert.strictEqual((yield* client.ask("GET", `/v2/images/${id}`, { as: bob })).status, 200)
      assert.strictEqual(yield* listed, 0)
      yield* client.ask("PUT", `/v2/images/${id}/members/beta`, { as: bob, body: { status: "accepted" } })
      assert.strictEqual(yield* listed, 1)
    })
  )

  it.scoped("registers locations by routes of their own, when it has them", () =>
    Effect.gen(function* () {
      const fetchUri: GlanceOptions["fetchUri"] = (uri) =>
        uri.endsWith("/disk")
          ? Effect.succeed({ size: 4, body: Stream.make(new TextEncoder().encode("disk")) })
          : Effect.fail({ message: "404" })
      const older = yield* make({ fetchUri })
      const old = yield* older.create()
      assert.strictEqual((yield* older.ask("GET", `/v2/images/${old}/locations`)).status, 404)
      const client = yield* make({ fetchUri, locationRoutes: true })
      const id = yield* client.create()
      const path = `/v2/images/${id}/locations`
      const service = { ...alice, roles: ["member", "service"] }
      const url = "http://mirror.example/disk"
      assert.strictEqual((yield* client.ask("POST", path, { body: {} })).status, 400)
      assert.strictEqual((yield* client.ask("POST", path, { body: { url } })).status, 202)
      yield* Effect.repeatN(Effect.yieldNow(), 30)
      const image = yield* client.show(id)
      assert.strictEqual(image.status, "active")
      assert.strictEqual(image.size, 4)
      assert.strictEqual((yield* client.ask("POST", path, { body: { url } })).status, 409)
      assert.strictEqual((yield* client.ask("GET", path)).status, 403)
      assert.deepStrictEqual((yield* client.ask("GET", path, { as: service })).json, [
        { url, metadata: { store: "web" } }
      ])
      assert.strictEqual((yield* client.ask("GET", `/v2/images/${id}/file`)).text, "disk")
      assert.strictEqual((yield* client.ask("PUT", path)).headers["allow"], "POST")
    })
  )

  it.scoped("keeps a property called __proto__ a property", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const id = yield* client.create()
      const { text } = yield* client.ask("PATCH", `/v2/images/${id}`, {
        headers: patchType,
        body: [{ op: "add", path: "/__proto__", value: "x" }]
      })
      assert.include(text, '"__proto__": "x"')
      assert.include((yield* client.ask("GET", `/v2/images/${id}`)).text, '"__proto__": "x"')
    })
  )

  it.scoped("fetches an image into its cache when it is told to", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const id = yield* client.create()
      const queue = client.ask("PUT", `/v2/cache/${id}`, { as: admin })
      assert.strictEqual((yield* queue).status, 400)
      yield* client.upload(id, "hello")
      assert.strictEqual((yield* queue).status, 202)
      yield* Effect.repeatN(Effect.yieldNow(), 10)
      const { json } = yield* client.ask("GET", "/v2/cache", { as: admin })
      assert.strictEqual(json.cached_images[0].image_id, id)
      assert.strictEqual(json.cached_images[0].size, 5)
      assert.strictEqual((yield* client.ask("DELETE", "/v2/cache", { as: admin })).status, 204)
      assert.deepStrictEqual((yield* client.ask("GET", "/v2/cache", { as: admin })).json.cached_images, [])
    })
  )
})

describe("Rackspace's images", () => {
  const options: Omit<GlanceOptions, "hasher"> = {
    flavour: "rackspace",
    taskDuration: "1 minute",
    containers: { initial: { alpha: ["box"] } }
  }

  it.scoped("leave through a task, into a container", () =>
    Effect.gen(function* () {
      const client = yield* make({
        ...options,
        images: [{ id: "5d1c9a3e-0000-4000-a000-000000000001", owner: "alpha", data: "disk" }]
      })
      const body = {
        type: "export",
        input: { image_uuid: "5d1c9a3e-0000-4000-a000-000000000001", receiving_swift_container: "box" }
      }
      const created = yield* client.ask("POST", "/v2/alpha/tasks", { body })
      assert.strictEqual(created.status, 201)
      assert.strictEqual(created.json.status, "pending")
      const show = client.ask("GET", `/v2/alpha/tasks/${created.json.id}`)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* show).json.status, "processing")
      yield* TestClock.adjust("1 minute")
      const task = (yield* show).json
      assert.strictEqual(task.status, "success")
      assert.deepStrictEqual(task.result, { export_location: `box/${body.input.image_uuid}.vhd` })
      assert.strictEqual(
        client.glance.containers.get("alpha")?.get("box")?.get(`${body.input.image_uuid}.vhd`)?.size,
        4
      )
      assert.strictEqual((yield* client.ask("GET", `/v2/beta/tasks/${task.id}`, { as: bob })).status, 404)
    })
  )

  it.scoped("come in through a task, out of a container", () =>
    Effect.gen(function* () {
      const client = yield* make(options)
      const bytes = new TextEncoder().encode("disk")
      client.glance.containers
        .get("alpha")
        ?.get("box")
        ?.set("my.vhd", { size: bytes.length, chunks: [bytes] })
      const begin = (from: string) =>
        client.ask("POST", "/v2/alpha/tasks", {
          body: {
            type: "import",
            input: { image_properties: { name: "mine" }, import_from: from, import_from_format: "VHD" }
          }
        })
      const good = (yield* begin("box/my.vhd")).json.id
      const bad = (yield* begin("nowhere/my.vhd")).json.id
      yield* TestClock.adjust("2 minutes")
      const task = (yield* client.ask("GET", `/v2/alpha/tasks/${good}`)).json
      assert.strictEqual(task.status, "success")
      const image = yield* client.show(task.result.image_id)
      assert.strictEqual(image.name, "mine")
      assert.strictEqual(image.status, "active")
      assert.strictEqual(image.size, 4)
      assert.strictEqual((yield* client.ask("GET", `/v2/alpha/tasks/${bad}`)).json.status, "failure")
    })
  )

  it.scoped("fail in the task when the image is not there", () =>
    Effect.gen(function* () {
      const client = yield* make(options)
      const { json } = yield* client.ask("POST", "/v2/alpha/tasks", {
        body: { type: "export", input: { image_uuid: "nope", receiving_swift_container: "box" } }
      })
      yield* TestClock.adjust("2 minutes")
      const task = (yield* client.ask("GET", `/v2/alpha/tasks/${json.id}`)).json
      assert.strictEqual(task.status, "failure")
      assert.strictEqual(task.message, "Requested image for export was not found")
    })
  )
})
