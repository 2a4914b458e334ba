/** Listings whose server deletes records meanwhile, sends pages without end, or sends what cannot be decoded. */
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type GlanceError, Image, ImageMembers, Images, ImageTask, ImageTasks, Metadefs } from "@effect-glance/core"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Port from "../support/port.js"
import { imageRecord, taskRecord } from "../support/records.js"

const paramsOf = (url: string) => new URLSearchParams(url.slice(url.indexOf("?")))

/**
 * A server of records in their order. `deleting` names the records that it deletes before it answers the request with
 * this index. It refuses a marker that it does not have, as Glance does.
 */
const server = (
  kind: "images" | "tasks",
  ids: ReadonlyArray<string>,
  deleting: { readonly [request: number]: ReadonlyArray<string> },
  status = 400
): Port.Script => {
  let present = [...ids]
  return ({ url }, index) => {
    present = present.filter((id) => !deleting[index]?.includes(id))
    const params = paramsOf(url)
    const marker = params.get("marker")
    if (marker !== null && !present.includes(marker)) return Port.refusal(status, `No record found with ID ${marker}`)
    const from = marker === null ? 0 : present.indexOf(marker) + 1
    const limit = Number(params.get("limit") ?? 25)
    const page = present.slice(from, from + limit)
    return Port.json({
      [kind]: page.map((id) => (kind === "images" ? imageRecord({ id, name: id }) : taskRecord({ id }))),
      ...(page.length === limit ? { next: `/v2/${kind}?marker=${page.at(-1)}` } : {})
    })
  }
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `r${index}`)
const idsOf = (records: Iterable<{ readonly id: string }>) => Array.from(records, ({ id }) => id)

const listed = (limit: number, readAhead = false) =>
  Effect.flatMap(Images.Images, (images) =>
    Effect.map(Stream.runCollect(images.listAll({ limit }, { readAhead })), idsOf)
  )

const without = (all: ReadonlyArray<string>, ...gone: ReadonlyArray<string>) => all.filter((id) => !gone.includes(id))

describe("a listing whose marker is deleted between two pages", () => {
  it.effect("continues after the last record of the page before that is still there", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* listed(4), names(10))
      deepStrictEqual(yield* Port.lines, [
        "GET /images?limit=4",
        "GET /images?limit=4&marker=r3",
        "GET /images?limit=4&marker=r2",
        "GET /images?limit=4&marker=r7"
      ])
    }).pipe(Effect.provide(Port.core(server("images", names(10), { 1: ["r3"] }))))
  )

  it.effect("lists each surviving image once and in order when most of the page before is deleted", () =>
    Effect.gen(function* () {
      // r9 to r4 are gone; it tries r8, r7, r5 and r1, after which r2 and r3 come again.
      deepStrictEqual(yield* listed(10), without(names(30), "r12"))
      assert.isAtMost((yield* Port.requests).length, 10)
    }).pipe(Effect.provide(Port.core(server("images", names(30), { 1: ["r4", "r5", "r6", "r7", "r8", "r9", "r12"] }))))
  )

  it.effect("continues where the page before began when all of that is deleted", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* listed(3), names(12))
    }).pipe(Effect.provide(Port.core(server("images", names(12), { 2: ["r3", "r4", "r5"] }))))
  )

  it.effect("begins again when all of the first page is deleted", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* listed(3), names(7))
    }).pipe(Effect.provide(Port.core(server("images", names(7), { 1: ["r0", "r1", "r2"] }))))
  )

  it.effect("continues as often as it happens, also to a reader that reads ahead", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* listed(2, true), names(8))
    }).pipe(Effect.provide(Port.core(server("images", names(8), { 1: ["r1"], 3: ["r3"], 5: ["r5"] }))))
  )

  it.effect("continues also when the marker has gone out of sight, which Glance answers with 403", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* listed(2), names(5))
    }).pipe(Effect.provide(Port.core(server("images", names(5), { 1: ["r1"] }, 403))))
  )

  it.effect("fails with the marker when the page before and its marker are gone as well", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const seen: Array<string> = []
      const error = yield* images.listAll({ limit: 2 }).pipe(
        Stream.runForEach(({ id }) => Effect.sync(() => seen.push(id))),
        Effect.flip
      )
      assert(error._tag === "LostMarker")
      assert.strictEqual(error.marker, "r3")
      assert.strictEqual(
        error.message,
        "Images.listAll: record r3 and the records before it were deleted during the listing: list again"
      )
      deepStrictEqual(seen, names(4))
    }).pipe(Effect.provide(Port.core(server("images", names(8), { 2: ["r1", "r2", "r3"] }))))
  )

  it.effect("fails with the server's own error when it refuses every request by then", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(listed(2))
      assert(error._tag === "Forbidden")
      assert.include(error.detail, "not any more")
    }).pipe(
      Effect.provide(
        Port.core(({ url }, index) =>
          index < 2
            ? Port.json({
                images: [imageRecord({ id: `a${index}` }), imageRecord({ id: `b${index}` })],
                next: `/v2/images?marker=b${index}`
              })
            : Port.refusal(403, `not any more: ${url}`)
        )
      )
    )
  )

  it.effect("does not look for another place when the caller's own marker is unknown", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const marker = Image.ImageId.make("nobody")
      const error = yield* Effect.flip(Stream.runDrain(images.listAll({ marker })))
      assert.strictEqual(error._tag, "BadRequest")
      assert.strictEqual((yield* Port.requests).length, 1)
    }).pipe(Effect.provide(Port.core(server("images", names(3), {}))))
  )

  it.effect("continues after a task in the same way", () =>
    Effect.gen(function* () {
      const tasks = yield* ImageTasks.ImageTasks
      deepStrictEqual(idsOf(yield* Stream.runCollect(tasks.listAll({ limit: 2 }))), names(5))
    }).pipe(Effect.provide(Port.core(server("tasks", names(5), { 1: ["r1"] }))))
  )

  it.effect("does not keep a search from its result", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const found = yield* images.find({ limit: 2 }, { where: ({ id }) => id === "r4" })
      assert.strictEqual(found.id, "r4")
      const ambiguous = yield* Effect.flip(images.find({ name: "x" }))
      assert(ambiguous._tag === "AmbiguousImage")
      deepStrictEqual(ambiguous.imageIds, names(5))
    }).pipe(
      Effect.provide(
        Port.core((request, index) =>
          index < 4 ? (searched(request, index) as Response) : (ambiguous(request, index - 4) as Response)
        )
      )
    )
  )
})

