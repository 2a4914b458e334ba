import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Image, type ImageQuery, Images } from "@effect-glance/core"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HashMap from "effect/HashMap"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Port from "../support/port.js"
import { imageRecord, imageRecords } from "../support/records.js"

const id = Image.ImageId.make

interface Envelope {
  readonly images: ReadonlyArray<unknown>
  readonly next?: unknown
}

const page = (images: ReadonlyArray<unknown>, next?: unknown): Envelope => ({
  images,
  ...(next === undefined ? {} : { next })
})

const pages = (...all: ReadonlyArray<Envelope>) =>
  Port.core(all.map((one) => Port.json({ ...one, first: "/v2/images", schema: "/v2/schemas/images" })))

const ids = (images: Iterable<Image.Image>): ReadonlyArray<string> => Array.from(images, (image) => image.id)

const listAll = (query?: ImageQuery.ImageQuery, undecodable?: "fail" | "skip") =>
  Stream.unwrap(Effect.map(Images.Images, (images) => images.listAll(query, { undecodable })))

const collected = (query?: ImageQuery.ImageQuery) =>
  Effect.map(Stream.runCollect(listAll(query)), (all) => ids(Chunk.toReadonlyArray(all)))

/** A Glance of `count` images that answers by limit and marker, and sends the `next` that the real one sends. */
const glance =
  (count: number): Port.Script =>
  ({ url }) => {
    const params = new URLSearchParams(url.slice(url.indexOf("?")))
    const limit = Number(params.get("limit") ?? 25)
    const marker = params.get("marker")
    const from = marker === null ? 0 : Number(marker.slice(1)) + 1
    const images = Array.from({ length: Math.min(limit, count - from) }, (_, index) => {
      const id = `i${from + index}`
      return imageRecord({ id, name: id })
    })
    const last = images.at(-1)?.id
    // `dict(params)`: of repeated parameters only the last is left.
    const kept = new URLSearchParams({ ...Object.fromEntries(params), marker: String(last) })
    return Port.json({ images, ...(images.length === limit ? { next: `/v2/images?${kept}` } : {}) })
  }

/** Runs with every log line collected. */
const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const lines = yield* Ref.make<ReadonlyArray<Logger.Logger.Options<unknown>>>([])
    const logger = Logger.make<unknown, void>((options) => {
      Effect.runSync(Ref.update(lines, (all) => [...all, options]))
    })
    const result = yield* Effect.provide(effect, Logger.replace(Logger.defaultLogger, logger))
    return [result, yield* Ref.get(lines)] as const
  })

