/**
 * Computes hashes in plain JavaScript, for every runtime: browsers, workers, Bun, Deno and Node.
 *
 * @since 0.1.0
 */
import * as Layer from "effect/Layer"
import * as Hasher from "./Hasher.js"
import * as Internal from "./internal/portableHasher.js"

/**
 * A hasher of the algorithms of `@noble/hashes` that Python's hashlib knows: md5, sha1, the sha2 and sha3 families,
 * `blake2b`, `blake2s` and `ripemd160`.
 *
 * Hashes are computed on the calling thread, which gets a turn for other tasks after every 2 MiB. On Node, `NodeHasher`
 * of `@effect-glance/http` is several times as fast and uses threads.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Hasher.Service = { supports: Internal.supports, start: Internal.start }

/**
 * {@link make} as a layer. `Hasher` uses it by default; provide it to replace another hasher.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import * as ImageData from "@effect-glance/core/ImageData"
 * import * as PortableHasher from "@effect-glance/core/PortableHasher"
 * import * as Layer from "effect/Layer"
 *
 * const data = ImageData.layer.pipe(Layer.provide(PortableHasher.layer))
 * ```
 */
export const layer: Layer.Layer<Hasher.Hasher> = Layer.succeed(Hasher.Hasher, make)
