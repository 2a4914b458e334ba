import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { fetchUri, type Overflow, type ReceiveLimits, read, receive, virtualSize } from "./blobs.js"
import { type Context, noContent, type Reply } from "./context.js"
import {
  attempt,
  badRequest,
  conflict,
  crash,
  Fault,
  fault,
  forbidden,
  internalError,
  notFound,
  tooLarge,
  withDetail
} from "./errors.js"
import { dropCopy } from "./images.js"
import { newLocation } from "./initial.js"
import { requireFormats } from "./locations.js"
import type { Blob } from "./options.js"
import { findImage, isVisible, requireMutable } from "./policy.js"
import * as releases from "./releases.js"
import { mediaType } from "./request.js"
import type { CachedImage, Image, Received, State, Status, Store } from "./state.js"
import { anyCopy, hashingAlgorithm, setStatus, storageUsed, storeOf, touchImage } from "./state.js"

const requireOctets = (context: Context): void => {
  if (mediaType(context.request) !== "application/octet-stream") throw new Fault(415)
}

/** The image is `queued` again if an upload fails. Only its time differs from before. */
const restore = (state: State, image: Image, from: Status): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    if (state.images.get(image.id) !== image || image.status !== from) return
    touchImage(state, image, now, (one) => setStatus(one, "queued"))
  })

const announcedLength = (context: Context): number | undefined => {
  const length = Number(context.request.headers["content-length"] ?? 0)
  return length > 0 ? length : undefined
}

const quotaSentence = (size: string, remaining: string): string =>
  `Image exceeds the storage quota: The size of the data ${size} will exceed the limit. ${remaining} bytes remaining.`

const remainingQuota = (context: Context, image: Image): number =>
  context.state.limits.storage > 0
    ? context.state.limits.storage - storageUsed(context.state, context.project, image.id)
    : Number.POSITIVE_INFINITY

export const freeIn = (store: Store): number => (store.options.capacity ?? Number.POSITIVE_INFINITY) - store.used

const overflow = (limit: Overflow["limit"]): Fault => {
  const sentences = {
    image: "The incoming image is too large: The provided image is too large.",
    store: "Image storage media is full: There is not enough disk space on the image storage media.",
    // The service does not fill in the sentence.
    quota: quotaSentence("%(image_size)s", "%(remaining)s")
  }
  return tooLarge(sentences[limit])
}

const receiveBody = ({ request, state }: Context, limits: ReceiveLimits): Effect.Effect<Received, Fault> =>
  Effect.mapError(receive(state, request.body, limits), (error) =>
    error._tag === "Overflow" ? overflow(error.limit) : fault(500)
  )

export const putBlob = (store: Store, imageId: string, blob: Blob): void => {
  const old = store.blobs.get(imageId)
  store.used += blob.size - (old?.size ?? 0)
  store.blobs.set(imageId, blob)
}

/** Writes what was received into the image. */
export const adopt = (state: State, image: Image, received: Received, storeId: string): void => {
  image.checksum = received.md5
  image.hashAlgo = hashingAlgorithm(state)
  image.hashValue = received.hash
  image.size = received.blob.size
  image.virtualSize ??= virtualSize(image.diskFormat, image.containerFormat, received.blob.size, received.head)
  image.locations.push(newLocation(state, image.id, storeId))
}

const gone = (id: string): Fault =>
  fault(
    410,
    `Image ${id} could not be found after upload. The image may have been deleted during the upload, cleaning up the chunks uploaded.`
  )

const requireQueued = (image: Image, next: Status): void => {
  if (image.status === "queued") return
  throw conflict(`Image status transition from ${image.status} to ${next} is not allowed`)
}

/** Receives data. The image has this status meanwhile, and is `queued` again after a failure or an interruption. */
const transfer = <Begun extends { readonly image: Image }>(
  { now, state }: Context,
  status: Status,
  begin: () => Begun,
  save: (begun: Begun) => Effect.Effect<void, Fault>
): Effect.Effect<Reply, Fault> =>
  Effect.uninterruptibleMask((interruptible) =>
    attempt(() => {
      const begun = begin()
      touchImage(state, begun.image, now, (one) => setStatus(one, status))
      return begun
    }).pipe(
      Effect.flatMap((begun) => Effect.onError(interruptible(save(begun)), () => restore(state, begun.image, status))),
      Effect.as(noContent)
    )
  )

