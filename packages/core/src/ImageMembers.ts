/**
 * The projects that an image is shared with. Only an image whose visibility is `shared` has any.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Answer from "./Answer.js"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import type * as ImageQuery from "./ImageQuery.js"
import * as Argument from "./internal/argument.js"
import * as Internal from "./internal/image.js"
import * as Listing from "./internal/images.js"
import * as Lenient from "./internal/lenient.js"
import * as Limit from "./internal/limit.js"
import type * as Member from "./internal/member.js"
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
export type MemberStatus = Member.MemberStatus

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
  /**
   * Shares the image with these projects: one look at who is there, unless the caller knows, and a request for each
   * project that is missing, several at a time. What happened to each project is told for each, failures among them: one
   * does not stop the others. It fails as a whole where nothing can come of it: no such image, or one that cannot have
   * members.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-image-member
   */
  readonly share: (
    image: Image.ImageRef,
    projectIds: ReadonlyArray<string>,
    options?: ShareOptions
  ) => Effect.Effect<
    ReadonlyArray<ShareResult>,
    | Exclude<GlanceError.RequestError, GlanceError.Forbidden>
    | GlanceError.InvalidArgument
    | GlanceError.ImageNotFound
    | GlanceError.UnsharableImage
  >
  /**
   * Accepts the images that others share with the caller's project and that it has not answered for: a listing, and a
   * request for each of them, several at a time. Anybody can share anything with a project: with `query` say whose
   * images are wanted. Images that were rejected stay rejected.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image-member
   */
  readonly acceptAll: (
    options?: AcceptAllOptions
  ) => Effect.Effect<
    ReadonlyArray<AcceptResult>,
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.PagingError
  >
}

/**
 * How an image is shared with several projects.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShareOptions extends AddOptions {
  /**
   * The members that the image has, where the caller has listed them already: then nobody looks again. With `makeShared`
   * it is looked all the same, since only that tells whether the image can have any.
   *
   * @default what one request finds
   */
  readonly members?: ReadonlyArray<ImageMember> | undefined
  /**
   * Whether the projects are to be all: whoever else is a member is removed, before any is added.
   *
   * @default false
   */
  readonly exact?: boolean | undefined
  /**
   * Requests at a time.
   *
   * @default 8
   */
  readonly concurrency?: number | undefined
}

/**
 * What became of one project: shared with now, shared with before, no more shared with, or why not.
 *
 * @since 0.1.0
 * @category models
 */
export type ShareResult =
  | { readonly _tag: "Added" | "Present" | "Removed"; readonly projectId: string }
  | { readonly _tag: "Failed"; readonly projectId: string; readonly error: ShareFailure }

/**
 * Why a project could not be added or removed.
 *
 * @since 0.1.0
 * @category errors
 */
export type ShareFailure =
  | GlanceError.RequestError
  | GlanceError.InvalidArgument
  | GlanceError.ImageNotFound
  | GlanceError.UnsharableImage

/**
 * Which images are accepted.
 *
 * @since 0.1.0
 * @category models
 */
export interface AcceptAllOptions {
  /** `owner` is the project that shares. @default whatever is pending and not hidden */
  readonly query?: Omit<ImageQuery.ImageQuery, "visibility" | "memberStatus" | "sort" | "limit" | "marker"> | undefined
  /**
   * Requests at a time.
   *
   * @default 8
   */
  readonly concurrency?: number | undefined
}

/**
 * What became of one image: accepted, or why not.
 *
 * @since 0.1.0
 * @category models
 */
export type AcceptResult =
  | { readonly _tag: "Accepted"; readonly image: Image.Image }
  | { readonly _tag: "Failed"; readonly image: Image.Image; readonly error: AcceptFailure }

/**
 * Why an image could not be accepted; `InvalidImageMember` where it is not shared any more.
 *
 * @since 0.1.0
 * @category errors
 */
export type AcceptFailure = GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.InvalidImageMember

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
const decodeMembers = Request.decoder(Schema.Struct({ members: Lenient.List(ImageMember) }))
const readMembers = Request.json((body) => decodeMembers(body))

const defaultConcurrency = 8

