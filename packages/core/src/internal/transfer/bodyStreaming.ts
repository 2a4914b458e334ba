import type * as GlanceClient from "../../GlanceClient.js"

/** The globals that show how a runtime treats a stream as the body of a `fetch`. */
export interface Runtime {
  readonly Request?: (new (url: string, init: object) => { readonly headers: Headers }) | undefined
  readonly ReadableStream?: (new () => unknown) | undefined
  readonly navigator?: { readonly userAgent?: string | undefined } | undefined
}

/**
 * Finds out which streams the `fetch` of a runtime can send.
 *
 * A runtime that does not know streams as bodies converts them to text, and announces `text/plain`. Browsers that know
 * them read `duplex`, and send them over HTTP/2 only. The user agent of every browser begins with `Mozilla/`; other
 * runtimes send streams over every version of HTTP.
 */
export const detect = ({ navigator, ReadableStream, Request }: Runtime): GlanceClient.BodyStreaming => {
  // Without these the runtime has no fetch, so the HTTP client is another one.
  if (Request === undefined) return "always"
  if (ReadableStream === undefined) return "never"
  let readsDuplex = false
  try {
    const request = new Request("http://localhost/", {
      method: "POST",
      body: new ReadableStream(),
      get duplex() {
        readsDuplex = true
        return "half"
      }
    })
    if (request.headers.has("content-type")) return "never"
  } catch {
    return "never"
  }
  if (navigator?.userAgent?.startsWith("Mozilla/") !== true) return "always"
  return readsDuplex ? "http2" : "never"
}

let known: GlanceClient.BodyStreaming | undefined

/** Returns what the `fetch` of this runtime can send, and caches it. */
export const ofRuntime = (): GlanceClient.BodyStreaming => {
  known ??= detect(globalThis as unknown as Runtime)
  return known
}
