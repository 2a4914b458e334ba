import type { Context, Reply } from "../context.js"
import { jsonReply } from "../context.js"
import { conflict, internalError, notFound } from "../errors.js"
import { requireAdmin } from "../policy.js"
import * as releases from "../releases.js"
import { Parameters, withoutBody } from "../request.js"
import { deleting, deletingAll, withBody } from "./request.js"
import type { Namespace, PropertyRecord } from "./rows.js"
import * as schemas from "./schemas.js"
import { findNamespace, findRow, sorted } from "./state.js"
import * as types from "./types.js"

const readOnly = ["created_at", "updated_at"]

export const propertiesOf = (namespace: Namespace): Readonly<Record<string, PropertyRecord>> =>
  Object.fromEntries(
    sorted([...namespace.properties].map(([name, record]) => ({ name, record }))).map(({ name, record }) => [
      name,
      record
    ])
  )

const find = ({ properties }: Namespace, name: string): PropertyRecord => findRow(properties, "property", name)

export const addProperty = (namespace: Namespace, what: string, name: string, record: PropertyRecord): void => {
  types.checkCharacters(what, { name, json_schema: record })
  if (namespace.properties.has(name)) {
    throw conflict(`A metadata definition property with name=${name} already exists in namespace=${namespace.name}.`)
  }
  namespace.properties.set(name, record)
}

const view = (record: PropertyRecord, name: string) => ({ ...record, name })

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

export const createProperty = (context: Context, namespaceName: string) =>
  withBody(context, schemas.property, readOnly, (body) => {
    const record = types.property(body)
    const namespace = findNamespace(context, namespaceName)
    requireAdmin(context, "add_metadef_property")
    const name = String(record["name"])
    addProperty(namespace, "Couldn't create metadata property", name, record)
    return jsonReply(view(record, name), 201)
  })

export const updateProperty = (context: Context, namespaceName: string, name: string) =>
  withBody(context, schemas.property, readOnly, (body) => {
    const record = types.property(body)
    const namespace = findNamespace(context, namespaceName)
    requireAdmin(context, "modify_metadef_property")
    find(namespace, name)
    const wanted = String(record["name"])
    types.checkCharacters("Couldn't update metadata property", { name: wanted, json_schema: record })
    if (wanted !== name && namespace.properties.has(wanted)) {
      throw releases.takenName(
        context,
        `Invalid update. It would result in a duplicate metadata definition property with the same name=${name} in namespace=${namespace.name}.`
      )
    }
    namespace.properties.delete(name)
    namespace.properties.set(wanted, record)
    return jsonReply(view(record, wanted))
  })

const remove = deleting("property", "remove_metadef_property", find)

export const deleteProperty = (context: Context, namespace: string, name: string) =>
  withoutBody(context, () => remove(context, namespace, name))

export const deleteProperties = deletingAll("properties")
