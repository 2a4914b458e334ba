/**
 * The tagged errors of all operations. The type of an operation lists exactly the errors that it can end in.
 *
 * @since 0.1.0
 */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Answer from "./Answer.js"
import * as ForeignText from "./ForeignText.js"
import * as TransportFailure from "./internal/transportFailure.js"
import * as Secrets from "./Secrets.js"

/** Marks the prototypes of these errors, so that an application's error with the same tag is not taken for one. */
const TypeId = Symbol.for("@effect-glance/core/GlanceError")

/** The message: the operation, what failed, and the response that reported it, as far as the error has them. */
const messageOf = (what: string, error: Partial<Answer.Answer>): string => {
  const { detail = "", method, operation = "", requestId = Option.none(), status, url } = error
  const said = detail === "" ? "" : `: ${detail}`
  const response = status === undefined ? "" : ` (${method} ${url} returned ${status}${said})`
  const id = Option.match(requestId, { onNone: () => "", onSome: (id) => ` [${id}]` })
  return `${operation === "" ? "" : `${operation}: `}${what}${response}${id}`
}

/** Makes the class of an error of this package. `what` says what failed, without the operation and the response. */
const TaggedError =
  <Self>() =>
  <Tag extends string, Fields extends Schema.Struct.Fields>(
    tag: Tag,
    fields: Fields,
    what: (error: Schema.Struct.Type<Fields>) => string
  ) => {
    const Base = ForeignText.TaggedError<Self>(`@effect-glance/core/${tag}`)(tag, fields, (error) =>
      messageOf(what(error), error as Partial<Answer.Answer>)
    )
    Object.defineProperty(Base.prototype, TypeId, { value: TypeId })
    return Base
  }

const response = Answer.fields
const imageResponse = { ...response, imageId: Schema.String }
const memberResponse = { ...imageResponse, memberId: Schema.String }
const namespaceResponse = { ...response, namespace: Schema.String }
const ofOperation = { operation: response.operation }
const image = { ...ofOperation, imageId: Schema.String }

const optionalText = Schema.optionalWith(Schema.String, { as: "Option" })
const optionalTime = Schema.optionalWith(Schema.DateTimeUtc, { as: "Option" })
const retryAfter = { retryAfter: Schema.optionalWith(Schema.Duration, { as: "Option" }) }

const quote = (text: string): string => JSON.stringify(text)

/** Shows an optional value between a text before and a text after it; without a value, nothing. */
const ifSome = <A>(option: Option.Option<A>, show: (value: A) => string): string =>
  Option.match(option, { onNone: () => "", onSome: show })

const pause = (error: { readonly retryAfter: Option.Option<Duration.Duration> }): string =>
  ifSome(error.retryAfter, (wait) => `, retry after ${Duration.format(wait)}`)

/**
 * An argument that Glance would reject or misread. Nothing was sent.
 *
 * @since 0.1.0
 * @category arguments
 */
export class InvalidArgument extends TaggedError<InvalidArgument>()(
  "InvalidArgument",
  {
    ...ofOperation,
    /** The argument, as a path: `image`, `query.limit`, `properties["foo"]`. */
    argument: Schema.String,
    /** Why it is invalid, as the end of a sentence that begins with the argument. */
    reason: Schema.String
  },
  ({ argument, reason }) => `${argument} ${reason}`
) {}

/**
 * A member status other than `pending`, `accepted` and `rejected`. Nothing was sent.
 *
 * @since 0.1.0
 * @category arguments
 */
export class InvalidImageMemberStatus extends TaggedError<InvalidImageMemberStatus>()(
  "InvalidImageMemberStatus",
  {
    ...ofOperation,
    /** The given status, as text. */
    memberStatus: Schema.String
  },
  ({ memberStatus }) => `the member status must be "pending", "accepted" or "rejected", not ${quote(memberStatus)}`
) {}

/**
 * No complete response arrived: the connection was refused, reset or cut, the host name was not found, or TLS failed.
 *
 * `detail` says which, and names the setting that helps. `cause` is the failure of the runtime's HTTP client. It holds
 * no request, so it holds no token and no password.
 *
 * @since 0.1.0
 * @category connection
 */
export class TransportError extends TaggedError<TransportError>()(
  "TransportError",
  { ...ofOperation, method: Schema.String, url: Schema.String, detail: Schema.String, cause: Schema.Defect },
  ({ detail, method, url }) => `${detail} (${method} ${url})`
) {}

/**
 * The circuit of the service is open, so nothing was sent: too many requests in a row got no response, or a 502, 503 or
 * 504. Occurs only if a circuit is provided.
 *
 * @since 0.1.0
 * @category connection
 */
export class CloudUnavailable extends TaggedError<CloudUnavailable>()(
  "CloudUnavailable",
  {
    /** The URL of the service: the image service or the identity service. */
    url: Schema.String,
    /** When the circuit lets the next request pass. */
    until: Schema.DateTimeUtc,
    /** The last failure. */
    detail: Schema.String
  },
  ({ detail, until, url }) => `circuit for ${url} is open until ${DateTime.formatIso(until)} (last failure: ${detail})`
) {}

