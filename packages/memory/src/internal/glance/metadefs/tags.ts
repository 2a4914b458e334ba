import type { Context, Reply } from "../context.js"
import { jsonReply } from "../context.js"
import { conflict, internalError } from "../errors.js"
import { requireAdmin } from "../policy.js"
import { entryOf, type Json } from "../python.js"
import { parseLimit } from "../query.js"
import { Parameters } from "../request.js"
import { validate } from "../validate.js"
import { checkVisibility, deleting, deletingAll, takeDirection, writing } from "./request.js"
import type { Namespace, TagRow } from "./rows.js"
import * as schemas from "./schemas.js"
import { type Column, change, findNamespace, findRow, newRow, page, times } from "./state.js"
import * as types from "./types.js"

const readOnly = ["created_at", "updated_at"]

const view = (tag: TagRow) => ({ name: tag.name, ...times(tag) })

const find = ({ tags }: Namespace, name: string): TagRow => findRow(tags, "metadata tag", name)

/** In this service, other than in some databases, the names of tags are case sensitive. */
const taken = (namespace: Namespace, name: string) =>
  conflict(
    `A metadata tag with name=${name} already exists in namespace=${namespace.name}. (Please note that metadata tag names are case insensitive).`
  )

export const addTag = (context: Context, namespace: Namespace, name: string): TagRow => {
  if (namespace.tags.has(name)) throw taken(namespace, name)
  const tag: TagRow = { ...newRow(context), name }
  namespace.tags.set(name, tag)
  return tag
}

const columns: { readonly [key: string]: Column<TagRow> } = {
  id: ({ createdAt }) => createdAt,
  namespace_id: () => null,
  name: ({ name }) => name,
  created_at: ({ createdAt }) => createdAt,
  updated_at: ({ updatedAt }) => updatedAt
}

export const tagsOf = (namespace: Namespace): ReadonlyArray<{ readonly name: string }> =>
  page(namespace.tags.values(), ({ createdAt }) => createdAt, true, undefined, undefined).map(({ name }) => ({ name }))

export const listTags = (context: Context, namespaceName: string): Reply => {
  const params = Parameters.parse(context.request.query)
  const limit = params.pop("limit")
  const marker = params.pop("marker")
  const descending = takeDirection(params)
  const key = params.pop("sort_key") ?? "created_at"
  checkVisibility(params, ["public", "private", "shared"])
  const number = limit === "" ? undefined : parseLimit(limit)
  const namespace = findNamespace(context, namespaceName)
  const after = marker === undefined || marker === "" ? undefined : find(namespace, marker)
  const column = entryOf(columns, key)
  if (column === undefined) throw internalError()
  const tags = page(namespace.tags.values(), column, descending, after, number)
  return jsonReply({ tags: tags.map(({ name }) => ({ name })) })
}

export const showTag = (context: Context, namespaceName: string, name: string): Reply =>
  jsonReply(view(find(findNamespace(context, namespaceName), name)))

export const createTag = (context: Context, namespaceName: string, name: string): Reply => {
  const namespace = findNamespace(context, namespaceName)
  validate({ name }, schemas.tag)
  requireAdmin(context, "add_metadef_tag")
  return jsonReply(view(addTag(context, namespace, name)), 201)
}

const affirmative = new Set(["t", "true", "on", "y", "yes", "1"])

export const createTags = writing(
  { schema: schemas.tagList, readOnly, read: types.tagList },
  "add_metadef_tags",
  (context, namespace, { tags }) => {
    if (!Array.isArray(tags)) throw internalError()
    const append = affirmative.has((context.request.headers["x-openstack-append"] ?? "").trim().toLowerCase())
    const names = tags.map((tag: Json) => String((tag as { readonly name: string }).name))
    // An empty list deletes no tags.
    if (names.length > 0) {
      const kept = append ? new Set(namespace.tags.keys()) : new Set<string>()
      for (const name of names) {
        if (kept.has(name)) throw taken(namespace, name)
        kept.add(name)
      }
      if (!append) namespace.tags.clear()
      for (const name of names) addTag(context, namespace, name)
    }
    return jsonReply({ tags: names.map((name) => ({ name })) }, 201)
  }
)

export const updateTag = writing(
  { schema: schemas.tag, readOnly, read: types.tag },
  "modify_metadef_tag",
  (context, namespace, record, name) => {
    const wanted = String(record["name"])
    const tag = find(namespace, name)
    types.checkCharacters("Couldn't update metadata tag", { name: wanted })
    if (wanted !== name && namespace.tags.has(wanted)) throw taken(namespace, wanted)
    namespace.tags.delete(name)
    change(context, tag, { name: wanted })
    namespace.tags.set(wanted, tag)
    return jsonReply(view(tag))
  }
)

export const deleteTag = deleting("tag", "delete_metadef_tag", find)
export const deleteTags = deletingAll("tags")
