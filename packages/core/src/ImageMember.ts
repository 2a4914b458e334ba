/**
 * A project that an image is shared with.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Image from "./Image.js"
import * as Wire from "./internal/wire.js"

/**
 * The status of a membership. A `pending` or `rejected` member can use the image by its id, but does not find
 * it in listings.
 *
 * @since 0.1.0
 * @category models
 */
export type MemberStatus = "pending" | "accepted" | "rejected"

/**
 * The values that a member's status can be set to.
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
