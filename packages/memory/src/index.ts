/**
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

/**
 * @since 0.1.0
 */
export * as MemoryCloud from "./MemoryCloud.js"

/**
 * @since 0.1.0
 */
export * as MemoryServer from "./MemoryServer.js"

/**
 * @since 0.1.0
 */
export * as RequestLog from "./RequestLog.js"
