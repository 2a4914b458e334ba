/** `image metadef`: namespaces, objects, properties and resource types. */
import * as Metadef from "@effect-glance/core/Metadef"
import type * as MetadefProperties from "@effect-glance/core/MetadefProperties"
import * as Metadefs from "@effect-glance/core/Metadefs"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Command from "../command.js"
import * as Common from "../common.js"
import * as Each from "../each.js"
import type { Cell, Json, JsonObject } from "../output/cell.js"
import * as Parameters from "../parameters.js"
import * as Records from "../records.js"

const { CommandFailed } = Command

const namespaceArgument = (what: string) => Parameters.argument("<namespace>", `Namespace ${what}`)

const time = (at: Option.Option<DateTime.Utc>) => Option.getOrNull(Option.map(at, Records.time))

/** Fields without those that have no value. */
const present = (entries: ReadonlyArray<readonly [string, Cell]>) =>
  Records.sorted(new Map(entries.filter(([, value]) => value !== null)))

const namespaceFields = (namespace: Metadef.Namespace) =>
  present([
    ["created_at", time(namespace.createdAt)],
    ["description", Option.getOrNull(namespace.description)],
    ["display_name", Option.getOrNull(namespace.displayName)],
    ["namespace", namespace.name],
    ["owner", Option.getOrNull(namespace.owner)],
    ["protected", namespace.protected],
    [
      "resource_type_associations",
      namespace.associations.length === 0 ? null : namespace.associations.map(({ name }) => name)
    ],
    ["updated_at", time(namespace.updatedAt)],
    ["visibility", namespace.visibility]
  ])

const namespaceOptions = {
  displayName: Parameters.text("--display-name", "Name for people", { metavar: "<display_name>" }),
  description: Parameters.text("--description", "Description", { metavar: "<description>" }),
  visibility: Parameters.oneOf("visibility", [
    ["--public", "public", "Every project can read the namespace"],
    ["--private", "private", "Only the owner can read the namespace"]
  ]),
  protected: Common.protection("namespace")
}

export const createNamespace = Command.fields({
  summary: "Create a metadata namespace",
  examples: [
    "image metadef namespace create OS::Example --display-name Example --public",
    "image metadef namespace create OS::Example --protected -f json"
  ],
  parameters: { namespace: namespaceArgument("to create (name)"), ...namespaceOptions },
  run: ({ namespace, ...definition }) =>
    Effect.gen(function* () {
      const { namespaces } = yield* Metadefs.make
      return namespaceFields(yield* namespaces.create(namespace, definition))
    })
})

export const showNamespace = Command.fields({
  summary: "Show a metadata namespace",
  examples: ["image metadef namespace show OS::Example", "image metadef namespace show OS::Example -f json"],
  parameters: { namespace: namespaceArgument("to show (name)") },
  run: ({ namespace }) =>
    Effect.gen(function* () {
      const { namespaces } = yield* Metadefs.make
      return namespaceFields(yield* namespaces.get(namespace))
    })
})

export const listNamespaces = Command.rows({
  summary: "List metadata namespaces",
  examples: [
    "image metadef namespace list --visibility public",
    "image metadef namespace list --resource-types OS::Glance::Image -f value"
  ],
  parameters: {
    resourceTypes: Parameters.text("--resource-types", "List only namespaces for these resource types (with commas)", {
      metavar: "<resource_types>"
    }),
    visibility: Parameters.text("--visibility", "List only namespaces with this visibility", {
      metavar: "<visibility>"
    })
  },
  run: ({ resourceTypes, visibility }) =>
    Effect.gen(function* () {
      const { namespaces } = yield* Metadefs.make
      const found = yield* Stream.runCollect(
        namespaces.listAll({ visibility, resourceTypes: resourceTypes?.split(",").filter((name) => name !== "") })
      )
      return { columns: ["namespace"], rows: [...found].map(({ name }) => [name]) }
    })
})

export const setNamespace = Command.nothing({
  summary: "Change a metadata namespace",
  examples: [
    "image metadef namespace set OS::Example --public",
    "image metadef namespace set OS::Example --description 'What examples mean'"
  ],
  parameters: { namespace: namespaceArgument("to change (name)"), ...namespaceOptions },
  run: ({ namespace, ...changes }) =>
    Effect.gen(function* () {
      const { namespaces } = yield* Metadefs.make
      yield* namespaces.update(namespace, changes)
    })
})

export const deleteNamespaces = Command.nothing({
  summary: "Delete metadata namespaces",
  examples: ["image metadef namespace delete OS::Example", "image metadef namespace delete OS::One OS::Two"],
  parameters: { namespaces: Parameters.argumentList("<namespace>", "Namespaces to delete (name)") },
  run: ({ namespaces: names }) =>
    Effect.gen(function* () {
      const { namespaces } = yield* Metadefs.make
      yield* Each.each("namespace", names, "deleted", namespaces.delete)
    })
})

