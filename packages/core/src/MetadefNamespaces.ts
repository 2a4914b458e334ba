/**
 * The namespaces of metadata definitions.
 *
 * @since 0.1.0
 */

import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import * as GlanceClient from "./GlanceClient.js"
import type * as GlanceError from "./GlanceError.js"
import * as Argument from "./internal/argument.js"
import * as Limit from "./internal/limit.js"
import * as Definition from "./internal/metadefs/definition.js"
import * as Query from "./internal/metadefs/query.js"
import * as Shared from "./internal/metadefs/shared.js"
import * as Pagination from "./internal/pagination.js"
import * as Request from "./internal/request.js"
import * as Metadef from "./Metadef.js"
import type * as MetadefObjects from "./MetadefObjects.js"
import type * as MetadefProperties from "./MetadefProperties.js"
import type * as MetadefResourceTypes from "./MetadefResourceTypes.js"
import type * as Page from "./Page.js"

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

type NamespaceFailure = Failure | GlanceError.MetadefNamespaceNotFound

/**
 * What a namespace is, without its name.
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
 * What becomes different in a namespace: what is absent or `undefined` stays, and so does what is in it.
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
  /** Those that are for any of these, at least one. */
  readonly resourceTypes?: ReadonlyArray<string> | undefined
  /**
   * By what always has a value: Glance loses its place among those that have none.
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

/**
 * The operations on namespaces.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-namespaces
 */
export interface Service {
  /**
   * One page of the namespaces that the caller sees, and what to ask for to get the next one. The namespace that is not
   * found is the marker.
   */
  readonly list: (
    query?: NamespaceQuery,
    options?: Page.ListOptions
  ) => Effect.Effect<Page.Page<Metadef.Namespace, NamespaceQuery>, NamespaceFailure | GlanceError.RepeatedMarker>
  /**
   * All namespaces that match, each once; a page is fetched when somebody pulls. When the namespace after which a page
   * is to begin has gone or is called otherwise, the listing begins again and leaves out what it has given. It fails with
   * `TooManyEmptyPages` after 100 pages in a row without a new namespace.
   */
  readonly listAll: (
    query?: NamespaceQuery,
    options?: Page.ListOptions
  ) => Stream.Stream<Metadef.Namespace, NamespaceFailure | GlanceError.PagingError>
  /** A namespace and all that is in it. */
  readonly get: (
    namespace: Metadef.NamespaceRef,
    options?: MetadefProperties.ForResource
  ) => Effect.Effect<Metadef.NamespaceDetails, NamespaceFailure>
  /**
   * Makes a namespace and what is in it, by one request. Glance makes the parts one after the other, and takes the
   * namespace back when one of them exists already; when it fails otherwise, some of them may be there.
   */
  readonly create: (
    name: string,
    definition?: NamespaceDefinition
  ) => Effect.Effect<Metadef.NamespaceDetails, Failure | GlanceError.DuplicateMetadef>
  /** Changes a namespace, by two requests, and answers what it is then. What is in it stays. */
  readonly update: (
    namespace: Metadef.NamespaceRef,
    changes: NamespaceChanges
  ) => Effect.Effect<Metadef.NamespaceDetails, NamespaceFailure | GlanceError.DuplicateMetadef>
  /** Deletes a namespace with all that is in it. */
  readonly delete: (
    namespace: Metadef.NamespaceRef
  ) => Effect.Effect<void, NamespaceFailure | GlanceError.ProtectedMetadef>
}

const decodeNamespace = Request.decoder(Metadef.Namespace)
const decodeDetails = Request.decoder(Metadef.NamespaceDetails)
const readDetails = Request.json(decodeDetails)

const sortKeys = { name: "namespace", owner: "owner", createdAt: "created_at" }

const conditions = ["visibility", "resourceTypes", "sort", "limit", "marker"]

const toParams = (query: NamespaceQuery, operation: string) =>
  Either.gen(function* () {
    yield* Query.known(operation, query, conditions)
    const { resourceTypes, visibility } = query
    const params: Array<readonly [string, string]> = []
    if (visibility !== undefined) {
      yield* Argument.checked(operation, "query.visibility", visibility, Argument.text({ minLength: 1 }))
      params.push(["visibility", visibility])
    }
    if (resourceTypes !== undefined) {
      yield* Argument.checked(operation, "query.resourceTypes", resourceTypes, resourceTypesCheck)
      params.push(["resource_types", resourceTypes.join(",")])
    }
    return [...params, ...(yield* Query.place(operation, query, sortKeys))]
  })

