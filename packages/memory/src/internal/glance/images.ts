import { type Context, noContent, type Reply, textReply } from "./context.js"
import { badRequest, conflict, forbidden, internalError, notFound, withDetail } from "./errors.js"
import { checkLimit, findImage, requireMutable, requireVisibility } from "./policy.js"
import { hasFourByteCharacter, isObject, type Json, type JsonObject, names, text, title } from "./python.js"
import * as releases from "./releases.js"
import { withJson } from "./request.js"
import * as schemas from "./schemas.js"
import type { Image, State, Status } from "./state.js"
import {
  addImage,
  changeImage,
  defaultVisibility,
  newImage,
  removeImage,
  renderImage,
  setStatus,
  stamp,
  touchImage
} from "./state.js"
import { validate } from "./validate.js"

const computed = ["direct_url", "self", "file", "schema", "stores"]
export const readOnlyNames = ["created_at", "updated_at", "status", "checksum", "size", "virtual_size"]
export const reservedNames = ["location", "deleted", "deleted_at"]
export const reservedPrefix = "os_glance"
const reservedAtCreation = ["locations", "deleted", "deleted_at", "direct_url", "self", "file", "schema"]

/** The attributes that a request can set on every image, as a request with a valid body brings them. */
export const attributes: { readonly [name: string]: (value: Json) => Partial<Image> } = {
  name: (value) => ({ name: text(value) }),
  visibility: (value) => ({ visibility: String(value) }),
  protected: (value) => ({ protected: value === true }),
  os_hidden: (value) => ({ hidden: value === true }),
  min_ram: (value) => ({ minRam: Number(value) }),
  min_disk: (value) => ({ minDisk: Number(value) }),
  owner: (value) => ({ owner: text(value) }),
  disk_format: (value) => ({ diskFormat: text(value) }),
  container_format: (value) => ({ containerFormat: text(value) }),
  tags: (value) => ({ tags: new Set(value as ReadonlyArray<string>) })
}

/** Names in a request to create an image that are not those of custom properties. */
const baseNames = [...Object.keys(attributes), ...readOnlyNames, "id"]

export const randomId = (): string => globalThis.crypto.randomUUID()

const largestInteger = 2 ** 31 - 1

/** Refuses what the database refuses, after all other checks. */
export const checkColumns = (image: Image): void => {
  for (const [name, value] of Object.entries({ Name: image.name, Owner: image.owner })) {
    if (hasFourByteCharacter(value ?? "")) throw badRequest(`${name} can't contain 4 byte unicode characters.`)
  }
  for (const [name, value] of image.properties) {
    if (hasFourByteCharacter(name)) throw badRequest("Property names can't contain 4 byte unicode.")
    if (hasFourByteCharacter(value)) throw badRequest(`${title(name)} can't contain 4 byte unicode characters.`)
  }
  for (const [name, value] of Object.entries({ min_disk: image.minDisk, min_ram: image.minRam })) {
    if (value > largestInteger) throw badRequest(`'${name}' value out of range, must not exceed ${largestInteger}.`)
  }
}

export const checkTags = (tags: Iterable<string>): void => {
  for (const tag of tags) if (hasFourByteCharacter(tag)) throw badRequest("Param values can't contain 4 byte unicode.")
}

export const checkNotNegative = (name: string, value: number): void => {
  if (value < 0) throw badRequest(`Invalid value '${value}' for parameter '${name}': Cannot be a negative value`)
}

export const checkTagQuota = (state: State, count: number): void => checkLimit(state.limits.tags, count, "image tags")

