import { createHash } from "node:crypto"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import type { ImageData } from "@effect-glance/core"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { type Execute, id, inOrder, over, web } from "./support.js"

const bytes = Uint8Array.from({ length: 1000 }, (_, at) => (at * 7) % 251)
const half = bytes.slice(0, 500)

const hex = (algorithm: string, data: Uint8Array) => createHash(algorithm).update(data).digest("hex")
const noHash = { checksum: null, os_hash_algo: null, os_hash_value: null }

/** Runs a download with a clock that passes every wait. */
const ended = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(Effect.either(effect))
    while ((yield* Fiber.poll(fiber))._tag === "None") {
      yield* TestClock.adjust("1 minute")
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
    return yield* Fiber.join(fiber)
  })

const collected = (data: ImageData.Service, options?: ImageData.DownloadStreamOptions) =>
  Effect.map(Stream.runCollect(data.download(id, options)), (all) => Buffer.concat(Chunk.toReadonlyArray(all)))

const toFile = (data: ImageData.Service, options?: ImageData.DownloadToOptions) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = `${yield* fs.makeTempDirectoryScoped()}/image`
    yield* data.downloadTo(id, path, { ...options })
    return Buffer.from(yield* fs.readFile(path))
  }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))

interface Case {
  readonly size: number | null
  readonly length: string | undefined
  readonly body: string
  readonly hash: string
}

const sizes = [null, 0, 500, 1000, 1001]
const lengths = [undefined, "0", "500", "1000", "many"]
const hashes = ["md5", "sha512", "sha512 of half", "md5 of nothing", "expected", "none"]
const bodies = ["whole", "half", "empty", "too long", "broken"]

const cases: ReadonlyArray<Case> = sizes.flatMap((size) =>
  lengths.flatMap((length) => bodies.flatMap((body) => hashes.map((hash) => ({ size, length, body, hash }))))
)

/** What the record has besides its size. */
const recordOf = ({ hash }: Case) => {
  const sha512 = (data: Uint8Array) => ({ ...noHash, os_hash_algo: "sha512", os_hash_value: hex("sha512", data) })
  switch (hash) {
    case "md5":
      return { ...noHash, checksum: hex("md5", bytes) }
    case "sha512":
      return sha512(bytes)
    case "sha512 of half":
      return sha512(half)
    case "md5 of nothing":
      return { ...noHash, checksum: hex("md5", new Uint8Array()) }
    default:
      return noHash
  }
}

const bodyOf = ({ body }: Case): Uint8Array<ArrayBuffer> => {
  if (body === "whole") return bytes
  if (body === "too long") return Uint8Array.from([...bytes, 1])
  return body === "empty" ? new Uint8Array() : half
}

/** A response as it is, with headers that may be wrong; every range request is answered in the same way. */
const answering =
  (one: Case): Execute =>
  (request) => {
    const pieces = bodyOf(one)
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        if (pieces.length > 0) controller.enqueue(pieces)
        if (one.body === "broken") controller.error(new Error("reset"))
        else controller.close()
      }
    })
    return web(
      request,
      new Response(stream, { headers: one.length === undefined ? {} : { "content-length": one.length } })
    )
  }

const rightOf = ({ hash, size }: Case): Uint8Array | undefined => {
  if (hash === "none") return undefined
  const right = hash === "sha512 of half" ? half : hash === "md5 of nothing" ? new Uint8Array() : bytes
  return size === null || size === right.length ? right : undefined
}

