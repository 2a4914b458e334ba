import { setImmediate as immediately } from "node:timers/promises"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { interruptAt } from "../support/atStep.js"
import { createImage, type Json, json, logIn } from "./support.js"

/** Interrupts an effect at its first step, at its second, and so on until it is over before that. */
const atEachStep = <A, E, R, E2, R2>(
  make: Effect.Effect<Effect.Effect<A, E, R>, E2, R2>,
  then: (step: number) => Effect.Effect<void, E2, R2>
): Effect.Effect<void, E2, R | R2> => {
  const from = (step: number, interrupted: number): Effect.Effect<void, E2, R | R2> =>
    Effect.gen(function* () {
      const { exit, over } = yield* interruptAt(yield* make, step)
      yield* then(step)
      if (!over) return yield* from(step + 1, interrupted + (Exit.isInterrupted(exit) ? 1 : 0))
      assert.isAbove(interrupted, step / 2, "most steps can be interrupted")
    })
  return from(1, 0)
}

/** Looks until it is so, letting whatever is under way have its turns in between. */
const soon = <E, R>(look: Effect.Effect<boolean, E, R>, looks = 100): Effect.Effect<boolean, E, R> =>
  Effect.flatMap(look, (so) =>
    so || looks === 0 ? Effect.succeed(so) : Effect.zipRight(Effect.promise(immediately), soon(look, looks - 1))
  )

const cloudOf = (options?: MemoryCloud.Options) =>
  Effect.gen(function* () {
    const cloud = yield* MemoryCloud.make(options)
    return { cloud, session: yield* logIn(cloud, MemoryCloud.httpClient(cloud)) }
  })

describe("who is interrupted at whatever step", { timeout: 60_000 }, () => {
  it.scopedLive("leaves no request under way", () =>
    Effect.gen(function* () {
      const { cloud, session } = yield* cloudOf()
      yield* atEachStep(Effect.succeed(Effect.flatMap(session.image("GET", "/v2/images"), json)), (step) =>
        Effect.gen(function* () {
          yield* cloud.idle
          const outcomes = (yield* cloud.requests).map(({ outcome }) => outcome)
          assert.notInclude(outcomes, "open", `at step ${step}`)
        })
      )
    })
  )

  it.scopedLive("leaves no image locked by an import that nobody runs", () =>
    Effect.gen(function* () {
      const { session } = yield* cloudOf()
      let id = ""
      const body = { method: { name: "glance-direct" } }
      const begin = () => session.image("POST", `/v2/images/${id}/import`, HttpClientRequest.bodyUnsafeJson(body))
      const staged = Effect.gen(function* () {
        id = (yield* createImage(session)).id
        yield* session.image("PUT", `/v2/images/${id}/stage`, (request) =>
          HttpClientRequest.bodyText(request, "hello", "application/octet-stream")
        )
        return begin()
      })
      const imported = Effect.gen(function* () {
        const { status } = yield* Effect.flatMap(session.image("GET", `/v2/images/${id}`), json)
        return status === "active" || (yield* begin()).status === 202
      })
      yield* atEachStep(staged, (step) =>
        Effect.map(soon(imported), (imported) => assert.isTrue(imported, `at step ${step}`))
      )
    })
  )

  it.scopedLive("leaves no task pending that nobody runs", () =>
    Effect.gen(function* () {
      const { session } = yield* cloudOf({ flavour: "rackspace", taskDuration: 0 })
      const body = { type: "import", input: { import_from: "a/b", image_properties: { name: "x" } } }
      const begin = session.image("POST", "/v2/tasks", HttpClientRequest.bodyUnsafeJson(body))
      yield* atEachStep(Effect.succeed(begin), () => Effect.void)
      const pending = Effect.flatMap(session.image("GET", "/v2/tasks?limit=1000&status=pending"), json)
      assert.isTrue(yield* soon(Effect.map(pending, ({ tasks }: Json) => tasks.length === 0)))
    })
  )
})

describe("a store with a capacity", () => {
  it.scopedLive("takes no more of two uploads at once", () =>
    Effect.gen(function* () {
      const { cloud, session } = yield* cloudOf({ stores: [{ id: "small", capacity: 10 }] })
      const half = Stream.make(new Uint8Array(3))
      const upload = Effect.gen(function* () {
        const begun = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        const { id } = yield* createImage(session)
        const waiting = Stream.execute(Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(go)))
        const fiber = yield* Effect.fork(
          session.image("PUT", `/v2/images/${id}/file`, (request) =>
            HttpClientRequest.bodyStream(request, Stream.concat(half, Stream.concat(waiting, half)))
          )
        )
        yield* Deferred.await(begun)
        return Effect.zipRight(Deferred.succeed(go, undefined), Fiber.join(fiber))
      })
      const [first, second] = yield* Effect.all([upload, upload])
      assert.deepStrictEqual([(yield* first).status, (yield* second).status], [204, 413])
      const stored = (yield* cloud.images).reduce((sum, { bytesStored }) => sum + bytesStored, 0)
      assert.strictEqual(stored, 6)
    })
  )
})
