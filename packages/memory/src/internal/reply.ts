import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { randomHex } from "./tokens.js"
import type { WireRequest, WireResponse } from "./wire.js"

export const requestId = (): string => `req-${globalThis.crypto.randomUUID()}`

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): WireResponse => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body)
})

export const empty = (status: number, headers: Readonly<Record<string, string>> = {}): WireResponse => ({
  status,
  headers,
  body: ""
})

/** What this process keeps of a body that it has to read whole: nobody sends a login of more than a mebibyte. */
const largestDocument = 1024 * 1024

/** The whole body as text; a body that breaks off or is too large reads as `undefined`. */
export const readText = (request: WireRequest): Effect.Effect<string | undefined> =>
  Stream.runFold(request.body, { size: 0, chunks: [] as Array<Uint8Array> }, (read, chunk) => {
    read.size += chunk.length
    if (read.size <= largestDocument) read.chunks.push(chunk)
    return read
  }).pipe(
    Effect.map(({ chunks, size }) => (size > largestDocument ? undefined : decode(chunks))),
    Effect.orElseSucceed(() => undefined)
  )

const decode = (chunks: ReadonlyArray<Uint8Array>): string => {
  const decoder = new TextDecoder()
  let text = ""
  for (const chunk of chunks) text += decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}

export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

export const parse = (text: string): Json | undefined => {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const asString = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined)

/** Path segments, decoded as a WSGI server does it: a stray `%` stays what it is. */
export const segments = (path: string): ReadonlyArray<string> =>
  path
    .split("/")
    .filter((segment) => segment !== "")
    .map((segment) => {
      try {
        return decodeURIComponent(segment)
      } catch {
        return segment
      }
    })

/** Python's `isoformat` with microseconds and a Z, as Keystone writes times. */
export const microTime = (millis: number): string => new Date(millis).toISOString().replace(/Z$/, "000Z")

export { randomHex }
