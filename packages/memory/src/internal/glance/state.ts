import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Metadefs } from "./metadefs/rows.js"
import type { Accounts, Blob, GlanceOptions, Quotas, StoreOptions } from "./options.js"
import { dumps, type Json, type JsonObject } from "./python.js"
import { image as imageSchema } from "./schemas.js"

export type Status = "queued" | "saving" | "uploading" | "importing" | "active" | "deactivated" | "deleted"

export interface Member {
  readonly id: string
  status: string
  createdAt: number
  updatedAt: number
  /** A member that is removed and added again is the same row, with its first creation date. */
  deleted: boolean
}

export interface Location {
  readonly id: number
  readonly url: string
  metadata: JsonObject
  /** Not in the database: only the response to the request that sets it has it. */
  readonly validation?: Json | undefined
}

/** Times are microseconds since 1970, as in the service's database. Responses drop fractions of a second. */
export interface Image {
  readonly id: string
  name: string | null
  status: Status
  visibility: string
  protected: boolean
  hidden: boolean
  checksum: string | null
  hashAlgo: string | null
  hashValue: string | null
  owner: string | null
  size: number | null
  virtualSize: number | null
  containerFormat: string | null
  diskFormat: string | null
  minRam: number
  minDisk: number
  readonly createdAt: number
  updatedAt: number
  tags: Set<string>
  properties: Map<string, string>
  locations: Array<Location>
  readonly members: Map<string, Member>
  /** The image as JSON, until it changes. */
  json: string | undefined
}

/** An image without data, members or tags. */
export const newImage = (given: Partial<Image> & Pick<Image, "id" | "visibility" | "owner" | "createdAt">): Image => ({
  name: null,
  status: "queued",
  protected: false,
  hidden: false,
  checksum: null,
  hashAlgo: null,
  hashValue: null,
  size: null,
  virtualSize: null,
  containerFormat: null,
  diskFormat: null,
  minRam: 0,
  minDisk: 0,
  updatedAt: given.createdAt,
  tags: new Set(),
  properties: new Map(),
  locations: [],
  members: new Map(),
  json: undefined,
  ...given
})

/** The bytes of a stream that was read to its end. */
export interface Received {
  readonly blob: Blob
  readonly md5: string
  /** Of the cloud's hashing algorithm. */
  readonly hash: string
  /** The first bytes, by which disk formats are recognized. */
  readonly head: Uint8Array
}

export interface Store {
  readonly id: string
  readonly type: "file" | "http"
  readonly options: StoreOptions
  readonly blobs: Map<string, Blob>
  used: number
}

export interface Task {
  readonly id: string
  readonly type: string
  status: "pending" | "processing" | "success" | "failure"
  readonly owner: string
  readonly input: Json
  result: Json
  message: string
  readonly imageId: string | null
  readonly requestId: string | null
  readonly userId: string | null
  expiresAt: number | null
  readonly createdAt: number
  updatedAt: number
}

export interface CachedImage {
  readonly imageId: string
  hits: number
  lastAccessed: number
  lastModified: number
  readonly size: number
}

export interface Limits extends Readonly<Record<keyof Quotas, number>> {
  readonly pageSize: number
  readonly maxPageSize: number
}

/** Everything that one Glance has. It lives as long as the scope that it was made in. */
export interface State {
  readonly options: GlanceOptions
  readonly limits: Limits
  readonly scope: Scope.Scope
  readonly images: Map<string, Image>
  /** The ids of all images, also of deleted ones: no id is used twice. */
  readonly usedIds: Set<string>
  readonly stores: ReadonlyMap<string, Store>
  readonly defaultStore: string
  readonly multiStore: boolean
  readonly importMethods: ReadonlyArray<string>
  readonly staging: Map<string, Received>
  readonly tasks: Map<string, Task>
  readonly cached: Map<string, CachedImage>
  readonly queuedForCache: Set<string>
  /** Held by the fetch of one image into the cache. */
  readonly cacheWorker: Effect.Semaphore
  /** The ids of rows in the cache, by image. */
  readonly cacheRows: Map<string, number>
  readonly containers: Accounts
  readonly metadefs: Metadefs
  lastStamp: number
  lastLocationId: number
}

/** The time of a write to the database. Two writes in one millisecond get different microseconds, in their order. */
export const stamp = (state: State, millis: number): number => {
  state.lastStamp = Math.max(millis * 1000, state.lastStamp + 1)
  return state.lastStamp
}

export const isoTime = (micros: number): string => `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19)}Z`

/** Rackspace's service is older than the visibility `shared`, which came with API version 2.5. */
export const defaultVisibility = ({ options }: State): string =>
  options.flavour === "rackspace" ? "private" : "shared"

