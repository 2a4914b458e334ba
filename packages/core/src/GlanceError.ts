/**
 * Everything that can go wrong, as tagged errors. Each operation's type lists exactly those that it can end in.
 *
 * @since 0.1.0
 */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Answer from "./Answer.js"
import * as ForeignText from "./ForeignText.js"
import * as TransportFailure from "./internal/transportFailure.js"
import * as Secrets from "./Secrets.js"

/** A server wrote much of the texts in these errors. */
const { TaggedError } = ForeignText

const answerFields = Answer.fields

const retryAfter = { retryAfter: Schema.optionalWith(Schema.Duration, { as: "Option" }) }

const describe = (what: string, { detail, method, operation, requestId, status, url }: Answer.Answer): string => {
  const id = Option.match(requestId, { onNone: () => "", onSome: (id) => ` [${id}]` })
  return `${operation}: ${what} (${method} ${url} answered ${status}${detail === "" ? "" : `: ${detail}`})${id}`
}

/** What the server asks for with `Retry-After`, as the end of a clause. */
const pause = (retryAfter: Option.Option<Duration.Duration>): string =>
  Option.match(retryAfter, {
    onNone: () => "",
    onSome: (wait) => `, retry after ${Duration.format(wait)}`
  })

// ---------------------------------------------------------------------------------------------------------------------
// before the wire
// ---------------------------------------------------------------------------------------------------------------------

/**
 * An argument that no Glance would take, or would take for something else. Nothing was sent.
 *
 * @since 0.1.0
 * @category before the wire
 */
export class InvalidArgument extends TaggedError<InvalidArgument>("@effect-glance/core/InvalidArgument")(
  "InvalidArgument",
  {
    operation: Schema.String,
    /** Which argument, as a path: `image`, `query.limit`, `properties["foo"]`. */
    argument: Schema.String,
    /** Why it is refused, as the end of a sentence that begins with the argument. */
    reason: Schema.String
  }
) {
  override get message(): string {
    return `${this.operation}: ${this.argument} ${this.reason}`
  }
}

/**
 * A member status that is none of `pending`, `accepted`, `rejected`. Nothing was sent.
 *
 * @since 0.1.0
 * @category before the wire
 */
