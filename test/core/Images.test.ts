import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Image, type ImageChanges, Images } from "@effect-glance/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Port from "../support/port.js"
import { imageRecord } from "../support/records.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")
const record = imageRecord()
const image = Schema.decodeUnknownSync(Image.ImageFromJson)(record)
const path = `/images/${id}`

const get = `GET ${path}`
const patch = `PATCH ${path}`
const conflict = () => Port.refusal(409, "There was a conflict when trying to complete your request.")

const update = (changes: ImageChanges.ImageChanges, options?: Images.UpdateOptions, of: Image.ImageRef = id) =>
  Effect.flatMap(Images.Images, (images) => images.update(of, changes, options))

const patches = Effect.map(Port.requests, (all) =>
  all.filter(({ method }) => method === "PATCH").map(({ body }) => JSON.parse(String(body)) as unknown)
)

describe("get", () => {
  it.effect("takes an id and an image alike, for one request each", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      deepStrictEqual(yield* images.get(id), image)
      deepStrictEqual(yield* images.get(image), image)
      deepStrictEqual(yield* Port.lines, [get, get])
      const [{ body, headers } = { body: "", headers: {} }] = yield* Port.requests
      assert.isUndefined(body)
      deepStrictEqual(headers, { accept: "application/json" })
    }).pipe(Effect.provide(Port.core(() => Port.json(record))))
  )

  it.effect("fails when the image is missing or not visible", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const error = yield* Effect.flip(images.get(id))
      assert(error._tag === "ImageNotFound")
      assert.strictEqual(error.imageId, id)
      assert.strictEqual(error.detail, `No image found with ID ${id}`)
      assert.strictEqual(
        error.message,
        `Images.get: image ${id} is missing or not visible (GET ${path} returned 404: No image found with ID ${id}) ` +
          `[${Port.requestId}]`
      )
    }).pipe(Effect.provide(Port.core([Port.refusal(404, `No image found with ID ${id}`)])))
  )

  it.effect("escapes an id that means something in a URL", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      yield* images.get(Image.ImageId.make("a b?c#d%2Fe&f"))
      deepStrictEqual(yield* Port.lines, ["GET /images/a%20b%3Fc%23d%252Fe%26f"])
    }).pipe(Effect.provide(Port.core([Port.json(record)])))
  )
})

describe("create", () => {
  it.effect("posts the record that is wanted and gives the image that came of it", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const made = yield* images.create({
        id,
        name: "n",
        visibility: "shared",
        diskFormat: "raw",
        containerFormat: "bare",
        minDisk: 1,
        minRam: 512,
        osHidden: false,
        protected: false,
        tags: ["a"],
        properties: { os_distro: "debian", constructor: "c" }
      })
      deepStrictEqual(made, image)
      const [{ body, headers, method, url } = assert.fail("nothing was asked")] = yield* Port.requests
      assert.strictEqual(`${method} ${url}`, "POST /images")
      assert.strictEqual(headers["content-type"], "application/json")
      deepStrictEqual(JSON.parse(String(body)), {
        id,
        name: "n",
        visibility: "shared",
        disk_format: "raw",
        container_format: "bare",
        min_disk: 1,
        min_ram: 512,
        os_hidden: false,
        protected: false,
        tags: ["a"],
        os_distro: "debian",
        constructor: "c"
      })
    }).pipe(Effect.provide(Port.core([Port.json(record, { status: 201 })])))
  )

  it.effect("needs nothing at all", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      yield* images.create({})
      assert.strictEqual((yield* Port.requests)[0]?.body, "{}")
    }).pipe(Effect.provide(Port.core([Port.json(record, { status: 201 })])))
  )

  it.effect("fails when the id is taken", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const error = yield* Effect.flip(images.create({ id }))
      assert(error._tag === "DuplicateImage")
      assert.strictEqual(error.detail, `Image ID ${id} already exists!`)
    }).pipe(Effect.provide(Port.core([Port.refusal(409, `Image ID ${id} already exists!`)])))
  )

  it.effect("sends nothing when the record is wrong", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const wrong: ReadonlyArray<readonly [argument: string, wanted: Images.NewImage]> = [
        ["id", { id: Image.ImageId.make("a/b") }],
        ["name", { name: "n".repeat(256) }],
        ['properties["k"]', { properties: { k: 5 as unknown as string } }],
        ['properties["status"]', { properties: { status: "active" } }]
      ]
      for (const [argument, wanted] of wrong) {
        const error = yield* Effect.flip(images.create(wanted))
        assert(error._tag === "InvalidArgument")
        assert.strictEqual(error.argument, argument)
        assert.strictEqual(error.operation, "Images.create")
      }
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([])))
  )
})

