/**
 * The properties of a namespace of metadata definitions.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import * as GlanceClient from "./GlanceClient.js"
import type * as GlanceError from "./GlanceError.js"
import * as Check from "./internal/check.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Definition from "./internal/metadefs/definition.js"
import * as Shared from "./internal/metadefs/shared.js"
import * as Operations from "./internal/operations.js"
import * as Query from "./internal/queryParams.js"
import * as Metadef from "./Metadef.js"

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

type NamespaceFailure = Failure | GlanceError.MetadefNamespaceNotFound

/**
 * A property without its name. All names are printable ASCII without a slash, at most 80 characters: Glance accepts
 * others, but cannot find them again.
 *
 * @since 0.1.0
 * @category models
 */
export interface PropertyDefinition {
  readonly type: Metadef.PropertyType
  /** The name for people. */
  readonly title: string
  readonly description?: string | undefined
  /** How Nova's scheduler may compare values, such as `<in>`. */
  readonly operators?: ReadonlyArray<string> | undefined
  /** As text, whatever the type: Glance converts `true` to `"True"`, and drops a list. */
  readonly default?: string | undefined
  /** @default false */
  readonly readonly?: boolean | undefined
  /** A whole number, like `maximum`: Glance drops decimal places. */
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  /** As text, whatever the type: Glance fails with numbers. */
  readonly enum?: ReadonlyArray<string> | undefined
  /** A regular expression, which Glance does not check. */
  readonly pattern?: string | undefined
  readonly minLength?: number | undefined
  readonly maxLength?: number | undefined
  /** The elements of an array. */
  readonly items?:
    | { readonly type: Metadef.PropertyType; readonly enum?: ReadonlyArray<string> | undefined }
    | undefined
  readonly uniqueItems?: boolean | undefined
  readonly minItems?: number | undefined
  readonly maxItems?: number | undefined
  readonly additionalItems?: boolean | undefined
}

/**
 * Changes of a property. `null` removes an optional field. What is absent or `undefined` is not changed.
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
  /** Names properties as on this resource type: with the prefix of its association. */
  readonly resourceType?: string | undefined
}

// The errors of each operation.
export type ListAllError = NamespaceFailure
export type GetError = Failure | GlanceError.MetadefPropertyNotFound
export type CreateError = NamespaceFailure | GlanceError.DuplicateMetadef
export type UpdateError = Failure | GlanceError.MetadefPropertyNotFound | GlanceError.DuplicateMetadef
export type DeleteError = Failure | GlanceError.MetadefPropertyNotFound | GlanceError.ProtectedMetadef
export type DeleteAllError = NamespaceFailure | GlanceError.ProtectedMetadef

/**
 * The operations on the properties of a namespace.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-properties
 */
export interface Service {
  /** Streams all properties, which one request fetches, because Glance has no pages here. */
  readonly listAll: (namespace: Metadef.NamespaceRef) => Stream.Stream<Metadef.Property, ListAllError>
  /**
   * Returns a property. With a `resourceType`, `name` must begin with the prefix of its association; without an
   * association or a prefix, no property is found. The returned name has no prefix.
   */
  readonly get: (
    namespace: Metadef.NamespaceRef,
    name: string,
    options?: ForResource
  ) => Effect.Effect<Metadef.Property, GetError>
  readonly create: (
    namespace: Metadef.NamespaceRef,
    name: string,
    definition: PropertyDefinition
  ) => Effect.Effect<Metadef.Property, CreateError>
  /** Changes a property with two requests, and returns it. */
  readonly update: (
    namespace: Metadef.NamespaceRef,
    name: string,
    changes: PropertyChanges
  ) => Effect.Effect<Metadef.Property, UpdateError>
  readonly delete: (namespace: Metadef.NamespaceRef, name: string) => Effect.Effect<void, DeleteError>
  /** Deletes all properties of a namespace. */
  readonly deleteAll: (namespace: Metadef.NamespaceRef) => Effect.Effect<void, DeleteAllError>
}

/**
 * Makes the operations on the `GlanceClient` of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.map(
  GlanceClient.GlanceClient,
  (http): Service => {
    const operations = Operations.make(http)
    const { call, operation, request } = operations
    const parametersOf = (namespace: Metadef.NamespaceRef, property: string) => ({
      namespace: Metadef.nameOf(namespace),
      property
    })
    return {
      listAll: (namespace) =>
        Shared.streamAll(operations, Endpoints.listProperties, { namespace: Metadef.nameOf(namespace) }),
      get: operation(Endpoints.getProperty)(function* (namespace, property, options) {
        const query = yield* Query.forResource(options)
        return (yield* request(Endpoints.getProperty, parametersOf(namespace, property), { query })).value
      }),
      create: operation(Endpoints.createProperty)(function* (namespace, name, definition) {
        yield* Check.check("name", name, Definition.name)
        const body = yield* Definition.property("definition", definition)
        return yield* request(Endpoints.createProperty, {
          namespace: Metadef.nameOf(namespace),
          definition: { ...body, name }
        })
      }),
      update: operation(Endpoints.updateProperty)(function* (namespace, property, changes) {
        const wanted = yield* Definition.propertyChanges(changes)
        const { after } = yield* Shared.rewrite(operations, {
          get: Endpoints.getProperty,
          put: Endpoints.updateProperty,
          parameters: parametersOf(namespace, property),
          change: () => wanted
        })
        return after.value
      }),
      delete: call(Endpoints.deleteProperty, parametersOf),
      deleteAll: call(Endpoints.deleteProperties, (namespace) => ({ namespace: Metadef.nameOf(namespace) }))
    }
  }
)
