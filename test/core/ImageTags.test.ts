import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { type GlanceError, Image, ImageTags } from "@effect-glance/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Port from "../support/port.js"
import { imageRecord } from "../support/records.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")
const image = Schema.decodeUnknownSync(Image.ImageFromJson)(imageRecord())
const path = `/images/${id}`

const tags = ImageTags.ImageTags

const patched = Effect.map(Port.requests, (all) =>
  all.filter(({ method }) => method === "PATCH").map(({ body }) => JSON.parse(String(body)) as unknown)
)

/** An image with these tags, which takes every change. */
const tagged = (...tags: ReadonlyArray<string>) =>
  Port.core(({ method }) => (method === "GET" || method === "PATCH" ? Port.json(imageRecord({ tags })) : Port.empty()))

describe("a tag that can stand in a path", () => {
  const segments: ReadonlyArray<readonly [tag: string, segment: string]> = [
    ["plain", "plain"],
    ["a?b", "a%3Fb"],
    ["a#b", "a%23b"],
    ["a b", "a%20b"],
    [" ", "%20"],
    ["a+b", "a%2Bb"],
    ["100%", "100%25"],
    ["a%2Fb", "a%252Fb"],
    ["a&b=c", "a%26b%3Dc"],
    ["a:b,c;d", "a%3Ab%2Cc%3Bd"],
    ['"a\\b"', "%22a%5Cb%22"],
    ["...", "..."],
    [".x", ".x"],
    ["x".repeat(255), "x".repeat(255)]
  ]

  it.effect.each(segments)("is put and taken off in one request without a body: %s", ([tag, segment]) =>
    Effect.gen(function* () {
      const service = yield* tags
      assert.isUndefined(yield* service.add(image, tag))
      assert.isUndefined(yield* service.remove(id, tag))
      deepStrictEqual(
        (yield* Port.requests).map(({ body, headers, method, url }) => [method, url, body, headers["content-type"]]),
        [
          ["PUT", `${path}/tags/${segment}`, undefined, undefined],
          ["DELETE", `${path}/tags/${segment}`, undefined, undefined]
        ]
      )
    }).pipe(Effect.provide(tagged()))
  )

  it.effect("cannot be taken off where it is not", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.flatMap(tags, (service) => service.remove(id, "t")))
      assert(error._tag === "ImageTagNotFound")
      deepStrictEqual([error.imageId, error.tag, error.detail], [id, "t", "The resource could not be found."])
      deepStrictEqual(error.requestId, Option.some(Port.requestId))
      assert.strictEqual(
        error.message,
        `ImageTags.remove: image ${id} does not have the tag "t" (The resource could not be found.) [${Port.requestId}]`
      )
    }).pipe(
      Effect.provide(
        Port.core([Port.refusal(404, "The resource could not be found."), Port.json(imageRecord({ tags: ["s"] }))])
      )
    )
  )

  it.effect("cannot be taken off an image that is not there", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.flatMap(tags, (service) => service.remove(id, "t")))
      assert.strictEqual(error._tag, "ImageNotFound")
    }).pipe(Effect.provide(Port.core(() => Port.refusal(404, `Image ${id} not found.`))))
  )

  it.effect("is put and taken off again where Glance, busy with another change, says that the image is not there", () =>
    Effect.gen(function* () {
      const service = yield* tags
      yield* service.add(id, "t")
      yield* service.remove(id, "t")
      deepStrictEqual(
        (yield* Port.lines).map((line) => line.split(" ")[0]),
        ["PUT", "GET", "PUT", "DELETE", "GET", "DELETE"]
      )
    }).pipe(
      Effect.provide(
        Port.core([
          Port.refusal(404, "An object with the specified identifier was not found."),
          Port.json(imageRecord({ tags: [] })),
          Port.empty(),
          Port.refusal(404, "An object with the specified identifier was not found."),
          Port.json(imageRecord({ tags: ["t"] })),
          Port.empty()
        ])
      )
    )
  )

  it.effect("is not put again where somebody else has put it meanwhile", () =>
    Effect.gen(function* () {
      yield* (yield* tags).add(id, "t")
      assert.strictEqual((yield* Port.requests).length, 2)
    }).pipe(Effect.provide(Port.core([Port.refusal(404, "not found"), Port.json(imageRecord({ tags: ["t"] }))])))
  )

  it.effect("cannot be put on an image that is not there, that is not one's own, or that has too many", () =>
    Effect.gen(function* () {
      const service = yield* tags
      const errors = yield* Effect.replicateEffect(Effect.flip(service.add(id, "t")), 3)
      deepStrictEqual(
        errors.map(({ _tag }) => _tag),
        ["ImageNotFound", "Forbidden", "QuotaExceeded"]
      )
    }).pipe(
      Effect.provide(
        Port.core([
          Port.refusal(404, `Image ${id} not found.`),
          Port.refusal(404, `No image found with ID ${id}`),
          Port.refusal(403, `Not allowed to update tags for image ${id}.`),
          Port.refusal(413, "Attempted: 129, Maximum: 128")
        ])
      )
    )
  )
})

