import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { isNestedDeeper } from "./nesting.js"
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

/** A handler throws it to end a request early with this response. */
export class Refused {
  constructor(readonly response: WireResponse) {}
}

export const orRefusal = <A>(handle: () => A): A | WireResponse => {
  try {
    return handle()
  } catch (error) {
    if (error instanceof Refused) return error.response
    throw error
  }
}

const beyondAscii = /[\u0080-\uffff]/

/** The bytes of a body; `undefined` for a stream. Most texts are ASCII, and a page of a thousand images is long. */
export const lengthOf = (body: WireResponse["body"]): number | undefined => {
  if (typeof body !== "string") return body instanceof Uint8Array ? body.length : undefined
  return beyondAscii.test(body) ? new TextEncoder().encode(body).length : body.length
}

/** A body as a stream, in pieces such as a socket brings them. */
export const streamOf = (body: WireResponse["body"]): Stream.Stream<Uint8Array, unknown> => {
  if (typeof body === "string") return body === "" ? Stream.empty : Stream.sync(() => new TextEncoder().encode(body))
  if (!(body instanceof Uint8Array)) return body
  return body.length === 0 ? Stream.empty : pieces(body)
}

const pieceSize = 64 * 1024

const pieces = (bytes: Uint8Array): Stream.Stream<Uint8Array> =>
  bytes.length <= pieceSize
    ? Stream.succeed(bytes)
    : Stream.unfold(0, (from) =>
        from >= bytes.length
          ? Option.none()
          : Option.some([bytes.subarray(from, from + pieceSize), from + pieceSize] as const)
      ).pipe(Stream.rechunk(1))

/** The body has more bytes than the service reads. */
export class TooLarge extends Data.TaggedError("TooLarge")<{ readonly limit: number }> {}

/** The bytes of a body, in the pieces in which they arrived. Reads no further than the limit. */
export const readBytes = <E>(
  body: Stream.Stream<Uint8Array, E>,
  limit: number
): Effect.Effect<ReadonlyArray<Uint8Array>, E | TooLarge> =>
  Stream.runFoldEffect(body, { size: 0, chunks: [] as Array<Uint8Array> }, (read, chunk) => {
    read.size += chunk.length
    if (read.size > limit) return Effect.fail(new TooLarge({ limit }))
    read.chunks.push(chunk)
    return Effect.succeed(read)
  }).pipe(Effect.map(({ chunks }) => chunks))

/** The body as text; `undefined` if the client goes away before its end. */
export const readText = (request: WireRequest, limit: number): Effect.Effect<string | undefined, TooLarge> =>
  readBytes(request.body, limit).pipe(
    Effect.map((chunks) => decode(chunks)),
    Effect.catchAll((error) => (error instanceof TooLarge ? Effect.fail(error) : Effect.succeed(undefined)))
  )

/** The text of a body. Throws for bytes that are no UTF-8 if it is `fatal`. */
export const decode = (chunks: ReadonlyArray<Uint8Array>, fatal = false): string => {
  const decoder = new TextDecoder("utf-8", { fatal })
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode()
}

export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/** Python's parser gives up at about 1,000 levels, and so do the services. */
const deepest = 1000

export const parse = (text: string): Json | undefined => {
  if (isNestedDeeper(text, deepest)) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const asString = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined)

/** Decodes a path segment as a WSGI server does: a `%` that begins no escape stays as it is. */
export const decodeSegment = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

export const segments = (path: string): ReadonlyArray<string> =>
  path
    .split("/")
    .filter((segment) => segment !== "")
    .map(decodeSegment)

/** Python's `isoformat` with microseconds and a Z, as Keystone writes times. */
export const microTime = (millis: number): string => new Date(millis).toISOString().replace(/Z$/, "000Z")
