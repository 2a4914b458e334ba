import { blake2b, blake2s } from "@noble/hashes/blake2.js"
import { md5, ripemd160, sha1 } from "@noble/hashes/legacy.js"
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from "@noble/hashes/sha2.js"
import { sha3_224, sha3_256, sha3_384, sha3_512 } from "@noble/hashes/sha3.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import * as Effect from "effect/Effect"
import { canonicalName } from "./hashAlgorithms.js"

interface Incremental {
  readonly update: (bytes: Uint8Array) => unknown
  readonly digest: () => Uint8Array
}

/** By the names of `canonicalName`. */
const algorithms: { readonly [name: string]: { readonly create: () => Incremental } } = {
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

export const supports = (algorithm: string): boolean => Object.hasOwn(algorithms, canonicalName(algorithm))

const create = (algorithm: string): Incremental => {
  const known = supports(algorithm) ? algorithms[canonicalName(algorithm)] : undefined
  if (known === undefined) throw new Error(`PortableHasher cannot compute ${algorithm}`)
  return known.create()
}

/** Bytes that are hashed before other tasks of the event loop get a turn: about 20 milliseconds of md5 and sha512. */
const turn = 2 * 1024 * 1024

const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

const begin = (names: ReadonlyArray<string>) => {
  const hashes = names.map((name) => [name, create(name)] as const)
  let hashed = 0
  const update = (bytes: Uint8Array): void | Promise<void> => {
    let rest = bytes
    while (rest.length > 0 && hashes.length > 0) {
      if (hashed === turn) {
        hashed = 0
        const left = rest
        return nextTurn().then(() => update(left))
      }
      const part = rest.subarray(0, turn - hashed)
      for (const [, hash] of hashes) hash.update(part)
      hashed += part.length
      rest = rest.subarray(part.length)
    }
  }
  return { update, digest: Effect.sync(() => new Map(hashes.map(([name, hash]) => [name, bytesToHex(hash.digest())]))) }
}

export const start = (names: ReadonlyArray<string>) => Effect.sync(() => begin(names))