/**
 * The time limit of the operation passed before its response was complete. The server may or may not have done what the
 * request asked for.
 *
 * @since 0.1.0
 * @category connection
 */
export class TimeLimitExceeded extends TaggedError<TimeLimitExceeded>()(
  "TimeLimitExceeded",
  { ...ofOperation, limit: Schema.Duration },
  ({ limit }) =>
    `no complete response within ${Duration.format(limit)} (option timeLimit); the server may have done the work`
) {}

/**
 * The identity service rejected the credentials, or the image service rejected a token that was just issued.
 *
 * @since 0.1.0
 * @category connection
 */
export class AuthenticationFailed extends TaggedError<AuthenticationFailed>()(
  "AuthenticationFailed",
  response,
  () => "the cloud rejected the credentials: check them, and whether they have expired"
) {}

/**
 * The catalog of the cloud has no such endpoint for this project.
 *
 * @since 0.1.0
 * @category connection
 */
export class EndpointNotFound extends TaggedError<EndpointNotFound>()(
  "EndpointNotFound",
  {
    /** The requested service type, such as `image`. */
    service: Schema.String,
    region: optionalText,
    interface: Schema.String,
    /** The endpoints that the catalog has, each as `type region interface`. */
    available: Schema.Array(Schema.String)
  },
  (error) => {
    const region = Option.match(error.region, { onNone: () => "any region", onSome: (name) => `region ${quote(name)}` })
    const available = error.available.join(", ") || "no endpoint at all (is the token for a project?)"
    return `the catalog has no ${error.interface} endpoint for service ${quote(error.service)} in ${region}; it has ${available}`
  }
) {}

/**
 * 300: the endpoint belongs to an OpenStack service, but not to version 2 of the Image API.
 *
 * @since 0.1.0
 * @category connection
 */
export class EndpointVersionMismatch extends TaggedError<EndpointVersionMismatch>()(
  "EndpointVersionMismatch",
  response,
  () => "the endpoint does not serve version 2 of the Image API: check its URL"
) {}

/**
 * The cloud reports that it lacks a feature that the operation needs: its Glance is too old, or its operator has not
 * enabled the feature.
 *
 * @since 0.1.0
 * @category connection
 */
export class CapabilityMissing extends TaggedError<CapabilityMissing>()(
  "CapabilityMissing",
  {
    ...ofOperation,
    /** The missing feature, such as `the import method web-download`. */
    capability: Schema.String,
    /** What the cloud offers instead, or the server's own sentence. Empty if neither is known. */
    detail: Schema.String,
    /** Of the response that reported it, if a request was needed to find out. */
    requestId: response.requestId
  },
  ({ capability, detail }) => `this cloud lacks ${capability}${detail === "" ? "" : ` (${detail})`}`
) {}

/**
 * 400: the server rejected the request; `detail` says why. An unknown `marker` is one of the reasons.
 *
 * @since 0.1.0
 * @category any response
 */
export class BadRequest extends TaggedError<BadRequest>()(
  "BadRequest",
  response,
  () => "the server rejected the request"
) {}

/**
 * 403: a policy of the cloud, the state, the protection or the owner of the image forbids the request; `detail` says
 * which.
 *
 * @since 0.1.0
 * @category any response
 */
export class Forbidden extends TaggedError<Forbidden>()("Forbidden", response, () => "not allowed") {}

/**
 * 413: a quota or a limit of the cloud is reached. Rackspace also sends it for too many requests, then with
 * `retryAfter`.
 *
 * @since 0.1.0
 * @category any response
 */
export class QuotaExceeded extends TaggedError<QuotaExceeded>()(
  "QuotaExceeded",
  { ...response, ...retryAfter },
  (error) => `a quota or limit of the cloud is reached${pause(error)}`
) {}

/**
 * 429: too many requests.
 *
 * @since 0.1.0
 * @category any response
 */
export class RateLimited extends TaggedError<RateLimited>()(
  "RateLimited",
  { ...response, ...retryAfter },
  (error) => `too many requests${pause(error)}`
) {}

/**
 * 502, 503 or 504: the service, or a proxy in front of it, cannot respond now.
 *
 * @since 0.1.0
 * @category any response
 */
export class ServiceUnavailable extends TaggedError<ServiceUnavailable>()(
  "ServiceUnavailable",
  { ...response, ...retryAfter },
  (error) => `the service is unavailable${pause(error)}`
) {}

/**
 * 500, or another 5xx status that is not {@link ServiceUnavailable}: the server failed.
 *
 * @since 0.1.0
 * @category any response
 */
export class ServerError extends TaggedError<ServerError>()("ServerError", response, () => "the server failed") {}

/**
 * A status that has no meaning in the operation. The client does not follow redirects, because that would send the token
 * to their target; they end in this error.
 *
 * @since 0.1.0
 * @category any response
 */
export class UnexpectedStatus extends TaggedError<UnexpectedStatus>()("UnexpectedStatus", response, ({ status }) =>
  status >= 300 && status < 400
    ? "the server redirects, which the client does not follow: check the URL of the endpoint"
    : status === 404 || status === 405
      ? "unexpected status: check that the endpoint is that of an image service"
      : "unexpected status"
) {}