export const addImage = (state: State, image: Image): void => {
  state.images.set(image.id, image)
  state.usedIds.add(image.id)
}

export const removeImage = (state: State, image: Image): void => {
  image.status = "deleted"
  state.images.delete(image.id)
}

/** All changes of an image go through this function, because they make its JSON stale. */
export const changeImage = (image: Image, change: (image: Image) => void): void => {
  try {
    change(image)
  } finally {
    image.json = undefined
  }
}

/** Changes an image and the time of its last update. */
export const touchImage = (state: State, image: Image, millis: number, change: (image: Image) => void): void =>
  changeImage(image, (one) => {
    change(one)
    one.updatedAt = stamp(state, millis)
  })

/** An image that goes back to `queued` has no size. */
export const setStatus = (image: Image, status: Status): void => {
  image.status = status
  if (status === "queued") Object.assign(image, { size: null, virtualSize: null })
}

export const makeLocation = (state: State, location: Omit<Location, "id">): Location => {
  state.lastLocationId += 1
  return { id: state.lastLocationId, ...location }
}

export const storeOf = (location: Location): string | undefined => {
  const store = location.metadata["store"]
  return typeof store === "string" ? store : undefined
}

/** The attributes of every image. A property of the same name is not shown. */
const ownNames = new Set(
  Object.entries(imageSchema.properties ?? {}).flatMap(([name, { is_base }]) => (is_base === false ? [] : [name]))
)

const quoted = (text: string | null): string => (text === null ? "null" : JSON.stringify(text))

/** Joins parts: a text that grows by `+=` is a tree inside, and a page of many images would take ten times as long. */
const view = (state: State, image: Image, locations: ReadonlyArray<Location>): string => {
  const stores = state.multiStore ? locations.map(storeOf).filter((store) => store !== undefined) : []
  const parts = ["{"]
  for (const [key, value] of image.properties) {
    if (ownNames.has(key) && (key !== "stores" || stores.length > 0)) continue
    parts.push(JSON.stringify(key), ": ", JSON.stringify(value), ", ")
  }
  parts.push(
    `"name": ${quoted(image.name)}, "disk_format": ${quoted(image.diskFormat)}, ` +
      `"container_format": ${quoted(image.containerFormat)}, "visibility": ${quoted(image.visibility)}, ` +
      `"size": ${image.size}, "virtual_size": ${image.virtualSize}, "status": "${image.status}", ` +
      `"checksum": ${quoted(image.checksum)}, "protected": ${image.protected}, "min_ram": ${image.minRam}, ` +
      `"min_disk": ${image.minDisk}, "owner": ${quoted(image.owner)}, "os_hidden": ${image.hidden}, ` +
      `"os_hash_algo": ${quoted(image.hashAlgo)}, "os_hash_value": ${quoted(image.hashValue)}, "id": "${image.id}", ` +
      `"created_at": "${isoTime(image.createdAt)}", "updated_at": "${isoTime(image.updatedAt)}", `
  )
  if (state.options.showMultipleLocations === true) {
    const shown = locations.map(({ metadata, url, validation }) => ({ url, metadata, validation_data: validation }))
    parts.push(`"locations": ${dumps(shown)}, `)
  }
  const first = locations[0]
  if (state.options.showDirectUrl === true && first !== undefined) parts.push(`"direct_url": ${quoted(first.url)}, `)
  const path = `/v2/images/${image.id}`
  parts.push(
    `"tags": ${dumps([...image.tags])}, "self": "${path}", "file": "${path}/file", "schema": "/v2/schemas/image"`
  )
  if (stores.length > 0) parts.push(`, "stores": ${quoted(stores.join(","))}`)
  parts.push("}")
  return parts.join("")
}

/** An image as JSON text. Only administrators see the locations of a deactivated image. */
export const renderImage = (state: State, image: Image, isAdmin: boolean): string => {
  if (image.status === "deactivated" && !isAdmin) return view(state, image, [])
  image.json ??= view(state, image, image.locations)
  return image.json
}

/** The bytes of a project's images. As in the service, each copy counts. */
export const storageUsed = (state: State, owner: string, except?: string): number => {
  let total = 0
  for (const image of state.images.values()) {
    if (image.owner === owner && image.id !== except && image.size !== null)
      total += image.size * image.locations.length
  }
  return total
}

export const hashingAlgorithm = ({ options }: Pick<State, "options">) => options.hashingAlgorithm ?? "sha512"

/** The bytes of an image in any store that has them. */
export const anyCopy = (state: State, id: string): Blob | undefined =>
  [...state.stores.values()].map((store) => store.blobs.get(id)).find((blob) => blob !== undefined)
