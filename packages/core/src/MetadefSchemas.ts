/**
 * The JSON schemas by which the server describes metadata definitions.
 *
 * @since 0.1.0
 */

import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as GlanceClient from "./GlanceClient.js"
import type * as GlanceError from "./GlanceError.js"
import type { JsonSchema } from "./ImageSchemas.js"
import * as Request from "./internal/request.js"
import * as Wire from "./internal/wire.js"

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

const readSchema = Request.json(Request.decoder(Wire.JsonObject))

/**
 * The operations on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.map(
  GlanceClient.GlanceClient,
  (http) => {
    const schema = (name: keyof Service, wire: string = name) => {
      const operation = `Metadefs.schemas.${name}`
      return Request.run(http, {
        operation,
        request: HttpClientRequest.get(`/schemas/metadefs/${wire}`),
        decode: readSchema
      }).pipe(Effect.withSpan(operation))
    }

    return {
      namespace: schema("namespace"),
      namespaces: schema("namespaces"),
      property: schema("property"),
      properties: schema("properties"),
      object: schema("object"),
      objects: schema("objects"),
      tag: schema("tag"),
      tags: schema("tags"),
      resourceType: schema("resourceType", "resource_type"),
      resourceTypes: schema("resourceTypes", "resource_types")
    }
  }
)
