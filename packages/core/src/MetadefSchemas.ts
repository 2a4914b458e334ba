/**
 * The JSON schemas by which the server describes metadata definitions.
 *
 * @since 0.1.0
 */

import * as Effect from "effect/Effect"
import * as Rec from "effect/Record"
import * as GlanceClient from "./GlanceClient.js"
import type * as GlanceError from "./GlanceError.js"
import type { JsonSchema } from "./ImageSchemas.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Operations from "./internal/operations.js"

/**
 * The JSON schemas of definitions, each fetched anew when it is run. They are answered as they are: nothing here
 * validates by them.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/metadefs-index.html#metadata-definition-schemas
 */
export interface Service {
  readonly namespace: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly namespaces: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly property: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly properties: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly object: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly objects: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly tag: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly tags: Effect.Effect<JsonSchema, GlanceError.RequestError>
  /** Of the association of a namespace with a resource type. */
  readonly resourceType: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly resourceTypes: Effect.Effect<JsonSchema, GlanceError.RequestError>
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
    const { call } = Operations.make(http)
    return Rec.map(Endpoints.metadefSchemas, (endpoint) => call(endpoint, () => ({}))())
  }
)
