import type { Context, Reply } from "../context.js"
import { jsonReply } from "../context.js"
import { badRequest, conflict } from "../errors.js"
import { requireAdmin } from "../policy.js"
import { isObject, type Json } from "../python.js"
import { parseLimit } from "../query.js"
import * as releases from "../releases.js"
import { Parameters } from "../request.js"
import { validate } from "../validate.js"
import { checkVisibility, deleting, deletingAll, takeDirection, withBody } from "./request.js"
import type { Namespace, ObjectRow } from "./rows.js"
import * as schemas from "./schemas.js"
import { change, findNamespace, findRow, newRow, ofObjects, sorted, times } from "./state.js"
import * as types from "./types.js"

const readOnly = ["self", "schema", "created_at", "updated_at"]

type ObjectRecord = { readonly [key: string]: Json }

const links = (namespace: string, name: string) => ({
  self: `/v2/metadefs/namespaces/${namespace}/objects/${name}`,
  schema: "/v2/schemas/metadefs/object"
})

/** As it is in the database: what was not given is empty there. */
export const viewObject = (namespace: string, row: ObjectRow) => ({
  name: row.name,
  required: row.required === null || row.required === "" ? [] : row.required.split(","),
  description: row.description ?? undefined,
  properties: row.properties,
  ...times(row),
  ...links(namespace, row.name)
})

/** As it was sent: what was not given is not there. */
const echo = (namespace: string, record: ObjectRecord, row: ObjectRow) => ({
  ...Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null)),
  ...times(row),
  ...links(namespace, row.name)
})

const columns = (record: ObjectRecord) => {
  const { description, name, properties, required } = record
  return {
    name: String(name),
    required: Array.isArray(required) && required.length > 0 ? required.join(",") : null,
    description: typeof description === "string" ? description : null,
    properties: isObject(properties ?? null) ? (properties as ObjectRecord) : {}
  }
}

const check = (what: string, { properties, ...row }: ReturnType<typeof columns>): void =>
  types.checkCharacters(what, { ...row, json_schema: properties })

const find = ({ objects }: Namespace, name: string): ObjectRow => findRow(objects, "metadata object", name)

export const addObject = (context: Context, namespace: Namespace, what: string, record: ObjectRecord): ObjectRow => {
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

export const createObject = (context: Context, namespaceName: string) =>
  withBody(context, schemas.object, readOnly, (body) => {
    const properties = isObject(body) ? body["properties"] : undefined
    for (const property of Object.values(properties ?? {})) validate(property as Json, schemas.namelessProperty)
    const record = types.object(body)
    const namespace = findNamespace(context, namespaceName, ofObjects)
    requireAdmin(context, "add_metadef_object")
    const object = addObject(context, namespace, "Couldn't create metadata object", record)
    return jsonReply(echo(namespace.name, record, object), 201)
  })

export const updateObject = (context: Context, namespaceName: string, name: string) =>
  withBody(context, schemas.object, readOnly, (body) => {
    const record = types.object(body)
    const namespace = findNamespace(context, namespaceName, ofObjects)
    requireAdmin(context, "modify_metadef_object")
    const object = find(namespace, name)
    const row = columns(record)
    check("Couldn't update metadata object", row)
    if (row.name !== name && namespace.objects.has(row.name)) {
      throw releases.takenName(
        context,
        `Invalid update. It would result in a duplicate metadata definition object with the same name=${name} in namespace=${namespace.name}.`
      )
    }
    namespace.objects.delete(name)
    change(context, object, row)
    namespace.objects.set(object.name, object)
    return jsonReply(echo(namespace.name, record, object))
  })

export const deleteObject = deleting("object", "delete_metadef_object", find, ofObjects)
export const deleteObjects = deletingAll("objects")