describe("a verified download", () => {
  const kinds = ["as a stream", "to a file"] as const

  it.effect.each(kinds)(
    "%s succeeds only with the bytes that the record, the headers and the body agree on",
    (kind) =>
      Effect.gen(function* () {
        let successes = 0
        for (const one of cases) {
          const data = yield* over({ size: one.size, ...recordOf(one) }, answering(one))
          const expected = one.hash === "expected" ? { algorithm: "sha256", value: hex("sha256", bytes) } : undefined
          const outcome = yield* Effect.either<Buffer, unknown, never>(
            kind === "to a file"
              ? toFile(data, { expected, retries: 0, sync: false })
              : collected(data, { expected, retries: 0 })
          )
          const shown = JSON.stringify(one)
          // The record is not asked when its hash is not needed for a stream.
          const right = rightOf(kind === "as a stream" && one.hash === "expected" ? { ...one, size: null } : one)
          const isTrue = right !== undefined && one.body !== "broken" && Buffer.from(bodyOf(one)).equals(right)
          const isSaid = one.length === undefined || one.length === "many" || Number(one.length) === right?.length
          if (Either.isRight(outcome)) {
            successes += 1
            assert.isTrue(isTrue && outcome.right.equals(right), shown)
            assert.isTrue(isSaid, shown)
          } else {
            assert.isFalse(isTrue && isSaid, `${shown}: ${outcome.left}`)
          }
        }
        assert.isAbove(successes, 10)
      }),
    60_000
  )

  it.effect("of an image that is queued in its record ends without bytes that cannot be verified", () =>
    Effect.gen(function* () {
      for (const body of [half, new Uint8Array()]) {
        const data = yield* over({ ...noHash, status: "queued", size: null }, (request) =>
          web(request, new Response(body))
        )
        for (const download of [collected(data), toFile(data)]) {
          const failure = yield* Effect.flip<Buffer, { readonly _tag: string }, never>(download)
          assert.strictEqual(failure._tag, "ImageUnverifiable")
        }
      }
    })
  )
})

