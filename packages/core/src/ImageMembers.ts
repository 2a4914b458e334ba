/**
 * The projects that an image is shared with. Only an image whose visibility is `shared` has any.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import * as ImageMember from "./ImageMember.js"
import type * as ImageQuery from "./ImageQuery.js"
import * as Check from "./internal/check.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Listing from "./internal/imageListing.js"
import * as Operations from "./internal/operations.js"
import * as Record from "./internal/record.js"

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
    ReadonlyArray<ImageMember.ImageMember>,
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
    ImageMember.ImageMember,
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
    ImageMember.ImageMember,
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
    status: ImageMember.MemberStatus,
    options?: SetStatusOptions
  ) => Effect.Effect<
    ImageMember.ImageMember,
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
  readonly members?: ReadonlyArray<ImageMember.ImageMember> | undefined
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

const defaultConcurrency = 8

/**
 * The service on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const http = yield* GlanceClient.GlanceClient
  const operations = Operations.make(http)
  const { call, limited, operation, request } = operations
  const images = Listing.listing(operations)

  const membership = (image: Image.ImageRef, memberId: string) => ({ imageId: Image.idOf(image), memberId })

  const list: Service["list"] = call(Endpoints.listMembers, (image) => ({ imageId: Image.idOf(image) }))

  const get: Service["get"] = call(Endpoints.getMember, membership)

  /** Runs the request again after it made a private image shared, if that is why it was refused. */
  const orMadeShared =
    (image: Image.ImageRef) =>
    <A, E>(effect: Effect.Effect<A, E | GlanceError.UnsharableImage>) =>
      Effect.catchIf(
        effect,
        (error) => error instanceof GlanceError.UnsharableImage,
        (unsharable) =>
          Effect.gen(function* () {
            const { visibility } = yield* Record.read(operations, image)
            if (visibility !== "private") return yield* unsharable
            yield* Record.update(operations, image, { visibility: "shared" }, { readFirst: false })
          }).pipe(
            Effect.catchTags({ Forbidden: () => unsharable, UpdateConflict: () => unsharable }),
            Effect.zipRight(effect)
          )
      )

  const add: Service["add"] = operation(Endpoints.addMember.operation)(function* (
    image,
    projectId,
    { makeShared = false } = {}
  ) {
    // What could not be removed again is not added.
    yield* Check.check("projectId", projectId, Check.segment)
    const added = request(Endpoints.addMember, membership(image, projectId))
    return yield* makeShared ? orMadeShared(image)(added) : added
  })

  const remove: Service["remove"] = call(Endpoints.removeMember, membership)

  const failed = (projectId: string) => (error: ShareFailure) =>
    Effect.succeed<ShareResult>({ _tag: "Failed", projectId, error })

  const share: Service["share"] = Operations.longOperation("ImageMembers.share")(function* (
    image,
    projectIds,
    { concurrency = defaultConcurrency, exact = false, makeShared = false, members: known } = {}
  ) {
    const imageId = yield* Check.check("image", Image.idOf(image), Check.segment)
    yield* Check.check("concurrency", concurrency, Check.wholeNumber(1))
    yield* Check.check("projectIds", projectIds, Check.list)
    for (const [index, projectId] of projectIds.entries()) {
      yield* Check.check(`projectIds[${index}]`, projectId, Check.segment)
    }
    const look = Effect.catchTag(
      request(Endpoints.listMembers, { imageId }),
      "Forbidden",
      // Whoever sees an image may ask for its members, unless it cannot have any.
      (refused) => new GlanceError.UnsharableImage({ ...refused, imageId })
    )
    const members = makeShared ? yield* orMadeShared(image)(look) : (known ?? (yield* look))
    const present = new Set(members.map(({ memberId }) => memberId))
    const wanted = new Set(projectIds)
    // Those who go make room: the number of members is limited.
    const removed = yield* Effect.forEach(
      exact ? [...present].filter((projectId) => !wanted.has(projectId)) : [],
      (projectId) =>
        request(Endpoints.removeMember, membership(image, projectId)).pipe(
          Effect.catchTag("ImageMemberNotFound", () => Effect.void),
          Effect.as<ShareResult>({ _tag: "Removed", projectId }),
          Effect.catchAll(failed(projectId))
        ),
      { concurrency }
    )
    const shared = yield* Effect.forEach(
      wanted,
      (projectId) =>
        present.has(projectId)
          ? Effect.succeed<ShareResult>({ _tag: "Present", projectId })
          : request(Endpoints.addMember, membership(image, projectId)).pipe(
              Effect.as<ShareResult>({ _tag: "Added", projectId }),
              Effect.catchTag("DuplicateImageMember", () =>
                Effect.succeed<ShareResult>({ _tag: "Present", projectId })
              ),
              Effect.catchAll(failed(projectId))
            ),
      { concurrency }
    )
    return [...shared, ...removed]
  })

  const own = (projectId?: string) =>
    Effect.flatMap(projectId === undefined ? http.projectId : Effect.succeedSome(projectId), (known) =>
      Option.isSome(known)
        ? Effect.succeed(known.value)
        : Check.invalid("projectId", "must be given: the cloud's layer does not know the caller's project")
    )

  const setStatus: Service["setStatus"] = operation(Endpoints.setMemberStatus.operation)(function* (
    image,
    status,
    options = {}
  ) {
    if (!ImageMember.memberStatuses.includes(status)) {
      return yield* new GlanceError.InvalidImageMemberStatus({ memberStatus: Inspectable.toStringUnknown(status, 0) })
    }
    const memberId = yield* own(options.projectId)
    return yield* request(Endpoints.setMemberStatus, { ...membership(image, memberId), status })
  })

  const acceptAll: Service["acceptAll"] = Operations.longOperation("ImageMembers.acceptAll")(function* ({
    concurrency = defaultConcurrency,
    query = {}
  } = {}) {
    yield* Check.check("concurrency", concurrency, Check.wholeNumber(1))
    const me = yield* limited(own())
    const shared = (status: ImageMember.MemberStatus) => ({
      visibility: "shared",
      memberStatus: status,
      limit: Listing.maxPage
    })
    const listed = yield* images.collect({ ...query, ...shared("pending") })
    const pending = listed.filter(({ owner }) => !Option.contains(owner, me))
    const [first] = pending
    if (first === undefined) return []
    // To an administrator the listing shows everybody's images, whatever a member said. Who finds a pending image among
    // the rejected ones is one, and has to ask for each what this project said.
    const { items } = yield* images.page({ id: first.id, ...shared("rejected") })
    const isPending = (image: Image.Image) =>
      items.length === 0
        ? Effect.succeed(true)
        : request(Endpoints.getMember, membership(image, me)).pipe(
            Effect.map(({ status }) => status === "pending"),
            Effect.catchTag("ImageMemberNotFound", () => Effect.succeed(false))
          )
    const accepted = (image: Image.Image) =>
      Effect.gen(function* () {
        if (!(yield* isPending(image))) return Option.none<AcceptResult>()
        yield* request(Endpoints.setMemberStatus, { ...membership(image, me), status: "accepted" })
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
