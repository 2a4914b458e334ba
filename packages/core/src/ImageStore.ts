/**
 * A store: one of the places where a cloud keeps the data of images.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Lenient from "./internal/lenient.js"
import * as Wire from "./internal/wire.js"

/** Glance sends it only to say `"true"`. */
const mark = <const Name extends string>(name: Name) =>
  Lenient.withDefault(Lenient.Flag, () => false).pipe(Schema.fromKey(name))

/**
 * A store. What it is made of (`type`, `weight`, `properties`) is shown to administrators only.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#list-stores
 */
export class ImageStore extends Schema.Class<ImageStore>("@effect-glance/core/ImageStore")({
  id: Schema.String,
  description: Lenient.option(Schema.String),
  /** Whether data go there when no store is named. */
  isDefault: mark("default"),
  /** Whether it takes no data, so that neither an upload nor an import can name it. */
  isReadOnly: mark("read-only"),
  /** The kind of the store: `file`, `rbd`, `swift` and the like. */
  type: Lenient.option(Schema.String),
  /** Of several stores that hold an image, downloads prefer the heavier. */
  weight: Lenient.option(Lenient.Amount),
  /** Further settings; which there are depends on the type. */
  properties: Lenient.option(Wire.JsonObject)
}) {}