const begin = (context: Context, id: string): { readonly image: Image; readonly store: Store } => {
  const { state } = context
  requireOctets(context)
  const asked = state.multiStore ? context.request.headers["x-image-meta-store"] : undefined
  const storeId = asked ?? state.defaultStore
  const store = state.stores.get(storeId)
  if (store === undefined) throw badRequest(`Store for identifier ${storeId} not found`)
  const image = findImage(context, id)
  requireMutable(context, image, "upload_image", `Not allowed to upload image data for image ${id}`)
  requireQueued(image, "saving")
  requireFormats(image)
  return { image, store }
}

const checkQuotaBefore = (context: Context, image: Image): void => {
  const remaining = remainingQuota(context, image)
  const size = announcedLength(context)
  if (size === undefined ? remaining <= 0 : size > remaining) {
    throw tooLarge(quotaSentence(String(size ?? "None"), String(remaining)))
  }
}

const save = (context: Context, image: Image, store: Store): Effect.Effect<void, Fault> =>
  Effect.gen(function* () {
    const { state } = context
    if (store.type === "http") {
      return yield* Effect.fail(fault(410, "Error in store configuration. Adding images to store is disabled."))
    }
    yield* attempt(() => checkQuotaBefore(context, image))
    const known = announcedLength(context) !== undefined
    const received = yield* receiveBody(context, {
      image: state.limits.imageSize,
      store: freeIn(store),
      // An upload of unknown length is measured at its end.
      quota: known ? remainingQuota(context, image) : Number.POSITIVE_INFINITY
    })
    const now = yield* Clock.currentTimeMillis
    yield* attempt(() => {
      if (state.images.get(image.id) !== image || image.status !== "saving") throw gone(image.id)
      const remaining = remainingQuota(context, image)
      if (received.blob.size > remaining) throw tooLarge(quotaSentence(String(received.blob.size), String(remaining)))
      // Other uploads may have filled the store meanwhile.
      if (received.blob.size > freeIn(store)) throw overflow("store")
      // A queued image has a copy only if its data were refused. A store does not replace it, and takes no other data.
      const isOther = image.hashValue !== null && image.hashValue !== received.hash
      if (store.blobs.has(image.id) || isOther) throw internalError()
      putBlob(store, image.id, received.blob)
      const isRefused = releases.isFormatRefused(state, image, received)
      touchImage(state, image, now, (one) => {
        adopt(state, one, received, store.id)
        // The refusal comes after the last byte is stored: the status goes back, and the copy stays.
        if (!isRefused) one.status = "active"
      })
      if (isRefused) throw releases.formatRefused()
    })
  })

export const upload = (context: Context, id: string): Effect.Effect<Reply, Fault> =>
  transfer(
    context,
    "saving",
    () => begin(context, id),
    ({ image, store }) => save(context, image, store)
  )

const beginStaging = (context: Context, id: string): { readonly image: Image } => {
  if (!context.state.importMethods.includes("glance-direct")) {
    throw notFound("'glance-direct' method is not available at this site.")
  }
  requireOctets(context)
  const image = findImage(context, id)
  requireMutable(context, image)
  requireQueued(image, "uploading")
  return { image }
}

const saveStaged = (context: Context, image: Image): Effect.Effect<void, Fault> =>
  Effect.gen(function* () {
    const { state } = context
    if (state.staging.has(image.id)) {
      return yield* Effect.fail(withDetail(409, `The image ${image.id} has data on staging`))
    }
    const received = yield* receiveBody(context, { image: state.limits.imageSize })
    const now = yield* Clock.currentTimeMillis
    yield* attempt(() => {
      if (state.images.get(image.id) !== image) throw notFound(`No image found with ID ${image.id}`)
      state.staging.set(image.id, received)
      touchImage(state, image, now, (one) => {
        one.size = received.blob.size
      })
    })
  })

