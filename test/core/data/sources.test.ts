import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, Image, ImageCreation, ImageData, ImageReleases, ImageSource } from "@effect-glance/core"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { imageRecord } from "../../support/records.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")
const contents = new Uint8Array(2_500_000).map((_, at) => at % 251)
const hash = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest("hex")

interface Seen {
  /** Methods and paths, in order. */
  readonly requests: Array<string>
  readonly bodies: Array<HttpClientRequest.HttpClientRequest["body"]>
  headers: Record<string, string>
  stored: Uint8Array | undefined
}

const bytesOf = (body: HttpClientRequest.HttpClientRequest["body"]): Effect.Effect<Uint8Array> => {
  if (body._tag === "Stream") {
    const collected = Stream.runFold(body.stream, [] as Array<Uint8Array>, (pieces, piece) => {
      pieces.push(piece)
      return pieces
    })
    return Effect.map(Effect.orDie(collected), (pieces) => new Uint8Array(Buffer.concat(pieces)))
  }
  return Effect.promise(
    async () => new Uint8Array(await new Response((body as { readonly body?: BodyInit }).body).arrayBuffer())
  )
}

/** A cloud that stores what is uploaded, behind a client that can send these bodies as a stream. */
const cloud = (bodyStreaming: GlanceClient.BodyStreaming, broken = 0) => {
  const seen: Seen = { requests: [], bodies: [], headers: {}, stored: undefined }
  let left = broken
  const execute: GlanceClient.Client["execute"] = (request) => {
    const answer = (response: Response) => Effect.succeed(HttpClientResponse.fromWeb(request, response))
    seen.requests.push(`${request.method} ${request.url}`)
    if (request.method === "PUT") {
      seen.bodies.push(request.body)
      seen.headers = request.headers
      if (left-- > 0) {
        return new HttpClientError.RequestError({
          request,
          reason: "Transport",
          cause: new TypeError("Failed to fetch")
        })
      }
      return Effect.flatMap(bytesOf(request.body), (bytes) => {
        seen.stored = bytes
        return answer(new Response(null, { status: 204 }))
      })
    }
    if (request.method === "DELETE") return answer(new Response(null, { status: 204 }))
    const hashes =
      seen.stored === undefined
        ? { status: "queued", size: null, checksum: null, os_hash_algo: null, os_hash_value: null }
        : {
            status: "active",
            size: seen.stored.length,
            checksum: hash("md5", seen.stored),
            os_hash_algo: "sha512",
            os_hash_value: hash("sha512", seen.stored)
          }
    return answer(
      Response.json(imageRecord({ id, disk_format: "raw", ...hashes }), {
        status: request.method === "POST" ? 201 : 200
      })
    )
  }
  const port = {
    client: GlanceClient.makeClient(execute),
    unversioned: GlanceClient.makeClient(execute),
    ensureToken: () => Effect.void,
    projectId: Effect.succeedSome("project"),
    objectStore: Effect.succeedNone,
    timeLimit: Duration.minutes(1),
    bodyStreaming
  }
  return Effect.all({
    data: ImageData.make,
    creation: ImageCreation.make,
    releases: ImageReleases.make,
    seen: Effect.succeed(seen)
  }).pipe(Effect.provideService(GlanceClient.GlanceClient, port))
}

describe("a client that cannot send every stream", () => {
  for (const streaming of ["never", "http2"] as const) {
    for (const [name, input] of [
      ["a Uint8Array", contents],
      ["ImageSource.bytes", ImageSource.bytes(contents)],
      ["a Blob", new Blob([contents])],
      ["ImageSource.blob of a File", ImageSource.blob(new File([contents], "disk.raw"))]
    ] as const) {
      it.effect(`sends ${name} as one value and verifies it (${streaming})`, () =>
        Effect.gen(function* () {
          const { data, seen } = yield* cloud(streaming)
          const told: Array<ImageData.Progress> = []
          const image = yield* data.upload(id, input, {
            onProgress: (progress) => Effect.sync(() => void told.push(progress))
          })
          assert.deepStrictEqual(image.osHashValue, Option.some(hash("sha512", contents)))
          assert.deepStrictEqual(
            seen.bodies.map(({ _tag }) => _tag),
            ["Raw"]
          )
          assert.strictEqual(seen.headers["content-type"], "application/octet-stream")
          // Glance's [cors] does not allow it by default.
          assert.notProperty(seen.headers, "x-openstack-image-size")
          assert.deepStrictEqual(told, [{ attempt: 1, bytes: contents.length, total: Option.some(contents.length) }])
        })
      )
    }
  }

  it.effect("refuses a stream before it sends anything, and names what can be sent", () =>
    Effect.gen(function* () {
      const { creation, data, releases, seen } = yield* cloud("never")
      const source = Stream.make(contents)
      const release = { name: "r", diskFormat: "raw", containerFormat: "bare" }
      const failures = [
        yield* Effect.flip(data.upload(id, source)),
        yield* Effect.flip(data.stage(id, ImageSource.stream(source, { size: contents.length }))),
        yield* Effect.flip(data.createWithData({ name: "new" }, source)),
        yield* Effect.flip(creation.createFrom({ name: "new" }, source)),
        yield* Effect.flip(releases.ensure(release, ImageSource.stream(source, { replayable: true })))
      ]
      for (const failure of failures) {
        assert.strictEqual(failure._tag, "InvalidArgument")
        assert.match(failure.message, /source is a stream.*ImageSource\.bytes or ImageSource\.blob/)
      }
      assert.deepStrictEqual(seen.requests, [])
    })
  )

  it.effect("tries a stream once where only HTTP/2 carries it, and says so in the error", () =>
    Effect.gen(function* () {
      const { data, seen } = yield* cloud("http2", 1)
      const source = ImageSource.stream(Stream.make(contents), { replayable: true })
      const failure = yield* Effect.flip(data.upload(id, source, { checkFormat: false }))
      assert.strictEqual(failure._tag, "TransportError")
      assert.match(failure.message, /could not send the request.*over HTTP\/2 only.*ImageSource\.blob/)
      assert.deepStrictEqual(seen.requests, [`PUT /images/${id}/file`])
    })
  )

  it.effect("sends a blob again after a connection that broke", () =>
    Effect.gen(function* () {
      const { data, seen } = yield* cloud("never", 2)
      const fiber = yield* Effect.fork(data.upload(id, new Blob([contents])))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "active")
      assert.strictEqual(seen.bodies.length, 3)
    })
  )

  it.effect("sends nothing of a value whose hash is not the expected one", () =>
    Effect.gen(function* () {
      const { data, seen } = yield* cloud("never")
      const expected = { algorithm: "sha256", value: "00".repeat(32) }
      const failure = yield* Effect.flip(data.upload(id, contents, { expected }))
      assert.strictEqual(failure._tag, "ImageIntegrityError")
      assert.deepStrictEqual(seen.bodies, [])
    })
  )
})

