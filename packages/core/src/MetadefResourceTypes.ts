/**
 * The resource types that metadata definitions apply to.
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
import * as Metadef from "./Metadef.js"

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

type NamespaceFailure = Failure | GlanceError.MetadefNamespaceNotFound

/**
 * The use of a namespace's properties on a resource type.
 *
 * @since 0.1.0
 * @category models
 */
export interface AssociationDefinition {
  /** The prefix of the properties on such a resource, with its separator: `hw_`. */
  readonly prefix?: string | undefined
  /** The set of properties of a resource with several: `image` or `user` of a volume. */
  readonly propertiesTarget?: string | undefined
}

// The errors of each operation.
export type ListAllError = GlanceError.RequestError
export type AssociationsError = NamespaceFailure
export type AssociateError = NamespaceFailure | GlanceError.DuplicateMetadef
export type DissociateError = Failure | GlanceError.MetadefAssociationNotFound | GlanceError.ProtectedMetadef

/**
 * The operations on resource types, and on their associations with namespaces.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-resource-types
 */
export interface Service {
  /** Streams all resource types of the cloud. The first association of a namespace creates one, and it stays. */
  readonly listAll: Stream.Stream<Metadef.ResourceType, ListAllError>
  /** Streams the resource types that a namespace is associated with. */
  readonly associations: (namespace: Metadef.NamespaceRef) => Stream.Stream<Metadef.Association, AssociationsError>
  readonly associate: (
    namespace: Metadef.NamespaceRef,
    resourceType: string,
    definition?: AssociationDefinition
  ) => Effect.Effect<Metadef.Association, AssociateError>
  readonly dissociate: (namespace: Metadef.NamespaceRef, resourceType: string) => Effect.Effect<void, DissociateError>
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
    return {
      listAll: Shared.streamAll(operations, Endpoints.listResourceTypes, {}),
      associations: (namespace) =>
        Shared.streamAll(operations, Endpoints.listAssociations, { namespace: Metadef.nameOf(namespace) }),
      associate: operation(Endpoints.createAssociation)(function* (namespace, resourceType, definition = {}) {
        yield* Check.check("resourceType", resourceType, Definition.name)
        const body = yield* Definition.association("definition", definition)
        return yield* request(Endpoints.createAssociation, {
          namespace: Metadef.nameOf(namespace),
          definition: { ...body, name: resourceType }
        })
      }),
      dissociate: call(Endpoints.deleteAssociation, (namespace, resourceType) => ({
        namespace: Metadef.nameOf(namespace),
        resourceType
      }))
    }
  }
)
