import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import * as Hasher from "@effect-glance/core/Hasher"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Effect from "effect/Effect"

/** Python's names, with the others of the same algorithm, and the hash of "abc" by `hashlib.new(name, b"abc")`. */
const algorithms: ReadonlyArray<readonly [python: string, others: ReadonlyArray<string>, abc: string]> = [
  ["md5", ["MD5", "ssl3-md5", "RSA-MD5"], "900150983cd24fb0d6963f7d28e17f72"],
  ["sha1", ["SHA1", "SHA-1", "ssl3-sha1", "RSA-SHA1"], "a9993e364706816aba3e25717850c26c9cd0d89d"],
  ["sha224", ["SHA-224", "SHA2-224"], "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"],
  ["sha256", ["SHA-256", "SHA2-256"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "sha384",
    ["SHA-384", "SHA2-384"],
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
  ],
  [
    "sha512",
    ["SHA512", "SHA-512", "SHA2-512", "RSA-SHA512"],
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
  ],
  [
    "sha512_224",
    ["sha512-224", "SHA-512/224", "SHA2-512/224"],
    "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa"
  ],
  [
    "sha512_256",
    ["sha512-256", "SHA-512/256", "SHA2-512/256"],
    "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
  ],
  ["sha3_224", ["SHA3-224"], "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"],
  ["sha3_256", ["SHA3-256"], "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"],
  [
    "sha3_384",
    ["SHA3-384"],
    "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25"
  ],
  [
    "sha3_512",
    ["SHA3-512", "sha3-512"],
    "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0"
  ],
  [
    "blake2b",
    ["BLAKE2b", "blake2b512", "BLAKE2B-512"],
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
  ],
  [
    "blake2s",
    ["BLAKE2s", "blake2s256", "BLAKE2S-256"],
    "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"
  ],
  ["ripemd160", ["RIPEMD-160", "rmd160", "ripemd"], "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"],
  ["sm3", ["SM3"], "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"],
  ["md5-sha1", ["MD5-SHA1", "md5_sha1"], "900150983cd24fb0d6963f7d28e17f72a9993e364706816aba3e25717850c26c9cd0d89d"]
]

describe("Hasher.canonicalName", () => {
  it.each(algorithms)("gives Python's name %s for each name of that algorithm", (python, others) => {
    for (const name of [python, ...others]) assert.strictEqual(Hasher.canonicalName(name), python, name)
  })

  it("gives an unknown name in lower case", () => {
    assert.strictEqual(Hasher.canonicalName("Tiger-192"), "tiger-192")
  })
})

describe("NodeHasher", () => {
  it.scoped.each(algorithms)("computes %s under each of its names", ([python, others, abc]) =>
    Effect.gen(function* () {
      const hasher = yield* NodeHasher.make
      const names = [python, ...others]
      assert.deepStrictEqual(
        names.filter((name) => !hasher.supports(name)),
        []
      )
      const hash = yield* hasher.start(names)
      yield* Effect.promise(async () => hash.update(new TextEncoder().encode("abc")))
      assert.deepStrictEqual(yield* hash.digest, new Map(names.map((name) => [name, abc])))
    })
  )

  it.scoped("computes blake2b and sha3_512 in threads as it does in place", () =>
    Effect.gen(function* () {
      const hasher = yield* NodeHasher.make
      const bytes = new Uint8Array(3 * 1024 * 1024).fill(7)
      const hash = yield* hasher.start(["blake2b", "sha3_512"])
      yield* Effect.promise(async () => hash.update(bytes))
      assert.deepStrictEqual(
        yield* hash.digest,
        new Map([
          ["blake2b", createHash("blake2b512").update(bytes).digest("hex")],
          ["sha3_512", createHash("sha3-512").update(bytes).digest("hex")]
        ])
      )
    })
  )

  it.scoped("supports neither unknown algorithms nor SHAKE, whose hashes have no length of their own", () =>
    Effect.map(NodeHasher.make, ({ supports }) => {
      for (const name of ["tiger", "", "shake_128", "shake256", "SHAKE-256"]) assert.isFalse(supports(name), name)
    })
  )
})
