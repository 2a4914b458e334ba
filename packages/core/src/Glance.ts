/**
 * All of the Image API at once.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Discovery from "./Discovery.js"
import type * as GlanceClient from "./GlanceClient.js"
import * as ImageCache from "./ImageCache.js"
import * as ImageCreation from "./ImageCreation.js"
import * as ImageData from "./ImageData.js"
import * as ImageImport from "./ImageImport.js"
import * as ImageLocations from "./ImageLocations.js"
import * as ImageMembers from "./ImageMembers.js"
import * as ImageReleases from "./ImageReleases.js"
import * as ImageSchemas from "./ImageSchemas.js"
import * as ImageStores from "./ImageStores.js"
import * as Images from "./Images.js"
import * as ImageTags from "./ImageTags.js"
import * as ImageTasks from "./ImageTasks.js"
import * as Metadefs from "./Metadefs.js"

/**
 * Every service of this package, under a short name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly images: Images.Service
  readonly data: ImageData.Service
  readonly members: ImageMembers.Service
  readonly tags: ImageTags.Service
  readonly tasks: ImageTasks.Service
  readonly imports: ImageImport.Service
  readonly creation: ImageCreation.Service
  readonly releases: ImageReleases.Service
  readonly stores: ImageStores.Service
  readonly locations: ImageLocations.Service
  readonly cache: ImageCache.Service
  readonly discovery: Discovery.Service
  readonly schemas: ImageSchemas.Service
  readonly metadefs: Metadefs.Service
}

/**
 * All services as one, for programs that want a single import.
 *
 * @example
 * ```ts
 * import { Glance } from "@effect-glance/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const { images, tags } = yield* Glance.Glance
 *   const image = yield* images.find({ name: "debian-13" })
 *   yield* tags.add(image, "stable")
 * })
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export class Glance extends Context.Tag("@effect-glance/core/Glance")<Glance, Service>() {}

const tags = {
  images: Images.Images,
  data: ImageData.ImageData,
  members: ImageMembers.ImageMembers,
  tags: ImageTags.ImageTags,
  tasks: ImageTasks.ImageTasks,
  imports: ImageImport.ImageImport,
  creation: ImageCreation.ImageCreation,
  releases: ImageReleases.ImageReleases,
  stores: ImageStores.ImageStores,
  locations: ImageLocations.ImageLocations,
  cache: ImageCache.ImageCache,
  discovery: Discovery.Discovery,
  schemas: ImageSchemas.ImageSchemas,
  metadefs: Metadefs.Metadefs
}

/**
 * Every service of this package on a port, each by its own tag and all of them as {@link Glance}. If one program uses
 * several projects, give each `Layer.fresh` of it.
 *
 * The `Hasher` of the context, or its default, computes the hashes of image data.
 *
 * @example
 * ```ts
 * import { Glance } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(Glance.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<
  | Glance
  | Images.Images
  | ImageData.ImageData
  | ImageMembers.ImageMembers
  | ImageTags.ImageTags
  | ImageTasks.ImageTasks
  | ImageImport.ImageImport
  | ImageCreation.ImageCreation
  | ImageReleases.ImageReleases
  | ImageStores.ImageStores
  | ImageLocations.ImageLocations
  | ImageCache.ImageCache
  | Discovery.Discovery
  | ImageSchemas.ImageSchemas
  | Metadefs.Metadefs,
  never,
  GlanceClient.GlanceClient
> = Layer.effect(Glance, Effect.all(tags)).pipe(
  Layer.provideMerge(
    Layer.mergeAll(
      Images.layer,
      ImageData.layer,
      ImageMembers.layer,
      ImageTags.layer,
      ImageTasks.layer,
      ImageImport.layer,
      ImageCreation.layer,
      ImageReleases.layer,
      ImageStores.layer,
      ImageLocations.layer,
      ImageCache.layer,
      Discovery.layer,
      ImageSchemas.layer,
      Metadefs.layer
    )
  )
)
