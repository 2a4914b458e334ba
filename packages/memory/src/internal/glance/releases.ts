/**
 * Everything in which Glance 30.0 (OpenStack 2025.1) differs from Glance 25.1 (2022.2), each with its reason. The rest of
 * the service calls these functions and does not know which release it is. Both were observed on running servers.
 */

import type { Caller } from "../wire.js"
import type { Context } from "./context.js"
import { conflict, Fault, forbidden, internalError, notFound, withDetail } from "./errors.js"
import { formatsOf } from "./formats.js"
import type { Release } from "./options.js"
import type { CachedImage, Image, Member, Received, State, Store } from "./state.js"

type Options = Pick<State, "options">

/** 25.1 takes any bytes for an image, so that the data of a test need not be a real disk. */
const defaultRelease: Release = "25.1"

const is30 = ({ options }: Options): boolean => (options.release ?? defaultRelease) === "30.0"

// Versions and documents

/** Ids in the order of the document. In 30.0 the CURRENT one is v2.17, which stands between those of features. */
export const versions = (state: State): ReadonlyArray<{ readonly id: string; readonly status: string }> => {
  const { cache, cacheRoutes } = state.options
  const routes = locationRoutes(state) ? ["v2.17"] : []
  const ids = [
    ...(cacheRoutes === true && cache !== false ? ["v2.18"] : []),
    ...(is30(state) ? [] : routes),
    ...(cache === false ? ["v2.15"] : ["v2.16", "v2.15", "v2.14"]),
    ...(state.multiStore ? ["v2.13", "v2.12", "v2.11", "v2.10", "v2.9", "v2.8"] : ["v2.9"]),
    ...(is30(state) ? routes : []),
    ...["v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1", "v2.0"]
  ]
  const current = is30(state) && cacheRoutes !== true && routes.length > 0 ? "v2.17" : ids[0]
  return ids.map((id) => ({ id, status: id === current ? "CURRENT" : "SUPPORTED" }))
}

/** The routes of locations came with v2.17. */
export const locationRoutes = ({ options }: Options): boolean => options.locationRoutes ?? is30({ options })

/** Location imports are tasks of a type of their own. */
export const taskTypes = (state: Options): ReadonlyArray<string> =>
  is30(state) ? ["import", "api_image_import", "location_import"] : ["import", "api_image_import"]

/** 30.0 prefers copies in stores of a high weight, and lists the weights. */
export const storeWeight = (state: Options, { options }: Store): { readonly weight?: number } =>
  is30(state) ? { weight: options.weight ?? 0 } : {}

// The cache

/** 30.0 keeps the state of its cache in the database: rows with ids, and a column for checksums that nothing fills. */
export const cachedImages = (state: State): ReadonlyArray<object> => {
  const view = ({ hits, imageId, lastAccessed, lastModified, size }: CachedImage) => ({
    image_id: imageId,
    hits,
    last_accessed: lastAccessed / 1000,
    last_modified: lastModified / 1000,
    size
  })
  const cached = [...state.cached.values()]
  if (!is30(state)) return cached.sort((a, b) => (a.imageId < b.imageId ? -1 : 1)).map(view)
  for (const { imageId } of cached) {
    if (!state.cacheRows.has(imageId)) state.cacheRows.set(imageId, state.cacheRows.size + 1)
  }
  return cached.map((image) => ({ id: state.cacheRows.get(image.imageId), ...view(image), checksum: null }))
}

// Formats of data

/**
 * 30.0 refuses data that are not of the image's `disk_format`. It looks only into bare containers, and takes anything as
 * `raw` and as a format that it cannot recognize (ami, aki, ari, ploop).
 */
export const isFormatRefused = (state: Options, image: Image, received: Received): boolean => {
  if (!is30(state) || image.containerFormat !== "bare" || image.diskFormat === null) return false
  const found = formatsOf(received.head, received.blob.size)
  if (found.length > 1) return true
  const [format = "raw"] = found
  const isUnknown = !["qcow2", "vhd", "vhdx", "vmdk", "vdi", "qed", "iso", "gpt", "luks"].includes(image.diskFormat)
  return format !== image.diskFormat && image.diskFormat !== "raw" && !(format === "raw" && isUnknown)
}