describe("one page", () => {
  it.effect("asks for exactly the conditions that are given", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      yield* images.list()
      yield* images.list({ name: "R&D=1", status: undefined, tags: ["a", "b"], limit: 2 })
      deepStrictEqual(yield* Port.lines, ["GET /images", "GET /images?name=R%26D%3D1&tag=a&tag=b&limit=2"])
      const [request] = yield* Port.requests
      assert.strictEqual(request?.headers.accept, "application/json")
      assert.isUndefined(request?.body)
    }).pipe(Effect.provide(pages(page([]), page([]))))
  )

  it.effect("sends every one of pyrax's conditions", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      yield* images.list({
        limit: 10,
        marker: id("m"),
        name: "n",
        visibility: "public",
        memberStatus: "accepted",
        owner: "o",
        tags: ["t"],
        status: "active",
        size: { min: 1, max: 2 },
        sort: [{ key: "name", direction: "asc" }]
      })
      deepStrictEqual(yield* Port.lines, [
        "GET /images?limit=10&marker=m&name=n&visibility=public&member_status=accepted&owner=o&tag=t&status=active" +
          "&size_min=1&size_max=2&sort_key=name&sort_dir=asc"
      ])
    }).pipe(Effect.provide(pages(page([]))))
  )

  it.effect("tells what to ask for to get the next one, and that there is none after the last", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const first = yield* images.list({ limit: 2, tags: ["a", "b"] })
      deepStrictEqual(ids(first.items), ["i0", "i1"])
      deepStrictEqual(first.next, Option.some({ limit: 2, tags: ["a", "b"], marker: id("i1") }))
      const second = yield* images.list(Option.getOrThrow(first.next))
      deepStrictEqual(ids(second.items), ["i2"])
      deepStrictEqual(second.next, Option.none())
      deepStrictEqual(yield* Port.lines, [
        "GET /images?limit=2&tag=a&tag=b",
        "GET /images?limit=2&tag=a&tag=b&marker=i1"
      ])
    }).pipe(Effect.provide(Port.core(glance(3))))
  )

  it.effect("is there as the server sent it, too", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const { raw } = yield* images.list()
      deepStrictEqual(raw, {
        images: [imageRecord({ odd: { nested: [1, null] }, gone: null })],
        next: "/v2/images?marker=x",
        first: "/v2/images",
        schema: "/v2/schemas/images"
      })
    }).pipe(
      Effect.provide(pages(page([imageRecord({ odd: { nested: [1, null] }, gone: null })], "/v2/images?marker=x")))
    )
  )

  it.effect("whose next leads to itself is refused", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const error = yield* Effect.flip(images.list({ marker: id("m") }))
      assert(error._tag === "RepeatedMarker")
      assert.strictEqual(error.marker, "m")
    }).pipe(Effect.provide(pages(page(imageRecords(1), "/v2/images?marker=m"))))
  )
})

