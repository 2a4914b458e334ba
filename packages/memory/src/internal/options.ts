import type * as Duration from "effect/Duration"
import type { ProjectOptions, UserOptions } from "./directory.js"
import type { GlanceOptions, Hasher, InitialImage } from "./glance/options.js"

export interface ImageOptions extends InitialImage {
  /** @default the first region */
  readonly region?: string | undefined
}

export interface CloudOptions
  extends Partial<
    Omit<GlanceOptions, "hasher" | "images" | "containers" | "keystoneUrl" | "publicUrl" | "findRemote">
  > {
  /** Domains besides `Default`. @default none */
  readonly domains?: ReadonlyArray<string> | undefined
  /** An `admin` project is there in any case. @default demo and guest */
  readonly projects?: ReadonlyArray<string | ProjectOptions> | undefined
  /** An `admin` user is there in any case. @default a user for each project, of its name, with roles member and reader */
  readonly users?: ReadonlyArray<UserOptions> | undefined
  /** Each has a Glance of its own. @default RegionOne */
  readonly regions?: ReadonlyArray<string> | undefined
  /** How long a login is good for. @default 1 hour */
  readonly tokenLifetime?: Duration.DurationInput | undefined
  /** Where hashes come from. @default the runtime, where it has them, else `plainHasher` */
  readonly hasher?: Hasher | undefined
  /** How many of the latest requests the log holds. @default 10,000 */
  readonly requestsKept?: number | undefined
  /** @default none */
  readonly images?: ReadonlyArray<ImageOptions> | undefined
  /**
   * The containers of the object store to begin with, by project, in every region.
   *
   * @default none; and no object store, unless it is a Rackspace cloud
   */
  readonly containers?: Readonly<Record<string, ReadonlyArray<string>>> | undefined
}
