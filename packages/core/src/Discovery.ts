/**
 * What a cloud offers: versions of the Image API, ways to import, stores, the shape of an image, and how much of its quota
 * a project uses.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as GlanceClient from "./GlanceClient.js"
import type * as GlanceError from "./GlanceError.js"
import * as ImageSchemas from "./ImageSchemas.js"
import type * as ImageStore from "./ImageStore.js"
import * as Cached from "./internal/cached.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Operations from "./internal/operations.js"

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

// The errors of each operation.
export type VersionsError = GlanceError.RequestError | GlanceError.CapabilityMissing
export type ImportMethodsError = GlanceError.RequestError
export type StoresError = GlanceError.RequestError | GlanceError.CapabilityMissing
export type ImageSchemaError = GlanceError.RequestError
export type UsageError = GlanceError.RequestError | GlanceError.CapabilityMissing

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
  readonly versions: Effect.Effect<ReadonlyMap<string, string>, VersionsError>
  /**
   * The ways to import that the cloud has turned on; none where its Glance knows no imports. Whether the caller may use
   * one is another question: `copy-image` is for administrators mostly.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#import-methods-and-values-discovery
   */
  readonly importMethods: Effect.Effect<ReadonlyArray<string>, ImportMethodsError>
  /**
   * The stores. A cloud with a single one lacks the choice.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-stores
   */
  readonly stores: Effect.Effect<ReadonlyArray<ImageStore.ImageStore>, StoresError>
  /**
   * The schema of an image, with the formats and the properties that the cloud allows.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-image-schema
   */
  readonly imageSchema: Effect.Effect<ImageSchemas.JsonSchema, ImageSchemaError>
  /**
   * How much of its quotas the caller's project uses, by the name of the quota: `image_count_total`,
   * `image_count_uploading`, `image_size_total` and `image_stage_total`, the latter two in MiB. Empty where the cloud keeps
   * no quotas in Keystone.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#quota-usage
   */
  readonly usage: Effect.Effect<ReadonlyMap<string, Usage>, UsageError>
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

/**
 * The service on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const { call, operation, request } = Operations.make(yield* GlanceClient.GlanceClient)

  const versions = operation(Endpoints.listVersions.operation)(() =>
    // A proxy may let through one of the two only.
    Effect.catchTag(request(Endpoints.listVersions, {}), "CapabilityMissing", () =>
      request(Endpoints.listVersionsAtRoot, {})
    )
  )

  const importMethods = operation(Endpoints.getImportMethods.operation)(() =>
    Effect.catchTag(request(Endpoints.getImportMethods, {}), "CapabilityMissing", () =>
      Effect.succeed<ReadonlyArray<string>>([])
    )
  )

  const stores = operation("Discovery.stores")(() => request(Endpoints.listStores, {}))

  const { image } = yield* ImageSchemas.make

  const known = {
    versions: yield* Cached.make(versions(), timeToLive),
    importMethods: yield* Cached.make(importMethods(), timeToLive),
    stores: yield* Cached.make(stores(), timeToLive),
    imageSchema: yield* Cached.make(image, timeToLive)
  }

  return {
    versions: known.versions.get,
    importMethods: known.importMethods.get,
    stores: known.stores.get,
    imageSchema: known.imageSchema.get,
    usage: call(Endpoints.getUsage, () => ({}))(),
    refresh: Effect.forEach(Object.values(known), ({ forget }) => forget, { discard: true })
  }
})

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Discovery, never, GlanceClient.GlanceClient> = Layer.effect(Discovery, make)