describe("all pages", () => {
  it.effect("come one after the other, each image once and in order", () =>
    Effect.gen(function* () {
      deepStrictEqual(
        yield* collected({ limit: 7 }),
        Array.from({ length: 100 }, (_, index) => `i${index}`)
      )
      assert.strictEqual((yield* Port.requests).length, 15)
    }).pipe(Effect.provide(Port.core(glance(100))))
  )

  it.effect("are not asked for before somebody runs the stream", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      // @effect-diagnostics-next-line floatingEffect:off
      images.listAll({ limit: 5 })
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core(glance(100))))
  )

  it.effect("are asked for once when what one page holds is taken", () =>
    Effect.gen(function* () {
      const taken = yield* Stream.runCollect(Stream.take(listAll({ limit: 5 }), 5))
      assert.strictEqual(Chunk.size(taken), 5)
      deepStrictEqual(yield* Port.lines, ["GET /images?limit=5"])
    }).pipe(Effect.provide(Port.core(glance(100))))
  )

  it.effect("are asked for again by each run", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const stream = images.listAll({ limit: 5 })
      const once = yield* Stream.runCount(stream)
      const twice = yield* Stream.runCount(stream)
      deepStrictEqual([once, twice], [12, 12])
      assert.strictEqual((yield* Port.requests).length, 6)
    }).pipe(Effect.provide(Port.core(glance(12))))
  )

  it.effect("are fetched when somebody pulls, one at a time", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const { requests } = yield* Port.Port
      yield* listAll({ limit: 2 }).pipe(Stream.runForEach(() => Effect.sync(() => seen.push(requests.length))))
      deepStrictEqual(seen, [1, 1, 2, 2, 3, 3])
    }).pipe(Effect.provide(Port.core(glance(6))))
  )

  it.effect("keep repeated tags and sort keys, which the server's next has lost", () =>
    Effect.gen(function* () {
      yield* collected({
        tags: ["a", "b"],
        sort: [
          { key: "name", direction: "asc" },
          { key: "createdAt", direction: "desc" }
        ],
        limit: 2
      })
      const query = "tag=a&tag=b&sort=name%3Aasc%2Ccreated_at%3Adesc&limit=2"
      deepStrictEqual(yield* Port.lines, [`GET /images?${query}`, `GET /images?${query}&marker=i1`])
    }).pipe(Effect.provide(Port.core(glance(3))))
  )

  it.effect("begin where the query says", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* collected({ marker: id("i1"), limit: 2 }), ["i2", "i3"])
      deepStrictEqual(yield* Port.lines, ["GET /images?marker=i1&limit=2", "GET /images?marker=i3&limit=2"])
    }).pipe(Effect.provide(Port.core(glance(4))))
  )

  it.effect("pass the query through as it is, however it looks in the server's next", () =>
    Effect.gen(function* () {
      yield* collected({ name: "my+img (1)%28", limit: 1 })
      deepStrictEqual(yield* Port.lines, [
        "GET /images?name=my%2Bimg+%281%29%2528&limit=1",
        "GET /images?name=my%2Bimg+%281%29%2528&limit=1&marker=i0"
      ])
    }).pipe(Effect.provide(Port.core(glance(1))))
  )

  const nexts: ReadonlyArray<readonly [what: string, next: string, marker: string]> = [
    ["is below another prefix", "/image/v2/images?limit=2&marker=m1", "m1"],
    ["has no prefix", "/images?marker=m1", "m1"],
    ["has no slash before it", "v2/images?marker=m1", "m1"],
    ["is an absolute URL", "https://elsewhere.example/v2/images?marker=m1&limit=2", "m1"],
    ["ends in a tenant", "/v2/images/123456?marker=m1", "m1"],
    ["comes after a tenant", "/v2/123456/images?marker=m1", "m1"],
    ["begins with the marker", "/v2/images?marker=m1&name=my%2Bimg", "m1"],
    ["is nothing but a query", "?marker=m1", "m1"],
    ["has an encoded marker", "/v2/images?marker=a%20b%2Bc%2528", "a+b%2Bc%2528"],
    ["has a marker with a plus for a space", "/v2/images?marker=a+b", "a+b"],
    ["has an empty marker", "/v2/images?marker=", "image-1"],
    ["has no marker", "/v2/images?limit=2", "image-1"],
    ["has no query", "/v2/images", "image-1"],
    ["names another marker than the last image", "/v2/images?marker=image-0", "image-0"]
  ]

  it.effect.each(nexts)("go on when next %s", ([, next, marker]) =>
    Effect.gen(function* () {
      deepStrictEqual(yield* collected(), ["image-0", "image-1", "z"])
      deepStrictEqual(yield* Port.lines, ["GET /images", `GET /images?marker=${marker}`])
    }).pipe(Effect.provide(pages(page(imageRecords(2), next), page([imageRecord({ id: "z" })]))))
  )

  it.effect.each([[""], [null], [undefined]])("end with a next of %o", ([next]) =>
    Effect.gen(function* () {
      deepStrictEqual(yield* collected(), ["image-0", "image-1"])
      deepStrictEqual(yield* Port.lines, ["GET /images"])
    }).pipe(Effect.provide(pages(page(imageRecords(2), next))))
  )

  it.effect("go on after one that is shorter than was asked for", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* collected({ limit: 5 }), ["image-0", "z"])
    }).pipe(Effect.provide(pages(page(imageRecords(1), "/v2/images?marker=image-0"), page([imageRecord({ id: "z" })]))))
  )

  it.effect("go on after an empty one whose next names a marker", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* collected(), ["z"])
      deepStrictEqual(yield* Port.lines, ["GET /images", "GET /images?marker=m"])
    }).pipe(Effect.provide(pages(page([], "/v2/images?marker=m"), page([imageRecord({ id: "z" })]))))
  )

  it.effect("fail at an empty one whose next names no marker, since nothing tells where to go on", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(collected())
      assert(error._tag === "UnexpectedAnswer")
      assert.include(error.detail, "/v2/images?limit=2")
    }).pipe(Effect.provide(pages(page([], "/v2/images?limit=2"))))
  )

  it.effect("that lead from one to the next and back fail, and are not gone through for ever", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const error = yield* listAll().pipe(
        Stream.runForEach((image) => Effect.sync(() => seen.push(image.id))),
        Effect.flip
      )
      assert(error._tag === "RepeatedMarker")
      assert.strictEqual(error.operation, "Images.listAll")
      assert.strictEqual(error.marker, "A")
      assert.strictEqual((yield* Port.requests).length, 3)
      deepStrictEqual(seen, ["p0", "q0"])
    }).pipe(
      Effect.provide(
        pages(
          page(imageRecords(1, "p"), "/v2/images?marker=A"),
          page(imageRecords(1, "q"), "/v2/images?marker=B"),
          page(imageRecords(1, "r"), "/v2/images?marker=A")
        )
      )
    )
  )

  it.effect("that lead to themselves fail", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(collected())
      assert.strictEqual(error._tag, "RepeatedMarker")
      assert.strictEqual((yield* Port.requests).length, 2)
    }).pipe(Effect.provide(Port.core(() => Port.json(page(imageRecords(1), "/v2/images?marker=image-0")))))
  )

  it.effect("that lead back to where the query began fail before any image comes twice", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(collected({ marker: id("A") }))
      assert.strictEqual(error._tag, "RepeatedMarker")
      assert.strictEqual((yield* Port.requests).length, 2)
    }).pipe(
      Effect.provide(
        pages(page(imageRecords(1, "p"), "/v2/images?marker=B"), page(imageRecords(1, "q"), "/v2/images?marker=A"))
      )
    )
  )

  it.effect(
    "may be twenty thousand",
    () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* Stream.runCount(listAll()), 20_000)
        assert.strictEqual((yield* Port.requests).length, 20_000)
      }).pipe(
        Effect.provide(
          Port.core((_, index) =>
            Port.json(
              index < 19_999
                ? page([imageRecord({ id: `m${index}` })], `/v2/images?marker=m${index}`)
                : page([imageRecord({ id: "z" })])
            )
          )
        )
      ),
    60_000
  )

  it.effect("end with the error of the one that fails, after the images of those before it", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const error = yield* listAll().pipe(
        Stream.runForEach((image) => Effect.sync(() => seen.push(image.id))),
        Effect.flip
      )
      assert(error._tag === "ServiceUnavailable")
      assert.strictEqual(error.url, "/images?marker=m")
      deepStrictEqual(seen, ["image-0"])
    }).pipe(
      Effect.provide(
        Port.core([Port.json(page(imageRecords(1), "/x?marker=m")), Port.refusal(503, "The store is down")])
      )
    )
  )

  it.effect("are not asked for when the query is wrong", () =>
    Effect.gen(function* () {
      for (const query of [{ limit: 0 }, { limit: -1 }, { limit: 1.5 }, { properties: { foo_max: "3" } }]) {
        const error = yield* Effect.flip(collected(query))
        assert.strictEqual(error._tag, "InvalidArgument")
        assert.include(error.message, "Images.listAll")
      }
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([])))
  )
})

