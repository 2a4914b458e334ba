import { createHash } from "node:crypto"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, Image, ImageCreation, ImageData, ImageSource } from "@effect-glance/core"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { imageRecord } from "../../support/records.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")
const bytes = new TextEncoder().encode("the bits")
const source = ImageSource.bytes(bytes)
const hash = (algorithm: string) => createHash(algorithm).update(bytes).digest("hex")

type Fields = Record<string, unknown>
const queued: Fields = {
  id,
  status: "queued",
  disk_format: "raw",
  size: null,
  checksum: null,
  os_hash_algo: null,
  os_hash_value: null
}
const active: Fields = { ...queued, status: "active", size: bytes.length, checksum: hash("md5") }

interface Cloud {
  /** The record at each read after the bytes were confirmed; the last one stays. A number is the status of a refusal. */
  readonly records: ReadonlyArray<Fields | number>
  /** How each PUT ends; the last one stays. */
  readonly puts?: ReadonlyArray<"confirmed" | "broken" | 409>
}

/** A cloud that has an image, or makes one, and what it was asked. */
const cloudOf = ({ puts = ["confirmed"], records }: Cloud) => {
  const asked: Array<string> = []
  let sent = 0
  let reads = 0
  const at = <A>(list: ReadonlyArray<A>, index: number): A | undefined => list[Math.min(index, list.length - 1)]
  const answer = (
    request: HttpClientRequest.HttpClientRequest
  ): Effect.Effect<Response, HttpClientError.RequestError> =>
    Effect.gen(function* () {
      asked.push(request.method)
      switch (request.method) {
        case "POST":
          return Response.json(imageRecord(queued), { status: 201 })
        case "DELETE":
          return new Response(null, { status: 204 })
        case "PUT": {
          const put = at(puts, sent++)
          if (put === 409) return Response.json({ message: "not queued" }, { status: 409 })
          if (request.body._tag === "Stream") yield* Effect.orDie(Stream.runDrain(request.body.stream))
          if (put === "confirmed") return new Response(null, { status: 204 })
          return yield* new HttpClientError.RequestError({ request, reason: "Transport", cause: new Error("reset") })
        }
        default: {
          const record = sent === 0 ? queued : at(records, reads++)
          if (typeof record === "number") return Response.json({ message: "refused" }, { status: record })
          return Response.json(imageRecord(record ?? queued))
        }
      }
    })
  const layer = Layer.merge(
    NodeHasher.layer,
    Layer.succeed(GlanceClient.GlanceClient, {
      client: GlanceClient.makeClient((request) =>
        Effect.map(answer(request), (response) => HttpClientResponse.fromWeb(request, response))
      ),
      unversioned: GlanceClient.makeClient(() => Effect.dieMessage("no versions are needed")),
      ensureToken: () => Effect.void,
      projectId: Effect.succeedNone,
      objectStore: Effect.succeedNone,
      timeLimit: Duration.minutes(1)
    })
  )
  return { asked, data: Effect.provide(ImageData.make, layer), creation: Effect.provide(ImageCreation.make, layer) }
}

/** What comes of an operation within ten virtual minutes. */
const outcome = <A, E>(operation: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(Effect.either(operation))
    yield* TestClock.adjust("10 minutes")
    return yield* Fiber.join(fiber)
  })

const failure = <A, E>(operation: Effect.Effect<A, E>) => Effect.flip(Effect.flatten(outcome(operation)))

