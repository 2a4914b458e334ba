/**
 * Computes hashes of data while it is transferred. Runtimes differ in how they do that, so it is a service.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as HashAlgorithms from "./internal/hashAlgorithms.js"
import * as Portable from "./internal/portableHasher.js"

/**
 * Several hashes of the same bytes, computed together.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hash {
  /**
   * Adds bytes. If it returns a promise, wait for it before the next call, and before you write to the bytes. A promise
   * that rejects is a defect of the transfer: the hasher has stopped, for instance because its thread ended.
   */
  readonly update: (bytes: Uint8Array) => void | Promise<void>
  /** Returns the hashes in lower-case hex, by algorithm. No bytes can be added afterwards. */
  readonly digest: Effect.Effect<ReadonlyMap<string, string>>
}

/**
 * Computes hashes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Returns whether this runtime can compute hashes of an algorithm, given by any name that `canonicalName` knows. */
  readonly supports: (algorithm: string) => boolean
  /** Starts hashes of the algorithms. An algorithm that is not supported is a defect. */
  readonly start: (algorithms: ReadonlyArray<string>) => Effect.Effect<Hash, never, Scope.Scope>
}

/**
 * The hasher that `ImageData`, `ImageCreation` and `ImageReleases` use. They read it when their layer is built.
 *
 * Its default works in every runtime and is the same as `PortableHasher.layer`. On Node, provide `NodeHasher.layer` of
 * `@effect-glance/node`, which is several times as fast and uses threads.
 *
 * @since 0.1.0
 * @category context
 */
export class Hasher extends Context.Reference<Hasher>()("@effect-glance/core/Hasher", {
  defaultValue: (): Service => ({ supports: Portable.supports, start: Portable.start })
}) {}

/**
 * Returns the name that Python's hashlib has for a hash algorithm. Glance writes the name from its configuration to
 * `os_hash_algo`, and OpenSSL has other names for the same algorithms.
 *
 * Case and punctuation do not matter. Returns an unknown name in lower case.
 *
 * @since 0.1.0
 * @category utils
 * @example
 * ```ts
 * import * as Hasher from "@effect-glance/core/Hasher"
 *
 * Hasher.canonicalName("SHA3-512") // "sha3_512"
 * Hasher.canonicalName("blake2b512") // "blake2b"
 * ```
 */
export const canonicalName: (algorithm: string) => string = HashAlgorithms.canonicalName