describe("update", () => {
  it.effect("reads the image, then patches what differs, and gives the image as it is then", () =>
    Effect.gen(function* () {
      const updated = yield* update({ name: "new", properties: { os_distro: "debian", arch: "arm64" } })
      deepStrictEqual(updated.name, Option.some("new"))
      const [first, second] = yield* Port.requests
      assert.strictEqual(`${first?.method} ${first?.url}`, get)
      assert.strictEqual(`${second?.method} ${second?.url}`, patch)
      deepStrictEqual(second?.headers, {
        accept: "application/json",
        "content-type": "application/openstack-images-v2.1-json-patch",
        "content-length": String(second?.body?.length)
      })
      assert.strictEqual(
        second?.body,
        '[{"op":"replace","path":"/name","value":"new"},{"op":"add","path":"/os_distro","value":"debian"},' +
          '{"op":"replace","path":"/arch","value":"arm64"}]'
      )
    }).pipe(
      Effect.provide(Port.core([Port.json(imageRecord({ arch: "x86_64" })), Port.json(imageRecord({ name: "new" }))]))
    )
  )

  it.effect("goes by the fresh copy and not by the image that was given", () =>
    Effect.gen(function* () {
      const stale = Schema.decodeUnknownSync(Image.ImageFromJson)(imageRecord({ arch: "x86_64" }))
      yield* update({ properties: { arch: "arm64", name_of_update: "x" } }, {}, stale)
      deepStrictEqual(yield* patches, [
        [
          { op: "add", path: "/arch", value: "arm64" },
          { op: "add", path: "/name_of_update", value: "x" }
        ]
      ])
    }).pipe(Effect.provide(Port.core([Port.json(record), Port.json(record)])))
  )

  it.effect("removes a property, and escapes its name", () =>
    Effect.gen(function* () {
      yield* update({ properties: { "a/b~c": null, "~1": "x", "not there": null } })
      deepStrictEqual(yield* patches, [
        [
          { op: "remove", path: "/a~1b~0c" },
          { op: "add", path: "/~01", value: "x" }
        ]
      ])
    }).pipe(Effect.provide(Port.core([Port.json(imageRecord({ "a/b~c": "1" })), Port.json(record)])))
  )

  it.effect("sends no patch when nothing differs, and gives the fresh copy", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* update({ name: "cirros", properties: { gone: null } }), image)
      deepStrictEqual(yield* update({}), image)
      deepStrictEqual(yield* update({}, { readFirst: false }), image)
      deepStrictEqual(yield* Port.lines, [get, get, get])
    }).pipe(Effect.provide(Port.core(() => Port.json(record))))
  )

  it.effect("plans again when the image changed between the copy and the patch", () =>
    Effect.gen(function* () {
      yield* update({ properties: { k: "new" } })
      deepStrictEqual(yield* Port.lines, [get, patch, get, patch])
      deepStrictEqual(yield* patches, [
        [{ op: "replace", path: "/k", value: "new" }],
        [{ op: "add", path: "/k", value: "new" }]
      ])
    }).pipe(
      Effect.provide(
        Port.core([Port.json(imageRecord({ k: "old" })), conflict(), Port.json(record), Port.json(record)])
      )
    )
  )

  it.effect("finds nothing left to do when the other change was the same", () =>
    Effect.gen(function* () {
      yield* update({ properties: { k: null } })
      deepStrictEqual(yield* Port.lines, [get, patch, get])
    }).pipe(Effect.provide(Port.core([Port.json(imageRecord({ k: "old" })), conflict(), Port.json(record)])))
  )

  it.effect("gives up after three plans that were out of date", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(update({ name: "new" }))
      assert(error._tag === "UpdateConflict")
      assert.strictEqual(error.imageId, id)
      assert.strictEqual(error.operation, "Images.update")
      assert.include(error.message, "There was a conflict")
      deepStrictEqual(yield* Port.lines, [get, patch, get, patch, get, patch])
    }).pipe(Effect.provide(Port.core(({ method }) => (method === "GET" ? Port.json(record) : conflict()))))
  )

  it.effect("says that the image is missing, whether the copy or the patch finds out", () =>
    Effect.gen(function* () {
      for (const requests of [1, 4]) {
        const error = yield* Effect.flip(update({ name: "new" }))
        assert(error._tag === "ImageNotFound")
        assert.strictEqual(error.imageId, id)
        assert.strictEqual(error.operation, "Images.update")
        assert.strictEqual((yield* Port.requests).length, requests)
      }
    }).pipe(
      Effect.provide(
        Port.core([
          Port.refusal(404, "No image"),
          Port.json(record),
          Port.refusal(404, "An object with the specified identifier was not found."),
          Port.refusal(404, "No image found with ID")
        ])
      )
    )
  )

  it.effect("is planned again where Glance, busy with another change, says that the image is not there", () =>
    Effect.gen(function* () {
      yield* update({ name: "new" })
      deepStrictEqual(yield* Port.lines, [get, patch, get, patch])
    }).pipe(
      Effect.provide(
        Port.core([
          Port.json(record),
          Port.refusal(404, "An object with the specified identifier was not found."),
          Port.json(record),
          Port.json(record)
        ])
      )
    )
  )

  it.effect("passes every other failure through, and does not try again", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(update({ owner: "other" }))
      assert(error._tag === "Forbidden")
      assert.strictEqual(error.detail, "Access was denied to this resource. Owner can't be updated by non admin.")
      deepStrictEqual(yield* Port.lines, [get, patch])
    }).pipe(
      Effect.provide(
        Port.core([
          Port.json(record),
          Port.json(
            { message: "Access was denied to this resource.<br /><br />\nOwner can't be updated by non admin.\n\n" },
            { status: 403 }
          )
        ])
      )
    )
  )

  it.effect("can do without the fresh copy, in one request", () =>
    Effect.gen(function* () {
      yield* update({ properties: { b: "1", a: null }, name: "cirros" }, { readFirst: false })
      deepStrictEqual(yield* Port.lines, [patch])
      deepStrictEqual(yield* patches, [
        [
          { op: "add", path: "/b", value: "1" },
          { op: "remove", path: "/a" },
          { op: "replace", path: "/name", value: "cirros" }
        ]
      ])
    }).pipe(Effect.provide(Port.core([Port.json(record)])))
  )

  it.effect("reads the image after all when the patch without a copy does not fit", () =>
    Effect.gen(function* () {
      yield* update({ properties: { b: "1", a: null } }, { readFirst: false })
      deepStrictEqual(yield* Port.lines, [patch, get, patch])
      deepStrictEqual((yield* patches)[1], [{ op: "add", path: "/b", value: "1" }])
    }).pipe(Effect.provide(Port.core([conflict(), Port.json(record), Port.json(record)])))
  )

  it.effect("gives up without the fresh copy as well", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(update({ name: "new" }, { readFirst: false }))
      assert.strictEqual(error._tag, "UpdateConflict")
      deepStrictEqual(yield* Port.lines, [patch, get, patch, get, patch, get, patch])
    }).pipe(Effect.provide(Port.core(({ method }) => (method === "GET" ? Port.json(record) : conflict()))))
  )

  it.effect("sends nothing when the changes are wrong", () =>
    Effect.gen(function* () {
      for (const readFirst of [true, false]) {
        for (const changes of [{ minRam: -1 }, { properties: { k: 5 } }, { properties: { name: "x" } }, null]) {
          const error = yield* Effect.flip(update(changes as ImageChanges.ImageChanges, { readFirst }))
          assert(error._tag === "InvalidArgument")
          assert.strictEqual(error.operation, "Images.update")
        }
      }
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([])))
  )
})

