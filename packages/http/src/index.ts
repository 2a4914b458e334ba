/** @since 0.1.0 */
export * as Catalog from "./Catalog.js"
/** @since 0.1.0 */
export * as Circuit from "./Circuit.js"
/** @since 0.1.0 */
export * as Cloud from "./Cloud.js"
/** @since 0.1.0 */
export * as CloudAuth from "./CloudAuth.js"
/** @since 0.1.0 */
export * as CloudConfig from "./CloudConfig.js"
/** @since 0.1.0 */
export * as CloudConfigError from "./CloudConfigError.js"
/** @since 0.1.0 */
export * as Directory from "./Directory.js"
/** @since 0.1.0 */
export * as Identity from "./Identity.js"
/** @since 0.1.0 */
export * as Keystone from "./Keystone.js"
/** @since 0.1.0 */
export * as Rackspace from "./Rackspace.js"
/** @since 0.1.0 */
export * as Throttle from "./Throttle.js"
