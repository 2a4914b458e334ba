/**
 * What an OpenStack service says when it does not do what it was asked: the part that all its errors share.
 *
 * @since 0.1.0
 */
export * as Answer from "./Answer.js"
/**
 * What a cloud offers: versions of the Image API, ways to import, stores, the shape of an image, and how much of its quota
 * a project uses.
 *
 * @since 0.1.0
 */
export * as Discovery from "./Discovery.js"
/**
 * Text that a server, a file or a caller wrote, made fit to be shown in errors, spans and logs.
 *
 * @since 0.1.0
 */
export * as ForeignText from "./ForeignText.js"
/**
 * All of the Image API at once.
 *
 * @since 0.1.0
 */
export * as Glance from "./Glance.js"
/**
 * The port between the Image API and whatever carries its requests: a real cloud, a cloud in memory, a recording.
 *
 * @since 0.1.0
 */
export * as GlanceClient from "./GlanceClient.js"
/**
 * Everything that can go wrong, as tagged errors. Each operation's type lists exactly those that it can end in.
 *
 * @since 0.1.0
 */
export * as GlanceError from "./GlanceError.js"
/**
 * Makes an HTTP client fit to carry secrets: user information of a URL becomes a header, and spans and failures show
 * neither tokens nor passwords nor signatures.
 *
 * @since 0.1.0
 */
export * as GuardedClient from "./GuardedClient.js"
/**
 * Computes hashes of data while it is transferred. Runtimes differ in how they do that, so it is a service.
 *
 * @since 0.1.0
 */
export * as Hasher from "./Hasher.js"
/**
 * The image record, as users hold it and as Glance sends it.
 *
 * @since 0.1.0
 */
export * as Image from "./Image.js"
/**
 * The cache of the image service: images that a node keeps beside it, so that it need not ask a store. For administrators,
 * and each node has its own.
 *
 * @since 0.1.0
 */
export * as ImageCache from "./ImageCache.js"
/**
 * Wanted changes and the copy they are wanted of, turned into the smallest JSON patch.
 *
 * @since 0.1.0
 */
export * as ImageChanges from "./ImageChanges.js"
/**
 * New images together with their data, by the best way that the cloud offers.
 *
 * @since 0.1.0
 */
export * as ImageCreation from "./ImageCreation.js"
/**
 * The data of an image: upload, stage and download, as streams, compared with the hashes of the record.
 *
 * @since 0.1.0
 */
export * as ImageData from "./ImageData.js"
/**
 * What the first bytes of a disk tell about its format.
 *
 * @since 0.1.0
 */
export * as ImageFormat from "./ImageFormat.js"
/**
 * Imports: how a cloud brings data into an image by itself, and into which of its stores.
 *
 * @since 0.1.0
 */
export * as ImageImport from "./ImageImport.js"
/**
 * The locations of an image: where its data lie. A cloud shows them only where its operator wants it to.
 *
 * @since 0.1.0
 */
export * as ImageLocations from "./ImageLocations.js"
/**
 * A project that an image is shared with.
 *
 * @since 0.1.0
 */
export * as ImageMember from "./ImageMember.js"
/**
 * The projects that an image is shared with. Only an image whose visibility is `shared` has any.
 *
 * @since 0.1.0
 */
export * as ImageMembers from "./ImageMembers.js"
/**
 * Which images to list, turned into query parameters that Glance cannot take for something else.
 *
 * @since 0.1.0
 */
export * as ImageQuery from "./ImageQuery.js"
/**
 * Releases: the image that stands behind a name, brought to a content, and its predecessors out of the way.
 *
 * @since 0.1.0
 */
export * as ImageReleases from "./ImageReleases.js"
/**
 * The JSON schemas by which the server describes its records. That of an image names the formats that the operator
 * allows.
 *
 * @since 0.1.0
 */
export * as ImageSchemas from "./ImageSchemas.js"
/**
 * Where the bytes of an image come from.
 *
 * @since 0.1.0
 */
export * as ImageSource from "./ImageSource.js"
/**
 * A store: one of the places where a cloud keeps the data of images.
 *
 * @since 0.1.0
 */
export * as ImageStore from "./ImageStore.js"
/**
 * The stores of a cloud, and the copies of an image in them.
 *
 * @since 0.1.0
 */
export * as ImageStores from "./ImageStores.js"
/**
 * Images: list, find, get, create, update, delete, and whether their data can be downloaded.
 *
 * @since 0.1.0
 */
export * as Images from "./Images.js"
/**
 * The tags of an image: a set of up to 128 words.
 *
 * @since 0.1.0
 */
export * as ImageTags from "./ImageTags.js"
/**
 * The record of a task.
 *
 * @since 0.1.0
 */
export * as ImageTask from "./ImageTask.js"
/**
 * Tasks: what the cloud does with images in its own time. On Rackspace they are the only way in and out; elsewhere they
 * are for administrators mostly.
 *
 * @since 0.1.0
 */
export * as ImageTasks from "./ImageTasks.js"
/**
 * Metadata definitions: what may be written on images, volumes and flavors, and what it means.
 *
 * @since 0.1.0
 */
export * as Metadef from "./Metadef.js"
/**
 * The namespaces of metadata definitions.
 *
 * @since 0.1.0
 */
export * as MetadefNamespaces from "./MetadefNamespaces.js"
/**
 * The objects of a namespace of metadata definitions: properties that belong together.
 *
 * @since 0.1.0
 */
export * as MetadefObjects from "./MetadefObjects.js"
/**
 * The properties that a namespace of metadata definitions describes.
 *
 * @since 0.1.0
 */
export * as MetadefProperties from "./MetadefProperties.js"
/**
 * The kinds of resources that metadata definitions are for.
 *
 * @since 0.1.0
 */
export * as MetadefResourceTypes from "./MetadefResourceTypes.js"
/**
 * The JSON schemas by which the server describes metadata definitions.
 *
 * @since 0.1.0
 */
export * as MetadefSchemas from "./MetadefSchemas.js"
/**
 * The catalogue of metadata definitions: namespaces of properties, objects and tags, and the resource types that they
 * are for. Everybody reads what is public; to write takes an administrator, where the cloud has not changed its policy.
 *
 * Glance replaces a whole definition at every update and offers no guard against changes that meet: it has no version
 * of a definition to ask for. The updates here read the definition, change what was named and send all of it back, so
 * that what somebody else changes between the two requests is lost.
 *
 * @since 0.1.0
 */
export * as Metadefs from "./Metadefs.js"
/**
 * The tags of a namespace of metadata definitions.
 *
 * @since 0.1.0
 */
export * as MetadefTags from "./MetadefTags.js"
/**
 * One page of a listing.
 *
 * @since 0.1.0
 */
export * as Page from "./Page.js"
/**
 * Computes hashes in plain JavaScript, for every runtime: browsers, workers, Bun, Deno and Node.
 *
 * @since 0.1.0
 */
export * as PortableHasher from "./PortableHasher.js"
/**
 * Reads the body of a response within a limit. Every reader of this library that wants a whole body calls this module;
 * image data is streamed instead.
 *
 * @since 0.1.0
 */
export * as ResponseBody from "./ResponseBody.js"
/**
 * Removes secrets from what is shown: URLs, headers, requests, and texts that repeat them. Everything of this library
 * that makes an error, a span or a log line calls this module.
 *
 * @since 0.1.0
 */
export * as Secrets from "./Secrets.js"
