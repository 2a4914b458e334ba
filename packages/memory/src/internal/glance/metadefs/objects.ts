import type { Context, Reply } from "../context.js"
import { jsonReply } from "../context.js"
import { badRequest, conflict } from "../errors.js"
import { isObject, type Json, type JsonObject } from "../python.js"
import { parseLimit } from "../query.js"
import { Parameters } from "../request.js"
import { validate } from "../validate.js"
import { checkVisibility, deleting, deletingAll, requireFree, takeDirection, writing } from "./request.js"
import type { Namespace, ObjectRow } from "./rows.js"
import * as schemas from "./schemas.js"
import { change, findNamespace, findRow, newRow, ofObjects, sorted, times } from "./state.js"
import * as types from "./types.js"

const readOnly = ["self", "schema", "created_at", "updated_at"]

const links = (namespace: string, name: string) => ({
  self: `/v2/metadefs/namespaces/${namespace}/objects/${name}`,
  schema: "/v2/schemas/metadefs/object"
})

/** As the database has it. */
export const viewObject = (namespace: string, row: ObjectRow) => ({
  name: row.name,
  required: row.required === null || row.required === "" ? [] : row.required.split(","),
  description: row.description ?? undefined,
  properties: row.properties,
  ...times(row),
  ...links(namespace, row.name)
})

/** As the request has it, without what is null. */
const echo = (namespace: string, record: JsonObject, row: ObjectRow) => ({
  ...Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null)),
  ...times(row),
  ...links(namespace, row.name)
})

const columns = (record: JsonObject) => {
  const { description, name, properties, required } = record
  return {
    name: String(name),
    required: Array.isArray(required) && required.length > 0 ? required.join(",") : null,
    description: typeof description === "string" ? description : null,
    properties: isObject(properties ?? null) ? (properties as JsonObject) : {}
  }
}

const check = (what: string, { properties, ...row }: ReturnType<typeof columns>): void =>
  types.checkCharacters(what, { ...row, json_schema: properties })

const find = ({ objects }: Namespace, name: string): ObjectRow => findRow(objects, "metadata object", name)

export const addObject = (context: Context, namespace: Namespace, what: string, record: JsonObject): ObjectRow => {
  const row = columns(record)
  check(what, row)
  if (namespace.objects.has(row.name)) {
    throw conflict(`A metadata definition object with name=${row.name} already exists in namespace=${namespace.name}.`)
  }
  const object = { ...newRow(context), ...row }
  namespace.objects.set(object.name, object)
  return object
}

export const listObjects = (context: Context, namespaceName: string): Reply => {
  const params = Parameters.parse(context.request.query)
  takeDirection(params)
  const limit = params.pop("limit")
  checkVisibility(params, ["public", "private", "shared"])
  if (parseLimit(limit) === 0) throw badRequest("limit param must be positive")
  const namespace = findNamespace(context, namespaceName, ofObjects)
  // The service checks the parameters and does not use them.
  const objects = sorted(namespace.objects.values()).map((row) => viewObject(namespace.name, row))
  return jsonReply({ objects, schema: "v2/schemas/metadefs/objects" })
}

export const showObject = (context: Context, namespaceName: string, name: string): Reply => {
  const namespace = findNamespace(context, namespaceName, ofObjects)
  return jsonReply(viewObject(namespace.name, find(namespace, name)))
}

const kind = { schema: schemas.object, readOnly, read: types.object, sentences: ofObjects }

/** The properties of a new object are also checked one by one. */
const readNew = (body: Json): JsonObject => {
  const properties = isObject(body) ? body["properties"] : undefined
  for (const property of Object.values(properties ?? {})) validate(property as Json, schemas.namelessProperty)
  return types.object(body)
}

export const createObject = writing({ ...kind, read: readNew }, "add_metadef_object", (context, namespace, record) => {
  const object = addObject(context, namespace, "Couldn't create metadata object", record)
  return jsonReply(echo(namespace.name, record, object), 201)
})

export const updateObject = writing(kind, "modify_metadef_object", (context, namespace, record, name) => {
  const object = find(namespace, name)
  const row = columns(record)
  check("Couldn't update metadata object", row)
  requireFree(context, namespace, "object", name, row.name)
  namespace.objects.delete(name)
  change(context, object, row)
  namespace.objects.set(object.name, object)
  return jsonReply(echo(namespace.name, record, object))
})

export const deleteObject = deleting("object", "delete_metadef_object", find, ofObjects)
export const deleteObjects = deletingAll("objects")
