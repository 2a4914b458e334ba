/** Records as clouds send them that are not quite Glance: fields left out, `null`, or as text. */
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import {
  Discovery,
  Image,
  ImageCache,
  ImageLocations,
  ImageMembers,
  ImageStores,
  Images,
  ImageTask,
  ImageTasks,
  Metadefs
} from "@effect-glance/core"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Port from "../support/port.js"
import { imageRecord, memberRecord, taskRecord } from "../support/records.js"

const imageId = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")

/** The image by each of the operations that read records. */
const decodedImage = (overrides: { readonly [key: string]: unknown }) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    const [listed] = (yield* images.list()).items
    const read = yield* images.get(imageId)
    deepStrictEqual(listed, read)
    return read
  }).pipe(
    Effect.provide(
      Port.core(({ url }) =>
        Port.json(url.startsWith("/images/") ? imageRecord(overrides) : { images: [imageRecord(overrides)] })
      )
    )
  )

describe("an image", () => {
  const cases: ReadonlyArray<
    readonly [field: string, sent: unknown, read: (image: Image.Image) => unknown, meant: unknown]
  > = [
    ["protected", "True", (image) => image.protected, true],
    ["protected", "0", (image) => image.protected, false],
    ["protected", 1, (image) => image.protected, true],
    ["protected", null, (image) => image.protected, false],
    ["protected", undefined, (image) => image.protected, false],
    ["os_hidden", "0", (image) => image.osHidden, false],
    ["os_hidden", "False", (image) => image.osHidden, false],
    ["os_hidden", "true", (image) => image.osHidden, true],
    ["os_hidden", "yes", (image) => image.osHidden, true],
    ["os_hidden", "", (image) => image.osHidden, false],
    ["size", "123", (image) => image.size, Option.some(123)],
    ["size", "", (image) => image.size, Option.none()],
    ["size", null, (image) => image.size, Option.none()],
    ["virtual_size", "5368709120", (image) => image.virtualSize, Option.some(5_368_709_120)],
    ["min_ram", "512", (image) => image.minRam, 512],
    ["min_ram", null, (image) => image.minRam, 0],
    ["min_disk", "20", (image) => image.minDisk, 20],
    ["min_disk", undefined, (image) => image.minDisk, 0],
    ["tags", null, (image) => image.tags, []],
    ["tags", undefined, (image) => image.tags, []],
    ["tags", ["a", null, 5], (image) => image.tags, ["a", "5"]],
    ["file", undefined, (image) => image.file, Option.none()],
    ["schema", null, (image) => image.schema, Option.none()],
    ["self", undefined, (image) => image.self, Option.none()],
    ["stores", null, (image) => image.stores, []],
    ["locations", null, (image) => image.locations, Option.none()],
    ["updated_at", null, (image) => image.updatedAt, DateTime.unsafeMake("2026-11-23T15:40:23Z")]
  ]

  it.effect.each(cases)("whose %s is %o decodes to what was meant", ([field, sent, read, meant]) =>
    Effect.gen(function* () {
      const image = yield* decodedImage({ [field]: sent })
      deepStrictEqual(read(image), meant)
      const encoded = Schema.encodeSync(Image.ImageFromJson)(image)
      deepStrictEqual(Schema.decodeSync(Image.ImageFromJson)(encoded), image)
    })
  )

  it.effect.each([[undefined], [null]])(
    "whose location has the metadata %o has a location without metadata",
    ([metadata]) =>
      Effect.gen(function* () {
        const image = yield* decodedImage({
          locations: [
            { url: "file:///x", metadata },
            { url: "rbd://y", metadata: { store: "y" } }
          ]
        })
        deepStrictEqual(
          Option.getOrThrow(image.locations).map(({ metadata, url }) => [url, metadata]),
          [
            ["file:///x", {}],
            ["rbd://y", { store: "y" }]
          ]
        )
        assert.include(JSON.stringify(image), '"locations":[{"url":"file:///x","metadata":{}}')
      })
  )

  it.effect.each([
    ["size", "eleven"],
    ["size", [5]],
    ["min_ram", "5 GB"],
    ["protected", "perhaps"],
    ["protected", 2]
  ])("whose %s is %o is refused, because its meaning is not known", ([field, sent]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(decodedImage({ [field as string]: sent }))
      assert(error._tag === "UnexpectedAnswer")
      assert.include(error.detail, `["${field}"]: Expected`)
    })
  )
})

const respond = (body: unknown) => Effect.provide(Port.core(() => Port.json(body)))