describe("delete", () => {
  it.effect("deletes, without a body", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      assert.isUndefined(yield* images.delete(image))
      const [request] = yield* Port.requests
      deepStrictEqual(request, {
        method: "DELETE",
        url: path,
        headers: { accept: "application/json" },
        body: undefined
      })
    }).pipe(Effect.provide(Port.core([Port.empty()])))
  )

  it.effect("tells a missing image, one that is in use and one that is protected apart", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const errors = yield* Effect.replicateEffect(Effect.flip(images.delete(id)), 3)
      deepStrictEqual(
        errors.map(({ _tag }) => _tag),
        ["ImageNotFound", "ImageInUse", "Forbidden"]
      )
      deepStrictEqual(
        errors.map((error) => ("imageId" in error ? error.imageId : undefined)),
        [id, id, undefined]
      )
    }).pipe(
      Effect.provide(
        Port.core([
          Port.refusal(404, `Failed to find image ${id} to delete`),
          Port.refusal(409, `Image ${id} could not be deleted because it is in use`),
          Port.refusal(403, `Image ${id} is protected and cannot be deleted.`)
        ])
      )
    )
  )
})

describe.each(["deactivate", "reactivate"] as const)("%s", (action) => {
  it.effect("posts the action, without a body", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      assert.isUndefined(yield* images[action](image))
      const [request] = yield* Port.requests
      assert.strictEqual(`${request?.method} ${request?.url}`, `POST ${path}/actions/${action}`)
      assert.isUndefined(request?.body)
      assert.isUndefined(request?.headers["content-type"])
    }).pipe(Effect.provide(Port.core([Port.empty()])))
  )

  it.effect("fails when the image is missing, and when its state forbids it", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const missing = yield* Effect.flip(images[action](id))
      assert.strictEqual(missing._tag, "ImageNotFound")
      const forbidden = yield* Effect.flip(images[action](id))
      assert(forbidden._tag === "Forbidden")
      assert.strictEqual(forbidden.detail, `Not allowed to ${action} image in status 'queued'`)
      assert.strictEqual(forbidden.operation, `Images.${action}`)
    }).pipe(
      Effect.provide(
        Port.core([
          Port.refusal(404, "No image found"),
          Port.refusal(403, `Not allowed to ${action} image in status 'queued'`)
        ])
      )
    )
  )
})
