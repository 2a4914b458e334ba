import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Discovery } from "@effect-glance/core"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as Port from "../support/port.js"

const service = Discovery.Discovery

const versions = (...ids: ReadonlyArray<string>) => ({
  versions: ids.map((id, index) => ({ id, status: index === 0 ? "CURRENT" : "SUPPORTED", links: [] }))
})

const methods = (...value: ReadonlyArray<string>) => Port.json({ "import-methods": { type: "array", value } })

describe("the versions", () => {
  it.effect("are a set", () =>
    Effect.gen(function* () {
      const discovery = yield* service
      deepStrictEqual(
        [...(yield* discovery.versions)],
        [
          ["v2.15", "CURRENT"],
          ["v2.9", "SUPPORTED"]
        ]
      )
      deepStrictEqual(yield* Port.lines, ["GET /versions"])
    }).pipe(Effect.provide(Port.core([Port.json(versions("v2.15", "v2.9"))])))
  )

  it.effect("come with a 300 from the root where a proxy lets nothing else through", () =>
    Effect.gen(function* () {
      const discovery = yield* service
      assert.isTrue((yield* discovery.versions).has("v2.7"))
      deepStrictEqual(yield* Port.lines, ["GET /versions", "GET /"])
    }).pipe(Effect.provide(Port.core([Port.html(404, "<h1>no</h1>"), Port.json(versions("v2.7"), { status: 300 })])))
  )

  it.effect("may be nowhere to be found", () =>
    Effect.gen(function* () {
      const discovery = yield* service
      const error = yield* Effect.flip(discovery.versions)
      assert(error._tag === "CapabilityMissing")
      assert.strictEqual(error.capability, "a list of versions")
    }).pipe(Effect.provide(Port.core([Port.html(404, ""), Port.html(404, "")])))
  )
})

describe("what is known of a cloud", () => {
  it.effect("is known for ten minutes, or until it is forgotten", () =>
    Effect.gen(function* () {
      const discovery = yield* service
      deepStrictEqual(yield* discovery.importMethods, ["a"])
      yield* TestClock.adjust("9 minutes")
      deepStrictEqual(yield* discovery.importMethods, ["a"])
      yield* TestClock.adjust("1 minute")
      deepStrictEqual(yield* discovery.importMethods, ["b"])
      yield* discovery.refresh
      deepStrictEqual(yield* discovery.importMethods, ["c"])
    }).pipe(Effect.provide(Port.core([methods("a"), methods("b"), methods("c")])))
  )

  it.effect("is asked for again after a failure", () =>
    Effect.gen(function* () {
      const discovery = yield* service
      assert.strictEqual((yield* Effect.flip(discovery.importMethods))._tag, "ServiceUnavailable")
      deepStrictEqual(yield* discovery.importMethods, ["a"])
    }).pipe(Effect.provide(Port.core([Port.text(503, "busy"), methods("a")])))
  )

  it.effect("is asked for by the next one when the first goes away", () =>
    Effect.gen(function* () {
      const discovery = yield* service
      const first = yield* Effect.fork(discovery.importMethods)
      yield* Effect.yieldNow()
      const second = yield* Effect.fork(discovery.importMethods)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      deepStrictEqual(yield* Fiber.join(second), ["a"])
    }).pipe(Effect.provide(Port.core([Effect.never, methods("a")])))
  )

  it.effect("is nothing where a Glance knows no imports", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* (yield* service).importMethods, [])
    }).pipe(Effect.provide(Port.core([Port.refusal(404, "no")])))
  )
})

describe("stores", () => {
  it.effect("say true in words, and nothing when it is not so", () =>
    Effect.gen(function* () {
      const [fast, web] = yield* (yield* service).stores
      deepStrictEqual([fast?.isDefault, fast?.isReadOnly, fast?.description], [true, false, Option.some("SSDs")])
      deepStrictEqual([web?.isDefault, web?.isReadOnly, web?.description], [false, true, Option.none()])
    }).pipe(
      Effect.provide(
        Port.core([
          Port.json({
            stores: [
              { id: "fast", default: "true", description: "SSDs" },
              { id: "web", "read-only": "true" }
            ]
          })
        ])
      )
    )
  )
})

describe("usage", () => {
  it.effect("is told by the name of the quota, and never remembered", () =>
    Effect.gen(function* () {
      const discovery = yield* service
      deepStrictEqual([...(yield* discovery.usage)], [["image_count_total", { usage: 3, limit: -1 }]])
      assert.strictEqual((yield* discovery.usage).size, 0)
    }).pipe(
      Effect.provide(
        Port.core([Port.json({ usage: { image_count_total: { usage: 3, limit: -1 } } }), Port.json({ usage: {} })])
      )
    )
  )

  it.effect("is not told by a Glance of before", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* service).usage)
      assert(error._tag === "CapabilityMissing")
      deepStrictEqual(error.requestId, Option.some(Port.requestId))
    }).pipe(Effect.provide(Port.core([Port.refusal(404, "The resource could not be found.")])))
  )
})
