/**
 * The record of an image, as a class and as JSON.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import * as Lenient from "./internal/lenient.js"
import { isProvidersOwn } from "./internal/properties.js"
import * as Wire from "./internal/wire.js"

/**
 * The schema of an image's id: usually a UUID, chosen by the server or by the caller who created the image. The brand
 * only distinguishes it from other ids. Every operation checks that it is valid in a path.
 *
 * @since 0.1.0
 * @category ids
 */
export const ImageId = Schema.String.pipe(Schema.brand("ImageId"))

/**
 * The id of an image.
 *
 * @since 0.1.0
 * @category ids
 */
export type ImageId = typeof ImageId.Type

/**
 * The schema of an image's status.
 *
 * @since 0.1.0
 * @category enums
 */
export const ImageStatus = Wire.openEnum<
  "queued" | "saving" | "uploading" | "importing" | "active" | "deactivated" | "killed" | "deleted" | "pending_delete"
>("ImageStatus")

/**
 * The status of an image. Any other text also decodes.
 *
 * @since 0.1.0
 * @category enums
 */
export type ImageStatus = typeof ImageStatus.Type

/**
 * The schema of an image's visibility.
 *
 * @since 0.1.0
 * @category enums
 */
export const Visibility = Wire.openEnum<"public" | "private" | "shared" | "community">("Visibility")

/**
 * Who can see an image. Only a `shared` image can have members. Any other text also decodes.
 *
 * @since 0.1.0
 * @category enums
 */
export type Visibility = typeof Visibility.Type

/**
 * The schema of a disk format.
 *
 * @since 0.1.0
 * @category enums
 */
export const DiskFormat = Wire.openEnum<
  "ami" | "ari" | "aki" | "vhd" | "vhdx" | "vmdk" | "raw" | "qcow2" | "vdi" | "iso" | "ploop" | "luks" | "gpt"
>("DiskFormat")

/**
 * The format of the disk. Operators choose the list. Any other text also decodes.
 *
 * @since 0.1.0
 * @category enums
 */
export type DiskFormat = typeof DiskFormat.Type

/**
 * The schema of a container format.
 *
 * @since 0.1.0
 * @category enums
 */
export const ContainerFormat = Wire.openEnum<"ami" | "ari" | "aki" | "bare" | "ovf" | "ova" | "docker" | "compressed">(
  "ContainerFormat"
)

/**
 * The format of the container around the disk. Operators choose the list. Any other text also decodes.
 *
 * @since 0.1.0
 * @category enums
 */
export type ContainerFormat = typeof ContainerFormat.Type

/**
 * The URL of an image's data in a store. A cloud shows it only if its operator allows it.
 *
 * @since 0.1.0
 * @category models
 */
export class ImageLocation extends Schema.Class<ImageLocation>("@effect-glance/core/ImageLocation")({
  url: Schema.String,
  /** Empty if the cloud sends none. */
  metadata: Lenient.withDefault(Wire.JsonObject, () => ({}))
}) {}

const option = <S extends Schema.Schema.Any>(schema: S) => Schema.optionalWith(schema, { as: "Option" })

/**
 * The record of an image.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#images
 */
export class Image extends Schema.Class<Image>("@effect-glance/core/Image")({
  id: ImageId,
  name: option(Schema.String),
  status: ImageStatus,
  visibility: Visibility,
  /** Whether the image is protected from deletion. */
  protected: Schema.Boolean,
  /** Whether listings omit the image unless they request hidden ones. */
  osHidden: Schema.Boolean,
  /** md5 of the data, in hex. */
  checksum: option(Schema.String),
  /** The algorithm of {@link Image.osHashValue}, such as `sha512`. */
  osHashAlgo: option(Schema.String),
  /** Hash of the data, in hex. */
  osHashValue: option(Schema.String),
  /** The project that owns the image. */
  owner: option(Schema.String),
  /** Bytes of data. None without data. */
  size: option(Schema.Number),
  /** Bytes of the disk when it is unpacked. */
  virtualSize: option(Schema.Number),
  containerFormat: option(ContainerFormat),
  diskFormat: option(DiskFormat),
  createdAt: Schema.DateTimeUtc,
  updatedAt: Schema.DateTimeUtc,
  /** A set: the server gives no order. */
  tags: Schema.Array(Schema.String),
  /** Memory that the image requires, in MiB. */
  minRam: Schema.Number,
  /** Disk that the image requires, in GiB. */
  minDisk: Schema.Number,
  /** Ids of the stores that have the data. Empty if the cloud has a single store. */
  stores: Schema.Array(Schema.String),
  directUrl: option(Schema.String),
  locations: option(Schema.Array(ImageLocation)),
  self: option(Schema.String),
  file: option(Schema.String),
  schema: option(Schema.String),
  /**
   * The custom properties. A value that is not a string, by the schema of an operator, is its JSON text. Properties
   * that are `null` are absent.
   */
  properties: Schema.ReadonlyMap({ key: Schema.String, value: Schema.String })
}) {
  /** Returns the JSON record. `JSON.stringify` would lose the properties, which are a `Map`. */
  toJSON(): { readonly [key: string]: unknown } {
    return toWire(this)
  }
}