/** What the model of a property has although Glance does not send it. */
const isDefault = (key: string, value: unknown): boolean =>
  key === "name" ||
  value === false ||
  (key === "title" && value === "") ||
  (key === "operators" && Array.isArray(value) && value.length === 0)

const encodeProperties = Schema.encode(Metadef.PropertiesFromJson)

/** Properties within an object, as Glance sends them. */
const propertiesJson = (properties: ReadonlyMap<string, Metadef.Property>) =>
  Effect.map(
    encodeProperties(properties),
    (encoded): JsonObject =>
      Object.fromEntries(
        Object.entries(encoded).map(([name, property]) => [
          name,
          Object.fromEntries(
            Object.entries(property as JsonObject).filter(([key, value]) => !isDefault(key, value))
          ) as Json
        ])
      )
  )

const objectFields = (
  namespace: string,
  object: Metadef.MetadefObject,
  content: { readonly properties: Json; readonly required: Json }
) =>
  Records.sorted(
    new Map<string, Cell>([
      ["created_at", time(object.createdAt)],
      ["description", Option.getOrNull(object.description)],
      ["name", object.name],
      ["namespace_name", namespace],
      ["properties", content.properties],
      ["required", content.required],
      ["updated_at", time(object.updatedAt)]
    ])
  )

export const createObject = Command.fields({
  summary: "Create a metadata object",
  examples: [
    "image metadef object create cpu --namespace OS::Example",
    "image metadef object create cpu --namespace OS::Example -f json"
  ],
  parameters: {
    namespace: Parameters.text("--namespace", "Namespace of the object (name)", { metavar: "<namespace>" }),
    name: Parameters.argument("<metadef-object-name>", "Name of the new object")
  },
  run: ({ name, namespace }) =>
    Effect.gen(function* () {
      if (namespace === undefined) return yield* new CommandFailed({ message: "--namespace is missing" })
      const { objects } = yield* Metadefs.make
      // Glance sends no content of an object that was created without any.
      return objectFields(namespace, yield* objects.create(namespace, name), { properties: null, required: null })
    })
})

export const showObject = Command.fields({
  summary: "Show a metadata object",
  examples: ["image metadef object show OS::Example cpu", "image metadef object show OS::Example cpu -f json"],
  parameters: {
    namespace: namespaceArgument("of the object (name)"),
    object: Parameters.argument("<object>", "Object to show")
  },
  run: ({ namespace, object: name }) =>
    Effect.gen(function* () {
      const { objects } = yield* Metadefs.make
      const object = yield* objects.get(namespace, name)
      const properties = yield* propertiesJson(object.properties)
      return objectFields(namespace, object, { properties, required: object.required })
    })
})

export const listObjects = Command.rows({
  summary: "List the objects of a metadata namespace",
  examples: ["image metadef object list OS::Example", "image metadef object list OS::Example -f value -c name"],
  parameters: { namespace: namespaceArgument("of the objects (name)") },
  run: ({ namespace }) =>
    Effect.gen(function* () {
      const { objects } = yield* Metadefs.make
      const found = yield* Stream.runCollect(objects.listAll(namespace))
      return {
        columns: ["name", "description"],
        rows: [...found].map(({ description, name }) => [name, Option.getOrNull(description)])
      }
    })
})

export const updateObject = Command.nothing({
  summary: "Rename a metadata object",
  examples: [
    "image metadef object update OS::Example cpu --name processor",
    "image metadef object update OS::Example disk --name storage"
  ],
  parameters: {
    namespace: namespaceArgument("of the object (name)"),
    object: Parameters.argument("<object>", "Object to change"),
    name: Parameters.text("--name", "New name")
  },
  run: ({ name, namespace, object }) =>
    Effect.gen(function* () {
      const { objects } = yield* Metadefs.make
      yield* objects.update(namespace, object, { name: name || undefined })
    })
})

export const deleteObjects = Command.nothing({
  summary: "Delete metadata objects",
  examples: ["image metadef object delete OS::Example cpu", "image metadef object delete OS::Example cpu disk"],
  parameters: {
    namespace: namespaceArgument("of the objects (name)"),
    objects: Parameters.argumentList("<object>", "Objects to delete (name)")
  },
  run: ({ namespace, objects: names }) =>
    Effect.gen(function* () {
      const { objects } = yield* Metadefs.make
      yield* Each.each("object", names, "deleted", (name) => objects.delete(namespace, name))
    })
})

