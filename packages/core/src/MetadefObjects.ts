/**
 * The objects of a namespace of metadata definitions: properties that belong together.
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
import * as Wire from "./internal/wire.js"
import * as Metadef from "./Metadef.js"
import type * as MetadefProperties from "./MetadefProperties.js"

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

type NamespaceFailure = Failure | GlanceError.MetadefNamespaceNotFound

/**
 * An object without its name.
 *
 * @since 0.1.0
 * @category models
 */
export interface ObjectDefinition {
  readonly description?: string | undefined
  /** Names of properties without commas, because Glance would split the name. */
  readonly required?: ReadonlyArray<string> | undefined
  readonly properties?: Readonly<Record<string, MetadefProperties.PropertyDefinition>> | undefined
}

/**
 * Changes of an object. What is absent or `undefined` is not changed.
 *
 * @since 0.1.0
 * @category models
 */
export interface ObjectChanges {
  /** Its new name. */
  readonly name?: string | undefined
  /** `null` for none. */
  readonly description?: string | null | undefined
  /** Replaces all required names. */
  readonly required?: ReadonlyArray<string> | undefined
  /** Each replaces the whole definition of a property; `null` removes it. Other properties are kept. */
  readonly properties?: Readonly<Record<string, MetadefProperties.PropertyDefinition | null>> | undefined
}

// The errors of each operation.
export type ListAllError = NamespaceFailure
export type GetError = Failure | GlanceError.MetadefObjectNotFound
export type CreateError = NamespaceFailure | GlanceError.DuplicateMetadef
export type UpdateError = Failure | GlanceError.MetadefObjectNotFound | GlanceError.DuplicateMetadef
export type DeleteError = Failure | GlanceError.MetadefObjectNotFound | GlanceError.ProtectedMetadef
export type DeleteAllError = NamespaceFailure | GlanceError.ProtectedMetadef

/**
 * The operations on the objects of a namespace.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-objects
 */
export interface Service {
  /** Streams all objects, which one request fetches, because Glance has no pages here. */
  readonly listAll: (namespace: Metadef.NamespaceRef) => Stream.Stream<Metadef.MetadefObject, ListAllError>
  readonly get: (namespace: Metadef.NamespaceRef, name: string) => Effect.Effect<Metadef.MetadefObject, GetError>
  readonly create: (
    namespace: Metadef.NamespaceRef,
    name: string,
    definition?: ObjectDefinition
  ) => Effect.Effect<Metadef.MetadefObject, CreateError>
  /** Changes an object with two requests, and returns it. */
  readonly update: (
    namespace: Metadef.NamespaceRef,
    name: string,
    changes: ObjectChanges
  ) => Effect.Effect<Metadef.MetadefObject, UpdateError>
  readonly delete: (namespace: Metadef.NamespaceRef, name: string) => Effect.Effect<void, DeleteError>
  /** Deletes all objects of a namespace. */
  readonly deleteAll: (namespace: Metadef.NamespaceRef) => Effect.Effect<void, DeleteAllError>
}

const dropped = new Set(["self", "schema", "created_at", "updated_at"])

/** Merges changes into the properties: `null` removes a property. */
const merged = (before: unknown, wanted: unknown): unknown => {
  const all = new Map([...Object.entries(Wire.isJsonObject(before) ? before : {}), ...Object.entries(wanted as object)])
  return Object.fromEntries([...all].filter(([, definition]) => definition !== null))
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
    const parametersOf = (namespace: Metadef.NamespaceRef, object: string) => ({
      namespace: Metadef.nameOf(namespace),
      object
    })
    return {
      listAll: (namespace) =>
        Shared.streamAll(operations, Endpoints.listObjects, { namespace: Metadef.nameOf(namespace) }),
      get: operation(Endpoints.getObject)((namespace, object) =>
        Effect.map(request(Endpoints.getObject, parametersOf(namespace, object)), ({ value }) => value)
      ),
      create: operation(Endpoints.createObject)(function* (namespace, name, definition = {}) {
        yield* Check.check("name", name, Definition.name)
        const body = yield* Definition.object("definition", definition)
        return yield* request(Endpoints.createObject, {
          namespace: Metadef.nameOf(namespace),
          definition: { ...body, name }
        })
      }),
      update: operation(Endpoints.updateObject)(function* (namespace, object, changes) {
        const wanted = yield* Definition.objectChanges(changes)
        const { after } = yield* Shared.rewrite(operations, {
          get: Endpoints.getObject,
          put: Endpoints.updateObject,
          parameters: parametersOf(namespace, object),
          dropped,
          change: (before) =>
            wanted.map(([key, value]) => [key, key === "properties" ? merged(before["properties"], value) : value])
        })
        return after.value
      }),
      delete: call(Endpoints.deleteObject, parametersOf),
      deleteAll: call(Endpoints.deleteObjects, (namespace) => ({ namespace: Metadef.nameOf(namespace) }))
    }
  }
)
