/**
 * The JSON schemas by which the server describes its records. That of an image names the formats that the operator
 * allows.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
import * as GlanceClient from "./GlanceClient.js"
import type * as GlanceError from "./GlanceError.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Operations from "./internal/operations.js"

/**
 * A JSON schema, as the server sent it.
 *
 * @since 0.1.0
 * @category models
 */
export interface JsonSchema {
  readonly [key: string]: unknown
}

/**
 * The schemas. Each effect fetches its schema again, and returns it as the server sent it. The client does not validate
 * with them.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#image-schemas
 */
export interface Service {
  /**
   * The schema of an image's record: its attributes, the formats and statuses that the cloud allows, and the custom
   * properties that its operator describes.
   */
  readonly image: Effect.Effect<JsonSchema, GlanceError.RequestError>
  /** The schema of a page of images. */
  readonly images: Effect.Effect<JsonSchema, GlanceError.RequestError>
  /** The schema of a membership. */
  readonly member: Effect.Effect<JsonSchema, GlanceError.RequestError>
  /** The schema of the list of an image's members. */
  readonly members: Effect.Effect<JsonSchema, GlanceError.RequestError>
  /** The schema of a task's record. */
  readonly task: Effect.Effect<JsonSchema, GlanceError.RequestError>
  /** The schema of a page of tasks. */
  readonly tasks: Effect.Effect<JsonSchema, GlanceError.RequestError>
}

/**
 * The service of the server's JSON schemas.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageSchemas extends Context.Tag("@effect-glance/core/ImageSchemas")<ImageSchemas, Service>() {}

/**
 * Makes the service on the `GlanceClient` of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.map(
  GlanceClient.GlanceClient,
  (http): Service => {
    const { call } = Operations.make(http)
    return Record.map(Endpoints.imageSchemas, (endpoint) => call(endpoint, () => ({}))())
  }
)

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { ImageSchemas } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(ImageSchemas.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageSchemas, never, GlanceClient.GlanceClient> = Layer.effect(ImageSchemas, make)
