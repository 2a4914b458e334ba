import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import type * as GlanceError from "@effect-glance/core/GlanceError"
import * as Image from "@effect-glance/core/Image"
import * as ImageChanges from "@effect-glance/core/ImageChanges"
import type * as Images from "@effect-glance/core/Images"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { discard, newImage, Projects, unique } from "./cloud.js"

const nowhere = Image.ImageId.make("00000000-0000-4000-8000-000000000000")

const failureOf = (operation: Effect.Effect<unknown, GlanceError.GlanceError>) => Effect.flip(operation)

export const images = (it: Vitest.MethodsNonLive<Projects, true>) => {
  it.scoped("a created image comes back with all that it was given", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const name = yield* unique('a name: "quoted", with commas, é 日本')
      const properties = new Map([
        ["os_distro", "debian"],
        ["a/b~c", "pointer"],
        ["__proto__", "p"],
        ["constructor", "c"],
        ["properties", "q"],
        ["naïve", ""],
        ["spaced key", " text "]
      ])
      const created = yield* newImage(alice, {
        name,
        diskFormat: "qcow2",
        containerFormat: "bare",
        visibility: "private",
        minDisk: 3,
        minRam: 512,
        protected: true,
        osHidden: true,
        tags: ["one", "two", "one"],
        properties
      })
      const read = yield* alice.images.get(created.id)
      assert.deepStrictEqual(read, created)
      assert.strictEqual(read.status, "queued")
      assert.deepStrictEqual(read.name, Option.some(name))
      assert.deepStrictEqual(read.diskFormat, Option.some("qcow2"))
      assert.deepStrictEqual(read.containerFormat, Option.some("bare"))
      assert.strictEqual(read.visibility, "private")
      assert.deepStrictEqual([read.minDisk, read.minRam, read.protected, read.osHidden], [3, 512, true, true])
      assert.deepStrictEqual([...read.tags].sort(), ["one", "two"])
      assert.deepStrictEqual(new Map([...read.properties].sort()), new Map([...properties].sort()))
      assert.deepStrictEqual(read.owner, Option.some(alice.projectId))
      assert.isTrue(Option.isNone(read.size))
      assert.isTrue(Option.isNone(read.checksum))
    })
  )

  it.scoped("a copy is created from an image whatever a server keeps for itself in its properties", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const name = yield* unique("original")
      const original = yield* newImage(alice, {
        name,
        diskFormat: "raw",
        containerFormat: "bare",
        minDisk: 3,
        minRam: 512,
        protected: true,
        tags: ["one"],
        properties: { os_distro: "debian", "a/b~c": "", naïve: "é" }
      })
      const kept = { os_glance_failed_import: "", deleted: "false", __os_version: "Debian", instance_type_id: "5" }
      const elsewhere = new Image.Image({
        ...original,
        properties: new Map([...original.properties, ...Object.entries(kept)])
      })
      const copy = yield* newImage(alice, ImageChanges.fromImage(elsewhere))
      assert.notStrictEqual(copy.id, original.id)
      assert.deepStrictEqual(
        [copy.name, copy.diskFormat, copy.containerFormat, copy.minDisk, copy.minRam, copy.tags],
        [original.name, original.diskFormat, original.containerFormat, 3, 512, ["one"]]
      )
      assert.deepStrictEqual(new Map([...copy.properties].sort()), new Map([...original.properties].sort()))
      assert.deepStrictEqual([copy.visibility, copy.protected], ["shared", false])
      const empty = yield* newImage(alice, ImageChanges.fromImage(yield* newImage(alice)))
      assert.deepStrictEqual([empty.name, empty.diskFormat, empty.properties.size], [Option.none(), Option.none(), 0])
    })
  )

  it.scoped("an image takes the id it is given, and nobody else gets that id, also after its deletion", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* Projects
      const id = Image.ImageId.make(crypto.randomUUID())
      const created = yield* newImage(alice, { id })
      assert.strictEqual(created.id, id)
      const taken = yield* Effect.flip(bob.images.create({ id }))
      assert.strictEqual(taken._tag, "DuplicateImage")
      yield* alice.images.delete(id)
      assert.strictEqual((yield* Effect.flip(alice.images.create({ id })))._tag, "DuplicateImage")
    })
  )

  it.scoped("update adds, replaces and removes in one patch and answers the new image", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice, {
        name: "before",
        tags: ["old"],
        properties: { keep: "1", change: "1", go: "1" }
      })
      const [updated, sent] = yield* alice.counting(
        alice.images.update(image, {
          name: "after",
          minRam: 64,
          osHidden: true,
          diskFormat: "raw",
          containerFormat: "bare",
          tags: ["new", "é/?"],
          properties: { change: "2", go: null, "a/b~c": "x", ["__proto__"]: "y", toString: "z" }
        })
      )
      assert.deepStrictEqual(
        sent.map(({ method }) => method),
        ["GET", "PATCH"]
      )
      // Glance returns tags in any order.
      const withSortedTags = (image: Image.Image) => ({ ...image, tags: [...image.tags].sort() })
      assert.deepStrictEqual(withSortedTags(updated), withSortedTags(yield* alice.images.get(image)))
      assert.deepStrictEqual(updated.name, Option.some("after"))
      assert.deepStrictEqual([updated.minRam, updated.osHidden], [64, true])
      assert.deepStrictEqual(updated.diskFormat, Option.some("raw"))
      assert.deepStrictEqual([...updated.tags].sort(), ["new", "é/?"])
      assert.deepStrictEqual(
        [...updated.properties].sort(),
        [
          ["keep", "1"],
          ["change", "2"],
          ["a/b~c", "x"],
          ["__proto__", "y"],
          ["toString", "z"]
        ].sort()
      )
      const nameless = yield* alice.images.update(image, { name: null })
      assert.isTrue(Option.isNone(nameless.name))
    })
  )

  it.scoped("update sends nothing where nothing changes", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice, { name: "same", tags: ["b", "a"], properties: { k: "v" } })
      const [same, sent] = yield* alice.counting(
        alice.images.update(image, { name: "same", tags: ["a", "b"], properties: { k: "v", absent: null } })
      )
      assert.deepStrictEqual(
        sent.map(({ method }) => method),
        ["GET"]
      )
      assert.strictEqual(same.id, image.id)
    })
  )

  it.scoped("without the fresh copy an update is one request, and sets what is there as well as what is not", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice, { name: "n", properties: { there: "1", go: "1" } })
      const [updated, sent] = yield* alice.counting(
        alice.images.update(
          image.id,
          { name: "m", properties: { there: "2", notThere: "3", go: null } },
          { readFirst: false }
        )
      )
      assert.deepStrictEqual(
        sent.map(({ method }) => method),
        ["PATCH"]
      )
      assert.deepStrictEqual(
        [...updated.properties].sort(),
        [
          ["there", "2"],
          ["notThere", "3"]
        ].sort()
      )
    })
  )

  it.scoped("without the fresh copy a conflict makes the update read the image after all", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice)
      const [updated, sent] = yield* alice.counting(
        alice.images.update(image, { name: "m", properties: { absent: null } }, { readFirst: false })
      )
      assert.deepStrictEqual(
        sent.map(({ method }) => method),
        ["PATCH", "GET", "PATCH"]
      )
      assert.deepStrictEqual(updated.name, Option.some("m"))
    })
  )

  it.scoped("an update whose plan is out of date when it arrives is planned again", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice, { properties: { go: "1", other: "1" } })
      yield* alice.interpose("PATCH", alice.images.update(image, { properties: { go: null } }, { readFirst: false }))
      const [updated, sent] = yield* alice.counting(alice.images.update(image, { name: "m", properties: { go: null } }))
      assert.deepStrictEqual(
        sent.map(({ method }) => method),
        ["GET", "PATCH", "PATCH", "GET", "PATCH"]
      )
      assert.deepStrictEqual(updated.name, Option.some("m"))
      assert.deepStrictEqual([...updated.properties], [["other", "1"]])
    })
  )

  it.scoped(
    "an image that is missing, or another project's, is not found, with the server's sentence and request id",
    () =>
      Effect.gen(function* () {
        const { alice, bob } = yield* Projects
        const hidden = yield* newImage(alice, { visibility: "private" })
        for (const [project, id] of [
          [alice, nowhere],
          [bob, hidden.id]
        ] as const) {
          const failures = yield* Effect.forEach(
            [
              project.images.get(id),
              project.images.update(id, { name: "x" }),
              project.images.update(id, { name: "x" }, { readFirst: false }),
              project.images.delete(id),
              project.images.deactivate(id)
            ],
            failureOf
          )
          for (const error of failures) {
            if (error._tag !== "ImageNotFound") return assert.fail(error._tag)
            assert.strictEqual(error.imageId, id)
            assert.include(error.detail, id)
            assert.notInclude(error.detail, "<")
            assert.match(Option.getOrThrow(error.requestId), /^req-/)
          }
        }
      })
  )

  it.scoped("a protected image is not deleted; an unprotected one is, once", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice, { protected: true })
      const refused = yield* Effect.flip(alice.images.delete(image))
      if (refused._tag !== "Forbidden") return assert.fail(refused._tag)
      assert.include(refused.detail, "protected")
      yield* alice.images.update(image, { protected: false })
      yield* alice.images.delete(image)
      assert.strictEqual((yield* Effect.flip(alice.images.delete(image)))._tag, "ImageNotFound")
    })
  )

  it.scoped("an image without data is not deactivated", () =>
    Effect.gen(function* () {
      const { admin } = yield* Projects
      const image = yield* newImage(admin)
      assert.strictEqual((yield* Effect.flip(admin.images.deactivate(image)))._tag, "Forbidden")
      assert.strictEqual((yield* Effect.flip(admin.images.reactivate(image)))._tag, "Forbidden")
    })
  )

  it.scoped("what a member may not do is forbidden: publish, give away", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* Projects
      const image = yield* newImage(alice)
      for (const changes of [{ visibility: "public" }, { owner: bob.projectId }] as const) {
        const refused = yield* Effect.flip(alice.images.update(image, changes))
        assert.strictEqual(refused._tag, "Forbidden")
      }
    })
  )

  it.scoped("the formats are open: what the server does not know it refuses itself", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const refused = yield* Effect.flip(alice.images.create({ diskFormat: "floppy" }))
      if (refused._tag !== "BadRequest") return assert.fail(refused._tag)
      assert.include(refused.detail, "floppy")
      const id = yield* Effect.flip(alice.images.create({ id: Image.ImageId.make("not-a-uuid") }))
      assert.strictEqual(id._tag, "BadRequest")
    })
  )

  it.scoped("bad input is refused before the wire", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice)
      const [failures, sent] = yield* alice.counting(
        Effect.forEach(
          [
            alice.images.get(Image.ImageId.make(`${image.id}/file`)),
            alice.images.delete(Image.ImageId.make("..")),
            alice.images.create({ name: "x".repeat(256) }),
            alice.images.create({ name: "four bytes 😀" }),
            alice.images.update(image, { properties: { ["k".repeat(300)]: "v" } }),
            alice.images.update(image, { properties: { os_glance_x: "v" } }),
            alice.images.update(image, { properties: { status: "active" } }),
            alice.images.update(image, { properties: { n: 5 as unknown as string } }),
            alice.images.list({ limit: 0 }),
            alice.images.list({ limit: -1 }),
            alice.images.list({ limit: 1.5 }),
            alice.images.list({ properties: { foo_max: "3" } }),
            alice.images.list({ name: ['say "hi"', "b"] })
          ],
          failureOf
        )
      )
      assert.deepStrictEqual(
        failures.map(({ _tag }) => _tag),
        failures.map(() => "InvalidArgument")
      )
      assert.deepStrictEqual(sent, [])
    })
  )

  it.scoped("the longest name that is not refused is taken", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const name = "é".repeat(255)
      const image = yield* newImage(alice, { name })
      assert.deepStrictEqual(image.name, Option.some(name))
      yield* discard(alice, image)
    })
  )

  it.scoped(
    "three hundred images by their ids take four requests, hidden ones included",
    () =>
      Effect.gen(function* () {
        const { alice } = yield* Projects
        const made = yield* Effect.acquireRelease(
          Effect.forEach(
            Array.from({ length: 300 }, (_, index) => index),
            (index) => alice.images.create({ osHidden: index % 50 === 7 }),
            { concurrency: 8 }
          ),
          (made) => Effect.forEach(made, (image) => Effect.ignore(alice.images.delete(image)), { concurrency: 8 })
        )
        const ids = made.map(({ id }) => id)
        const [many, sent] = yield* alice.counting(alice.images.getMany([...ids, ...ids.slice(0, 5)]))
        assert.deepStrictEqual(many, [...made, ...made.slice(0, 5)].map(Either.right))
        assert.strictEqual(sent.length, 4)
      }),
    240_000
  )

  it.scoped(
    "many at once are what each is by itself: of whomever, however shared, hidden, deleted, or no id at all",
    () =>
      Effect.gen(function* () {
        const { admin, alice, bob } = yield* Projects
        const sharing = (attributes: Images.NewImage, status: "pending" | "accepted" | "rejected") =>
          Effect.tap(newImage(bob, { visibility: "shared", ...attributes }), (image) =>
            Effect.zipRight(bob.members.add(image, alice.projectId), alice.members.setStatus(image, status))
          )
        const deleted = yield* newImage(alice)
        yield* alice.images.delete(deleted)
        const made = [
          yield* newImage(alice, { visibility: "private" }),
          yield* newImage(alice, { osHidden: true }),
          deleted,
          yield* newImage(bob, { visibility: "private" }),
          yield* newImage(bob, { visibility: "shared" }),
          yield* newImage(bob, { visibility: "community" }),
          yield* newImage(bob, { visibility: "community", osHidden: true }),
          yield* newImage(admin, { visibility: "public" }),
          yield* newImage(admin, { visibility: "public", osHidden: true }),
          yield* sharing({}, "pending"),
          yield* sharing({}, "accepted"),
          yield* sharing({}, "rejected"),
          yield* sharing({ osHidden: true }, "pending")
        ]
        const ids = [
          ...made.map(({ id }) => id),
          nowhere,
          Image.ImageId.make("no id, of no server"),
          Image.ImageId.make("x".repeat(300))
        ]
        const shown = Either.match({
          onLeft: (error: GlanceError.GlanceError) =>
            error._tag === "ImageNotFound" ? [error.imageId, error.status, error.detail] : error,
          onRight: (image: Image.Image) => image
        })
        const each = yield* Effect.forEach(ids, (id) => Effect.either(alice.images.get(id)))
        assert.strictEqual(each.filter(Either.isRight).length, 10)
        const [many, sent] = yield* alice.counting(alice.images.getMany(ids))
        assert.deepStrictEqual(many.map(shown), each.map(shown))
        // Two listings, and a request for each of six that are not there.
        assert.strictEqual(sent.length, 8)
        const asked = yield* Effect.flip(alice.images.getMany([nowhere, Image.ImageId.make("a/b")]))
        assert.strictEqual(asked._tag === "InvalidArgument" && asked.argument, "images[1]")
      })
  )

  it.scoped("one at a time is a request of its own", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice)
      const paths = (effect: Effect.Effect<unknown, GlanceError.GlanceError>) =>
        Effect.map(alice.counting(effect), ([, sent]) => sent.map(({ url }) => url.replace(/.*\/v2/, "")))
      const path = `/images/${image.id}`
      assert.deepStrictEqual(yield* paths(alice.images.get(image)), [path])
      assert.deepStrictEqual(yield* paths(Effect.forEach([image, image], alice.images.get)), [path, path])
      assert.deepStrictEqual(yield* paths(alice.images.getMany([image, image.id])), [path])
      assert.deepStrictEqual(yield* paths(alice.images.getMany([])), [])
    })
  )
}