describe("a record that cannot be decoded", () => {
  const surprise = imageRecord({ id: "odd", size: "eleven" })
  const withSurprise = () =>
    pages(
      page([imageRecord({ id: "a" }), surprise, { id: 5 }, "no record"], "/v2/images?marker=odd"),
      page([imageRecord({ id: "z" })])
    )

  it.effect("fails the listing and names itself", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(collected())
      assert(error._tag === "UnexpectedAnswer")
      deepStrictEqual(error.record, Option.some("odd"))
      assert.strictEqual(error.detail, '["size"]: Expected number, actual "eleven"')
      assert.include(error.message, "record odd")
    }).pipe(Effect.provide(withSurprise()))
  )

  it.effect("is left out and logged for those who want that", () =>
    Effect.gen(function* () {
      const [images, lines] = yield* logged(Stream.runCollect(listAll({}, "skip")))
      deepStrictEqual(ids(images), ["a", "z"])
      deepStrictEqual(
        lines.map(({ logLevel }) => logLevel.label),
        ["WARN", "WARN", "WARN"]
      )
      deepStrictEqual(
        lines.map(({ annotations }) => Option.getOrThrow(HashMap.get(annotations, "record"))),
        ["odd", "(no id)", "(no id)"]
      )
      deepStrictEqual(
        lines.map(({ annotations }) => String(Option.getOrThrow(HashMap.get(annotations, "detail"))).slice(0, 8)),
        ['["size"]', '["id"]: ', "Expected"]
      )
    }).pipe(Effect.provide(withSurprise()))
  )

  it.effect("is still there in the page as the server sent it", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const [{ items, raw }] = yield* logged(images.list({}, { undecodable: "skip" }))
      deepStrictEqual(ids(items), ["a"])
      assert.strictEqual((raw as Envelope).images.length, 4)
    }).pipe(Effect.provide(withSurprise()))
  )

  it.effect("is told of also where its page is the last that can be had", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const marker = Image.ImageId.make("odd")
      const [error, lines] = yield* logged(Effect.flip(images.list({ marker }, { undecodable: "skip" })))
      assert.strictEqual(error._tag, "RepeatedMarker")
      assert.strictEqual(lines.length, 3)
    }).pipe(Effect.provide(withSurprise()))
  )

  it.effect("stands among others that need the schema, all in their order", () =>
    Effect.gen(function* () {
      const [images] = yield* logged(Stream.runCollect(listAll({}, "skip")))
      deepStrictEqual(ids(images), ["a", "b", "c"])
      deepStrictEqual(
        Array.from(images, ({ protected: kept }) => kept),
        [false, true, false]
      )
    }).pipe(
      Effect.provide(
        pages(
          page([
            imageRecord({ id: "a" }),
            surprise,
            imageRecord({ id: "b", protected: "True" }),
            imageRecord({ id: "c" })
          ])
        )
      )
    )
  )

  it.effect("does not keep its page's marker from being used", () =>
    Effect.gen(function* () {
      const [images] = yield* logged(Stream.runCollect(listAll({}, "skip")))
      deepStrictEqual(ids(images), ["z"])
      deepStrictEqual(yield* Port.lines, ["GET /images", "GET /images?marker=odd"])
    }).pipe(Effect.provide(pages(page([surprise], "/v2/images"), page([imageRecord({ id: "z" })]))))
  )
})

