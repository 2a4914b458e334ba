import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type GlanceError, Image, Images } from "@effect-glance/core"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
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