/**
 * An image or its id.
 *
 * @since 0.1.0
 * @category models
 */
export type ImageRef = Image | string

/**
 * Returns the id of an image.
 *
 * @since 0.1.0
 * @category getters
 */
export const idOf = (image: ImageRef): ImageId =>
  typeof image === "object" && image !== null ? image.id : (image as ImageId)

const Locations = Schema.Array(Schema.Struct(ImageLocation.fields))

const WireImage = Schema.Struct({
  id: ImageId,
  name: Wire.Nullish(Schema.String),
  status: ImageStatus,
  visibility: Visibility,
  protected: Lenient.Nullish(Lenient.Flag),
  os_hidden: Lenient.Nullish(Lenient.Flag),
  checksum: Wire.Nullish(Schema.String),
  os_hash_algo: Wire.Nullish(Schema.String),
  os_hash_value: Wire.Nullish(Schema.String),
  owner: Wire.Nullish(Schema.String),
  size: Lenient.Nullish(Lenient.Amount),
  virtual_size: Lenient.Nullish(Lenient.Amount),
  container_format: Wire.Nullish(ContainerFormat),
  disk_format: Wire.Nullish(DiskFormat),
  created_at: Wire.Time,
  updated_at: Wire.Nullish(Wire.Time),
  tags: Wire.Nullish(Lenient.Texts),
  min_ram: Lenient.Nullish(Lenient.Amount),
  min_disk: Lenient.Nullish(Lenient.Amount),
  stores: Wire.Nullish(Schema.String),
  direct_url: Wire.Nullish(Schema.String),
  locations: Wire.Nullish(Locations),
  self: Wire.Nullish(Schema.String),
  file: Wire.Nullish(Schema.String),
  schema: Wire.Nullish(Schema.String)
})

/**
 * The names of the attributes of Glance. Every other key of a record is a custom property.
 *
 * @since 0.1.0
 * @category wire
 */
export const baseAttributes: ReadonlySet<string> = new Set(Object.keys(WireImage.fields))

const decodeKnown = ParseResult.decodeUnknownEither(WireImage)

type Known = typeof WireImage.Type

const fromKnown = (known: Known, properties: ReadonlyMap<string, string>): Image =>
  new Image(
    {
      id: known.id,
      name: Option.fromNullable(known.name),
      status: known.status,
      visibility: known.visibility,
      protected: known.protected ?? false,
      osHidden: known.os_hidden ?? false,
      checksum: Option.fromNullable(known.checksum),
      osHashAlgo: Option.fromNullable(known.os_hash_algo),
      osHashValue: Option.fromNullable(known.os_hash_value),
      owner: Option.fromNullable(known.owner),
      size: Option.fromNullable(known.size),
      virtualSize: Option.fromNullable(known.virtual_size),
      containerFormat: Option.fromNullable(known.container_format),
      diskFormat: Option.fromNullable(known.disk_format),
      createdAt: known.created_at,
      updatedAt: known.updated_at ?? known.created_at,
      tags: known.tags ?? [],
      minRam: known.min_ram ?? 0,
      minDisk: known.min_disk ?? 0,
      stores: known.stores ? known.stores.split(",") : [],
      directUrl: Option.fromNullable(known.direct_url),
      locations: Option.map(Option.fromNullable(known.locations), (locations) =>
        locations.map((location) => new ImageLocation(location, { disableValidation: true }))
      ),
      self: Option.fromNullable(known.self),
      file: Option.fromNullable(known.file),
      schema: Option.fromNullable(known.schema),
      properties
    },
    { disableValidation: true }
  )

