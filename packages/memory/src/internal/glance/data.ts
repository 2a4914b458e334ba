import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { read, receive, virtualSize } from "./blobs.js"
import { type Context, emptyPage, noContent, type Reply } from "./context.js"
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
import { findImage, isVisible, requireMutable } from "./policy.js"
import * as releases from "./releases.js"
import { mediaType } from "./request.js"
import {
  anyCopy,
  type Blob,
  type CachedImage,
  changeImage,
  hashingAlgorithm,
  type Image,
  type Received,
  type State,
  type Store,
  stamp,
  storageUsed,
  storeOf
} from "./state.js"

const requireOctets = (context: Context): void => {
  if (mediaType(context.request) !== "application/octet-stream") throw new Fault(415)
}

const setStatus = (state: State, image: Image, status: Image["status"], millis: number): void =>
  changeImage(image, (one) => {
    one.status = status
    one.updatedAt = stamp(state, millis)
    if (status === "queued") {
      one.size = null
      one.virtualSize = null
    }
  })

/** An upload that came to nothing leaves the image as it was before, except for the time. */
const restore = (state: State, image: Image, from: Image["status"]): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    if (state.images.get(image.id) === image && image.status === from) setStatus(state, image, "queued", now)
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

const freeIn = (store: Store): number => (store.options.capacity ?? Number.POSITIVE_INFINITY) - store.used

const overflow = (limit: "image" | "store" | "quota"): Fault => {
  switch (limit) {
    case "image":
      return tooLarge("The incoming image is too large: The provided image is too large.")
    case "store":
      return tooLarge("Image storage media is full: There is not enough disk space on the image storage media.")
    case "quota":
      // The service forgets to fill the sentence in.
      return tooLarge(quotaSentence("%(image_size)s", "%(remaining)s"))
  }
}

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

const begin = (context: Context, id: string): { readonly image: Image; readonly store: Store } => {
  const { state } = context
  requireOctets(context)
  const storeId = state.multiStore
    ? (context.request.headers["x-image-meta-store"] ?? state.defaultStore)
    : state.defaultStore
  const store = state.stores.get(storeId)
  if (store === undefined) throw badRequest(`Store for identifier ${storeId} not found`)
  const image = findImage(context, id)
  requireMutable(context, image, "upload_image", `Not allowed to upload image data for image ${id}`)
  if (image.status !== "queued") {
    throw conflict(`Image status transition from ${image.status} to saving is not allowed`)
  }
  requireFormats(image)
  setStatus(state, image, "saving", context.now)
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
    const received = yield* receive(state, context.request.body, {
      image: state.limits.imageSize,
      store: freeIn(store),
      // An upload of unknown length is measured when it is over.
      quota: known ? remainingQuota(context, image) : Number.POSITIVE_INFINITY
    }).pipe(Effect.mapError((error) => (error._tag === "Overflow" ? overflow(error.limit) : fault(500))))
    const now = yield* Clock.currentTimeMillis
    yield* attempt(() => {
      if (state.images.get(image.id) !== image || image.status !== "saving") throw gone(image.id)
      const remaining = remainingQuota(context, image)
      if (received.blob.size > remaining) throw tooLarge(quotaSentence(String(received.blob.size), String(remaining)))
      // Others may have stored theirs meanwhile.
      if (received.blob.size > freeIn(store)) throw overflow("store")
      // Only an image whose data were refused is queued and has a copy. A store replaces none, and takes no other data.
      const isOther = image.hashValue !== null && image.hashValue !== received.hash
      if (store.blobs.has(image.id) || isOther) throw internalError()
      putBlob(store, image.id, received.blob)
      const isRefused = releases.isFormatRefused(state, image, received)
      changeImage(image, (one) => {
        adopt(state, one, received, store.id)
        // The refusal comes after the last byte is stored: the status goes back, and the copy stays.
        if (!isRefused) one.status = "active"
        one.updatedAt = stamp(state, now)
      })
      if (isRefused) throw releases.formatRefused()
    })
  })