/** The sentence of 415 is about the media type, and says nothing about the data. */
export const formatRefused = (): Fault => new Fault(415)

// Policies: 30.0 enforces scopes and the newer defaults.

/** In 30.0, a token of a domain or of the system is no administrator: all policies are for projects. */
export const isAdmin = (state: Options, caller: Caller): boolean =>
  hasRole(caller, "admin") && !(is30(state) && caller.projectId === "")

const hasRole = ({ roles }: Caller, wanted: string): boolean => roles.some((role) => role.toLowerCase() === wanted)

const unauthorized = (action: string): Fault => forbidden(`You are not authorized to complete ${action} action.`)

/** How a route refuses a token without a project; undefined if it takes it. */
export const refuseWithoutProject = (context: Context, segments: ReadonlyArray<string>): Fault | undefined => {
  if (!is30(context.state) || context.project !== "") return undefined
  const [collection, id = ""] = segments
  if (collection === "metadefs") return notFound()
  if (collection !== "images") return undefined
  if (id !== "") return notFound()
  return unauthorized(context.request.method === "POST" ? "add_image" : "get_images")
}

/** Owners need the role `member` to write. */
export const mayWrite = (context: Context): boolean => !is30(context.state) || hasRole(context.caller, "member")

/** The refusal of a change: it names the policy in 30.0, and is a sentence of the route in 25.1. */
export const notMutable = (context: Context, action: string, sentence = "You do not own this image"): Fault =>
  is30(context.state) ? unauthorized(action) : forbidden(sentence)

/** An owner who may not create images, or not for that project. 30.0 asks the policy before it looks at visibility. */
export const refuseCreation = (context: Context, owner: string | null, checkVisibility: () => void): void => {
  const checkOwner = () => {
    if (!context.isAdmin && owner !== context.project) {
      const sentence = `You are not permitted to create images owned by '${owner ?? "None"}'`
      throw is30(context.state) ? withDetail(403, sentence) : forbidden(`${sentence}.`)
    }
    if (!context.isAdmin && !mayWrite(context)) throw unauthorized("add_image")
  }
  const checks = is30(context.state) ? [checkOwner, checkVisibility] : [checkVisibility, checkOwner]
  for (const check of checks) check()
}

/** Adding and replacing locations has a policy of its own, which 30.0 asks before anything else. */
export const requireLocationChange = (context: Context, requireOwner: () => void): void => {
  if (is30(context.state)) requireOwner()
}

/** Taking one location away is for administrators. */
export const requireLocationDeletion = (context: Context, requireOwner: () => void): void => {
  if (!is30(context.state)) requireOwner()
  else if (!context.isAdmin) throw unauthorized("delete_image_location")
}

/** So is taking a copy out of a store, where the policy of reading locations is asked first. */
export const requireCopyDeletion = (context: Context, image: Image, requireOwner: () => void): void => {
  if (is30(context.state) && !context.isAdmin && image.owner !== context.project) {
    throw unauthorized("get_image_location")
  }
  requireLocationDeletion(context, requireOwner)
}

/** 25.1 looks at the owner of an image before it looks for the member; 30.0 after. */
export const checkedMember = (
  context: Context,
  checks: {
    readonly isAllowed: boolean
    readonly action: string
    readonly sentence: string
    /** Throws if there is no such member. */
    readonly find: () => Member
  }
): Member => {
  const found = is30(context.state) ? checks.find() : undefined
  if (!checks.isAllowed) throw notMutable(context, checks.action, checks.sentence)
  return found ?? checks.find()
}

/** The member itself sets its status, unless it is the owner. 25.1 takes it from everybody else who sees the member. */
export const maySetStatus = (context: Context, image: Image, member: string): boolean =>
  context.isAdmin || (image.owner !== context.project && (!is30(context.state) || member === context.project))

// Faults of the service

/** 30.0 fails with 500 when a definition is renamed to a name that is taken. */
export const takenName = (context: Context, sentence: string): Fault =>
  is30(context.state) ? internalError() : conflict(sentence)

/** Both refuse a change after which the caller does not see the image, but 30.0 has committed it before. */
export const keepsInvisibleChange = (state: Options): boolean => is30(state)