/**
 * A successful response whose body does not match the Image API: the HTML page of a proxy, truncated JSON, or a record
 * that does not decode. `detail` says what was expected, and where.
 *
 * @since 0.1.0
 * @category any response
 */
export class UnexpectedAnswer extends TaggedError<UnexpectedAnswer>()(
  "UnexpectedAnswer",
  {
    ...response,
    /** The id of the record that does not decode, if the body names one. */
    record: optionalText
  },
  ({ record }) => `cannot decode the response${ifSome(record, (id) => `, record ${id}`)}`
) {}

/**
 * 404: no image has this id, or the image is not visible to the caller's project. Glance does not distinguish the two.
 *
 * @since 0.1.0
 * @category images
 */
export class ImageNotFound extends TaggedError<ImageNotFound>()(
  "ImageNotFound",
  imageResponse,
  ({ imageId }) => `image ${imageId} is missing or not visible`
) {}

/**
 * 409: the chosen id belongs to another image, or to an image that was deleted.
 *
 * @since 0.1.0
 * @category images
 */
export class DuplicateImage extends TaggedError<DuplicateImage>()(
  "DuplicateImage",
  response,
  () => "the image id is taken, perhaps by a deleted image: choose another one"
) {}

/**
 * 409: a snapshot or a store uses the image, so it cannot be deleted now.
 *
 * @since 0.1.0
 * @category images
 */
export class ImageInUse extends TaggedError<ImageInUse>()(
  "ImageInUse",
  imageResponse,
  ({ imageId }) => `image ${imageId} is in use: first delete what uses it, such as a server or a volume`
) {}

/**
 * 404: the store has no copy of the image.
 *
 * @since 0.1.0
 * @category images
 */
export class ImageNotInStore extends TaggedError<ImageNotInStore>()(
  "ImageNotInStore",
  { ...imageResponse, store: Schema.String },
  ({ imageId, store }) => `image ${imageId} is not in store ${store}`
) {}

/**
 * 409: other clients changed the image during the update, each time between the read and the patch; or the state of the
 * image does not allow the change.
 *
 * @since 0.1.0
 * @category images
 */
export class UpdateConflict extends TaggedError<UpdateConflict>()(
  "UpdateConflict",
  imageResponse,
  ({ imageId }) => `image ${imageId} was changed during the update, or its state does not allow the change`
) {}

/**
 * No image matches the query.
 *
 * @since 0.1.0
 * @category images
 */
export class NoMatchingImage extends TaggedError<NoMatchingImage>()(
  "NoMatchingImage",
  {
    ...ofOperation,
    /** The conditions, as they were sent. */
    query: Schema.String
  },
  ({ query }) => `no image matches ${query}`
) {}

/**
 * More than one image matches a query that must match exactly one.
 *
 * @since 0.1.0
 * @category images
 */
export class AmbiguousImage extends TaggedError<AmbiguousImage>()(
  "AmbiguousImage",
  {
    ...ofOperation,
    /** The conditions, as they were sent. */
    query: Schema.String,
    /** The ids of all matching images, in the order of the query. */
    imageIds: Schema.Array(Schema.String)
  },
  ({ imageIds, query }) => {
    const shown = imageIds.slice(0, 10)
    const more = imageIds.length > shown.length ? ", …" : ""
    return `${imageIds.length} images match ${query}: ${shown.join(", ")}${more}; narrow the query, or use findFirst or findNewest`
  }
) {}

/**
 * The `next` link of a page leads back to a page that was already read. Following it would never end.
 *
 * @since 0.1.0
 * @category images
 */
export class RepeatedMarker extends TaggedError<RepeatedMarker>()(
  "RepeatedMarker",
  { ...ofOperation, marker: Schema.String },
  ({ marker }) => `the server's pages form a loop: marker ${marker} came twice`
) {}

/**
 * The server sent 100 pages in a row without a record, each with a `next` link. Following it might never end.
 *
 * @since 0.1.0
 * @category images
 */
export class TooManyEmptyPages extends TaggedError<TooManyEmptyPages>()(
  "TooManyEmptyPages",
  {
    ...ofOperation,
    /** The number of pages without a record. */
    pages: Schema.Number,
    /** The marker of the page that was not requested. */
    marker: Schema.String
  },
  ({ marker, pages }) => `the server sent ${pages} empty pages in a row; the next marker is ${marker}`
) {}

/**
 * The record after which the next page begins was deleted during the listing, and so were the records before it that the
 * listing went back to. List again.
 *
 * @since 0.1.0
 * @category images
 */
export class LostMarker extends TaggedError<LostMarker>()(
  "LostMarker",
  {
    ...ofOperation,
    /** The marker that the server no longer knows. */
    marker: Schema.String
  },
  ({ marker }) => `record ${marker} and the records before it were deleted during the listing: list again`
) {}

/**
 * 403 when adding a member: the caller cannot share the image, usually because its visibility is not `shared`. `detail`
 * says why.
 *
 * @since 0.1.0
 * @category members and tags
 */
export class UnsharableImage extends TaggedError<UnsharableImage>()(
  "UnsharableImage",
  imageResponse,
  ({ imageId }) => `image ${imageId} cannot be shared: the caller must own it, and its visibility must be "shared"`
) {}