const resourceTypesCheck: Argument.Check = (value) => {
  if (!Array.isArray(value) || value.length === 0) return "must be an array of at least one resource type"
  return value.every((one) => typeof one === "string" && one !== "" && !one.includes(","))
    ? undefined
    : "must hold texts without a comma"
}

/** What an update sends back is the namespace without what is in it. */
const inside = ["resource_type_associations", "properties", "objects", "tags"]
const dropped = new Set(["self", "schema", "created_at", "updated_at", ...inside])

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
    const listing = Pagination.make(http, {
      path: "/metadefs/namespaces",
      key: "namespaces",
      decode: decodeNamespace,
      toParams,
      from: (query: NamespaceQuery, marker) => ({ ...query, marker }),
      markerOf: (query) => query.marker,
      on: (query) => ({ 404: Shared.namespaceNotFound(query.marker ?? "") })
    })

    const list: Service["list"] = fn("Metadefs.namespaces.list")((query = {}, options) =>
      listing.page("Metadefs.namespaces.list", query, options)
    )

    const listAll: Service["listAll"] = (query = {}, options?: Page.ListOptions) => {
      const operation = "Metadefs.namespaces.listAll"
      return Shared.parts(operation, query.marker, (marker) =>
        Effect.map(listing.page(operation, { ...query, marker }, options), ({ items, next }) => ({
          items,
          next: Option.getOrUndefined(Option.map(next, ({ marker }) => marker ?? ""))
        }))
      )
    }

    const read = <A>(operation: string, namespace: Metadef.NamespaceRef, decode: Request.Read<A>, params = {}) =>
      Effect.flatMap(Shared.path(operation, namespace), (path) =>
        Request.run(http, {
          operation,
          request: HttpClientRequest.setUrlParams(HttpClientRequest.get(path), params),
          decode,
          on: { 404: Shared.namespaceNotFound(namespace) }
        })
      )

    const get: Service["get"] = fn("Metadefs.namespaces.get")(function* (namespace, options) {
      const operation = "Metadefs.namespaces.get"
      return yield* read(operation, namespace, readDetails, yield* Query.forResource(operation, options))
    })

    const create: Service["create"] = fn("Metadefs.namespaces.create")(function* (name, definition = {}) {
      const operation = "Metadefs.namespaces.create"
      yield* Argument.checked(operation, "name", name, Definition.name)
      const body = yield* Definition.namespace(operation, "definition", definition)
      return yield* Request.run(http, {
        operation,
        request: HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post("/metadefs/namespaces"), {
          ...body,
          namespace: name
        }),
        decode: readDetails,
        on: { 409: Shared.duplicate("namespace", name) }
      })
    })

    const update: Service["update"] = fn("Metadefs.namespaces.update")(function* (namespace, changes) {
      const operation = "Metadefs.namespaces.update"
      const path = yield* Shared.path(operation, namespace)
      const wanted = yield* Definition.namespaceChanges(operation, changes)
      return yield* Shared.rewrite(http, {
        operation,
        path,
        dropped,
        decode: decodeDetails,
        change: () => wanted,
        // The answer to an update does not say what is in the namespace.
        after: (before, answer) => ({
          ...Object.fromEntries(inside.filter((key) => key in before).map((key) => [key, before[key]])),
          ...answer
        }),
        on: {
          404: Shared.namespaceNotFound(namespace),
          409: Shared.duplicate("namespace", changes.name ?? Metadef.nameOf(namespace))
        }
      })
    })

    const remove: Service["delete"] = fn("Metadefs.namespaces.delete")(function* (namespace) {
      const operation = "Metadefs.namespaces.delete"
      return yield* Shared.remove(http, operation, yield* Shared.path(operation, namespace), namespace, {
        404: Shared.namespaceNotFound(namespace)
      })
    })

    return { list, listAll, get, create, update, delete: remove }
  }
)
