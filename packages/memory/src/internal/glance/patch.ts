import * as Effect from "effect/Effect"
import type { Context, Reply } from "./context.js"
import { attempt, badRequest, Fault, forbidden, internalError, withDetail } from "./errors.js"
import {
  attributes,
  checkColumns,
  checkNotNegative,
  checkPropertyQuota,
  checkTagQuota,
  checkTags,
  dropCopy,
  imageReply,
  readOnlyNames,
  reservedNames,
  reservedPrefix
} from "./images.js"
import { addLocation, lookUpSizes, removeLocation, replaceLocations, type Sizes } from "./locations.js"
import { findImage, isVisible, requireMutable, requireVisibility } from "./policy.js"
import { entryOf, isObject, type Json, type JsonObject } from "./python.js"
import * as releases from "./releases.js"
import { mediaType, readJson } from "./request.js"
import * as schemas from "./schemas.js"
import { changeImage, type Image, stamp } from "./state.js"
import { validate } from "./validate.js"

const operations = ["add", "remove", "replace"] as const
type Operation = (typeof operations)[number]

interface Change {
  readonly op: Operation
  readonly path: ReadonlyArray<string>
  readonly root: string
  readonly value: Json | undefined
}

const oldType = "application/openstack-images-v2.0-json-patch"
const newType = "application/openstack-images-v2.1-json-patch"

const readOnly = [...readOnlyNames, "direct_url", "self", "file", "schema", "id", "os_hash_algo", "os_hash_value"]

const newOperation = (raw: JsonObject): Operation => {
  const { op } = raw
  const available = `It must be one of the following: ${operations.join(", ")}.`
  if (op === undefined || op === null) {
    throw badRequest(`Unable to find \`op\` in JSON Schema change. ${available}`)
  }
  const known = operations.find((one) => one === op)
  if (known === undefined) throw badRequest(`Invalid operation: \`${String(op)}\`. ${available}`)
  return known
}

const oldOperation = (raw: JsonObject): Operation => {
  const named = operations.filter((op) => Object.hasOwn(raw, op))
  const only = named[0]
  if (named.length > 1) {
    throw badRequest('Operation objects must contain only one member named "add", "remove", or "replace".')
  }
  if (only === undefined) {
    throw badRequest('Operation objects must contain exactly one member named "add", "remove", or "replace".')
  }
  return only
}

