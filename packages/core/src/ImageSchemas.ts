/**
 * The JSON schemas by which the server describes its records. That of an image names the formats that the operator
 * allows.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as GlanceError from "./GlanceError.js"
import * as GlanceHttp from "./GlanceHttp.js"
import * as Request from "./internal/request.js"
import * as Wire from "./internal/wire.js"

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
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#image-schemas
 */
export interface Service {
  readonly image: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly images: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly member: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly members: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly task: Effect.Effect<JsonSchema, GlanceError.RequestError>
  readonly tasks: Effect.Effect<JsonSchema, GlanceError.RequestError>
}

/**
 * @since 0.1.0
 * @category tags
 */
export class ImageSchemas extends Context.Tag("@effect-glance/core/ImageSchemas")<ImageSchemas, Service>() {}

const readSchema = Request.json(Request.decoder(Wire.JsonObject))

/**
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceHttp.GlanceHttp> = Effect.gen(function* () {
  const http = yield* GlanceHttp.GlanceHttp

  const schema = (name: keyof Service) => {
    const operation = `ImageSchemas.${name}`
    return Request.run(http, {
      operation,
      request: HttpClientRequest.get(`/schemas/${name}`),
      decode: readSchema
    }).pipe(Effect.withSpan(operation))
  }

  return {
    image: schema("image"),
    images: schema("images"),
    member: schema("member"),
    members: schema("members"),
    task: schema("task"),
    tasks: schema("tasks")
  }
})

/**
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageSchemas, never, GlanceHttp.GlanceHttp> = Layer.effect(ImageSchemas, make)
