import { Images } from "@effect-glance/core"
import { Effect, Stream } from "effect"

/** Nova writes this property to the snapshots of servers. */
export const snapshots = Effect.flatMap(Images.Images, (images) =>
  Stream.runCollect(images.listAll({ properties: { image_type: "snapshot" } }))
)
