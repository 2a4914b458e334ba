import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Caller, WireRequest, WireResponse } from "../wire.js"

/** A running digest. `digest` is called once, after the last `update`, and returns lower-case hex. */
export interface Digest {
  readonly update: (bytes: Uint8Array) => void
  readonly digest: () => string
}

/** A hash algorithm of Python's hashlib, by hashlib's name. */
export type HashingAlgorithm =
  | "md5"
  | "sha1"
  | "sha224"
  | "sha256"
  | "sha384"
  | "sha512"
  | "sha512_224"
  | "sha512_256"
  | "sha3_224"
  | "sha3_256"
  | "sha3_384"
  | "sha3_512"
  | "blake2b"
  | "blake2s"
  | "ripemd160"

/** Where hashes come from. Those of a platform are several times faster than those in plain arithmetic. */
export interface Hasher {
  readonly create: (algorithm: HashingAlgorithm) => Digest
}

/** An image that is there before the first request. */
export interface InitialImage {
  /** @default a random UUID */
  readonly id?: string | undefined
  /** The project it belongs to. */
  readonly owner: string
  readonly name?: string | undefined
  /** @default "shared", or "private" on a Rackspace cloud */
  readonly visibility?: "public" | "private" | "shared" | "community" | undefined
  /** @default "active" when there is data, else "queued" */
  readonly status?: "queued" | "active" | "deactivated" | undefined
  /** @default "bare" */
  readonly containerFormat?: string | null | undefined
  /** @default "raw" */
  readonly diskFormat?: string | null | undefined
  readonly minDisk?: number | undefined
  readonly minRam?: number | undefined
  readonly protected?: boolean | undefined
  readonly osHidden?: boolean | undefined
  readonly tags?: ReadonlyArray<string> | undefined
  readonly properties?: Readonly<Record<string, string>> | undefined
  /** Kept even when the cloud only counts and hashes what it is sent. */
  readonly data?: Uint8Array | string | undefined
  /** The size to tell when there is no `data`: such an image says it is active and downloads as 204. */
  readonly size?: number | undefined
  /** Stores that hold a copy. @default the default store, when there is data */
  readonly stores?: ReadonlyArray<string> | undefined
  /** Milliseconds since 1970. @default the clock's time when the cloud is made */
  readonly createdAt?: number | undefined
  readonly updatedAt?: number | undefined
  /** Project id -> member status. */
  readonly members?: Readonly<Record<string, "pending" | "accepted" | "rejected">> | undefined
}

export interface StoreOptions {
  readonly id: string
  /** `http` stores are read only and hold nothing themselves. @default "file" */
  readonly type?: "file" | "http" | undefined
  readonly description?: string | undefined
  /** @default 0 */
  readonly weight?: number | undefined
  /** Bytes it takes before it is full. @default no end */
  readonly capacity?: number | undefined
}

/** What an import is about to do, for {@link GlanceOptions.onImport}. */
export interface ImportStep {
  readonly taskId: string
  readonly imageId: string
  readonly method: string
  readonly store: string
}

/** `Fail` ends the import with this message. `Hang` stops it until the cloud is closed. */
export type ImportFault = { readonly _tag: "Fail"; readonly message: string } | { readonly _tag: "Hang" }

export interface Quotas {
  /** @default 128 */
  readonly members?: number | undefined
  /** @default 128 */
  readonly properties?: number | undefined
  /** @default 128 */
  readonly tags?: number | undefined
  /** @default 10 */
  readonly locations?: number | undefined
  /** Bytes in one image. @default 1 TiB */
  readonly imageSize?: number | undefined
  /** Bytes a project may keep over all its images; 0 is no limit. @default 0 */
  readonly storage?: number | undefined
}

/** Bytes that a store has. Without chunks they were only counted, and read as zeroes. */
export interface Blob {
  readonly size: number
  readonly chunks: ReadonlyArray<Uint8Array> | undefined
}

/** The objects of a container, by name. */
export type Objects = Map<string, Blob>

/** The containers of each project: project id, container, object. */
export type Accounts = Map<string, Map<string, Objects>>

/** Where Rackspace's task imports read from and exports write to: the object store's containers of a project. */
export interface Containers {
  /** The names of the containers a project has. @default none */
  readonly initial?: Readonly<Record<string, ReadonlyArray<string>>> | undefined
  /** Where they are kept, when an object store looks into them too. @default a map of its own */
  readonly accounts?: Accounts | undefined
}

