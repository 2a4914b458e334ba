/** What the parts of the catalogue of definitions have in common. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Answer from "../../Answer.js"
import type * as GlanceClient from "../../GlanceClient.js"
import * as GlanceError from "../../GlanceError.js"
import * as Metadef from "../../Metadef.js"
import * as Argument from "../argument.js"
import * as Progress from "../listingProgress.js"
import * as Request from "../request.js"
import * as Wire from "../wire.js"
import type * as Definition from "./definition.js"

/** The path of a namespace and of what is below it; the span learns which namespace it is. */
export const path = (
  operation: string,
  namespace: Metadef.NamespaceRef,
  ...below: Parameters<typeof Argument.path> extends [string, ...infer Rest] ? Rest : never
): Effect.Effect<string, GlanceError.InvalidArgument> => {
  const name = Metadef.nameOf(namespace)
  return Effect.zipRight(
    Effect.annotateCurrentSpan("glance.metadef_namespace", name),
    Argument.path(operation, "metadefs", "namespaces", ["namespace", name], ...below)
  )
}

export const namespaceNotFound = (namespace: Metadef.NamespaceRef) => (answer: Answer.Answer) =>
  new GlanceError.MetadefNamespaceNotFound({ ...answer, namespace: Metadef.nameOf(namespace) })

export const duplicate = (kind: GlanceError.DuplicateMetadef["kind"], name: string) => (answer: Answer.Answer) =>
  new GlanceError.DuplicateMetadef({ ...answer, kind, name })

/** Only the sentence tells protection from a policy. */
export const forbidden = (namespace: Metadef.NamespaceRef) => (answer: Answer.Answer) =>
  answer.detail.endsWith(" is protected and cannot be deleted.")
    ? new GlanceError.ProtectedMetadef({ ...answer, namespace: Metadef.nameOf(namespace) })
    : new GlanceError.Forbidden(answer)

/** Some of a listing, and the name after which it goes on. */
interface Part<A> {
  readonly items: ReadonlyArray<A>
  readonly next: string | undefined
}

/**
 * A listing that goes on after names, each item once. When the name has gone after which a part is to begin, the
 * listing begins again and leaves out what it has given; unless it has given nothing since it last did.
 */
export const parts = <A extends { readonly name: string }, E extends { readonly _tag: string }>(
  operation: string,
  first: string | undefined,
  part: (marker: string | undefined) => Effect.Effect<Part<A>, E>
): Stream.Stream<A, E | Progress.Failure> =>
  Stream.suspend(() => {
    const given = new Set<string>()
    const progress = Progress.make(operation, first)
    let givenAtRestart = -1
    const again = (error: E, marker: string | undefined): Effect.Effect<Part<A>, E> => {
      const isGone = error._tag === "MetadefNamespaceNotFound" || error._tag === "MetadefTagNotFound"
      if (!isGone || marker === first || given.size === givenAtRestart) return Effect.fail(error)
      givenAtRestart = given.size
      progress.restart()
      return part(first)
    }
    return Stream.paginateEffect(
      first,
      (marker) =>
        Effect.gen(function* () {
          const { items, next } = yield* Effect.catchAll(part(marker), (error) => again(error, marker))
          const fresh = items.filter(({ name }) => !given.has(name))
          yield* progress.page(fresh.length, next)
          for (const { name } of fresh) given.add(name)
          return [fresh, next === undefined ? Option.none() : Option.some<string | undefined>(next)] as const
        })
      // Not in one chunk: `Stream.runFold` takes one stack frame for each item of a chunk.
    ).pipe(Stream.flatMap(Stream.fromIterable))
  }).pipe(Stream.withSpan(operation))

/** How a definition is changed that the server takes as a whole only. */
interface Rewriting<A, On extends Request.Meanings> {
  readonly operation: string
  readonly path: string
  readonly decode: Request.Decode<A>
  /** What the server does not want to hear again. */
  readonly dropped: ReadonlySet<string>
  readonly change: (before: Wire.JsonObject) => Definition.Entries
  /** The record as it is then, of what was read and what the server answered. */
  readonly after?: (before: Wire.JsonObject, answer: Wire.JsonObject) => Wire.JsonObject
  readonly on: On & Request.Meanings
}

const readRecord = Request.json(Request.decoder(Wire.JsonObject))

/**
 * Reads the whole definition, changes what is named, and sends it back, unless it is so already. What was read goes back
 * as it came, so that nothing is lost of what a newer server may have in it.
 */
export const rewrite = <A, On extends Request.Meanings>(
  http: GlanceClient.Service,
  { after = (_, answer) => answer, change, decode, dropped, on, operation, path }: Rewriting<A, On>
): Effect.Effect<A, Request.ErrorOf<On>> => {
  const send = (request: HttpClientRequest.HttpClientRequest, decode: Request.Decode<A>) =>
    Request.run<{ readonly record: Wire.JsonObject; readonly value: A }, On>(http, {
      operation,
      request,
      decode: (text, headers, secrets) =>
        Either.flatMap(readRecord(text, headers, secrets), (record) =>
          Either.map(decode(record), (value) => ({ record, value }))
        ),
      on
    })
  return Effect.gen(function* () {
    const { record, value } = yield* send(HttpClientRequest.get(path), decode)
    const body = new Map(Object.entries(record).filter(([key]) => !dropped.has(key)))
    const changes = change(record).filter(([key, wanted]) => !isSame(body.get(key) ?? null, wanted))
    if (changes.length === 0) return value
    for (const [key, wanted] of changes) {
      if (wanted === null) body.delete(key)
      else body.set(key, wanted)
    }
    const written = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.put(path), Object.fromEntries(body))
    return (yield* send(written, (answer) => decode(after(record, answer as Wire.JsonObject)))).value
  })
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Deletes what is at the path, which is the namespace or something in it. */
export const remove = <On extends Request.Meanings>(
  http: GlanceClient.Service,
  operation: string,
  path: string,
  namespace: Metadef.NamespaceRef,
  on: On
) =>
  Request.run(http, {
    operation,
    request: HttpClientRequest.del(path),
    decode: Request.nothing,
    on: { ...on, 403: forbidden(namespace) }
  })

/** Deletes all of one kind in a namespace. */
export const removeAll = (
  http: GlanceClient.Service,
  operation: string,
  namespace: Metadef.NamespaceRef,
  kind: "properties" | "objects" | "tags"
) =>
  Effect.flatMap(path(operation, namespace, kind), (path) =>
    remove(http, operation, path, namespace, { 404: namespaceNotFound(namespace) })
  )

/** All of one kind in a namespace, where one answer holds all. */
export const all = <A, Item>(
  http: GlanceClient.Service,
  operation: string,
  namespace: Metadef.NamespaceRef,
  kind: "properties" | "objects" | "resource_types",
  decode: Request.Read<A>,
  itemsOf: (answer: A) => Iterable<Item>
) =>
  Effect.flatMap(path(operation, namespace, kind), (path) =>
    Request.run(http, {
      operation,
      request: HttpClientRequest.get(path),
      decode,
      on: { 404: namespaceNotFound(namespace) }
    })
  ).pipe(Effect.map(itemsOf), Stream.fromIterableEffect, Stream.withSpan(operation))
