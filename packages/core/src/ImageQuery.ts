/**
 * Queries for images, and their query parameters.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import type * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import type { MemberStatus } from "./ImageMember.js"
import * as Check from "./internal/check.js"

/**
 * One value, or any of several. Several values cannot have a double quote, which Glance cannot read in any spelling.
 *
 * @since 0.1.0
 * @category models
 */
export type OneOf<A extends string> = A | ReadonlyArray<A>

/**
 * One value, or a range with both ends included.
 *
 * @since 0.1.0
 * @category models
 */
export type NumberFilter = number | { readonly min?: number | undefined; readonly max?: number | undefined }

/**
 * A comparison with a time. Glance reads only the last of several comparisons of an attribute. Stored times may be more
 * precise than the whole seconds of a record.
 *
 * @since 0.1.0
 * @category models
 */
export type TimeFilter =
  | { readonly eq: DateTime.Utc }
  | { readonly neq: DateTime.Utc }
  | { readonly gt: DateTime.Utc }
  | { readonly gte: DateTime.Utc }
  | { readonly lt: DateTime.Utc }
  | { readonly lte: DateTime.Utc }

/**
 * The keys that images can be sorted by.
 *
 * @since 0.1.0
 * @category models
 */
export type SortKey = "name" | "status" | "containerFormat" | "diskFormat" | "size" | "id" | "createdAt" | "updatedAt"

/**
 * A key to sort images by, and its direction.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sort {
  readonly key: SortKey
  /** @default "desc" */
  readonly direction?: "asc" | "desc" | undefined
}

/**
 * A query for images, and their order. Every condition must hold. What is absent or `undefined` is no condition.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#list-images
 */
export interface ImageQuery {
  readonly id?: OneOf<Image.ImageId> | undefined
  /** The whole name; there are no wildcards. */
  readonly name?: OneOf<string> | undefined
  readonly status?: OneOf<Image.ImageStatus> | undefined
  readonly containerFormat?: OneOf<Image.ContainerFormat> | undefined
  readonly diskFormat?: OneOf<Image.DiskFormat> | undefined
  /**
   * Community images of other projects appear only with `community` or `all`.
   *
   * @default every image of the project, those shared with it and accepted, and public ones
   */
  readonly visibility?: Image.Visibility | "all" | undefined
  /**
   * The status of the membership in images that others share with the project.
   *
   * @default "accepted"
   */
  readonly memberStatus?: MemberStatus | "all" | undefined
  readonly owner?: string | undefined
  readonly protected?: boolean | undefined
  /**
   * Hidden images appear only with `true`, and then only they.
   *
   * @default false
   */
  readonly osHidden?: boolean | undefined
  /** The image must have all of them. */
  readonly tags?: ReadonlyArray<string> | undefined
  readonly checksum?: string | undefined
  readonly osHashValue?: string | undefined
  /** In bytes. */
  readonly size?: NumberFilter | undefined
  /** In bytes. */
  readonly virtualSize?: NumberFilter | undefined
  /** In MiB. */
  readonly minRam?: NumberFilter | undefined
  /** In GiB. */
  readonly minDisk?: NumberFilter | undefined
  readonly createdAt?: TimeFilter | undefined
  readonly updatedAt?: TimeFilter | undefined
  /**
   * Custom properties with their values. Names with another meaning in Glance are invalid: its parameters (`limit`,
   * `sort`, `tag`), its attributes, names that end in `_min` or `_max`, and members of its record class (`keys`,
   * `metadata`, `update`, `__class__`).
   */
  readonly properties?: { readonly [name: string]: string } | undefined
  /**
   * The first key has priority. Equal images are sorted by time of creation and id.
   *
   * @default newest first
   */
  readonly sort?: ReadonlyArray<Sort> | undefined
  /**
   * Images in one page, at least 1. The server may send fewer, although more follow.
   *
   * @default the server's, mostly 25
   */
  readonly limit?: number | undefined
  /** The id of the image after which the page begins. */
  readonly marker?: Image.ImageId | undefined
}

/** Query parameters in the order in which they are sent. */
type Params = ReadonlyArray<readonly [name: string, value: string]>

type Checked = Either.Either<Params, GlanceError.InvalidArgument>

/** Checks a condition, and writes its parameters. `argument` is its name in errors. */
type Writer<A> = (argument: string, value: A) => Checked

const one =
  (wire: string, check: Check.Check): Writer<unknown> =>
  (argument, value) =>
    Either.map(Check.check(argument, value, check), () => [[wire, String(value)]])

