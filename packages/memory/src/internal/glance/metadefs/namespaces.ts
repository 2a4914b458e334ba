import type { Context, Reply } from "../context.js"
import { jsonReply, noContent } from "../context.js"
import { badRequest, conflict, Fault, internalError, notFound } from "../errors.js"
import { applicationUrl } from "../images.js"
import { requireAdmin } from "../policy.js"
import { entryOf, type Json, type JsonObject, parseInteger, text } from "../python.js"
import { pageLinks } from "../query.js"
import { Parameters } from "../request.js"
import { addObject, viewObject } from "./objects.js"
import { addProperty, propertiesOf } from "./properties.js"
import { checkVisibility, takeDirection, withBody } from "./request.js"
import { addAssociation, associationsOf } from "./resourceTypes.js"
import type { Namespace } from "./rows.js"
import * as schemas from "./schemas.js"
import type { Column } from "./state.js"
import {
  change,
  findNamespace,
  isVisible,
  newRow,
  ofMarker,
  ofShow,
  page,
  requireUnprotected,
  sorted,
  times
} from "./state.js"
import { addTag, tagsOf } from "./tags.js"
import * as types from "./types.js"

const readOnly = ["self", "schema", "created_at", "updated_at"]

const href = (name: string): string => `/v2/metadefs/namespaces/${name}`

const view = (namespace: Namespace) => ({
  namespace: namespace.name,
  display_name: namespace.displayName ?? undefined,
  description: namespace.description ?? undefined,
  visibility: namespace.visibility,
  protected: namespace.protected,
  owner: namespace.owner,
  ...times(namespace),
  self: href(namespace.name),
  schema: "/v2/schemas/metadefs/namespace"
})

const unlessEmpty = <A>(all: ReadonlyArray<A>): ReadonlyArray<A> | undefined => (all.length === 0 ? undefined : all)

const withAssociations = (namespace: Namespace) => ({
  ...view(namespace),
  resource_type_associations: unlessEmpty(associationsOf(namespace))
})

const columns: { readonly [key: string]: Column<Namespace> } = {
  id: ({ createdAt }) => createdAt,
  namespace: ({ name }) => name,
  display_name: ({ displayName }) => displayName,
  description: ({ description }) => description,
  visibility: ({ visibility }) => visibility,
  protected: (namespace) => Number(namespace.protected),
  owner: ({ owner }) => owner,
  created_at: ({ createdAt }) => createdAt,
  updated_at: ({ updatedAt }) => updatedAt
}

export const listNamespaces = (context: Context): Reply => {
  const { limits, metadefs } = context.state
  const params = Parameters.parse(context.request.query)
  const asked = params.pop("limit")
  const markerName = params.pop("marker")
  const wanted = asked === undefined ? limits.pageSize : parseInteger(asked)
  if (wanted === undefined) throw internalError()
  const descending = takeDirection(params)
  const key = params.pop("sort_key") ?? "created_at"
  checkVisibility(params, ["public", "private"])
  const limit = Math.min(limits.maxPageSize, wanted)
  if (limit < 0) throw badRequest("limit param must be positive")
  const marker =
    markerName === undefined || markerName === "" ? undefined : findNamespace(context, markerName, ofMarker)
  const types = params.get("resource_types")?.split(",")
  const visibility = params.pop("visibility")
  const associated = [...metadefs.namespaces.values()].filter(
    (namespace) => types === undefined || types.some((type) => namespace.associations.has(type))
  )
  const select = (): ReadonlyArray<Namespace> => {
    // `_get_all_by_resource_types` in glance/db/sqlalchemy/metadef_api/namespace.py returns before it reads the rest.
    if (types !== undefined && associated.length === 0) return []
    // The service looks for an empty marker as an id.
    if (markerName === "") throw notFound("Metadata definition namespace not found for id=")
    const column = entryOf(columns, key)
    if (column === undefined) throw internalError()
    const shown = associated.filter(
      (namespace) => isVisible(context, namespace) && (visibility === undefined || namespace.visibility === visibility)
    )
    return page(shown, column, descending, marker, limit)
  }
  const found = select()
  const { first, next } = pageLinks(context, "/v2/metadefs/namespaces", found, limit, ({ name }) => name)
  const namespaces = found.map(withAssociations)
  return jsonReply({ namespaces, next, schema: "/v2/schemas/metadefs/namespaces", first })
}

