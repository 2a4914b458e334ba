// These programs are type-checked and never run.
// @effect-diagnostics floatingEffect:off
import type {
  GlanceClient,
  Image,
  ImageMember,
  ImageMembers,
  ImageSchemas,
  Images,
  ImageTags,
  ImageTask,
  ImageTasks,
  Page
} from "@effect-glance/core"
import { GlanceError } from "@effect-glance/core"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { describe, expectTypeOf, it } from "vitest"

declare const images: Images.Service
declare const members: ImageMembers.Service
declare const tags: ImageTags.Service
declare const tasks: ImageTasks.Service
declare const schemas: ImageSchemas.Service
declare const id: Image.ImageId

/** The tags of what an operation can end in. */
type Tags<Operation> = Operation extends (...args: never) => infer Result ? TagsOf<Result> : TagsOf<Operation>
type TagsOf<Program> =
  Program extends Effect.Effect<infer _A, infer E, infer _R>
    ? E extends { readonly _tag: infer Tag }
      ? Tag
      : never
    : Program extends Stream.Stream<infer _A, infer E, infer _R>
      ? E extends { readonly _tag: infer Tag }
        ? Tag
        : never
      : never

type Connection =
  | "TransportError"
  | "CloudUnavailable"
  | "TimeLimitExceeded"
  | "AuthenticationFailed"
  | "EndpointNotFound"
  | "RateLimited"
  | "ServiceUnavailable"
  | "ServerError"
  | "UnexpectedStatus"
  | "UnexpectedAnswer"

type Paging = "RepeatedMarker" | "TooManyEmptyPages" | "LostMarker"

type AnyRequest = Connection | "EndpointVersionMismatch" | "BadRequest" | "Forbidden" | "QuotaExceeded"