/** Glance reads the text before the first colon of a value as an operator. */
const equal = (value: string) => (value.includes(":") ? `eq:${value}` : value)

const amongCheck: Check.Check = (value) => {
  const reason = Check.nonEmpty(value)
  if (reason !== undefined) return reason
  return (value as string).includes('"') ? "must not contain a double quote when there are several" : undefined
}

const exactly =
  (wire: string): Writer<unknown> =>
  (argument, value) =>
    Either.map(Check.check(argument, value, Check.text({})), (value) => [[wire, equal(value as string)]])

const oneOf =
  (wire: string): Writer<OneOf<string>> =>
  (argument, value) => {
    if (typeof value === "string") return exactly(wire)(argument, value)
    return Either.gen(function* () {
      yield* Check.check(argument, value, (values) =>
        Array.isArray(values) && values.length > 0 ? undefined : "must be a string or an array with at least one"
      )
      if (value.length === 1) return yield* exactly(wire)(`${argument}[0]`, value[0])
      for (const [index, each] of value.entries()) {
        yield* Check.check(`${argument}[${index}]`, each, amongCheck)
      }
      return [[wire, `in:${value.map((each) => `"${each}"`).join(",")}`]]
    })
  }

const text = (wire: string): Writer<unknown> => one(wire, Check.nonEmpty)

const flag = (wire: string): Writer<unknown> => one(wire, Check.flag)

const number =
  (wire: string): Writer<NumberFilter> =>
  (argument, value) => {
    const whole = (name: string, suffix: string, bound: number | undefined): Checked =>
      bound === undefined ? Either.right([]) : one(wire + suffix, Check.wholeNumber(0))(name, bound)
    if (typeof value !== "object" || value === null) return whole(argument, "", value)
    return Either.gen(function* () {
      yield* Check.check(argument, value, () => {
        const unknown = Object.keys(value).find((key) => key !== "min" && key !== "max")
        return unknown === undefined ? undefined : `must be a number, or hold min and max, not ${unknown}`
      })
      const least = yield* whole(`${argument}.min`, "_min", value.min)
      const most = yield* whole(`${argument}.max`, "_max", value.max)
      return [...least, ...most]
    })
  }

const comparisons = new Set(["eq", "neq", "gt", "gte", "lt", "lte"])

const time =
  (wire: string): Writer<TimeFilter> =>
  (argument, value) => {
    const conditions = Object.entries(value ?? {}).filter(([, at]) => at !== undefined)
    return Either.map(
      Check.check(argument, value, () => {
        const [first, ...more] = conditions
        if (first === undefined || more.length > 0)
          return "must have one comparison, because Glance reads only the last of several"
        if (!comparisons.has(first[0])) return `must compare by one of ${[...comparisons].join(", ")}, not ${first[0]}`
        return DateTime.isDateTime(first[1]) ? undefined : "must compare with a DateTime"
      }),
      () => conditions.map(([comparison, at]) => [wire, `${comparison}:${DateTime.formatIso(at)}`] as const)
    )
  }

const tags: Writer<ReadonlyArray<string>> = (argument, value) =>
  Either.gen(function* () {
    yield* Check.check(argument, value, Check.list)
    for (const [index, tag] of value.entries()) {
      yield* Check.check(`${argument}[${index}]`, tag, (each) => {
        const reason = Check.tag(each)
        if (reason !== undefined) return reason
        return Check.stripped(tag)
      })
    }
    return value.map((tag) => ["tag", tag] as const)
  })

const sortKeys: { readonly [K in SortKey]: string } = {
  name: "name",
  status: "status",
  containerFormat: "container_format",
  diskFormat: "disk_format",
  size: "size",
  id: "id",
  createdAt: "created_at",
  updatedAt: "updated_at"
}

const sortKeyCheck = Check.oneOf(Object.keys(sortKeys))
const directionCheck = Check.oneOf(["asc", "desc"])

const sort: Writer<ReadonlyArray<Sort>> = (argument, value) =>
  Either.gen(function* () {
    yield* Check.check(argument, value, Check.list)
    const keys: Array<readonly [key: string, direction: string]> = []
    for (const [index, each] of value.entries()) {
      const { direction = "desc", key } = yield* Check.check(`${argument}[${index}]`, each, Check.object)
      yield* Check.check(`${argument}[${index}].key`, key, sortKeyCheck)
      yield* Check.check(`${argument}[${index}].direction`, direction, directionCheck)
      keys.push([sortKeys[key], direction])
    }
    const [first, ...more] = keys
    if (first === undefined) return []
    // Every Glance knows the old parameters for one key. Several keys need the new one, because the `next` link of the
    // server has only the last of repeated parameters.
    return more.length === 0
      ? [["sort_key", first[0]] as const, ["sort_dir", first[1]] as const]
      : [["sort", keys.map((key) => key.join(":")).join(",")] as const]
  })

