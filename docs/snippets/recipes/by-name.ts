import { Images } from "@effect-glance/core"
import { Effect, Option } from "effect"

/** The name is compared as a whole. A colon in it is no problem. */
export const exactly = (name: string) => Effect.flatMap(Images.Images, (images) => images.find({ name }))

/** Glance has no wildcards, so this reads all pages. */
export const newestLike = (pattern: RegExp) =>
  Effect.flatMap(Images.Images, (images) =>
    images.findNewest({}, { where: ({ name }) => Option.exists(name, (text) => pattern.test(text)) })
  )