/**
 * 409 when adding a member: the project is already a member.
 *
 * @since 0.1.0
 * @category members and tags
 */
export class DuplicateImageMember extends TaggedError<DuplicateImageMember>()(
  "DuplicateImageMember",
  memberResponse,
  ({ imageId, memberId }) => `project ${memberId} is already a member of image ${imageId}`
) {}

/**
 * The project is not a member of the image (404), or the caller may not set its status: only the member may, not the
 * owner of the image (403).
 *
 * @since 0.1.0
 * @category members and tags
 */
export class InvalidImageMember extends TaggedError<InvalidImageMember>()(
  "InvalidImageMember",
  memberResponse,
  ({ imageId, memberId }) =>
    `the caller cannot set the status of member ${memberId} of image ${imageId}: only the member itself can`
) {}

/**
 * 404: the image is missing or not visible, or the project is not a member of it.
 *
 * @since 0.1.0
 * @category members and tags
 */
export class ImageMemberNotFound extends TaggedError<ImageMemberNotFound>()(
  "ImageMemberNotFound",
  memberResponse,
  ({ imageId, memberId }) => `project ${memberId} is not a member of image ${imageId}, or the image is not visible`
) {}

/**
 * The image does not have the tag, according to the server (404) or to the record of the image.
 *
 * @since 0.1.0
 * @category members and tags
 */
export class ImageTagNotFound extends TaggedError<ImageTagNotFound>()(
  "ImageTagNotFound",
  {
    ...image,
    tag: Schema.String,
    /** Of the response, if a request was needed to find out. */
    requestId: response.requestId,
    detail: response.detail
  },
  ({ detail, imageId, tag }) =>
    `image ${imageId} does not have the tag ${quote(tag)}${detail === "" ? "" : ` (${detail})`}`
) {}

/**
 * 404: no task has this id, or the task is not visible, or it expired. Glance deletes tasks two days after their end.
 *
 * @since 0.1.0
 * @category tasks
 */
export class TaskNotFound extends TaggedError<TaskNotFound>()(
  "TaskNotFound",
  { ...response, taskId: Schema.String },
  ({ taskId }) => `task ${taskId} is missing, not visible or expired`
) {}

/**
 * The task failed; `reason` is the task's own message.
 *
 * @since 0.1.0
 * @category tasks
 */
export class TaskFailed extends TaggedError<TaskFailed>()(
  "TaskFailed",
  {
    ...ofOperation,
    taskId: Schema.String,
    /** `import`, `export` or another type that the cloud runs. */
    type: Schema.String,
    reason: Schema.String
  },
  ({ reason, taskId, type }) => `${type} task ${taskId} failed: ${reason}`
) {}

/**
 * The schedule of the polls ended before the task did. The task continues.
 *
 * @since 0.1.0
 * @category tasks
 */
export class TaskNotEnded extends TaggedError<TaskNotEnded>()(
  "TaskNotEnded",
  {
    ...ofOperation,
    taskId: Schema.String,
    type: Schema.String,
    /** The status at the last poll. */
    taskStatus: Schema.String
  },
  ({ taskId, taskStatus, type }) => `${type} task ${taskId} is still ${taskStatus}, and continues`
) {}

/**
 * The object store of the cloud has no container with this name.
 *
 * @since 0.1.0
 * @category tasks
 */
export class NoSuchContainer extends TaggedError<NoSuchContainer>()(
  "NoSuchContainer",
  { ...response, container: Schema.String },
  ({ container }) => `there is no container ${quote(container)} in the object store: create it first`
) {}

const missing = (what: string, namespace: string): string =>
  `there is no ${what} in namespace ${quote(namespace)}, or the namespace is missing or not visible`

/**
 * 404: no namespace has this name, or it is not visible to the caller's project. Glance does not distinguish the two.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class MetadefNamespaceNotFound extends TaggedError<MetadefNamespaceNotFound>()(
  "MetadefNamespaceNotFound",
  namespaceResponse,
  ({ namespace }) => `namespace ${quote(namespace)} is missing or not visible`
) {}

/**
 * 404: the namespace does not define the property, or the namespace is missing or not visible.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class MetadefPropertyNotFound extends TaggedError<MetadefPropertyNotFound>()(
  "MetadefPropertyNotFound",
  { ...namespaceResponse, property: Schema.String },
  ({ namespace, property }) => missing(`property ${quote(property)}`, namespace)
) {}

/**
 * 404: the namespace does not define the object, or the namespace is missing or not visible.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class MetadefObjectNotFound extends TaggedError<MetadefObjectNotFound>()(
  "MetadefObjectNotFound",
  { ...namespaceResponse, object: Schema.String },
  ({ namespace, object }) => missing(`object ${quote(object)}`, namespace)
) {}

/**
 * 404: the namespace does not define the tag, or the namespace is missing or not visible.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class MetadefTagNotFound extends TaggedError<MetadefTagNotFound>()(
  "MetadefTagNotFound",
  { ...namespaceResponse, tag: Schema.String },
  ({ namespace, tag }) => missing(`tag ${quote(tag)}`, namespace)
) {}

/**
 * 404: the namespace is not associated with the resource type, or the namespace is missing or not visible.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class MetadefAssociationNotFound extends TaggedError<MetadefAssociationNotFound>()(
  "MetadefAssociationNotFound",
  { ...namespaceResponse, resourceType: Schema.String },
  ({ namespace, resourceType }) => missing(`association with ${quote(resourceType)}`, namespace)
) {}

/**
 * 409: another definition of this kind has the name: a namespace, or a property, object, tag or association of the same
 * namespace.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class DuplicateMetadef extends TaggedError<DuplicateMetadef>()(
  "DuplicateMetadef",
  {
    ...response,
    kind: Schema.Literal("namespace", "property", "object", "tag", "association"),
    /** The name that is already taken. */
    name: Schema.String
  },
  ({ kind, name }) => `the ${kind} ${quote(name)} already exists`
) {}

