import * as Effect from "effect/Effect"
import { type Context, noContent, type Reply } from "../context.js"
import { attempt, badRequest, type Fault, forbidden } from "../errors.js"
import { requireAdmin } from "../policy.js"
import type { Json } from "../python.js"
import { validSortDir } from "../query.js"
import { type Parameters, readJson, withoutBody } from "../request.js"
import type { JsonSchema } from "../schemas.js"
import { validate } from "../validate.js"
import type { Namespace } from "./rows.js"
import { findNamespace, requireUnprotected, type Sentences } from "./state.js"

/** In an object it is a key, in a list an element. */
const holds = (body: Json, name: string): boolean =>
  Array.isArray(body) ? body.includes(name) : Object.hasOwn(body as object, name)

/** Reads a body that must match a schema, and goes on with it. */
export const withBody = (
  context: Context,
  schema: JsonSchema,
  readOnly: ReadonlyArray<string>,
  answer: (body: Json) => Reply
): Effect.Effect<Reply, Fault> =>
  Effect.flatMap(readJson(context.request), (body) =>
    attempt(() => {
      for (const name of readOnly) if (holds(body, name)) throw forbidden(`Attribute '${name}' is read-only.`)
      validate(body, schema)
      return answer(body)
    })
  )

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
