import type { Context, Reply } from "../context.js"
import { jsonReply } from "../context.js"
import { conflict, internalError, notFound } from "../errors.js"
import { compare, type JsonObject } from "../python.js"
import { Parameters, withoutBody } from "../request.js"
import { deleting, deletingAll, requireFree, writing } from "./request.js"
import type { Namespace } from "./rows.js"
import * as schemas from "./schemas.js"
import { findNamespace, findRow } from "./state.js"
import * as types from "./types.js"

const readOnly = ["created_at", "updated_at"]

export const propertiesOf = ({ properties }: Namespace): Readonly<Record<string, JsonObject>> =>
  Object.fromEntries([...properties].sort(([a], [b]) => compare(a, b)))

const find = ({ properties }: Namespace, name: string): JsonObject => findRow(properties, "property", name)

export const addProperty = (namespace: Namespace, what: string, name: string, record: JsonObject): void => {
  types.checkCharacters(what, { name, json_schema: record })
  if (namespace.properties.has(name)) {
    throw conflict(`A metadata definition property with name=${name} already exists in namespace=${namespace.name}.`)
  }
  namespace.properties.set(name, record)
}

const view = (record: JsonObject, name: string) => ({ ...record, name })

export const listProperties = (context: Context, namespace: string): Reply =>
  jsonReply({ properties: propertiesOf(findNamespace(context, namespace)) })

export const showProperty = (context: Context, namespaceName: string, asked: string): Reply => {
  const params = Parameters.parse(context.request.query)
  const namespace = findNamespace(context, namespaceName)
  let name = asked
  if (params.entries().length > 0) {
    const type = params.get("resource_type")
    if (type === undefined) throw internalError()
    if (type !== "") name = withoutPrefix(context, namespace, name, type)
  }
  return jsonReply(view(find(namespace, name), name))
}

const withoutPrefix = (context: Context, namespace: Namespace, name: string, type: string): string => {
  if (!context.state.metadefs.resourceTypes.has(type)) {
    throw notFound(`The metadata definition resource-type with name=${type}, was not found.`)
  }
  const association = namespace.associations.get(type)
  if (association === undefined) {
    throw notFound(
      `The metadata definition resource-type association of resource-type=${type} to namespace=${namespace.name}, was not found.`
    )
  }
  const { prefix } = association
  if (prefix === null || prefix === "" || !name.startsWith(prefix)) {
    throw notFound(
      `Property ${name} does not start with the expected resource type association prefix of '${prefix ?? "None"}'.`
    )
  }
  return name.slice(prefix.length)
}

const kind = { schema: schemas.property, readOnly, read: types.property }

export const createProperty = writing(kind, "add_metadef_property", (_, namespace, record) => {
  const name = String(record["name"])
  addProperty(namespace, "Couldn't create metadata property", name, record)
  return jsonReply(view(record, name), 201)
})

export const updateProperty = writing(kind, "modify_metadef_property", (context, namespace, record, name) => {
  find(namespace, name)
  const wanted = String(record["name"])
  types.checkCharacters("Couldn't update metadata property", { name: wanted, json_schema: record })
  requireFree(context, namespace, "property", name, wanted)
  namespace.properties.delete(name)
  namespace.properties.set(wanted, record)
  return jsonReply(view(record, wanted))
})

const remove = deleting("property", "remove_metadef_property", find)

export const deleteProperty = (context: Context, namespace: string, name: string) =>
  withoutBody(context, () => remove(context, namespace, name))

export const deleteProperties = deletingAll("properties")