describe("find", () => {
  const find = Effect.flatMap(Images.Images, (images) => images.find({ name: "n", limit: 1 }))

  it.effect("gives the one image that matches, wherever its page is", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* find).id, "z")
      deepStrictEqual(yield* Port.lines, ["GET /images?name=n&limit=1", "GET /images?name=n&limit=1&marker=m"])
    }).pipe(Effect.provide(pages(page([], "/v2/images?marker=m"), page([imageRecord({ id: "z" })]))))
  )

  it.effect("fails when none matches", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(find)
      assert(error._tag === "NoMatchingImage")
      assert.strictEqual(error.message, "Images.find: no image matches name=n")
    }).pipe(Effect.provide(pages(page([]))))
  )

  it.effect("fails when several match, although each is on a page of its own, and names them", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(find)
      assert(error._tag === "AmbiguousImage")
      deepStrictEqual(error.imageIds, ["p0", "q0"])
      assert.strictEqual(
        error.message,
        "Images.find: 2 images match name=n: p0, q0; narrow the query, or use findFirst or findNewest"
      )
    }).pipe(Effect.provide(pages(page(imageRecords(1, "p"), "/v2/images?marker=p0"), page(imageRecords(1, "q")))))
  )

  it.effect("asks for two at first, and for all only where there are two, to name them", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.flatMap(Images.Images, (images) => images.find({ properties: { os: "x" }, visibility: "all" }))
      )
      assert(error._tag === "AmbiguousImage")
      deepStrictEqual(error.imageIds, ["p0", "p1", "q0"])
      assert.strictEqual(error.query, "os=x, visibility=all")
      deepStrictEqual(yield* Port.lines, [
        "GET /images?os=x&visibility=all&limit=2",
        "GET /images?os=x&visibility=all&limit=1000&marker=p1"
      ])
    }).pipe(Effect.provide(pages(page(imageRecords(2, "p"), "/v2/images?marker=p1"), page(imageRecords(1, "q")))))
  )

  it.effect("asks a predicate about all of them, in pages as large as there are", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const found = yield* images.find({ name: "n" }, { where: ({ id }) => id === "p1" })
      assert.strictEqual(found.id, "p1")
      const none = yield* Effect.flip(images.find({}, { where: () => false, hidden: true }))
      assert.strictEqual(none.message, "Images.find: no image matches hidden or not, the predicate")
      deepStrictEqual(yield* Port.lines, [
        "GET /images?name=n&limit=1000",
        "GET /images?limit=1000",
        "GET /images?os_hidden=true&limit=1000"
      ])
    }).pipe(Effect.provide(Port.core(() => Port.json({ images: imageRecords(3, "p") }))))
  )

  it.effect("counts hidden images only when told to, and then one of each kind is two", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      assert.strictEqual((yield* images.find({})).id, "seen")
      const error = yield* Effect.flip(images.find({}, { hidden: true }))
      assert(error._tag === "AmbiguousImage")
      deepStrictEqual(error.imageIds, ["seen", "unseen"])
      assert.strictEqual(error.query, "hidden or not")
      deepStrictEqual((yield* Port.lines).slice(1), ["GET /images?limit=2", "GET /images?os_hidden=true&limit=2"])
      const both = yield* Effect.flip(images.find({ osHidden: false }, { hidden: true }))
      assert.strictEqual(both._tag === "InvalidArgument" && both.argument, "query.osHidden")
    }).pipe(Effect.provide(seenAndUnseen))
  )

  it.effect("does not write a book about what it did not find", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.flatMap(Images.Images, (images) => images.find({ name: Array.from({ length: 300 }, () => "long name") }))
      )
      assert.isBelow(error.message.length, 600)
    }).pipe(Effect.provide(pages(page([]))))
  )
})

