import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { receive } from "./blobs.js"
import { type Context, jsonReply, type Reply } from "./context.js"
import { accepted } from "./data.js"
import { attempt, badRequest, conflict, type Fault, fault, forbidden } from "./errors.js"
import { isAllowedUri, requireFormats } from "./locations.js"
import { findImage } from "./policy.js"
import { dumps, isObject, type Json } from "./python.js"
import { readJson } from "./request.js"
import { changeImage, type Image, stamp } from "./state.js"
import { beginTask, finishTask, internalFailure, newTask, readsNoWeb } from "./tasks.js"

/** Locations as routes of their own: for services, which may know where the bytes lie. */

const isService = (context: Context): boolean => context.caller.roles.some((role) => role.toLowerCase() === "service")

export const listLocations = (context: Context, id: string): Reply => {
  const image = findImage(context, id)
  if (!isService(context)) throw forbidden("You are not authorized to complete fetch_image_location action.")
  return jsonReply(dumps(image.locations.map(({ metadata, url }) => ({ url, metadata }))))
}

interface Registration {
  readonly url: string
  readonly algorithm: string | undefined
  readonly hash: string | undefined
}

const hexDigits: { readonly [algorithm: string]: number } = { md5: 32, sha1: 40, sha256: 64, sha384: 96, sha512: 128 }

const parse = (body: Json): Registration => {
  const url = isObject(body) && Object.hasOwn(body, "url") ? body["url"] : undefined
  if (!isObject(body) || typeof url !== "string") throw badRequest("'url' is a required property")
  const data = body["validation_data"] ?? {}
  if (!isObject(data)) throw badRequest("'validation_data' is not of type 'object'")
  const algorithm = data["os_hash_algo"]
  const hash = data["os_hash_value"]
  if (algorithm === undefined && hash === undefined) return { url, algorithm: undefined, hash: undefined }
  if (typeof algorithm !== "string" || typeof hash !== "string") {
    throw badRequest("'os_hash_algo' and 'os_hash_value' belong together")
  }
  const digits = Object.hasOwn(hexDigits, algorithm) ? hexDigits[algorithm] : undefined
  if (digits === undefined) throw badRequest(`Invalid os_hash_algo: ${algorithm}`)
  if (!/^[0-9a-f]*$/i.test(hash)) throw badRequest(`os_hash_value (${hash}) is not a valid hexadecimal value`)
  if (hash.length !== digits) {
    throw badRequest(`os_hash_value (${hash}) is not the correct size for ${algorithm} (should be ${digits / 2} bytes)`)
  }
  return { url, algorithm, hash }
}

const check = (context: Context, id: string, wanted: Registration): Image => {
  const image = findImage(context, id)
  const isHttp = /^https?:/i.test(wanted.url)
  const isOwner = context.isAdmin || image.owner === context.project
  if (!isService(context) && !(isOwner && isHttp)) {
    throw forbidden("You are not authorized to complete add_image_location action.")
  }
  if (image.status !== "queued") {
    throw conflict(`It's not allowed to add locations if image status is ${image.status}.`)
  }
  requireFormats(image)
  if (image.properties.has("os_glance_import_task")) throw conflict("Image has active task")
  if (!isHttp || !isAllowedUri(context.state, wanted.url)) throw badRequest("Invalid location")
  return image
}

/** Reads what lies at the location, to know its size and its hash. */
const register = (context: Context, image: Image, wanted: Registration, taskId: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { state } = context
    const task = state.tasks.get(taskId)
    if (task === undefined) return
    beginTask(state, task, yield* Clock.currentTimeMillis)
    yield* Effect.sleep(state.options.importDuration ?? 0)
    const unlimited = Number.POSITIVE_INFINITY
    const received = yield* Effect.option(
      Effect.gen(function* () {
        const fetchUri = state.options.fetchUri
        if (fetchUri === undefined) return yield* Effect.fail(internalFailure)
        const opened = yield* fetchUri(wanted.url)
        return yield* receive(state, opened.body, { image: unlimited, store: unlimited, quota: unlimited })
      })
    )
    const now = yield* Clock.currentTimeMillis
    const isThere = state.images.get(image.id) === image
    const store = [...state.stores.values()].find((one) => one.type === "http")?.id
    const matches =
      received._tag === "Some" &&
      (wanted.algorithm !== "sha512" || wanted.hash?.toLowerCase() === received.value.sha512)
    if (isThere) {
      changeImage(image, (one) => {
        one.properties.delete("os_glance_import_task")
        if (received._tag === "None" || !matches) return
        state.lastLocationId += 1
        one.locations.push({
          id: state.lastLocationId,
          url: wanted.url,
          metadata: store === undefined || !state.multiStore ? {} : { store }
        })
        one.size = received.value.blob.size
        one.checksum = received.value.md5
        one.hashAlgo = "sha512"
        one.hashValue = received.value.sha512
        one.status = "active"
        one.updatedAt = stamp(state, now)
      })
    }
    finishTask(
      state,
      task,
      now,
      isThere && matches
        ? { result: { image_id: image.id } }
        : { message: state.options.fetchUri === undefined ? readsNoWeb : internalFailure }
    )
  })

export const addRegistration = (context: Context, id: string): Effect.Effect<Reply, Fault> =>
  Effect.gen(function* () {
    const body = yield* readJson(context.request)
    const wanted = yield* attempt(() => parse(body))
    const image = yield* attempt(() => check(context, id, wanted))
    const { state } = context
    if (image.owner === null) return yield* Effect.fail(fault(403))
    const input: Json = { image_id: id, loc_url: wanted.url }
    const task = newTask(context, "location_import", input, id)
    changeImage(image, (one) => one.properties.set("os_glance_import_task", task.id))
    yield* Effect.forkIn(register(context, image, wanted, task.id), state.scope)
    return accepted
  })
