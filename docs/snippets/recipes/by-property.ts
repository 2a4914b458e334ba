import { Images } from "@effect-glance/core"
import { Effect } from "effect"

export const newestDebian = Effect.flatMap(Images.Images, (images) =>
  images.findNewest({ status: "active", properties: { os_distro: "debian", os_version: "13" } })
)
