import { Images } from "@effect-glance/core"
import { Effect } from "effect"

export const communityImage = (name: string) =>
  Effect.flatMap(Images.Images, (images) => images.find({ name, visibility: "community" }))
