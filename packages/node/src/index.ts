/**
 * Clouds from `clouds.yaml` and the `OS_*` variables on Node. The HTTP client trusts the certificates that they name.
 *
 * @since 0.1.0
 */
export * as NodeCloud from "./NodeCloud.js"
/**
 * Hashes by the OpenSSL that Node comes with, in threads of their own: a hash is slower than most networks, and the
 * bytes shall not wait for it.
 *
 * @since 0.1.0
 */
export * as NodeHasher from "./NodeHasher.js"
/**
 * A cloud in memory on a socket of this machine.
 *
 * @since 0.1.0
 */
export * as NodeMemoryServer from "./NodeMemoryServer.js"
/**
 * An HTTP client over undici's dispatcher, for many small requests and for uploads that do not wait for the garbage
 * collector.
 *
 * @since 0.1.0
 */
export * as NodeTransport from "./NodeTransport.js"