/**
 * 403: the namespace is protected, so neither it nor its content can be deleted. Update the namespace to remove the
 * protection.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class ProtectedMetadef extends TaggedError<ProtectedMetadef>()(
  "ProtectedMetadef",
  namespaceResponse,
  ({ namespace }) => `namespace ${quote(namespace)} is protected: update it with protected: false first`
) {}

/**
 * 409 on an import: another import has locked the image. It releases the lock when it ends. If it stopped without a
 * trace, the first import after `until` takes the lock over.
 *
 * @since 0.1.0
 * @category imports
 */
export class ImageLocked extends TaggedError<ImageLocked>()(
  "ImageLocked",
  {
    ...imageResponse,
    /** The task that has locked the image, if the record named it. */
    taskId: optionalText,
    /** By the server's clock. None if the task is not visible to the caller. */
    until: optionalTime
  },
  ({ imageId, until }) =>
    `image ${imageId} is locked by another import` +
    ifSome(until, (time) => `, until ${DateTime.formatIso(time)} at the latest`)
) {}

/**
 * 409 on an import: the image is not in the state that the method needs: staged data for `glance-direct`, `queued` for
 * the downloads, `active` for `copy-image`. All of them need a disk format and a container format.
 *
 * @since 0.1.0
 * @category imports
 */
export class ImageNotImportable extends TaggedError<ImageNotImportable>()(
  "ImageNotImportable",
  imageResponse,
  ({ imageId }) => `image ${imageId} is not in the state that the import method needs`
) {}

/**
 * The import failed. `imageStatus` says what is left of the image: `queued` means that it is ready for another attempt;
 * `importing` means that no store took the staged data, and the image can only be deleted; `active` means that a copy
 * failed and the image is as before.
 *
 * @since 0.1.0
 * @category imports
 */
export class ImportFailed extends TaggedError<ImportFailed>()(
  "ImportFailed",
  {
    ...image,
    /** The task of the import, if it is visible. */
    taskId: optionalText,
    imageStatus: Schema.String,
    /** The stores that did not take the data, as the record names them. */
    failedStores: Schema.Array(Schema.String),
    /** The task's own message. Empty if the task is not visible. */
    reason: Schema.String,
    /** Until when the server rejects other imports of the image, if this import did not release its lock. */
    lockedUntil: optionalTime
  },
  ({ failedStores, imageId, imageStatus, lockedUntil, reason }) => {
    const lock = ifSome(lockedUntil, (time) => `, locked until ${DateTime.formatIso(time)}`)
    const stores = failedStores.length === 0 ? "" : `, failed stores: ${failedStores.join(", ")}`
    const why = reason || "the cloud does not say why"
    return `the import of image ${imageId} failed: ${why} (the image is ${imageStatus}${lock}${stores})`
  }
) {}

/**
 * The import ended with the data in some of the stores only, as `allStoresMustSucceed: false` allows. The image is
 * `active`.
 *
 * @since 0.1.0
 * @category imports
 */
export class ImportIncomplete extends TaggedError<ImportIncomplete>()(
  "ImportIncomplete",
  {
    ...image,
    taskId: optionalText,
    /** The stores that have the data now. */
    stores: Schema.Array(Schema.String),
    failedStores: Schema.Array(Schema.String)
  },
  ({ failedStores, imageId, stores }) =>
    `image ${imageId} is in ${stores.join(", ")}, but its import into ${failedStores.join(", ")} failed`
) {}

/**
 * The deadline passed, or the schedule of the polls ended, before the import did. The import continues.
 *
 * @since 0.1.0
 * @category imports
 */
export class ImportNotEnded extends TaggedError<ImportNotEnded>()(
  "ImportNotEnded",
  {
    ...image,
    taskId: optionalText,
    /** The status of the image at the last poll. */
    imageStatus: Schema.String,
    /** The status of the task at the last poll. */
    taskStatus: optionalText,
    storesToGo: Schema.Array(Schema.String)
  },
  ({ imageId, imageStatus, storesToGo }) => {
    const remaining = storesToGo.length === 0 ? "" : `, remaining stores: ${storesToGo.join(", ")}`
    return `the import of image ${imageId} has not ended, and continues (the image is ${imageStatus}${remaining})`
  }
) {}

/**
 * 204 on a download: the image has no data.
 *
 * @since 0.1.0
 * @category image data
 */
