/**
 * The projects that an image is shared with. Only an image whose visibility is `shared` has any.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Answer from "./Answer.js"
import * as GlanceError from "./GlanceError.js"
import * as GlanceHttp from "./GlanceHttp.js"
import * as Image from "./Image.js"
import * as Argument from "./internal/argument.js"
import * as Internal from "./internal/image.js"
import * as Limit from "./internal/limit.js"
import * as Record from "./internal/record.js"
import * as Request from "./internal/request.js"
import * as Wire from "./internal/wire.js"

/**
 * What a member has said to being one. A `pending` or `rejected` member can use the image by its id, but does not find
 * it in listings.
 *
 * @since 0.1.0
 * @category models
 */
export type MemberStatus = "pending" | "accepted" | "rejected"

/**
 * All that a member's status can be set to.
 *
 * @since 0.1.0
 * @category models
 */
export const memberStatuses: ReadonlyArray<MemberStatus> = ["pending", "accepted", "rejected"]

/**
 * A project's membership in an image.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#sharing
 */
export class ImageMember extends Schema.Class<ImageMember>("@effect-glance/core/ImageMember")({
  /** The project. */
  memberId: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("member_id")),
  imageId: Schema.propertySignature(Image.ImageId).pipe(Schema.fromKey("image_id")),
  /** Open: see {@link MemberStatus}. */
  status: Wire.openEnum<MemberStatus>("MemberStatus"),
  createdAt: Schema.propertySignature(Wire.Time).pipe(Schema.fromKey("created_at")),
  updatedAt: Schema.propertySignature(Wire.Time).pipe(Schema.fromKey("updated_at"))
}) {
  /** The member's id, which is that of its project. */
  get id(): string {
    return this.memberId
  }
}

/**
 * The operations on the members of an image.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#sharing
 */
export interface Service {
  /**
   * The members of an image. Its owner sees all of them, a member only itself.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-image-members
   */
  readonly list: (
    image: Image.ImageRef
  ) => Effect.Effect<
    ReadonlyArray<ImageMember>,
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageNotFound
  >
  /**
   * The membership of one project in an image.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-image-member-details
   */
  readonly get: (
    image: Image.ImageRef,
    projectId: string
  ) => Effect.Effect<
    ImageMember,
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageMemberNotFound
  >
  /**
   * Shares the image with a project, which is `pending` until it accepts. The project is named by its id, not by its
   * name: Glance checks neither, and shares with whatever it is given. Only the owner can; every refusal by policy is
   * `UnsharableImage`, since Glance has one sentence for all of them.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-image-member
   */
  readonly add: (
    image: Image.ImageRef,
    projectId: string,
    options?: AddOptions
  ) => Effect.Effect<
    ImageMember,
    | Exclude<GlanceError.RequestError, GlanceError.Forbidden>
    | GlanceError.InvalidArgument
    | GlanceError.ImageNotFound
    | GlanceError.UnsharableImage
    | GlanceError.DuplicateImageMember
  >
  /**
   * Stops sharing the image with a project.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#delete-image-member
   */
  readonly remove: (
    image: Image.ImageRef,
    projectId: string
  ) => Effect.Effect<void, GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageMemberNotFound>
  /**
   * Answers for the caller's own project whether it wants the image. The image's owner cannot answer for a member.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image-member
   */
  readonly setStatus: (
    image: Image.ImageRef,
    status: MemberStatus,
    options?: SetStatusOptions
  ) => Effect.Effect<
    ImageMember,
    | Exclude<GlanceError.RequestError, GlanceError.Forbidden>
    | GlanceError.InvalidArgument
    | GlanceError.InvalidImageMember
    | GlanceError.InvalidImageMemberStatus
  >
}

/**
 * How a member is added.
 *
 * @since 0.1.0
 * @category models
 */
export interface AddOptions {
  /**
   * Whether a `private` image is made `shared` first, where that is why it cannot be shared. No other visibility is
   * changed.
   *
   * @default false
   */
  readonly makeShared?: boolean | undefined
}

/**
 * How a status is set.
 *
 * @since 0.1.0
 * @category models
 */
export interface SetStatusOptions {
  /**
   * The project to answer for; another than one's own takes an administrator.
   *
   * @default the caller's project
   */
  readonly projectId?: string | undefined
}

