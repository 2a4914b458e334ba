/**
 * How hashes are computed while bytes flow: the platform does it, since the runtimes have no common way to.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * Hashes of one run of bytes, of several algorithms at once.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hash {
  /**
   * Takes the next bytes. A promise asks to wait before it is given more, and before these are written to; what is
   * needed of them after that has been copied.
   */
  readonly update: (bytes: Uint8Array) => void | Promise<void>
  /** What the bytes so far come to, in lower-case hex, by algorithm. Nothing can be added afterwards. */
  readonly digest: Effect.Effect<ReadonlyMap<string, string>>
}

/**
 * What computes hashes, and of which algorithms.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Whether hashes of this algorithm, by the name that Glance has for it (`md5`, `sha512`), can be computed here. */
  readonly supports: (algorithm: string) => boolean
  /** Begins hashes of algorithms that are supported; another one is a defect. */
  readonly start: (algorithms: ReadonlyArray<string>) => Effect.Effect<Hash, never, Scope.Scope>
}

/**
 * The hasher, as `ImageData` asks for it.
 *
 * @since 0.1.0
 * @category tags
 */
export class Hasher extends Context.Tag("@effect-glance/core/Hasher")<Hasher, Service>() {}
