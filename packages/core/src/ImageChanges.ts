/**
 * Wanted changes and the copy they are wanted of, turned into the smallest JSON patch.
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
 * What an image can be given when its record is made, and changed to afterwards. What is absent or `undefined` stays
 * as it is.
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
  /** All of them: what is not named is removed. See `ImageTags` for single ones. */
  readonly tags?: ReadonlyArray<string> | undefined
  /** `null` removes a property; what is not named stays. */
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
 * The media type under which Glance takes a patch. `add` sets a property, whether it was there or not.
 *
 * @since 0.1.0
 * @category wire
 */
export const mediaType = "application/openstack-images-v2.1-json-patch"

type Attribute = Exclude<keyof ImageChanges, "properties">

interface AttributeRule {
  readonly wire: string
  readonly check: Check.Check
  /** What the copy holds, as the wire has it. */
  readonly current: (image: Image.Image) => unknown
}

const word = Check.text({ minLength: 1, maxLength: 255 })
const nullable =
  (check: Check.Check): Check.Check =>
  (value) =>
    value === null ? undefined : check(value)

const tagsCheck: Check.Check = (value) => {
  if (!Array.isArray(value)) return "must be an array of strings"
  for (const tag of value) {
    const reason = Check.tag(tag)
    if (reason !== undefined) return `holds the tag ${Check.shown(tag)}, which ${reason}`
  }
  return undefined
}

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
  tags: { wire: "tags", check: tagsCheck, current: (image) => image.tags }
}

/** Names that Glance refuses with 403 as a property's, besides those it gives a meaning to. */
const reserved = new Set(["location", "deleted", "deleted_at"])

const propertyNameCheck: Check.Check = (value) => {
  const reason = Check.text({ minLength: 1, maxLength: 255 })(value)
  if (reason !== undefined) return `is not a name of a property: it ${reason}`
  const name = value as string
  if (Image.baseAttributes.has(name)) return "is an attribute of every image, not a custom property"
  if (reserved.has(name) || name.startsWith("os_glance")) return "is a name that Glance keeps for itself"
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

/** A key and its value as the wire has them; `undefined` for a property that is to be removed. */
type Entry = readonly [key: string, value: unknown]

/** The changes as they go on the wire, checked, in the order in which they were given. */
const entries = (changes: ImageChanges): Either.Either<ReadonlyArray<Entry>, GlanceError.InvalidArgument> => {
  const result: Array<Entry> = []
  const wrong = Check.object(changes)
  if (wrong !== undefined) return Check.invalid("changes", wrong)
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) continue
    if (key === "properties") {
      const bad = addProperties(result, value as Properties<string | null>)
      if (bad !== undefined) return Check.invalid(...bad)
      continue
    }
    const rule = Object.hasOwn(attributes, key) ? attributes[key as Attribute] : undefined
    if (rule === undefined) return Check.invalid(key, "is not an attribute that can be set")
    const reason = rule.check(value)
    if (reason !== undefined) return Check.invalid(key, reason)
    result.push([rule.wire, key === "tags" ? [...new Set(value as ReadonlyArray<string>)] : value])
  }
  return Either.right(result)
}

/** Answers the argument that is wrong and the reason, where there is one. */
const addProperties = (
  result: Array<Entry>,
  properties: Properties<string | null>
): readonly [argument: string, reason: string] | undefined => {
  const wrong = properties instanceof Map ? undefined : Check.object(properties)
  if (wrong !== undefined) return ["properties", wrong]
  for (const [name, text] of propertyEntries(properties)) {
    if (text === undefined) continue
    const reason = propertyNameCheck(name) ?? propertyTextCheck(text)
    if (reason !== undefined) return [`properties[${Check.quoted(name)}]`, reason]
    result.push([name, text ?? undefined])
  }
  return undefined
}

const propertyTextCheck = nullable(Check.text({}))

const propertyEntries = <Value>(properties: Properties<Value>): Iterable<readonly [string, Value]> =>
  properties instanceof Map ? properties : Object.entries(properties)

const pointer = (key: string): string => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`

const ruleOf = new Map(Object.values(attributes).map((rule) => [rule.wire, rule]))

const same = (wanted: unknown, current: unknown): boolean =>
  Array.isArray(wanted) && Array.isArray(current)
    ? wanted.length === current.length && wanted.every((tag) => current.includes(tag))
    : wanted === current

/**
 * The patch that takes `image` to what is wanted, with no step for what is there already: `replace` for what the image
 * has, `add` for what it has not, `remove` for a property that is to go. Steps stand in the order of the changes.
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
 * The patch of a caller who does not know the image: `add` sets a property whether it is there or not. Removing one
 * that is not there is a conflict to Glance, which then changes nothing at all.
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
 * The record of a new image that has what is wanted.
 *
 * @since 0.1.0
 * @category wire
 */
export const toJson = (
  changes: ImageChanges
): Either.Either<{ readonly [key: string]: unknown }, GlanceError.InvalidArgument> =>
  Either.map(entries(changes), (all) => Object.fromEntries(all.filter(([, value]) => value !== undefined)))
