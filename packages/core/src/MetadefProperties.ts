/**
 * The properties that a namespace of metadata definitions describes.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type * as Answer from "./Answer.js"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Argument from "./internal/argument.js"
import * as Limit from "./internal/limit.js"
import * as Definition from "./internal/metadefs/definition.js"
import * as Query from "./internal/metadefs/query.js"
import * as Shared from "./internal/metadefs/shared.js"
import * as Request from "./internal/request.js"
import * as Metadef from "./Metadef.js"

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

type NamespaceFailure = Failure | GlanceError.MetadefNamespaceNotFound

/**
 * What a property is, without its name. Names of all kinds are printable ASCII without a slash, at most 80 characters:
 * Glance takes others and cannot find them again.
 *
 * @since 0.1.0
 * @category models
 */
export interface PropertyDefinition {
  readonly type: Metadef.PropertyType
  /** What people call it. */
  readonly title: string
  readonly description?: string | undefined
  /** How Nova's scheduler may compare values, such as `<in>`. */
  readonly operators?: ReadonlyArray<string> | undefined
  /** As text, whatever the type: Glance makes `"True"` of `true` and nothing of a list. */
  readonly default?: string | undefined
  /** @default false */
  readonly readonly?: boolean | undefined
  /** A whole number, as is `maximum`: Glance cuts off what is behind the point. */
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  /** As text, whatever the type: Glance fails at numbers. */
  readonly enum?: ReadonlyArray<string> | undefined
  /** A regular expression, which Glance does not look at. */
  readonly pattern?: string | undefined
  readonly minLength?: number | undefined
  readonly maxLength?: number | undefined
  /** Of an array. */
  readonly items?:
    | { readonly type: Metadef.PropertyType; readonly enum?: ReadonlyArray<string> | undefined }
    | undefined
  readonly uniqueItems?: boolean | undefined
  readonly minItems?: number | undefined
  readonly maxItems?: number | undefined
  readonly additionalItems?: boolean | undefined
}

/**
 * What becomes different in a property: `null` takes away what is optional, and what is absent or `undefined` stays.
 *
 * @since 0.1.0
 * @category models
 */
export type PropertyChanges = {
  readonly [K in keyof PropertyDefinition]?:
    | PropertyDefinition[K]
    | (K extends "type" | "title" ? undefined : null)
    | undefined
} & {
  /** Its new name. */
  readonly name?: string | undefined
}

/**
 * How definitions are shown.
 *
 * @since 0.1.0
 * @category models
 */
export interface ForResource {
  /** Properties are called as they are on this kind of resource: with the prefix of its association. */
  readonly resourceType?: string | undefined
}

/**
 * The operations on the properties of a namespace.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-properties
 */
export interface Service {
  /** All properties, fetched by one request: Glance has no pages of them. */
  readonly listAll: (namespace: Metadef.NamespaceRef) => Stream.Stream<Metadef.Property, NamespaceFailure>
  /**
   * One property. With a `resourceType`, `name` begins with the prefix of its association; without such an association,
   * or where it has no prefix, no property is found. The answer has the name without the prefix.
   */
  readonly get: (
    namespace: Metadef.NamespaceRef,
    name: string,
    options?: ForResource
  ) => Effect.Effect<Metadef.Property, Failure | GlanceError.MetadefPropertyNotFound>
  readonly create: (
    namespace: Metadef.NamespaceRef,
    name: string,
    definition: PropertyDefinition
  ) => Effect.Effect<Metadef.Property, NamespaceFailure | GlanceError.DuplicateMetadef>
  /** Changes a property, by two requests, and answers what it is then. */
  readonly update: (
    namespace: Metadef.NamespaceRef,
    name: string,
    changes: PropertyChanges
  ) => Effect.Effect<Metadef.Property, Failure | GlanceError.MetadefPropertyNotFound | GlanceError.DuplicateMetadef>
  readonly delete: (
    namespace: Metadef.NamespaceRef,
    name: string
  ) => Effect.Effect<void, Failure | GlanceError.MetadefPropertyNotFound | GlanceError.ProtectedMetadef>
  /** Takes all properties out of a namespace. */
  readonly deleteAll: (
    namespace: Metadef.NamespaceRef
  ) => Effect.Effect<void, NamespaceFailure | GlanceError.ProtectedMetadef>
}

const decodeProperty = Request.decoder(Metadef.Property)
const readProperty = Request.json(decodeProperty)
const readAll = Request.json(Request.decoder(Schema.Struct({ properties: Metadef.PropertiesFromJson })))

const dropped: ReadonlySet<string> = new Set()

/**
 * The operations on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.map(
  GlanceClient.GlanceClient,
  (http) => {
    const fn = Limit.fn(http)
    const pathOf = (operation: string, namespace: Metadef.NamespaceRef, name: string) =>
      Shared.path(operation, namespace, "properties", ["name", name])

    const notFound = (namespace: Metadef.NamespaceRef, property: string) => ({
      404: (answer: Answer.Answer) =>
        new GlanceError.MetadefPropertyNotFound({ ...answer, namespace: Metadef.nameOf(namespace), property })
    })

    const listAll: Service["listAll"] = (namespace) => {
      const operation = "Metadefs.properties.listAll"
      return Shared.all(http, operation, namespace, "properties", readAll, ({ properties }) => properties.values())
    }

    const get: Service["get"] = fn("Metadefs.properties.get")(function* (namespace, name, options) {
      const operation = "Metadefs.properties.get"
      const path = yield* pathOf(operation, namespace, name)
      const params = yield* Query.forResource(operation, options)
      return yield* Request.run(http, {
        operation,
        request: HttpClientRequest.setUrlParams(HttpClientRequest.get(path), params),
        decode: readProperty,
        on: notFound(namespace, name)
      })
    })

    const create: Service["create"] = fn("Metadefs.properties.create")(function* (namespace, name, definition) {
      const operation = "Metadefs.properties.create"
      const path = yield* Shared.path(operation, namespace, "properties")
      yield* Argument.checked(operation, "name", name, Definition.name)
      const body = yield* Definition.property(operation, "definition", definition)
      return yield* Request.run(http, {
        operation,
        request: HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(path), { ...body, name }),
        decode: readProperty,
        on: { 404: Shared.namespaceNotFound(namespace), 409: Shared.duplicate("property", name) }
      })
    })

    const update: Service["update"] = fn("Metadefs.properties.update")(function* (namespace, name, changes) {
      const operation = "Metadefs.properties.update"
      const path = yield* pathOf(operation, namespace, name)
      const wanted = yield* Definition.propertyChanges(operation, changes)
      return yield* Shared.rewrite(http, {
        operation,
        path,
        dropped,
        decode: decodeProperty,
        change: () => wanted,
        on: { ...notFound(namespace, name), 409: Shared.duplicate("property", changes.name ?? name) }
      })
    })

    const remove: Service["delete"] = fn("Metadefs.properties.delete")(function* (namespace, name) {
      const operation = "Metadefs.properties.delete"
      const path = yield* pathOf(operation, namespace, name)
      return yield* Shared.remove(http, operation, path, namespace, notFound(namespace, name))
    })

    const removeAll: Service["deleteAll"] = fn("Metadefs.properties.deleteAll")((namespace) =>
      Shared.removeAll(http, "Metadefs.properties.deleteAll", namespace, "properties")
    )

    return { listAll, get, create, update, delete: remove, deleteAll: removeAll }
  }
)
