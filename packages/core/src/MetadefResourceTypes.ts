/**
 * The kinds of resources that metadata definitions are for.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as Answer from "./Answer.js"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Argument from "./internal/argument.js"
import * as Lenient from "./internal/lenient.js"
import * as Limit from "./internal/limit.js"
import * as Definition from "./internal/metadefs/definition.js"
import * as Shared from "./internal/metadefs/shared.js"
import * as Request from "./internal/request.js"
import * as Metadef from "./Metadef.js"

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

type NamespaceFailure = Failure | GlanceError.MetadefNamespaceNotFound

/**
 * How a namespace's properties are used on a kind of resource.
 *
 * @since 0.1.0
 * @category models
 */
export interface AssociationDefinition {
  /** What stands before the names of the properties on such a resource, with its separator: `hw_`. */
  readonly prefix?: string | undefined
  /** Which of a resource's several sets of properties is meant: `image` or `user` of a volume. */
  readonly propertiesTarget?: string | undefined
}

/**
 * The operations on resource types, and on which of them a namespace is for.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-resource-types
 */
export interface Service {
  /** All resource types that the cloud knows: one is made when a namespace is first associated with it, and stays. */
  readonly listAll: Stream.Stream<Metadef.ResourceType, GlanceError.RequestError>
  /** The resource types that a namespace is for. */
  readonly associations: (namespace: Metadef.NamespaceRef) => Stream.Stream<Metadef.Association, NamespaceFailure>
  readonly associate: (
    namespace: Metadef.NamespaceRef,
    resourceType: string,
    definition?: AssociationDefinition
  ) => Effect.Effect<Metadef.Association, NamespaceFailure | GlanceError.DuplicateMetadef>
  readonly dissociate: (
    namespace: Metadef.NamespaceRef,
    resourceType: string
  ) => Effect.Effect<void, Failure | GlanceError.MetadefAssociationNotFound | GlanceError.ProtectedMetadef>
}

const readAssociation = Request.json(Request.decoder(Metadef.Association))
const readTypes = Request.json(Request.decoder(Schema.Struct({ resource_types: Lenient.List(Metadef.ResourceType) })))
const readAssociations = Request.json(
  Request.decoder(Schema.Struct({ resource_type_associations: Lenient.List(Metadef.Association) }))
)

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
    const listAll = Request.run(http, {
      operation: "Metadefs.resourceTypes.listAll",
      request: HttpClientRequest.get("/metadefs/resource_types"),
      decode: readTypes
    }).pipe(
      Effect.map(({ resource_types }) => resource_types),
      Stream.fromIterableEffect,
      Stream.withSpan("Metadefs.resourceTypes.listAll")
    )

    const associations: Service["associations"] = (namespace) =>
      Shared.all(
        http,
        "Metadefs.resourceTypes.associations",
        namespace,
        "resource_types",
        readAssociations,
        ({ resource_type_associations }) => resource_type_associations
      )

    const associate: Service["associate"] = fn("Metadefs.resourceTypes.associate")(function* (
      namespace,
      resourceType,
      definition = {}
    ) {
      const operation = "Metadefs.resourceTypes.associate"
      const path = yield* Shared.path(operation, namespace, "resource_types")
      yield* Argument.checked(operation, "resourceType", resourceType, Definition.name)
      const body = yield* Definition.association(operation, "definition", definition)
      return yield* Request.run(http, {
        operation,
        request: HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(path), { ...body, name: resourceType }),
        decode: readAssociation,
        on: { 404: Shared.namespaceNotFound(namespace), 409: Shared.duplicate("association", resourceType) }
      })
    })

    const dissociate: Service["dissociate"] = fn("Metadefs.resourceTypes.dissociate")(
      function* (namespace, resourceType) {
        const operation = "Metadefs.resourceTypes.dissociate"
        const path = yield* Shared.path(operation, namespace, "resource_types", ["resourceType", resourceType])
        return yield* Shared.remove(http, operation, path, namespace, {
          404: (answer: Answer.Answer) =>
            new GlanceError.MetadefAssociationNotFound({
              ...answer,
              namespace: Metadef.nameOf(namespace),
              resourceType
            })
        })
      }
    )

    return { listAll, associations, associate, dissociate }
  }
)