/** Reads what a `web-download` or a location at an http URL names. Fails for an unknown address. */
export type FetchUri = (
  uri: string
) => Effect.Effect<
  { readonly size: number | undefined; readonly body: Stream.Stream<Uint8Array, unknown> },
  { readonly message: string }
>

/** The image service of a region, as `glance-download` finds it in the catalog; undefined when there is no such region. */
export type FindRemote = (
  region: string
) => ((caller: Caller, request: WireRequest) => Effect.Effect<WireResponse>) | undefined

/** A release of Glance: 25.1 is OpenStack 2022.2, 30.0 is OpenStack 2025.1. */
export type Release = "25.1" | "30.0"

export interface GlanceOptions {
  /**
   * The release that it behaves like. 30.0 refuses data that are not of the image's `diskFormat` (415), enforces the newer
   * policies, and has the routes of locations. 25.1 takes any bytes for an image.
   *
   * @default "25.1"
   */
  readonly release?: Release | undefined
  readonly hasher: Hasher
  /** The algorithm of `os_hash_value`, as Glance's `[DEFAULT] hashing_algorithm`. @default "sha512" */
  readonly hashingAlgorithm?: HashingAlgorithm | undefined
  readonly images?: ReadonlyArray<InitialImage> | undefined
  /** Page size when the request names none. @default 25 */
  readonly pageSize?: number | undefined
  /** The largest page. @default 1000 */
  readonly maxPageSize?: number | undefined
  readonly quotas?: Quotas | undefined
  /** @default fast (file), slow (file), web (http) */
  readonly stores?: ReadonlyArray<StoreOptions> | undefined
  /** @default the first store */
  readonly defaultStore?: string | undefined
  /** `false` makes it a Glance with one unnamed store: no /info/stores, no copies. @default true */
  readonly multiStore?: boolean | undefined
  /** @default glance-direct, web-download, copy-image, glance-download */
  readonly importMethods?: ReadonlyArray<string> | undefined
  /** How long the task of an import is `pending`; the image keeps its status for that time. @default 0 */
  readonly importDelay?: Duration.DurationInput | undefined
  /** How long an import takes, in each store. @default 0 */
  readonly importDuration?: Duration.DurationInput | undefined
  /** How long a Rackspace task stays `pending`, and then again `processing`. @default importDuration */
  readonly taskDuration?: Duration.DurationInput | undefined
  /** How long a finished task is kept. @default 48 hours */
  readonly taskTimeToLive?: Duration.DurationInput | undefined
  /** `hash` counts and hashes uploads and lets them go: such an image downloads as zeroes. @default "keep" */
  readonly bytes?: "keep" | "hash" | undefined
  /** @default false */
  readonly showMultipleLocations?: boolean | undefined
  /** @default false */
  readonly showDirectUrl?: boolean | undefined
  /** Whether `/images/{id}/locations` is there, which newer releases list as v2.17. @default true from release 30.0 on */
  readonly locationRoutes?: boolean | undefined
  /** @default true */
  readonly cache?: boolean | undefined
  /** How long it takes to fetch one queued image into the cache. @default 0 */
  readonly cacheDuration?: Duration.DurationInput | undefined
  /** Whether `/cache/clean`, `/cache/prune` (v2.18 of newer releases) and `/cache/nodes/{id}` exist. @default false */
  readonly cacheRoutes?: boolean | undefined
  /** What it is: OpenStack's Glance, or Rackspace's. @default "openstack" */
  readonly flavour?: "openstack" | "rackspace" | undefined
  readonly containers?: Containers | undefined
  /** The v2.0 semantics of `add` for every media type: 409 when the property is there. @default false */
  readonly v20Add?: boolean | undefined
  /** The URL in `WWW-Authenticate`. @default "http://keystone.memory/v3" */
  readonly keystoneUrl?: string | undefined
  /** The URL its version documents name when the request has no Host header. @default "http://glance.memory" */
  readonly publicUrl?: string | undefined
  /** Hosts that `web-download` may read from. @default any host */
  readonly importHosts?: ReadonlyArray<string> | undefined
  /** Reads what imports and locations name. @default every download fails, and its task says why */
  readonly fetchUri?: FetchUri | undefined
  /** Where `glance-download` reads from. @default no other region */
  readonly findRemote?: FindRemote | undefined
  /** Asked before each store an import writes to: how a test makes it hang or fail there. */
  readonly onImport?: ((step: ImportStep) => ImportFault | undefined) | undefined
}
