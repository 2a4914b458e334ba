/** @since 0.1.0 */
export * as Catalog from "./Catalog.js"
export * as Cloud from "./Cloud.js"
export * as Identity from "./Identity.js"
export * as Keystone from "./Keystone.js"
export * as Rackspace from "./Rackspace.js"
