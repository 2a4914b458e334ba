/**
 * Plans the smallest JSON patch that makes the changes of an image.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import * as Check from "./internal/check.js"
import { isProvidersOwn } from "./internal/properties.js"

/**
 * Custom properties by name, as an object or as a `Map` such as {@link Image.Image.properties}.
 *
 * @since 0.1.0
 * @category models
 */
export type Properties<Value> = Readonly<Record<string, Value>> | ReadonlyMap<string, Value>

/**
 * The attributes of a new image, or the changes of an image. What is absent or `undefined` is not changed.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#update-image
 */
export interface ImageChanges {
  /** At most 255 characters; `null` for none. */
  readonly name?: string | null | undefined
  readonly visibility?: Image.Visibility | undefined
  readonly protected?: boolean | undefined
  readonly osHidden?: boolean | undefined
  /** Cannot be changed once there are data. */
  readonly containerFormat?: Image.ContainerFormat | undefined
  /** Cannot be changed once there are data. */
  readonly diskFormat?: Image.DiskFormat | undefined
  /** In GiB. */
  readonly minDisk?: number | undefined
  /** In MiB. */
  readonly minRam?: number | undefined
  /**
   * Administrators only. Always sent as `replace`: Glance 30.0 refuses a member's `add /owner` with 403, and changes the
   * owner all the same.
   */
  readonly owner?: string | undefined
  /** Replaces all tags. Use `ImageTags` for single ones. */
  readonly tags?: ReadonlyArray<string> | undefined
  /** `null` removes a property. Other properties are kept. */
  readonly properties?: Properties<string | null> | undefined
}

/**
 * What a copy of an image is created with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Copy
  extends Pick<ImageChanges, "name" | "containerFormat" | "diskFormat" | "minDisk" | "minRam" | "tags"> {
  readonly properties: ReadonlyMap<string, string>
}

/**
 * One step of a JSON patch in the form of Glance: pointers of one level.
 *
 * @since 0.1.0
 * @category models
 */
export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }

/**
 * The media type of a patch. Its `add` also replaces an existing property.
 *
 * @since 0.1.0
 * @category wire
 */
export const mediaType = "application/openstack-images-v2.1-json-patch"

type Attribute = Exclude<keyof ImageChanges, "properties">

interface AttributeRule {
  readonly wire: string
  readonly check: Check.Check
  /** The value of an image, as in the JSON record. */
  readonly current: (image: Image.Image) => unknown
}

const word = Check.text({ minLength: 1, maxLength: 255 })
const nullable =
  (check: Check.Check): Check.Check =>
  (value) =>
    value === null ? undefined : check(value)

const attributes: { readonly [A in Attribute]: AttributeRule } = {
  name: {
    wire: "name",
    check: nullable(Check.text({ maxLength: 255 })),
    current: (image) => Option.getOrNull(image.name)
  },
  visibility: { wire: "visibility", check: word, current: (image) => image.visibility },
  protected: { wire: "protected", check: Check.flag, current: (image) => image.protected },
  osHidden: { wire: "os_hidden", check: Check.flag, current: (image) => image.osHidden },
  containerFormat: {
    wire: "container_format",
    check: word,
    current: (image) => Option.getOrNull(image.containerFormat)
  },
  diskFormat: { wire: "disk_format", check: word, current: (image) => Option.getOrNull(image.diskFormat) },
  minDisk: { wire: "min_disk", check: Check.wholeNumber(0), current: (image) => image.minDisk },
  minRam: { wire: "min_ram", check: Check.wholeNumber(0), current: (image) => image.minRam },
  owner: { wire: "owner", check: word, current: (image) => Option.getOrNull(image.owner) },
  tags: { wire: "tags", check: Check.listOf(Check.tag), current: (image) => image.tags }
}

/** Names that Glance refuses with 403 as a property's, besides those it gives a meaning to. */
const reserved = new Set(["location", "deleted", "deleted_at"])

const propertyNameCheck: Check.Check = (value) => {
  const reason = Check.text({ minLength: 1, maxLength: 255 })(value)
  if (reason !== undefined) return `is not a name of a property: it ${reason}`
  const name = value as string
  if (Image.baseAttributes.has(name)) return "is an attribute of every image, not a custom property"
  if (reserved.has(name) || name.startsWith("os_glance")) return "is a name that Glance reserves for itself"
  return Check.stripped(name)
}

/**
 * Whether a cloud writes the property itself: what Glance refuses, and the prefixes of Rackspace, of Nova's snapshots,
 * and of Huawei and Open Telekom Cloud (two underscores).
 */
const isServersOwn = (name: string): boolean =>
  propertyNameCheck(name) !== undefined || name.startsWith("__") || isProvidersOwn(name)

