import { blake2b, blake2s } from "@noble/hashes/blake2.js"
import { md5, ripemd160, sha1 } from "@noble/hashes/legacy.js"
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from "@noble/hashes/sha2.js"
import { sha3_224, sha3_256, sha3_384, sha3_512 } from "@noble/hashes/sha3.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import type { Hasher, HashingAlgorithm } from "./glance/options.js"

interface Incremental {
  readonly update: (bytes: Uint8Array) => unknown
  readonly digest: () => Uint8Array
}

const portable: { readonly [A in HashingAlgorithm]: { readonly create: () => Incremental } } = {
  md5,
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  sha512_224,
  sha512_256,
  sha3_224,
  sha3_256,
  sha3_384,
  sha3_512,
  blake2b,
  blake2s,
  ripemd160
}

export const algorithms = Object.keys(portable) as ReadonlyArray<HashingAlgorithm>

/** Every algorithm in plain arithmetic, for runtimes without one: WebCrypto cannot hash a stream. */
export const plain: Hasher = {
  create: (algorithm) => {
    const hash = portable[algorithm].create()
    return { update: (bytes) => void hash.update(bytes), digest: () => bytesToHex(hash.digest()) }
  }
}

interface NativeHash {
  readonly update: (bytes: Uint8Array) => unknown
  readonly digest: (encoding: "hex") => string
}

interface Runtime {
  readonly process?: {
    readonly getBuiltinModule?: (name: string) => { readonly createHash: (algorithm: string) => NativeHash } | undefined
  }
}

/** OpenSSL's names that are not those of Python with a hyphen for each underscore. */
const nativeNames: { readonly [A in HashingAlgorithm]?: string } = { blake2b: "blake2b512", blake2s: "blake2s256" }

const native = (algorithm: HashingAlgorithm): NativeHash | undefined => {
  const crypto = (globalThis as Runtime).process?.getBuiltinModule?.("node:crypto")
  try {
    return crypto?.createHash(nativeNames[algorithm] ?? algorithm.replace("_", "-"))
  } catch {
    // An OpenSSL may lack an algorithm, or its policy may forbid it.
    return undefined
  }
}

/** The hashes of the runtime, which are several times as fast, if it has them without an import; else `plain`. */
export const hasher: Hasher = {
  create: (algorithm) => {
    const hash = native(algorithm)
    if (hash === undefined) return plain.create(algorithm)
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") }
  }
}
