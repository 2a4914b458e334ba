import { createHash } from "node:crypto"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, ImageReleases, ImageSource } from "@effect-glance/core"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { imageRecord } from "../support/records.js"

const bytes = new TextEncoder().encode("the bits")
const value = createHash("sha512").update(bytes).digest("hex")
const release: ImageReleases.Release = { name: "debian", diskFormat: "raw", containerFormat: "bare" }
const marked = { disk_format: "raw", os_hidden: true, effect_glance_unpublished: value }

/** What a release ends in on a cloud that has every id already, and gives and refuses the same for ever. */
const outcome = (
  record: Record<string, unknown> | undefined,
  patch: number,
  latency: Duration.DurationInput = 0,
  time: Duration.DurationInput = "2 minutes"
) =>
  Effect.gen(function* () {
    const answer = (method: string, url: string): Response => {
      if (url === "/images" && method === "GET") return Response.json({ images: [] })
      if (method === "GET") {
        return record === undefined
          ? Response.json({ message: "gone" }, { status: 404 })
          : Response.json(imageRecord({ ...marked, ...record, id: url.split("/").at(-1) }))
      }
      return Response.json({ message: "no" }, { status: method === "PATCH" ? patch : 409 })
    }
    const { ensure } = yield* Effect.provide(
      ImageReleases.make,
      Layer.merge(
        NodeHasher.layer,
        Layer.succeed(GlanceClient.GlanceClient, {
          client: GlanceClient.makeClient((request) =>
            Effect.delay(
              Effect.sync(() => HttpClientResponse.fromWeb(request, answer(request.method, request.url))),
              latency
            )
          ),
          unversioned: GlanceClient.makeClient(() => Effect.dieMessage("no versions are needed")),
          ensureToken: () => Effect.void,
          projectId: Effect.succeedSome("own-project"),
          objectStore: Effect.succeedNone,
          timeLimit: Duration.minutes(1)
        })
      )
    )
    const hash = { algorithm: "SHA-512", value }
    const fiber = yield* Effect.fork(
      Effect.flip(ensure(release, ImageSource.bytes(bytes), { hash, patience: "1 minute" }))
    )
    yield* TestClock.adjust(time)
    return (yield* Fiber.join(fiber))._tag
  })

describe("ImageReleases.ensure ends", { timeout: 60_000 }, () => {
  it.effect("after 12 times the patience when the cloud refuses every creation and shows no record", () =>
    Effect.map(outcome(undefined, 409, "30 seconds", "15 minutes"), (tag) => assert.strictEqual(tag, "DuplicateImage"))
  )

  it.effect("when the cloud keeps a record queued and refuses its data", () =>
    Effect.map(outcome({ status: "queued", size: null }, 200), (tag) => assert.strictEqual(tag, "ImageNotQueued"))
  )

  it.effect("when the cloud refuses to publish a whole record", () =>
    Effect.map(outcome({ status: "active", os_hash_algo: "SHA512", os_hash_value: value }, 409), (tag) =>
      assert.strictEqual(tag, "UpdateConflict")
    )
  )

  it.effect("when a record that was left behind must not be deleted", () =>
    Effect.map(outcome({ status: "saving", size: null }, 403), (tag) => assert.strictEqual(tag, "Forbidden"))
  )
})

describe("a release whose data the cloud confirmed", () => {
  /** What a release ends in, and the methods of its requests, if the record is this after the upload. */
  const confirmed = (record: Record<string, unknown>) => {
    const asked: Array<string> = []
    let sent = false
    const answer = (method: string, url: string): Response => {
      asked.push(method)
      if (method === "GET" && url === "/images") return Response.json({ images: [] })
      if (method === "PUT") sent = true
      if (method === "PUT" || method === "DELETE") return new Response(null, { status: 204 })
      const shown = sent ? record : { status: "queued", size: null, checksum: null }
      return Response.json(imageRecord({ ...marked, os_hash_algo: null, os_hash_value: null, ...shown }), {
        status: method === "POST" ? 201 : 200
      })
    }
    const layer = Layer.succeed(GlanceClient.GlanceClient, {
      client: GlanceClient.makeClient((request) =>
        Effect.as(
          request.body._tag === "Stream" ? Effect.orDie(Stream.runDrain(request.body.stream)) : Effect.void,
          HttpClientResponse.fromWeb(request, answer(request.method, request.url))
        )
      ),
      unversioned: GlanceClient.makeClient(() => Effect.dieMessage("no versions are needed")),
      ensureToken: () => Effect.void,
      projectId: Effect.succeedSome("own-project"),
      objectStore: Effect.succeedNone,
      timeLimit: Duration.minutes(1)
    })
    return Effect.gen(function* () {
      const { ensure } = yield* Effect.provide(ImageReleases.make, Layer.merge(NodeHasher.layer, layer))
      const hash = { algorithm: "sha512", value }
      const error = yield* Effect.flip(ensure(release, ImageSource.bytes(bytes), { hash, settleLimit: 0 }))
      return { tag: error._tag, asked }
    })
  }

  it.effect("keeps the hidden record while the cloud still stores the data", () =>
    Effect.gen(function* () {
      const { asked, tag } = yield* confirmed({ status: "saving", size: null, checksum: null })
      assert.strictEqual(tag, "UploadNotEnded")
      assert.notInclude(asked, "DELETE")
      assert.notInclude(asked, "PATCH")
    })
  )

  it.effect("keeps the hidden record when no hash can be compared", () =>
    Effect.gen(function* () {
      const { asked, tag } = yield* confirmed({ status: "active", size: bytes.length, checksum: null })
      assert.strictEqual(tag, "ImageUnverifiable")
      assert.notInclude(asked, "DELETE")
      assert.notInclude(asked, "PATCH")
    })
  )
})
