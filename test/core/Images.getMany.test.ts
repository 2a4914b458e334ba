import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type GlanceError, Image, Images } from "@effect-glance/core"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as Port from "../support/port.js"
import { imageRecord } from "../support/records.js"

const { Images: TheImages } = Images

const idOf = (index: number) => Image.ImageId.make(`5f0a3b2c-0000-4000-8000-${String(index).padStart(12, "0")}`)

const idsTo = (count: number) => Array.from({ length: count }, (_, index) => idOf(index))

const params = (url: string) => new URLSearchParams(url.slice(url.indexOf("?") + 1))

/** The ids that a listing asks for. */
const askedBy = (url: string): ReadonlyArray<string> => {
  const id = params(url).get("id") ?? ""
  return id.startsWith("in:") ? id.slice(3).replaceAll('"', "").split(",") : [id]
}

const isListing = (url: string) => url.startsWith("/images?")

/** A Glance with these images, some of them hidden. */
const withImages = (ids: ReadonlyArray<string>, hidden: ReadonlyArray<string> = []) =>
  Port.core(({ url }) => {
    if (isListing(url)) {
      const shown = params(url).get("os_hidden") === "true" ? hidden : ids.filter((id) => !hidden.includes(id))
      // In another order than they were asked for.
      const images = askedBy(url)
        .filter((id) => shown.includes(id))
        .reverse()
      return Port.json({ images: images.map((id) => imageRecord({ id })) })
    }
    const id = url.slice("/images/".length)
    return ids.includes(id) ? Port.json(imageRecord({ id })) : Port.refusal(404, `No image found with ID ${id}`)
  })

const outcome = Either.match({
  onLeft: (error: GlanceError.GlanceError) => error._tag,
  onRight: (image: Image.Image) => image.id
})

describe("many images by their ids", () => {
  it.effect("come a hundred in a request, in the order in which they were asked for, and each once", () =>
    Effect.gen(function* () {
      const images = yield* TheImages
      const ids = idsTo(250)
      const found = yield* images.getMany([...ids, idOf(3)])
      deepStrictEqual(found.map(outcome), [...ids, idOf(3)])
      const urls = (yield* Port.requests).map(({ url }) => url)
      deepStrictEqual(
        urls.map(askedBy).map(({ length }) => length),
        [100, 100, 50]
      )
      for (const url of urls) {
        assert.isBelow(url.length, 6000)
        const query = params(url)
        query.delete("id")
        assert.include(
          ["visibility=all&member_status=all&limit=101", "visibility=all&member_status=all&limit=51"],
          query.toString()
        )
      }
    }).pipe(Effect.provide(withImages(idsTo(250))))
  )

  it.effect("that no listing shows are asked for one by one, hidden ones together before", () =>
    Effect.gen(function* () {
      const images = yield* TheImages
      const found = yield* images.getMany(idsTo(205))
      deepStrictEqual(found.map(outcome), [...idsTo(200), ...Array.from({ length: 5 }, () => "ImageNotFound")])
      const requests = yield* Port.requests
      deepStrictEqual(
        requests.map(({ url }) => (isListing(url) ? `${params(url).get("os_hidden")} ${askedBy(url).length}` : url)),
        [
          "null 100",
          "null 100",
          "null 5",
          "true 8",
          ...idsTo(205)
            .slice(200)
            .map((id) => `/images/${id}`)
        ]
      )
      const [last] = found.slice(-1)
      if (last === undefined || Either.isRight(last)) return assert.fail("found")
      assert.strictEqual(last.left.detail, `No image found with ID ${idOf(204)}`)
    }).pipe(Effect.provide(withImages(idsTo(200), [idOf(5), idOf(105), idOf(199)])))
  )

  it.effect("come one by one from a server that does not take such a listing", () =>
    Effect.gen(function* () {
      const images = yield* TheImages
      deepStrictEqual((yield* images.getMany(idsTo(3))).map(outcome), idsTo(3))
      assert.strictEqual((yield* Port.requests).length, 5)
    }).pipe(
      Effect.provide(
        Port.core(({ url }) =>
          isListing(url)
            ? Port.refusal(400, "Invalid visibility value: all")
            : Port.json(imageRecord({ id: url.slice("/images/".length) }))
        )
      )
    )
  )

  it.effect("come from as many pages as the server makes of them", () =>
    Effect.gen(function* () {
      const images = yield* TheImages
      deepStrictEqual((yield* images.getMany(idsTo(3))).map(outcome), idsTo(3))
      assert.strictEqual((yield* Port.requests).length, 2)
    }).pipe(
      Effect.provide(
        Port.core([
          Port.json({
            images: [imageRecord({ id: idOf(0) }), imageRecord({ id: idOf(1) })],
            next: `/v2/images?marker=${idOf(1)}`
          }),
          Port.json({ images: [imageRecord({ id: idOf(2) })] })
        ])
      )
    )
  )

  it.effect("fail together where the cloud does not answer", () =>
    Effect.gen(function* () {
      const images = yield* TheImages
      const error = yield* Effect.flip(images.getMany(idsTo(2)))
      assert(error._tag === "ServiceUnavailable")
      assert.strictEqual(error.operation, "Images.getMany")
    }).pipe(Effect.provide(Port.core(() => Port.empty(503))))
  )

  it.effect("cost nothing when there are none, and an id that is none costs nothing either", () =>
    Effect.gen(function* () {
      const images = yield* TheImages
      deepStrictEqual(yield* images.getMany([]), [])
      for (const id of ["", "a/b", "..", 5, null]) {
        const error = yield* Effect.flip(images.getMany([idOf(0), id as Image.ImageId]))
        assert(error._tag === "InvalidArgument")
        assert.strictEqual(error.argument, "images[1]")
      }
      assert.strictEqual((yield* Effect.flip(images.getMany("ab" as never)))._tag, "InvalidArgument")
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([])))
  )
})

