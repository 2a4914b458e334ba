import { type Image, Images } from "@effect-glance/core"
import { Effect } from "effect"

/** Chooses `add`, `replace` or `remove` for each property. All others are kept. */
export const setProperties = (image: Image.ImageRef) =>
  Effect.flatMap(Images.Images, (images) =>
    images.update(image, { properties: { hw_disk_bus: "virtio", hw_qemu_guest_agent: "yes", old_property: null } })
  )