export const stage = (context: Context, id: string): Effect.Effect<Reply, Fault> =>
  transfer(
    context,
    "uploading",
    () => beginStaging(context, id),
    ({ image }) => saveStaged(context, image)
  )

interface Range {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

const outside = (what: string, size: number, subject = "Start position"): Fault =>
  withDetail(416, `Invalid ${what} header. ${subject} MUST be in the inclusive range [0, ${size - 1}].`)

const parseRange = (header: string, size: number | null): Range => {
  if (header.includes(",")) {
    throw badRequest(
      "Requests with multiple ranges are not supported in Glance. You may make multiple single-range requests instead."
    )
  }
  const match = /^bytes *= *(\d*) *- *(\d*)/i.exec(header)
  if (match === null) throw withDetail(416, "Invalid Range header.")
  const [, first = "", last = ""] = match
  if (first === "") {
    // The last bytes, or all bytes for a count of 0. The service crashes without a count.
    if (last === "" || size === null) throw crash()
    const count = Number(last)
    return { start: count > 0 && count < size ? size - count : 0, end: size }
  }
  const start = Number(first)
  if (last !== "" && Number(last) < start) throw withDetail(416, "Invalid Range header.")
  if (size === null) throw crash()
  if (start >= size) throw outside("start position in Range", size)
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) }
}

/** The service takes this header of responses in requests too, for old clients. */
const parseContentRange = (header: string, size: number | null): Range => {
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(?:(\d+)|\*)/.exec(header)
  const invalid = withDetail(416, "Invalid Content-Range header.")
  if (match === null) throw invalid
  const [, first, last, total] = match
  if (first === undefined || last === undefined) throw crash()
  const start = Number(first)
  const end = Number(last) + 1
  if (start >= end || (total !== undefined && end > Number(total))) throw invalid
  if (size === null) throw crash()
  if (total === undefined && end > size) throw outside("stop position in Content-Range", size, "The stop position")
  if (start >= size) throw outside("start position in Content-Range", size)
  return { start, end }
}

const requestedRange = (context: Context, image: Image): Range | undefined => {
  const { headers } = context.request
  if (headers["range"] !== undefined) return parseRange(headers["range"], image.size)
  if (headers["content-range"] !== undefined) return parseContentRange(headers["content-range"], image.size)
  return undefined
}

/** The bytes of an image, from the first copy that can be read. */
const open = ({ state }: Context, image: Image, range: Range | undefined) =>
  Effect.gen(function* () {
    let last: Fault = new Fault(204, { headers: {} })
    for (const location of image.locations) {
      const store = state.stores.get(storeOf(location) ?? state.defaultStore)
      const blob = store?.blobs.get(image.id)
      if (blob !== undefined) {
        const body: Body = read(blob, range?.start ?? 0, range?.end ?? blob.size)
        return { body, isRemote: false }
      }
      if (store?.type !== "http") continue
      if (range !== undefined) {
        last = badRequest(
          `Getting images randomly from this store is not supported. Offset: ${range.start}, length: ${range.end - range.start}`
        )
        continue
      }
      const opened = yield* Effect.option(fetchUri(state, location.url))
      if (opened._tag === "Some") return { body: opened.value.body, isRemote: true }
      last = fault(503, "Remote server where the image is present is unavailable.")
    }
    return yield* Effect.fail(last)
  })

type Body = Stream.Stream<Uint8Array, unknown>

/** Writes the image into the cache. */
export const remember = (state: State, image: Image): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    if (state.cached.has(image.id)) return
    state.queuedForCache.delete(image.id)
    state.cached.set(image.id, {
      imageId: image.id,
      hits: 0,
      lastAccessed: now,
      lastModified: now,
      // The record has no size of refused data, which stay in the store.
      size: image.size ?? anyCopy(state, image.id)?.size ?? 0
    })
  })

/** Fails at the end of a body that does not have this checksum. The cache keeps no other data. */
export const verified = (state: State, body: Body, checksum: string): Body =>
  Stream.suspend(() => {
    const md5 = state.options.hasher.create("md5")
    return Stream.concat(
      Stream.tap(body, (bytes) => Effect.sync(() => md5.update(bytes))),
      Stream.suspend(() => (md5.digest() === checksum ? Stream.empty : Stream.fail("the checksum does not match")))
    )
  })