describe("each operation lists exactly what it can end in", () => {
  it("Images", () => {
    expectTypeOf<Tags<Images.Service["list"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument" | "RepeatedMarker">()
    expectTypeOf<Tags<Images.Service["listAll"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument" | Paging>()
    expectTypeOf<Tags<Images.Service["find"]>>().toEqualTypeOf<
      AnyRequest | "InvalidArgument" | Paging | "NoMatchingImage" | "AmbiguousImage"
    >()
    for (const find of ["findFirst", "findNewest"] as const) {
      expectTypeOf<Tags<Images.Service[typeof find]>>().toEqualTypeOf<
        AnyRequest | "InvalidArgument" | Paging | "NoMatchingImage"
      >()
    }
    expectTypeOf<Tags<Images.Service["getMany"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument">()
    expectTypeOf<Tags<Images.Service["get"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument" | "ImageNotFound">()
    expectTypeOf<Tags<Images.Service["create"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument" | "DuplicateImage">()
    expectTypeOf<Tags<Images.Service["update"]>>().toEqualTypeOf<
      AnyRequest | "InvalidArgument" | "ImageNotFound" | "UpdateConflict"
    >()
    expectTypeOf<Tags<Images.Service["delete"]>>().toEqualTypeOf<
      AnyRequest | "InvalidArgument" | "ImageNotFound" | "ImageInUse"
    >()
    expectTypeOf<Tags<Images.Service["deactivate"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument" | "ImageNotFound">()
    expectTypeOf<Tags<Images.Service["reactivate"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument" | "ImageNotFound">()
  })

  it("ImageMembers", () => {
    expectTypeOf<Tags<ImageMembers.Service["share"]>>().toEqualTypeOf<
      Exclude<AnyRequest, "Forbidden"> | "InvalidArgument" | "ImageNotFound" | "UnsharableImage"
    >()
    expectTypeOf<Tags<ImageMembers.Service["acceptAll"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument" | Paging>()
    expectTypeOf<Tags<ImageMembers.Service["list"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument" | "ImageNotFound">()
    expectTypeOf<Tags<ImageMembers.Service["get"]>>().toEqualTypeOf<
      AnyRequest | "InvalidArgument" | "ImageMemberNotFound"
    >()
    expectTypeOf<Tags<ImageMembers.Service["remove"]>>().toEqualTypeOf<
      AnyRequest | "InvalidArgument" | "ImageMemberNotFound"
    >()
    expectTypeOf<Tags<ImageMembers.Service["add"]>>().toEqualTypeOf<
      | Exclude<AnyRequest, "Forbidden">
      | "InvalidArgument"
      | "ImageNotFound"
      | "UnsharableImage"
      | "DuplicateImageMember"
    >()
    expectTypeOf<Tags<ImageMembers.Service["setStatus"]>>().toEqualTypeOf<
      Exclude<AnyRequest, "Forbidden"> | "InvalidArgument" | "InvalidImageMember" | "InvalidImageMemberStatus"
    >()
  })

  it("ImageMembers.add and setStatus never with Forbidden, whose meaning they know", () => {
    expectTypeOf<Extract<Tags<ImageMembers.Service["add"]>, "Forbidden">>().toBeNever()
    expectTypeOf<Extract<Tags<ImageMembers.Service["setStatus"]>, "Forbidden">>().toBeNever()
  })

  it("ImageTags", () => {
    expectTypeOf<Tags<ImageTags.Service["add"]>>().toEqualTypeOf<
      AnyRequest | "InvalidArgument" | "ImageNotFound" | "UpdateConflict"
    >()
    expectTypeOf<Tags<ImageTags.Service["remove"]>>().toEqualTypeOf<
      AnyRequest | "InvalidArgument" | "ImageNotFound" | "ImageTagNotFound" | "UpdateConflict"
    >()
    expectTypeOf<Tags<ImageTags.Service["set"]>>().toEqualTypeOf<
      AnyRequest | "InvalidArgument" | "ImageNotFound" | "UpdateConflict"
    >()
  })

  it("ImageTasks", () => {
    expectTypeOf<Tags<ImageTasks.Service["list"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument" | "RepeatedMarker">()
    expectTypeOf<Tags<ImageTasks.Service["listAll"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument" | Paging>()
    expectTypeOf<Tags<ImageTasks.Service["get"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument" | "TaskNotFound">()
    expectTypeOf<Tags<ImageTasks.Service["create"]>>().toEqualTypeOf<AnyRequest | "InvalidArgument">()
    expectTypeOf<Tags<ImageTasks.Service["export"]>>().toEqualTypeOf<
      AnyRequest | "InvalidArgument" | "NoSuchContainer"
    >()
    expectTypeOf<Tags<ImageTasks.Service["import"]>>().toEqualTypeOf<
      AnyRequest | "InvalidArgument" | "NoSuchContainer"
    >()
    expectTypeOf<Tags<ImageTasks.Service["await"]>>().toEqualTypeOf<
      AnyRequest | "InvalidArgument" | "TaskNotFound" | "TaskFailed" | "TaskNotEnded"
    >()
  })

  it("ImageSchemas", () => {
    expectTypeOf<Tags<ImageSchemas.Service[keyof ImageSchemas.Service]>>().toEqualTypeOf<AnyRequest>()
  })

  it("the port", () => {
    expectTypeOf<Tags<GlanceClient.Client["execute"]>>().toEqualTypeOf<Connection | "RequestError" | "ResponseError">()
    expectTypeOf<Tags<GlanceClient.Service["projectId"]>>().toEqualTypeOf<Connection>()
    expectTypeOf<Tags<GlanceClient.Service["objectStore"]>>().toEqualTypeOf<Connection>()
  })

  it("and all of them are errors of the Image API", () => {
    expectTypeOf<AnyRequest>().toEqualTypeOf<GlanceError.RequestError["_tag"]>()
    expectTypeOf<Connection>().toEqualTypeOf<GlanceError.ConnectionError["_tag"]>()
    expectTypeOf<
      | Tags<Images.Service[keyof Images.Service]>
      | Tags<ImageMembers.Service[keyof ImageMembers.Service]>
      | Tags<ImageTags.Service[keyof ImageTags.Service]>
      | Tags<ImageTasks.Service[keyof ImageTasks.Service]>
      | Tags<ImageSchemas.Service[keyof ImageSchemas.Service]>
    >().toExtend<GlanceError.GlanceError["_tag"]>()
  })
})

describe("catchTag", () => {
  it("takes away the error that it handles", () => {
    const handled = images.get(id).pipe(Effect.catchTag("ImageNotFound", () => Effect.succeed("none" as const)))
    expectTypeOf<Tags<typeof handled>>().toEqualTypeOf<AnyRequest | "InvalidArgument">()
    expectTypeOf<Effect.Effect.Success<typeof handled>>().toEqualTypeOf<Image.Image | "none">()
  })

  it("gives the fields of the error that it handles", () => {
    members.setStatus(id, "accepted").pipe(
      Effect.catchTag("InvalidImageMember", (error) => {
        expectTypeOf(error).toEqualTypeOf<GlanceError.InvalidImageMember>()
        expectTypeOf(error.imageId).toEqualTypeOf<string>()
        expectTypeOf(error.memberId).toEqualTypeOf<string>()
        expectTypeOf(error.detail).toEqualTypeOf<string>()
        expectTypeOf(error.requestId).toEqualTypeOf<Option.Option<string>>()
        return Effect.void
      })
    )
  })

  it("takes several at once", () => {
    const handled = tasks
      .await("" as ImageTask.TaskId)
      .pipe(Effect.catchTags({ TaskFailed: () => Effect.void, TaskNotEnded: () => Effect.void }))
    expectTypeOf<Tags<typeof handled>>().toEqualTypeOf<AnyRequest | "InvalidArgument" | "TaskNotFound">()
  })

  it("takes the tags of a category", () => {
    const transient = images
      .get(id)
      .pipe(
        Effect.catchTag(...GlanceError.transientTags, (error) =>
          Effect.succeed(expectTypeOf(error._tag).toEqualTypeOf<(typeof GlanceError.transientTags)[number]>())
        )
      )
    expectTypeOf<Tags<typeof transient>>().toEqualTypeOf<
      Exclude<AnyRequest, "TransportError" | "ServiceUnavailable" | "RateLimited"> | "InvalidArgument" | "ImageNotFound"
    >()
    const auth = Effect.catchTag(images.get(id), ...GlanceError.authTags, () => Effect.void)
    expectTypeOf<Extract<Tags<typeof auth>, "AuthenticationFailed">>().toBeNever()
    const throttled = Effect.catchTag(images.get(id), ...GlanceError.throttledTags, (error) =>
      Effect.succeed(expectTypeOf(error.retryAfter).toEqualTypeOf<Option.Option<Duration.Duration>>())
    )
    expectTypeOf<Extract<Tags<typeof throttled>, "RateLimited">>().toBeNever()
  })

  it("does not take what an operation cannot end in", () => {
    // @ts-expect-error the meaning of 403 is UnsharableImage
    members.add(id, "p").pipe(Effect.catchTag("Forbidden", () => Effect.void))
    // @ts-expect-error the meaning of 403 is InvalidImageMember
    members.setStatus(id, "accepted").pipe(Effect.catchTag("Forbidden", () => Effect.void))
    // @ts-expect-error nothing is looked for by an id
    images.create({}).pipe(Effect.catchTag("ImageNotFound", () => Effect.void))
    // @ts-expect-error a schema has no argument
    schemas.image.pipe(Effect.catchTag("InvalidArgument", () => Effect.void))
  })
})

describe("the predicates of categories", () => {
  it("narrow an error, and keep QuotaExceeded without retryAfter in the other branch", () => {
    const narrow = (error: GlanceError.GlanceError) => {
      if (GlanceError.isThrottled(error)) {
        expectTypeOf(error._tag).toEqualTypeOf<"RateLimited" | "QuotaExceeded">()
      } else {
        expectTypeOf(error._tag).toEqualTypeOf<Exclude<GlanceError.GlanceError["_tag"], "RateLimited">>()
      }
      if (GlanceError.isTransient(error)) {
        expectTypeOf(error._tag).toEqualTypeOf<"TransportError" | "ServiceUnavailable" | "RateLimited">()
      }
    }
    expectTypeOf(narrow).toBeFunction()
  })

  it("serve as the condition of a retry and of catchIf", () => {
    const retried = images.get(id).pipe(Effect.retry({ while: GlanceError.isTransient, times: 3 }))
    expectTypeOf(retried).toEqualTypeOf<ReturnType<Images.Service["get"]>>()
    const caught = images.get(id).pipe(Effect.catchIf(GlanceError.isTransient, () => Effect.void))
    expectTypeOf<Tags<typeof caught>>().toEqualTypeOf<
      Exclude<AnyRequest, "TransportError" | "ServiceUnavailable" | "RateLimited"> | "InvalidArgument" | "ImageNotFound"
    >()
  })
})

describe("an error", () => {
  it("needs no operation to be made", () => {
    expectTypeOf(new GlanceError.NoMatchingImage({ query: "q" }).operation).toEqualTypeOf<string>()
    expectTypeOf<ConstructorParameters<typeof GlanceError.ServerError>[0]>().toHaveProperty("operation")
    expectTypeOf<Schema.Schema.Encoded<typeof GlanceError.NoMatchingImage>>().toEqualTypeOf<{
      readonly _tag: "NoMatchingImage"
      readonly operation: string
      readonly query: string
    }>()
  })

  it("is part of the union, whichever class it is of", () => {
    type Class = (typeof GlanceError)[keyof typeof GlanceError]
    type Instance = Class extends infer C ? (C extends new (...args: never) => infer E ? E : never) : never
    expectTypeOf<Instance>().toEqualTypeOf<GlanceError.GlanceError>()
  })
})

describe("what operations give", () => {
  it("is what their names say", () => {
    expectTypeOf<Success<Images.Service["list"]>>().toEqualTypeOf<
      Page.Page<Image.Image, import("@effect-glance/core").ImageQuery.ImageQuery>
    >()
    expectTypeOf<Success<Images.Service["update"]>>().toEqualTypeOf<Image.Image>()
    expectTypeOf<Success<Images.Service["delete"]>>().toEqualTypeOf<void>()
    expectTypeOf<Success<ImageMembers.Service["add"]>>().toEqualTypeOf<ImageMember.ImageMember>()
    expectTypeOf<Success<ImageTags.Service["add"]>>().toEqualTypeOf<void>()
    expectTypeOf<Success<ImageTags.Service["set"]>>().toEqualTypeOf<Image.Image>()
    expectTypeOf<Success<ImageTasks.Service["await"]>>().toEqualTypeOf<ImageTask.ImageTask>()
    expectTypeOf(images.listAll()).toExtend<Stream.Stream<Image.Image, GlanceError.GlanceError>>()
  })

  it("needs nothing more than the service", () => {
    expectTypeOf<Effect.Effect.Context<ReturnType<Images.Service["update"]>>>().toBeNever()
    expectTypeOf<Stream.Stream.Context<ReturnType<Images.Service["listAll"]>>>().toBeNever()
    expectTypeOf<Effect.Effect.Context<ReturnType<ImageTags.Service["add"]>>>().toBeNever()
    expectTypeOf<Effect.Effect.Context<ImageSchemas.Service["image"]>>().toBeNever()
    expectTypeOf(tags.set(id, [])).toEqualTypeOf<ReturnType<Images.Service["update"]>>()
  })
})

type Success<Operation extends (...args: never) => unknown> =
  ReturnType<Operation> extends Effect.Effect<infer A, infer _E, infer _R> ? A : never