describe("images that are asked for while requests are gathered", () => {
  it.effect("are asked for at once, whatever they are part of, and fail each for itself", () =>
    Effect.gen(function* () {
      const images = yield* TheImages
      const named = (id: Image.ImageId) =>
        Effect.gen(function* () {
          const image = yield* images.get(id)
          return image.id
        }).pipe(
          Effect.catchTag("ImageNotFound", ({ imageId, operation }) => Effect.succeed(`no ${imageId} ${operation}`))
        )
      const ids = [idOf(0), idOf(1), idOf(7), idOf(1)]
      deepStrictEqual(yield* Effect.forEach(ids, named, { batching: true }), [
        idOf(0),
        idOf(1),
        `no ${idOf(7)} Images.get`,
        idOf(1)
      ])
      deepStrictEqual(
        (yield* Port.requests).map(({ url }) => (isListing(url) ? askedBy(url) : url)),
        [[idOf(0), idOf(1), idOf(7)], `/images/${idOf(7)}`]
      )
    }).pipe(Effect.provide(withImages(idsTo(3))))
  )

  it.effect("fail each as they would alone where the cloud does not answer", () =>
    Effect.gen(function* () {
      const images = yield* TheImages
      const results = yield* Effect.forEach(idsTo(2), (id) => Effect.either(images.get(id)), { batching: true })
      deepStrictEqual(results.map(outcome), ["Forbidden", "Forbidden"])
      const bad = yield* Effect.forEach(["a/b", idOf(1)], (id) => Effect.either(images.get(id as Image.ImageId)), {
        batching: true
      })
      deepStrictEqual(bad.map(outcome), ["InvalidArgument", "Forbidden"])
      deepStrictEqual((yield* Port.lines).slice(1), [`GET /images/${idOf(1)}`])
    }).pipe(Effect.provide(Port.core(() => Port.refusal(403, "no"))))
  )

  // Effect 3 does not interrupt what it gathered: the fiber ends, interrupted, when the request has ended.
  it.effect.each([
    [false, 0],
    [true, 9]
  ] as const)("are interrupted, gathered (%s) or not", ([batching, after]) =>
    Effect.gen(function* () {
      const slow = Effect.map(Effect.sleep("10 seconds"), () =>
        Port.json({ images: idsTo(2).map((id) => imageRecord({ id })) })
      )
      const fiber = yield* Effect.flatMap(TheImages, (images) =>
        Effect.forEach(idsTo(2), images.get, { batching })
      ).pipe(Effect.provide(Port.core(() => slow)), Effect.fork)
      yield* TestClock.adjust("1 second")
      yield* Fiber.interruptFork(fiber)
      yield* TestClock.adjust(`${after} seconds`)
      yield* TestClock.adjust("0 seconds")
      const exit = Option.getOrThrow(yield* Fiber.poll(fiber))
      assert.isTrue(Exit.isInterrupted(exit))
    })
  )

  it.effect("keep to the time limit of an operation", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.flatMap(TheImages, (images) =>
        Effect.forEach(idsTo(2), (id) => Effect.either(images.get(id)), { batching: true })
      ).pipe(Effect.provide(Port.core(() => Effect.never)), Effect.fork)
      yield* TestClock.adjust("1 minute")
      deepStrictEqual((yield* fiber).map(outcome), ["TimeLimitExceeded", "TimeLimitExceeded"])
    })
  )

  it.effect("die of a defect as they would alone", () =>
    Effect.gen(function* () {
      const images = yield* TheImages
      for (const batching of [true, false]) {
        const exit = yield* Effect.exit(Effect.forEach(idsTo(2), images.get, { batching }))
        if (Exit.isSuccess(exit)) return assert.fail("it lives")
        assert.isTrue(Option.isSome(Cause.dieOption(exit.cause)))
      }
    }).pipe(Effect.provide(Port.core([])))
  )

  it.effect("are remembered only for the project that asked, and only where that is switched on", () =>
    Effect.gen(function* () {
      const port = (visibility: string) =>
        Layer.build(Layer.fresh(Port.core(() => Port.json(imageRecord({ id: idOf(0), visibility })))))
      const [one, other] = [yield* port("private"), yield* port("public")]
      const get = Effect.map(
        Effect.flatMap(TheImages, (images) => images.get(idOf(0))),
        ({ visibility }) => visibility
      )
      const twice = Effect.all([get, get])
      const caching = Effect.withRequestCaching(true)
      deepStrictEqual(yield* Effect.provide(caching(twice), one), ["private", "private"])
      assert.strictEqual((yield* Effect.provide(Port.requests, one)).length, 1)
      deepStrictEqual(yield* Effect.provide(caching(twice), other), ["public", "public"])
      deepStrictEqual(yield* Effect.provide(twice, other), ["public", "public"])
      assert.strictEqual((yield* Effect.provide(Port.requests, other)).length, 3)
    }).pipe(Effect.scoped)
  )
})
