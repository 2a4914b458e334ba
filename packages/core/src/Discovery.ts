/**
 * What a cloud offers: versions of the Image API, ways to import, stores, the shape of an image, and how much of its quota
 * a project uses.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Answer from "./Answer.js"
import * as ForeignText from "./ForeignText.js"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as ImageSchemas from "./ImageSchemas.js"
import type * as ImageStore from "./ImageStore.js"
import * as Cached from "./internal/cached.js"
import * as Lenient from "./internal/lenient.js"
import * as Request from "./internal/request.js"
import * as Stores from "./internal/stores.js"
import * as Wire from "./internal/wire.js"

/**
 * How much of a quota is used, in the unit of the quota: a number of images, or MiB.
 *
 * @since 0.1.0
 * @category models
 */
export interface Usage {
  readonly usage: number
  /** `-1` where there is no limit. */
  readonly limit: number
}

/**
 * What a cloud offers. All but {@link Service.usage} is asked for once and then known for ten minutes, by all who share
 * the service.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * The versions of the Image API, as `v2.16`, and how the cloud stands to each: `CURRENT`, `SUPPORTED`, `EXPERIMENTAL` or
   * `DEPRECATED`. A version stands for the features that came with it, and is left out by a cloud that has them turned
   * off: ask whether one is there, never which is the highest.
   *
   * @see https://docs.openstack.org/api-ref/image/versions/index.html#list-api-versions
   */
  readonly versions: Effect.Effect<
    ReadonlyMap<string, string>,
    GlanceError.RequestError | GlanceError.CapabilityMissing
  >
  /**
   * The ways to import that the cloud has turned on; none where its Glance knows no imports. Whether the caller may use
   * one is another question: `copy-image` is for administrators mostly.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#import-methods-and-values-discovery
   */
  readonly importMethods: Effect.Effect<ReadonlyArray<string>, GlanceError.RequestError>
  /**
   * The stores. A cloud with a single one lacks the choice.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-stores
   */
  readonly stores: Effect.Effect<
    ReadonlyArray<ImageStore.ImageStore>,
    GlanceError.RequestError | GlanceError.CapabilityMissing
  >
  /**
   * The schema of an image, with the formats and the properties that the cloud allows.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-image-schema
   */
  readonly imageSchema: Effect.Effect<ImageSchemas.JsonSchema, GlanceError.RequestError>
  /**
   * How much of its quotas the caller's project uses, by the name of the quota: `image_count_total`,
   * `image_count_uploading`, `image_size_total` and `image_stage_total`, the latter two in MiB. Empty where the cloud keeps
   * no quotas in Keystone.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#quota-usage
   */
  readonly usage: Effect.Effect<ReadonlyMap<string, Usage>, GlanceError.RequestError | GlanceError.CapabilityMissing>
  /** Forgets what is known, so that it is asked for anew. */
  readonly refresh: Effect.Effect<void>
}

/**
 * The service of what a cloud offers.
 *
 * @since 0.1.0
 * @category tags
 */
export class Discovery extends Context.Tag("@effect-glance/core/Discovery")<Discovery, Service>() {}

const timeToLive = Duration.minutes(10)

const readVersions = Request.json(
  Request.decoder(Schema.Struct({ versions: Schema.Array(Schema.Struct({ id: Lenient.Text, status: Schema.String })) }))
)

const readMethods = Request.json(
  Request.decoder(
    Schema.Struct({
      "import-methods": Lenient.withDefault(
        Schema.Struct({ value: Lenient.withDefault(Lenient.Texts, () => []) }),
        () => ({ value: [] })
      )
    })
  )
)

const decodeUsages = Request.decoder(Schema.Struct({ usage: Schema.NullOr(Wire.JsonObject) }))

const decodeUsage = Request.decoder(
  Schema.Struct({
    usage: Lenient.withDefault(Lenient.Amount, () => 0),
    limit: Lenient.withDefault(Lenient.Amount, () => -1)
  })
)

const readUsage = Request.json((body) =>
  Either.gen(function* () {
    const usages = new Map<string, Usage>()
    for (const [name, usage] of Object.entries((yield* decodeUsages(body)).usage ?? {})) {
      usages.set(
        name,
        yield* Either.mapLeft(decodeUsage(usage), ({ detail }) => ({
          detail: `["usage"][${JSON.stringify(ForeignText.show(name, { maxLength: 100 }))}]: ${detail}`
        }))
      )
    }
    return usages
  })
)

/**
 * The service on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const http = yield* GlanceClient.GlanceClient

  const missing = (operation: string, capability: string) => ({
    404: ({ detail, requestId }: Answer.Answer) =>
      new GlanceError.CapabilityMissing({ operation, capability, detail, requestId })
  })

  const versionsAt = (path: "/versions" | "/") =>
    Request.run(
      { client: http.unversioned, timeLimit: http.timeLimit, bodyLimit: http.bodyLimit },
      {
        operation: "Discovery.versions",
        request: HttpClientRequest.get(path),
        decode: readVersions,
        // Multiple choices are what was asked for.
        alsoSuccess: 300,
        on: missing("Discovery.versions", "a list of versions")
      }
    )

  const versions = Effect.gen(function* () {
    // A proxy may let through one of the two only.
    const { versions } = yield* Effect.catchTag(versionsAt("/versions"), "CapabilityMissing", () => versionsAt("/"))
    return new Map(versions.map(({ id, status }) => [id, status]))
  }).pipe(Effect.withSpan("Discovery.versions"))

  const importMethods = Request.run(http, {
    operation: "Discovery.importMethods",
    request: HttpClientRequest.get("/info/import"),
    decode: readMethods,
    on: missing("Discovery.importMethods", "imports")
  }).pipe(
    Effect.map((info) => info["import-methods"].value),
    Effect.catchTag("CapabilityMissing", () => Effect.succeed<ReadonlyArray<string>>([])),
    Effect.withSpan("Discovery.importMethods")
  )

  const usage = Request.run(http, {
    operation: "Discovery.usage",
    request: HttpClientRequest.get("/info/usage"),
    decode: readUsage,
    on: missing("Discovery.usage", "a report of usage")
  }).pipe(Effect.withSpan("Discovery.usage"))

  const stores = Effect.withSpan(Stores.list(http, "Discovery.stores", "/info/stores"), "Discovery.stores")

  const { image } = yield* ImageSchemas.make

  const known = {
    versions: yield* Cached.make(versions, timeToLive),
    importMethods: yield* Cached.make(importMethods, timeToLive),
    stores: yield* Cached.make(stores, timeToLive),
    imageSchema: yield* Cached.make(image, timeToLive)
  }

  return {
    versions: known.versions.get,
    importMethods: known.importMethods.get,
    stores: known.stores.get,
    imageSchema: known.imageSchema.get,
    usage,
    refresh: Effect.forEach(Object.values(known), ({ forget }) => forget, { discard: true })
  }
})

/**
 * {@link make} as a layer. A layer is built once for all who ask for it in one graph: for two projects side by side
 * take `Layer.fresh` of it, or `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Discovery, never, GlanceClient.GlanceClient> = Layer.effect(Discovery, make)