export class InvalidImageMemberStatus extends TaggedError<InvalidImageMemberStatus>(
  "@effect-glance/core/InvalidImageMemberStatus"
)("InvalidImageMemberStatus", {
  operation: Schema.String,
  /** What was given, as text. */
  memberStatus: Schema.String
}) {
  override get message(): string {
    return `${this.operation}: a member status is "pending", "accepted" or "rejected", not ${JSON.stringify(this.memberStatus)}`
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// reaching the cloud
// ---------------------------------------------------------------------------------------------------------------------

/**
 * No whole response arrived: the connection was refused, reset or cut, the name was not found, or TLS failed. `detail`
 * says which, and names the setting that helps. `cause` is what the runtime's HTTP client met; it carries no request,
 * hence no token and no password.
 *
 * @since 0.1.0
 * @category reaching the cloud
 */
export class TransportError extends TaggedError<TransportError>("@effect-glance/core/TransportError")(
  "TransportError",
  {
    operation: Schema.String,
    method: Schema.String,
    url: Schema.String,
    detail: Schema.String,
    cause: Schema.Defect
  }
) {
  override get message(): string {
    return `${this.operation}: ${this.detail} (${this.method} ${this.url})`
  }
}

/**
 * Nothing was sent: too many requests in a row had no answer, or one that says that the service is down, so that it is
 * left alone for a while. Only where a circuit is provided.
 *
 * @since 0.1.0
 * @category reaching the cloud
 */
export class CloudUnavailable extends TaggedError<CloudUnavailable>("@effect-glance/core/CloudUnavailable")(
  "CloudUnavailable",
  {
    /** Of the service that is down: the image service or the identity service. */
    url: Schema.String,
    /** When the next request may try. */
    until: Schema.DateTimeUtc,
    /** What the last of the failures was. */
    detail: Schema.String
  }
) {
  override get message(): string {
    return `${this.url} is left alone until ${DateTime.formatIso(this.until)}, it is down (${this.detail})`
  }
}

/**
 * The time limit of the operation passed before its answer had arrived. Whether the server did what it was asked is
 * not known.
 *
 * @since 0.1.0
 * @category reaching the cloud
 */
export class TimeLimitExceeded extends TaggedError<TimeLimitExceeded>("@effect-glance/core/TimeLimitExceeded")(
  "TimeLimitExceeded",
  { operation: Schema.String, limit: Schema.Duration }
) {
  override get message(): string {
    return `${this.operation}: no whole answer within ${Duration.format(this.limit)}`
  }
}

/**
 * The identity service refused the credentials, or the image service refused the token that it had just been given.
 *
 * @since 0.1.0
 * @category reaching the cloud
 */
export class AuthenticationFailed extends TaggedError<AuthenticationFailed>("@effect-glance/core/AuthenticationFailed")(
  "AuthenticationFailed",
  answerFields
) {
  override get message(): string {
    return describe("the cloud does not accept these credentials", this)
  }
}

/**
 * The cloud's catalog holds no such endpoint for this project.
 *
 * @since 0.1.0
 * @category reaching the cloud
 */
export class EndpointNotFound extends TaggedError<EndpointNotFound>("@effect-glance/core/EndpointNotFound")(
  "EndpointNotFound",
  {
    /** Service type that was looked for, such as `image`. */
    service: Schema.String,
    region: Schema.optionalWith(Schema.String, { as: "Option" }),
    interface: Schema.String,
    /** What the catalog does hold, as `type region interface`. */
    available: Schema.Array(Schema.String)
  }
) {
  override get message(): string {
    const region = Option.match(this.region, { onNone: () => "any region", onSome: (name) => `region "${name}"` })
    const available =
      this.available.length === 0 ? "no endpoint at all (is the token for a project?)" : this.available.join(", ")
    return `the catalog has no ${this.interface} endpoint of service "${this.service}" in ${region}; it has ${available}`
  }
}

/**
 * The server answered 300: it is an OpenStack service, but the endpoint does not lead to version 2 of the Image API.
 *
 * @since 0.1.0
 * @category reaching the cloud
 */
export class EndpointVersionMismatch extends TaggedError<EndpointVersionMismatch>(
  "@effect-glance/core/EndpointVersionMismatch"
)("EndpointVersionMismatch", answerFields) {
  override get message(): string {
    return describe("the endpoint does not lead to version 2 of the Image API", this)
  }
}

/**
 * The cloud does not offer what the operation needs, and says so: a feature that its Glance is too old for, or that its
 * operator has not turned on.
 *
 * @since 0.1.0
 * @category reaching the cloud
 */
export class CapabilityMissing extends TaggedError<CapabilityMissing>("@effect-glance/core/CapabilityMissing")(
  "CapabilityMissing",
  {
    operation: Schema.String,
    /** What the cloud lacks, such as `the import method web-download`. */
    capability: Schema.String,
    /** What it offers instead, or the server's own sentence; empty when neither is known. */
    detail: Schema.String,
    /** Of the answer that said so, where it was not known before. */
    requestId: Answer.fields.requestId
  }
) {
  override get message(): string {
    const id = Option.match(this.requestId, { onNone: () => "", onSome: (id) => ` [${id}]` })
    return `${this.operation}: this cloud lacks ${this.capability}${this.detail === "" ? "" : ` (${this.detail})`}${id}`
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// any answer
// ---------------------------------------------------------------------------------------------------------------------

/**
 * 400: the server does not take the request as it is; `detail` says why. An unknown `marker` is one of the reasons.
 *
 * @since 0.1.0
 * @category any answer
 */
export class BadRequest extends TaggedError<BadRequest>("@effect-glance/core/BadRequest")("BadRequest", answerFields) {
  override get message(): string {
    return describe("the server refuses the request as it is", this)
  }
}

/**
 * 403: a policy of the cloud, the state or the protection of the image, or its ownership forbids it; `detail` says
 * which.
 *
 * @since 0.1.0
 * @category any answer
 */
export class Forbidden extends TaggedError<Forbidden>("@effect-glance/core/Forbidden")("Forbidden", answerFields) {
  override get message(): string {
    return describe("not allowed", this)
  }
}

/**
 * 413: a quota or a limit of the cloud is reached. Rackspace answers it to too many requests as well, then with
 * `retryAfter`.
 *
 * @since 0.1.0
 * @category any answer
 */
export class QuotaExceeded extends TaggedError<QuotaExceeded>("@effect-glance/core/QuotaExceeded")("QuotaExceeded", {
  ...answerFields,
  ...retryAfter
}) {
  override get message(): string {
    return describe(`a quota or limit of the cloud is reached${pause(this.retryAfter)}`, this)
  }
}

/**
 * 429: too many requests.
 *
 * @since 0.1.0
 * @category any answer
 */
export class RateLimited extends TaggedError<RateLimited>("@effect-glance/core/RateLimited")("RateLimited", {
  ...answerFields,
  ...retryAfter
}) {
  override get message(): string {
    return describe(`too many requests${pause(this.retryAfter)}`, this)
  }
}

/**
 * 502, 503 or 504: the service, or the proxy before it, cannot answer now.
 *
 * @since 0.1.0
 * @category any answer
 */
export class ServiceUnavailable extends TaggedError<ServiceUnavailable>("@effect-glance/core/ServiceUnavailable")(
  "ServiceUnavailable",
  { ...answerFields, ...retryAfter }
) {
  override get message(): string {
    return describe(`the service is unavailable${pause(this.retryAfter)}`, this)
  }
}

/**
 * 500 and every 5xx that is not {@link ServiceUnavailable}: the server failed.
 *
 * @since 0.1.0
 * @category any answer
 */
export class ServerError extends TaggedError<ServerError>("@effect-glance/core/ServerError")(
  "ServerError",
  answerFields
) {
  override get message(): string {
    return describe("the server failed", this)
  }
}

/**
 * A status that the operation has no meaning for. Redirects are among them: they are not followed, since that would
 * hand the token to wherever they lead.
 *
 * @since 0.1.0
 * @category any answer
 */
export class UnexpectedStatus extends TaggedError<UnexpectedStatus>("@effect-glance/core/UnexpectedStatus")(
  "UnexpectedStatus",
  answerFields
) {
  override get message(): string {
    return describe("unexpected status", this)
  }
}

/**
 * A success whose body is not what the Image API promises: a proxy's HTML page, JSON that ends in the middle, a record
 * with a surprise in it. `detail` says what was expected where.
 *
 * @since 0.1.0
 * @category any answer
 */
export class UnexpectedAnswer extends TaggedError<UnexpectedAnswer>("@effect-glance/core/UnexpectedAnswer")(
  "UnexpectedAnswer",
  {
    ...answerFields,
    /** The id of the record that could not be read, where the body got so far as to name one. */
    record: Schema.optionalWith(Schema.String, { as: "Option" })
  }
) {
  override get message(): string {
    const which = Option.match(this.record, { onNone: () => "", onSome: (id) => ` in record ${id}` })
    return describe(`cannot read the answer${which}`, this)
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// images
// ---------------------------------------------------------------------------------------------------------------------

/**
 * 404: no image has this id, or it is not visible to the caller's project; Glance does not tell the two apart.
 *
 * @since 0.1.0
 * @category images
 */
export class ImageNotFound extends TaggedError<ImageNotFound>("@effect-glance/core/ImageNotFound")("ImageNotFound", {
  ...answerFields,
  imageId: Schema.String
}) {
  override get message(): string {
    return describe(`image ${this.imageId} is missing or not visible`, this)
  }
}

/**
 * 409: the chosen id belongs to another image already, or did before that image was deleted.
 *
 * @since 0.1.0
 * @category images
 */
export class DuplicateImage extends TaggedError<DuplicateImage>("@effect-glance/core/DuplicateImage")(
  "DuplicateImage",
  answerFields
) {
  override get message(): string {
    return describe("the image id is taken", this)
  }
}

/**
 * 409: the image is used, by a snapshot or by a store, and cannot be deleted now.
 *
 * @since 0.1.0
 * @category images
 */
export class ImageInUse extends TaggedError<ImageInUse>("@effect-glance/core/ImageInUse")("ImageInUse", {
  ...answerFields,
  imageId: Schema.String
}) {
  override get message(): string {
    return describe(`image ${this.imageId} is in use`, this)
  }
}

/**
 * 404: the store holds no copy of the image.
 *
 * @since 0.1.0
 * @category images
 */
export class ImageNotInStore extends TaggedError<ImageNotInStore>("@effect-glance/core/ImageNotInStore")(
  "ImageNotInStore",
  { ...answerFields, imageId: Schema.String, store: Schema.String }
) {
  override get message(): string {
    return describe(`image ${this.imageId} is not in store ${this.store}`, this)
  }
}

/**
 * 409: the image kept changing under the update, so that each plan made from a fresh copy was out of date when it
 * arrived; or its state does not allow the change.
 *
 * @since 0.1.0
 * @category images
 */
export class UpdateConflict extends TaggedError<UpdateConflict>("@effect-glance/core/UpdateConflict")(
  "UpdateConflict",
  { ...answerFields, imageId: Schema.String }
) {
  override get message(): string {
    return describe(`image ${this.imageId} is not as the update found it`, this)
  }
}

/**
 * No image matches the query.
 *
 * @since 0.1.0
 * @category images
 */
export class NoMatchingImage extends TaggedError<NoMatchingImage>("@effect-glance/core/NoMatchingImage")(
  "NoMatchingImage",
  {
    operation: Schema.String,
    /** What was looked for: the conditions as they were sent. */
    query: Schema.String
  }
) {
  override get message(): string {
    return `${this.operation}: no image matches ${this.query}`
  }
}

/**
 * More than one image matches a query that was to find one.
 *
 * @since 0.1.0
 * @category images
 */
export class AmbiguousImage extends TaggedError<AmbiguousImage>("@effect-glance/core/AmbiguousImage")(
  "AmbiguousImage",
  {
    operation: Schema.String,
    /** What was looked for: the conditions as they were sent. */
    query: Schema.String,
    /** The ids of all that match, in the order of the query. */
    imageIds: Schema.Array(Schema.String)
  }
) {
  override get message(): string {
    const shown = this.imageIds.slice(0, 10)
    const more = this.imageIds.length > shown.length ? ", …" : ""
    return `${this.operation}: ${this.imageIds.length} images match ${this.query}: ${shown.join(", ")}${more}`
  }
}

/**
 * The server sent a page whose `next` leads back to a page that was read before. Following it would never end.
 *
 * @since 0.1.0
 * @category images
 */
export class RepeatedMarker extends TaggedError<RepeatedMarker>("@effect-glance/core/RepeatedMarker")(
  "RepeatedMarker",
  { operation: Schema.String, marker: Schema.String }
) {
  override get message(): string {
    return `${this.operation}: the server's pages go in a circle, marker ${this.marker} came twice`
  }
}

/**
 * The server sent 100 pages in a row without a record, each with a `next`. Following it might never end.
 *
 * @since 0.1.0
 * @category images
 */
export class TooManyEmptyPages extends Schema.TaggedError<TooManyEmptyPages>("@effect-glance/core/TooManyEmptyPages")(
  "TooManyEmptyPages",
  {
    operation: Schema.String,
    /** How many pages came without a record. */
    pages: Schema.Number,
    /** The marker of the page that was not fetched. */
    marker: Schema.String
  }
) {
  override get message(): string {
    return `${this.operation}: the server sent ${this.pages} empty pages in a row, the last one names the marker ${this.marker}`
  }
}

/**
 * The record after which the next page begins was deleted during the listing. So were the records before it to which the
 * listing went back. List again.
 *
 * @since 0.1.0
 * @category images
 */
export class LostMarker extends Schema.TaggedError<LostMarker>("@effect-glance/core/LostMarker")("LostMarker", {
  operation: Schema.String,
  /** The marker that the server no longer knows. */
  marker: Schema.String
}) {
  override get message(): string {
    return `${this.operation}: the record ${this.marker} was deleted during the listing, and the ones before it too`
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// members and tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * 403 on adding a member: the image cannot be shared by the caller, mostly because its visibility is not `shared`;
 * `detail` says why.
 *
 * @since 0.1.0
 * @category members and tags
 */
export class UnsharableImage extends TaggedError<UnsharableImage>("@effect-glance/core/UnsharableImage")(
  "UnsharableImage",
  { ...answerFields, imageId: Schema.String }
) {
  override get message(): string {
    return describe(`image ${this.imageId} cannot be shared`, this)
  }
}

/**
 * 409 on adding a member: the project is a member already.
 *
 * @since 0.1.0
 * @category members and tags
 */
export class DuplicateImageMember extends TaggedError<DuplicateImageMember>("@effect-glance/core/DuplicateImageMember")(
  "DuplicateImageMember",
  { ...answerFields, imageId: Schema.String, memberId: Schema.String }
) {
  override get message(): string {
    return describe(`project ${this.memberId} is a member of image ${this.imageId} already`, this)
  }
}

/**
 * The project whose status was to be set is no member of the image (404), or the caller may not speak for it: only
 * the member itself may, not the image's owner (403).
 *
 * @since 0.1.0
 * @category members and tags
 */
export class InvalidImageMember extends TaggedError<InvalidImageMember>("@effect-glance/core/InvalidImageMember")(
  "InvalidImageMember",
  { ...answerFields, imageId: Schema.String, memberId: Schema.String }
) {
  override get message(): string {
    return describe(`the caller cannot answer for member ${this.memberId} of image ${this.imageId}`, this)
  }
}

/**
 * 404: the image is missing or not visible, or the project is no member of it.
 *
 * @since 0.1.0
 * @category members and tags
 */
export class ImageMemberNotFound extends TaggedError<ImageMemberNotFound>("@effect-glance/core/ImageMemberNotFound")(
  "ImageMemberNotFound",
  { ...answerFields, imageId: Schema.String, memberId: Schema.String }
) {
  override get message(): string {
    return describe(`project ${this.memberId} is no member of image ${this.imageId}, or the image is not visible`, this)
  }
}

/**
 * The image does not carry the tag. Either the server says so (404), or the record of the image.
 *
 * @since 0.1.0
 * @category members and tags
 */
export class ImageTagNotFound extends TaggedError<ImageTagNotFound>("@effect-glance/core/ImageTagNotFound")(
  "ImageTagNotFound",
  {
    operation: Schema.String,
    imageId: Schema.String,
    tag: Schema.String,
    /** Of the answer, where a request was needed to find out. */
    requestId: Answer.fields.requestId,
    detail: Answer.fields.detail
  }
) {
  override get message(): string {
    const id = Option.match(this.requestId, { onNone: () => "", onSome: (id) => ` [${id}]` })
    const detail = this.detail === "" ? "" : ` (${this.detail})`
    return `${this.operation}: image ${this.imageId} does not carry the tag ${JSON.stringify(this.tag)}${detail}${id}`
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// tasks
// ---------------------------------------------------------------------------------------------------------------------

/**
 * 404: no task has this id, or it is not visible, or it expired: Glance forgets tasks two days after their end.
 *
 * @since 0.1.0
 * @category tasks
 */
export class TaskNotFound extends TaggedError<TaskNotFound>("@effect-glance/core/TaskNotFound")("TaskNotFound", {
  ...answerFields,
  taskId: Schema.String
}) {
  override get message(): string {
    return describe(`task ${this.taskId} is missing, not visible or expired`, this)
  }
}

/**
 * The task ended in failure; `reason` is its own message.
 *
 * @since 0.1.0
 * @category tasks
 */
export class TaskFailed extends TaggedError<TaskFailed>("@effect-glance/core/TaskFailed")("TaskFailed", {
  operation: Schema.String,
  taskId: Schema.String,
  /** `import`, `export` or what else the cloud runs. */
  type: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.operation}: ${this.type} task ${this.taskId} failed: ${this.reason}`
  }
}

/**
 * The schedule by which the task was watched ended before the task did. The task goes on.
 *
 * @since 0.1.0
 * @category tasks
 */
export class TaskNotEnded extends TaggedError<TaskNotEnded>("@effect-glance/core/TaskNotEnded")("TaskNotEnded", {
  operation: Schema.String,
  taskId: Schema.String,
  type: Schema.String,
  /** What it was when it was last looked at. */
  taskStatus: Schema.String
}) {
  override get message(): string {
    return `${this.operation}: ${this.type} task ${this.taskId} is still ${this.taskStatus}`
  }
}

/**
 * The cloud's object store has no container of this name.
 *
 * @since 0.1.0
 * @category tasks
 */
export class NoSuchContainer extends TaggedError<NoSuchContainer>("@effect-glance/core/NoSuchContainer")(
  "NoSuchContainer",
  { ...answerFields, container: Schema.String }
) {
  override get message(): string {
    return describe(`there is no container ${JSON.stringify(this.container)}`, this)
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// metadata definitions
// ---------------------------------------------------------------------------------------------------------------------

/**
 * 404: there is no namespace of this name, or it is not visible to the caller's project; Glance does not tell the two
 * apart.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class MetadefNamespaceNotFound extends TaggedError<MetadefNamespaceNotFound>(
  "@effect-glance/core/MetadefNamespaceNotFound"
)("MetadefNamespaceNotFound", { ...answerFields, namespace: Schema.String }) {
  override get message(): string {
    return describe(`namespace ${JSON.stringify(this.namespace)} is missing or not visible`, this)
  }
}

/**
 * 404: the namespace defines no such property, or is itself missing or not visible.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class MetadefPropertyNotFound extends TaggedError<MetadefPropertyNotFound>(
  "@effect-glance/core/MetadefPropertyNotFound"
)("MetadefPropertyNotFound", { ...answerFields, namespace: Schema.String, property: Schema.String }) {
  override get message(): string {
    return describe(absent("property", this.property, this.namespace), this)
  }
}

/**
 * 404: the namespace defines no such object, or is itself missing or not visible.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class MetadefObjectNotFound extends TaggedError<MetadefObjectNotFound>(
  "@effect-glance/core/MetadefObjectNotFound"
)("MetadefObjectNotFound", { ...answerFields, namespace: Schema.String, object: Schema.String }) {
  override get message(): string {
    return describe(absent("object", this.object, this.namespace), this)
  }
}

/**
 * 404: the namespace defines no such tag, or is itself missing or not visible.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class MetadefTagNotFound extends TaggedError<MetadefTagNotFound>("@effect-glance/core/MetadefTagNotFound")(
  "MetadefTagNotFound",
  { ...answerFields, namespace: Schema.String, tag: Schema.String }
) {
  override get message(): string {
    return describe(absent("tag", this.tag, this.namespace), this)
  }
}

/**
 * 404: the namespace is not associated with the resource type, or is itself missing or not visible.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class MetadefAssociationNotFound extends TaggedError<MetadefAssociationNotFound>(
  "@effect-glance/core/MetadefAssociationNotFound"
)("MetadefAssociationNotFound", { ...answerFields, namespace: Schema.String, resourceType: Schema.String }) {
  override get message(): string {
    return describe(absent("association with", this.resourceType, this.namespace), this)
  }
}

const absent = (kind: string, name: string, namespace: string): string =>
  `there is no ${kind} ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}, or the namespace is missing or not visible`

/**
 * 409: the name is taken by another definition of its kind: a namespace, or a property, object, tag or association of
 * the same namespace.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class DuplicateMetadef extends TaggedError<DuplicateMetadef>("@effect-glance/core/DuplicateMetadef")(
  "DuplicateMetadef",
  {
    ...answerFields,
    kind: Schema.Literal("namespace", "property", "object", "tag", "association"),
    /** The name that is taken. */
    name: Schema.String
  }
) {
  override get message(): string {
    return describe(`the ${this.kind} ${JSON.stringify(this.name)} is there already`, this)
  }
}

/**
 * 403: the namespace is protected, so that neither it nor anything in it can be deleted. An update of the namespace
 * takes the protection away.
 *
 * @since 0.1.0
 * @category metadata definitions
 */
export class ProtectedMetadef extends TaggedError<ProtectedMetadef>("@effect-glance/core/ProtectedMetadef")(
  "ProtectedMetadef",
  { ...answerFields, namespace: Schema.String }
) {
  override get message(): string {
    return describe(`namespace ${JSON.stringify(this.namespace)} is protected`, this)
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// imports
// ---------------------------------------------------------------------------------------------------------------------

/**
 * 409 on an import: another one holds the image. It lets go when it ends; one of which nothing more was heard loses its
 * claim to the next import that asks after `until`.
 *
 * @since 0.1.0
 * @category imports
 */
export class ImageLocked extends TaggedError<ImageLocked>("@effect-glance/core/ImageLocked")("ImageLocked", {
  ...answerFields,
  imageId: Schema.String,
  /** The task that holds the image, where the record still named it. */
  taskId: Schema.optionalWith(Schema.String, { as: "Option" }),
  /** By the server's clock; none where the task is not the caller's to see. */
  until: Schema.optionalWith(Schema.DateTimeUtc, { as: "Option" })
}) {
  override get message(): string {
    const until = Option.match(this.until, {
      onNone: () => "",
      onSome: (at) => `, until ${DateTime.formatIso(at)} at the latest`
    })
    return describe(`image ${this.imageId} is held by another import${until}`, this)
  }
}

/**
 * 409 on an import: the image is not as the method needs it. `glance-direct` wants one that is staged, the downloads one
 * that is `queued`, `copy-image` one that is `active`, and all of them a disk and a container format.
 *
 * @since 0.1.0
 * @category imports
 */
export class ImageNotImportable extends TaggedError<ImageNotImportable>("@effect-glance/core/ImageNotImportable")(
  "ImageNotImportable",
  { ...answerFields, imageId: Schema.String }
) {
  override get message(): string {
    return describe(`image ${this.imageId} is not ready for an import`, this)
  }
}

/**
 * The import ended in failure. What is left of the image is in `imageStatus`: `queued` again, and ready for another
 * attempt; `importing`, which is what becomes of staged data that no store took, and only deletion helps; or `active` as
 * before, after a copy.
 *
 * @since 0.1.0
 * @category imports
 */
export class ImportFailed extends TaggedError<ImportFailed>("@effect-glance/core/ImportFailed")("ImportFailed", {
  operation: Schema.String,
  imageId: Schema.String,
  /** The task that did the work, where it could be seen. */
  taskId: Schema.optionalWith(Schema.String, { as: "Option" }),
  imageStatus: Schema.String,
  /** The stores that did not take the data, as the record names them. */
  failedStores: Schema.Array(Schema.String),
  /** The task's own message; empty where the task could not be seen. */
  reason: Schema.String,
  /** Until when the server refuses other imports of the image, where this one did not let go of it. */
  lockedUntil: Schema.optionalWith(Schema.DateTimeUtc, { as: "Option" })
}) {
  override get message(): string {
    const stores = this.failedStores.length === 0 ? "" : `, failed in ${this.failedStores.join(", ")}`
    const lock = Option.match(this.lockedUntil, {
      onNone: () => "",
      onSome: (at) => `, and held until ${DateTime.formatIso(at)}`
    })
    return `${this.operation}: the import of image ${this.imageId} failed: ${this.reason || "the cloud does not say why"} (the image is ${this.imageStatus}${lock}${stores})`
  }
}

/**
 * The import ended with the image in some of the stores and not in others, which it was allowed to
 * (`allStoresMustSucceed: false`). The image is `active`.
 *
 * @since 0.1.0
 * @category imports
 */
export class ImportIncomplete extends TaggedError<ImportIncomplete>("@effect-glance/core/ImportIncomplete")(
  "ImportIncomplete",
  {
    operation: Schema.String,
    imageId: Schema.String,
    taskId: Schema.optionalWith(Schema.String, { as: "Option" }),
    /** The stores that hold the data now. */
    stores: Schema.Array(Schema.String),
    failedStores: Schema.Array(Schema.String)
  }
) {
  override get message(): string {
    return `${this.operation}: image ${this.imageId} is in ${this.stores.join(", ")}, and could not be imported into ${this.failedStores.join(", ")}`
  }
}

/**
 * The deadline passed, or the schedule ended, before the import had. It goes on.
 *
 * @since 0.1.0
 * @category imports
 */
export class ImportNotEnded extends TaggedError<ImportNotEnded>("@effect-glance/core/ImportNotEnded")(
  "ImportNotEnded",
  {
    operation: Schema.String,
    imageId: Schema.String,
    taskId: Schema.optionalWith(Schema.String, { as: "Option" }),
    /** What they were when they were last looked at. */
    imageStatus: Schema.String,
    taskStatus: Schema.optionalWith(Schema.String, { as: "Option" }),
    storesToGo: Schema.Array(Schema.String)
  }
) {
  override get message(): string {
    const toGo = this.storesToGo.length === 0 ? "" : `, ${this.storesToGo.join(", ")} to go`
    return `${this.operation}: the import of image ${this.imageId} has not ended, the image is ${this.imageStatus}${toGo}`
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// image data
// ---------------------------------------------------------------------------------------------------------------------

/**
 * 204 on a download: the image has no data.
 *
 * @since 0.1.0
 * @category image data
 */
export class NoImageData extends TaggedError<NoImageData>("@effect-glance/core/NoImageData")("NoImageData", {
  ...answerFields,
  imageId: Schema.String
}) {
  override get message(): string {
    return describe(`image ${this.imageId} has no data`, this)
  }
}

/**
 * 403 on a download: the image is deactivated, and only an administrator can read its data.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageDeactivated extends TaggedError<ImageDeactivated>("@effect-glance/core/ImageDeactivated")(
  "ImageDeactivated",
  {
    ...answerFields,
    imageId: Schema.String
  }
) {
  override get message(): string {
    return describe(`image ${this.imageId} is deactivated`, this)
  }
}

/**
 * 416: the range begins beyond the end of the data.
 *
 * @since 0.1.0
 * @category image data
 */
export class RangeNotSatisfiable extends TaggedError<RangeNotSatisfiable>("@effect-glance/core/RangeNotSatisfiable")(
  "RangeNotSatisfiable",
  {
    ...answerFields,
    imageId: Schema.String
  }
) {
  override get message(): string {
    return describe(`image ${this.imageId} has no such range`, this)
  }
}

/**
 * 409 on an upload: only an image that is `queued` takes data.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageNotQueued extends TaggedError<ImageNotQueued>("@effect-glance/core/ImageNotQueued")(
  "ImageNotQueued",
  {
    ...answerFields,
    imageId: Schema.String
  }
) {
  override get message(): string {
    return describe(`image ${this.imageId} is not waiting for data`, this)
  }
}

/**
 * The image was deleted while its data were on the way: 410 on an upload, 404 while an import is waited for.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageDeletedMeanwhile extends TaggedError<ImageDeletedMeanwhile>(
  "@effect-glance/core/ImageDeletedMeanwhile"
)("ImageDeletedMeanwhile", {
  ...answerFields,
  imageId: Schema.String
}) {
  override get message(): string {
    return describe(`image ${this.imageId} was deleted meanwhile`, this)
  }
}

/**
 * 415 on an upload: the server finds that the data are not of the image's `diskFormat`.
 *
 * Glance 30.0 looks at the data only after it has stored them (`glance/location.py`, `set_data`). The image is `queued`
 * again, but keeps the refused data: a download returns them, and an upload of other data fails with 500. It can only be
 * deleted. `createWithData` deletes it; after `upload`, delete it and create another one.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageFormatRefused extends TaggedError<ImageFormatRefused>("@effect-glance/core/ImageFormatRefused")(
  "ImageFormatRefused",
  {
    ...answerFields,
    imageId: Schema.String
  }
) {
  override get message(): string {
    return describe(
      `the server says that the data are not of the format of image ${this.imageId}; delete the image, which may hold them`,
      this
    )
  }
}

/**
 * The first bytes of the source contradict the image's `diskFormat`. Nothing was sent.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageFormatMismatch extends TaggedError<ImageFormatMismatch>("@effect-glance/core/ImageFormatMismatch")(
  "ImageFormatMismatch",
  {
    operation: Schema.String,
    imageId: Schema.String,
    diskFormat: Schema.String,
    /** The format that the first bytes are of; `raw` when they bear no mark. */
    found: Schema.String
  }
) {
  override get message(): string {
    return `${this.operation}: image ${this.imageId} is of disk format ${this.diskFormat}, and its data begin as ${this.found}`
  }
}

/**
 * The source gave fewer bytes than it promised, or began to give more. The server did not see the end of the body, so
 * that it stored nothing.
 *
 * @since 0.1.0
 * @category image data
 */
export class SourceLengthMismatch extends TaggedError<SourceLengthMismatch>("@effect-glance/core/SourceLengthMismatch")(
  "SourceLengthMismatch",
  {
    operation: Schema.String,
    imageId: Schema.String,
    expected: Schema.Number,
    /** What the source gave: less than expected, or more, when it was stopped there. */
    actual: Schema.Number
  }
) {
  override get message(): string {
    return `${this.operation}: the source for image ${this.imageId} was to give ${this.expected} bytes and gave ${this.actual < this.expected ? "only " : ""}${this.actual}`
  }
}

/**
 * The source ended before it had given a byte. Glance would take that for an image; nothing was stored.
 *
 * @since 0.1.0
 * @category image data
 */
export class EmptyImageSource extends TaggedError<EmptyImageSource>("@effect-glance/core/EmptyImageSource")(
  "EmptyImageSource",
  {
    operation: Schema.String,
    imageId: Schema.String
  }
) {
  override get message(): string {
    return `${this.operation}: the source for image ${this.imageId} is empty`
  }
}

/**
 * The bytes that flowed are not those that were to flow: of `size`, or of a hash, what should be and what is.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageIntegrityError extends TaggedError<ImageIntegrityError>("@effect-glance/core/ImageIntegrityError")(
  "ImageIntegrityError",
  {
    operation: Schema.String,
    imageId: Schema.String,
    /**
     * Where the two were compared: on the source before its last bytes were sent, on the record after an upload, or on
     * what was downloaded.
     */
    at: Schema.Literal("source", "upload", "download"),
    /** `size`, or the algorithm of the hash. */
    property: Schema.String,
    expected: Schema.String,
    actual: Schema.String
  }
) {
  override get message(): string {
    return `${this.operation}: the data of image ${this.imageId} are wrong (${this.at}): ${this.property} should be ${this.expected} and is ${this.actual}`
  }
}

/**
 * There is nothing to compare the data with: the record holds no hash that was or can be computed here. After an upload
 * the image is kept: the option `hashAlgorithm` names the cloud's algorithm. A download has read nothing.
 *
 * @since 0.1.0
 * @category image data
 */
export class ImageUnverifiable extends TaggedError<ImageUnverifiable>("@effect-glance/core/ImageUnverifiable")(
  "ImageUnverifiable",
  {
    operation: Schema.String,
    imageId: Schema.String,
    /** The algorithms of the hashes that the record holds. */
    algorithms: Schema.Array(Schema.String)
  }
) {
  override get message(): string {
    const has = this.algorithms.length === 0 ? "no hash" : `hashes of ${this.algorithms.join(", ")} only`
    return `${this.operation}: the data of image ${this.imageId} cannot be verified, its record has ${has}`
  }
}

/**
 * The cloud confirmed the upload and then gave up on the data: the image is `killed`, or was deleted meanwhile.
 *
 * @since 0.1.0
 * @category image data
 */
export class UploadFailed extends Schema.TaggedError<UploadFailed>("@effect-glance/core/UploadFailed")("UploadFailed", {
  operation: Schema.String,
  imageId: Schema.String,
  /** `killed`, `deleted` or `pending_delete`. */
  imageStatus: Schema.String
}) {
  override get message(): string {
    return `${this.operation}: the cloud did not store the data of image ${this.imageId}: its status is ${this.imageStatus} after the upload`
  }
}

/**
 * The cloud confirmed the upload, or the connection broke after all bytes were sent, and this client did not see the image
 * become `active`: the limit passed, or the record could not be read. The cloud may still store the data, so the image is kept: read its record later.
 *
 * @since 0.1.0
 * @category image data
 */
export class UploadNotEnded extends Schema.TaggedError<UploadNotEnded>("@effect-glance/core/UploadNotEnded")(
  "UploadNotEnded",
  {
    operation: Schema.String,
    imageId: Schema.String,
    /** The last status that was read: `saving`, `importing`, `uploading` or `queued`. */
    imageStatus: Schema.optionalWith(Schema.String, { as: "Option" }),
    /** Why the record could not be read. */
    detail: Schema.optionalWith(Schema.String, { as: "Option" }),
    limit: Schema.Duration
  }
) {
  override get message(): string {
    const status = Option.getOrElse(this.imageStatus, () => "not known to be active")
    const unread = Option.match(this.detail, {
      onNone: () => ` ${Duration.format(this.limit)} after the upload`,
      onSome: (detail) => ` after the upload: its record cannot be read (${detail})`
    })
    return `${this.operation}: image ${this.imageId} is still ${status}${unread}; the image was kept`
  }
}

/**
 * No byte moved for longer than the idle limit. `bytes` had moved before.
 *
 * @since 0.1.0
 * @category image data
 */
export class TransferStalled extends TaggedError<TransferStalled>("@effect-glance/core/TransferStalled")(
  "TransferStalled",
  {
    operation: Schema.String,
    imageId: Schema.String,
    bytes: Schema.Number,
    limit: Schema.Duration
  }
) {
  override get message(): string {
    return `${this.operation}: the data of image ${this.imageId} stand still since ${Duration.format(this.limit)}, after ${this.bytes} bytes`
  }
}

/**
 * Another download writes to the same file, in this process or in another one. Nothing was asked of the cloud. Wait for
 * the other download, or choose another file.
 *
 * @since 0.1.0
 * @category image data
 */
export class DownloadInProgress extends Schema.TaggedError<DownloadInProgress>(
  "@effect-glance/core/DownloadInProgress"
)("DownloadInProgress", {
  operation: Schema.String,
  imageId: Schema.String,
  /** The file, as the caller names it. */
  path: Schema.String
}) {
  override get message(): string {
    return `${this.operation}: image ${this.imageId} cannot be downloaded to ${JSON.stringify(this.path)}, because another download writes to that file`
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// unions
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What can go wrong on the way to the image service, the login included. A provider of the port fails with these.
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
 * How the server can keep a listing of several pages from its end.
 *
 * @since 0.1.0
 * @category unions
 */
export type PagingError = RepeatedMarker | TooManyEmptyPages | LostMarker

/**
 * What any request may end in, whatever the operation.
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

// ---------------------------------------------------------------------------------------------------------------------
// for providers of the port
// ---------------------------------------------------------------------------------------------------------------------

const rootCause = (error: unknown): unknown => {
  let root = error
  for (let depth = 0; depth < 16; depth++) {
    const { cause } = (typeof root === "object" && root !== null ? root : {}) as { readonly cause?: unknown }
    if (cause === undefined || cause === null) return root
    root = cause
  }
  return root
}

/** Where several addresses were tried, there is an error of each; the last is as good as any. */
const codeIn = (root: unknown): string => {
  const { code, errors } = (typeof root === "object" && root !== null ? root : {}) as Record<string, unknown>
  // The form of all codes. A text of another form may repeat anything.
  if (typeof code === "string" && /^[A-Z][A-Z\d_]{0,63}$/.test(code)) return code
  return Array.isArray(errors) && errors.length > 0 ? codeIn(errors.at(-1)) : ""
}

/**
 * The failure of an HTTP client without the request that it carries, since a request holds tokens and passwords. The
 * root cause is kept as name, code and message only, cleaned and without the secrets of the request. `detail` names the
 * failure, and the setting that helps.
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
  // By definition: an assignment fails where `Error.prototype` is frozen.
  Object.defineProperty(cause, "name", {
    value: typeof name === "string" ? ForeignText.show(name, { secrets }) : error._tag
  })
  // The stack would show this line, not the place of the failure.
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