describe("a response to a range request", () => {
  const partial = (data: Uint8Array<ArrayBuffer>, range: string) => () =>
    new Response(data, { status: 206, headers: { "content-range": range } })
  const cut = (headers: Record<string, string>) => () => {
    let pulls = 0
    return new Response(
      new ReadableStream({
        pull: (controller) => (pulls++ === 0 ? controller.enqueue(half) : controller.error(new Error("reset")))
      }),
      { headers }
    )
  }
  const record = { size: 1000, ...noHash, checksum: hex("md5", bytes) }

  it.effect("that is shorter than asked is continued", () =>
    Effect.gen(function* () {
      const server = inOrder(
        cut({}),
        partial(bytes.slice(500, 600), "bytes 500-599/1000"),
        partial(bytes.slice(600), "bytes 600-999/*")
      )
      const outcome = yield* ended(collected(yield* over(record, server.execute), { verify: false }))
      // Not known from the record, because it is not read.
      assert.isTrue(Either.getOrThrow(outcome).equals(bytes))
      assert.strictEqual(server.count(), 3)
    })
  )

  it.effect("that is another range, empty, of another image, or no range ends the download with an error", () =>
    Effect.gen(function* () {
      const table: ReadonlyArray<readonly [() => Response, string]> = [
        [partial(bytes.slice(400), "bytes 400-999/1000"), "UnexpectedAnswer"],
        [partial(bytes.slice(501), "bytes 501-999/1000"), "UnexpectedAnswer"],
        [partial(bytes.slice(500), "items 500-999/1000"), "UnexpectedAnswer"],
        [() => new Response(bytes.slice(500), { status: 206 }), "UnexpectedAnswer"],
        [partial(new Uint8Array(), "bytes 500-499/1000"), "TransportError"],
        [partial(bytes.slice(500, 700), "bytes 500-699/700"), "ImageIntegrityError"],
        [partial(bytes.slice(500), "bytes 500-599/1000"), "ImageIntegrityError"],
        [() => new Response(null, { status: 204 }), "NoImageData"],
        [() => new Response(half, { headers: { "content-length": "500" } }), "ImageIntegrityError"]
      ]
      for (const [answer, tag] of table) {
        for (const options of [{}, { verify: false }]) {
          const server = inOrder(cut({ "content-length": "1000" }), answer)
          const outcome = yield* ended(collected(yield* over(record, server.execute), options))
          assert.strictEqual(Either.isLeft(outcome) ? outcome.left._tag : "success", tag)
        }
      }
    })
  )

  it.effect("that is the whole image is used from where it is wanted", () =>
    Effect.gen(function* () {
      const server = inOrder(cut({}), () => new Response(bytes.slice()))
      const outcome = yield* ended(collected(yield* over(record, server.execute)))
      assert.isTrue(Either.getOrThrow(outcome).equals(bytes))
    })
  )

  it.effect("that says the image ends before the left part discards the part", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/image`
      yield* fs.writeFile(`${path}.${id}.part`, new Uint8Array(2000))
      const server = inOrder(
        () => new Response(null, { status: 416 }),
        () => new Response(bytes.slice())
      )
      const data = yield* over({ ...record, size: null }, server.execute)
      assert.strictEqual((yield* Effect.flip(data.downloadTo(id, path)))._tag, "RangeNotSatisfiable")
      yield* data.downloadTo(id, path)
      assert.isTrue(Buffer.from(yield* fs.readFile(path)).equals(bytes))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )
})

describe("data in a Content-Encoding", () => {
  it.effect("that was not asked for are refused by its name, and never stored", () =>
    Effect.gen(function* () {
      for (const encoding of ["gzip", "br", "ZSTD", "identity, gzip"]) {
        const asked: Array<string | undefined> = []
        const data = yield* over({ size: 1000, ...noHash, checksum: hex("md5", bytes) }, (request) => {
          asked.push(request.headers["accept-encoding"])
          return web(request, new Response(bytes.slice(), { headers: { "content-encoding": encoding } }))
        })
        for (const download of [collected(data), collected(data, { verify: false }), toFile(data, { verify: false })]) {
          const failure = yield* Effect.flip<Buffer, { readonly _tag: string; readonly message: string }, never>(
            download
          )
          assert.strictEqual(failure._tag, "UnexpectedAnswer")
          assert.include(failure.message, `Content-Encoding ${encoding}`)
        }
        assert.deepStrictEqual(asked, ["identity", "identity", "identity"])
      }
    })
  )

  it.effect("that changes nothing are taken", () =>
    Effect.gen(function* () {
      for (const encoding of ["identity", " Identity ", ""]) {
        const data = yield* over({ size: 1000, ...noHash, checksum: hex("md5", bytes) }, (request) =>
          web(request, new Response(bytes.slice(), { headers: { "content-encoding": encoding } }))
        )
        assert.isTrue((yield* collected(data)).equals(bytes))
      }
    })
  )
})

describe("pieces of one byte", () => {
  const count = 20_000
  const large = Uint8Array.from({ length: count }, (_, at) => (at * 7) % 251)
  const record = { size: count, ...noHash, checksum: hex("md5", large) }
  const served: Execute = (request) => {
    let at = 0
    return web(
      request,
      new Response(
        new ReadableStream({
          pull: (controller) => {
            if (at === count) return controller.close()
            for (let n = 0; n < 100 && at < count; n++) controller.enqueue(large.slice(at, ++at))
          }
        })
      )
    )
  }

  it.effect("reach a slow reader at most 1024 at a time", () =>
    Effect.gen(function* () {
      const data = yield* over(record, served)
      const chunks: Array<number> = []
      const got: Array<Uint8Array> = []
      yield* data.download(id).pipe(
        Stream.chunks,
        Stream.runForEach((chunk) =>
          Effect.zipRight(
            Effect.repeatN(
              Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
              20
            ),
            Effect.sync(() => {
              chunks.push(chunk.length)
              for (const piece of chunk) got.push(piece)
            })
          )
        )
      )
      assert.isTrue(Buffer.concat(got).equals(large))
      assert.isAtMost(Math.max(...chunks), 1024)
    })
  )

  it.effect("reach a file", () =>
    Effect.gen(function* () {
      const data = yield* over(record, served)
      assert.isTrue((yield* toFile(data)).equals(large))
    })
  )
})
