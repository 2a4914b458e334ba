/**
 * The namespaces of metadata definitions.
 *
 * @since 0.1.0
 */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Check from "./internal/check.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Definition from "./internal/metadefs/definition.js"
import * as Shared from "./internal/metadefs/shared.js"
import * as Operations from "./internal/operations.js"
import * as Pagination from "./internal/pagination.js"
import * as Query from "./internal/queryParams.js"
import * as Metadef from "./Metadef.js"
import type * as MetadefObjects from "./MetadefObjects.js"
import type * as MetadefProperties from "./MetadefProperties.js"
import type * as MetadefResourceTypes from "./MetadefResourceTypes.js"
import type * as Page from "./Page.js"

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

type NamespaceFailure = Failure | GlanceError.MetadefNamespaceNotFound

/**
 * A namespace without its name.
 *
 * @since 0.1.0
 * @category models
 */
export interface NamespaceDefinition {
  readonly displayName?: string | undefined
  readonly description?: string | undefined
  /** @default "private" */
  readonly visibility?: Metadef.Visibility | undefined
  /** @default false */
  readonly protected?: boolean | undefined
  /** @default the caller's project */
  readonly owner?: string | undefined
  /** By resource type. */
  readonly associations?: Readonly<Record<string, MetadefResourceTypes.AssociationDefinition>> | undefined
  readonly properties?: Readonly<Record<string, MetadefProperties.PropertyDefinition>> | undefined
  readonly objects?: Readonly<Record<string, MetadefObjects.ObjectDefinition>> | undefined
  readonly tags?: ReadonlyArray<string> | undefined
}

/**
 * Changes of a namespace. What is absent or `undefined` is not changed, nor is the content of the namespace.
 *
 * @since 0.1.0
 * @category models
 */
export interface NamespaceChanges {
  /** Its new name. */
  readonly name?: string | undefined
  /** `null` for none. */
  readonly displayName?: string | null | undefined
  /** `null` for none. */
  readonly description?: string | null | undefined
  readonly visibility?: Metadef.Visibility | undefined
  readonly protected?: boolean | undefined
  readonly owner?: string | undefined
}

/**
 * Which namespaces to list, in which order. Every condition must hold.
 *
 * @since 0.1.0
 * @category models
 */
export interface NamespaceQuery {
  readonly visibility?: Metadef.Visibility | undefined
  /** Namespaces for any of these resource types, at least one. */
  readonly resourceTypes?: ReadonlyArray<string> | undefined
  /**
   * Only keys that every namespace has: Glance cannot continue a listing after a namespace without the key.
   *
   * @default newest first
   */
  readonly sort?:
    | {
        readonly key: "name" | "owner" | "createdAt"
        /** @default "desc" */
        readonly direction?: "asc" | "desc" | undefined
      }
    | undefined
  /**
   * Namespaces in one page, at least 1.
   *
   * @default the server's, mostly 25
   */
  readonly limit?: number | undefined
  /** The name of the namespace after which the page begins. */
  readonly marker?: string | undefined
}

// The errors of each operation.
export type ListError = NamespaceFailure | GlanceError.RepeatedMarker
export type ListAllError = NamespaceFailure | GlanceError.PagingError
export type GetError = NamespaceFailure
export type CreateError = Failure | GlanceError.DuplicateMetadef
export type UpdateError = NamespaceFailure | GlanceError.DuplicateMetadef
export type DeleteError = NamespaceFailure | GlanceError.ProtectedMetadef

/**
 * The operations on namespaces.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-namespaces
 */
export interface Service {
  /**
   * Returns one page of namespaces, and the query for the next one. `MetadefNamespaceNotFound` means that the namespace
   * of the marker does not exist.
   */
  readonly list: (
    query?: NamespaceQuery,
    options?: Page.ListOptions
  ) => Effect.Effect<Page.Page<Metadef.Namespace, NamespaceQuery>, ListError>
  /**
   * Streams all namespaces that match, each once. A page is fetched when the reader pulls. If the last namespace of a
   * page was deleted or renamed, the listing starts again, and emits no namespace twice. It fails with
   * `TooManyEmptyPages` after 100 pages in a row without a new namespace.
   */
  readonly listAll: (
    query?: NamespaceQuery,
    options?: Page.ListOptions
  ) => Stream.Stream<Metadef.Namespace, ListAllError>
  /** Returns a namespace with its content. */
  readonly get: (
    namespace: Metadef.NamespaceRef,
    options?: MetadefProperties.ForResource
  ) => Effect.Effect<Metadef.NamespaceDetails, GetError>
  /**
   * Creates a namespace with its content in one request. If a part already exists, Glance deletes the namespace. After
   * another failure, some of the parts may exist.
   */
  readonly create: (
    name: string,
    definition?: NamespaceDefinition
  ) => Effect.Effect<Metadef.NamespaceDetails, CreateError>
  /** Changes a namespace with two requests, and returns it. Its content is kept. */
  readonly update: (
    namespace: Metadef.NamespaceRef,
    changes: NamespaceChanges
  ) => Effect.Effect<Metadef.NamespaceDetails, UpdateError>
  /** Deletes a namespace with its content. */
  readonly delete: (namespace: Metadef.NamespaceRef) => Effect.Effect<void, DeleteError>
}

