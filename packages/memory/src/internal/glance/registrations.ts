import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { accepted, type Context, jsonReply, type Reply } from "./context.js"
import { attempt, badRequest, conflict, type Fault, fault, forbidden } from "./errors.js"
import { httpStore, isAllowedUri, requireStatus } from "./locations.js"
import { findImage } from "./policy.js"
import { isObject, type Json, type JsonObject } from "./python.js"
import { readJson } from "./request.js"
import type { Image, Received, State, Task } from "./state.js"
import { changeImage, hashingAlgorithm, makeLocation, stamp } from "./state.js"
import { beginTask, Failure, newTask, openUri, receiveAll, settleTask } from "./tasks.js"

/** Locations as routes of their own: for services, which may know where the bytes lie. */

const isService = (context: Context): boolean => context.caller.roles.some((role) => role.toLowerCase() === "service")

export const listLocations = (context: Context, id: string): Reply => {
  const image = findImage(context, id)
  if (!isService(context)) throw forbidden("You are not authorized to complete fetch_image_location action.")
  return jsonReply(image.locations.map(({ metadata, url }) => ({ url, metadata })))
}

interface Registration {
  readonly url: string
  readonly data: JsonObject
  readonly algorithm: string | undefined
  readonly hash: string | undefined
}

const hexDigits: { readonly [algorithm: string]: number } = { md5: 32, sha1: 40, sha256: 64, sha512: 128 }

const mismatch = (why: string): Fault => badRequest(`Provided object does not match schema 'location': ${why}`)

const parse = (body: Json): Registration => {
  const url = isObject(body) ? body["url"] : undefined
  if (!isObject(body) || typeof url !== "string") throw mismatch("'url' is a required property")
  const data = body["validation_data"] ?? {}
  if (!isObject(data)) throw mismatch("'validation_data' is not of type 'object'")
  const algorithm = data["os_hash_algo"]
  const hash = data["os_hash_value"]
  if (algorithm === undefined && hash === undefined) return { url, data, algorithm: undefined, hash: undefined }
  if (typeof algorithm !== "string" || typeof hash !== "string") {
    const [missing, given] = hash === undefined ? ["value", "algo"] : ["algo", "value"]
    throw mismatch(`'os_hash_${missing}' is a dependency of 'os_hash_${given}'`)
  }
  if (!Object.hasOwn(hexDigits, algorithm)) {
    throw mismatch(`'${algorithm}' is not one of ['sha1', 'sha256', 'sha512', 'md5']`)
  }
  return { url, data, algorithm, hash }
}

const checkHash = ({ algorithm, hash }: Registration): void => {
  if (algorithm === undefined || hash === undefined) return
  if (!/^(?:[0-9a-f]{2})*$/i.test(hash)) throw badRequest(`os_hash_value (${hash}) is not a valid hexadecimal value`)
  const digits = hexDigits[algorithm] ?? 0
  if (hash.length !== digits) {
    throw badRequest(
      `os_hash_value: (${hash}) is not the correct size for (${algorithm}) (should be (${digits / 2}) bytes)`
    )
  }
}

/** The policy is for services and for members of the owning project: an administrator of another project is refused. */
const check = (context: Context, id: string, wanted: Registration): Image => {
  const image = findImage(context, id)
  const isHttp = /^https?:/i.test(wanted.url)
  requireStatus(image, "add", "queued")
  if (!isService(context) && image.owner !== context.project) {
    throw forbidden("You are not authorized to complete add_image_location action.")
  }
  if (!isService(context) && !isHttp) {
    throw forbidden("http store must be enabled to use location API by normal user.")
  }
  checkHash(wanted)
  if (isHttp && !isAllowedUri(context.state, wanted.url)) {
    throw badRequest(`URI for add location does not pass filtering: ${wanted.url}`)
  }
  if (image.properties.has(lock)) throw conflict("Image has active task")
  return image
}

const lock = "os_glance_import_task"

/** Puts the location on the image. It stays there whatever comes after. Returns whether it is new and can be read. */
const place = (state: State, image: Image, url: string, size: number): boolean => {
  if (size <= 0 || image.locations.some((one) => one.url === url)) return false
  const store = httpStore(state)
  const metadata = store === undefined || !state.multiStore ? {} : { store }
  image.locations.push(makeLocation(state, { url, metadata }))
  return true
}

const hasFormats = (image: Image): boolean => Boolean(image.diskFormat) && Boolean(image.containerFormat)

/** What the caller vouched for. Hashes of other algorithms than these two are believed. */
const isVouchedFor = (state: State, { algorithm, hash }: Registration, received: Received): boolean => {
  const actual = algorithm === "md5" ? received.md5 : algorithm === hashingAlgorithm(state) ? received.hash : hash
  return hash?.toLowerCase() === actual?.toLowerCase()
}

/** Reads the data at the location, for their size and hash. */
const register = (context: Context, image: Image, wanted: Registration, task: Task): Effect.Effect<Json, Failure> =>
  Effect.gen(function* () {
    const { state } = context
    beginTask(state, task, yield* Clock.currentTimeMillis)
    yield* Effect.sleep(state.options.importDuration ?? 0)
    const read = yield* Effect.either(Effect.flatMap(openUri(state, wanted.url), ({ body }) => receiveAll(state, body)))
    const now = yield* Clock.currentTimeMillis
    let isRegistered = false
    if (state.images.get(image.id) === image) {
      changeImage(image, (one) => {
        one.properties.delete(lock)
        if (read._tag === "Left" || !place(state, one, wanted.url, read.right.blob.size)) return
        const received = read.right
        const isRight = isVouchedFor(state, wanted, received)
        one.updatedAt = stamp(state, now)
        // A hash that is wrong takes the size with it; a record without formats keeps it.
        one.size = isRight ? received.blob.size : null
        isRegistered = isRight && hasFormats(one)
        if (!isRegistered) return
        one.checksum = received.md5
        one.hashAlgo = wanted.algorithm ?? hashingAlgorithm(state)
        one.hashValue = wanted.hash?.toLowerCase() ?? received.hash
        one.status = "active"
      })
    }
    if (isRegistered) return { image_id: image.id }
    return yield* Effect.fail(read._tag === "Left" ? read.left : new Failure())
  })

export const addRegistration = (context: Context, id: string): Effect.Effect<Reply, Fault> =>
  Effect.gen(function* () {
    const body = yield* readJson(context.request)
    const wanted = yield* attempt(() => parse(body))
    const image = yield* attempt(() => check(context, id, wanted))
    const { state } = context
    if (image.owner === null) return yield* Effect.fail(fault(403))
    const input: Json = { image_id: id, loc_url: wanted.url, validation_data: wanted.data }
    const task = newTask(context, "location_import", input, id)
    changeImage(image, (one) => one.properties.set(lock, task.id))
    yield* Effect.forkIn(settleTask(state, task, register(context, image, wanted, task)), state.scope)
    return accepted
  })
