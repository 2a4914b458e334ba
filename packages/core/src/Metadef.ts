/**
 * Metadata definitions: what may be written on images, volumes and flavors, and what it means.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Lenient from "./internal/lenient.js"
import * as Wire from "./internal/wire.js"

const renamed = <const Name extends string, A, I>(name: Name, schema: Schema.Schema<A, I>) =>
  Lenient.option(schema).pipe(Schema.fromKey(name))
const flag = Lenient.withDefault(Lenient.Flag, () => false)
const texts = Lenient.withDefault(Lenient.Texts, () => [])
const values = Lenient.option(Schema.Array(Schema.NullOr(Lenient.Text)))
const list = <A, I>(item: Schema.Schema<A, I>) => Lenient.withDefault(Schema.Array(item), () => [])

/** Definitions that came with the service were never updated, and have no time of it. */
const times = {
  createdAt: renamed("created_at", Wire.Time),
  updatedAt: renamed("updated_at", Wire.Time)
}

/**
 * The schema of a namespace's visibility: it takes any text, and its type names what Glance has today.
 *
 * @since 0.1.0
 * @category enums
 */
export const Visibility = Wire.openEnum<"public" | "private">("MetadefVisibility")

/**
 * Who sees a namespace: everybody, or its owner only. Open.
 *
 * @since 0.1.0
 * @category enums
 */
export type Visibility = typeof Visibility.Type

/**
 * The schema of a property's type: it takes any text, and its type names what Glance has today.
 *
 * @since 0.1.0
 * @category enums
 */
export const PropertyType = Wire.openEnum<"array" | "boolean" | "integer" | "number" | "object" | "string">(
  "MetadefPropertyType"
)

/**
 * The type of a property's values. Open.
 *
 * @since 0.1.0
 * @category enums
 */
export type PropertyType = typeof PropertyType.Type

/**
 * What the elements of an array may be.
 *
 * @since 0.1.0
 * @category models
 */
export class Items extends Schema.Class<Items>("@effect-glance/core/MetadefItems")({
  type: PropertyType,
  enum: values
}) {}

/**
 * The definition of one property, in the words of JSON schema.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-properties
 */
export class Property extends Schema.Class<Property>("@effect-glance/core/MetadefProperty")({
  name: Schema.String,
  type: PropertyType,
  /** Empty if the cloud sends none. */
  title: Lenient.withDefault(Lenient.Text, () => ""),
  description: Lenient.option(Schema.String),
  /** How Nova's scheduler may compare values, such as `<in>`. */
  operators: texts,
  /** As text, whatever the type: Glance keeps nothing else. */
  default: Lenient.option(Lenient.Text),
  readonly: flag,
  minimum: Lenient.option(Lenient.Amount),
  maximum: Lenient.option(Lenient.Amount),
  enum: values,
  pattern: Lenient.option(Schema.String),
  minLength: Lenient.option(Lenient.Amount),
  maxLength: Lenient.option(Lenient.Amount),
  confidential: flag,
  items: Lenient.option(Items),
  uniqueItems: flag,
  minItems: Lenient.option(Lenient.Amount),
  maxItems: Lenient.option(Lenient.Amount),
  additionalItems: Lenient.option(Lenient.Flag)
}) {}

const decodeProperty = ParseResult.decodeUnknownEither(Property)
const encodeProperty = ParseResult.encodeEither(Property)

/**
 * Properties by name, from the JSON object that Glance sends, and back to it. The key is the name: Glance may repeat it
 * inside, or hold an old one there.
 *
 * @since 0.1.0
 * @category wire
 */
export const PropertiesFromJson: Schema.Schema<ReadonlyMap<string, Property>, Wire.JsonObject> = Schema.transformOrFail(
  Wire.JsonObject,
  Schema.ReadonlyMapFromSelf({ key: Schema.String, value: Schema.typeSchema(Property) }),
  {
    strict: true,
    decode: (input, _, ast) =>
      Either.gen(function* () {
        const properties = new Map<string, Property>()
        for (const name of Object.keys(input)) {
          const definition = input[name]
          const property = yield* Either.mapLeft(
            decodeProperty(Wire.isJsonObject(definition) ? { ...definition, name } : definition),
            (issue) => new ParseResult.Composite(ast, input, new ParseResult.Pointer(name, input, issue))
          )
          properties.set(name, property)
        }
        return properties
      }),
    encode: (properties) =>
      Either.gen(function* () {
        const entries: Array<readonly [string, unknown]> = []
        for (const [name, property] of properties) entries.push([name, yield* encodeProperty(property)])
        // `fromEntries` defines keys; assignment would lose `__proto__`.
        return Object.fromEntries(entries)
      })
  }
).annotations({ identifier: "MetadefProperties" })

const properties = Lenient.withDefault(PropertiesFromJson, () => new Map())

/**
 * Properties that belong together under one name.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-objects
 */
export class MetadefObject extends Schema.Class<MetadefObject>("@effect-glance/core/MetadefObject")({
  name: Schema.String,
  description: Lenient.option(Schema.String),
  /** The names of the properties that must be there. */
  required: texts,
  /** By name. */
  properties,
  ...times
}) {}

/**
 * A word that may be put on resources.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-tags
 */
export class Tag extends Schema.Class<Tag>("@effect-glance/core/MetadefTag")({ name: Schema.String, ...times }) {}

/**
 * A kind of resource that definitions can be for, such as `OS::Glance::Image`.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-resource-types
 */
export class ResourceType extends Schema.Class<ResourceType>("@effect-glance/core/MetadefResourceType")({
  name: Schema.String,
  ...times
}) {}

/**
 * That the definitions of a namespace are for a kind of resource.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-resource-types
 */
export class Association extends Schema.Class<Association>("@effect-glance/core/MetadefAssociation")({
  /** The resource type. */
  name: Schema.String,
  /** What stands before the names of the properties on such a resource, with its separator: `hw_`. */
  prefix: Lenient.option(Schema.String),
  /** Which of a resource's several sets of properties is meant: `image` or `user` of a volume. */
  propertiesTarget: renamed("properties_target", Schema.String),
  ...times
}) {}

const namespace = {
  name: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("namespace")),
  displayName: renamed("display_name", Schema.String),
  description: Lenient.option(Schema.String),
  /** Glance's own default if the cloud sends none. */
  visibility: Lenient.withDefault(Visibility, () => "private"),
  /** Neither it nor what is in it can be deleted. */
  protected: flag,
  /** The project that it belongs to; `admin` of the definitions that came with the service. */
  owner: Lenient.option(Schema.String),
  associations: list(Association).pipe(Schema.fromKey("resource_type_associations")),
  ...times
}

/**
 * A namespace, as listings show it: without what is in it.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-namespaces
 */
export class Namespace extends Schema.Class<Namespace>("@effect-glance/core/MetadefNamespace")(namespace) {}

/**
 * A namespace and what is in it.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-namespaces
 */
export class NamespaceDetails extends Namespace.extend<NamespaceDetails>("@effect-glance/core/MetadefNamespaceDetails")(
  {
    /** By name. */
    properties,
    objects: list(MetadefObject),
    tags: list(Tag)
  }
) {}

/**
 * "Namespace or its name".
 *
 * @since 0.1.0
 * @category models
 */
export type NamespaceRef = Namespace | string

/**
 * The name of what was given.
 *
 * @since 0.1.0
 * @category getters
 */
export const nameOf = (namespace: NamespaceRef): string =>
  typeof namespace === "object" && namespace !== null ? namespace.name : namespace
