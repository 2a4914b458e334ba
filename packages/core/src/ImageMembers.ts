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

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

// The errors of each operation.
export type ListError = Failure | GlanceError.ImageNotFound
export type GetError = Failure | GlanceError.ImageMemberNotFound
export type AddError =
  | Exclude<GlanceError.RequestError, GlanceError.Forbidden>
  | GlanceError.InvalidArgument
  | GlanceError.ImageNotFound
  | GlanceError.UnsharableImage
  | GlanceError.DuplicateImageMember
export type RemoveError = Failure | GlanceError.ImageMemberNotFound
export type SetStatusError =
  | Exclude<GlanceError.RequestError, GlanceError.Forbidden>
  | GlanceError.InvalidArgument
  | GlanceError.InvalidImageMember
  | GlanceError.InvalidImageMemberStatus
export type ShareError =
  | Exclude<GlanceError.RequestError, GlanceError.Forbidden>
  | GlanceError.InvalidArgument
  | GlanceError.ImageNotFound
  | GlanceError.UnsharableImage
export type AcceptAllError = Failure | GlanceError.PagingError

/**
 * The operations on the members of an image.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#sharing
 */
export interface Service {
  /**
   * Lists the members of an image. The owner sees all of them, a member only itself.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-image-members
   */
  readonly list: (image: Image.ImageRef) => Effect.Effect<ReadonlyArray<ImageMember.ImageMember>, ListError>
  /**
   * Returns the membership of one project in an image.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-image-member-details
   */
  readonly get: (image: Image.ImageRef, projectId: string) => Effect.Effect<ImageMember.ImageMember, GetError>
  /**
   * Shares the image with a project, by its id, not its name: Glance does not check that the project exists. The
   * membership is `pending` until the project accepts. Only the owner can share. Every refusal by policy is
   * `UnsharableImage`, because Glance has one message for all of them.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-image-member
   */
  readonly add: (
    image: Image.ImageRef,
    projectId: string,
    options?: AddOptions
  ) => Effect.Effect<ImageMember.ImageMember, AddError>
  /**
   * Stops sharing the image with a project.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#delete-image-member
   */
  readonly remove: (image: Image.ImageRef, projectId: string) => Effect.Effect<void, RemoveError>
  /**
   * Accepts or rejects the image for the caller's project. The owner of the image cannot do so for a member.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image-member
   */
  readonly setStatus: (
    image: Image.ImageRef,
    status: ImageMember.MemberStatus,
    options?: SetStatusOptions
  ) => Effect.Effect<ImageMember.ImageMember, SetStatusError>
  /**
   * Shares the image with several projects: one request lists the members, unless `members` has them, and concurrent
   * requests add the missing ones. The result has an entry for each project, failures included: one failure does not stop
   * the others. The operation itself fails if the image does not exist or cannot have members.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-image-member
   */
  readonly share: (
    image: Image.ImageRef,
    projectIds: ReadonlyArray<string>,
    options?: ShareOptions
  ) => Effect.Effect<ReadonlyArray<ShareResult>, ShareError>
  /**
   * Accepts all images that are shared with the caller's project and pending: one listing, and a request for each image,
   * several at a time. Any project can share images with the caller's: restrict them with `query`. Rejected images stay
   * rejected.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image-member
   */
  readonly acceptAll: (options?: AcceptAllOptions) => Effect.Effect<ReadonlyArray<AcceptResult>, AcceptAllError>
}

/**
 * How an image is shared with several projects.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShareOptions extends AddOptions {
  /**
   * The members of the image, if the caller has listed them already. With `makeShared` they are listed all the same,
   * because only that shows whether the image can have members.
   *
   * @default listed with one request
   */
  readonly members?: ReadonlyArray<ImageMember.ImageMember> | undefined
  /**
   * Whether to remove all other members, before any is added.
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
 * The result for one project: added, present before, removed, or the failure.
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
export type ShareFailure = Failure | GlanceError.ImageNotFound | GlanceError.UnsharableImage

/**
 * Which images are accepted.
 *
 * @since 0.1.0
 * @category models
 */
export interface AcceptAllOptions {
  /** `owner` is the project that shares. @default all pending images that are not hidden */
  readonly query?: Omit<ImageQuery.ImageQuery, "visibility" | "memberStatus" | "sort" | "limit" | "marker"> | undefined
  /**
   * Requests at a time.
   *
   * @default 8
   */
  readonly concurrency?: number | undefined
}

/**
 * The result for one image: accepted, or the failure.
 *
 * @since 0.1.0
 * @category models
 */
export type AcceptResult =
  | { readonly _tag: "Accepted"; readonly image: Image.Image }
  | { readonly _tag: "Failed"; readonly image: Image.Image; readonly error: AcceptFailure }

/**
 * Why an image could not be accepted: `InvalidImageMember` if it is no longer shared.
 *
 * @since 0.1.0
 * @category errors
 */
export type AcceptFailure = Failure | GlanceError.InvalidImageMember

/**
 * How a member is added.
 *
 * @since 0.1.0
 * @category models
 */