describe("other records", () => {
  it.effect("decode a list that is null as empty, whatever is listed", () =>
    Effect.gen(function* () {
      deepStrictEqual((yield* (yield* Images.Images).list()).items, [])
      deepStrictEqual((yield* (yield* ImageTasks.ImageTasks).list()).items, [])
      deepStrictEqual(yield* (yield* ImageMembers.ImageMembers).list(imageId), [])
      deepStrictEqual(yield* (yield* ImageStores.ImageStores).list, [])
      const { namespaces, objects, resourceTypes, tags } = yield* Metadefs.Metadefs
      deepStrictEqual((yield* namespaces.list()).items, [])
      for (const all of [objects.listAll("n"), tags.listAll("n"), resourceTypes.listAll]) {
        assert.strictEqual(yield* Stream.runCount<unknown, unknown, never>(all), 0)
      }
      deepStrictEqual((yield* (yield* ImageCache.ImageCache).state).queued, [])
    }).pipe(
      respond({
        images: null,
        tasks: null,
        members: null,
        stores: null,
        namespaces: null,
        objects: null,
        tags: null,
        resource_types: null,
        cached_images: null,
        queued_images: null
      })
    )
  )

  it.effect("do not take an envelope without its list for an empty one", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip((yield* Images.Images).list()))._tag, "UnexpectedAnswer")
      assert.strictEqual((yield* Effect.flip((yield* ImageStores.ImageStores).list))._tag, "UnexpectedAnswer")
    }).pipe(respond({ first: "/v2/images" }))
  )

  it.effect("decode a store whose numbers and flags are text or null", () =>
    Effect.gen(function* () {
      const [store, other] = yield* (yield* ImageStores.ImageStores).listDetails
      assert.include(store, { isDefault: true, isReadOnly: false })
      deepStrictEqual(store?.weight, Option.some(100))
      assert.include(other, { isDefault: false, isReadOnly: true })
      deepStrictEqual([other?.weight, other?.properties], [Option.none(), Option.none()])
    }).pipe(
      respond({
        stores: [
          { id: "fast", default: "True", "read-only": null, weight: "100" },
          { id: "slow", default: null, "read-only": "1", weight: null, properties: null }
        ]
      })
    )
  )

  it.effect("decode locations without metadata", () =>
    Effect.gen(function* () {
      const [location] = yield* (yield* ImageLocations.ImageLocations).list(imageId)
      assert.instanceOf(location, Image.ImageLocation)
      deepStrictEqual({ ...location }, { url: "file:///x", metadata: {} })
    }).pipe(respond([{ url: "file:///x" }]))
  )

  it.effect("decode what a listing of tasks leaves out or sends as null", () =>
    Effect.gen(function* () {
      const task = yield* (yield* ImageTasks.ImageTasks).get(ImageTask.TaskId.make("t"))
      deepStrictEqual(
        [task.message, task.input, task.result, task.expiresAt, task.owner, task.imageId],
        Array.from({ length: 6 }, () => Option.none())
      )
    }).pipe(
      respond(
        taskRecord({
          message: null,
          input: undefined,
          result: null,
          expires_at: null,
          owner: undefined,
          image_id: null
        })
      )
    )
  )

  it.effect("decode a member without a link to its schema", () =>
    Effect.gen(function* () {
      const member = yield* (yield* ImageMembers.ImageMembers).get(imageId, "p")
      assert.strictEqual(member.memberId, "own-project")
    }).pipe(respond(memberRecord({ schema: undefined })))
  )

  it.effect("decode the cache's numbers as text, and times that are missing", () =>
    Effect.gen(function* () {
      const { cached } = yield* (yield* ImageCache.ImageCache).state
      deepStrictEqual(cached, [
        {
          imageId,
          hits: 3,
          lastAccessed: DateTime.unsafeMake(1_700_000_000_500),
          lastModified: DateTime.unsafeMake(0),
          size: 11
        }
      ])
    }).pipe(
      respond({
        cached_images: [{ image_id: imageId, hits: "3", last_accessed: "1700000000.5", size: "11" }],
        queued_images: []
      })
    )
  )

  it.effect("refuse a time of the cache that no calendar has", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* ImageCache.ImageCache).state)
      assert(error._tag === "UnexpectedAnswer")
      assert.include(error.detail, "Expected seconds since 1970")
    }).pipe(
      respond({
        cached_images: [{ image_id: imageId, hits: 3, last_accessed: 1e300, last_modified: 0, size: 11 }],
        queued_images: []
      })
    )
  )

  it.effect("decode a quota whose numbers are text, and one without a limit", () =>
    Effect.gen(function* () {
      const usage = yield* (yield* Discovery.Discovery).usage
      deepStrictEqual(
        [...usage],
        [
          ["image_size_total", { usage: 5, limit: 10 }],
          ["image_count_total", { usage: 0, limit: -1 }],
          ["__proto__", { usage: 1, limit: 2 }]
        ]
      )
    }).pipe(
      Effect.provide(
        Port.core([
          Port.text(
            200,
            '{"usage":{"image_size_total":{"usage":"5","limit":"10"},"image_count_total":{"usage":null,"limit":null},"__proto__":{"usage":1,"limit":2}}}'
          )
        ])
      )
    )
  )

  it.effect("decode import methods that are null or left out as none", () =>
    Effect.gen(function* () {
      const discovery = yield* Discovery.Discovery
      for (const _ of [1, 2, 3]) {
        deepStrictEqual(yield* discovery.importMethods, [])
        yield* discovery.refresh
      }
    }).pipe(
      Effect.provide(
        Port.core([
          Port.json({ "import-methods": { value: null } }),
          Port.json({ "import-methods": null }),
          Port.json({ "import-methods": {} })
        ])
      )
    )
  )

  it.effect("decode a definition whose numbers are text and whose values are numbers", () =>
    Effect.gen(function* () {
      const { namespaces } = yield* Metadefs.Metadefs
      const namespace = yield* namespaces.get("n")
      assert.include(namespace, { visibility: "private", protected: true })
      const property = namespace.properties.get("p")
      assert.include(property, { title: "", readonly: false })
      deepStrictEqual(
        [property?.minimum, property?.default, property?.enum, property?.operators],
        [Option.some(1), Option.some("5"), Option.some(["1", "2", null]), []]
      )
      deepStrictEqual([namespace.objects, namespace.tags, namespace.associations], [[], [], []])
    }).pipe(
      respond({
        namespace: "n",
        protected: "true",
        visibility: null,
        objects: null,
        tags: null,
        resource_type_associations: null,
        properties: { p: { type: "integer", minimum: "1", default: 5, enum: [1, "2", null], operators: null } }
      })
    )
  )
})
