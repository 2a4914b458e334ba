/**
 * The tags of a namespace of metadata definitions.
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
import * as Query from "./internal/metadefs/query.js"
import * as Shared from "./internal/metadefs/shared.js"
import * as Request from "./internal/request.js"
import * as Metadef from "./Metadef.js"

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

type NamespaceFailure = Failure | GlanceError.MetadefNamespaceNotFound

/**
 * In which order to list tags, and how many at once.
 *
 * @since 0.1.0
 * @category models
 */
export interface TagQuery {
  /** @default newest first */
  readonly sort?:
    | {
        readonly key: "name" | "createdAt"
        /** @default "desc" */
        readonly direction?: "asc" | "desc" | undefined
      }
    | undefined
  /**
   * Tags in one page, at least 1.
   *
   * @default all of them
   */
  readonly limit?: number | undefined
  /** The name of the tag after which the list begins. */
  readonly marker?: string | undefined
}

/**
 * The operations on the tags of a namespace. On a cloud whose database compares without regard to case, `Blue` and
 * `blue` are one tag.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-tags
 */
export interface Service {
  /**
   * All tags, each once, without their times. Glance sends pages of them when there is a `limit`, and never says
   * whether another one follows: a page is fetched after the last name until one is not full. When that name has gone,
   * the listing begins again and leaves out what it has given.
   */
  readonly listAll: (
    namespace: Metadef.NamespaceRef,
    query?: TagQuery
  ) => Stream.Stream<Metadef.Tag, NamespaceFailure | GlanceError.MetadefTagNotFound | GlanceError.PagingError>
  readonly get: (
    namespace: Metadef.NamespaceRef,
    name: string
  ) => Effect.Effect<Metadef.Tag, Failure | GlanceError.MetadefTagNotFound>
  readonly create: (
    namespace: Metadef.NamespaceRef,
    name: string
  ) => Effect.Effect<Metadef.Tag, NamespaceFailure | GlanceError.DuplicateMetadef>
  /**
   * Puts those of the tags into the namespace that are not in it, and leaves the others alone. One request when none is
   * there; when some are, Glance takes none, and the rest goes with a second one.
   *
   * A Glance that does not know the header `X-Openstack-Append` would take these for all the tags of the namespace:
   * there `create` puts in one by one.
   */
  readonly append: (
    namespace: Metadef.NamespaceRef,
    names: ReadonlyArray<string>
  ) => Effect.Effect<void, NamespaceFailure | GlanceError.DuplicateMetadef>
  /** Makes these the tags of the namespace, in one request; none deletes all of them, which protection forbids. */
  readonly set: (
    namespace: Metadef.NamespaceRef,
    names: ReadonlyArray<string>
  ) => Effect.Effect<void, NamespaceFailure | GlanceError.DuplicateMetadef | GlanceError.ProtectedMetadef>
  readonly rename: (
    namespace: Metadef.NamespaceRef,
    name: string,
    newName: string
  ) => Effect.Effect<Metadef.Tag, Failure | GlanceError.MetadefTagNotFound | GlanceError.DuplicateMetadef>
  readonly delete: (
    namespace: Metadef.NamespaceRef,
    name: string
  ) => Effect.Effect<void, Failure | GlanceError.MetadefTagNotFound | GlanceError.ProtectedMetadef>
  /** Takes all tags out of a namespace. */
  readonly deleteAll: (
    namespace: Metadef.NamespaceRef
  ) => Effect.Effect<void, NamespaceFailure | GlanceError.ProtectedMetadef>
}

const readTag = Request.json(Request.decoder(Metadef.Tag))
const readTags = Request.json(Request.decoder(Schema.Struct({ tags: Lenient.List(Metadef.Tag) })))

const sortKeys = { name: "name", createdAt: "created_at" }

