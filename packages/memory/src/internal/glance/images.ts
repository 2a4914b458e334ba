import * as Effect from "effect/Effect"
import { type Context, jsonReply, noContent, type Reply } from "./context.js"
import {
  attempt,
  badRequest,
  conflict,
  type Fault,
  forbidden,
  internalError,
  notFound,
  tooLarge,
  withDetail
} from "./errors.js"
import { findImage, requireMutable, requireVisibility } from "./policy.js"
import { hasFourByteCharacter, isObject, type Json, title } from "./python.js"
import * as releases from "./releases.js"
import { readJson } from "./request.js"
import * as schemas from "./schemas.js"
import {
  addImage,
  changeImage,
  defaultVisibility,
  type Image,
  newImage,
  removeImage,
  renderImage,
  type State,
  stamp
} from "./state.js"
import { validate } from "./validate.js"

/** Names that a request may never set, by how the service refuses them. */
const computed = ["direct_url", "self", "file", "schema", "stores"]
export const reservedNames = ["location", "deleted", "deleted_at"]
export const reservedPrefix = "os_glance"
const baseNames = [
  "checksum",
  "created_at",
  "container_format",
  "disk_format",
  "id",
  "min_disk",
  "min_ram",
  "name",
  "size",
  "virtual_size",
  "status",
  "tags",
  "owner",
  "updated_at",
  "visibility",
  "protected",
  "os_hidden"
]
const readOnlyAtCreation = ["created_at", "updated_at", "status", "checksum", "size", "virtual_size"]
const reservedAtCreation = ["owner", "locations", "deleted", "deleted_at", "direct_url", "self", "file", "schema"]

export const randomId = (): string => globalThis.crypto.randomUUID()

const largestInteger = 2 ** 31 - 1

/** What the database refuses, which is told after everything else. */
export const checkColumns = (image: Image): void => {
  for (const [name, value] of [
    ["Name", image.name],
    ["Owner", image.owner]
  ] as const) {
    if (value !== null && hasFourByteCharacter(value))
      throw badRequest(`${name} can't contain 4 byte unicode characters.`)
  }
  for (const [name, value] of image.properties) {
    if (hasFourByteCharacter(name)) throw badRequest("Property names can't contain 4 byte unicode.")
    if (hasFourByteCharacter(value)) throw badRequest(`${title(name)} can't contain 4 byte unicode characters.`)
  }
  for (const [name, value] of [
    ["min_disk", image.minDisk],
    ["min_ram", image.minRam]
  ] as const) {
    if (value > largestInteger) {
      throw badRequest(`'${name}' value out of range, must not exceed ${largestInteger}.`)
    }
  }
}

export const checkTags = (tags: Iterable<string>): void => {
  for (const tag of tags) if (hasFourByteCharacter(tag)) throw badRequest("Param values can't contain 4 byte unicode.")
}

export const checkNotNegative = (name: string, value: number): void => {
  if (value < 0) throw badRequest(`Invalid value '${value}' for parameter '${name}': Cannot be a negative value`)
}

export const checkTagQuota = (state: State, count: number): void => {
  const maximum = state.limits.tags
  if (maximum >= 0 && count > maximum) {
    throw tooLarge(
      `The limit has been exceeded on the number of allowed image tags. Attempted: ${count}, Maximum: ${maximum}`
    )
  }
}

export const checkPropertyQuota = (state: State, names: Iterable<string>): void => {
  const count = [...names].filter((name) => !name.startsWith(reservedPrefix)).length
  const maximum = state.limits.properties
  if (maximum >= 0 && count > maximum) {
    throw tooLarge(
      `The limit has been exceeded on the number of allowed image properties. Attempted: ${count}, Maximum: ${maximum}`
    )
  }
}

const creationHeaders = (context: Context, image: Image): Reply["headers"] => {
  const { importMethods, multiStore, stores } = context.state
  const storeIds = [...stores.keys(), "os_glance_staging_store", "os_glance_tasks_store"].join(",")
  return {
    location: `${applicationUrl(context)}/v2/images/${image.id}`,
    ...(importMethods.length > 0 ? { "openstack-image-import-methods": importMethods.join(",") } : {}),
    ...(multiStore ? { "openstack-image-store-ids": storeIds } : {})
  }
}

