/**
 * The tags of an image: a set of up to 128 strings.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import * as Check from "./internal/check.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Operations from "./internal/operations.js"
import * as Record from "./internal/record.js"

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

// The errors of each operation.
export type AddError = Failure | GlanceError.ImageNotFound | GlanceError.UpdateConflict
export type RemoveError =
  | Failure
  | GlanceError.ImageNotFound
  | GlanceError.ImageTagNotFound
  | GlanceError.UpdateConflict
export type SetError = Failure | GlanceError.ImageNotFound | GlanceError.UpdateConflict

/**
 * The operations on the tags of an image.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#image-tags
 */
export interface Service {
  /**
   * Adds a tag to the image. An existing tag is kept. A tag with a slash or with characters beyond ASCII is added by an
   * update of the whole set, because Glance would store other characters. The update takes two requests, and can
   * overwrite a concurrent change.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#add-image-tag
   */
  readonly add: (image: Image.ImageRef, tag: string) => Effect.Effect<void, AddError>
  /**
   * Removes a tag from the image, in the same way as {@link Service.add}.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#delete-image-tag
   */
  readonly remove: (image: Image.ImageRef, tag: string) => Effect.Effect<void, RemoveError>
  /**
   * Replaces the tags of the image, and returns the image. Reads the image first, and sends no other request if the
   * tags are the same.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#update-image
   */
  readonly set: (
    image: Image.ImageRef,
    tags: ReadonlyArray<string>,
    options?: SetOptions
  ) => Effect.Effect<Image.Image, SetError>
}

/**
 * How tags are set.
 *
 * @since 0.1.0
 * @category models
 */
export interface SetOptions {
  /**
   * Whether to read the image first, and send a patch only if the tags differ. With `false`, the operation sends the
   * tags in one request, and reads the image only after a conflict.
   *
   * @default true
   */
  readonly readFirst?: boolean | undefined
}

/**
 * The service of image tags.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageTags extends Context.Tag("@effect-glance/core/ImageTags")<ImageTags, Service>() {}

const fitsPath = (tag: string): boolean => Check.segment(tag) === undefined

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
    const { operation, request } = operations

    const replace = (image: Image.ImageRef, tags: ReadonlyArray<string>) =>
      Record.update(operations, image, { tags }, { readFirst: false })

    const tagsOf = (image: Image.ImageRef) => Effect.map(Record.read(operations, image), ({ tags }) => tags)

    const again = { times: Record.replans, while: ({ _tag }: { readonly _tag: string }) => _tag === "UpdateConflict" }

    return {
      add: operation(Endpoints.addTag)(function* (image, tag) {
        yield* Check.check("tag", tag, Check.tag)
        if (fitsPath(tag)) {
          return yield* request(Endpoints.addTag, { imageId: Image.idOf(image), tag }).pipe(
            Effect.catchTag("UpdateConflict", (conflict) =>
              Effect.flatMap(tagsOf(image), (tags) => (tags.includes(tag) ? Effect.void : Effect.fail(conflict)))
            ),
            Effect.retry(again)
          )
        }
        const tags = yield* tagsOf(image)
        if (!tags.includes(tag)) yield* replace(image, [...tags, tag])
      }),
      remove: operation(Endpoints.removeTag)(function* (image, tag) {
        yield* Check.check("tag", tag, Check.tag)
        const imageId = Image.idOf(image)
        const absent = ({ detail, requestId }: Pick<GlanceError.ImageTagNotFound, "detail" | "requestId">) =>
          new GlanceError.ImageTagNotFound({ imageId, tag, requestId, detail })
        if (fitsPath(tag)) {
          return yield* request(Endpoints.removeTag, { imageId, tag }).pipe(
            Effect.catchTag("UpdateConflict", (conflict) =>
              Effect.flatMap(tagsOf(image), (tags) => Effect.fail(tags.includes(tag) ? conflict : absent(conflict)))
            ),
            Effect.retry(again)
          )
        }
        const tags = yield* tagsOf(image)
        if (!tags.includes(tag)) return yield* absent({ requestId: Option.none(), detail: "" })
        yield* replace(
          image,
          tags.filter((each) => each !== tag)
        )
      }),
      set: operation("ImageTags.set")((image, tags, { readFirst = true } = {}) =>
        Record.update(operations, image, { tags }, { readFirst })
      )
    }
  }
)

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { ImageTags } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(ImageTags.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageTags, never, GlanceClient.GlanceClient> = Layer.effect(ImageTags, make)
