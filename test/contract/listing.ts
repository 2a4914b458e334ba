import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Image from "@effect-glance/core/Image"
import type * as ImageQuery from "@effect-glance/core/ImageQuery"
import type * as Images from "@effect-glance/core/Images"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { newImage, type Project, Projects, unique } from "./cloud.js"

const nameOf = (image: Image.Image) => Option.getOrElse(image.name, () => "")

export const listing = (it: Vitest.MethodsNonLive<Projects, true>) => {
  it.scoped("what becomes of images: created, shared with me, changed twice in a second, gone", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* Projects
      const tag = yield* unique("watched")
      const image = yield* newImage(bob, { name: "first", tags: [tag] })
      const next = yield* Stream.toPull(
        bob.images
          .changes(
            { tags: [tag], memberStatus: "all" },
            { emitInitial: true, fullEvery: 3, schedule: Schedule.spaced("20 millis") }
          )
          .pipe(
            Stream.map((change) => [
              change._tag,
              change.image.id,
              nameOf(change.image),
              ...(change._tag === "Changed" ? [nameOf(change.before)] : [])
            ])
          )
      )
      const one = Effect.map(Effect.repeat(next, { until: Chunk.isNonEmpty }), ([change]) => change)
      assert.deepStrictEqual(yield* one, ["Created", image.id, "first"])
      yield* bob.images.update(image, { name: "second" }, { readFirst: false })
      assert.deepStrictEqual(yield* one, ["Changed", image.id, "second", "first"])
      yield* bob.images.update(image, { name: "third" }, { readFirst: false })
      assert.deepStrictEqual(yield* one, ["Changed", image.id, "third", "second"])
      const shared = yield* newImage(alice, { name: "of alice", tags: [tag], visibility: "shared" })
      yield* alice.members.add(shared, bob.projectId)
      assert.deepStrictEqual(yield* one, ["Created", shared.id, "of alice"])
      yield* bob.images.delete(image)
      assert.deepStrictEqual(yield* one, ["Gone", image.id, "third"])
    })
  )

  it.scoped(
    "a hundred images in pages of seven, by two keys and two tags: each once, in order, in fifteen requests",
    () =>
      Effect.gen(function* () {
        const { alice } = yield* Projects
        const tag = yield* unique("hundred")
        const made = yield* Effect.forEach(
          Array.from({ length: 100 }, (_, index) => index),
          (index) =>
            newImage(alice, {
              name: `${"abcde"[index % 5]}`,
              tags: [tag, index % 10 === 9 ? "odd" : "even"],
              minRam: index
            })
        )
        // Ten that carry but one of the two tags, which a client that loses the other would list.
        yield* Effect.forEach(made.slice(0, 10), () => newImage(alice, { name: "a", tags: ["common"] }))
        yield* Effect.forEach(made, (image) => alice.tags.add(image, "common"), { concurrency: 4 })
        const [listed, sent] = yield* alice.counting(
          alice.images
            .listAll({
              tags: [tag, "common"],
              sort: [{ key: "name", direction: "asc" }, { key: "id" }],
              limit: 7
            })
            .pipe(Stream.runCollect)
        )
        const expected = made
          .map((image) => [nameOf(image), image.id] as const)
          .sort(([a, i], [b, j]) => (a < b ? -1 : a > b ? 1 : i < j ? 1 : -1))
        assert.deepStrictEqual(
          Chunk.toReadonlyArray(listed).map((image) => [nameOf(image), image.id] as const),
          expected
        )
        assert.strictEqual(sent.length, 15)
      }),
    120_000
  )

  it.scoped("images that are deleted while they are listed do not end the listing: each other one comes once", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const tag = yield* unique("deleted")
      const made = yield* Effect.forEach(Array.from({ length: 12 }), (_, index) =>
        newImage(alice, { name: String(index).padStart(2, "0"), tags: [tag] })
      )
      const all = made.map(nameOf)
      const remove = (...indices: ReadonlyArray<number>) =>
        Effect.forEach(indices, (index) => alice.images.delete(made[index] as Image.Image), { discard: true })
      // The marker of the first page, then all of the second page, then the marker and what stands before it.
      const deletions = new Map([
        ["03", remove(3)],
        ["07", remove(4, 5, 6, 7)],
        ["11", remove(11, 10)]
      ])
      const names = yield* alice.images
        .listAll({ tags: [tag], sort: [{ key: "name", direction: "asc" }], limit: 4 })
        .pipe(
          Stream.tap((image) => deletions.get(nameOf(image)) ?? Effect.void),
          Stream.map(nameOf),
          Stream.runCollect
        )
      assert.deepStrictEqual(Chunk.toReadonlyArray(names), all)
    })
  )

  it.scoped("an image whose name in front of the marker is deleted as well is listed by going back further", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const tag = yield* unique("back")
      const made = yield* Effect.forEach(Array.from({ length: 10 }), (_, index) =>
        newImage(alice, { name: String(index), tags: [tag] })
      )
      const names = yield* alice.images
        .listAll({ tags: [tag], sort: [{ key: "name", direction: "asc" }], limit: 8 })
        .pipe(
          Stream.tap((image) =>
            nameOf(image) === "7"
              ? Effect.forEach([4, 5, 6, 7, 8], (index) => alice.images.delete(made[index] as Image.Image))
              : Effect.void
          ),
          Stream.map(nameOf),
          Stream.runCollect
        )
      assert.deepStrictEqual(Chunk.toReadonlyArray(names), ["0", "1", "2", "3", "4", "5", "6", "7", "9"])
    })
  )

  it.scoped("properties whose names begin with two underscores can be asked for", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const tag = yield* unique("underscores")
      for (const [name, value] of Object.entries({ __imagetype: "gold", __os_type: "Linux", _sa: "1", __own__: "2" })) {
        const image = yield* newImage(alice, { tags: [tag], properties: { [name]: value } })
        const { items } = yield* alice.images.list({ tags: [tag], properties: { [name]: value } })
        assert.deepStrictEqual(
          items.map(({ id }) => id),
          [image.id],
          name
        )
        assert.deepStrictEqual((yield* alice.images.list({ tags: [tag], properties: { [name]: "x" } })).items, [])
      }
    })
  )

  it.scoped("taking five from pages of five sends one request", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const tag = yield* unique("lazy")
      yield* Effect.forEach(Array.from({ length: 7 }), () => newImage(alice, { tags: [tag] }))
      const [five, sent] = yield* alice.counting(
        alice.images.listAll({ tags: [tag], limit: 5 }).pipe(Stream.take(5), Stream.runCollect)
      )
      assert.strictEqual(five.length, 5)
      assert.strictEqual(sent.length, 1)
    })
  )

  it.scoped("a page says what to ask for to get the next one, and shows what the server sent", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const tag = yield* unique("page")
      yield* Effect.forEach(["c", "a", "b"], (name) => newImage(alice, { name, tags: [tag] }))
      const query: ImageQuery.ImageQuery = { tags: [tag], sort: [{ key: "name", direction: "asc" }], limit: 2 }
      const first = yield* alice.images.list(query)
      assert.deepStrictEqual(first.items.map(nameOf), ["a", "b"])
      assert.deepStrictEqual(
        (first.raw as { images: ReadonlyArray<{ name: string }> }).images.map(({ name }) => name),
        ["a", "b"]
      )
      const second = yield* alice.images.list(Option.getOrThrow(first.next))
      assert.deepStrictEqual(second.items.map(nameOf), ["c"])
      assert.isTrue(Option.isNone(second.next))
    })
  )

  it.scoped("a marker that no image has is refused by the server", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const marker = Image.ImageId.make("00000000-0000-4000-8000-000000000000")
      const refused = yield* Effect.flip(alice.images.list({ marker }))
      if (refused._tag !== "BadRequest") return assert.fail(refused._tag)
      assert.include(refused.detail, marker)
    })
  )

  it.scoped("every filter finds what it should and nothing else", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const tag = yield* unique("filters")
      const make = (name: string, attributes: Parameters<typeof newImage>[1] = {}) =>
        newImage(alice, { name, ...attributes, tags: [tag, ...(attributes.tags ?? [])] })
      const colon = yield* make("Ubuntu 22:04", { diskFormat: "raw", containerFormat: "bare", minRam: 1, minDisk: 10 })
      const comma = yield* make("a,b", { diskFormat: "qcow2", containerFormat: "bare", minRam: 2, minDisk: 20 })
      const quote = yield* make('say "hi"', { diskFormat: "qcow2", containerFormat: "ovf", minRam: 4, minDisk: 30 })
      yield* make("in:x", { protected: true, tags: ["x y", "ü"], properties: { os_distro: "R&D=1?", "k/é": "v" } })
      yield* make("plain+100%", { visibility: "private", tags: ["x y"], properties: { os_distro: "other" } })
      yield* make("hidden", { osHidden: true })
      yield* make("community", { visibility: "community" })
      const all = ["Ubuntu 22:04", "a,b", 'say "hi"', "in:x", "plain+100%", "community"]
      const past = DateTime.unsafeMake("2020-01-01T00:00:00Z")
      const future = DateTime.unsafeMake("2100-01-01T00:00:00Z")

      const cases: ReadonlyArray<readonly [ImageQuery.ImageQuery, ReadonlyArray<string>]> = [
        [{}, all],
        [{ name: "Ubuntu 22:04" }, ["Ubuntu 22:04"]],
        [{ name: "a,b" }, ["a,b"]],
        [{ name: 'say "hi"' }, ['say "hi"']],
        [{ name: "in:x" }, ["in:x"]],
        [{ name: "plain+100%" }, ["plain+100%"]],
        [{ name: "plain" }, []],
        [{ name: ["a,b", "Ubuntu 22:04", "in:x", "nothing"] }, ["Ubuntu 22:04", "a,b", "in:x"]],
        [{ id: colon.id }, ["Ubuntu 22:04"]],
        [{ id: [colon.id, comma.id] }, ["Ubuntu 22:04", "a,b"]],
        [{ status: "queued" }, all],
        [{ status: ["active", "queued"] }, all],
        [{ status: "active" }, []],
        [{ containerFormat: "ovf" }, ['say "hi"']],
        [{ containerFormat: ["bare", "ova"] }, ["Ubuntu 22:04", "a,b"]],
        [{ diskFormat: "qcow2" }, ["a,b", 'say "hi"']],
        [{ diskFormat: ["raw", "iso"] }, ["Ubuntu 22:04"]],
        [{ visibility: "private" }, ["plain+100%"]],
        [{ visibility: "community" }, ["community"]],
        [{ visibility: "public" }, []],
        [{ visibility: "shared" }, ["Ubuntu 22:04", "a,b", 'say "hi"', "in:x"]],
        [{ visibility: "all" }, all],
        [{ owner: alice.projectId }, all],
        [{ owner: "somebody" }, []],
        [{ protected: true }, ["in:x"]],
        [{ protected: false }, all.filter((name) => name !== "in:x")],
        [{ osHidden: true }, ["hidden"]],
        [{ osHidden: false }, all],
        [{ tags: ["x y"] }, ["in:x", "plain+100%"]],
        [{ tags: ["x y", "ü"] }, ["in:x"]],
        [{ tags: ["x y", "none"] }, []],
        [{ checksum: "d41d8cd98f00b204e9800998ecf8427e" }, []],
        [{ osHashValue: "cf83e1357eefb8bd" }, []],
        [{ size: { min: 1 } }, []],
        [{ size: 5 }, []],
        [{ virtualSize: { max: 5 } }, []],
        [{ minRam: 2 }, ["a,b"]],
        [{ minRam: { min: 2 } }, ["a,b", 'say "hi"']],
        [{ minRam: { min: 1, max: 2 } }, ["Ubuntu 22:04", "a,b"]],
        [{ minDisk: { max: 20, min: 11 } }, ["a,b"]],
        [{ createdAt: { gt: past } }, all],
        [{ createdAt: { lt: past } }, []],
        [{ createdAt: { lte: future } }, all],
        [{ createdAt: { gte: future } }, []],
        [{ createdAt: { neq: past } }, all],
        [{ createdAt: { eq: past } }, []],
        [{ createdAt: { gte: quote.createdAt }, name: 'say "hi"' }, ['say "hi"']],
        [{ updatedAt: { gte: past } }, all],
        [{ updatedAt: { lt: past } }, []],
        [{ properties: { os_distro: "R&D=1?" } }, ["in:x"]],
        [{ properties: { os_distro: "R&D=1?", "k/é": "v" } }, ["in:x"]],
        [{ properties: { os_distro: "R&D=1?", "k/é": "w" } }, []],
        [{ name: ["a,b", "plain+100%"], minRam: { max: 1 } }, ["plain+100%"]]
      ]
      for (const [query, expected] of cases) {
        const found = yield* alice.images
          .listAll({ ...query, tags: [tag, ...(query.tags ?? [])] })
          .pipe(Stream.runCollect)
        assert.deepStrictEqual(
          Chunk.toReadonlyArray(found).map(nameOf).sort(),
          [...expected].sort(),
          JSON.stringify(query)
        )
      }
    })
  )

  it.scoped("what an image is by its data finds it: status, size, hashes", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const tag = yield* unique("data")
      const formats = { tags: [tag], diskFormat: "raw", containerFormat: "bare" }
      const small = yield* newImage(alice, { name: "small", ...formats })
      const large = yield* newImage(alice, { name: "large", ...formats })
      yield* newImage(alice, { name: "without", ...formats })
      yield* alice.give(small, "x".repeat(10))
      yield* alice.give(large, "y".repeat(1000))
      const { checksum, osHashValue } = yield* alice.images.get(small)
      const cases: ReadonlyArray<readonly [ImageQuery.ImageQuery, ReadonlyArray<string>]> = [
        [{ status: "active" }, ["large", "small"]],
        [{ status: ["active", "queued"] }, ["large", "small", "without"]],
        [{ size: 10 }, ["small"]],
        [{ size: { min: 10 } }, ["large", "small"]],
        [{ size: { min: 11, max: 1000 } }, ["large"]],
        [{ size: { max: 9 } }, []],
        [{ virtualSize: { min: 1000 } }, ["large"]],
        [{ virtualSize: 10 }, ["small"]],
        [{ checksum: Option.getOrThrow(checksum) }, ["small"]],
        [{ osHashValue: Option.getOrThrow(osHashValue) }, ["small"]]
      ]
      for (const [query, expected] of cases) {
        const { items } = yield* alice.images.list({ ...query, tags: [tag] })
        assert.deepStrictEqual(items.map(nameOf).sort(), expected, JSON.stringify(query))
      }
      const bySize = { tags: [tag], status: "active", sort: [{ key: "size", direction: "asc" }] } as const
      assert.deepStrictEqual((yield* alice.images.list(bySize)).items.map(nameOf), ["small", "large"])
    })
  )

  it.scoped("every sort key sorts, both ways", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const tag = yield* unique("sorts")
      const one = yield* newImage(alice, { name: "1", tags: [tag], diskFormat: "iso", containerFormat: "aki" })
      const two = yield* newImage(alice, { name: "2", tags: [tag], diskFormat: "raw", containerFormat: "bare" })
      const ids = [one.id, two.id].sort()
      const byName = [one.id, two.id]
      const cases: ReadonlyArray<readonly [ImageQuery.SortKey, ReadonlyArray<string>]> = [
        ["name", byName],
        ["id", ids],
        ["diskFormat", byName],
        ["containerFormat", byName]
      ]
      for (const [key, expected] of cases) {
        for (const direction of ["asc", "desc"] as const) {
          const { items } = yield* alice.images.list({ tags: [tag], sort: [{ key, direction }] })
          assert.deepStrictEqual(
            items.map(({ id }) => id),
            direction === "asc" ? expected : [...expected].reverse(),
            `${key} ${direction}`
          )
        }
      }
      for (const key of ["status", "size", "createdAt", "updatedAt"] as const) {
        const { items } = yield* alice.images.list({ tags: [tag], sort: [{ key }, { key: "name", direction: "asc" }] })
        assert.strictEqual(items.length, 2, key)
      }
    })
  )

  it.scoped("names beyond U+FFFF, which no image can have, cost no request", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const [refused, sent] = yield* alice.counting(Effect.flip(alice.images.list({ name: "😀" })))
      assert.strictEqual(refused._tag, "InvalidArgument")
      assert.deepStrictEqual(sent, [])
    })
  )

  it.scoped("find looks through all pages for the one, and says when there is none or more than one", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const tag = yield* unique("find")
      const made = yield* Effect.forEach(["x", "x", "x", "y"], (name) => newImage(alice, { name, tags: [tag] }))
      const found = yield* alice.images.find({ name: "y", tags: [tag], limit: 1 })
      assert.strictEqual(found.id, made[3]?.id)
      const ambiguous = yield* Effect.flip(alice.images.find({ name: "x", tags: [tag], limit: 1 }))
      if (ambiguous._tag !== "AmbiguousImage") return assert.fail(ambiguous._tag)
      assert.deepStrictEqual(
        [...ambiguous.imageIds].sort(),
        made
          .slice(0, 3)
          .map(({ id }) => id)
          .sort()
      )
      const none = yield* Effect.flip(alice.images.find({ name: "z", tags: [tag] }))
      assert.strictEqual(none._tag, "NoMatchingImage")
      assert.include(none.message, `name=z, tag=${tag}`)
    })
  )

  it.scoped(
    "the one, the first, the newest: by property, by predicate, of another's community, hidden, in few requests",
    () =>
      Effect.gen(function* () {
        const { alice, bob } = yield* Projects
        const tag = yield* unique("find")
        const make = (project: Project, attributes: Images.NewImage) =>
          newImage(project, { tags: [tag], ...attributes })
        const one = yield* make(alice, { name: "c", properties: { os_distro: "debian" } })
        const two = yield* make(alice, { name: "b", minRam: 512 })
        const three = yield* make(alice, { name: "a", minRam: 512, osHidden: true })
        const foreign = yield* make(bob, { name: "0", visibility: "community" })
        const tags = [tag]
        const { find, findFirst, findNewest } = alice.images
        const sort = [{ key: "name", direction: "asc" }] as const
        const large = ({ minRam }: Image.Image) => minRam > 500
        const cases: ReadonlyArray<readonly [Effect.Effect<Image.Image, unknown>, Image.Image, number]> = [
          [find({ tags, properties: { os_distro: "debian" } }), one, 1],
          [find({ tags }, { where: large }), two, 1],
          [find({ tags, name: "a" }, { hidden: true }), three, 2],
          [find({ tags, osHidden: true }), three, 1],
          [find({ tags, visibility: "all", owner: bob.projectId }), foreign, 1],
          [findFirst({ tags, sort }), two, 1],
          [findFirst({ tags, sort }, { where: ({ minRam }) => minRam === 0 }), one, 1],
          [findFirst({ tags, sort, visibility: "all" }), foreign, 1],
          [findFirst({ tags, name: "a" }, { hidden: true }), three, 2],
          [findNewest({ tags }), two, 1],
          [findNewest({ tags, visibility: "all" }), foreign, 1]
        ]
        for (const [index, [search, expected, requests]] of cases.entries()) {
          const [found, sent] = yield* alice.counting(search)
          assert.deepStrictEqual([found.id, sent.length], [expected.id, requests], `case ${index}`)
        }
        const ambiguous = yield* Effect.flip(find({ tags }, { hidden: true, where: large }))
        if (ambiguous._tag !== "AmbiguousImage") return assert.fail(ambiguous._tag)
        assert.deepStrictEqual(ambiguous.imageIds, [two.id, three.id])
      })
  )
}