export class NoImageData extends TaggedError<NoImageData>()(
  "NoImageData",
  imageResponse,
  ({ imageId }) => `image ${imageId} has no data: upload or import them first`
) {}

/**
 * 403 on a download: the image is deactivated, so only an administrator can read its data.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageDeactivated extends TaggedError<ImageDeactivated>()(
  "ImageDeactivated",
  imageResponse,
  ({ imageId }) => `image ${imageId} is deactivated: only administrators can download its data`
) {}

/**
 * 416: the range begins after the end of the data.
 *
 * @since 0.1.0
 * @category image data
 */
export class RangeNotSatisfiable extends TaggedError<RangeNotSatisfiable>()(
  "RangeNotSatisfiable",
  imageResponse,
  ({ imageId }) => `the range begins after the end of image ${imageId}`
) {}

/**
 * 409 on an upload: only an image with the status `queued` takes data.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageNotQueued extends TaggedError<ImageNotQueued>()(
  "ImageNotQueued",
  imageResponse,
  ({ imageId }) => `image ${imageId} has data already, or gets them now: only a queued image takes data`
) {}

/**
 * The image was deleted during the transfer of its data: 410 on an upload, 404 during an import.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageDeletedMeanwhile extends TaggedError<ImageDeletedMeanwhile>()(
  "ImageDeletedMeanwhile",
  imageResponse,
  ({ imageId }) => `image ${imageId} was deleted during the transfer`
) {}

/**
 * 415 on an upload: the server found that the data do not have the image's `diskFormat`.
 *
 * Glance 30.0 inspects the data only after it has stored them (`glance/location.py`, `set_data`). The image is `queued`
 * again, but keeps the rejected data: a download returns them, and an upload of other data fails with 500. It can only be
 * deleted. `createWithData` deletes it; after `upload`, delete the image and create another one.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageFormatRefused extends TaggedError<ImageFormatRefused>()(
  "ImageFormatRefused",
  imageResponse,
  ({ imageId }) =>
    `the server reports that the data do not have the disk format of image ${imageId}; ` +
    "delete the image, because it may keep them"
) {}

/**
 * The first bytes of the source contradict the image's `diskFormat`. Nothing was sent.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageFormatMismatch extends TaggedError<ImageFormatMismatch>()(
  "ImageFormatMismatch",
  {
    ...image,
    diskFormat: Schema.String,
    /** The format that the first bytes show. `raw` if they show none. */
    found: Schema.String
  },
  ({ diskFormat, found, imageId }) =>
    `image ${imageId} has the disk format ${diskFormat}, but its data begin as ${found}: correct one of the two`
) {}

/**
 * The source emitted fewer bytes than it declared, or more. The body of the request was not completed, so the server
 * stored nothing.
 *
 * @since 0.1.0
 * @category image data
 */
export class SourceLengthMismatch extends TaggedError<SourceLengthMismatch>()(
  "SourceLengthMismatch",
  {
    ...image,
    expected: Schema.Number,
    /** The emitted bytes. If there are more than expected, those until the upload stopped. */
    actual: Schema.Number
  },
  ({ actual, expected, imageId }) =>
    `the source for image ${imageId} declared ${expected} bytes and emitted ${actual < expected ? "only " : ""}${actual}`
) {}

/**
 * The source ended without a byte. Glance would store that as an image, so nothing was stored.
 *
 * @since 0.1.0
 * @category image data
 */
export class EmptyImageSource extends TaggedError<EmptyImageSource>()(
  "EmptyImageSource",
  image,
  ({ imageId }) => `the source for image ${imageId} is empty, so nothing was stored`
) {}

/**
 * The size or a hash of the data differs from the expected one.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageIntegrityError extends TaggedError<ImageIntegrityError>()(
  "ImageIntegrityError",
  {
    ...image,
    /**
     * Where the client compared the two: `source` is before the last bytes were sent, `upload` is the record after an
     * upload, `download` is the downloaded data.
     */
    at: Schema.Literal("source", "upload", "download"),
    /** `size`, or the algorithm of the hash. */
    property: Schema.String,
    expected: Schema.String,
    actual: Schema.String
  },
  ({ actual, at, expected, imageId, property }) =>
    `the data of image ${imageId} are wrong (${at}): expected ${property} ${expected}, found ${actual}`
) {}

/**
 * The data cannot be verified, because the record has no hash that was computed or can be computed here.
 *
 * After an upload the image is kept; set the option `hashAlgorithm` to the algorithm of the cloud. A download has read
 * nothing.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageUnverifiable extends TaggedError<ImageUnverifiable>()(
  "ImageUnverifiable",
  {
    ...image,
    /** The algorithms of the hashes in the record. */
    algorithms: Schema.Array(Schema.String)
  },
  ({ algorithms, imageId }) => {
    const has = algorithms.length === 0 ? "no hash" : `only hashes of ${algorithms.join(", ")}`
    return `the data of image ${imageId} cannot be verified: its record has ${has} (options hashAlgorithm and verify)`
  }
) {}

/**
 * The cloud confirmed the upload and then discarded the data: the image is `killed`, or it was deleted.
 *
 * @since 0.1.0
 * @category image data
 */
