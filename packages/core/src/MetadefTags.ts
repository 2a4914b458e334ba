/**
 * The tags of a namespace of metadata definitions.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
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
 * The order of tags, and the size of a page.
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

// The errors of each operation.
export type ListAllError = NamespaceFailure | GlanceError.MetadefTagNotFound | GlanceError.PagingError
export type GetError = Failure | GlanceError.MetadefTagNotFound
export type CreateError = NamespaceFailure | GlanceError.DuplicateMetadef
export type AppendError = NamespaceFailure | GlanceError.DuplicateMetadef
export type SetError = NamespaceFailure | GlanceError.DuplicateMetadef | GlanceError.ProtectedMetadef
export type RenameError = Failure | GlanceError.MetadefTagNotFound | GlanceError.DuplicateMetadef
export type DeleteError = Failure | GlanceError.MetadefTagNotFound | GlanceError.ProtectedMetadef
export type DeleteAllError = NamespaceFailure | GlanceError.ProtectedMetadef

/**
 * The operations on the tags of a namespace. If the database of the cloud ignores case, `Blue` and `blue` are one tag.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-tags
 */
export interface Service {
  /**
   * Streams all tags, each once, without their times. Glance sends pages if there is a `limit`. The stream fetches
   * pages until one is not full. If the last tag of a page was deleted, it starts again, and emits no tag twice.
   */
  readonly listAll: (namespace: Metadef.NamespaceRef, query?: TagQuery) => Stream.Stream<Metadef.Tag, ListAllError>
  readonly get: (namespace: Metadef.NamespaceRef, name: string) => Effect.Effect<Metadef.Tag, GetError>
  readonly create: (namespace: Metadef.NamespaceRef, name: string) => Effect.Effect<Metadef.Tag, CreateError>
  /**
   * Adds the missing tags to the namespace, and keeps the others. It sends one request, or a second one with the
   * missing tags if the namespace has some of them, because Glance then adds none.
   *
   * A Glance without the header `X-Openstack-Append` would replace all tags of the namespace. Use `create` there.
   */
  readonly append: (namespace: Metadef.NamespaceRef, names: ReadonlyArray<string>) => Effect.Effect<void, AppendError>
  /** Replaces the tags of the namespace with one request. An empty list deletes them, which protection forbids. */
  readonly set: (namespace: Metadef.NamespaceRef, names: ReadonlyArray<string>) => Effect.Effect<void, SetError>
  readonly rename: (
    namespace: Metadef.NamespaceRef,
    name: string,
    newName: string
  ) => Effect.Effect<Metadef.Tag, RenameError>
  readonly delete: (namespace: Metadef.NamespaceRef, name: string) => Effect.Effect<void, DeleteError>
  /** Deletes all tags of a namespace. */
  readonly deleteAll: (namespace: Metadef.NamespaceRef) => Effect.Effect<void, DeleteAllError>
}

const sortKeys = { name: "name", createdAt: "created_at" }

/** Attempts to append after a conflict with a concurrent append. */
const attempts = 3

/**
 * Makes the operations on the `GlanceClient` of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.map(
  GlanceClient.GlanceClient,
  (http): Service => {
    const { call, operation, request } = Operations.make(http)

    const page = (ref: Metadef.NamespaceRef, query: TagQuery) =>
      Effect.gen(function* () {
        yield* Query.checkKeys(query, ["sort", "limit", "marker"])
        const params = yield* Query.pageParams(query, sortKeys)
        const namespace = Metadef.nameOf(ref)
        const { limit, marker } = query
        const tags = yield* Effect.catchTag(
          request(Endpoints.listTags, { namespace }, { query: params }),
          "MetadefNamespaceNotFound",
          (error): Effect.Effect<never, GlanceError.MetadefNamespaceNotFound | GlanceError.MetadefTagNotFound> =>
            marker === undefined ? error : new GlanceError.MetadefTagNotFound({ ...error, tag: marker })
        )
        return { items: tags, next: limit === undefined || tags.length < limit ? undefined : tags.at(-1)?.name }
      })

    const parametersOf = (namespace: Metadef.NamespaceRef, tag: string) => ({
      namespace: Metadef.nameOf(namespace),
      tag
    })

    const post = (namespace: string, names: ReadonlyArray<string>, { append }: { readonly append: boolean }) =>
      request(Endpoints.setTags, { namespace, names }, { headers: { "x-openstack-append": String(append) } })

    return {
      listAll: (namespace, query = {}) =>
        Shared.parts(query.marker, (marker) => page(namespace, { ...query, marker })).pipe(
          Operations.streamOperation(Endpoints.listTags)
        ),
      get: call(Endpoints.getTag, parametersOf),
      create: operation(Endpoints.createTag)(function* (namespace, tag) {
        yield* Check.check("name", tag, Definition.name)
        return yield* request(Endpoints.createTag, parametersOf(namespace, tag))
      }),
      append: operation("Metadefs.tags.append")(function* (ref, names) {
        const namespace = Metadef.nameOf(ref)
        const tags = yield* Definition.tagNames("names", names)
        const missing = Effect.map(request(Endpoints.listTags, { namespace }), (present) =>
          tags.filter((name) => !present.some((tag) => tag.name === name))
        )
        const put = (names: typeof tags) =>
          names.length === 0 ? Effect.void : post(namespace, names, { append: true })
        yield* Effect.catchTag(put(tags), "DuplicateMetadef", () =>
          Effect.retry(Effect.flatMap(missing, put), {
            times: attempts - 1,
            while: ({ _tag }) => _tag === "DuplicateMetadef"
          })
        )
      }),
      set: operation(Endpoints.setTags)(function* (ref, names) {
        const namespace = Metadef.nameOf(ref)
        const tags = yield* Definition.tagNames("names", names)
        // Glance ignores an empty list and keeps the tags.
        yield* tags.length === 0
          ? request(Endpoints.deleteTags, { namespace })
          : post(namespace, tags, { append: false })
      }),
      rename: operation(Endpoints.renameTag)(function* (namespace, tag, name) {
        yield* Check.check("newName", name, Definition.name)
        return yield* request(Endpoints.renameTag, { ...parametersOf(namespace, tag), definition: { name } })
      }),
      delete: call(Endpoints.deleteTag, parametersOf),
      deleteAll: call(Endpoints.deleteTags, (namespace) => ({ namespace: Metadef.nameOf(namespace) }))
    }
  }
)