const dataHeaders = ({ checksum }: Image, length: number | null): Record<string, string> => ({
  "content-type": "application/octet-stream",
  ...(checksum === null ? {} : { "content-md5": checksum }),
  ...(length === null ? {} : { "content-length": String(length) })
})

export const download = (context: Context, id: string): Effect.Effect<Reply, Fault> =>
  Effect.gen(function* () {
    const { state } = context
    const image = yield* attempt(() => findImage(context, id))
    if (image.status === "deactivated" && !context.isAdmin) {
      return yield* Effect.fail(
        forbidden("The requested image has been deactivated. Image data download is forbidden.")
      )
    }
    const range = yield* attempt(() => requestedRange(context, image))
    const { body, isRemote } = yield* open(context, image, range)
    if (range !== undefined) {
      const contentRange = `bytes ${range.start}-${range.end - 1}/${image.size}`
      const headers = { ...dataHeaders(image, range.end - range.start), "content-range": contentRange }
      return { status: 206, headers, body }
    }
    if (state.options.cache === false) return { status: 200, headers: dataHeaders(image, image.size), body }
    // A response that is also copied into the cache has no length.
    const whole = isRemote && image.checksum !== null ? verified(state, body, image.checksum) : body
    const finished = Stream.execute(remember(state, image))
    return { status: 200, headers: dataHeaders(image, null), body: Stream.concat(whole, finished) }
  })

/** The image has changed its size since it was cached. The service notices at the end of the cached data. */
const corrupt = (context: Context, image: Image, entry: CachedImage): Effect.Effect<Reply, Fault> => {
  const blob = [...context.state.stores.values()]
    .map((store) => store.blobs.get(image.id))
    .find((one) => one?.size === entry.size)
  if (entry.size === 0 || blob === undefined) return Effect.fail(crash())
  return Effect.succeed({
    status: 200,
    headers: dataHeaders(image, image.size),
    body: Stream.concat(read(blob, 0, blob.size), Stream.fail(`Corrupt image download for image ${image.id}`))
  })
}

/** A whole image is served from the cache before the request is checked. */
export const cachedDownload = (context: Context, id: string): Effect.Effect<Reply, Fault> | undefined => {
  const { headers, method } = context.request
  const entry = context.state.cached.get(id)
  if (method !== "GET" || entry === undefined) return undefined
  if (headers["range"] !== undefined || headers["content-range"] !== undefined) return undefined
  const known = context.state.images.get(id)
  if (known?.status === "deactivated" && isVisible(context, known)) return undefined
  return Effect.flatMap(
    attempt(() => findImage(context, id)),
    (image) => {
      entry.hits += 1
      entry.lastAccessed = context.now
      const isRefused = image.size === null && image.locations.length > 0
      if (entry.size !== image.size && !isRefused) return corrupt(context, image, entry)
      return Effect.map(open(context, image, undefined), ({ body }) => ({
        status: 200,
        headers: dataHeaders(image, entry.size),
        body
      }))
    }
  )
}

/** Takes one copy of an image out of a store. */
export const deleteCopy = (context: Context, storeId: string, id: string): Reply => {
  const { state } = context
  if (!state.multiStore) throw fault(404)
  if (!state.stores.has(storeId)) throw conflict(`The selected store ${storeId} is not available on this node.`)
  const image = findImage(context, id, () => notFound(`Failed to find image ${id}`))
  releases.requireCopyDeletion(context, image, () => requireMutable(context, image))
  if (image.status !== "active") {
    throw conflict("It's not allowed to remove image data from store if image status is not 'active'")
  }
  if (image.locations.length === 1) {
    throw forbidden("Cannot delete image data from the only store containing it. Consider deleting the image instead.")
  }
  const index = image.locations.findIndex((location) => storeOf(location) === storeId)
  if (index < 0) throw notFound(`Image ${id} is not stored in store ${storeId}.`)
  touchImage(state, image, context.now, (one) => one.locations.splice(index, 1))
  dropCopy(state, image, storeId)
  return noContent
}
