import { Images } from "@effect-glance/core"
import { Effect } from "effect"

/** The md5 of every cloud, or the stronger hash, which is sha512 on most clouds. */
export const byMd5 = (checksum: string) => Effect.flatMap(Images.Images, (images) => images.findFirst({ checksum }))

export const bySha512 = (osHashValue: string) =>
  Effect.flatMap(Images.Images, (images) => images.findFirst({ osHashValue }))
