/**
 * All of the Image API at once.
 *
 * @since 0.1.0
 */
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
 * Every service of this package, on a port. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * Hashes of image data are computed by the `Hasher` of the context, or by its default.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<
  | Images.Images
  | ImageMembers.ImageMembers
  | ImageTags.ImageTags
  | ImageTasks.ImageTasks
  | ImageSchemas.ImageSchemas
  | Metadefs.Metadefs
  | ImageImport.ImageImport
  | ImageStores.ImageStores
  | ImageLocations.ImageLocations
  | ImageCache.ImageCache
  | Discovery.Discovery
  | ImageData.ImageData
  | ImageCreation.ImageCreation
  | ImageReleases.ImageReleases,
  never,
  GlanceClient.GlanceClient
> = Layer.mergeAll(
  Images.layer,
  ImageMembers.layer,
  ImageTags.layer,
  ImageTasks.layer,
  ImageSchemas.layer,
  Metadefs.layer,
  ImageImport.layer,
  ImageStores.layer,
  ImageLocations.layer,
  ImageCache.layer,
  Discovery.layer,
  ImageData.layer,
  ImageCreation.layer,
  ImageReleases.layer
)
