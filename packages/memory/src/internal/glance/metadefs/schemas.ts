/**
 * The ten documents below /v2/schemas/metadefs. Requests are checked against them. The order of their keys decides which
 * of several mistakes a response names.
 */
import { arrayOf, collection, type JsonSchema, type Properties } from "../schemas.js"

const types = ["array", "boolean", "integer", "number", "object", "string", null]

const numbers: Properties = {
  positiveInteger: { type: "integer", minimum: 0 },
  positiveIntegerDefault0: { allOf: [{ $ref: "#/definitions/positiveInteger" }, { default: 0 }] }
}

const stringArray: JsonSchema = { type: "array", items: { type: "string" }, uniqueItems: true }

const propertyProperties: Properties = {
  name: { type: "string", maxLength: 80 },
  title: { type: "string" },
  description: { type: "string" },
  operators: { type: "array", items: { type: "string" } },
  type: { type: "string", enum: types },
  required: { $ref: "#/definitions/stringArray" },
  minimum: { type: "number" },
  maximum: { type: "number" },
  maxLength: { $ref: "#/definitions/positiveInteger" },
  minLength: { $ref: "#/definitions/positiveIntegerDefault0" },
  pattern: { type: "string", format: "regex" },
  enum: { type: "array" },
  readonly: { type: "boolean" },
  default: {},
  items: { type: "object", properties: { type: { type: "string", enum: types }, enum: { type: "array" } } },
  maxItems: { $ref: "#/definitions/positiveInteger" },
  minItems: { $ref: "#/definitions/positiveIntegerDefault0" },
  uniqueItems: { type: "boolean", default: false },
  additionalItems: { type: "boolean" }
}

const definitions: Properties = {
  ...numbers,
  stringArray,
  property: {
    type: "object",
    additionalProperties: { type: "object", required: ["title", "type"], properties: propertyProperties }
  }
}

const propertyDefinitions: Properties = {
  ...numbers,
  stringArray: { type: "array", items: { type: "string" }, minItems: 1, uniqueItems: true }
}

const time = (description: string) => ({ type: "string", readOnly: true, description, format: "date-time" })

const times = (created: string, updated: string): Properties => ({
  created_at: time(created),
  updated_at: time(updated)
})

const link: JsonSchema = { readOnly: true, type: "string" }

const namespaceProperties: Properties = {
  namespace: { type: "string", description: "The unique namespace text.", maxLength: 80 },
  display_name: {
    type: "string",
    description: "The user friendly name for the namespace. Used by UI if available.",
    maxLength: 80
  },
  description: {
    type: "string",
    description: "Provides a user friendly description of the namespace.",
    maxLength: 500
  },
  visibility: { type: "string", description: "Scope of namespace accessibility.", enum: ["public", "private"] },
  protected: { type: "boolean", description: "If true, namespace will not be deletable." },
  owner: { type: "string", description: "Owner of the namespace.", maxLength: 255 },
  ...times("Date and time of namespace creation", "Date and time of the last namespace modification"),
  schema: link,
  self: link,
  resource_type_associations: {
    type: "array",
    items: {
      type: "object",
      properties: { name: { type: "string" }, prefix: { type: "string" }, properties_target: { type: "string" } }
    }
  },
  properties: { $ref: "#/definitions/property" },
  objects: {
    type: "array",
    items: {
      type: "object",
      properties: {
        name: { type: "string" },
        description: { type: "string" },
        required: { $ref: "#/definitions/stringArray" },
        properties: { $ref: "#/definitions/property" }
      }
    }
  },
  tags: { type: "array", items: { type: "object", properties: { name: { type: "string" } } } }
}

const objectProperties: Properties = {
  name: { type: "string", maxLength: 80 },
  description: { type: "string" },
  required: { $ref: "#/definitions/stringArray" },
  properties: { $ref: "#/definitions/property" },
  schema: link,
  self: link,
  ...times("Date and time of object creation", "Date and time of the last object modification")
}

const tagProperties: Properties = {
  name: { type: "string", maxLength: 80 },
  ...times("Date and time of tag creation", "Date and time of the last tag modification")
}

const associationProperties: Properties = {
  name: {
    type: "string",
    description:
      "Resource type names should be aligned with Heat resource types whenever possible: https://docs.openstack.org/heat/latest/template_guide/openstack.html",
    maxLength: 80
  },
  prefix: {
    type: "string",
    description:
      "Specifies the prefix to use for the given resource type. Any properties in the namespace should be prefixed with this prefix when being applied to the specified resource type. Must include prefix separator (e.g. a colon :).",
    maxLength: 80
  },
  properties_target: {
    type: "string",
    description:
      "Some resource types allow more than one key / value pair per instance.  For example, Cinder allows user and image metadata on volumes. Only the image properties metadata is evaluated by Nova (scheduling or drivers). This property allows a namespace target to remove the ambiguity.",
    maxLength: 80
  },
  ...times(
    "Date and time of resource type association",
    "Date and time of the last resource type association modification"
  )
}

const closed = (
  name: string,
  properties: Properties,
  required: ReadonlyArray<string>,
  definitions?: Properties
): JsonSchema => ({
  name,
  properties,
  additionalProperties: false,
  ...(definitions === undefined ? {} : { definitions }),
  ...(required.length === 0 ? {} : { required })
})

export const namespace = closed("namespace", namespaceProperties, ["namespace"], definitions)

export const object = closed("object", objectProperties, ["name"], definitions)

export const property = closed("property", propertyProperties, ["type", "title", "name"], propertyDefinitions)

/** Inside an object the name is the key. */
export const namelessProperty = closed("property", propertyProperties, ["type", "title"], propertyDefinitions)

export const tag = closed("tag", tagProperties, ["name"])

const tagName = { name: { type: "string" } }

export const tagList = closed(
  "tags",
  { tags: arrayOf({ type: "object", properties: tagName, required: ["name"], additionalProperties: false }) },
  []
)

export const association = closed("resource_type_association", associationProperties, ["name"])

const collectionOf = (name: string, { definitions, ...item }: JsonSchema, asDictionary = false): JsonSchema => ({
  ...collection(name, asDictionary ? { type: "object", additionalProperties: item } : arrayOf(item)),
  ...(definitions === undefined ? {} : { definitions })
})

/** The documents of `GET /v2/schemas/metadefs/{name}`. */
export const documents: Properties = {
  namespace,
  namespaces: collectionOf("namespaces", namespace),
  resource_type: association,
  resource_types: collectionOf("resource_type_associations", association),
  property,
  properties: collectionOf("properties", namelessProperty, true),
  object,
  objects: collectionOf("objects", object),
  tag,
  tags: collectionOf("tags", tag)
}