describe("an image whose upload was confirmed", () => {
  for (const status of ["queued", "saving", "importing", "uploading"]) {
    for (const size of [null, 0]) {
      it.effect(`is read again while its status is ${status}, with the size ${size} and no hash`, () =>
        Effect.gen(function* () {
          const pending = { ...queued, status, size, checksum: "" }
          const { asked, data } = cloudOf({ records: [pending, 503, pending, active] })
          const image = yield* Effect.flatten(outcome(Effect.flatMap(data, (data) => data.createWithData({}, source))))
          assert.deepStrictEqual([image.status, Option.getOrNull(image.size)], ["active", bytes.length])
          assert.deepStrictEqual(asked, ["POST", "PUT", "GET", "GET", "GET", "GET"])
        })
      )
    }

    it.effect(`is kept when its status is still ${status} at the limit, and the error names the status`, () =>
      Effect.gen(function* () {
        const { asked, data } = cloudOf({ records: [{ ...queued, status }] })
        const error = yield* failure(
          Effect.flatMap(data, (data) => data.createWithData({}, source, { settleLimit: "3 minutes", verify: false }))
        )
        if (error._tag !== "UploadNotEnded") return assert.fail(error._tag)
        assert.strictEqual(
          error.message,
          `ImageData.createWithData: image ${id} is still ${status} 3m after the upload; the image was kept`
        )
        assert.notInclude(asked, "DELETE")
      })
    )
  }

  it.effect("is waited for at most 5 minutes by default, at growing intervals up to 5 seconds", () =>
    Effect.gen(function* () {
      const { asked, data } = cloudOf({ records: [{ ...queued, status: "saving" }] })
      const fiber = yield* Effect.fork(Effect.flip(Effect.flatMap(data, (data) => data.upload(id, source))))
      yield* TestClock.adjust(Duration.minutes(5).pipe(Duration.subtract("1 millis")))
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "UploadNotEnded")
      // One read before the upload; 0, 0.2, 0.6, 1.4, 3, 6.2 s after it, then every 5 s, and at the limit.
      assert.strictEqual(asked.filter((method) => method === "GET").length, 1 + 6 + 58 + 1)
    })
  )

  it.effect("that is killed is an error that says so, and is deleted when it was created for its data", () =>
    Effect.gen(function* () {
      const { asked, data } = cloudOf({
        records: [
          { ...queued, status: "saving" },
          { ...queued, status: "killed" }
        ]
      })
      const error = yield* failure(Effect.flatMap(data, (data) => data.createWithData({}, source, { verify: false })))
      if (error._tag !== "UploadFailed") return assert.fail(error._tag)
      assert.include(error.message, "its status is killed")
      assert.strictEqual(asked.at(-1), "DELETE")
    })
  )

  it.effect("is kept when its record cannot be read", () =>
    Effect.gen(function* () {
      for (const status of [403, 503]) {
        const { asked, data } = cloudOf({ records: [status] })
        const error = yield* failure(Effect.flatMap(data, (data) => data.createWithData({}, source)))
        if (error._tag !== "UploadNotEnded") return assert.fail(error._tag)
        assert.match(error.message, new RegExp(`cannot be read .*returned ${status}.*the image was kept`))
        assert.notInclude(asked, "DELETE")
      }
    })
  )

  it.effect("is kept by createFrom, too, when it is still saving", () =>
    Effect.gen(function* () {
      const { asked, creation } = cloudOf({ records: [{ ...queued, status: "saving" }] })
      const error = yield* failure(Effect.flatMap(creation, ({ createFrom }) => createFrom({}, source)))
      assert.strictEqual(error._tag, "UploadNotEnded")
      assert.notInclude(asked, "DELETE")
    })
  )
})

describe("a hash in the record of an uploaded image", () => {
  for (const [algorithm, openssl] of [
    ["sha3_512", "sha3-512"],
    ["SHA3-512", "sha3-512"],
    ["blake2b", "blake2b512"],
    ["blake2s", "blake2s256"],
    ["sha512_256", "sha512-256"],
    ["SHA256", "sha256"]
  ] as const) {
    it.effect(`by ${algorithm} is compared`, () =>
      Effect.gen(function* () {
        for (const right of [true, false]) {
          const value = right ? hash(openssl).toUpperCase() : hash("md5")
          const record = { ...active, checksum: null, os_hash_algo: algorithm, os_hash_value: value }
          const { data } = cloudOf({ records: [record] })
          const result = yield* outcome(
            Effect.flatMap(data, (data) => data.upload(id, source, { hashAlgorithm: algorithm }))
          )
          assert.strictEqual(
            result._tag === "Left" ? result.left._tag : "verified",
            right ? "verified" : "ImageIntegrityError"
          )
        }
      })
    )
  }

  it.effect("that is empty counts as absent", () =>
    Effect.gen(function* () {
      const { data } = cloudOf({ records: [{ ...active, os_hash_algo: "sha512", os_hash_value: "" }] })
      const image = yield* Effect.flatten(outcome(Effect.flatMap(data, (data) => data.upload(id, source))))
      assert.strictEqual(image.status, "active")
      const none = cloudOf({ records: [{ ...active, checksum: "", os_hash_algo: "", os_hash_value: "" }] })
      const error = yield* failure(Effect.flatMap(none.data, (data) => data.upload(id, source)))
      assert.deepStrictEqual(error._tag === "ImageUnverifiable" ? error.algorithms : error._tag, [])
    })
  )

  it.effect("that was not computed is no reason to delete the image", () =>
    Effect.gen(function* () {
      const record = { ...active, checksum: null, os_hash_algo: "tiger", os_hash_value: "00" }
      for (const create of [
        ({ data }: ReturnType<typeof cloudOf>) => Effect.flatMap(data, (data) => data.createWithData({}, source)),
        ({ creation }: ReturnType<typeof cloudOf>) =>
          Effect.flatMap(creation, ({ createFrom }) => createFrom({}, source, { by: "upload" }))
      ]) {
        const cloud = cloudOf({ records: [record] })
        const error = yield* failure(create(cloud))
        assert.deepStrictEqual(error._tag === "ImageUnverifiable" ? error.algorithms : error._tag, ["tiger"])
        assert.notInclude(cloud.asked, "DELETE")
      }
    })
  )
})

