import { type Context, type Reply, textReply } from "./context.js"
import { badRequest, forbidden, internalError } from "./errors.js"
import { isMember, isSharable, isVisible } from "./policy.js"
import { entryOf, parseInteger, quotePlus } from "./python.js"
import { Parameters } from "./request.js"
import { type Image, renderImage } from "./state.js"

type Value = string | number | boolean | null
type Column = (image: Image) => Value

/** The columns of the service's table of images, under its own names. */
const columns: { readonly [name: string]: Column } = {
  id: (image) => image.id,
  name: (image) => image.name,
  status: (image) => image.status,
  visibility: (image) => image.visibility,
  container_format: (image) => image.containerFormat,
  disk_format: (image) => image.diskFormat,
  size: (image) => image.size,
  virtual_size: (image) => image.virtualSize,
  checksum: (image) => image.checksum,
  os_hash_algo: (image) => image.hashAlgo,
  os_hash_value: (image) => image.hashValue,
  owner: (image) => image.owner,
  min_ram: (image) => image.minRam,
  min_disk: (image) => image.minDisk,
  protected: (image) => image.protected,
  os_hidden: (image) => image.hidden,
  created_at: (image) => image.createdAt,
  updated_at: (image) => image.updatedAt
}

type Compare = (a: Image, b: Image) => number

const compareTexts = (a: string | null, b: string | null): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  return a > b ? 1 : a < b ? -1 : 0
}

const compareNumbers = (a: number | null, b: number | null): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  return a > b ? 1 : a < b ? -1 : 0
}

/** Does not read `columns`: one comparison for texts and numbers takes twice the time on very many images. */
const ascending = {
  name: (a, b) => compareTexts(a.name, b.name),
  status: (a, b) => compareTexts(a.status, b.status),
  container_format: (a, b) => compareTexts(a.containerFormat, b.containerFormat),
  disk_format: (a, b) => compareTexts(a.diskFormat, b.diskFormat),
  size: (a, b) => compareNumbers(a.size, b.size),
  id: (a, b) => compareTexts(a.id, b.id),
  created_at: (a, b) => compareNumbers(a.createdAt, b.createdAt),
  updated_at: (a, b) => compareNumbers(a.updatedAt, b.updatedAt)
} satisfies { readonly [key: string]: Compare }

type SortKey = keyof typeof ascending

interface Sort {
  readonly key: SortKey
  readonly descending: boolean
}

const comparator = (sorts: ReadonlyArray<Sort>): Compare => {
  const steps = sorts.map(({ descending, key }) => ({ compare: ascending[key], sign: descending ? -1 : 1 }))
  return (a, b) => {
    for (const { compare, sign } of steps) {
      const result = compare(a, b)
      if (result !== 0) return result * sign
    }
    return 0
  }
}

/** Whether an image comes after the marker. A missing value counts as empty here, and is sorted before all others. */
const follows = (sorts: ReadonlyArray<Sort>, marker: Image): ((image: Image) => boolean) => {
  const steps = sorts.map(({ descending, key }) => {
    const of = columns[key] ?? (() => null)
    const empty = key === "size" ? 0 : ""
    return { of: (image: Image) => of(image) ?? empty, at: of(marker) ?? empty, descending }
  })
  return (image) => {
    for (const { at, descending, of } of steps) {
      const value = of(image)
      if (value === at) continue
      return value < at === descending
    }
    return false
  }
}

const validSortKey = (key: string): SortKey => {
  if (Object.hasOwn(ascending, key)) return key as SortKey
  const known = Object.keys(ascending).join(", ")
  throw badRequest(`Invalid sort key: ${key}. It must be one of the following: ${known}.`)
}

export const validSortDir = (dir: string): boolean => {
  if (dir !== "asc" && dir !== "desc") throw badRequest(`Invalid sort direction: ${dir}`)
  return dir === "desc"
}

const takeSorts = (params: Parameters): ReadonlyArray<Sort> => {
  const keys: Array<SortKey> = []
  const directions: Array<boolean> = []
  if (params.has("sort")) {
    if (params.has("sort_key") || params.has("sort_dir")) {
      throw badRequest("Old and new sorting syntax cannot be combined")
    }
    for (const part of (params.pop("sort") ?? "").trim().split(",")) {
      const at = part.indexOf(":")
      const key = at < 0 ? part : part.slice(0, at)
      const direction = at < 0 ? "" : part.slice(at + 1)
      keys.push(validSortKey(key.trim()))
      directions.push(validSortDir(direction === "" ? "desc" : direction.trim()))
    }
  } else {
    while (params.has("sort_key")) keys.push(validSortKey((params.pop("sort_key") ?? "").trim()))
    while (params.has("sort_dir")) directions.push(validSortDir((params.pop("sort_dir") ?? "").trim()))
    if (directions.length > 1 && directions.length !== keys.length) {
      throw badRequest("Number of sort dirs does not match the number of sort keys")
    }
  }
  if (keys.length === 0) keys.push("created_at")
  if (directions.length === 0) directions.push(true)
  const only = directions.length === 1 ? directions[0] : undefined
  const sorts = keys.map((key, i) => ({ key, descending: only ?? directions[i] ?? true }))
  // The tie-breakers go down, unless the request has one direction.
  for (const key of ["created_at", "id"] as const) {
    if (!sorts.some((sort) => sort.key === key)) sorts.push({ key, descending: only ?? true })
  }
  return sorts
}