/**
 * The service of image members.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageMembers extends Context.Tag("@effect-glance/core/ImageMembers")<ImageMembers, Service>() {}

const readMember = Request.json(Request.decoder(ImageMember))
const decodeMembers = Request.decoder(Schema.Struct({ members: Schema.Array(ImageMember) }))
const readMembers = Request.json((body) => decodeMembers(body))

/**
 * The service on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceHttp.GlanceHttp> = Effect.gen(function* () {
  const http = yield* GlanceHttp.GlanceHttp

  const list: Service["list"] = Effect.fn("ImageMembers.list")(function* (image) {
    const operation = "ImageMembers.list"
    const path = yield* Internal.path(operation, image, "members")
    const { members } = yield* Request.run(http, {
      operation,
      request: HttpClientRequest.get(path),
      decode: readMembers,
      on: { 404: Internal.notFound(image) }
    })
    return members
  })

  const notFound = (image: Image.ImageRef, memberId: string) => ({
    404: (answer: Answer.Answer) =>
      new GlanceError.ImageMemberNotFound({ ...answer, imageId: Image.idOf(image), memberId })
  })

  const get: Service["get"] = Effect.fn("ImageMembers.get")(function* (image, projectId) {
    const operation = "ImageMembers.get"
    const path = yield* Internal.path(operation, image, "members", ["projectId", projectId])
    return yield* Request.run(http, {
      operation,
      request: HttpClientRequest.get(path),
      decode: readMember,
      on: notFound(image, projectId)
    })
  })

  const post = (operation: string, path: string, image: Image.ImageRef, memberId: string) => {
    const who = { imageId: Image.idOf(image), memberId }
    return Request.run(http, {
      operation,
      request: HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(path), { member: memberId }),
      decode: readMember,
      on: {
        403: (answer) => new GlanceError.UnsharableImage({ ...answer, ...who }),
        404: Internal.notFound(image),
        409: (answer) => new GlanceError.DuplicateImageMember({ ...answer, ...who })
      }
    })
  }

  const add: Service["add"] = Effect.fn("ImageMembers.add")(
    function* (image, projectId, { makeShared = false } = {}) {
      const operation = "ImageMembers.add"
      const path = yield* Internal.path(operation, image, "members")
      // What could not be removed again is not added.
      yield* Argument.checked(operation, "projectId", projectId, Argument.segment)
      const added = post(operation, path, image, projectId)
      if (!makeShared) return yield* added
      return yield* Effect.catchTag(added, "UnsharableImage", (unsharable) =>
        Effect.gen(function* () {
          const { visibility } = yield* Record.read(http, operation, image)
          if (visibility !== "private") return yield* unsharable
          yield* Record.update(http, operation, image, { visibility: "shared" }, { fresh: false })
          return yield* added
        }).pipe(Effect.catchTags({ Forbidden: () => unsharable, UpdateConflict: () => unsharable }))
      )
    },
    Limit.within(http, "ImageMembers.add")
  )

  const remove: Service["remove"] = Effect.fn("ImageMembers.remove")(function* (image, projectId) {
    const operation = "ImageMembers.remove"
    const path = yield* Internal.path(operation, image, "members", ["projectId", projectId])
    return yield* Request.run(http, {
      operation,
      request: HttpClientRequest.del(path),
      decode: Request.nothing,
      on: notFound(image, projectId)
    })
  })

  const setStatus: Service["setStatus"] = Effect.fn("ImageMembers.setStatus")(
    function* (image, status, options = {}) {
      const operation = "ImageMembers.setStatus"
      if (!memberStatuses.includes(status)) {
        return yield* new GlanceError.InvalidImageMemberStatus({
          operation,
          memberStatus: Inspectable.toStringUnknown(status, 0)
        })
      }
      const memberId = options.projectId ?? Option.getOrUndefined(yield* http.projectId)
      if (memberId === undefined) {
        return yield* new GlanceError.InvalidArgument({
          operation,
          argument: "projectId",
          reason: "must be given: the cloud's layer does not know the caller's project"
        })
      }
      const path = yield* Internal.path(operation, image, "members", ["projectId", memberId])
      const refused = (answer: Answer.Answer) =>
        new GlanceError.InvalidImageMember({ ...answer, imageId: Image.idOf(image), memberId })
      return yield* Request.run(http, {
        operation,
        request: HttpClientRequest.bodyUnsafeJson(HttpClientRequest.put(path), { status }),
        decode: readMember,
        on: { 403: refused, 404: refused }
      })
    },
    Limit.within(http, "ImageMembers.setStatus")
  )

  return { list, get, add, remove, setStatus }
})

/**
 * {@link make} as a layer. A layer is built once for all who ask for it in one graph: for two projects side by side
 * take `Layer.fresh` of it, or `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageMembers, never, GlanceHttp.GlanceHttp> = Layer.effect(ImageMembers, make)