export const showObjectProperty = Command.fields({
  summary: "Show a property of a metadata object",
  examples: [
    "image metadef object property show OS::Example cpu sockets",
    "image metadef object property show OS::Example cpu sockets -f json"
  ],
  parameters: {
    namespace: namespaceArgument("of the object (name)"),
    object: Parameters.argument("<object_name>", "Object of the property"),
    property: Parameters.argument("property", "Property to show")
  },
  run: ({ namespace, object: name, property }) =>
    Effect.gen(function* () {
      const { objects } = yield* Metadefs.make
      const object = yield* objects.get(namespace, name)
      const found = (yield* propertiesJson(object.properties))[property]
      if (found === undefined) {
        return yield* new CommandFailed({ message: `object "${name}" has no property "${property}"` })
      }
      return Records.sorted(new Map(Object.entries({ ...(found as JsonObject), name: property })))
    })
})

const propertyFields = (property: Metadef.Property) =>
  present([
    ["name", property.name],
    ["type", property.type],
    ["title", property.title],
    ["description", Option.getOrNull(property.description)],
    ["operators", property.operators.length === 0 ? null : property.operators],
    ["default", Option.getOrNull(property.default)],
    ["minimum", Option.getOrNull(property.minimum)],
    ["maximum", Option.getOrNull(property.maximum)],
    ["enum", Option.getOrNull(property.enum)],
    ["pattern", Option.getOrNull(property.pattern)],
    [
      "items",
      Option.getOrNull(
        Option.map(property.items, (items) => ({
          type: items.type,
          ...Option.match(items.enum, { onNone: () => ({}), onSome: (values) => ({ enum: values }) })
        }))
      )
    ]
  ])

/** What the JSON schema of a property may define, besides its name. */
const definitionKeys = new Set([
  ...["type", "title", "description", "operators", "default", "readonly", "minimum", "maximum", "enum", "pattern"],
  ...["minLength", "maxLength", "items", "uniqueItems", "minItems", "maxItems", "additionalItems"]
])

const definitionIn = (schema: string) =>
  Effect.gen(function* () {
    const parsed = yield* Effect.try({
      try: () => JSON.parse(schema) as unknown,
      catch: (error) => new CommandFailed({ message: `--schema is not JSON: ${(error as Error).message}` })
    })
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
      return yield* new CommandFailed({ message: "--schema is not a JSON object" })
    }
    return Object.fromEntries(Object.entries(parsed).filter(([key]) => definitionKeys.has(key)))
  })

const propertyText = "Name of the property"

export const createProperty = Command.fields({
  summary: "Create a metadata property",
  examples: [
    `image metadef property create OS::Example --name sockets --title Sockets --type integer --schema '{"minimum": 1}'`,
    `image metadef property create OS::Example --name arch --title Architecture --type string --schema '{"enum": ["arm64", "amd64"]}'`
  ],
  parameters: {
    name: Parameters.requiredText("--name", propertyText),
    title: Parameters.requiredText("--title", "Name for people"),
    type: Parameters.requiredText("--type", "Type of the values"),
    schema: Parameters.requiredText("--schema", "JSON schema of the values"),
    namespace: Parameters.argument("namespace", "Namespace of the property")
  },
  run: ({ name, namespace, schema, title, type }) =>
    Effect.gen(function* () {
      const { properties } = yield* Metadefs.make
      const definition: MetadefProperties.PropertyDefinition = { title, type, ...(yield* definitionIn(schema)) }
      return propertyFields(yield* properties.create(namespace, name, definition))
    })
})

export const showProperty = Command.fields({
  summary: "Show a metadata property",
  examples: [
    "image metadef property show OS::Example sockets",
    "image metadef property show OS::Example sockets -f json"
  ],
  parameters: {
    namespace: namespaceArgument("of the property (name)"),
    property: Parameters.argument("<property>", "Property to show")
  },
  run: ({ namespace, property }) =>
    Effect.gen(function* () {
      const { properties } = yield* Metadefs.make
      return propertyFields(yield* properties.get(namespace, property))
    })
})

export const listProperties = Command.rows({
  summary: "List the properties of a metadata namespace",
  examples: ["image metadef property list OS::Example", "image metadef property list OS::Example -f csv"],
  parameters: { namespace: namespaceArgument("of the properties (name)") },
  run: ({ namespace }) =>
    Effect.gen(function* () {
      const { properties } = yield* Metadefs.make
      const found = yield* Stream.runCollect(properties.listAll(namespace))
      return {
        columns: ["name", "title", "type"],
        rows: [...found].map(({ name, title, type }) => [name, title, type])
      }
    })
})

