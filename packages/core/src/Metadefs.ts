/**
 * The catalog of metadata definitions: namespaces of properties, objects and tags, and the resource types that they
 * apply to. Everyone can read public definitions. Only administrators can write, unless the cloud has another policy.
 *
 * An update in Glance replaces the whole definition, without a check for concurrent changes. The updates here read the
 * definition, change the given fields and send it back. A concurrent change between the two requests is lost.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as GlanceClient from "./GlanceClient.js"
import * as MetadefNamespaces from "./MetadefNamespaces.js"
import * as MetadefObjects from "./MetadefObjects.js"
import * as MetadefProperties from "./MetadefProperties.js"
import * as MetadefResourceTypes from "./MetadefResourceTypes.js"
import * as MetadefSchemas from "./MetadefSchemas.js"
import * as MetadefTags from "./MetadefTags.js"

/**
 * The operations on metadata definitions.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html
 */
export interface Service {
  readonly namespaces: MetadefNamespaces.Service
  readonly properties: MetadefProperties.Service
  readonly objects: MetadefObjects.Service
  readonly tags: MetadefTags.Service
  readonly resourceTypes: MetadefResourceTypes.Service
  readonly schemas: MetadefSchemas.Service
}

/**
 * The service of metadata definitions.
 *
 * @since 0.1.0
 * @category tags
 */
export class Metadefs extends Context.Tag("@effect-glance/core/Metadefs")<Metadefs, Service>() {}

/**
 * Makes the service on the `GlanceClient` of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.all({
  namespaces: MetadefNamespaces.make,
  properties: MetadefProperties.make,
  objects: MetadefObjects.make,
  tags: MetadefTags.make,
  resourceTypes: MetadefResourceTypes.make,
  schemas: MetadefSchemas.make
})

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { Metadefs } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(Metadefs.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Metadefs, never, GlanceClient.GlanceClient> = Layer.effect(Metadefs, make)