/**
 * The service on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const http = yield* GlanceClient.GlanceClient
  const fn = Limit.fn(http)
  const images = Listing.listing(http)

  const read = (operation: string, path: string, image: Image.ImageRef) =>
    Effect.map(
      Request.run(http, {
        operation,
        request: HttpClientRequest.get(path),
        decode: readMembers,
        on: { 404: Internal.notFound(image) }
      }),
      ({ members }) => members
    )

  const list: Service["list"] = fn("ImageMembers.list")(function* (image) {
    const operation = "ImageMembers.list"
    return yield* read(operation, yield* Internal.path(operation, image, "members"), image)
  })

  const notFound = (image: Image.ImageRef, memberId: string) => ({
    404: (answer: Answer.Answer) =>
      new GlanceError.ImageMemberNotFound({ ...answer, imageId: Image.idOf(image), memberId })
  })

  const readOne = (operation: string, path: string, image: Image.ImageRef, memberId: string) =>
    Request.run(http, {
      operation,
      request: HttpClientRequest.get(path),
      decode: readMember,
      on: notFound(image, memberId)
    })

  const get: Service["get"] = fn("ImageMembers.get")(function* (image, projectId) {
    const operation = "ImageMembers.get"
    const path = yield* Internal.path(operation, image, "members", ["projectId", projectId])
    return yield* readOne(operation, path, image, projectId)
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

  /** Runs it again once a private image is shared, where that is why it was refused. */
  const orMadeShared =
    (operation: string, image: Image.ImageRef) =>
    <A, E>(effect: Effect.Effect<A, E | GlanceError.UnsharableImage>) =>
      Effect.catchIf(
        effect,
        (error) => error instanceof GlanceError.UnsharableImage,
        (unsharable) =>
          Effect.gen(function* () {
            const { visibility } = yield* Record.read(http, operation, image)
            if (visibility !== "private") return yield* unsharable
            yield* Record.update(http, operation, image, { visibility: "shared" }, { fresh: false })
          }).pipe(
            Effect.catchTags({ Forbidden: () => unsharable, UpdateConflict: () => unsharable }),
            Effect.zipRight(effect)
          )
      )

  const add: Service["add"] = fn("ImageMembers.add")(function* (image, projectId, { makeShared = false } = {}) {
    const operation = "ImageMembers.add"
    const path = yield* Internal.path(operation, image, "members")
    // What could not be removed again is not added.
    yield* Argument.checked(operation, "projectId", projectId, Argument.segment)
    const added = post(operation, path, image, projectId)
    return yield* makeShared ? orMadeShared(operation, image)(added) : added
  })

  const destroy = (operation: string, path: string, image: Image.ImageRef, memberId: string) =>
    Request.run(http, {
      operation,
      request: HttpClientRequest.del(path),
      decode: Request.nothing,
      on: notFound(image, memberId)
    })

  const remove: Service["remove"] = fn("ImageMembers.remove")(function* (image, projectId) {
    const operation = "ImageMembers.remove"
    const path = yield* Internal.path(operation, image, "members", ["projectId", projectId])
    return yield* destroy(operation, path, image, projectId)
  })

  const share: Service["share"] = Effect.fn("ImageMembers.share")(function* (
    image,
    projectIds,
    { concurrency = defaultConcurrency, exact = false, makeShared = false, members: known } = {}
  ) {
    const operation = "ImageMembers.share"
    const path = yield* Internal.path(operation, image, "members")
    yield* Argument.checked(operation, "concurrency", concurrency, Argument.wholeNumber(1))
    yield* Argument.checked(operation, "projectIds", projectIds, Argument.list)
    for (const [index, projectId] of projectIds.entries()) {
      yield* Argument.checked(operation, `projectIds[${index}]`, projectId, Argument.segment)
    }
    const look = Effect.catchTag(
      read(operation, path, image),
      "Forbidden",
      // Whoever sees an image may ask for its members, unless it cannot have any.
      (refused) => new GlanceError.UnsharableImage({ ...refused, imageId: Image.idOf(image) })
    )
    const members = makeShared ? yield* orMadeShared(operation, image)(look) : (known ?? (yield* look))
    const present = new Set(members.map(({ memberId }) => memberId))
    const wanted = new Set(projectIds)
    // Those who go make room: the number of members is limited.
    const removed = yield* Effect.forEach(
      exact ? [...present].filter((projectId) => !wanted.has(projectId)) : [],
      (projectId) =>
        Internal.path(operation, image, "members", ["projectId", projectId]).pipe(
          Effect.flatMap((path) => destroy(operation, path, image, projectId)),
          Effect.catchTag("ImageMemberNotFound", () => Effect.void),
          Effect.as<ShareResult>({ _tag: "Removed", projectId }),
          Effect.catchAll((error) => Effect.succeed<ShareResult>({ _tag: "Failed", projectId, error }))
        ),
      { concurrency }
    )
    const shared = yield* Effect.forEach(
      wanted,
      (projectId) =>
        present.has(projectId)
          ? Effect.succeed<ShareResult>({ _tag: "Present", projectId })
          : post(operation, path, image, projectId).pipe(
              Effect.as<ShareResult>({ _tag: "Added", projectId }),
              Effect.catchTag("DuplicateImageMember", () =>
                Effect.succeed<ShareResult>({ _tag: "Present", projectId })
              ),
              Effect.catchAll((error) => Effect.succeed<ShareResult>({ _tag: "Failed", projectId, error }))
            ),
      { concurrency }
    )
    return [...shared, ...removed]
  })

  const own = (operation: string, projectId?: string) =>
    Effect.flatMap(projectId === undefined ? http.projectId : Effect.succeedSome(projectId), (known) =>
      Effect.mapError(
        known,
        () =>
          new GlanceError.InvalidArgument({
            operation,
            argument: "projectId",
            reason: "must be given: the cloud's layer does not know the caller's project"
          })
      )
    )

  const put = (operation: string, image: Image.ImageRef, memberId: string, status: MemberStatus) => {
    const refused = (answer: Answer.Answer) =>
      new GlanceError.InvalidImageMember({ ...answer, imageId: Image.idOf(image), memberId })
    return Effect.flatMap(Internal.path(operation, image, "members", ["projectId", memberId]), (path) =>
      Request.run(http, {
        operation,
        request: HttpClientRequest.bodyUnsafeJson(HttpClientRequest.put(path), { status }),
        decode: readMember,
        on: { 403: refused, 404: refused }
      })
    )
  }

  const setStatus: Service["setStatus"] = fn("ImageMembers.setStatus")(function* (image, status, options = {}) {
    const operation = "ImageMembers.setStatus"
    if (!memberStatuses.includes(status)) {
      return yield* new GlanceError.InvalidImageMemberStatus({
        operation,
        memberStatus: Inspectable.toStringUnknown(status, 0)
      })
    }
    return yield* put(operation, image, yield* own(operation, options.projectId), status)
  })

  const acceptAll: Service["acceptAll"] = Effect.fn("ImageMembers.acceptAll")(function* ({
    concurrency = defaultConcurrency,
    query = {}
  } = {}) {
    const operation = "ImageMembers.acceptAll"
    yield* Argument.checked(operation, "concurrency", concurrency, Argument.wholeNumber(1))
    const me = yield* Limit.within(http, operation)(own(operation))
    const shared = (status: MemberStatus) => ({ visibility: "shared", memberStatus: status, limit: Listing.maxPage })
    const listed = yield* images.collect(operation, { ...query, ...shared("pending") })
    const pending = listed.filter(({ owner }) => !Option.contains(owner, me))
    const [first] = pending
    if (first === undefined) return []
    // To an administrator the listing shows everybody's images, whatever a member said. Who finds a pending image among
    // the rejected ones is one, and has to ask for each what this project said.
    const { items } = yield* images.page(operation, { id: first.id, ...shared("rejected") })
    const isPending = (image: Image.Image) =>
      items.length === 0
        ? Effect.succeed(true)
        : Internal.path(operation, image, "members", ["projectId", me]).pipe(
            Effect.flatMap((path) => readOne(operation, path, image, me)),
            Effect.map(({ status }) => status === "pending"),
            Effect.catchTag("ImageMemberNotFound", () => Effect.succeed(false))
          )
    const accepted = (image: Image.Image) =>
      Effect.gen(function* () {
        if (!(yield* isPending(image))) return Option.none<AcceptResult>()
        yield* put(operation, image, me, "accepted")
        return Option.some<AcceptResult>({ _tag: "Accepted", image })
      }).pipe(Effect.catchAll((error) => Effect.succeedSome<AcceptResult>({ _tag: "Failed", image, error })))
    const results = yield* Effect.forEach(pending, accepted, { concurrency })
    return Arr.getSomes(results)
  })

  return { list, get, add, remove, setStatus, share, acceptAll }
})

/**
 * {@link make} as a layer. A layer is built once for all who ask for it in one graph: for two projects side by side
 * take `Layer.fresh` of it, or `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageMembers, never, GlanceClient.GlanceClient> = Layer.effect(ImageMembers, make)