const sortKeys = { name: "namespace", owner: "owner", createdAt: "created_at" }

const conditions = ["visibility", "resourceTypes", "sort", "limit", "marker"]

const toParams = (query: NamespaceQuery) =>
  Either.gen(function* () {
    yield* Query.checkKeys(query, conditions)
    const { resourceTypes, visibility } = query
    const params: Array<readonly [string, string]> = []
    if (visibility !== undefined) {
      yield* Check.check("query.visibility", visibility, Check.nonEmpty)
      params.push(["visibility", visibility])
    }
    if (resourceTypes !== undefined) {
      yield* Check.check("query.resourceTypes", resourceTypes, resourceTypesCheck)
      params.push(["resource_types", resourceTypes.join(",")])
    }
    return [...params, ...(yield* Query.pageParams(query, sortKeys))]
  })

const resourceTypesCheck: Check.Check = (value) => {
  if (!Array.isArray(value) || value.length === 0) return "must be an array of at least one resource type"
  return value.every((one) => typeof one === "string" && one !== "" && !one.includes(","))
    ? undefined
    : "must hold texts without a comma"
}

/** Keys that an update does not send: links, times and the content of the namespace. */
const content = ["resource_type_associations", "properties", "objects", "tags"]
const dropped = new Set(["self", "schema", "created_at", "updated_at", ...content])

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
    const { call, operation, pageOperation, request } = operations
    const listing = Pagination.make(operations, {
      endpoint: Endpoints.listNamespaces,
      records: Endpoints.namespaces,
      toParams,
      queryFrom: (query: NamespaceQuery, marker) => ({ ...query, marker }),
      markerOf: (query) => query.marker
    })

    const page: Service["list"] = (query = {}, options) =>
      Effect.catchTag(
        listing.page(query, options),
        "MetadefNamespaceNotFound",
        (error) => new GlanceError.MetadefNamespaceNotFound({ ...error, namespace: query.marker ?? "" })
      )

    return {
      list: pageOperation(Endpoints.listNamespaces)(page),
      listAll: (query = {}, options) =>
        Shared.parts(query.marker, (marker) =>
          Effect.map(page({ ...query, marker }, options), ({ items, next }) => ({
            items,
            next: Option.getOrUndefined(Option.map(next, ({ marker }) => marker ?? ""))
          }))
        ).pipe(Operations.streamOperation("Metadefs.namespaces.listAll")),
      get: operation(Endpoints.getNamespace)(function* (namespace, options) {
        const query = yield* Query.forResource(options)
        return (yield* request(Endpoints.getNamespace, { namespace: Metadef.nameOf(namespace) }, { query })).value
      }),
      create: operation(Endpoints.createNamespace)(function* (name, definition = {}) {
        yield* Check.check("name", name, Definition.name)
        const body = yield* Definition.namespace("definition", definition)
        return yield* request(Endpoints.createNamespace, { definition: { ...body, namespace: name } })
      }),
      update: operation(Endpoints.updateNamespace)(function* (namespace, changes) {
        const wanted = yield* Definition.namespaceChanges(changes)
        const { after, before } = yield* Shared.rewrite(operations, {
          get: Endpoints.getNamespace,
          put: Endpoints.updateNamespace,
          parameters: { namespace: Metadef.nameOf(namespace) },
          dropped,
          change: () => wanted
        })
        if (after === before) return after.value
        // The response to an update does not have the content of the namespace.
        const { associations, objects, properties, tags } = before.value
        return new Metadef.NamespaceDetails({ ...after.value, associations, objects, properties, tags })
      }),
      delete: call(Endpoints.deleteNamespace, (namespace) => ({ namespace: Metadef.nameOf(namespace) }))
    }
  }
)
