// #region share
import { type Image, ImageMembers, Images } from "@effect-glance/core"
import { Console, Effect, Option, Stream } from "effect"

/** Shares an image with several projects, and prints the result for each. */
export const shareWith = (image: Image.ImageRef, projectIds: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const members = yield* ImageMembers.ImageMembers
    const results = yield* members.share(image, projectIds, { makeShared: true })
    for (const result of results) {
      yield* Console.log(result._tag === "Failed" ? result.error.message : `${result.projectId}: ${result._tag}`)
    }
  })
// #endregion share

// #region exact
/** Shares an image with exactly these projects: removes every other member. */
export const shareOnlyWith = (image: Image.ImageRef, projectIds: ReadonlyArray<string>) =>
  Effect.flatMap(ImageMembers.ImageMembers, (members) => members.share(image, projectIds, { exact: true }))
// #endregion exact

// #region accept
/** As a member: lists the images that wait for acceptance. */
export const pending = Effect.gen(function* () {
  const images = yield* Images.Images
  return yield* Stream.runCollect(images.listAll({ visibility: "shared", memberStatus: "pending" }))
})

/** As a member: accepts one image. */
export const accept = (image: Image.ImageRef) =>
  Effect.flatMap(ImageMembers.ImageMembers, (members) => members.setStatus(image, "accepted"))

/** As a member: accepts all images of one owner. Any project can share images with yours, so name the owner. */
export const acceptAllOf = (owner: string) =>
  Effect.gen(function* () {
    const members = yield* ImageMembers.ImageMembers
    for (const { image } of yield* members.acceptAll({ query: { owner } })) {
      yield* Console.log(`accepted ${Option.getOrElse(image.name, () => image.id)}`)
    }
  })
// #endregion accept

// #region list
/** As the owner: prints the members and their status. */
export const printMembers = (image: Image.ImageRef) =>
  Effect.gen(function* () {
    const members = yield* ImageMembers.ImageMembers
    for (const { memberId, status } of yield* members.list(image)) yield* Console.log(`${memberId}: ${status}`)
  })
// #endregion list

// #region unshare
/** As the owner: stops sharing with one project. */
export const unshare = (image: Image.ImageRef, projectId: string) =>
  Effect.flatMap(ImageMembers.ImageMembers, (members) => members.remove(image, projectId)).pipe(
    Effect.catchTag("ImageMemberNotFound", () => Effect.void)
  )
// #endregion unshare
