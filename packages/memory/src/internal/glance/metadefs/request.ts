import type * as Effect from "effect/Effect"
import { type Context, noContent, type Reply } from "../context.js"
import { badRequest, type Fault, forbidden } from "../errors.js"
import { requireAdmin } from "../policy.js"
import { type Json, names } from "../python.js"
import { validSortDir } from "../query.js"
import * as releases from "../releases.js"
import { type Parameters, withJson, withoutBody } from "../request.js"
import type { JsonSchema } from "../schemas.js"
import { validate } from "../validate.js"
import type { Namespace } from "./rows.js"
import { findNamespace, requireUnprotected, type Sentences } from "./state.js"

/** Reads a body that must match a schema, and responds to it. */
export const withBody = (
  context: Context,
  schema: JsonSchema,
  readOnly: ReadonlyArray<string>,
  respond: (body: Json) => Reply
): Effect.Effect<Reply, Fault> =>
  withJson(context, (body) => {
    for (const name of readOnly) if (names(body, name)) throw forbidden(`Attribute '${name}' is read-only.`)
    validate(body, schema)
    return respond(body)
  })

/** A kind of definition, as a request writes it. */
interface Kind<Record> {
  readonly schema: JsonSchema
  readonly readOnly: ReadonlyArray<string>
  readonly read: (body: Json) => Record
  readonly sentences?: Sentences
}

/** Makes the route that writes a definition of this kind into a namespace. */
export const writing =
  <Record>(
    { read, readOnly, schema, sentences }: Kind<Record>,
    action: string,
    write: (context: Context, namespace: Namespace, record: Record, name: string) => Reply
  ) =>
  (context: Context, namespaceName: string, name: string): Effect.Effect<Reply, Fault> =>
    withBody(context, schema, readOnly, (body) => {
      const record = read(body)
      const namespace = findNamespace(context, namespaceName, sentences)
      requireAdmin(context, action)
      return write(context, namespace, record, name)
    })

/** Makes the route that deletes everything of one kind from a namespace. */
export const deletingAll =
  (kind: "properties" | "objects" | "tags") =>
  (context: Context, name: string): Effect.Effect<Reply, Fault> =>
    withoutBody(context, () => {
      const namespace = findNamespace(context, name)
      requireAdmin(context, "delete_metadef_namespace")
      requireUnprotected(namespace, "namespace", name)
      namespace[kind].clear()
      return noContent
    })

const collections = { object: "objects", property: "properties", tag: "tags" } as const

/** Refuses to rename a definition to the name of another one. */
export const requireFree = (
  context: Context,
  namespace: Namespace,
  kind: keyof typeof collections,
  name: string,
  wanted: string
): void => {
  if (wanted === name || !namespace[collections[kind]].has(wanted)) return
  const clash = `a duplicate metadata definition ${kind} with the same name=${name} in namespace=${namespace.name}`
  throw releases.takenName(context, `Invalid update. It would result in ${clash}.`)
}

/** Makes the route that deletes one row of a namespace. */
export const deleting =
  (
    kind: keyof typeof collections,
    action: string,
    find: (namespace: Namespace, name: string) => unknown,
    sentences?: Sentences
  ) =>
  (context: Context, namespaceName: string, name: string): Reply => {
    const namespace = findNamespace(context, namespaceName, sentences)
    requireAdmin(context, action)
    find(namespace, name)
    requireUnprotected(namespace, kind, name)
    namespace[collections[kind]].delete(name)
    return noContent
  }

export const takeDirection = (params: Parameters): boolean => validSortDir(params.pop("sort_dir") ?? "desc")

export const checkVisibility = (params: Parameters, known: ReadonlyArray<string>): void => {
  const visibility = params.get("visibility")
  if (visibility !== undefined && visibility !== "" && !known.includes(visibility)) {
    throw badRequest(`Invalid visibility value: ${visibility}`)
  }
}
