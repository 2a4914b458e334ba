/**
 * The catalog of a cloud: which service answers where.
 *
 * @since 0.1.0
 */
export * as Catalog from "./Catalog.js"
/**
 * Leaves a cloud alone for a while when it is down. Off unless it is provided.
 *
 * @since 0.1.0
 */
export * as Circuit from "./Circuit.js"
/**
 * A cloud that is reached over HTTP: the port of the Image API on an identity and the HTTP client of the runtime.
 *
 * @since 0.1.0
 */
export * as Cloud from "./Cloud.js"
/**
 * How to log in, as a value: what a configuration says of it.
 *
 * @since 0.1.0
 */
export * as CloudAuth from "./CloudAuth.js"
/**
 * Which cloud, as whom: what `clouds.yaml` and the `OS_*` variables say, read as openstacksdk reads them.
 *
 * @since 0.1.0
 */
export * as CloudConfig from "./CloudConfig.js"
/**
 * What can be wrong with the configuration of a cloud. No value stands in these errors that may be a secret, and nothing
 * of a file that cannot be read.
 *
 * @since 0.1.0
 */
export * as CloudConfigError from "./CloudConfigError.js"
/**
 * Who the caller is: the token and what it opens. One login serves any number of fibers.
 *
 * @since 0.1.0
 */
export * as Identity from "./Identity.js"
/**
 * Logins at Keystone, the identity service of OpenStack, by its API v3. A login that meets a broken connection, 429,
 * 502, 503 or 504 is sent again, up to three times and within a minute.
 *
 * @since 0.1.0
 */
export * as Keystone from "./Keystone.js"
/**
 * Logins at Rackspace's identity service, by its API v2.0. A login that meets a broken connection, 429, 502, 503 or 504
 * is sent again, up to three times and within a minute.
 *
 * @since 0.1.0
 */
export * as Rackspace from "./Rackspace.js"
/**
 * How many requests go to an image service at once, and how many in a second. There is no such limit where no throttle
 * is provided.
 *
 * @since 0.1.0
 */
export * as Throttle from "./Throttle.js"