export interface AddOptions {
  /**
   * Whether to make a `private` image `shared` first. No other visibility is changed.
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
   * The project whose status is set. Only an administrator can set that of another project.
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

const membership = (image: Image.ImageRef, memberId: string) => ({ imageId: Image.idOf(image), memberId })

/** Runs the request again after it made a private image shared, if Glance refused it for that reason. */
const orMadeShared =
  (operations: Operations.Operations, image: Image.ImageRef) =>
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

const share = (operations: Operations.Operations): Service["share"] =>
  Operations.longOperation("ImageMembers.share")(function* (
    image,
    projectIds,
    { concurrency = defaultConcurrency, exact = false, makeShared = false, members: known } = {}
  ) {
    const { request } = operations
    const imageId = yield* Check.check("image", Image.idOf(image), Check.segment)
    yield* Check.check("concurrency", concurrency, Check.wholeNumber(1))
    yield* Check.check("projectIds", projectIds, Check.list)
    for (const [index, projectId] of projectIds.entries()) {
      yield* Check.check(`projectIds[${index}]`, projectId, Check.segment)
    }
    const list = Effect.catchTag(
      request(Endpoints.listMembers, { imageId }),
      "Forbidden",
      // A project that sees an image may list its members, unless the image cannot have any.
      (refused) => new GlanceError.UnsharableImage({ ...refused, imageId })
    )
    const members = makeShared ? yield* orMadeShared(operations, image)(list) : (known ?? (yield* list))
    const present = new Set(members.map(({ memberId }) => memberId))
    const wanted = new Set(projectIds)
    const each = (
      projectIds: Iterable<string>,
      change: (projectId: string) => Effect.Effect<"Added" | "Present" | "Removed", ShareFailure>
    ) =>
      Effect.forEach(
        projectIds,
        (projectId) =>
          Effect.match(change(projectId), {
            onFailure: (error): ShareResult => ({ _tag: "Failed", projectId, error }),
            onSuccess: (_tag): ShareResult => ({ _tag, projectId })
          }),
        { concurrency }
      )
    // Members are removed first, because Glance limits their number.
    const surplus = exact ? [...present].filter((projectId) => !wanted.has(projectId)) : []
    const removed = yield* each(surplus, (projectId) =>
      request(Endpoints.removeMember, { imageId, memberId: projectId }).pipe(
        Effect.catchTag("ImageMemberNotFound", () => Effect.void),
        Effect.as("Removed")
      )
    )
    const shared = yield* each(wanted, (projectId) =>
      present.has(projectId)
        ? Effect.succeed("Present")
        : request(Endpoints.addMember, { imageId, memberId: projectId }).pipe(
            Effect.as("Added" as const),
            Effect.catchTag("DuplicateImageMember", () => Effect.succeed("Present" as const))
          )
    )
    return [...shared, ...removed]
  })

const ownProject = (http: GlanceClient.Service) =>
  Effect.flatMap(http.projectId, (known) =>
    Option.isSome(known)
      ? Effect.succeed(known.value)
      : Check.invalid("projectId", "must be given: the cloud's layer does not know the caller's project")
  )

const acceptAll = (http: GlanceClient.Service, operations: Operations.Operations): Service["acceptAll"] =>
  Operations.longOperation("ImageMembers.acceptAll")(function* ({ concurrency = defaultConcurrency, query = {} } = {}) {
    const { limited, request } = operations
    const images = Listing.listing(operations)
    yield* Check.check("concurrency", concurrency, Check.wholeNumber(1))
    const me = yield* limited(ownProject(http))
    const shared = (status: ImageMember.MemberStatus) => ({
      visibility: "shared",
      memberStatus: status,
      limit: Listing.maxPage
    })
    const listed = yield* images.collect({ ...query, ...shared("pending") })
    const pending = listed.filter(({ owner }) => !Option.contains(owner, me))
    const [first] = pending
    if (first === undefined) return []
    // The listing of an administrator has all images of all projects, whatever their status. If a pending image is also
    // among the rejected ones, the caller is an administrator, and the status of this project has to be read.
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
    return Arr.getSomes(yield* Effect.forEach(pending, accepted, { concurrency }))
  })

/**
 * Makes the service on the `GlanceClient` of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.map(
  GlanceClient.GlanceClient,
  (http) => {
    const operations = Operations.make(http)
    const { call, operation, request } = operations
    return {
      list: call(Endpoints.listMembers, (image) => ({ imageId: Image.idOf(image) })),
      get: call(Endpoints.getMember, membership),
      add: operation(Endpoints.addMember)(function* (image, projectId, { makeShared = false } = {}) {
        // A project that could not be removed again is not added.
        yield* Check.check("projectId", projectId, Check.segment)
        const added = request(Endpoints.addMember, membership(image, projectId))
        return yield* makeShared ? orMadeShared(operations, image)(added) : added
      }),
      remove: call(Endpoints.removeMember, membership),
      setStatus: operation(Endpoints.setMemberStatus)(function* (image, status, { projectId } = {}) {
        if (!ImageMember.memberStatuses.includes(status)) {
          return yield* new GlanceError.InvalidImageMemberStatus({
            memberStatus: Inspectable.toStringUnknown(status, 0)
          })
        }
        const memberId = projectId ?? (yield* ownProject(http))
        return yield* request(Endpoints.setMemberStatus, { ...membership(image, memberId), status })
      }),
      share: share(operations),
      acceptAll: acceptAll(http, operations)
    }
  }
)

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { ImageMembers } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(ImageMembers.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageMembers, never, GlanceClient.GlanceClient> = Layer.effect(ImageMembers, make)