const decodePointer = (pointer: Json | undefined): ReadonlyArray<string> => {
  if (typeof pointer !== "string") throw internalError()
  const refuse = (why: string) => badRequest(`Pointer \`${pointer}\` ${why}`)
  if (!pointer.startsWith("/")) throw refuse('does not start with "/".')
  if (/\/\s*?\//.test(pointer.slice(1))) throw refuse('contains adjacent "/".')
  if (pointer.length > 1 && pointer.endsWith("/")) throw refuse('end with "/".')
  if (pointer.slice(1).trim() === "/") throw refuse("does not contains valid token.")
  if (/~[^01]/.test(pointer) || pointer.endsWith("~")) {
    throw refuse('contains "~" not part of a recognized escape sequence.')
  }
  return pointer
    .replace(/^\/+/, "")
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~").trim())
}

const depthOf = (root: string, op: Operation): number => (root === "locations" && op !== "replace" ? 2 : 1)

const parseChange = (raw: Json, isOld: boolean): Change => {
  if (!isObject(raw)) throw badRequest("Operations must be JSON objects.")
  const op = isOld ? oldOperation(raw) : newOperation(raw)
  if (!isOld && !Object.hasOwn(raw, "path")) throw badRequest("Unable to find 'path' in JSON Schema change")
  const path = decodePointer(isOld ? raw[op] : raw["path"])
  const root = path[0] ?? ""
  if (path.length !== depthOf(root, op)) {
    throw badRequest(`Invalid JSON pointer for this resource: '/${path.join("/")}'`)
  }
  if (op !== "remove" && !Object.hasOwn(raw, "value")) {
    throw badRequest(`Operation "${op}" requires a member named "value".`)
  }
  if (readOnly.includes(root)) throw forbidden(`Attribute '${root}' is read-only.`)
  if (reservedNames.includes(root) || root.startsWith(reservedPrefix)) {
    throw forbidden(`Attribute '${root}' is reserved.`)
  }
  const value = op === "remove" ? undefined : raw["value"]
  if (value !== undefined) validate({ [root]: path.length === 1 ? value : [value] }, schemas.image)
  return { op, path, root, value }
}

const parseChanges = (body: Json, isOld: boolean): ReadonlyArray<Change> => {
  if (!Array.isArray(body)) throw badRequest("Request body must be a JSON array of operation objects.")
  return body.map((raw: Json) => parseChange(raw, isOld))
}

const setAttribute = (context: Context, image: Image, name: string, value: Json): void => {
  if (name === "min_ram" || name === "min_disk") checkNotNegative(name, Number(value))
  if (name === "tags") checkTagQuota(context.state, (value as ReadonlyArray<string>).length)
  const isSaved = image.status !== "queued" && image.status !== "importing"
  if (isSaved && (name === "disk_format" || name === "container_format")) {
    throw forbidden(`Attribute ${name} can be only replaced for a queued image.`)
  }
  const read = entryOf(attributes, name)
  if (read === undefined) image.properties.set(name, String(value))
  else Object.assign(image, read(value))
}

/** What all changes of a request share. */
interface Patch {
  readonly context: Context
  /** A copy: a request that fails in the middle has changed nothing. */
  readonly draft: Image
  readonly strictAdd: boolean
  readonly sizes: Sizes
  /** The stores that lose their copy when the changes are saved. */
  readonly emptied: Array<string>
}

const changeLocations = ({ context, draft, emptied, sizes }: Patch, { op, path, value = null }: Change): void => {
  if (op === "remove") {
    releases.requireLocationDeletion(context, () => requireMutable(context, draft))
    const store = removeLocation(context, draft, path[1] ?? "")
    if (store !== undefined) emptied.push(store)
    return
  }
  releases.requireLocationChange(context, () => requireMutable(context, draft, "set_image_location"))
  if (op === "add") {
    addLocation(context, draft, path[1] ?? "", value, sizes)
  } else {
    if (Array.isArray(value) && value.length === 0) throw withDetail(403, "Cannot set locations to empty list.")
    replaceLocations(context, draft, value, sizes)
  }
}

const changeAttribute = ({ context, draft: image, strictAdd }: Patch, { op, root, value = null }: Change): void => {
  if (op === "replace" && root === "owner" && !context.isAdmin) {
    throw withDetail(403, "Owner can't be updated by non admin.")
  }
  if (op !== "remove" && root === "visibility") requireVisibility(context, value)
  requireMutable(context, image)
  const isAttribute = Object.hasOwn(attributes, root)
  const present = isAttribute || image.properties.has(root)
  if (op === "remove") {
    if (isAttribute) throw withDetail(403, `Property ${root} may not be removed.`)
    if (!image.properties.delete(root)) throw withDetail(409, `Property ${root} does not exist.`)
    return
  }
  if (op === "add" && strictAdd && present) throw withDetail(409, `Property ${root} already present.`)
  if (op === "replace" && !present) throw withDetail(409, `Property ${root} does not exist.`)
  setAttribute(context, image, root, value)
}

const update = (
  context: Context,
  id: string,
  changes: ReadonlyArray<Change>,
  strictAdd: boolean,
  sizes: Sizes
): Reply => {
  const { state } = context
  const image = findImage(context, id)
  const draft: Image = {
    ...image,
    tags: new Set(image.tags),
    properties: new Map(image.properties),
    locations: image.locations.map((location) => ({ ...location })),
    json: undefined
  }
  const patch: Patch = { context, draft, strictAdd, sizes, emptied: [] }
  for (const change of changes) {
    if (change.root === "locations") changeLocations(patch, change)
    else changeAttribute(patch, change)
  }
  if (changes.length === 0) return imageReply(context, image)
  if ([...draft.properties.keys()].some((name) => !image.properties.has(name))) {
    checkPropertyQuota(state, draft.properties.keys())
  }
  checkColumns(draft)
  requireMutable(context, image)
  const owner = draft.owner === "" ? null : draft.owner
  const { tags } = draft
  const isLost = !isVisible(context, { ...draft, owner })
  const lost = forbidden(`Forbidding request, image ${id} not visible`)
  if (isLost && !releases.keepsInvisibleChange(state)) throw lost
  draft.updatedAt = stamp(state, context.now)
  // The response repeats what was sent. The database has the oldest location first, and no validation data.
  const reply = imageReply(context, draft)
  changeImage(image, (one) => {
    Object.assign(one, {
      ...draft,
      owner,
      tags: image.tags,
      locations: draft.locations.map(({ id, metadata, url }) => ({ id, url, metadata })).sort((a, b) => a.id - b.id)
    })
  })
  if (isLost) throw lost
  for (const store of patch.emptied) dropCopy(state, image, store)
  checkTags([...tags].filter((tag) => !image.tags.has(tag)))
  changeImage(image, (one) => {
    one.tags = tags
  })
  return reply
}

export const updateImage = (context: Context, id: string): Effect.Effect<Reply, Fault> =>
  Effect.gen(function* () {
    const type = mediaType(context.request)
    if (type !== oldType && type !== newType) {
      return yield* Effect.fail(new Fault(415, { headers: { "accept-patch": `${oldType}, ${newType}` } }))
    }
    const body = yield* readJson(context.request)
    const changes = yield* attempt(() => parseChanges(body, type === oldType))
    const sizes = yield* lookUpSizes(
      context.state,
      changes.filter((change) => change.root === "locations").map((change) => change.value)
    )
    const strictAdd = type === oldType || context.state.options.v20Add === true
    return yield* attempt(() => update(context, id, changes, strictAdd, sizes))
  })