/** One image that is not hidden, and a newer one that is. */
const seenAndUnseen = Port.core(({ url }) =>
  Port.json({
    images: [
      url.includes("os_hidden=true")
        ? imageRecord({ id: "unseen", os_hidden: true, created_at: "2026-11-23T15:40:00Z" })
        : imageRecord({ id: "seen", created_at: "2026-11-23T15:30:00Z" })
    ]
  })
)

describe("findFirst and findNewest", () => {
  it.effect("ask for one, and for no more when they have it", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const sort = [{ key: "name", direction: "asc" }] as const
      assert.strictEqual((yield* images.findFirst({ sort })).id, "seen")
      assert.strictEqual((yield* images.findFirst({}, { hidden: true })).id, "seen")
      assert.strictEqual((yield* images.findNewest({ name: "n" })).id, "seen")
      assert.strictEqual((yield* images.findNewest({}, { hidden: true })).id, "unseen")
      deepStrictEqual(yield* Port.lines, [
        "GET /images?sort_key=name&sort_dir=asc&limit=1",
        "GET /images?limit=1",
        "GET /images?name=n&sort_key=created_at&sort_dir=desc&limit=1",
        "GET /images?sort_key=created_at&sort_dir=desc&limit=1",
        "GET /images?sort_key=created_at&sort_dir=desc&os_hidden=true&limit=1"
      ])
    }).pipe(Effect.provide(seenAndUnseen))
  )

  it.effect("look for a predicate as far as the first that is so", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const where = ({ id }: Image.Image) => id === "q1"
      assert.strictEqual((yield* images.findFirst({}, { where })).id, "q1")
      deepStrictEqual(yield* Port.lines, ["GET /images?limit=1000", "GET /images?limit=1000&marker=p1"])
    }).pipe(
      Effect.provide(
        pages(
          page(imageRecords(2, "p"), "/v2/images?marker=p1"),
          page(imageRecords(2, "q"), "/v2/images?marker=q1"),
          page(imageRecords(2, "r"))
        )
      )
    )
  )

  it.effect("say what they did not find, and take no order where there can be but one", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      for (const find of [images.findFirst, images.findNewest]) {
        const error = yield* Effect.flip(find({ name: "n" }))
        assert(error._tag === "NoMatchingImage")
        assert.strictEqual(error.query, "name=n")
      }
      const error = yield* Effect.flip(images.findNewest({ sort: [] }))
      assert.strictEqual(error._tag === "InvalidArgument" && error.argument, "query.sort")
      const flag = yield* Effect.flip(images.findFirst({}, { hidden: "yes" as never }))
      assert.strictEqual(flag._tag === "InvalidArgument" && flag.argument, "options.hidden")
    }).pipe(Effect.provide(Port.core(() => Port.json({ images: [] }))))
  )
})