const searched = server("images", names(5), { 1: ["r1"] }) as (request: Port.Recorded, index: number) => Port.Reply
const ambiguous = server("images", names(5), { 1: ["r1"] }) as (request: Port.Recorded, index: number) => Port.Reply

type Services = Images.Images | ImageMembers.ImageMembers | ImageTasks.ImageTasks | Metadefs.Metadefs

type Program = Effect.Effect<unknown, GlanceError.GlanceError, Services>

const images = <E extends GlanceError.GlanceError>(f: (images: Images.Service) => Effect.Effect<unknown, E>): Program =>
  Effect.flatMap(Images.Images, f)

const listings: { readonly [name: string]: Program } = {
  "Images.listAll": images(({ listAll }) => Stream.runDrain(listAll())),
  "ImageTasks.listAll": Effect.flatMap(ImageTasks.ImageTasks, ({ listAll }) => Stream.runDrain(listAll())),
  "Metadefs.namespaces.listAll": Effect.flatMap(Metadefs.Metadefs, ({ namespaces }) =>
    Stream.runDrain(namespaces.listAll())
  )
}

const operations: { readonly [name: string]: Program } = {
  "Images.find": images(({ find }) => find({ name: "x" })),
  "Images.findFirst": images(({ findFirst }) => findFirst({}, { where: () => false })),
  "Images.findNewest": images(({ findNewest }) => findNewest({}, { where: () => false })),
  "Images.changes": images(({ changes }) => Stream.runDrain(changes({}, { schedule: Schedule.stop }))),
  "ImageMembers.acceptAll": Effect.flatMap(ImageMembers.ImageMembers, ({ acceptAll }) => acceptAll())
}

const emptyPage = (index: number) =>
  Port.json({ images: [], tasks: [], namespaces: [], next: `/v2/x?marker=m${index}` })