export class UploadFailed extends TaggedError<UploadFailed>()(
  "UploadFailed",
  {
    ...image,
    /** `killed`, `deleted` or `pending_delete`. */
    imageStatus: Schema.String
  },
  ({ imageId, imageStatus }) =>
    `the cloud did not store the data of image ${imageId}: its status is ${imageStatus} after the upload`
) {}

/**
 * The upload was sent, but the client did not see the image become `active`: the limit passed, or the record could not be
 * read. Either the cloud confirmed the upload, or the connection broke after all bytes were sent. The cloud may still
 * store the data, so the image is kept. Read its record later.
 *
 * @since 0.1.0
 * @category image data
 */
export class UploadNotEnded extends TaggedError<UploadNotEnded>()(
  "UploadNotEnded",
  {
    ...image,
    /** The last status that was read: `saving`, `importing`, `uploading` or `queued`. */
    imageStatus: optionalText,
    /** Why the record could not be read. */
    detail: optionalText,
    limit: Schema.Duration
  },
  ({ detail, imageId, imageStatus, limit }) => {
    const status = Option.getOrElse(imageStatus, () => "not known to be active")
    const when = Option.match(detail, {
      onNone: () => ` ${Duration.format(limit)} after the upload`,
      onSome: (why) => ` after the upload: its record cannot be read (${why})`
    })
    return `image ${imageId} is still ${status}${when}; the image was kept`
  }
) {}

/**
 * No byte moved for longer than the idle limit. `bytes` had moved before.
 *
 * @since 0.1.0
 * @category image data
 */
export class TransferStalled extends TaggedError<TransferStalled>()(
  "TransferStalled",
  { ...image, bytes: Schema.Number, limit: Schema.Duration },
  ({ bytes, imageId, limit }) => `image ${imageId}: no bytes moved for ${Duration.format(limit)} (after ${bytes} bytes)`
) {}

/**
 * Another download writes to the same file, in this process or in another one. Nothing was requested from the cloud.
 * Wait for the other download, or choose another file.
 *
 * @since 0.1.0
 * @category image data
 */
export class DownloadInProgress extends TaggedError<DownloadInProgress>()(
  "DownloadInProgress",
  {
    ...image,
    /** The file, as the caller names it. */
    path: Schema.String
  },
  ({ imageId, path }) =>
    `image ${imageId} cannot be downloaded to ${quote(path)}, because another download writes to that file`
) {}

/**
 * Errors of the connection to the image service, including the login. A provider of `GlanceClient` fails with these.
 *
 * @since 0.1.0
 * @category unions
 */
export type ConnectionError =
  | TransportError
  | CloudUnavailable
  | TimeLimitExceeded
  | AuthenticationFailed
  | EndpointNotFound
  | RateLimited
  | ServiceUnavailable
  | ServerError
  | UnexpectedStatus
  | UnexpectedAnswer

/**
 * Errors that end a listing of several pages early.
 *
 * @since 0.1.0
 * @category unions
 */
export type PagingError = RepeatedMarker | TooManyEmptyPages | LostMarker

/**
 * Errors that any request can fail with, in every operation.
 *
 * @since 0.1.0
 * @category unions
 */
export type RequestError = ConnectionError | EndpointVersionMismatch | BadRequest | Forbidden | QuotaExceeded

/**
 * All errors of the Image API.
 *
 * @since 0.1.0
 * @category unions
 */
export type GlanceError =
  | RequestError
  | InvalidArgument
  | InvalidImageMemberStatus
  | ImageNotFound
  | DuplicateImage
  | ImageInUse
  | ImageNotInStore
  | UpdateConflict
  | NoMatchingImage
  | AmbiguousImage
  | PagingError
  | UnsharableImage
  | DuplicateImageMember
  | InvalidImageMember
  | ImageMemberNotFound
  | ImageTagNotFound
  | TaskNotFound
  | TaskFailed
  | TaskNotEnded
  | NoSuchContainer
  | CapabilityMissing
  | ImageLocked
  | ImageNotImportable
  | ImportFailed
  | ImportIncomplete
  | ImportNotEnded
  | MetadefNamespaceNotFound
  | MetadefPropertyNotFound
  | MetadefObjectNotFound
  | MetadefTagNotFound
  | MetadefAssociationNotFound
  | DuplicateMetadef
  | ProtectedMetadef
  | NoImageData
  | ImageDeactivated
  | RangeNotSatisfiable
  | ImageNotQueued
  | ImageDeletedMeanwhile
  | ImageFormatRefused
  | ImageFormatMismatch
  | SourceLengthMismatch
  | EmptyImageSource
  | ImageIntegrityError
  | ImageUnverifiable
  | UploadFailed
  | UploadNotEnded
  | TransferStalled
  | DownloadInProgress

type Tagged<Tag> = Extract<GlanceError, { readonly _tag: Tag }>

const hasTag = <Tag extends GlanceError["_tag"]>(tags: ReadonlyArray<Tag>, u: unknown): u is Tagged<Tag> =>
  isGlanceError(u) && tags.some((tag) => tag === u._tag)

/**
 * Returns whether a value is an error of this module. An application's own error with the same tag is not.
 *
 * @since 0.1.0
 * @category categories
 */
