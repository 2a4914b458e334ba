/**
 * Metadata definitions: the properties of images, volumes and flavors, and their meaning.
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

/** Definitions that came with the service have no time of an update. */
const times = {
  createdAt: renamed("created_at", Wire.Time),
  updatedAt: renamed("updated_at", Wire.Time)
}

/**
 * The schema of a namespace's visibility.
 *
 * @since 0.1.0
 * @category enums
 */
export const Visibility = Wire.openEnum<"public" | "private">("MetadefVisibility")

/**
 * Who can read a namespace: everyone, or only its owner. Any other text also decodes.
 *
 * @since 0.1.0
 * @category enums
 */
export type Visibility = typeof Visibility.Type

/**
 * The schema of a property's type.
 *
 * @since 0.1.0
 * @category enums
 */
export const PropertyType = Wire.openEnum<"array" | "boolean" | "integer" | "number" | "object" | "string">(
  "MetadefPropertyType"
)

/**
 * The type of a property's values. Any other text also decodes.
 *
 * @since 0.1.0
 * @category enums
 */
export type PropertyType = typeof PropertyType.Type

/**
 * The elements of an array.
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
  /** As text, whatever the type, because Glance stores text. */
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
 * Decodes properties by name from the JSON object of Glance, and encodes them. The key is the name, because a `name` in
 * the value may be outdated.
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
 * A group of properties with a name.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-objects
 */
export class MetadefObject extends Schema.Class<MetadefObject>("@effect-glance/core/MetadefObject")({
  name: Schema.String,
  description: Lenient.option(Schema.String),
  /** The names of required properties. */
  required: texts,
  /** By name. */
  properties,
  ...times
}) {}

/**
 * A tag for resources.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-tags
 */
export class Tag extends Schema.Class<Tag>("@effect-glance/core/MetadefTag")({ name: Schema.String, ...times }) {}

/**
 * A resource type, such as `OS::Glance::Image`.
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
 * The association of a namespace with a resource type.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-resource-types
 */
export class Association extends Schema.Class<Association>("@effect-glance/core/MetadefAssociation")({
  /** The resource type. */
  name: Schema.String,
  /** The prefix of the properties on such a resource, with its separator: `hw_`. */
  prefix: Lenient.option(Schema.String),
  /** The set of properties of a resource with several: `image` or `user` of a volume. */
  propertiesTarget: renamed("properties_target", Schema.String),
  ...times
}) {}

const namespace = {
  name: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("namespace")),
  displayName: renamed("display_name", Schema.String),
  description: Lenient.option(Schema.String),
  /** Glance's own default if the cloud sends none. */
  visibility: Lenient.withDefault(Visibility, () => "private"),
  /** Whether the namespace and its content are protected from deletion. */
  protected: flag,
  /** The project that owns it; `admin` for the definitions that came with the service. */
  owner: Lenient.option(Schema.String),
  associations: list(Association).pipe(Schema.fromKey("resource_type_associations")),
  ...times
}

/**
 * A namespace without its content, as in listings.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-namespaces
 */
export class Namespace extends Schema.Class<Namespace>("@effect-glance/core/MetadefNamespace")(namespace) {}

/**
 * A namespace with its content.
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
 * A namespace or its name.
 *
 * @since 0.1.0
 * @category models
 */
export type NamespaceRef = Namespace | string

/**
 * Returns the name of a namespace.
 *
 * @since 0.1.0
 * @category getters
 */
export const nameOf = (namespace: NamespaceRef): string =>
  typeof namespace === "object" && namespace !== null ? namespace.name : namespace