/** An interruption is a client that hung up: the record goes back as with any other failure. */
export const upload = (context: Context, id: string): Effect.Effect<Reply, Fault> =>
  Effect.uninterruptibleMask((interruptible) =>
    Effect.flatMap(
      attempt(() => begin(context, id)),
      ({ image, store }) =>
        interruptible(save(context, image, store)).pipe(
          Effect.onError(() => restore(context.state, image, "saving")),
          Effect.as(noContent)
        )
    )
  )

const beginStaging = (context: Context, id: string): Image => {
  const { state } = context
  if (!state.importMethods.includes("glance-direct")) {
    throw notFound("'glance-direct' method is not available at this site.")
  }
  requireOctets(context)
  const image = findImage(context, id)
  requireMutable(context, image)
  if (image.status !== "queued") {
    throw conflict(`Image status transition from ${image.status} to uploading is not allowed`)
  }
  setStatus(state, image, "uploading", context.now)
  return image
}

const saveStaged = (context: Context, image: Image): Effect.Effect<void, Fault> =>
  Effect.gen(function* () {
    const { state } = context
    if (state.staging.has(image.id)) {
      return yield* Effect.fail(withDetail(409, `The image ${image.id} has data on staging`))
    }
    const received = yield* receive(state, context.request.body, {
      image: state.limits.imageSize
    }).pipe(Effect.mapError((error) => (error._tag === "Overflow" ? overflow(error.limit) : fault(500))))
    const now = yield* Clock.currentTimeMillis
    yield* attempt(() => {
      if (state.images.get(image.id) !== image) throw notFound(`No image found with ID ${image.id}`)
      state.staging.set(image.id, received)
      changeImage(image, (one) => {
        one.size = received.blob.size
        one.updatedAt = stamp(state, now)
      })
    })
  })

export const stage = (context: Context, id: string): Effect.Effect<Reply, Fault> =>
  Effect.uninterruptibleMask((interruptible) =>
    Effect.flatMap(
      attempt(() => beginStaging(context, id)),
      (image) =>
        interruptible(saveStaged(context, image)).pipe(
          Effect.onError(() => restore(context.state, image, "uploading")),
          Effect.as(noContent)
        )
    )
  )

interface Range {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

const outside = (size: number): Fault =>
  withDetail(
    416,
    `Invalid start position in Range header. Start position MUST be in the inclusive range [0, ${size - 1}].`
  )

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
    // The last bytes; "none of them" is read as all, and nothing at all is more than the service can take.
    if (last === "" || size === null) throw crash()
    const count = Number(last)
    return { start: count > 0 && count < size ? size - count : 0, end: size }
  }
  const start = Number(first)
  if (last !== "" && Number(last) < start) throw withDetail(416, "Invalid Range header.")
  if (size === null) throw crash()
  if (start >= size) throw outside(size)
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) }
}

/** The header that belongs into answers, which the service takes in requests for old clients' sake. */
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
  if (total === undefined && end > size) {
    throw withDetail(
      416,
      `Invalid stop position in Content-Range header. The stop position MUST be in the inclusive range [0, ${size - 1}].`
    )
  }
  if (start >= size) {
    throw withDetail(
      416,
      `Invalid start position in Content-Range header. Start position MUST be in the inclusive range [0, ${size - 1}].`
    )
  }
  return { start, end }
}

const requestedRange = (context: Context, image: Image): Range | undefined => {
  const { headers } = context.request
  if (headers["range"] !== undefined) return parseRange(headers["range"], image.size)
  if (headers["content-range"] !== undefined) return parseContentRange(headers["content-range"], image.size)
  return undefined
}

