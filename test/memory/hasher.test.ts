import { createHash } from "node:crypto"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
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