export const setProperty = Command.nothing({
  summary: "Change a metadata property",
  examples: [
    "image metadef property set OS::Example sockets --title 'CPU sockets'",
    `image metadef property set OS::Example sockets --schema '{"maximum": 8}'`
  ],
  parameters: {
    name: Parameters.text("--name", "New name"),
    title: Parameters.text("--title", "Name for people"),
    type: Parameters.text("--type", "Type of the values"),
    schema: Parameters.text("--schema", "JSON schema of the values"),
    namespace: Parameters.argument("namespace", "Namespace of the property"),
    property: Parameters.argument("property", "Property to change")
  },
  run: ({ name, namespace, property, schema, title, type }) =>
    Effect.gen(function* () {
      const { properties } = yield* Metadefs.make
      const definition = schema === undefined || schema === "" ? {} : yield* definitionIn(schema)
      yield* properties.update(namespace, property, {
        ...(title === undefined ? {} : { title }),
        ...(type === undefined ? {} : { type }),
        ...definition,
        name
      })
    })
})

export const deleteProperties = Command.nothing({
  summary: "Delete metadata properties",
  examples: [
    "image metadef property delete OS::Example sockets",
    "image metadef property delete OS::Example sockets cores"
  ],
  parameters: {
    namespace: namespaceArgument("of the properties (name)"),
    properties: Parameters.argumentList("<property>", "Properties to delete (name)")
  },
  run: ({ namespace, properties: names }) =>
    Effect.gen(function* () {
      const { properties } = yield* Metadefs.make
      yield* Each.each("property", names, "deleted", (name) => properties.delete(namespace, name))
    })
})

export const listResourceTypes = Command.rows({
  summary: "List the resource types of metadata",
  examples: ["image metadef resource type list", "image metadef resource type list -f value"],
  parameters: {},
  run: () =>
    Effect.gen(function* () {
      const { resourceTypes } = yield* Metadefs.make
      const found = yield* Stream.runCollect(resourceTypes.listAll)
      return { columns: ["Name"], rows: [...found].map(({ name }) => [name]) }
    })
})

export const associate = Command.fields({
  summary: "Associate a metadata namespace with a resource type",
  examples: [
    "image metadef resource type association create OS::Example OS::Glance::Image",
    "image metadef resource type association create OS::Example OS::Cinder::Volume --properties-target image"
  ],
  parameters: {
    namespace: namespaceArgument("to associate (name)"),
    name: Parameters.argument("<name>", "Resource type"),
    propertiesTarget: Parameters.text("--properties-target", "Set of properties of a resource with several", {
      metavar: "<properties_target>"
    })
  },
  run: ({ name, namespace, propertiesTarget }) =>
    Effect.gen(function* () {
      const { resourceTypes } = yield* Metadefs.make
      const association = yield* resourceTypes.associate(namespace, name, {
        propertiesTarget: propertiesTarget || undefined
      })
      return Records.sorted(
        new Map<string, Cell>([
          ["created_at", time(association.createdAt)],
          ["id", association.name],
          ["name", association.name],
          ["prefix", Option.getOrNull(association.prefix)],
          ["properties_target", Option.getOrNull(association.propertiesTarget)],
          ["updated_at", time(association.updatedAt)]
        ])
      )
    })
})

export const listAssociations = Command.rows({
  summary: "List the resource types of a metadata namespace",
  examples: [
    "image metadef resource type association list OS::Example",
    "image metadef resource type association list OS::Example -f value"
  ],
  parameters: { namespace: Parameters.argument("<metadef_namespace>", "Namespace (name)") },
  run: ({ namespace }) =>
    Effect.gen(function* () {
      const { resourceTypes } = yield* Metadefs.make
      const found = yield* Stream.runCollect(resourceTypes.associations(namespace))
      return { columns: ["Name"], rows: [...found].map(({ name }) => [name]) }
    })
})

export const dissociate = Command.nothing({
  summary: "Remove the associations of a metadata namespace",
  examples: [
    "image metadef resource type association delete OS::Example OS::Glance::Image",
    "image metadef resource type association delete OS::Example OS::Glance::Image --force"
  ],
  parameters: {
    namespace: Parameters.argument("<metadef_namespace>", "Namespace (name)"),
    names: Parameters.argumentList("<name>", "Resource types"),
    force: Parameters.flag("--force", "Remove them also if the namespace is protected")
  },
  run: ({ force, names, namespace }) =>
    Effect.gen(function* () {
      const { namespaces, resourceTypes } = yield* Metadefs.make
      const { protected: isProtected } = yield* namespaces.get(namespace)
      const removed = Each.each("resource type", names, "dissociated", (name) =>
        resourceTypes.dissociate(namespace, name)
      )
      if (!isProtected || !force) return yield* removed
      // The protection is lifted for the removal only.
      yield* Effect.acquireUseRelease(
        namespaces.update(namespace, { protected: false }),
        () => removed,
        () => Effect.ignore(namespaces.update(namespace, { protected: true }))
      )
    })
})
