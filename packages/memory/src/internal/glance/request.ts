import * as Effect from "effect/Effect"
import { isNestedDeeper } from "../nesting.js"
import { decode, readBytes, TooLarge } from "../reply.js"
import type { WireRequest } from "../wire.js"
import { attempt, badRequest, type Fault, fault, internalError } from "./errors.js"
import { isObject, type Json } from "./python.js"

const transferEncodings = new Set(["chunked", "compress", "deflate", "gzip", "identity"])

/** Whether the headers announce a body. The service does not look at the bytes. */
export const hasBody = (request: WireRequest): boolean => {
  const encoding = (request.headers["transfer-encoding"] ?? "").toLowerCase()
  if (transferEncodings.has(encoding) && ["POST", "PUT", "PATCH"].includes(request.method)) return true
  return Number(request.headers["content-length"] ?? 0) > 0
}

const malformed = () => badRequest("Malformed JSON in request body.")

/** Bytes of one document. Glance itself has no limit; a stand-in on a small machine needs one. */
const largestDocument = 16 * 1024 * 1024

/** Below this depth the service's parser raises `RecursionError` (measured with Glance 25.1 on Python 3.11). */
const deepestDocument = 874

/** The JSON of a request. The document of a client that goes away is malformed. */
export const readJson = (request: WireRequest): Effect.Effect<Json, Fault> =>
  Effect.gen(function* () {
    if (!hasBody(request)) return yield* Effect.fail(badRequest("Body expected in request."))
    const chunks = yield* Effect.mapError(readBytes(request.body, largestDocument), (error) =>
      error instanceof TooLarge ? fault(413) : malformed()
    )
    const text = yield* Effect.try({ try: () => decode(chunks, true), catch: malformed })
    const value = yield* Effect.try({ try: () => JSON.parse(text) as Json, catch: malformed })
    if (isNestedDeeper(text, deepestDocument)) return yield* Effect.fail(internalError())
    if (!isObject(value) && !Array.isArray(value)) {
      return yield* Effect.fail(badRequest("Unexpected body type. Expected list/dict."))
    }
    return value
  })

/** Reads the JSON of a request, and responds to it. */
export const withJson = <A>(
  { request }: { readonly request: WireRequest },
  respond: (body: Json) => A
): Effect.Effect<A, Fault> => Effect.flatMap(readJson(request), (body) => attempt(() => respond(body)))

/** Some routes of Glance do not refuse a body, and fail after they have read it. */
export const withoutBody = <A>(
  { request }: { readonly request: WireRequest },
  answer: () => A
): Effect.Effect<A, Fault> =>
  hasBody(request) ? Effect.flatMap(readJson(request), () => Effect.fail(internalError())) : attempt(answer)

/** The media type without its parameters. */
export const mediaType = (request: WireRequest): string | undefined =>
  request.headers["content-type"]?.split(";")[0]?.trim()

const undecodable = () =>
  badRequest(
    "Error decoding your request. Either the URL or the request body contained characters that could not be decoded by Glance"
  )

const unquote = (text: string): string => {
  // Python leaves a percent sign that begins no escape alone; the rest must be UTF-8.
  const escaped = text.replace(/%(?![0-9a-fA-F]{2})/g, "%25")
  try {
    return decodeURIComponent(escaped)
  } catch {
    throw undecodable()
  }
}

/**
 * The service's router reads each byte of a path as a character. A tag beyond ASCII has another name in a path than in a
 * body. Returns `undefined` for a path that is not UTF-8: the service crashes.
 */
export const decodePath = (path: string): string | undefined => {
  const escaped = path.replace(/%(?![0-9a-fA-F]{2})/g, "%25")
  try {
    const bytes = new TextEncoder().encode(decodeURIComponent(escaped))
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")
  } catch {
    return undefined
  }
}

/** The query as a list: of repeated parameters, the service looks up the last and removes the first. */
export class Parameters {
  private constructor(private readonly items: Array<[string, string]>) {}

  static parse(query: string): Parameters {
    const items: Array<[string, string]> = []
    for (const part of query.split("&")) {
      if (part === "") continue
      const at = part.indexOf("=")
      const name = at < 0 ? part : part.slice(0, at)
      const value = at < 0 ? "" : part.slice(at + 1)
      items.push([unquote(name.replaceAll("+", " ")), unquote(value.replaceAll("+", " "))])
    }
    return new Parameters(items)
  }

  has(name: string): boolean {
    return this.items.some(([key]) => key === name)
  }

  get(name: string): string | undefined {
    return this.flatten().get(name)
  }

  pop(name: string): string | undefined {
    const index = this.items.findIndex(([key]) => key === name)
    return index < 0 ? undefined : this.items.splice(index, 1)[0]?.[1]
  }

  /** All that is left, in the order it came. */
  entries(): ReadonlyArray<readonly [string, string]> {
    return this.items
  }

  /** Every name once, where it came first, with the value that came last. */
  flatten(): Map<string, string> {
    return new Map(this.items)
  }
}
