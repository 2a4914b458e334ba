import type { Context, Reply } from "../context.js"
import { jsonReply, noContent } from "../context.js"
import { conflict, notFound } from "../errors.js"
import { requireAdmin } from "../policy.js"
import { type JsonObject, text } from "../python.js"
import { isoTime } from "../state.js"
import { writing } from "./request.js"
import type { AssociationRow, Namespace } from "./rows.js"
import * as schemas from "./schemas.js"
import { findNamespace, newRow, requireUnprotected, times } from "./state.js"
import * as types from "./types.js"

export const associationsOf = (namespace: Namespace) =>
  [...namespace.associations.values()].map((association) => ({ ...view(association), ...times(association) }))

const view = ({ name, prefix, target }: AssociationRow) => ({
  name,
  prefix: prefix ?? undefined,
  properties_target: target ?? undefined
})

/** The first association with a resource type creates the type, which is never deleted. */
export const addAssociation = (context: Context, namespace: Namespace, record: JsonObject): AssociationRow => {
  const name = String(record["name"])
  const { resourceTypes } = context.state.metadefs
  if (!resourceTypes.has(name)) resourceTypes.set(name, { ...newRow(context), name })
  if (namespace.associations.has(name)) {
    throw conflict(
      `The metadata definition resource-type association of resource-type=${name} to namespace=${namespace.name} already exists.`
    )
  }
  const association: AssociationRow = {
    ...newRow(context),
    name,
    prefix: text(record["prefix"]),
    target: text(record["properties_target"])
  }
  namespace.associations.set(name, association)
  return association
}

export const listResourceTypes = ({ state }: Context): Reply =>
  jsonReply({
    resource_types: [...state.metadefs.resourceTypes.values()].map(({ createdAt, name, updatedAt }) => ({
      name,
      created_at: isoTime(createdAt),
      updated_at: updatedAt === undefined ? undefined : isoTime(updatedAt)
    }))
  })

export const listAssociations = (context: Context, namespace: string): Reply =>
  jsonReply({ resource_type_associations: associationsOf(findNamespace(context, namespace)) })

export const createAssociation = writing(
  { schema: schemas.association, readOnly: ["created_at", "updated_at"], read: types.association },
  "add_metadef_resource_type_association",
  (context, namespace, record) => {
    const association = addAssociation(context, namespace, record)
    return jsonReply({ ...view(association), ...times(association) }, 201)
  }
)

export const deleteAssociation = (context: Context, namespaceName: string, type: string): Reply => {
  const namespace = findNamespace(context, namespaceName)
  requireAdmin(context, "remove_metadef_resource_type_association")
  if (!namespace.associations.has(type)) throw notFound(`Failed to find resource type ${type} to delete`)
  requireUnprotected(namespace, "resource-type-association", type)
  namespace.associations.delete(type)
  return noContent
}
