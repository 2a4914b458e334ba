import * as Effect from "effect/Effect"
import type { Context } from "./context.js"
import { badRequest, conflict, forbidden, tooLarge, withDetail } from "./errors.js"
import { checkLimit } from "./policy.js"
import { isObject, type Json, type JsonObject, repr } from "./python.js"
import { hashingAlgorithm, type Image, type Location, makeLocation, type State, storageUsed, storeOf } from "./state.js"

/** Sizes of the data at the URLs of a request. A URL that cannot be read has none. */
export type Sizes = ReadonlyMap<string, number>

interface NewLocation {
  readonly url: string
  readonly metadata: JsonObject
  readonly validation_data?: JsonObject
}

const httpUrl = /^https?:\/\/([^/:?#]+)/i

/** Whether a URI may be read on behalf of a user: only over HTTP, and only from hosts the operator allows. */
export const isAllowedUri = (state: State, uri: Json | undefined): boolean => {
  if (typeof uri !== "string") return false
  const host = httpUrl.exec(uri)?.[1]
  if (host === undefined) return false
  const allowed = state.options.importHosts
  return allowed === undefined || allowed.includes(host)
}

const urlsIn = (value: Json | undefined): ReadonlyArray<string> =>
  (Array.isArray(value) ? value : [value]).flatMap((item: Json | undefined) =>
    isObject(item) && typeof item["url"] === "string" ? [item["url"]] : []
  )

export const lookUpSizes = (state: State, values: ReadonlyArray<Json | undefined>): Effect.Effect<Sizes> =>
  Effect.gen(function* () {
    const sizes = new Map<string, number>()
    const fetchUri = state.options.fetchUri
    if (fetchUri === undefined) return sizes
    for (const url of values.flatMap(urlsIn)) {
      if (!isAllowedUri(state, url)) continue
      const found = yield* Effect.option(fetchUri(url))
      if (found._tag === "Some" && found.value.size !== undefined) sizes.set(url, found.value.size)
    }
    return sizes
  })

export const httpStore = (state: State): string | undefined =>
  [...state.stores.values()].find((store) => store.type === "http")?.id

const named = (state: State, location: NewLocation): NewLocation => {
  const store = httpUrl.test(location.url) && state.multiStore ? httpStore(state) : undefined
  return store === undefined ? location : { ...location, metadata: { ...location.metadata, store } }
}

const checkLocation = (state: State, location: NewLocation, sizes: Sizes): number => {
  const size = sizes.get(location.url) ?? 0
  if (!isAllowedUri(state, location.url) || httpStore(state) === undefined || size <= 0) {
    throw badRequest("Invalid location")
  }
  return size
}

const same = (a: NewLocation | Location, b: NewLocation | Location): boolean =>
  a.url === b.url && repr(a.metadata) === repr(b.metadata)

/** The hashes that the caller vouches for and that are new, after checks against the known ones and each other. */
const validationData = (state: State, image: Image, locations: ReadonlyArray<NewLocation>): Map<string, string> => {
  const wanted = new Map<string, string>()
  for (const { validation_data } of locations) {
    for (const [name, value] of Object.entries(validation_data ?? {})) {
      if (wanted.has(name) && wanted.get(name) !== value) throw conflict(`Conflicting values for ${name}`)
      wanted.set(name, String(value))
    }
  }
  const known: { readonly [name: string]: string | null } = {
    checksum: image.checksum,
    os_hash_algo: image.hashAlgo,
    os_hash_value: image.hashValue
  }
  const fresh = new Map<string, string>()
  for (const [name, value] of wanted) {
    const current = known[name] ?? null
    if (value === current) continue
    if (current !== null && current !== "") throw conflict(`${name} is already set with a different value`)
    fresh.set(name, value)
  }
  if (fresh.size === 0) return fresh
  if (image.status !== "queued") {
    throw conflict(
      `New value(s) for ${[...fresh.keys()].join(", ")} may only be provided when image status is 'queued'`
    )
  }
  const checksum = fresh.get("checksum")
  if (checksum !== undefined) checkHex("checksum", checksum, "md5", 16)
  const algorithm = fresh.get("os_hash_algo")
  const configured = hashingAlgorithm(state)
  if (algorithm !== configured) throw conflict(`os_hash_algo must be ${configured}, not ${algorithm ?? "None"}`)
  const size = hexLength(state.options.hasher.create(configured).digest())
  checkHex("os_hash_value", fresh.get("os_hash_value") ?? "", configured, size)
  return fresh
}

const checkHex = (name: string, value: string, algorithm: string, size: number): void => {
  const isHex = /^(?:\s*[0-9a-f]{2})*\s*$/i.test(value)
  if (!isHex) throw conflict(`${name} (${value}) is not a valid hexadecimal value`)
  if (hexLength(value) === size) return
  throw conflict(`${name} (${value}) is not the correct size for ${algorithm} (should be ${size} bytes)`)
}

const hexLength = (text: string): number => text.replace(/\s/g, "").length / 2

const checkQuota = (context: Context, image: Image, count: number, added: number, size: number): void => {
  const { limits } = context.state
  if (limits.storage > 0) {
    const remaining = limits.storage - storageUsed(context.state, context.project)
    const required = (image.size ?? size) * added
    if (required > remaining) {
      throw tooLarge(
        `Denying attempt to upload image because it exceeds the quota: The size of the data ${required} will exceed the limit. ${remaining} bytes remaining.`
      )
    }
  }
  checkLimit(limits.locations, count, "image locations")
}

const store = (state: State, image: Image, location: NewLocation, index: number, size: number): void => {
  const { metadata, url, validation_data: validation } = location
  image.locations.splice(index, 0, makeLocation(state, { url, metadata, validation }))
  if (image.size === null || image.size === 0) image.size = size
}

const activate = (image: Image, validated: Map<string, string>): void => {
  if (image.status !== "queued") return
  image.checksum = validated.get("checksum") ?? image.checksum
  image.hashAlgo = validated.get("os_hash_algo") ?? image.hashAlgo
  image.hashValue = validated.get("os_hash_value") ?? image.hashValue
  requireFormats(image)
  image.status = "active"
}

export const requireFormats = (image: Image): void => {
  const formats = { disk_format: image.diskFormat, container_format: image.containerFormat }
  const missing = Object.entries(formats).flatMap(([name, format]) => (format ? [] : [name]))
  if (missing.length > 0) {
    throw badRequest(
      `${missing.length === 1 ? "Property" : "Properties"} ${missing.join(", ")} must be set prior to saving data.`
    )
  }
}

const requireVisible = (state: State, verb: string): void => {
  if (state.options.showMultipleLocations === true) return
  throw forbidden(`It's not allowed to ${verb} locations if locations are invisible.`)
}

export const requireStatus = (image: Image, verb: string, ...allowed: ReadonlyArray<Image["status"]>): void => {
  if (allowed.includes(image.status)) return
  throw conflict(`It's not allowed to ${verb} locations if image status is ${image.status}.`)
}

const position = (text: string, length: number, end: boolean): number | undefined => {
  if (text === "-") return end ? length : length - 1
  if (!/^\d+$/.test(text)) return undefined
  const at = Number(text)
  return end || at < length ? at : undefined
}

export const addLocation = (context: Context, image: Image, at: string, value: Json, sizes: Sizes): void => {
  const { state } = context
  requireVisible(state, "add")
  requireStatus(image, "add", "active", "queued")
  const location = value as unknown as NewLocation
  const validated = validationData(state, image, [location])
  const updated = named(state, location)
  const index = position(at, image.locations.length, true)
  if (index === undefined) throw badRequest("Invalid position for adding a location.")
  checkQuota(context, image, image.locations.length + 1, 1, sizes.get(updated.url) ?? 0)
  const size = checkLocation(state, updated, sizes)
  if (image.locations.some((one) => same(one, updated))) {
    throw badRequest(`The location ${updated.url} already exists`)
  }
  store(state, image, updated, index, size)
  activate(image, validated)
}

export const replaceLocations = (context: Context, image: Image, value: Json, sizes: Sizes): void => {
  const { state } = context
  const locations = value as unknown as ReadonlyArray<NewLocation>
  requireVisible(state, "update")
  requireStatus(image, "replace", "active", "queued")
  const validated = validationData(state, image, locations)
  const updated = locations.map((location) => named(state, location))
  const known = sizes.get(updated[0]?.url ?? "") ?? 0
  checkQuota(context, image, updated.length, updated.length, known)
  const urls = (list: ReadonlyArray<{ readonly url: string }>) => list.map((one) => one.url).sort()
  const sameUrls = repr(urls(updated)) === repr(urls(image.locations))
  if (image.locations.length > 0 && !sameUrls) {
    const original = image.locations.map(({ id, metadata, url }) => ({ id, url, metadata, status: "active" }))
    throw badRequest(`Original locations is not empty: ${repr(original)}`)
  }
  if (sameUrls) {
    // The same URLs with other metadata: no URL is read again.
    for (const location of updated) {
      const old = image.locations.find((one) => one.url === location.url)
      if (old !== undefined) old.metadata = location.metadata
    }
  } else {
    for (const location of updated) {
      checkLocation(state, location, sizes)
      if (updated.filter((one) => same(one, location)).length > 1) {
        throw badRequest(`The location ${location.url} already exists`)
      }
    }
    for (const location of updated) store(state, image, location, image.locations.length, sizes.get(location.url) ?? 0)
  }
  activate(image, validated)
}

/** Removes a location. Returns the store of its bytes, which go when the change is saved. */
export const removeLocation = (context: Context, image: Image, at: string): string | undefined => {
  requireVisible(context.state, "remove")
  requireStatus(image, "remove", "active")
  if (image.locations.length === 1) throw withDetail(403, "Cannot remove last location in the image.")
  const index = position(at, image.locations.length, false)
  if (index === undefined || index < 0) throw badRequest("Invalid position for removing a location.")
  const removed = image.locations.splice(index, 1)[0]
  return removed === undefined ? undefined : storeOf(removed)
}