describe("pages that go on for ever without a record", () => {
  it.effect.each(Object.entries({ ...listings, ...operations }))("end %s after 100 of them", ([name, program]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(program)
      assert(error._tag === "TooManyEmptyPages")
      assert.include(error, { operation: name, pages: 100, marker: "m99" })
      assert.strictEqual(error.message, `${name}: the server sent 100 empty pages in a row; the next marker is m99`)
      assert.strictEqual((yield* Port.requests).length, 100)
    }).pipe(Effect.provide(Port.core((_, index) => emptyPage(index))))
  )

  it.effect("leave Images.getMany with what the images' own requests say", () =>
    Effect.gen(function* () {
      const { getMany } = yield* Images.Images
      const found = yield* getMany([Image.ImageId.make("a"), Image.ImageId.make("b")])
      deepStrictEqual(
        found.map(({ _tag }) => _tag),
        ["Right", "Right"]
      )
    }).pipe(
      Effect.provide(
        Port.core(({ url }, index) =>
          url.startsWith("/images/") ? Port.json(imageRecord({ id: url.slice(8) })) : emptyPage(index)
        )
      )
    )
  )

  it.effect("are followed when fewer than 100 come in a row, however many there are", () =>
    Effect.gen(function* () {
      const { listAll } = yield* Images.Images
      assert.strictEqual(yield* Stream.runCount(listAll()), 4)
    }).pipe(
      Effect.provide(
        Port.core((_, index) =>
          index % 100 === 0
            ? Port.json({
                images: [imageRecord({ id: `r${index}` })],
                ...(index === 300 ? {} : { next: `/v2/x?marker=m${index}` })
              })
            : emptyPage(index)
        )
      )
    )
  )
})

describe("pages that go on for ever with records", () => {
  /** A page takes 10 seconds. */
  const endless = Port.core(
    (_, index) =>
      Effect.delay(
        Effect.sync(() =>
          Port.json({ images: [imageRecord({ id: `r${index}` })], next: `/v2/images?marker=r${index}` })
        ),
        "10 seconds"
      ),
    { timeLimit: Duration.seconds(95) }
  )

  it.effect.each(Object.entries(operations))("end %s at its time limit", ([name, program]) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(program))
      yield* TestClock.adjust("2 minutes")
      const error = yield* Fiber.join(fiber)
      assert(error._tag === "TimeLimitExceeded", error._tag)
      assert.strictEqual(error.operation, name)
      assert.strictEqual((yield* Port.requests).length, 10)
    }).pipe(Effect.provide(endless))
  )

  it.effect("end Images.getMany at its time limit", () =>
    Effect.gen(function* () {
      const { getMany } = yield* Images.Images
      const ids = ["a", "b"].map((id) => Image.ImageId.make(id))
      const fiber = yield* Effect.fork(Effect.flip(getMany(ids)))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TimeLimitExceeded")
    }).pipe(Effect.provide(endless))
  )

  it.effect("give Images.listAll as many pages as its reader takes, each within the time limit", () =>
    Effect.gen(function* () {
      const { listAll } = yield* Images.Images
      const fiber = yield* Effect.fork(Stream.runCount(Stream.take(listAll(), 20)))
      yield* TestClock.adjust("200 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), 20)
    }).pipe(Effect.provide(endless))
  )
})

const nested = (depth: number) => `${'{"a":['.repeat(depth / 2)}${"]}".repeat(depth / 2)}`
const deep = nested(10_000)

/** The text of a record with a member in the place of `x`. */
const recordWith = (member: string) => JSON.stringify(imageRecord({ id: "odd", x: 0 })).replace('"x":0', () => member)