describe("an input of an upload", () => {
  it.effect("can be a Uint8Array, a Blob or a file by its path, and is streamed by a client that can", () =>
    Effect.gen(function* () {
      const path = fileURLToPath(import.meta.url)
      for (const input of [contents.subarray(0, 9000), new Blob([contents.subarray(0, 9000)]), { file: path }]) {
        const { creation, data, releases, seen } = yield* cloud("always")
        const release = { name: "r", diskFormat: "raw", containerFormat: "bare" }
        yield* data.createWithData({ name: "new" }, input)
        yield* creation.createFrom({ name: "new" }, input)
        yield* data.stage(id, input, { checkFormat: false })
        yield* Effect.either(releases.ensure(release, input))
        assert.deepStrictEqual([...new Set(seen.bodies.map(({ _tag }) => _tag))], ["Stream"])
        assert.isAtLeast(seen.bodies.length, 3)
      }
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.effect("that is nothing of the kind is an InvalidArgument, and no image is created", () =>
    Effect.gen(function* () {
      const { creation, data, releases, seen } = yield* cloud("always")
      for (const wrong of [undefined, null, 5, "disk.raw", {}, [1, 2], { file: 5 }, { file: "" }]) {
        const input = wrong as unknown as Uint8Array
        const release = { name: "r", diskFormat: "raw", containerFormat: "bare" }
        const effects: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }>> = [
          data.upload(id, input),
          data.stage(id, input),
          data.createWithData({ name: "new" }, input),
          creation.createFrom({ name: "new" }, input),
          releases.ensure(release, input)
        ]
        for (const effect of effects) {
          assert.strictEqual((yield* Effect.flip(effect))._tag, "InvalidArgument", String(wrong))
        }
      }
      assert.deepStrictEqual(seen.requests, [])
    })
  )

  it.effect("whose size is no whole number is an InvalidArgument, and no image is created", () =>
    Effect.gen(function* () {
      const { data, seen } = yield* cloud("always")
      for (const size of [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, "3" as unknown as number]) {
        const source = ImageSource.stream(Stream.make(contents), { size })
        const failure = yield* Effect.flip(data.createWithData({ name: "new" }, source))
        assert.strictEqual(failure._tag, "InvalidArgument")
        assert.match(failure.message, /source\.size must be a whole number from 0, not/)
      }
      assert.deepStrictEqual(seen.requests, [])
      const own = { open: Effect.succeed({ stream: Stream.make(contents), size: Option.some(1.5) }), replayable: false }
      assert.strictEqual((yield* Effect.flip(data.upload(id, own, { checkFormat: false })))._tag, "InvalidArgument")
      assert.deepStrictEqual(seen.requests, [])
    })
  )

  it.effect(
    "may come in pieces of one byte, with empty ones after them",
    () =>
      Effect.gen(function* () {
        const { data, seen } = yield* cloud("always")
        const count = 200_000
        const pieces = Stream.fromChunk(Chunk.makeBy(count, (n) => Uint8Array.of(n % 256)))
        const after = Stream.rechunk(Stream.take(Stream.repeatValue(new Uint8Array()), 50), 1)
        const image = yield* data.upload(id, ImageSource.stream(Stream.concat(pieces, after), { size: count }))
        assert.deepStrictEqual(image.size, Option.some(count))
        assert.strictEqual(seen.stored?.length, count)
      }),
    60_000
  )

  it.effect("in memory reports progress after every mebibyte", () =>
    Effect.gen(function* () {
      const { data } = yield* cloud("always")
      const told: Array<number> = []
      yield* data.upload(id, contents, { onProgress: ({ bytes }) => Effect.sync(() => void told.push(bytes)) })
      assert.deepStrictEqual(told, [1_048_576, 2_097_152, 2_500_000])
    })
  )

  it.effect("that is a Blob which cannot be read fails with a SystemError, and not with a defect", () =>
    Effect.gen(function* () {
      const { data } = yield* cloud("always")
      const removed = Object.assign(new Blob([contents]), {
        stream: () =>
          new ReadableStream({ start: (controller) => controller.error(new DOMException("gone", "NotFoundError")) })
      })
      const failure = yield* Effect.flip(data.upload(id, removed))
      if (failure._tag !== "SystemError") return assert.fail(failure._tag)
      assert.strictEqual(failure.reason, "NotFound")
    })
  )
})
