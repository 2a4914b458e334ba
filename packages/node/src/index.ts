/** @since 0.1.0 */
export * as NodeCloud from "./NodeCloud.js"
/** @since 0.1.0 */
export * as NodeHasher from "./NodeHasher.js"
/** @since 0.1.0 */
export * as NodeMemoryCommand from "./NodeMemoryCommand.js"
/** @since 0.1.0 */
export * as NodeMemoryServer from "./NodeMemoryServer.js"
/** @since 0.1.0 */
export * as NodeTransport from "./NodeTransport.js"
