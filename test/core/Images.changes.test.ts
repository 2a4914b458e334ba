import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Images } from "@effect-glance/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Port from "../support/port.js"
import { imageRecord } from "../support/records.js"

const { Images: TheImages } = Images

type Records = Record<string, { readonly name: string; readonly updated_at: string }>

const at = (second: number) => `2026-01-01T00:${String(second).padStart(2, "0")}:00Z`

/** A Glance whose images are what the test says at the moment, which keeps to `updated_at=gte:`. */
const watched = (records: { now: Records }, asked: Array<string>) =>
  Port.core(({ url }) => {
    const params = new URLSearchParams(url.slice(url.indexOf("?") + 1))
    asked.push(params.get("updated_at") ?? "all")
    const since = params.get("updated_at")?.replace(/^gte:/, "")
    const images = Object.entries(records.now)
      .filter(([, { updated_at }]) => since === undefined || Date.parse(updated_at) >= Date.parse(since))
      .map(([id, record]) => imageRecord({ id, ...record }))
    return Port.json({ images })
  })

const told = (change: Images.Change): string =>
  change._tag === "Changed"
    ? `${change.image.id}: ${nameOf(change.before)} -> ${nameOf(change.image)}`
    : `${change._tag} ${change.image.id}`

const nameOf = ({ name }: { readonly name: { readonly _tag: string } }) =>
  "value" in name ? String((name as { readonly value: unknown }).value) : ""

describe("Images.changes", () => {
  const records: { now: Records } = { now: {} }
  const watch = (options: Images.ChangesOptions) =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const queue = yield* Queue.unbounded<string>()
      yield* Stream.unwrap(Effect.map(TheImages, (images) => images.changes({}, options))).pipe(
        Stream.runForEach((change) => Queue.offer(queue, told(change))),
        Effect.provide(watched(records, asked)),
        Effect.forkScoped
      )
      /** What has been told when the next poll is over. */
      const next = Effect.zipRight(TestClock.adjust("30 seconds"), Queue.takeAll(queue)).pipe(
        Effect.map((all) => [...all])
      )
      yield* TestClock.adjust(0)
      return { asked, next, first: [...(yield* Queue.takeAll(queue))] }
    })

  it.scoped("tells what is created, changed and gone, and asks mostly for what was updated", () =>
    Effect.gen(function* () {
      records.now = { a: { name: "a", updated_at: at(10) }, b: { name: "b", updated_at: at(5) } }
      const { asked, first, next } = yield* watch({ fullEvery: 3 })
      deepStrictEqual(first, [])
      records.now = { ...records.now, c: { name: "c", updated_at: at(12) }, b: { name: "b2", updated_at: at(11) } }
      deepStrictEqual(yield* next, ["b: b -> b2", "Created c"])
      deepStrictEqual(yield* next, [])
      const { a: _, ...rest } = records.now
      // Comes into sight without an update, as by a membership.
      records.now = { ...rest, d: { name: "d", updated_at: at(1) } }
      deepStrictEqual(yield* next, ["Created d", "Gone a"])
      deepStrictEqual(yield* next, [])
      deepStrictEqual(asked, [
        "all",
        "gte:2026-01-01T00:09:00.000Z",
        "gte:2026-01-01T00:11:00.000Z",
        "all",
        "gte:2026-01-01T00:11:00.000Z"
      ])
    })
  )

  it.scoped("sees the second of two changes in one second, and what the clock of another server wrote", () =>
    Effect.gen(function* () {
      records.now = { a: { name: "a", updated_at: at(10) } }
      const { first, next } = yield* watch({ emitInitial: true })
      deepStrictEqual(first, ["Created a"])
      records.now = { a: { name: "a2", updated_at: at(10) }, b: { name: "b", updated_at: "2026-01-01T00:09:01Z" } }
      deepStrictEqual(yield* next, ["Created b", "a: a -> a2"])
      deepStrictEqual(yield* next, [])
    })
  )

  it.effect("does not ask again before its reader has taken what it was told", () =>
    Effect.gen(function* () {
      records.now = { a: { name: "a", updated_at: at(1) }, b: { name: "b", updated_at: at(2) } }
      const asked: Array<string> = []
      const slow = yield* Stream.unwrap(
        Effect.map(TheImages, (images) => images.changes({}, { emitInitial: true, schedule: Schedule.forever }))
      ).pipe(
        Stream.take(2),
        Stream.runForEach(() => Effect.sleep("1 hour")),
        Effect.provide(watched(records, asked)),
        Effect.fork
      )
      yield* TestClock.adjust("90 minutes")
      assert.strictEqual(asked.length, 1)
      yield* TestClock.adjust(Duration.hours(1))
      yield* Fiber.join(slow)
    })
  )

  it.effect("lists again when the image after which a page begins is deleted at the wrong moment", () =>
    Effect.gen(function* () {
      let pages = 0
      const port = Port.core(({ url }) => {
        if (url.includes("marker=")) return Port.refusal(400, "No image found with ID a")
        pages += 1
        return Port.json({
          images: [imageRecord({ id: pages === 1 ? "a" : "b" })],
          ...(pages === 1 ? { next: "/v2/images?marker=a" } : {})
        })
      })
      const changes = yield* Stream.unwrap(
        Effect.map(TheImages, (images) => images.changes({}, { emitInitial: true, schedule: Schedule.stop }))
      ).pipe(Stream.map(told), Stream.runCollect, Effect.provide(port))
      deepStrictEqual([...changes], ["Created b"])
    })
  )

  it.effect.each([
    ["a marker", { marker: "a" }, {}, "query.marker"],
    ["no poll that lists all", {}, { fullEvery: 0 }, "options.fullEvery"]
  ] as const)("refuses %s", ([, query, options, argument]) =>
    Effect.gen(function* () {
      const outcome = yield* Stream.unwrap(
        Effect.map(TheImages, (images) => images.changes(query as never, options))
      ).pipe(Stream.runDrain, Effect.either, Effect.provide(watched(records, [])))
      const error = Either.getOrThrow(Either.flip(outcome))
      deepStrictEqual([error._tag, (error as { readonly argument?: string }).argument], ["InvalidArgument", argument])
    })
  )
})
