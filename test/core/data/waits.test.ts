import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { type GlanceError, ImageSource } from "@effect-glance/core"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { id, inOrder, over, retryAfter } from "./support.js"

const day = 86_400_000

const busy = (status: number, wait: string) => () =>
  Response.json({ message: "busy" }, { status, headers: { "retry-after": wait } })

const queued = { status: "queued", disk_format: "raw", checksum: null, os_hash_algo: null, os_hash_value: null }

type Transfer = Effect.Effect<unknown, GlanceError.GlanceError | PlatformError, FileSystem>

describe("a server that asks a transfer to wait", () => {
  it.effect.each([429, 503])("for years ends it at once, and the error says for how long it asked (%d)", (status) =>
    Effect.gen(function* () {
      for (const [wait, millis] of [
        ["94608000", 1095 * day],
        ["301", 301_000],
        // No clock can count so far, and no `Duration` can be shown.
        [`1${"0".repeat(300)}`, 36_500 * day],
        ["Thu, 01 Jan 2060 00:00:00 GMT", Date.UTC(2060, 0)]
      ] as const) {
        const server = inOrder(busy(status, wait))
        const data = yield* over(queued, server.execute)
        const transfers: ReadonlyArray<Transfer> = [
          Stream.runDrain(data.download(id)),
          data.downloadTo(id, "/tmp/never-made"),
          data.upload(id, ImageSource.bytes(Uint8Array.of(1)))
        ]
        for (const transfer of transfers) {
          const before = server.count()
          const failure = yield* Effect.flip(transfer)
          assert.strictEqual(failure._tag, status === 429 ? "RateLimited" : "ServiceUnavailable")
          assert.deepStrictEqual(retryAfter(failure), Option.some(millis))
          assert.include(failure.message, "retry after")
          assert.strictEqual(server.count() - before, 1)
        }
      }
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.effect("for no longer than `maxWait` is waited for that long", () =>
    Effect.gen(function* () {
      const server = inOrder(busy(503, "90"), busy(429, "7200"), () => new Response("abc"))
      const data = yield* over({ size: 3 }, server.execute)
      const fiber = yield* Effect.fork(Stream.runCount(data.download(id, { verify: false, maxWait: "2 hours" })))
      yield* TestClock.adjust("89 seconds")
      assert.strictEqual(server.count(), 1)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(server.count(), 2)
      yield* TestClock.adjust("7199 seconds")
      assert.strictEqual(server.count(), 2)
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(server.count(), 3)
    })
  )
})