/**
 * Names that cannot be used as custom properties in a query. Glance reads them as its own parameters, or as attributes
 * of its record class, which it finds with `hasattr(models.Image, name)` (`_make_conditions_from_filters` in
 * `glance/db/sqlalchemy/api.py`). It then returns no image, or 500.
 */
const takenNames = new Set([
  ...Image.baseAttributes,
  ..."limit marker sort sort_key sort_dir tag member_status changes-since".split(" "),
  ..."deleted deleted_at members properties".split(" "),
  ..."delete get items iteritems keys metadata mro registry save to_dict update values".split(" "),
  ..."_as_dict _extra_keys _sa_class_manager _sa_registry".split(" ")
])

/** The names of Python (up to 3.13), SQLAlchemy and oslo.db in each class, without their double underscores. */
const pythonNames = new Set(
  (
    "abstract annotations base bases basicsize call class contains delattr dict dictoffset dir doc eq " +
    "firstlineno flags format ge getattribute getitem getstate gt hash init init_subclass instancecheck itemsize iter " +
    "le lt mapper module mro name ne new or prepare protected_attributes qualname reduce reduce_ex repr ror setattr " +
    "setitem sizeof static_attributes str subclasscheck subclasses subclasshook table table_args table_initialized " +
    "tablename text_signature type_params weakref weakrefoffset"
  )
    .split(" ")
    .map((name) => `__${name}__`)
)

const propertyNameCheck: Check.Check = (value) => {
  const reason = Check.text({ minLength: 1, maxLength: 255 })(value)
  if (reason !== undefined) return `is not a name of a property: it ${reason}`
  const name = value as string
  if (takenNames.has(name) || pythonNames.has(name)) {
    return "cannot be asked for as a custom property: Glance takes the name for something else"
  }
  if (/_(min|max)$/.test(name))
    return "cannot be asked for: Glance takes a name that ends in _min or _max for a range, and answers 500"
  return undefined
}

const properties: Writer<{ readonly [name: string]: string }> = (argument, value) =>
  Either.gen(function* () {
    const params: Array<readonly [string, string]> = []
    yield* Check.check(argument, value, Check.object)
    for (const [name, wanted] of Object.entries(value)) {
      const which = `${argument}[${Check.quoted(name)}]`
      yield* Check.check(which, name, propertyNameCheck)
      yield* Check.check(which, wanted, Check.text({}))
      params.push([name, wanted])
    }
    return params
  })

const writers: { readonly [K in keyof ImageQuery]-?: Writer<NonNullable<ImageQuery[K]>> } = {
  id: oneOf("id"),
  name: oneOf("name"),
  status: oneOf("status"),
  containerFormat: oneOf("container_format"),
  diskFormat: oneOf("disk_format"),
  visibility: text("visibility"),
  memberStatus: text("member_status"),
  owner: text("owner"),
  protected: flag("protected"),
  osHidden: flag("os_hidden"),
  tags,
  checksum: text("checksum"),
  osHashValue: text("os_hash_value"),
  size: number("size"),
  virtualSize: number("virtual_size"),
  minRam: number("min_ram"),
  minDisk: number("min_disk"),
  createdAt: time("created_at"),
  updatedAt: time("updated_at"),
  properties,
  sort,
  limit: one("limit", Check.wholeNumber(1)),
  marker: one("marker", Check.segment)
}

/**
 * Returns the query as parameters of `GET /images`, without encoding.
 *
 * @since 0.1.0
 * @category wire
 */
export const toParams = (
  query: ImageQuery
): Either.Either<ReadonlyArray<readonly [name: string, value: string]>, GlanceError.InvalidArgument> =>
  Either.flatMap(Check.check("query", query, Check.object), () => {
    const params: Array<readonly [string, string]> = []
    for (const [key, value] of Object.entries(query)) {
      if (value === undefined) continue
      const argument = `query.${key}`
      const write = Object.hasOwn(writers, key) ? (writers[key as keyof ImageQuery] as Writer<unknown>) : undefined
      if (write === undefined) {
        return Check.invalid(argument, "is not a condition")
      }
      const written = write(argument, value)
      if (Either.isLeft(written)) return Either.left(written.left)
      params.push(...written.right)
    }
    return Either.right(params)
  })