/** The stream an image's bytes are read from: the first copy that can be read. */
const open = (
  context: Context,
  image: Image,
  range: Range | undefined
): Effect.Effect<{ readonly body: Stream.Stream<Uint8Array, unknown>; readonly isRemote: boolean }, Fault> =>
  Effect.gen(function* () {
    const { state } = context
    let last: Fault = new Fault(204, { headers: {} })
    for (const location of image.locations) {
      const store = state.stores.get(storeOf(location) ?? state.defaultStore)
      const blob = store?.blobs.get(image.id)
      if (blob !== undefined) {
        return { body: read(blob, range?.start ?? 0, range?.end ?? blob.size), isRemote: false }
      }
      if (store?.type !== "http") continue
      if (range !== undefined) {
        last = badRequest(
          `Getting images randomly from this store is not supported. Offset: ${range.start}, length: ${range.end - range.start}`
        )
        continue
      }
      const opened = yield* Effect.option(
        state.options.fetchUri?.(location.url) ?? Effect.fail({ message: "nothing is there" })
      )
      if (opened._tag === "Some") return { body: opened.value.body, isRemote: true }
      last = fault(503, "Remote server where the image is present is unavailable.")
    }
    return yield* Effect.fail(last)
  })

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
      size: image.size ?? storedSize(state, image)
    })
  })

/** Refused data stay, and the record has no size for them. */
const storedSize = (state: State, image: Image): number => anyCopy(state, image.id)?.size ?? 0

/** Fails at the end of a body that does not have this checksum: the cache keeps only what the image says it is. */
export const verified = (
  state: State,
  body: Stream.Stream<Uint8Array, unknown>,
  checksum: string
): Stream.Stream<Uint8Array, unknown> =>
  Stream.suspend(() => {
    const md5 = state.options.hasher.create("md5")
    return Stream.concat(
      Stream.tap(body, (bytes) => Effect.sync(() => md5.update(bytes))),
      Stream.unwrap(
        Effect.sync(() => (md5.digest() === checksum ? Stream.empty : Stream.fail("the checksum does not match")))
      )
    )
  })

const dataHeaders = (image: Image): Record<string, string> => ({
  "content-type": "application/octet-stream",
  ...(image.checksum === null ? {} : { "content-md5": image.checksum })
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
      const length = range.end - range.start
      return {
        status: 206,
        headers: {
          ...dataHeaders(image),
          "content-range": `bytes ${range.start}-${range.end - 1}/${image.size}`,
          "content-length": String(length)
        },
        body
      }
    }
    if (state.options.cache === false) {
      const length = image.size === null ? {} : { "content-length": String(image.size) }
      return { status: 200, headers: { ...dataHeaders(image), ...length }, body }
    }
    // Copying into the cache on the way costs the answer its length.
    const whole = isRemote && image.checksum !== null ? verified(state, body, image.checksum) : body
    const finished = Stream.execute(remember(state, image))
    return { status: 200, headers: dataHeaders(image), body: Stream.concat(whole, finished) }
  })

/**
 * The image has got another size since it was cached: the service notices when it has sent what is in the cache, or, if
 * that is nothing, before.
 */
const corrupt = (context: Context, image: Image, entry: CachedImage): Effect.Effect<Reply, Fault> => {
  const blob = [...context.state.stores.values()]
    .map((store) => store.blobs.get(image.id))
    .find((one) => one?.size === entry.size)
  if (entry.size === 0 || blob === undefined) return Effect.fail(crash())
  return Effect.succeed({
    status: 200,
    headers: { ...dataHeaders(image), "content-length": String(image.size) },
    body: Stream.concat(read(blob, 0, blob.size), Stream.fail(`Corrupt image download for image ${image.id}`))
  })
}

/** A whole image that is in the cache is answered from there, before anything about the request is checked. */
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
        headers: { ...dataHeaders(image), "content-length": String(entry.size) },
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
  changeImage(image, (one) => {
    one.locations.splice(index, 1)
    one.updatedAt = stamp(state, context.now)
  })
  dropCopy(state, image, storeId)
  return noContent
}

export const accepted: Reply = { status: 202, headers: emptyPage, body: "" }