export const parseLimit = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const limit = parseInteger(text)
  if (limit === undefined) throw badRequest("limit param must be an integer")
  if (limit < 0) throw badRequest("limit param must be positive")
  return limit
}

const isoPattern =
  /^(\d{4})(?:-?(\d{1,2})(?:-?(\d{1,2})(?:[ T](\d{1,2})(?::?(\d{1,2})(?::?(\d{1,2})(?:[.,](\d+))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?)?)?$/

/** Microseconds, or nothing when it is no ISO 8601 time. */
const parseIsoTime = (text: string): number | undefined => {
  const match = isoPattern.exec(text)
  if (match === null) return undefined
  const [, year, month = "1", day = "1", hour = "0", minute = "0", second = "0", fraction = "0", zone = "Z"] = match
  const parts = [Number(month), Number(day), Number(hour), Number(minute), Number(second)] as const
  if (parts[0] < 1 || parts[0] > 12 || parts[2] > 23 || parts[3] > 59 || parts[4] > 59) return undefined
  const days = new Date(Date.UTC(Number(year), parts[0], 0)).getUTCDate()
  if (parts[1] < 1 || parts[1] > days) return undefined
  const millis = Date.UTC(Number(year), parts[0] - 1, parts[1], parts[2], parts[3], parts[4])
  const offset =
    zone === "Z"
      ? 0
      : (zone.startsWith("-") ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(":", "") || 0))
  return millis * 1000 - offset * 60_000_000 + Number(fraction.padEnd(6, "0").slice(0, 6))
}

const splitOperator = (expression: string): readonly [operator: string, value: string] => {
  const at = expression.indexOf(":")
  if (at < 0) return ["eq", expression]
  if (parseIsoTime(expression) !== undefined) return ["eq", expression]
  return [expression.slice(0, at), expression.slice(at + 1)]
}

/** The values of `in:`, where a value with a comma stands in double quotes. */
const splitList = (value: string): ReadonlyArray<string> => {
  let opening = true
  for (let i = 0; i < value.length; i++) {
    if (value[i] !== '"' || (i > 0 && value[i - 1] === "\\")) continue
    if (opening) {
      if (i > 0 && value[i - 1] !== ",") {
        throw badRequest(`Invalid filter value ${value}. There is no comma before opening quotation mark.`)
      }
    } else if (i + 1 !== value.length && value[i + 1] !== ",") {
      throw badRequest(`Invalid filter value ${value}. There is no comma after closing quotation mark.`)
    }
    opening = !opening
  }
  if (!opening) throw badRequest(`Invalid filter value ${value}. The quote is not closed.`)
  return [...value.matchAll(/"([^"\\]*(?:\\.[^"\\]*)*)",?|([^,]+),?|,/g)].map((match) => match[1] || match[2] || "")
}

const timeOperators: { readonly [name: string]: (value: number, threshold: number) => boolean } = {
  gt: (value, threshold) => value > threshold,
  gte: (value, threshold) => value >= threshold,
  lt: (value, threshold) => value < threshold,
  lte: (value, threshold) => value <= threshold,
  eq: (value, threshold) => value === threshold,
  neq: (value, threshold) => value !== threshold
}

type Predicate = (image: Image) => boolean

const timeFilter = (name: "created_at" | "updated_at", expression: string): Predicate => {
  const [operator, text] = splitOperator(expression)
  const threshold = parseIsoTime(text)
  if (threshold === undefined) {
    throw badRequest(`Bad "${name}" query filter format. Use ISO 8601 DateTime notation.`)
  }
  const compare = entryOf(timeOperators, operator)
  if (compare === undefined) throw badRequest("Unable to filter on a unknown operator.")
  return name === "created_at"
    ? (image) => compare(image.createdAt, threshold)
    : (image) => compare(image.updatedAt, threshold)
}

const listFilter = (read: Column, expression: string): Predicate => {
  const [operator, value] = splitOperator(expression)
  if (operator === "eq") return (image) => read(image) === value
  if (operator !== "in") throw badRequest(`Unable to filter by unknown operator '${operator}'.`)
  const wanted = new Set<Value>(splitList(value))
  return (image) => wanted.has(read(image))
}

const rangeFilter = (name: string, text: string): Predicate => {
  const bound = parseInteger(text)
  if (bound === undefined) throw badRequest("Unable to filter on a range with a non-numeric value.")
  const read = entryOf(columns, name.slice(0, -4))
  if (read === undefined) throw internalError()
  const wanted = (value: Value): boolean => {
    if (value === null) return false
    const [a, b] = typeof value === "string" ? [value, String(bound)] : [Number(value), bound]
    return name.endsWith("_min") ? a >= b : a <= b
  }
  return (image) => wanted(read(image))
}

const equalFilter = (read: Column, text: string): Predicate => {
  const number = /^\s*[+-]?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined
  return (image) => {
    const value = read(image)
    return typeof value === "number"
      ? value === number
      : typeof value === "boolean"
        ? Number(value) === number
        : value === text
  }
}

const booleanFilter = (name: string, text: string | undefined): boolean | undefined => {
  if (text === undefined) return undefined
  if (text !== "true" && text !== "false") {
    throw badRequest(`Invalid value '${text}' for '${name}' filter. Valid values are 'true' or 'false'.`)
  }
  return text === "true"
}

/** What a list shows to the caller. That is less than what the caller can see one by one. */
const scopeFilter = (context: Context, memberStatus: string, visibility: string | undefined): Predicate => {
  const { isAdmin, project } = context
  const mine: Predicate = (image) =>
    image.visibility === "public" ||
    image.visibility === "community" ||
    image.owner === project ||
    (isSharable(context, image) &&
      isMember(image, project) &&
      (memberStatus === "all" || image.members.get(project)?.status === memberStatus))
  const wanted: Predicate = (image) =>
    visibility === undefined
      ? image.owner === project || image.visibility !== "community"
      : visibility === "all" || image.visibility === visibility
  return isAdmin ? wanted : (image) => wanted(image) && mine(image)
}

/** Names that the server's record class has besides its columns. A filter by one of them matches no image. */
const ofRecordClass = new Set([
  ..."delete get items iteritems keys metadata mro registry save to_dict update values tags".split(" "),
  ..."_as_dict _extra_keys _sa_class_manager _sa_registry".split(" "),
  // The names of its metaclass too: Python finds them on the class.
  ...(
    "abstract annotations base bases basicsize call class contains delattr dict dictoffset dir doc eq flags format ge " +
    "getattribute getitem getstate gt hash init init_subclass instancecheck itemsize iter le lt mapper module mro name " +
    "ne new or prepare protected_attributes qualname reduce reduce_ex repr ror setattr setitem sizeof str " +
    "subclasscheck subclasses subclasshook table table_args table_initialized tablename text_signature weakref " +
    "weakrefoffset"
  )
    .split(" ")
    .map((name) => `__${name}__`)
])

const compileFilters = (filters: Map<string, string>): ReadonlyArray<Predicate> => {
  const predicates: Array<Predicate> = []
  const rest: Array<Predicate> = []
  for (const [name, value] of filters) {
    const read = entryOf(columns, name)
    if (name.endsWith("_min") || name.endsWith("_max")) predicates.push(rangeFilter(name, value))
    else if (name === "created_at" || name === "updated_at") predicates.push(timeFilter(name, value))
    else if (read !== undefined && ["name", "id", "status", "container_format", "disk_format"].includes(name)) {
      predicates.push(listFilter(read, value))
    } else if (read !== undefined) rest.push(equalFilter(read, value))
    else if (ofRecordClass.has(name)) rest.push(() => false)
    else rest.push((image) => image.properties.get(name) === value)
  }
  return [...predicates, ...rest]
}

/** A chain is faster than a loop, and it runs for every image of the cloud. */
const allOf = (predicates: ReadonlyArray<Predicate>): Predicate =>
  predicates.reduceRight<Predicate>(
    (next, wanted) => (image) => wanted(image) && next(image),
    () => true
  )

const sampleSize = 1000

/** A sample of very many images, spread over all of them and not periodic. */
const sample = (images: ReadonlyMap<string, Image>): ReadonlyArray<Image> => {
  const stride = images.size / sampleSize
  const taken: Array<Image> = []
  let position = 0
  let next = 0
  for (const image of images.values()) {
    if (position++ < next) continue
    taken.push(image)
    next = (taken.length + ((taken.length * 0.618) % 1)) * stride
  }
  return taken
}

/**
 * The first of the wanted images in an order. Of very many images, it sorts only those up to a bound that it takes from a
 * sample. To sort all that match takes ten times as long.
 */
const firstOf = (
  images: ReadonlyMap<string, Image>,
  wanted: Predicate,
  compare: Compare,
  limit: number
): ReadonlyArray<Image> => {
  const pick = (accepted: Predicate): Array<Image> => {
    const found: Array<Image> = []
    for (const image of images.values()) if (accepted(image)) found.push(image)
    return found.sort(compare)
  }
  if (images.size > 20 * sampleSize) {
    const expected = (limit / images.size) * sampleSize
    const bound = sample(images).filter(wanted).sort(compare)[Math.ceil(1.5 * expected) + 10]
    const near = bound === undefined ? [] : pick((image) => compare(image, bound) <= 0 && wanted(image))
    if (near.length >= limit) return near.slice(0, limit)
  }
  return pick(wanted).slice(0, limit)
}

const urlencode = (params: Iterable<readonly [string, string]>): string =>
  [...params].map(([key, value]) => `${quotePlus(key)}=${quotePlus(value)}`).join("&")

/**
 * The links of a page: a page of `limit` rows has a next one. As in the service, the links have each parameter once, so
 * they ask for something else if the request repeats a parameter.
 */
export const pageLinks = <Row>(
  { request }: Context,
  path: string,
  page: ReadonlyArray<Row>,
  limit: number,
  markerOf: (row: Row) => string
): { readonly first: string; readonly next: string | undefined } => {
  const last = page.length === limit ? page.at(-1) : undefined
  const params = Parameters.parse(request.query).flatten()
  params.delete("marker")
  const text = urlencode(params)
  return {
    first: text === "" ? path : `${path}?${text}`,
    next: last === undefined ? undefined : `${path}?${urlencode([...params, ["marker", markerOf(last)]])}`
  }
}

const markerImage = (context: Context, id: string): Image => {
  if (id.length > 36) throw badRequest("Image with the given id %(image_id)s was not found")
  const image = context.state.images.get(id)
  if (image === undefined) throw badRequest(`No image found with ID ${id}`)
  if (!isVisible(context, image)) throw forbidden(`Forbidding request, image ${id} not visible`)
  return image
}

export const listImages = (context: Context): Reply => {
  const { state } = context
  const params = Parameters.parse(context.request.query)
  const limitText = params.pop("limit")
  const marker = params.pop("marker")
  const memberStatus = params.pop("member_status") ?? "accepted"
  const tags: Array<string> = []
  while (params.has("tag")) tags.push((params.pop("tag") ?? "").trim())

  const visibilities = ["community", "public", "private", "shared", "all"]
  const lastVisibility = params.get("visibility")
  if (lastVisibility !== undefined && lastVisibility !== "" && !visibilities.includes(lastVisibility)) {
    throw badRequest(`Invalid visibility value: ${lastVisibility}`)
  }
  if ((params.get("changes-since") ?? "") !== "") {
    throw badRequest('The "changes-since" filter is no longer available on v2.')
  }
  if (!["pending", "accepted", "rejected", "all"].includes(memberStatus)) {
    throw badRequest(`Invalid status: ${memberStatus}`)
  }
  const asked = parseLimit(limitText)
  const sorts = takeSorts(params)
  const hidden = booleanFilter("os_hidden", (params.get("os_hidden") ?? "false").toLowerCase()) ?? false
  const isProtected = booleanFilter("protected", params.get("protected"))
  const limit = Math.min(state.limits.maxPageSize, asked ?? state.limits.pageSize)

  const visibility = params.pop("visibility")
  const filters = params.flatten()
  for (const name of ["os_hidden", "protected", "deleted", "checksum", "os_hash_value"]) filters.delete(name)
  // The service fails for these names: its table has them, but not as columns.
  for (const name of ["properties", "locations", "members"]) if (filters.has(name)) throw internalError()
  const checksum = params.get("checksum")
  const hash = params.get("os_hash_value")
  // A parameter called "tags" is read letter by letter.
  const letters = tags.length === 0 ? [...(filters.get("tags") ?? "")] : tags
  filters.delete("tags")

  const predicates: Array<Predicate> = [(image) => image.hidden === hidden]
  if (isProtected !== undefined) predicates.push((image) => image.protected === isProtected)
  if (checksum !== undefined) predicates.push((image) => image.checksum === checksum)
  if (hash !== undefined) predicates.push((image) => image.hashValue === hash)
  predicates.push(...compileFilters(filters))
  for (const tag of letters) predicates.push((image) => image.tags.has(tag))
  predicates.push(scopeFilter(context, memberStatus, visibility))

  const at = marker === undefined ? undefined : markerImage(context, marker)
  if (at !== undefined) predicates.unshift(follows(sorts, at))
  const page = firstOf(state.images, allOf(predicates), comparator(sorts), limit)

  const { first, next } = pageLinks(context, "/v2/images", page, limit, ({ id }) => id)
  const images = page.map((image) => renderImage(state, image, context.isAdmin)).join(", ")
  const following = next === undefined ? "" : `, "next": ${JSON.stringify(next)}`
  return textReply(
    `{"images": [${images}], "first": ${JSON.stringify(first)}, "schema": "/v2/schemas/images"${following}}`
  )
}