export const isGlanceError = (u: unknown): u is GlanceError => Predicate.hasProperty(u, TypeId)

/**
 * The tags that {@link isTransient} accepts, for `Effect.catchTag`.
 *
 * @example
 * import { GlanceError, Images } from "@effect-glance/core"
 * import * as Effect from "effect/Effect"
 *
 * const count = Images.Images.pipe(
 *   Effect.flatMap((images) => images.list()),
 *   Effect.map(({ items }) => items.length),
 *   Effect.retry({ while: GlanceError.isTransient, times: 3 }),
 *   Effect.catchTag(...GlanceError.transientTags, (error) => Effect.as(Effect.logWarning(error.message), 0))
 * )
 *
 * @since 0.1.0
 * @category categories
 */
export const transientTags = ["TransportError", "ServiceUnavailable", "RateLimited"] as const

/**
 * Returns whether the same request may succeed later: after a broken connection, 502, 503, 504 or 429. Retries of
 * transfers and polls use it. A server may have executed the request, so a retry may execute it twice.
 *
 * Three errors are not transient. `TimeLimitExceeded` means that the retries have used up the time. `CloudUnavailable`
 * stops retries until its `until`. A `ServerError` usually occurs again.
 *
 * @since 0.1.0
 * @category categories
 */
export const isTransient = (u: unknown): u is Tagged<(typeof transientTags)[number]> => hasTag(transientTags, u)

/**
 * The tags that {@link isThrottled} always accepts, for `Effect.catchTag`. `QuotaExceeded` is not among them, because
 * without `retryAfter` it means a quota that no wait restores.
 *
 * @since 0.1.0
 * @category categories
 */
export const throttledTags = ["RateLimited"] as const

/**
 * Returns whether the cloud limits the rate of requests: `RateLimited`, and `QuotaExceeded` with `retryAfter`, which
 * Rackspace sends. The server did not execute the request.
 *
 * @since 0.1.0
 * @category categories
 */
export const isThrottled = (
  u: unknown
): u is RateLimited | (QuotaExceeded & { readonly retryAfter: Option.Some<Duration.Duration> }) =>
  hasTag(throttledTags, u) || (hasTag(["QuotaExceeded"], u) && Option.isSome(u.retryAfter))

/**
 * The tags that {@link isAuth} accepts, for `Effect.catchTag`.
 *
 * @since 0.1.0
 * @category categories
 */
export const authTags = ["AuthenticationFailed"] as const

/**
 * Returns whether only other credentials help. `Forbidden` is not in this category, because the state of an image may
 * forbid a request to everyone. Nor is `EndpointNotFound`, which means a wrong region, interface or project scope.
 *
 * @since 0.1.0
 * @category categories
 */
export const isAuth = (u: unknown): u is Tagged<(typeof authTags)[number]> => hasTag(authTags, u)

const rootCause = (error: unknown): unknown => {
  let root = error
  for (let depth = 0; depth < 16; depth++) {
    const { cause } = (typeof root === "object" && root !== null ? root : {}) as { readonly cause?: unknown }
    if (cause === undefined || cause === null) return root
    root = cause
  }
  return root
}

/** The code of an error. If the client tried several addresses, the error holds one error for each; the last one counts. */
const codeIn = (root: unknown): string => {
  const { code, errors } = (typeof root === "object" && root !== null ? root : {}) as Record<string, unknown>
  // All codes have this form. A text of another form may contain a secret.
  if (typeof code === "string" && /^[A-Z][A-Z\d_]{0,63}$/.test(code)) return code
  return Array.isArray(errors) && errors.length > 0 ? codeIn(errors.at(-1)) : ""
}

/**
 * Converts the failure of an HTTP client. The request is left out, because it holds tokens and passwords. Of the root
 * cause, only its name, code and message are kept, without the secrets of the request. `detail` names the failure, and
 * the setting that helps.
 *
 * @since 0.1.0
 * @category constructors
 */
export const transportError = (operation: string, error: HttpClientError.HttpClientError): TransportError => {
  const root = rootCause(error.cause)
  const { message, name } = (typeof root === "object" && root !== null ? root : {}) as Record<string, unknown>
  const code = codeIn(root)
  const secrets = Secrets.ofRequest(error.request)
  const said = [code, message].filter((part) => typeof part === "string" && part !== "").join(" ")
  const shown = ForeignText.show(said, { secrets })
  const cause = new Error(shown === "" ? error.reason : shown)
  // Not an assignment, because that fails if `Error.prototype` is frozen.
  Object.defineProperty(cause, "name", {
    value: typeof name === "string" ? ForeignText.show(name, { secrets }) : error._tag
  })
  // The stack would point to this line instead of the failure.
  delete cause.stack
  return new TransportError({
    operation,
    method: error.request.method,
    url: Secrets.url(error.request.url).replace(/[?#].*$/s, ""),
    detail: TransportFailure.describe({
      code,
      message: ForeignText.show(typeof message === "string" ? message : "", { secrets }),
      reason: `${error._tag} ${error.reason}`,
      isResponse: error._tag === "ResponseError",
      url: error.request.url
    }),
    cause
  })
}
