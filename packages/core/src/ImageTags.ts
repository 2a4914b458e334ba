/**
 * The tags of an image: a set of up to 128 words.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import * as Argument from "./internal/argument.js"
import * as Internal from "./internal/image.js"
import * as Limit from "./internal/limit.js"
import * as Record from "./internal/record.js"
import * as Request from "./internal/request.js"

/**
 * The operations on the tags of an image.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#image-tags
 */
export interface Service {
  /**
   * Puts a tag on the image; one that is there already stays. A tag that cannot stand in a path (with a slash, or
   * beyond ASCII, which Glance would store as other characters) goes through an update of the whole set, which takes
   * two requests and can overwrite what somebody else changes in between.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#add-image-tag
   */
  readonly add: (
    image: Image.ImageRef,
    tag: string
  ) => Effect.Effect<
    void,
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageNotFound | GlanceError.UpdateConflict
  >
  /**
   * Takes a tag off the image, by the same ways as {@link Service.add}.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#delete-image-tag
   */
  readonly remove: (
    image: Image.ImageRef,
    tag: string
  ) => Effect.Effect<
    void,
    | GlanceError.RequestError
    | GlanceError.InvalidArgument
    | GlanceError.ImageNotFound
    | GlanceError.ImageTagNotFound
    | GlanceError.UpdateConflict
  >
  /**
   * Makes these the tags of the image and answers the image as it is then. The image is read first, and what is so
   * already costs no other request.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image
   */
  readonly set: (
    image: Image.ImageRef,
    tags: ReadonlyArray<string>,
    options?: SetOptions
  ) => Effect.Effect<
    Image.Image,
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageNotFound | GlanceError.UpdateConflict
  >
}

/**
 * How tags are set.
 *
 * @since 0.1.0
 * @category models
 */
export interface SetOptions {
  /**
   * Whether the image is read first. Without the fresh copy the tags go out at once, in one request, and the image is
   * changed (its `updatedAt` moves) also where it carries these very tags.
   *
   * @default true
   */
  readonly fresh?: boolean | undefined
}

/**
 * The service of image tags.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageTags extends Context.Tag("@effect-glance/core/ImageTags")<ImageTags, Service>() {}

const fitsPath = (tag: string): boolean => Argument.segment(tag) === undefined

/**
 * The service on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const http = yield* GlanceClient.GlanceClient
  const fn = Limit.fn(http)

  const replace = (operation: string, image: Image.ImageRef, tags: ReadonlyArray<string>) =>
    Record.update(http, operation, image, { tags }, { fresh: false })

  /** Below the image's path. A 404 is not yet known to mean anything. */
  const tagged = (operation: string, image: Image.ImageRef, tag: string, method: "PUT" | "DELETE") =>
    Effect.flatMap(Internal.path(operation, image, "tags", ["tag", tag]), (path) =>
      Request.run(http, {
        operation,
        request: HttpClientRequest.make(method)(path),
        decode: Request.nothing,
        on: { 404: Record.conflict(image) }
      })
    )

  const tagsOf = (operation: string, image: Image.ImageRef) =>
    Effect.map(Record.read(http, operation, image), ({ tags }) => tags)

  const again = { times: Record.replans, while: ({ _tag }: { readonly _tag: string }) => _tag === "UpdateConflict" }

  const add: Service["add"] = fn("ImageTags.add")(function* (image, tag) {
    const operation = "ImageTags.add"
    yield* Argument.checked(operation, "tag", tag, Argument.tag)
    if (fitsPath(tag)) {
      return yield* tagged(operation, image, tag, "PUT").pipe(
        Effect.catchTag("UpdateConflict", (conflict) =>
          Effect.flatMap(tagsOf(operation, image), (tags) => (tags.includes(tag) ? Effect.void : Effect.fail(conflict)))
        ),
        Effect.retry(again)
      )
    }
    const tags = yield* tagsOf(operation, image)
    if (!tags.includes(tag)) yield* replace(operation, image, [...tags, tag])
  })

  const remove: Service["remove"] = fn("ImageTags.remove")(function* (image, tag) {
    const operation = "ImageTags.remove"
    yield* Argument.checked(operation, "tag", tag, Argument.tag)
    const absent = { operation, imageId: Image.idOf(image), tag }
    if (fitsPath(tag)) {
      return yield* tagged(operation, image, tag, "DELETE").pipe(
        Effect.catchTag("UpdateConflict", (conflict) =>
          Effect.flatMap(tagsOf(operation, image), (tags) =>
            Effect.fail(
              tags.includes(tag)
                ? conflict
                : new GlanceError.ImageTagNotFound({
                    ...absent,
                    requestId: conflict.requestId,
                    detail: conflict.detail
                  })
            )
          )
        ),
        Effect.retry(again)
      )
    }
    const tags = yield* tagsOf(operation, image)
    if (!tags.includes(tag)) {
      return yield* new GlanceError.ImageTagNotFound({ ...absent, requestId: Option.none(), detail: "" })
    }
    yield* replace(
      operation,
      image,
      tags.filter((each) => each !== tag)
    )
  })

  const set: Service["set"] = fn("ImageTags.set")((image, tags, { fresh = true } = {}) =>
    Record.update(http, "ImageTags.set", image, { tags }, { fresh })
  )

  return { add, remove, set }
})

/**
 * {@link make} as a layer. A layer is built once for all who ask for it in one graph: for two projects side by side
 * take `Layer.fresh` of it, or `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageTags, never, GlanceClient.GlanceClient> = Layer.effect(ImageTags, make)