describe("an upload whose response was lost", () => {
  it.effect("is done when the cloud stored all of it, after it had shown the image as queued", () =>
    Effect.gen(function* () {
      const saving = { ...queued, status: "importing" }
      const { asked, data } = cloudOf({ puts: ["broken", 409], records: [queued, saving, active] })
      const image = yield* Effect.flatten(outcome(Effect.flatMap(data, (data) => data.createWithData({}, source))))
      assert.strictEqual(image.status, "active")
      assert.notInclude(asked, "DELETE")
    })
  )

  it.effect("is kept while the cloud still stores the data of the broken attempt", () =>
    Effect.gen(function* () {
      for (const puts of [["broken"], ["broken", 409]] as const) {
        const before = puts.length === 1 ? [] : [queued]
        const { asked, data } = cloudOf({ puts, records: [...before, { ...queued, status: "saving" }] })
        const error = yield* failure(Effect.flatMap(data, (data) => data.createWithData({}, source)))
        if (error._tag !== "UploadNotEnded") return assert.fail(error._tag)
        assert.match(error.message, /is still saving \d.* after the upload; the image was kept$/)
        assert.notInclude(asked, "DELETE")
      }
    })
  )

  it.effect("is kept when another request has given it its data", () =>
    Effect.gen(function* () {
      const { asked, data } = cloudOf({ puts: [409], records: [active] })
      const error = yield* failure(Effect.flatMap(data, (data) => data.createWithData({}, source)))
      assert.strictEqual(error._tag, "ImageNotQueued")
      assert.notInclude(asked, "DELETE")
    })
  )

  it.effect("is unverifiable and kept when the record has only a hash that was not computed", () =>
    Effect.gen(function* () {
      const record = { ...active, checksum: null, os_hash_algo: "tiger", os_hash_value: "00" }
      const { asked, data } = cloudOf({ puts: ["broken"], records: [record] })
      const error = yield* failure(Effect.flatMap(data, (data) => data.createWithData({}, source)))
      assert.strictEqual(error._tag, "ImageUnverifiable")
      assert.notInclude(asked, "DELETE")
    })
  )

  it.effect("says so when the cloud killed the image", () =>
    Effect.gen(function* () {
      const { data } = cloudOf({ puts: ["broken"], records: [{ ...queued, status: "killed" }] })
      assert.strictEqual((yield* failure(Effect.flatMap(data, (data) => data.upload(id, source))))._tag, "UploadFailed")
    })
  )
})

describe("an image that a task made", () => {
  /** A cloud whose task has succeeded, and whose image is shown so at each read; the last one stays. */
  const created = (shown: ReadonlyArray<Fields | 404>) => {
    let reads = 0
    const task = { id, type: "import", status: "success", result: { image_id: id }, created_at: at, updated_at: at }
    const answer = (method: string, url: string): Response => {
      if (url.startsWith("/tasks")) return Response.json(task, { status: method === "POST" ? 201 : 200 })
      const record = shown[Math.min(reads++, shown.length - 1)] ?? 404
      return record === 404 ? Response.json({}, { status: 404 }) : Response.json(imageRecord(record))
    }
    const layer = Layer.succeed(GlanceClient.GlanceClient, {
      client: GlanceClient.makeClient((request) =>
        Effect.succeed(HttpClientResponse.fromWeb(request, answer(request.method, request.url)))
      ),
      unversioned: GlanceClient.makeClient(() => Effect.dieMessage("no versions are needed")),
      ensureToken: () => Effect.void,
      projectId: Effect.succeedNone,
      objectStore: Effect.succeedNone,
      timeLimit: Duration.minutes(1)
    })
    return outcome(
      Effect.flatMap(Effect.provide(ImageCreation.make, layer), ({ createFrom }) =>
        createFrom({ name: "x" }, { container: "c", object: "o" })
      )
    )
  }
  const at = "2026-01-31T12:00:00Z"

  it.effect("is waited for when its record is not there yet, or still saving", () =>
    Effect.gen(function* () {
      const image = yield* Effect.flatten(created([404, 404, { ...queued, status: "saving" }, active]))
      assert.strictEqual(image.status, "active")
    })
  )

  it.effect("is not found when its record is not there at the limit", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.flatten(created([404])))
      assert.strictEqual(error._tag, "ImageNotFound")
    })
  )
})