describe("a listing that reads ahead", () => {
  const ahead = (query: ImageQuery.ImageQuery = {}) =>
    Stream.unwrap(Effect.map(Images.Images, (images) => images.listAll(query, { readAhead: true })))

  /** Pages of one image each, of which each takes a second. */
  const slow =
    (count: number): Port.Script =>
    (_, index) =>
      Effect.delay(
        Effect.sync(() =>
          Port.json(
            page([imageRecord({ id: `i${index}` })], index + 1 < count ? `/v2/images?marker=i${index}` : undefined)
          )
        ),
        "1 second"
      )

  it.effect("has the next page on its way while one is read, and no further one", () =>
    Effect.gen(function* () {
      const reading = yield* Effect.fork(Stream.runForEach(ahead(), () => Effect.sleep("10 seconds")))
      const asked: Array<number> = []
      for (const seconds of [0.5, 1, 9, 1, 9]) {
        yield* TestClock.adjust(Duration.seconds(seconds))
        asked.push((yield* Port.lines).length)
      }
      // The second request when the first page is there, the third when the second one is taken at 11 s.
      deepStrictEqual(asked, [1, 2, 2, 3, 3])
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(reading)
      assert.strictEqual((yield* Port.lines).length, 4)
    }).pipe(Effect.provide(Port.core(slow(4))))
  )

  it.effect("takes as long as the slower of server and reader", () =>
    Effect.gen(function* () {
      const reading = yield* Effect.fork(Stream.runForEach(ahead(), () => Effect.sleep("1 second")))
      yield* TestClock.adjust("10999 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(reading)))
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Option.isSome(yield* Fiber.poll(reading)))
    }).pipe(Effect.provide(Port.core(slow(10))))
  )

  it.effect("gives all of a page before the failure of the next one", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const error = yield* Effect.flip(Stream.runForEach(ahead(), ({ id }) => Effect.sync(() => seen.push(id))))
      assert.strictEqual(error._tag, "ServiceUnavailable")
      deepStrictEqual(seen, ["image-0", "image-1"])
    }).pipe(Effect.provide(Port.core([Port.json(page(imageRecords(2), "/x?marker=m")), Port.refusal(503, "busy")])))
  )

  it.effect("gives up the next page when its reader stops", () => {
    let given = false
    const never = Effect.onInterrupt(Effect.never, () =>
      Effect.sync(() => {
        given = true
      })
    )
    return Effect.gen(function* () {
      const images = yield* Stream.runCollect(Stream.tap(Stream.take(ahead(), 2), () => Effect.yieldNow()))
      deepStrictEqual(ids(images), ["image-0", "image-1"])
      assert.strictEqual((yield* Port.lines).length, 2)
      assert.isTrue(given)
    }).pipe(Effect.provide(Port.core([Port.json(page(imageRecords(2), "/x?marker=m")), never])))
  })
})