export const checkPropertyQuota = (state: State, names: Iterable<string>): void => {
  const count = [...names].filter((name) => !name.startsWith(reservedPrefix)).length
  checkLimit(state.limits.properties, count, "image properties")
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

const tagsIn = (body: JsonObject): ReadonlyArray<string> => (body["tags"] ?? []) as ReadonlyArray<string>

const checkCreation = (context: Context, body: JsonObject, owner: string | null): void => {
  const { state } = context
  const customNames = Object.keys(body).filter((name) => !baseNames.includes(name))
  for (const name of customNames) {
    if ([...name].length > 255) throw badRequest("Custom property should not be greater than 255 characters.")
    if (reservedNames.includes(name) || name.startsWith(reservedPrefix)) {
      throw withDetail(403, `Attribute '${name}' is reserved.`)
    }
  }
  releases.refuseCreation(context, owner, () => requireVisibility(context, body["visibility"]))
  checkTagQuota(state, tagsIn(body).length)
  for (const name of readOnlyNames) if (name in body) throw forbidden(`Attribute '${name}' is read-only.`)
  for (const name of reservedAtCreation) if (name in body) throw forbidden(`Attribute '${name}' is reserved.`)
  for (const name of ["min_disk", "min_ram"]) checkNotNegative(name, Number(body[name] ?? 0))
  checkPropertyQuota(state, customNames)
}

const imageFrom = (context: Context, body: JsonObject, owner: string | null): Image => {
  const image = newImage({
    id: String(body["id"] ?? randomId()),
    visibility: defaultVisibility(context.state),
    owner: owner === "" ? null : owner,
    createdAt: stamp(context.state, context.now)
  })
  for (const [name, value] of Object.entries(body)) {
    if (!baseNames.includes(name)) image.properties.set(name, String(value))
    else if (name !== "owner" && name !== "tags") Object.assign(image, attributes[name]?.(value ?? null))
  }
  return image
}

const create = (context: Context, body: Json): Reply => {
  const { state } = context
  for (const name of computed) if (names(body, name)) throw forbidden(`Attribute '${name}' is read-only.`)
  validate(body, schemas.image)
  if (!isObject(body)) throw internalError()
  const owner = body["owner"] === undefined ? context.project : text(body["owner"])
  checkCreation(context, body, owner)
  const image = imageFrom(context, body, owner)
  checkColumns(image)
  if (state.usedIds.has(image.id)) throw conflict(`Image ID ${image.id} already exists!`)
  addImage(state, image)
  // Tags are written one by one after the image, which stays when one of them is refused.
  for (const tag of tagsIn(body)) {
    checkTags([tag])
    changeImage(image, (one) => one.tags.add(tag))
  }

  // The database has null for an empty owner, and the response repeats what was sent.
  const shown = owner === "" ? { ...image, owner, json: undefined } : image
  return imageReply(context, shown, 201, creationHeaders(context, image))
}

export const createImage = (context: Context) => withJson(context, (body) => create(context, body))

/** The origin of URLs in headers and version documents: the one that the client uses. */
export const applicationUrl = (context: Pick<Context, "request" | "state">): string => {
  const { headers } = context.request
  const host = headers["host"]
  return host === undefined
    ? (context.state.options.publicUrl ?? "http://glance.memory")
    : `${headers["x-forwarded-proto"] ?? "http"}://${host}`
}

export const imageReply = (context: Context, image: Image, status?: number, headers?: Reply["headers"]): Reply =>
  textReply(renderImage(context.state, image, context.isAdmin), status, headers)

export const showImage = (context: Context, id: string): Reply => imageReply(context, findImage(context, id))

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
  for (const store of state.stores.keys()) dropCopy(state, image, store)
  removeImage(state, image)
  state.cached.delete(image.id)
  return noContent
}

/** Makes the action that changes the status of an image `from` one `to` another. */
const changing =
  (action: "deactivate" | "reactivate", from: Status, to: Status) =>
  (context: Context, id: string): Reply => {
    const image = findImage(context, id)
    requireMutable(context, image, action)
    if (image.status === to) return noContent
    if (image.status !== from) throw forbidden(`Not allowed to ${action} image in status '${image.status}'`)
    touchImage(context.state, image, context.now, (one) => setStatus(one, to))
    return noContent
  }

export const deactivate = changing("deactivate", "active", "deactivated")
export const reactivate = changing("reactivate", "deactivated", "active")