/** Attempts to append after a conflict: somebody else may append the same. */
const attempts = 3

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
      Shared.path(operation, namespace, "tags", ["name", name])

    const notFound = (namespace: Metadef.NamespaceRef, tag: string) => ({
      404: (answer: Answer.Answer) =>
        new GlanceError.MetadefTagNotFound({ ...answer, namespace: Metadef.nameOf(namespace), tag })
    })

    const read = <On extends Request.Meanings>(
      operation: string,
      namespace: Metadef.NamespaceRef,
      params: ReadonlyArray<readonly [string, string]>,
      on: On
    ) =>
      Effect.flatMap(Shared.path(operation, namespace, "tags"), (path) =>
        Request.run(http, {
          operation,
          request: HttpClientRequest.setUrlParams(HttpClientRequest.get(path), params),
          decode: readTags,
          on
        })
      )

    const part = (operation: string, namespace: Metadef.NamespaceRef, query: TagQuery) =>
      Effect.gen(function* () {
        yield* Query.known(operation, query, ["sort", "limit", "marker"])
        const params = yield* Query.place(operation, query, sortKeys)
        const { limit, marker } = query
        const { tags } = yield* marker === undefined
          ? read(operation, namespace, params, { 404: Shared.namespaceNotFound(namespace) })
          : read(operation, namespace, params, notFound(namespace, marker))
        return { items: tags, next: limit === undefined || tags.length < limit ? undefined : tags.at(-1)?.name }
      })

    const listAll: Service["listAll"] = (namespace, query = {}) => {
      const operation = "Metadefs.tags.listAll"
      return Shared.parts(operation, query.marker, (marker) => part(operation, namespace, { ...query, marker }))
    }

    const get: Service["get"] = fn("Metadefs.tags.get")(function* (namespace, name) {
      const operation = "Metadefs.tags.get"
      const path = yield* pathOf(operation, namespace, name)
      return yield* Request.run(http, {
        operation,
        request: HttpClientRequest.get(path),
        decode: readTag,
        on: notFound(namespace, name)
      })
    })

    const create: Service["create"] = fn("Metadefs.tags.create")(function* (namespace, name) {
      const operation = "Metadefs.tags.create"
      yield* Argument.checked(operation, "name", name, Definition.name)
      const path = yield* pathOf(operation, namespace, name)
      return yield* Request.run(http, {
        operation,
        request: HttpClientRequest.post(path),
        decode: readTag,
        on: { 404: Shared.namespaceNotFound(namespace), 409: Shared.duplicate("tag", name) }
      })
    })

    const post = (
      operation: string,
      namespace: Metadef.NamespaceRef,
      tags: ReadonlyArray<{ readonly name: string }>,
      { append }: { readonly append: boolean }
    ) =>
      Effect.flatMap(Shared.path(operation, namespace, "tags"), (path) =>
        Request.run(http, {
          operation,
          request: HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(path), { tags }).pipe(
            HttpClientRequest.setHeader("x-openstack-append", String(append))
          ),
          decode: Request.nothing,
          on: {
            404: Shared.namespaceNotFound(namespace),
            409: Shared.duplicate("tag", tags.map(({ name }) => name).join(", "))
          }
        })
      )

    const append: Service["append"] = fn("Metadefs.tags.append")(function* (namespace, names) {
      const operation = "Metadefs.tags.append"
      const tags = yield* Definition.tagNames(operation, "names", names)
      const missing = Effect.map(
        read(operation, namespace, [], { 404: Shared.namespaceNotFound(namespace) }),
        (there) => tags.filter(({ name }) => !there.tags.some((tag) => tag.name === name))
      )
      const put = (those: typeof tags) =>
        those.length === 0 ? Effect.void : post(operation, namespace, those, { append: true })
      yield* Effect.catchTag(put(tags), "DuplicateMetadef", () =>
        Effect.retry(Effect.flatMap(missing, put), {
          times: attempts - 1,
          while: ({ _tag }) => _tag === "DuplicateMetadef"
        })
      )
    })

    const set: Service["set"] = fn("Metadefs.tags.set")(function* (namespace, names) {
      const operation = "Metadefs.tags.set"
      const tags = yield* Definition.tagNames(operation, "names", names)
      // An empty list is all the same to Glance: it leaves the tags as they are.
      yield* tags.length === 0
        ? Shared.removeAll(http, operation, namespace, "tags")
        : post(operation, namespace, tags, { append: false })
    })

    const rename: Service["rename"] = fn("Metadefs.tags.rename")(function* (namespace, name, newName) {
      const operation = "Metadefs.tags.rename"
      const path = yield* pathOf(operation, namespace, name)
      yield* Argument.checked(operation, "newName", newName, Definition.name)
      return yield* Request.run(http, {
        operation,
        request: HttpClientRequest.bodyUnsafeJson(HttpClientRequest.put(path), { name: newName }),
        decode: readTag,
        on: { ...notFound(namespace, name), 409: Shared.duplicate("tag", newName) }
      })
    })

    const remove: Service["delete"] = fn("Metadefs.tags.delete")(function* (namespace, name) {
      const operation = "Metadefs.tags.delete"
      const path = yield* pathOf(operation, namespace, name)
      return yield* Shared.remove(http, operation, path, namespace, notFound(namespace, name))
    })

    const removeAll: Service["deleteAll"] = fn("Metadefs.tags.deleteAll")((namespace) =>
      Shared.removeAll(http, "Metadefs.tags.deleteAll", namespace, "tags")
    )

    return { listAll, get, create, append, set, rename, delete: remove, deleteAll: removeAll }
  }
)
