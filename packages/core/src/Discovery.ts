/**
 * The capabilities of a cloud: versions of the Image API, import methods, stores, the schema of an image, and the usage
 * of quotas.
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
 * The usage of a quota, in the unit of the quota: a number of images, or MiB.
 *
 * @since 0.1.0
 * @category models
 */
export interface Usage {
  readonly usage: number
  /** `-1` without a limit. */
  readonly limit: number
}

// The errors of each operation.
export type VersionsError = GlanceError.RequestError | GlanceError.CapabilityMissing
export type ImportMethodsError = GlanceError.RequestError
export type StoresError = GlanceError.RequestError | GlanceError.CapabilityMissing
export type ImageSchemaError = GlanceError.RequestError
export type UsageError = GlanceError.RequestError | GlanceError.CapabilityMissing

/**
 * The capabilities of a cloud. All but {@link Service.usage} are cached for ten minutes. Callers of one service share
 * the cache.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Returns the versions of the Image API, such as `v2.16`, with their status: `CURRENT`, `SUPPORTED`, `EXPERIMENTAL`
   * or `DEPRECATED`. A version stands for its features, and a cloud leaves it out if they are disabled. Check whether a
   * version exists, not which is the highest.
   *
   * @see https://docs.openstack.org/api-ref/image/versions/index.html#list-api-versions
   */
  readonly versions: Effect.Effect<ReadonlyMap<string, string>, VersionsError>
  /**
   * Returns the import methods that the cloud has enabled; none if its Glance has no imports. The caller may not be
   * allowed to use all of them: `copy-image` is usually for administrators.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#import-methods-and-values-discovery
   */
  readonly importMethods: Effect.Effect<ReadonlyArray<string>, ImportMethodsError>
  /**
   * Returns the stores. A cloud with a single store fails with `CapabilityMissing`.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-stores
   */
  readonly stores: Effect.Effect<ReadonlyArray<ImageStore.ImageStore>, StoresError>
  /**
   * Returns the JSON schema of an image, with the formats and the properties that the cloud allows.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-image-schema
   */
  readonly imageSchema: Effect.Effect<ImageSchemas.JsonSchema, ImageSchemaError>
  /**
   * Returns the usage of the project's quotas by their names: `image_count_total`, `image_count_uploading`,
   * `image_size_total` and `image_stage_total`, the last two in MiB. Empty if the cloud has no quotas in Keystone.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#quota-usage
   */
  readonly usage: Effect.Effect<ReadonlyMap<string, Usage>, UsageError>
  /** Clears the cache. */
  readonly refresh: Effect.Effect<void>
}

/**
 * The service of a cloud's capabilities.
 *
 * @since 0.1.0
 * @category tags
 */
export class Discovery extends Context.Tag("@effect-glance/core/Discovery")<Discovery, Service>() {}

const timeToLive = Duration.minutes(10)

/**
 * Makes the service on the `GlanceClient` of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const { call, operation, request } = Operations.make(yield* GlanceClient.GlanceClient)

  const versions = operation(Endpoints.listVersions)(() =>
    // A proxy may allow only one of the two routes.
    Effect.catchTag(request(Endpoints.listVersions, {}), "CapabilityMissing", () =>
      request(Endpoints.listVersionsAtRoot, {})
    )
  )

  const importMethods = operation(Endpoints.getImportMethods)(() =>
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
 * @example
 * ```ts
 * import { Discovery } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(Discovery.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Discovery, never, GlanceClient.GlanceClient> = Layer.effect(Discovery, make)
