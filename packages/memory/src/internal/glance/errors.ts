import * as Effect from "effect/Effect"
import { acceptableErrorType } from "./accept.js"
import type { Reply } from "./context.js"
import { dumpsAscii } from "./python.js"

const malformed = "The server could not comply with the request since it is either malformed or otherwise incorrect."

/** Reason and standard sentence of each status. */
const standard: { readonly [status: number]: readonly [reason: string, explanation: string] } = {
  400: ["Bad Request", malformed],
  401: [
    "Unauthorized",
    "This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required."
  ],
  403: ["Forbidden", "Access was denied to this resource."],
  404: ["Not Found", "The resource could not be found."],
  405: ["Method Not Allowed", malformed],
  409: ["Conflict", "There was a conflict when trying to complete your request."],
  410: ["Gone", "This resource is no longer available. No forwarding address is given."],
  413: ["Request Entity Too Large", "The body of your request was too large for this server."],
  415: ["Unsupported Media Type", malformed],
  416: ["Request Range Not Satisfiable", "The Range requested is not available."],
  431: ["Request Header Fields Too Large", "The request header fields were too large"],
  500: ["Internal Server Error", "The server has either erred or is incapable of performing the requested operation."],
  501: ["Not Implemented", "The server has either erred or is incapable of performing the requested operation."],
  503: ["Service Unavailable", "The server is currently unavailable. Please try again at a later time."]
}

export interface FaultOptions {
  /** Replaces the standard sentence. */
  readonly explanation?: string | undefined
  /** Follows the standard sentence. */
  readonly detail?: string | undefined
  /** An HTML comment. */
  readonly comment?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The explanation is the whole body. */
  readonly bare?: boolean | undefined
  /** No page, no request id. */
  readonly crash?: boolean | undefined
}

/** A response that is an error. Synchronous code throws it, and effects fail with it. */
export class Fault {
  readonly _tag = "Fault"
  constructor(
    readonly status: number,
    readonly options: FaultOptions = {}
  ) {}
}

export const fault = (status: number, explanation?: string): Fault => new Fault(status, { explanation })

export const badRequest = (explanation: string): Fault => fault(400, explanation)

export const forbidden = (explanation: string): Fault => fault(403, explanation)

export const notFound = (explanation?: string): Fault => fault(404, explanation)

export const conflict = (explanation: string): Fault => fault(409, explanation)

export const tooLarge = (explanation: string): Fault => fault(413, explanation)

/** The sentence follows the standard one. */
export const withDetail = (status: number, detail: string): Fault => new Fault(status, { detail })

/** An exception that the service did not expect. */
export const internalError = (): Fault => fault(500)

const escapeHtml = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#x27;")
    .replace(/[^\0-\x7f]/gu, (char) => `&#${char.codePointAt(0)};`)

const body = (error: Fault, method: string, contentType: string, escape: (text: string) => string): string => {
  const { bare, comment, detail = "" } = error.options
  const explanation = escape(error.options.explanation ?? standard[error.status]?.[1] ?? "")
  if (bare === true) return explanation
  switch (error.status) {
    case 405:
      return `The method ${escape(method)} is not allowed for this resource. <br /><br />\n${escape(detail)}`
    case 415:
      return `The request media type ${escape(contentType)} is not supported by this server.\n<br /><br />\n${escape(detail)}`
    case 501:
      return `\nThe request method ${escape(method)} is not implemented for this server. <br /><br />\n${escape(detail)}`
    default: {
      const note = comment === undefined ? "" : `<!-- ${escape(comment)} -->`
      return `${explanation}<br /><br />\n${escape(detail)}\n${note}\n`
    }
  }
}

/** Replaces each text from `open`, in any case, to the next `close`. Takes linear time, other than a regular expression. */
const replaceSpans = (text: string, open: string, close: string, replacement: string): string => {
  const lower = text.toLowerCase()
  const parts: Array<string> = []
  let from = 0
  for (;;) {
    const start = lower.indexOf(open, from)
    const end = start < 0 ? -1 : text.indexOf(close, start + open.length)
    if (end < 0) return parts.join("") + text.slice(from)
    parts.push(text.slice(from, start), replacement)
    from = end + close.length
  }
}

const stripTags = (text: string): string => {
  const line = text.replaceAll("\n", " ").replaceAll("\r", "")
  const broken = replaceSpans(line, "<br", ">", "\n")
  return replaceSpans(replaceSpans(broken, "<!--", "-->", ""), "<", ">", "")
}

/** Writes an error in the type that the `Accept` header asks for. */
export const render = (error: Fault, method: string, headers: Readonly<Record<string, string>>): Reply => {
  if (error.options.crash === true) return { status: 500, headers: { "content-type": "text/plain" }, body: "" }
  if (error.status === 204) return { status: 204, headers: error.options.headers ?? {}, body: "" }
  const reason = standard[error.status]?.[0] ?? "Error"
  const status = `${error.status} ${reason}`
  // The server below takes a body without a type for text.
  const contentType = headers["content-type"] ?? "text/plain"
  const type = acceptableErrorType(headers["accept"] ?? "")
  const message = body(error, method, contentType, type === "text/html" ? escapeHtml : (text) => text)
  const pages = {
    "text/html": () =>
      `<html>\n <head>\n  <title>${status}</title>\n </head>\n <body>\n  <h1>${status}</h1>\n  ${message}\n </body>\n</html>`,
    "application/json": () => dumpsAscii({ message, code: status, title: reason }),
    "text/plain": () => `${status}\n\n${stripTags(message)}`
  }
  const charset = type === "application/json" ? "" : "; charset=UTF-8"
  return {
    status: error.status,
    headers: { ...error.options.headers, "content-type": `${type}${charset}` },
    body: pages[type]()
  }
}

/** Runs what may throw a fault. Anything else that is thrown is a mistake of ours, and stays one. */
export const attempt = <A>(run: () => A): Effect.Effect<A, Fault> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(run())
    } catch (error) {
      if (error instanceof Fault) return Effect.fail(error)
      throw error
    }
  })

/** An exception that the service does not catch. The server below it responds with an empty body. */
export const crash = (): Fault => new Fault(500, { crash: true })