const create = (context: Context, body: Json): Reply => {
  const { project, state } = context
  const named = (name: string) =>
    isObject(body) ? Object.hasOwn(body, name) : Array.isArray(body) && body.includes(name)
  for (const name of computed) if (named(name)) throw forbidden(`Attribute '${name}' is read-only.`)
  validate(body, schemas.image)
  if (!isObject(body)) throw internalError()

  const properties = Object.entries(body).filter(([name]) => !baseNames.includes(name))
  for (const [name] of properties) {
    if ([...name].length > 255) throw badRequest("Custom property should not be greater than 255 characters.")
    if (reservedNames.includes(name) || name.startsWith(reservedPrefix)) {
      throw withDetail(403, `Attribute '${name}' is reserved.`)
    }
  }
  const base = new Map(Object.entries(body))
  const owner = base.has("owner") ? (base.get("owner") as string | null) : project
  const visibility = String(base.get("visibility") ?? defaultVisibility(state))
  releases.refuseCreation(context, owner, () => requireVisibility(context, base.get("visibility")))

  const tags = (base.get("tags") ?? []) as ReadonlyArray<string>
  checkTagQuota(state, tags.length)
  for (const name of readOnlyAtCreation) if (base.has(name)) throw forbidden(`Attribute '${name}' is read-only.`)
  for (const name of reservedAtCreation) {
    if (name !== "owner" && base.has(name)) throw forbidden(`Attribute '${name}' is reserved.`)
  }
  const minDisk = Number(base.get("min_disk") ?? 0)
  const minRam = Number(base.get("min_ram") ?? 0)
  checkNotNegative("min_disk", minDisk)
  checkNotNegative("min_ram", minRam)
  checkPropertyQuota(
    state,
    properties.map(([name]) => name)
  )

  const image = newImage({
    id: String(base.get("id") ?? randomId()),
    name: (base.get("name") ?? null) as string | null,
    visibility,
    protected: base.get("protected") === true,
    hidden: base.get("os_hidden") === true,
    owner: owner === "" ? null : owner,
    containerFormat: (base.get("container_format") ?? null) as string | null,
    diskFormat: (base.get("disk_format") ?? null) as string | null,
    minRam,
    minDisk,
    createdAt: stamp(state, context.now),
    properties: new Map(properties.map(([name, value]) => [name, String(value)]))
  })
  checkColumns(image)
  if (state.usedIds.has(image.id)) throw conflict(`Image ID ${image.id} already exists!`)
  addImage(state, image)
  // Tags are written one by one after the image, which stays when one of them is refused.
  for (const tag of tags) {
    checkTags([tag])
    changeImage(image, (one) => one.tags.add(tag))
  }

  // An empty owner is nobody in the database, but the answer tells what was sent.
  const shown = owner === "" ? { ...image, owner, json: undefined } : image
  return jsonReply(renderImage(state, shown, context.isAdmin), 201, creationHeaders(context, image))
}

/** The service makes the URLs of its headers and version documents from what the client called it. */
export const applicationUrl = (context: Pick<Context, "request" | "state">): string => {
  const { headers } = context.request
  const host = headers["host"]
  return host === undefined
    ? (context.state.options.publicUrl ?? "http://glance.memory")
    : `${headers["x-forwarded-proto"] ?? "http"}://${host}`
}

export const createImage = (context: Context): Effect.Effect<Reply, Fault> =>
  Effect.flatMap(readJson(context.request), (body) => attempt(() => create(context, body)))

export const showImage = (context: Context, id: string): Reply =>
  jsonReply(renderImage(context.state, findImage(context, id), context.isAdmin))

/** Takes the bytes out of every store that has them. */
const dropBytes = (state: State, image: Image): void => {
  for (const store of state.stores.keys()) dropCopy(state, image, store)
}

export const dropCopy = (state: State, image: Image, storeId: string): void => {
  const store = state.stores.get(storeId)
  const blob = store?.blobs.get(image.id)
  if (store === undefined || blob === undefined) return
  store.blobs.delete(image.id)
  store.used -= blob.size
}

export const deleteImage = (context: Context, id: string): Reply => {
  const { state } = context
  const image = findImage(context, id, () => notFound(`Failed to find image ${id} to delete`))
  requireMutable(context, image, "delete_image")
  // Staged bytes go first, even when the image then turns out to be protected.
  state.staging.delete(image.id)
  if (image.protected) throw forbidden(`Image ${image.id} is protected and cannot be deleted.`)
  dropBytes(state, image)
  removeImage(state, image)
  state.cached.delete(image.id)
  return noContent
}

export const deactivate = (context: Context, id: string): Reply => {
  const image = findImage(context, id)
  requireMutable(context, image, "deactivate")
  if (image.status === "deactivated") return noContent
  if (image.status !== "active") throw forbidden(`Not allowed to deactivate image in status '${image.status}'`)
  return changeStatus(context, image, "deactivated")
}

export const reactivate = (context: Context, id: string): Reply => {
  const image = findImage(context, id)
  requireMutable(context, image, "reactivate")
  if (image.status === "active") return noContent
  if (image.status !== "deactivated") throw forbidden(`Not allowed to reactivate image in status '${image.status}'`)
  return changeStatus(context, image, "active")
}

const changeStatus = (context: Context, image: Image, status: Image["status"]): Reply => {
  changeImage(image, (one) => {
    one.status = status
    one.updatedAt = stamp(context.state, context.now)
  })
  return noContent
}
