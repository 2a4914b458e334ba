/// <reference types="node" />
/**
 * Hashes by the OpenSSL that Node comes with.
 *
 * @since 0.1.0
 */
import * as Crypto from "node:crypto"
import * as Hasher from "@effect-glance/core/Hasher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const known: ReadonlySet<string> = new Set(Crypto.getHashes().map((name) => name.toLowerCase()))

/**
 * A hasher of every algorithm that Node's OpenSSL lists.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Hasher.Service = {
  supports: (algorithm) => known.has(algorithm.toLowerCase()),
  start: (algorithms) =>
    Effect.sync(() => {
      const hashes = algorithms.map((algorithm) => [algorithm, Crypto.createHash(algorithm)] as const)
      return {
        update: (bytes) => {
          for (const [, hash] of hashes) hash.update(bytes)
        },
        digest: Effect.sync(() => new Map(hashes.map(([algorithm, hash]) => [algorithm, hash.digest("hex")])))
      }
    })
}

/**
 * {@link make} as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Hasher.Hasher> = Layer.succeed(Hasher.Hasher, make)
