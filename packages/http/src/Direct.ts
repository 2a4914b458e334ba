/**
 * The way past `HttpClient.make` between `NodeTransport` and the port, for these two only.
 *
 * @internal
 */
export * from "./internal/direct.js"
