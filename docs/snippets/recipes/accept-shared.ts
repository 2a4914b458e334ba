import { type Image, ImageMembers } from "@effect-glance/core"
import { Effect } from "effect"

/** As the project that the image is shared with. The owner gets a 403 here, which is `InvalidImageMember`. */
export const accept = (image: Image.ImageRef) =>
  Effect.flatMap(ImageMembers.ImageMembers, (members) => members.setStatus(image, "accepted"))

/** As an administrator, for another project. */
export const acceptFor = (image: Image.ImageRef, projectId: string) =>
  Effect.flatMap(ImageMembers.ImageMembers, (members) => members.setStatus(image, "accepted", { projectId }))