/** Returns the text of a custom property, or nothing if it is nested too deeply. */
const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : Wire.isShallow(value) ? JSON.stringify(value) : undefined

const tooDeep = (input: Wire.JsonObject, key: string, ast: AST.AST) =>
  new ParseResult.Pointer(
    key,
    input,
    new ParseResult.Type(ast, key, `Expected JSON of at most ${Wire.maxDepth} levels, actual a value nested deeper`)
  )

const fromWire = (input: Wire.JsonObject, ast: AST.AST): Either.Either<Image, ParseResult.ParseIssue> =>
  Either.flatMap(decodeKnown(input), (known) => {
    const properties = new Map<string, string>()
    for (const key of Object.keys(input)) {
      const value = input[key]
      if (baseAttributes.has(key) || value === null || value === undefined) continue
      const text = textOf(value)
      if (text === undefined) return Either.left(tooDeep(input, key, ast))
      properties.set(key, text)
    }
    return Either.right(fromKnown(known, properties))
  })

const toWire = (image: Image): Wire.JsonObject => {
  const time = (at: DateTime.Utc) => DateTime.formatIso(at).replace(/\.000Z$/, "Z")
  const known: Array<readonly [string, unknown]> = [
    ["id", image.id],
    ["name", Option.getOrNull(image.name)],
    ["status", image.status],
    ["visibility", image.visibility],
    ["protected", image.protected],
    ["os_hidden", image.osHidden],
    ["checksum", Option.getOrNull(image.checksum)],
    ["os_hash_algo", Option.getOrNull(image.osHashAlgo)],
    ["os_hash_value", Option.getOrNull(image.osHashValue)],
    ["owner", Option.getOrNull(image.owner)],
    ["size", Option.getOrNull(image.size)],
    ["virtual_size", Option.getOrNull(image.virtualSize)],
    ["container_format", Option.getOrNull(image.containerFormat)],
    ["disk_format", Option.getOrNull(image.diskFormat)],
    ["created_at", time(image.createdAt)],
    ["updated_at", time(image.updatedAt)],
    ["tags", image.tags],
    ["min_ram", image.minRam],
    ["min_disk", image.minDisk],
    ["stores", image.stores.length === 0 ? undefined : image.stores.join(",")],
    ["direct_url", Option.getOrUndefined(image.directUrl)],
    ["locations", Option.getOrUndefined(Option.map(image.locations, (all) => all.map((one) => ({ ...one }))))],
    ["self", Option.getOrUndefined(image.self)],
    ["file", Option.getOrUndefined(image.file)],
    ["schema", Option.getOrUndefined(image.schema)]
  ]
  // `fromEntries` defines keys; assignment would lose `__proto__`.
  return Object.fromEntries([...image.properties, ...known.filter(([, value]) => value !== undefined)])
}

/** Does not check the depth, because each field has its own check. */
const ImageRecord: Schema.Schema<Wire.JsonObject> = Schema.declare(Wire.isJsonObject, {
  identifier: "JsonObject",
  description: "a JSON object"
})

/**
 * Decodes an {@link Image} from the JSON record of Glance, and encodes it. Keys that are not {@link baseAttributes} are
 * custom properties.
 *
 * @since 0.1.0
 * @category wire
 */
export const ImageFromJson: Schema.Schema<Image, Wire.JsonObject> = Schema.transformOrFail(
  ImageRecord,
  Schema.typeSchema(Image),
  {
    strict: true,
    decode: (input, _, ast) => fromWire(input, ast),
    encode: (image) => Effect.succeed(toWire(image))
  }
).annotations({ identifier: "ImageFromJson" })

/**
 * Returns the record of an image for people: without links, absent values, and the internal properties of Rackspace and
 * Nova.
 *
 * @since 0.1.0
 * @category getters
 */
export const display = (image: Image): Wire.JsonObject =>
  Object.fromEntries(
    Object.entries(toWire(image)).filter(
      ([key, value]) => value !== null && !["self", "file", "schema"].includes(key) && !isProvidersOwn(key)
    )
  )
