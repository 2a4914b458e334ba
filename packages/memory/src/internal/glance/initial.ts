import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { randomId } from "./images.js"
import { storeDirectory } from "./info.js"
import type { Accounts, GlanceOptions, InitialImage, Objects, StoreOptions } from "./options.js"
import type { Location, State, Status, Store } from "./state.js"
import { addImage, defaultVisibility, hashingAlgorithm, makeLocation, newImage, stamp } from "./state.js"

const defaultStores: ReadonlyArray<StoreOptions> = [{ id: "fast" }, { id: "slow" }, { id: "web", type: "http" }]

const defaultMethods = ["glance-direct", "web-download", "copy-image", "glance-download"]

export const makeState = (options: GlanceOptions, scope: Scope.Scope, cacheWorker: Effect.Semaphore): State => {
  const stores = new Map<string, Store>(
    (options.stores ?? defaultStores).map((store) => [
      store.id,
      { id: store.id, type: store.type ?? "file", options: store, blobs: new Map(), used: 0 }
    ])
  )
  const quotas = options.quotas ?? {}
  const containers: Accounts = options.containers?.accounts ?? new Map()
  for (const [project, names] of Object.entries(options.containers?.initial ?? {})) {
    const account = containers.get(project) ?? new Map<string, Objects>()
    for (const name of names) if (!account.has(name)) account.set(name, new Map())
    containers.set(project, account)
  }
  return {
    options,
    limits: {
      pageSize: options.pageSize ?? 25,
      maxPageSize: options.maxPageSize ?? 1000,
      members: quotas.members ?? 128,
      properties: quotas.properties ?? 128,
      tags: quotas.tags ?? 128,
      locations: quotas.locations ?? 10,
      imageSize: quotas.imageSize ?? 2 ** 40,
      storage: quotas.storage ?? 0
    },
    scope,
    images: new Map(),
    usedIds: new Set(),
    stores,
    defaultStore: options.defaultStore ?? stores.keys().next().value ?? "",
    multiStore: options.multiStore ?? true,
    importMethods: options.importMethods ?? defaultMethods,
    staging: new Map(),
    tasks: new Map(),
    cached: new Map(),
    queuedForCache: new Set(),
    cacheWorker,
    cacheRows: new Map(),
    containers,
    metadefs: { namespaces: new Map(), resourceTypes: new Map(), lastId: 0 },
    lastStamp: 0,
    lastLocationId: 0
  }
}

const bytesOf = (data: Uint8Array | string): Uint8Array =>
  typeof data === "string" ? new TextEncoder().encode(data) : data

const addInitial = (state: State, given: InitialImage, millis: number): void => {
  const data = given.data === undefined ? undefined : bytesOf(given.data)
  const createdAt = given.createdAt === undefined ? stamp(state, millis) : given.createdAt * 1000
  const status: Status = given.status ?? (data === undefined && given.size === undefined ? "queued" : "active")
  const image = newImage({
    id: given.id ?? randomId(),
    name: given.name ?? null,
    status,
    visibility: given.visibility ?? defaultVisibility(state),
    protected: given.protected ?? false,
    hidden: given.osHidden ?? false,
    owner: given.owner,
    size: given.size ?? null,
    containerFormat: given.containerFormat === undefined ? "bare" : given.containerFormat,
    diskFormat: given.diskFormat === undefined ? "raw" : given.diskFormat,
    minRam: given.minRam ?? 0,
    minDisk: given.minDisk ?? 0,
    createdAt,
    updatedAt: given.updatedAt === undefined ? createdAt : given.updatedAt * 1000,
    tags: new Set(given.tags ?? []),
    properties: new Map(Object.entries(given.properties ?? {})),
    members: new Map(
      Object.entries(given.members ?? {}).map(([id, memberStatus]) => [
        id,
        { id, status: memberStatus, createdAt, updatedAt: createdAt, deleted: false }
      ])
    )
  })
  if (data !== undefined) {
    const md5 = state.options.hasher.create("md5")
    const hash = state.options.hasher.create(hashingAlgorithm(state))
    md5.update(data)
    hash.update(data)
    image.checksum = md5.digest()
    image.hashAlgo = hashingAlgorithm(state)
    image.hashValue = hash.digest()
    image.size = data.length
    image.virtualSize = image.diskFormat === "raw" && image.containerFormat === "bare" ? data.length : null
    for (const id of given.stores ?? [state.defaultStore]) {
      const store = state.stores.get(id)
      if (store === undefined) continue
      store.blobs.set(image.id, { size: data.length, chunks: [data] })
      store.used += data.length
      image.locations.push(newLocation(state, image.id, id))
    }
  }
  addImage(state, image)
}

/** The location of an image's bytes in a store. */
export const newLocation = (state: State, imageId: string, store: string): Location =>
  makeLocation(state, {
    url: `file://${storeDirectory(store)}/${imageId}`,
    metadata: state.multiStore ? { store } : {}
  })

/** The resource types of a service that has loaded the definitions it comes with. It has no namespaces here. */
const resourceTypes = [
  "OS::Glance::Image",
  "OS::Cinder::Volume",
  "OS::Nova::Server",
  "OS::Nova::Aggregate",
  "OS::Nova::Flavor",
  "OS::Trove::Instance"
]

export const initialResourceTypes = (state: State, millis: number): void => {
  for (const name of resourceTypes) {
    state.metadefs.resourceTypes.set(name, { name, createdAt: stamp(state, millis), updatedAt: undefined })
  }
}

export const initialImages = (state: State, millis: number): void => {
  for (const image of state.options.images ?? []) addInitial(state, image, millis)
}
