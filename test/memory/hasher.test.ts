import { createHash } from "node:crypto"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import { ImageData, ImageSource, Images, PortableHasher } from "@effect-glance/core"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createImage, json, logIn } from "./support.js"

const pieces = FastCheck.array(FastCheck.uint8Array({ maxLength: 300 }), { maxLength: 6 })

const hashesOf = (pieces: ReadonlyArray<Uint8Array>) =>
  ["md5", "sha512"].map((algorithm) => {
    const hash = createHash(algorithm)
    for (const piece of pieces) hash.update(piece)
    return hash.digest("hex")
  })

describe("hashes in plain arithmetic", () => {
  it.prop("are those of the platform, however the bytes are cut", [pieces], ([pieces]) => {
    const digests = (["md5", "sha512"] as const).map((algorithm) => MemoryCloud.plainHasher.create(algorithm))
    for (const piece of pieces) for (const digest of digests) digest.update(piece)
    assert.deepStrictEqual(
      digests.map((digest) => digest.digest()),
      hashesOf(pieces)
    )
  })
})

const algorithms: ReadonlyArray<MemoryCloud.HashingAlgorithm> = [
  ...(["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512_224", "sha512_256"] as const),
  ...(["sha3_224", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s", "ripemd160"] as const)
]

describe("a cloud whose hashing algorithm is", () => {
  for (const hashingAlgorithm of algorithms) {
    it.scoped(`${hashingAlgorithm} verifies an upload by it, and has it on its first images`, () =>
      Effect.gen(function* () {
        const bytes = new TextEncoder().encode("the bits")
        const first = { name: "first", owner: "demo", data: bytes }
        const cloud = yield* MemoryCloud.make({ hashingAlgorithm, images: [first] })
        const { data, images } = yield* Effect.all({ data: ImageData.make, images: Images.make }).pipe(
          Effect.provide(Layer.merge(MemoryCloud.layerPort(cloud), PortableHasher.layer))
        )
        const image = yield* data.createWithData(
          { name: "second", diskFormat: "raw", containerFormat: "bare" },
          ImageSource.bytes(bytes),
          {
            hashAlgorithm: hashingAlgorithm
          }
        )
        const known = yield* images.find({ name: "first" })
        assert.deepStrictEqual(image.osHashAlgo, Option.some(hashingAlgorithm))
        assert.deepStrictEqual(image.osHashValue, known.osHashValue)
      })
    )
  }
})

describe.each([
  ["the runtime's", {}],
  ["plain", { hasher: MemoryCloud.plainHasher }]
])("a cloud with %s hashes", (_, options) => {
  it.scoped("tells those of an upload", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make(options)
      const session = yield* logIn(cloud, MemoryCloud.httpClient(cloud))
      const { id } = yield* createImage(session)
      const bytes = Array.from({ length: 10 }, (_, i) => new Uint8Array(777).fill(i))
      yield* session.image("PUT", `/v2/images/${id}/file`, (request) =>
        HttpClientRequest.bodyStream(request, Stream.fromIterable(bytes))
      )
      const image = yield* Effect.flatMap(session.image("GET", `/v2/images/${id}`), json)
      assert.deepStrictEqual([image.checksum, image.os_hash_value], hashesOf(bytes))
    })
  )
})

describe("a filter by a name that the record class of Glance has", () => {
  it.scoped("lists nothing, also when an image has such a property", () =>
    Effect.gen(function* () {
      const names = ["mro", "__mro__", "__name__", "__bases__", "__call__", "__weakrefoffset__", "__own__"]
      const cloud = yield* MemoryCloud.make()
      const session = yield* logIn(cloud, MemoryCloud.httpClient(cloud))
      const { id } = yield* createImage(session, Object.fromEntries(names.map((name) => [name, "x"])))
      const listed = yield* Effect.forEach(names, (name) =>
        Effect.map(Effect.flatMap(session.image("GET", `/v2/images?${name}=x`), json), ({ images }) =>
          images.map((image: { readonly id: string }) => image.id)
        )
      )
      assert.deepStrictEqual(listed, [[], [], [], [], [], [], [id]])
    })
  )
})
