/** @since 0.1.0 */
export * as Answer from "./Answer.js"
/** @since 0.1.0 */
export * as Discovery from "./Discovery.js"
/** @since 0.1.0 */
export * as ForeignText from "./ForeignText.js"
/** @since 0.1.0 */
export * as Glance from "./Glance.js"
/** @since 0.1.0 */
export * as GlanceClient from "./GlanceClient.js"
/** @since 0.1.0 */
export * as GlanceError from "./GlanceError.js"
/** @since 0.1.0 */
export * as GuardedClient from "./GuardedClient.js"
/** @since 0.1.0 */
export * as Hasher from "./Hasher.js"
/** @since 0.1.0 */
export * as Image from "./Image.js"
/** @since 0.1.0 */
export * as ImageCache from "./ImageCache.js"
/** @since 0.1.0 */
export * as ImageChanges from "./ImageChanges.js"
/** @since 0.1.0 */
export * as ImageCreation from "./ImageCreation.js"
/** @since 0.1.0 */
export * as ImageData from "./ImageData.js"
/** @since 0.1.0 */
export * as ImageFormat from "./ImageFormat.js"
/** @since 0.1.0 */
export * as ImageImport from "./ImageImport.js"
/** @since 0.1.0 */
export * as ImageLocations from "./ImageLocations.js"
/** @since 0.1.0 */
export * as ImageMember from "./ImageMember.js"
/** @since 0.1.0 */
export * as ImageMembers from "./ImageMembers.js"
/** @since 0.1.0 */
export * as ImageQuery from "./ImageQuery.js"
/** @since 0.1.0 */
export * as ImageReleases from "./ImageReleases.js"
/** @since 0.1.0 */
export * as ImageSchemas from "./ImageSchemas.js"
/** @since 0.1.0 */
export * as ImageSource from "./ImageSource.js"
/** @since 0.1.0 */
export * as ImageStore from "./ImageStore.js"
/** @since 0.1.0 */
export * as ImageStores from "./ImageStores.js"
/** @since 0.1.0 */
export * as Images from "./Images.js"
/** @since 0.1.0 */
export * as ImageTags from "./ImageTags.js"
/** @since 0.1.0 */
export * as ImageTask from "./ImageTask.js"
/** @since 0.1.0 */
export * as ImageTasks from "./ImageTasks.js"
/** @since 0.1.0 */
export * as Metadef from "./Metadef.js"
/** @since 0.1.0 */
export * as MetadefNamespaces from "./MetadefNamespaces.js"
/** @since 0.1.0 */
export * as MetadefObjects from "./MetadefObjects.js"
/** @since 0.1.0 */
export * as MetadefProperties from "./MetadefProperties.js"
/** @since 0.1.0 */
export * as MetadefResourceTypes from "./MetadefResourceTypes.js"
/** @since 0.1.0 */
export * as MetadefSchemas from "./MetadefSchemas.js"
/** @since 0.1.0 */
export * as Metadefs from "./Metadefs.js"
/** @since 0.1.0 */
export * as MetadefTags from "./MetadefTags.js"
/** @since 0.1.0 */
export * as Page from "./Page.js"
/** @since 0.1.0 */
export * as PortableHasher from "./PortableHasher.js"
/** @since 0.1.0 */
export * as ResponseBody from "./ResponseBody.js"
/** @since 0.1.0 */
export * as Secrets from "./Secrets.js"
