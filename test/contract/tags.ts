import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Image from "@effect-glance/core/Image"
import type * as ImageTags from "@effect-glance/core/ImageTags"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { newImage, Projects } from "./cloud.js"

const awkward = [
  "a?b",
  "a#b",
  "two words",
  "é",
  "日本",
  "a/b",
  ".",
  "..",
  "100%",
  "a%2Fb",
  "a+b",
  "a,b",
  'a"b',
  " lead"
]

export const tags = (it: Vitest.MethodsNonLive<Projects, true>) => {
  it.scoped("every tag is stored as it is, and taken off again", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice, { tags: ["first"] })
      for (const tag of awkward) yield* alice.tags.add(image, tag)
      assert.deepStrictEqual([...(yield* alice.images.get(image)).tags].sort(), ["first", ...awkward].sort())
      // Twice is once.
      for (const tag of awkward) yield* alice.tags.add(image.id, tag)
      assert.strictEqual((yield* alice.images.get(image)).tags.length, awkward.length + 1)
      for (const tag of awkward) yield* alice.tags.remove(image, tag)
      assert.deepStrictEqual([...(yield* alice.images.get(image)).tags], ["first"])
    })
  )

  it.scoped("a tag that is not there cannot be taken off, whichever way it goes", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice)
      for (const tag of ["plain", "a/b"]) {
        assert.strictEqual((yield* Effect.flip(alice.tags.remove(image, tag)))._tag, "ImageTagNotFound")
      }
      const nowhere = Image.ImageId.make("00000000-0000-4000-8000-000000000000")
      for (const tag of ["plain", "a/b"]) {
        assert.strictEqual((yield* Effect.flip(alice.tags.add(nowhere, tag)))._tag, "ImageNotFound")
      }
    })
  )

  it.scoped("set makes these the tags with one patch, and with none where they are", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice, { tags: ["a", "b"] })
      const methods = (options?: ImageTags.SetOptions) =>
        Effect.map(alice.counting(alice.tags.set(image, ["b", "c/d", "é", "b"], options)), ([{ tags }, sent]) => [
          [...tags].sort(),
          sent.map(({ method }) => method)
        ])
      const expected = ["b", "c/d", "é"]
      assert.deepStrictEqual(yield* methods(), [expected, ["GET", "PATCH"]])
      assert.deepStrictEqual(yield* methods(), [expected, ["GET"]])
      assert.deepStrictEqual(yield* methods({ readFirst: false }), [expected, ["PATCH"]])
      assert.deepStrictEqual([...(yield* alice.tags.set(image, [])).tags], [])
    })
  )

  it.scoped("of many changes at once none finds the image missing", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice)
      const results = yield* Effect.forEach(
        ["a", "b", "c", "d", "e", "f"],
        (tag, index) => Effect.either(index % 2 === 0 ? alice.tags.add(image, tag) : alice.tags.set(image, [tag, "x"])),
        { concurrency: "unbounded" }
      )
      for (const result of results) {
        if (Either.isLeft(result)) assert.notStrictEqual(result.left._tag, "ImageNotFound")
      }
      assert.isTrue(results.some(Either.isRight))
    })
  )

  it.scoped("bad tags are refused before the wire, too many by the server", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice)
      for (const tag of ["", "x".repeat(256), "😀"]) {
        assert.strictEqual((yield* Effect.flip(alice.tags.add(image, tag)))._tag, "InvalidArgument")
        assert.strictEqual((yield* Effect.flip(alice.tags.set(image, [tag])))._tag, "InvalidArgument")
      }
      yield* alice.tags.add(image, "x".repeat(255))
      const many = Array.from({ length: 129 }, (_, index) => `tag${index}`)
      assert.strictEqual((yield* Effect.flip(alice.tags.set(image, many)))._tag, "QuotaExceeded")
      yield* alice.tags.set(image, many.slice(0, 128))
      assert.strictEqual((yield* Effect.flip(alice.tags.add(image, "one more")))._tag, "QuotaExceeded")
    })
  )
}
