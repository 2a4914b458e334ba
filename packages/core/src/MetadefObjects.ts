/**
 * The objects of a namespace of metadata definitions: properties that belong together.
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
import * as Lenient from "./internal/lenient.js"
import * as Limit from "./internal/limit.js"
import * as Definition from "./internal/metadefs/definition.js"
import * as Shared from "./internal/metadefs/shared.js"
import * as Request from "./internal/request.js"
import * as Wire from "./internal/wire.js"
import * as Metadef from "./Metadef.js"
import type * as MetadefProperties from "./MetadefProperties.js"

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

type NamespaceFailure = Failure | GlanceError.MetadefNamespaceNotFound

/**
 * What an object is, without its name.
 *
 * @since 0.1.0
 * @category models
 */
export interface ObjectDefinition {
  readonly description?: string | undefined
  /** Names of properties, none of which can hold a comma: Glance would find two names in it. */
  readonly required?: ReadonlyArray<string> | undefined
  readonly properties?: Readonly<Record<string, MetadefProperties.PropertyDefinition>> | undefined
}

/**
 * What becomes different in an object: what is absent or `undefined` stays.
 *
 * @since 0.1.0
 * @category models
 */
export interface ObjectChanges {
  /** Its new name. */
  readonly name?: string | undefined
  /** `null` for none. */
  readonly description?: string | null | undefined
  /** All of them: what is not named is not required. */
  readonly required?: ReadonlyArray<string> | undefined
  /** Each is the whole of a property's definition; `null` removes a property, and what is not named stays. */
  readonly properties?: Readonly<Record<string, MetadefProperties.PropertyDefinition | null>> | undefined
}

/**
 * The operations on the objects of a namespace.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-objects
 */
export interface Service {
  /** All objects, fetched by one request: Glance looks at no limit and no marker here. */
  readonly listAll: (namespace: Metadef.NamespaceRef) => Stream.Stream<Metadef.MetadefObject, NamespaceFailure>
  readonly get: (
    namespace: Metadef.NamespaceRef,
    name: string
  ) => Effect.Effect<Metadef.MetadefObject, Failure | GlanceError.MetadefObjectNotFound>
  readonly create: (
    namespace: Metadef.NamespaceRef,
    name: string,
    definition?: ObjectDefinition
  ) => Effect.Effect<Metadef.MetadefObject, NamespaceFailure | GlanceError.DuplicateMetadef>
  /** Changes an object, by two requests, and answers what it is then. */
  readonly update: (
    namespace: Metadef.NamespaceRef,
    name: string,
    changes: ObjectChanges
  ) => Effect.Effect<Metadef.MetadefObject, Failure | GlanceError.MetadefObjectNotFound | GlanceError.DuplicateMetadef>
  readonly delete: (
    namespace: Metadef.NamespaceRef,
    name: string
  ) => Effect.Effect<void, Failure | GlanceError.MetadefObjectNotFound | GlanceError.ProtectedMetadef>
  /** Takes all objects out of a namespace. */
  readonly deleteAll: (
    namespace: Metadef.NamespaceRef
  ) => Effect.Effect<void, NamespaceFailure | GlanceError.ProtectedMetadef>
}

const decodeObject = Request.decoder(Metadef.MetadefObject)
const readObject = Request.json(decodeObject)
const readAll = Request.json(Request.decoder(Schema.Struct({ objects: Lenient.List(Metadef.MetadefObject) })))

const dropped = new Set(["self", "schema", "created_at", "updated_at"])

/** The properties that were there, with those that are named replaced, added, or gone where they are `null`. */
const merged = (before: unknown, wanted: unknown): unknown => {
  const all = new Map([...Object.entries(Wire.isJsonObject(before) ? before : {}), ...Object.entries(wanted as object)])
  return Object.fromEntries([...all].filter(([, definition]) => definition !== null))
}

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
      Shared.path(operation, namespace, "objects", ["name", name])

    const notFound = (namespace: Metadef.NamespaceRef, object: string) => ({
      404: (answer: Answer.Answer) =>
        new GlanceError.MetadefObjectNotFound({ ...answer, namespace: Metadef.nameOf(namespace), object })
    })

    const listAll: Service["listAll"] = (namespace) =>
      Shared.all(http, "Metadefs.objects.listAll", namespace, "objects", readAll, ({ objects }) => objects)

    const get: Service["get"] = fn("Metadefs.objects.get")(function* (namespace, name) {
      const operation = "Metadefs.objects.get"
      const path = yield* pathOf(operation, namespace, name)
      return yield* Request.run(http, {
        operation,
        request: HttpClientRequest.get(path),
        decode: readObject,
        on: notFound(namespace, name)
      })
    })

    const create: Service["create"] = fn("Metadefs.objects.create")(function* (namespace, name, definition = {}) {
      const operation = "Metadefs.objects.create"
      const path = yield* Shared.path(operation, namespace, "objects")
      yield* Argument.checked(operation, "name", name, Definition.name)
      const body = yield* Definition.object(operation, "definition", definition)
      return yield* Request.run(http, {
        operation,
        request: HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(path), { ...body, name }),
        decode: readObject,
        on: { 404: Shared.namespaceNotFound(namespace), 409: Shared.duplicate("object", name) }
      })
    })

    const update: Service["update"] = fn("Metadefs.objects.update")(function* (namespace, name, changes) {
      const operation = "Metadefs.objects.update"
      const path = yield* pathOf(operation, namespace, name)
      const wanted = yield* Definition.objectChanges(operation, changes)
      return yield* Shared.rewrite(http, {
        operation,
        path,
        dropped,
        decode: decodeObject,
        change: (before) =>
          wanted.map(([key, value]) => [key, key === "properties" ? merged(before["properties"], value) : value]),
        on: { ...notFound(namespace, name), 409: Shared.duplicate("object", changes.name ?? name) }
      })
    })

    const remove: Service["delete"] = fn("Metadefs.objects.delete")(function* (namespace, name) {
      const operation = "Metadefs.objects.delete"
      const path = yield* pathOf(operation, namespace, name)
      return yield* Shared.remove(http, operation, path, namespace, notFound(namespace, name))
    })

    const removeAll: Service["deleteAll"] = fn("Metadefs.objects.deleteAll")((namespace) =>
      Shared.removeAll(http, "Metadefs.objects.deleteAll", namespace, "objects")
    )

    return { listAll, get, create, update, delete: remove, deleteAll: removeAll }
  }
)