/**
 * Returns what a copy of the image is created with: its name, formats, needs, tags and properties. Properties that the
 * server writes itself are left out: `os_glance_*` of imports, `deleted`, and those whose names begin with `__`,
 * `com.rackspace__1__`, `org.openstack__1__`, `instance_type_` or `rax_`. So are owner and visibility, which need rights
 * that the caller may lack, and protection and hiding, which would get in the way of an upload that fails.
 *
 * @example
 * import * as ImageChanges from "@effect-glance/core/ImageChanges"
 * import * as Images from "@effect-glance/core/Images"
 * import * as Effect from "effect/Effect"
 *
 * const copyRecord = Effect.gen(function* () {
 *   const images = yield* Images.Images
 *   const image = yield* images.find({ name: "debian-13" })
 *   return yield* images.create({ ...ImageChanges.fromImage(image), visibility: "private" })
 * })
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromImage = (image: Image.Image): Copy => {
  const { containerFormat, diskFormat, minDisk, minRam, name, tags } = image
  return {
    name: Option.getOrNull(name),
    containerFormat: Option.getOrUndefined(containerFormat),
    diskFormat: Option.getOrUndefined(diskFormat),
    minDisk,
    minRam,
    tags,
    properties: new Map([...image.properties].filter(([name]) => !isServersOwn(name)))
  }
}

/** A key and a value of the record; `undefined` removes a property. */
type Entry = readonly [key: string, value: unknown]

type Checked = Either.Either<ReadonlyArray<Entry>, GlanceError.InvalidArgument>

/** Checks the changes, and returns them in the order of the caller. */
const entries = (changes: ImageChanges): Checked =>
  Either.gen(function* () {
    yield* Check.check("changes", changes, Check.object)
    const result: Array<Entry> = []
    for (const [key, value] of Object.entries(changes)) {
      const rule = Object.hasOwn(attributes, key) ? attributes[key as Attribute] : undefined
      if (value === undefined) continue
      if (rule !== undefined) {
        yield* Check.check(key, value, rule.check)
        result.push([rule.wire, key === "tags" ? [...new Set(value as ReadonlyArray<string>)] : value])
      } else if (key === "properties") result.push(...(yield* propertyEntries(value as Properties<string | null>)))
      else yield* Check.invalid(key, "is not an attribute that can be set")
    }
    return result
  })

const propertyEntries = (properties: Properties<string | null>): Checked =>
  Either.gen(function* () {
    if (!(properties instanceof Map)) yield* Check.check("properties", properties, Check.object)
    const result: Array<Entry> = []
    for (const [name, text] of properties instanceof Map ? properties : Object.entries(properties)) {
      if (text === undefined) continue
      const argument = `properties[${Check.quoted(name)}]`
      yield* Check.check(argument, name, propertyNameCheck)
      yield* Check.check(argument, text, propertyTextCheck)
      result.push([name, text ?? undefined])
    }
    return result
  })

const propertyTextCheck = nullable(Check.text({}))

const pointer = (key: string): string => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`

const ruleOf = new Map(Object.values(attributes).map((rule) => [rule.wire, rule]))

const same = (wanted: unknown, current: unknown): boolean =>
  Array.isArray(wanted) && Array.isArray(current)
    ? wanted.length === current.length && wanted.every((tag) => current.includes(tag))
    : wanted === current

/**
 * Plans the patch of an image, in the order of the changes and without steps that change nothing: `replace` for what
 * the image has, `add` for a new property, `remove` for a removed one.
 *
 * @since 0.1.0
 * @category planning
 */
export const plan = (
  image: Image.Image,
  changes: ImageChanges
): Either.Either<ReadonlyArray<PatchOperation>, GlanceError.InvalidArgument> =>
  Either.map(
    entries(changes),
    Arr.filterMap(([key, wanted]): Option.Option<PatchOperation> => {
      const path = pointer(key)
      const rule = ruleOf.get(key)
      const current = rule === undefined ? image.properties.get(key) : rule.current(image)
      if (same(wanted, current)) return Option.none()
      if (wanted === undefined) return Option.some({ op: "remove", path })
      return Option.some({ op: rule === undefined && current === undefined ? "add" : "replace", path, value: wanted })
    })
  )

/**
 * Plans a patch without the image: `add` sets a property, whether the image has it or not. If the image does not have a
 * removed property, Glance returns a conflict and changes nothing.
 *
 * @since 0.1.0
 * @category planning
 */
export const planBlind = (
  changes: ImageChanges
): Either.Either<ReadonlyArray<PatchOperation>, GlanceError.InvalidArgument> =>
  Either.map(
    entries(changes),
    Arr.map(([key, wanted]): PatchOperation => {
      const path = pointer(key)
      if (wanted === undefined) return { op: "remove", path }
      return { op: ruleOf.has(key) ? "replace" : "add", path, value: wanted }
    })
  )

/**
 * Returns the JSON record of a new image.
 *
 * @since 0.1.0
 * @category wire
 */
export const toJson = (
  changes: ImageChanges
): Either.Either<{ readonly [key: string]: unknown }, GlanceError.InvalidArgument> =>
  Either.map(entries(changes), (all) => Object.fromEntries(all.filter(([, value]) => value !== undefined)))
