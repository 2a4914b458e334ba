/**
 * The catalog of a cloud: which service answers where.
 *
 * @since 0.1.0
 */
export * as Catalog from "./Catalog.js"
/**
 * A cloud that is reached over HTTP: the port of the Image API on an identity and the HTTP client of the runtime.
 *
 * @since 0.1.0
 */
export * as Cloud from "./Cloud.js"
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
