/**
 * What an OpenStack service says when it does not do what it was asked: the part that all its errors share.
 *
 * @since 0.1.0
 */
export * as Answer from "./Answer.js"
/**
 * All of the Image API at once.
 *
 * @since 0.1.0
 */
export * as Glance from "./Glance.js"
/**
 * Everything that can go wrong, as tagged errors. Each operation's type lists exactly those that it can end in.
 *
 * @since 0.1.0
 */
export * as GlanceError from "./GlanceError.js"
/**
 * The port between the Image API and whatever carries its requests: a real cloud, a cloud in memory, a recording.
 *
 * @since 0.1.0
 */
export * as GlanceHttp from "./GlanceHttp.js"
/**
 * How hashes are computed while bytes flow: the platform does it, since the runtimes have no common way to.
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
 * Wanted changes and the copy they are wanted of, turned into the smallest JSON patch.
 *
 * @since 0.1.0
 */
export * as ImageChanges from "./ImageChanges.js"
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
 * One page of a listing.
 *
 * @since 0.1.0
 */
export * as Page from "./Page.js"
