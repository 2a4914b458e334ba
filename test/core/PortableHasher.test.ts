import { createHash } from "node:crypto"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, Hasher, Image, ImageData, ImageSource, PortableHasher } from "@effect-glance/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Stream from "effect/Stream"
import { imageRecord } from "../support/records.js"

/** Python's names, and OpenSSL's where they differ. */
const algorithms = new Map([
  ...["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "ripemd160"].map((name) => [name, name] as const),
  ["sha512_224", "sha512-224"],
  ["sha512_256", "sha512-256"],
  ["sha3_224", "sha3-224"],
  ["sha3_256", "sha3-256"],
  ["sha3_384", "sha3-384"],
  ["sha3_512", "sha3-512"],
  ["blake2b", "blake2b512"],
  ["blake2s", "blake2s256"]
])

const digest = (names: ReadonlyArray<string>, pieces: Iterable<Uint8Array>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const hash = yield* PortableHasher.make.start(names)
      for (const piece of pieces) yield* Effect.promise(async () => hash.update(piece))
      return yield* hash.digest
    })
  )

describe("PortableHasher", () => {
  it.effect.prop(
    "computes what OpenSSL computes, whichever way the bytes are cut",
    [FastCheck.array(FastCheck.uint8Array({ maxLength: 300 }), { maxLength: 6 })],
    ([pieces]) =>
      Effect.gen(function* () {
        const hashes = yield* digest([...algorithms.keys()], pieces)
        for (const [python, openssl] of algorithms) {
          const expected = createHash(openssl)
          for (const piece of pieces) expected.update(piece)
          assert.strictEqual(hashes.get(python), expected.digest("hex"), python)
        }
      }),
    { fastCheck: { numRuns: 20 } }
  )

  it.effect("knows an algorithm by each of its names, and keeps the name that was asked for", () =>
    Effect.gen(function* () {
      const names = ["SHA-512", "sha3-256", "blake2b512"]
      const hashes = yield* digest(names, [Uint8Array.of(1)])
      assert.deepStrictEqual([...hashes.keys()], names)
      for (const name of ["", "sm3", "shake_128", "blake3", "constructor"]) {
        assert.isFalse(PortableHasher.make.supports(name), name)
      }
    })
  )

  it.effect("lets other tasks of the event loop run while it hashes one long piece", () =>
    Effect.gen(function* () {
      const bytes = new Uint8Array(5 * 1024 * 1024 + 1).fill(7)
      let turns = 0
      const count = () => {
        turns += 1
        timer = setTimeout(count, 0)
      }
      let timer = setTimeout(count, 0)
      const hashes = yield* digest(["md5"], [bytes])
      clearTimeout(timer)
      assert.isAtLeast(turns, 2)
      assert.strictEqual(hashes.get("md5"), createHash("md5").update(bytes).digest("hex"))
    })
  )
})

describe("a program that provides no Hasher", () => {
  const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")
  const bytes = Uint8Array.of(1, 2, 3)
  const sha512 = createHash("sha512").update(bytes).digest("hex")
  const upload = (stored: string, options: ImageData.UploadOptions) =>
    Effect.gen(function* () {
      let active = false
      const web = (body: Response) => (request: Parameters<GlanceClient.Client["execute"]>[0]) =>
        Effect.succeed(HttpClientResponse.fromWeb(request, body))
      const data = yield* Effect.provideService(ImageData.make, GlanceClient.GlanceClient, {
        client: GlanceClient.makeClient((request) => {
          if (request.method === "PUT" && request.body._tag === "Stream") {
            active = true
            return Effect.zipRight(
              Effect.orDie(Stream.runDrain(request.body.stream)),
              web(new Response(null, { status: 204 }))(request)
            )
          }
          const hashes = { checksum: null, os_hash_algo: "sha512", os_hash_value: stored }
          const record = active ? { status: "active", size: 3, ...hashes } : { status: "queued", size: null }
          return web(Response.json(imageRecord({ id, disk_format: "raw", ...record })))(request)
        }),
        unversioned: GlanceClient.makeClient(() => Effect.dieMessage("not used")),
        ensureToken: () => Effect.void,
        projectId: Effect.succeedNone,
        objectStore: Effect.succeedNone,
        timeLimit: Duration.minutes(1)
      })
      return yield* data.upload(id, ImageSource.bytes(bytes), options)
    })

  it.effect("verifies an upload", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* upload(sha512, {})).status, "active")
      assert.strictEqual((yield* Effect.flip(upload("00".repeat(64), {})))._tag, "ImageIntegrityError")
    })
  )

  it.effect("uploads without verification, and then computes no hash", () =>
    Effect.gen(function* () {
      const image = yield* Effect.provideService(upload("00".repeat(64), { verify: false }), Hasher.Hasher, {
        supports: () => false,
        start: (algorithms) =>
          algorithms.length === 0
            ? PortableHasher.make.start([])
            : Effect.dieMessage(`asked to compute ${algorithms.join()}`)
      })
      assert.strictEqual(image.status, "active")
    })
  )
})