describe("hostile JSON in a record", () => {
  const fields: ReadonlyArray<readonly [field: string, member: string]> = [
    ["a custom property", `"os_x":${deep}`],
    ["the name", `"name":${deep}`],
    ["the tags", `"tags":${deep}`],
    ["a tag", `"tags":[${nested(10_000)}]`],
    ["the size", `"size":${deep}`],
    ["the protection", `"protected":${deep}`],
    ["a location", `"locations":[${deep}]`],
    ["the metadata of a location", `"locations":[{"url":"x:y","metadata":${deep}}]`],
    ["a time", `"updated_at":${deep}`],
    ["its id", `"id":${deep}`]
  ]

  it.effect.each(fields)("nested 10,000 levels deep in %s fails Images.get with UnexpectedAnswer", ([, member]) =>
    Effect.gen(function* () {
      const { get } = yield* Images.Images
      const error = yield* Effect.flip(get(Image.ImageId.make("odd")))
      assert(error._tag === "UnexpectedAnswer")
      assert.isBelow(error.message.length, 1000)
    }).pipe(Effect.provide(Port.core([Port.text(200, recordWith(member))])))
  )

  it.effect.each(fields)("nested 10,000 levels deep in %s is skipped by a listing that skips", ([, member]) =>
    Effect.gen(function* () {
      const { list, listAll } = yield* Images.Images
      const error = yield* Effect.flip(list())
      assert.strictEqual(error._tag, "UnexpectedAnswer")
      const all = yield* Stream.runCollect(listAll({}, { undecodable: "skip" }))
      deepStrictEqual(idsOf(Chunk.toReadonlyArray(all)), ["good"])
    }).pipe(
      Effect.provide(
        Port.core(() =>
          Port.text(200, `{"images":[${recordWith(member)},${JSON.stringify(imageRecord({ id: "good" }))}]}`)
        )
      )
    )
  )

  it.effect("nested 10,000 levels deep fails every other operation that reads JSON with UnexpectedAnswer", () =>
    Effect.gen(function* () {
      const { namespaces, objects, properties, resourceTypes, tags } = yield* Metadefs.Metadefs
      const { get: task, list: tasks } = yield* ImageTasks.ImageTasks
      const programs: ReadonlyArray<Effect.Effect<unknown, GlanceError.GlanceError>> = [
        task(ImageTask.TaskId.make("t")),
        tasks(),
        Effect.flatMap(ImageMembers.ImageMembers, ({ list }) => list(Image.ImageId.make("i"))) as never,
        namespaces.list(),
        namespaces.get("n"),
        namespaces.update("n", { description: "d" }),
        Stream.runDrain(objects.listAll("n")),
        Stream.runDrain(properties.listAll("n")),
        Stream.runDrain(tags.listAll("n")),
        Stream.runDrain(resourceTypes.listAll)
      ]
      for (const [index, program] of programs.entries()) {
        const exit = yield* Effect.exit(program as Effect.Effect<unknown, GlanceError.GlanceError, never>)
        assert(Exit.isFailure(exit), `program ${index} succeeded`)
        assert(exit.cause._tag === "Fail", `program ${index} died: ${exit.cause._tag}`)
        assert.strictEqual(exit.cause.error._tag, "UnexpectedAnswer", `program ${index}`)
      }
    }).pipe(
      Effect.provide(
        Port.core(() =>
          Port.text(
            200,
            `{"id":${deep},"tasks":[{"id":"t","input":${deep}}],"members":[${deep}],"namespaces":[${deep}],"namespace":"n",` +
              `"properties":{"p":{"type":"string","default":${deep}}},"objects":[${deep}],"tags":[${deep}],"resource_types":[${deep}]}`
          )
        )
      )
    )
  )

  it.effect("keeps what a task was given when it is nested as deep as JSON of people is", () =>
    Effect.gen(function* () {
      const { get } = yield* ImageTasks.ImageTasks
      const task = yield* get(ImageTask.TaskId.make("t"))
      deepStrictEqual(JSON.stringify(task.input).includes(nested(80)), true)
    }).pipe(Effect.provide(Port.core([Port.json(taskRecord({ input: JSON.parse(nested(80)) }))])))
  )

  it.effect(
    "with a million tags or a million levels of brackets is decoded or refused, and never a defect",
    () =>
      Effect.gen(function* () {
        const { get } = yield* Images.Images
        const id = Image.ImageId.make("odd")
        assert.strictEqual((yield* get(id)).tags.length, 1_000_000)
        assert.strictEqual((yield* Effect.flip(get(id)))._tag, "UnexpectedAnswer")
        assert.strictEqual((yield* Effect.flip(get(id)))._tag, "UnexpectedAnswer")
      }).pipe(
        Effect.provide(
          Port.core([
            Port.text(200, recordWith(`"tags":[${'"t",'.repeat(999_999)}"t"]`)),
            Port.text(200, recordWith(`"name":[${'"t",'.repeat(999_999)}"t"]`)),
            Port.text(200, "[".repeat(1_000_000))
          ])
        )
      ),
    60_000
  )

  it.effect.each([["1e400"], ["-1e400"], ["9".repeat(400)]])("refuses the size %s, which no number holds", ([size]) =>
    Effect.gen(function* () {
      const { get } = yield* Images.Images
      const error = yield* Effect.flip(get(Image.ImageId.make("odd")))
      assert(error._tag === "UnexpectedAnswer")
      assert.include(error.detail, '["size"]: Expected number, actual')
    }).pipe(Effect.provide(Port.core([Port.text(200, recordWith(`"size":${size}`))])))
  )

  it.effect("takes the last of two equal keys, keeps __proto__ a property, and keeps half of a surrogate pair", () =>
    Effect.gen(function* () {
      const { get } = yield* Images.Images
      const image = yield* get(Image.ImageId.make("odd"))
      assert.strictEqual(image.minRam, 2)
      deepStrictEqual(
        [...image.properties],
        [
          ["os_x", "b"],
          ["__proto__", '{"isAdmin":true}'],
          ["half", "\ud83d"]
        ]
      )
      assert.isUndefined((image as { readonly isAdmin?: unknown }).isAdmin)
      assert.include(JSON.stringify(image), '"__proto__":"{')
      deepStrictEqual(
        yield* Effect.flip(Effect.map(get("\ud83d" as Image.ImageId), () => "")).pipe(Effect.map(({ _tag }) => _tag)),
        "InvalidArgument"
      )
    }).pipe(
      Effect.provide(
        Port.core([
          Port.text(
            200,
            recordWith('"min_ram":1,"min_ram":2,"os_x":"a","os_x":"b","__proto__":{"isAdmin":true},"half":"\\ud83d"')
          )
        ])
      )
    )
  )
})

