/** In what the releases of Glance differ that the contract is held against. Tests ask here, and name no release. */
import * as Effect from "effect/Effect"
import { type AccountName, type Release, TheCloud } from "./cloud.js"

export interface Differences {
  /** The version that is CURRENT. Version 2.17 came with the routes of locations. */
  readonly currentVersion: string
  readonly hasLocationRoutes: boolean
  /** Who may take a copy or a location away from alice's image. 30.0 enforces `delete_image_location`, for administrators. */
  readonly locationDeleter: AccountName
  /** What the refusal of a member status says to the owner. 30.0 names the policy, and 25.1 the image. */
  readonly refusedStatus: (imageId: string) => string
  /** How the owner is refused who is no member. 30.0 looks for the member first. */
  readonly ownStatus: 403 | 404
  /** A definition is renamed to a name that is taken: 30.0 fails over its own answer. */
  readonly takenName: "DuplicateMetadef" | "ServerError"
  /** 30.0 refuses data that are not of the format that the image says. */
  readonly checksFormats: boolean
  /** `add /owner` by a member is refused with 403. 30.0 has changed the owner by then. */
  readonly keepsRefusedOwner: boolean
  /** The types of tasks in the schema. Location imports came with the routes of locations. */
  readonly taskTypes: ReadonlyArray<string>
  /** What `/info/stores/detail` adds to a store: 30.0 sorts copies by the weight of their stores. */
  readonly hasStoreWeights: boolean
  /** The keys of an item of the cache: 30.0 keeps them in the database. */
  readonly cacheKeys: ReadonlyArray<string>
}

const cacheKeys = ["hits", "image_id", "last_accessed", "last_modified", "size"]

const table: Readonly<Record<Release, Differences>> = {
  "25.1": {
    currentVersion: "v2.16",
    hasLocationRoutes: false,
    locationDeleter: "alice",
    refusedStatus: (imageId) => imageId,
    ownStatus: 403,
    takenName: "DuplicateMetadef",
    checksFormats: false,
    keepsRefusedOwner: false,
    taskTypes: ["import", "api_image_import"],
    hasStoreWeights: false,
    cacheKeys
  },
  "30.0": {
    currentVersion: "v2.17",
    hasLocationRoutes: true,
    locationDeleter: "admin",
    refusedStatus: () => "You are not authorized to complete modify_member action.",
    ownStatus: 404,
    takenName: "ServerError",
    checksFormats: true,
    keepsRefusedOwner: true,
    taskTypes: ["import", "api_image_import", "location_import"],
    hasStoreWeights: true,
    cacheKeys: ["checksum", ...cacheKeys, "id"].sort()
  }
}

/** The differences of the cloud that the test runs on. */
export const differences = Effect.map(TheCloud, ({ release }) => table[release])