export const showNamespace = (context: Context, name: string): Reply => {
  const params = Parameters.parse(context.request.query)
  checkVisibility(params, ["public", "private"])
  const namespace = findNamespace(context, name, ofShow)
  const type = params.get("resource_type")
  if (params.entries().length > 0 && type === undefined) throw internalError()
  const prefix = (type === undefined ? undefined : namespace.associations.get(type)?.prefix) ?? ""
  const prefixed = (all: object) =>
    Object.fromEntries(Object.entries(all).map(([key, value]) => [`${prefix}${key}`, value]))
  const properties = prefixed(propertiesOf(namespace))
  const objects = sorted(namespace.objects.values())
    .map((row) => viewObject(name, row))
    .map((object) => ({
      ...object,
      required: object.required.map((key) => `${prefix}${key}`),
      properties: prefixed(object.properties)
    }))
  return jsonReply({
    ...withAssociations(namespace),
    properties: Object.keys(properties).length === 0 ? undefined : properties,
    objects: unlessEmpty(objects),
    tags: unlessEmpty(tagsOf(namespace))
  })
}

const recordsIn = (value: Json | undefined): ReadonlyArray<JsonObject> =>
  Array.isArray(value) ? (value as ReadonlyArray<JsonObject>) : []

const columnsOf = (record: JsonObject) => ({
  namespace: String(record["namespace"]),
  display_name: text(record["display_name"]),
  description: text(record["description"]),
  visibility: text(record["visibility"]) ?? "private",
  protected: record["protected"] === true,
  owner: text(record["owner"])
})

const creating = "Couldn't create metadata namespace"

/** What is in the namespace comes one after the other, and stays when a later one fails. */
const fill = (context: Context, namespace: Namespace, record: JsonObject): void => {
  for (const association of recordsIn(record["resource_type_associations"])) {
    addAssociation(context, namespace, association)
  }
  for (const object of recordsIn(record["objects"])) addObject(context, namespace, creating, object)
  for (const { name = "" } of recordsIn(record["tags"])) {
    types.checkCharacters(creating, { name })
    addTag(context, namespace, String(name))
  }
  for (const [name, property] of Object.entries(record["properties"] ?? {})) {
    addProperty(namespace, creating, name, property)
  }
}

export const createNamespace = (context: Context) =>
  withBody(context, schemas.namespace, readOnly, (body) => {
    const record = types.namespace(body)
    requireAdmin(context, "add_metadef_namespace")
    const { namespaces } = context.state.metadefs
    const { display_name, namespace: name, owner, ...columns } = columnsOf(record)
    types.checkCharacters(creating, columnsOf(record))
    if (namespaces.has(name)) throw conflict(`The metadata definition namespace=${name} already exists.`)
    const namespace: Namespace = {
      ...newRow(context),
      ...columns,
      name,
      displayName: display_name,
      owner: owner ?? context.project,
      properties: new Map(),
      objects: new Map(),
      tags: new Map(),
      associations: new Map()
    }
    namespaces.set(name, namespace)
    try {
      fill(context, namespace, record)
    } catch (error) {
      // What is wrong leaves it there, and what is protected stays.
      if (error instanceof Fault && error.status === 409 && !namespace.protected) namespaces.delete(name)
      throw error
    }
    const sent = ["resource_type_associations", "properties", "objects", "tags"].filter((key) =>
      Object.hasOwn(record, key)
    )
    return jsonReply({ ...view(namespace), ...Object.fromEntries(sent.map((key) => [key, record[key]])) }, 201, {
      location: `${applicationUrl(context)}${href(name)}`
    })
  })

export const updateNamespace = (context: Context, name: string) =>
  withBody(context, schemas.namespace, readOnly, (body) => {
    const wanted = columnsOf(types.namespace(body))
    const namespace = findNamespace(context, name)
    requireAdmin(context, "modify_metadef_namespace")
    types.checkCharacters("Couldn't update metadata namespace", wanted)
    const { namespaces } = context.state.metadefs
    const { display_name, namespace: newName, owner, ...columns } = wanted
    if (newName !== name && namespaces.has(newName)) {
      throw conflict(
        `Invalid update. It would result in a duplicate metadata definition namespace with the same name of ${newName}`
      )
    }
    namespaces.delete(name)
    change(context, namespace, {
      ...columns,
      name: newName,
      displayName: display_name,
      owner: owner === null || owner === "" ? context.project : owner
    })
    namespaces.set(newName, namespace)
    return jsonReply(view(namespace))
  })

export const deleteNamespace = (context: Context, name: string): Reply => {
  const namespace = findNamespace(context, name)
  requireAdmin(context, "delete_metadef_namespace")
  requireUnprotected(namespace, "namespace", name)
  context.state.metadefs.namespaces.delete(name)
  return noContent
}