describe("an id of 1 MB", () => {
  it.effect("is cut where an error names its record", () =>
    Effect.gen(function* () {
      const { list } = yield* Images.Images
      const error = yield* Effect.flip(list())
      assert(error._tag === "UnexpectedAnswer")
      assert.isBelow(error.message.length, 1000)
    }).pipe(Effect.provide(Port.core([Port.json({ images: [{ id: "x".repeat(1_000_000) }] })])))
  )
})

describe("a next of 20 MB", () => {
  const long = "x".repeat(20_000_000)

  it.effect.each([[`/v2/images?limit=${long}`], [`/v2/images?marker=${long}`], [long]])(
    "fails the listing with a short sentence",
    ([next]) =>
      Effect.gen(function* () {
        const { list } = yield* Images.Images
        const error = yield* Effect.flip(list())
        assert(error._tag === "UnexpectedAnswer")
        assert.include(error.detail, 'its "next" names no marker: ')
        assert.isBelow(error.message.length, 1000)
      }).pipe(Effect.provide(Port.core([Port.json({ images: [], next })])))
  )
})

describe("a next whose marker no query can have", () => {
  const markers = ["a/b", "..", "a\u0001b"]
  const lists = {
    "Images.list": Effect.flatMap(Images.Images, (images) => images.list()),
    "Images.listAll": Effect.flatMap(Images.Images, (images) => Stream.runDrain(images.listAll())),
    "ImageTasks.listAll": Effect.flatMap(ImageTasks.ImageTasks, (tasks) => Stream.runDrain(tasks.listAll()))
  }
  for (const [operation, list] of Object.entries(lists)) {
    it.effect.each(markers)(`is a fault of the response to ${operation}, not of the caller: %s`, (marker) =>
      Effect.gen(function* () {
        const error: GlanceError.GlanceError = yield* Effect.flip(
          Effect.asVoid(list as (typeof lists)["Images.listAll"])
        )
        assert(error._tag === "UnexpectedAnswer", error._tag)
        assert.match(error.detail, /^its "next" names a marker that cannot be sent: must /)
      }).pipe(
        Effect.provide(
          Port.core(({ url }) =>
            Port.json({
              [url.startsWith("/tasks") ? "tasks" : "images"]: [],
              next: `/v2/x?marker=${encodeURIComponent(marker)}`
            })
          )
        )
      )
    )
  }
})

describe("a page of 20,000 records", () => {
  const records = names(20_000).map((id) => imageRecord({ id, name: id }))
  it.effect("is folded without a stack overflow, and each record comes once", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const ids = yield* Stream.runFold(images.listAll(), new Set<string>(), (ids, { id }) => ids.add(id))
      assert.strictEqual(ids.size, records.length)
    }).pipe(Effect.provide(Port.core(() => Port.json({ images: records }))))
  )
})