describe("a tag that cannot stand in a path", () => {
  const awkward = [["a/b"], ["/"], ["é"], ["日本"], ["."], [".."], ["a\nb"], ["\u007f"]] as const

  it.effect.each(awkward)("goes through an update of all tags: %s", ([tag]) =>
    Effect.gen(function* () {
      const service = yield* tags
      yield* service.add(id, tag)
      deepStrictEqual(yield* Port.lines, [`GET ${path}`, `PATCH ${path}`])
      deepStrictEqual(yield* patched, [[{ op: "replace", path: "/tags", value: ["x", tag] }]])
      assert.strictEqual(
        (yield* Port.requests)[1]?.headers["content-type"],
        "application/openstack-images-v2.1-json-patch"
      )
    }).pipe(Effect.provide(tagged("x")))
  )

  it.effect.each(awkward)("is taken off the same way: %s", ([tag]) =>
    Effect.gen(function* () {
      const service = yield* tags
      yield* service.remove(image, tag)
      deepStrictEqual(yield* Port.lines, [`GET ${path}`, `PATCH ${path}`])
      deepStrictEqual(yield* patched, [[{ op: "replace", path: "/tags", value: ["x", "y"] }]])
    }).pipe(Effect.provide(tagged("x", tag, "y")))
  )

  it.effect("is not put where it is", () =>
    Effect.gen(function* () {
      const service = yield* tags
      yield* service.add(id, "a/b")
      deepStrictEqual(yield* Port.lines, [`GET ${path}`])
    }).pipe(Effect.provide(tagged("a/b")))
  )

  it.effect("cannot be taken off where it is not", () =>
    Effect.gen(function* () {
      const service = yield* tags
      const error = yield* Effect.flip(service.remove(id, "a/b"))
      assert(error._tag === "ImageTagNotFound")
      deepStrictEqual(error.requestId, Option.none())
      deepStrictEqual(yield* Port.lines, [`GET ${path}`])
    }).pipe(Effect.provide(tagged("x")))
  )

  it.effect("fails under the name of the operation that was called", () =>
    Effect.gen(function* () {
      const service = yield* tags
      const failures = yield* Effect.forEach(
        [service.add(id, "a/b"), service.remove(id, "a/b"), service.set(id, ["a"])],
        (operation: Effect.Effect<unknown, GlanceError.GlanceError>) => Effect.flip(operation)
      )
      deepStrictEqual(
        failures.map((error) => "operation" in error && error.operation),
        ["ImageTags.add", "ImageTags.remove", "ImageTags.set"]
      )
    }).pipe(Effect.provide(Port.core(() => Port.empty(503))))
  )

  it.effect("finds a missing image missing", () =>
    Effect.gen(function* () {
      const service = yield* tags
      assert.strictEqual((yield* Effect.flip(service.add(id, "a/b")))._tag, "ImageNotFound")
      assert.strictEqual((yield* Effect.flip(service.remove(id, "a/b")))._tag, "ImageNotFound")
    }).pipe(Effect.provide(Port.core(() => Port.refusal(404, "No image found"))))
  )
})

describe("a set of tags", () => {
  it.effect("replaces the tags by one patch, each of them once", () =>
    Effect.gen(function* () {
      const service = yield* tags
      const updated = yield* service.set(image, ["a/b", "é", "a/b", "x y"])
      deepStrictEqual(updated.tags, ["before"])
      deepStrictEqual(yield* Port.lines, [`GET ${path}`, `PATCH ${path}`])
      deepStrictEqual(yield* patched, [[{ op: "replace", path: "/tags", value: ["a/b", "é", "x y"] }]])
    }).pipe(Effect.provide(tagged("before")))
  )

  it.effect("that is there already, in whatever order, costs no patch", () =>
    Effect.gen(function* () {
      const service = yield* tags
      const same = yield* service.set(id, ["b", "a", "b"])
      deepStrictEqual(same.tags, ["a", "b"])
      deepStrictEqual(yield* Port.lines, [`GET ${path}`])
    }).pipe(Effect.provide(tagged("a", "b")))
  )

  it.effect("goes out at once when told to, and can be empty", () =>
    Effect.gen(function* () {
      const service = yield* tags
      yield* service.set(id, [], { readFirst: false })
      deepStrictEqual(yield* Port.lines, [`PATCH ${path}`])
      deepStrictEqual(yield* patched, [[{ op: "replace", path: "/tags", value: [] }]])
    }).pipe(Effect.provide(tagged()))
  )
})

describe("a tag that Glance does not take", () => {
  it.effect.each([[""], ["x".repeat(256)], ["😀"], ["\ud83d"], [5], [null], [undefined]])(
    "is refused before any request: %o",
    ([tag]) =>
      Effect.gen(function* () {
        const service = yield* tags
        const errors = [
          yield* Effect.flip(service.add(id, tag as string)),
          yield* Effect.flip(service.remove(id, tag as string)),
          yield* Effect.flip(service.set(id, [tag as string]))
        ]
        deepStrictEqual(
          errors.map((error) => error._tag === "InvalidArgument" && error.argument),
          ["tag", "tag", "tags"]
        )
        deepStrictEqual(yield* Port.lines, [])
      }).pipe(Effect.provide(Port.core([])))
  )
})
