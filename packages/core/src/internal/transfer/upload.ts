import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as GlanceClient from "../../GlanceClient.js"
import * as GlanceError from "../../GlanceError.js"
import type * as Hasher from "../../Hasher.js"
import type * as Image from "../../Image.js"
import * as ImageFormat from "../../ImageFormat.js"
import type * as ImageSource from "../../ImageSource.js"
import * as Check from "../check.js"
import type * as Endpoint from "../endpoint.js"
import type * as Endpoints from "../endpoints.js"
import * as HashAlgorithms from "../hashAlgorithms.js"
import * as Operations from "../operations.js"
import * as TimeLimit from "../timeLimit.js"
import * as ByteQueue from "./byteQueue.js"
import * as Progress from "./progress.js"
import * as Settle from "./settle.js"
import * as Source from "./source.js"
import * as Transfer from "./transfer.js"

export interface Upload<E, R> extends Transfer.Transfer {
  readonly endpoint: typeof Endpoints.uploadData | typeof Endpoints.stageData
  readonly source: ImageSource.ImageSource<E, R>
  readonly store: string | undefined
  readonly hasher: Hasher.Service
  readonly algorithms: ReadonlyArray<string>
  /** A hash that the source must have, compared before the end of the body. */
  readonly expected: { readonly algorithm: string; readonly value: string } | undefined
  readonly tokenLife: Duration.Duration
  /** The formats to compare the first bytes with. */
  readonly format: Pick<Image.Image, "diskFormat" | "containerFormat"> | undefined
  /** Whether the image was queued before the first attempt. */
  readonly queued: boolean
  /** The image as it is now. */
  readonly record: Effect.Effect<Image.Image, GlanceError.GlanceError>
}

/** What was sent. */
export interface Sent {
  readonly size: number
  readonly hashes: ReadonlyMap<string, string>
}

export type Failure =
  | Endpoint.ErrorIn<typeof Endpoints.uploadData>
  | GlanceError.ImageFormatMismatch
  | GlanceError.SourceLengthMismatch
  | GlanceError.EmptyImageSource
  | GlanceError.ImageIntegrityError
  | GlanceError.UploadFailed
  | GlanceError.UploadNotEnded
  | GlanceError.TransferStalled
  | GlanceError.InvalidArgument

/** A source that is being read. */
interface Reader<E, R> {
  readonly scope: Scope.CloseableScope
  readonly size: Option.Option<number>
  /** The bytes that were read to detect the format, and after them the rest. */
  readonly head: Chunk.Chunk<Uint8Array>
  /** The next chunk; none at the end. */
  readonly rest: Effect.Effect<Option.Option<Chunk.Chunk<Uint8Array>>, Transfer.CallerFailure<E>, R>
  readonly hash: Hasher.Hash
  /** What is sent instead of a stream, if the HTTP client may not be able to send one. */
  readonly whole: Uint8Array | Blob | undefined
}

/**
 * Sends the source, with retries if the source can be read again. The body ends only after all checks of the source.
 * After a failure it pauses until the request is interrupted, so that the server sees an incomplete request over every
 * transport.
 */
export const send = <E, R>(upload: Upload<E, R>): Effect.Effect<Sent, Failure | E, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const { name: operation } = yield* GlanceClient.Operation
      yield* upload.http.ensureToken(upload.tokenLife)
      let failures = 0
      let renewed = false
      let reader: Reader<E, R> | undefined
      /** The bytes of the last attempt that sent the whole source. */
      let complete: Sent | undefined
      for (let attempt = 1; ; attempt++) {
        const current: Reader<E, R> = reader ?? (yield* open(upload, scope))
        const state: State = { attempt, taken: false, size: 0, hashes: undefined }
        const once =
          current.whole === undefined
            ? sendStream(upload, current, state)
            : sendWhole(upload, current, current.whole, state)
        const exit = yield* once.pipe(
          Effect.ensuring(upload.operations.moved("transmit", () => state.size)),
          Effect.exit
        )
        if (Exit.isSuccess(exit)) return exit.value
        const failure = Cause.failureOption(exit.cause)
        if (Option.isNone(failure) || failure.value._tag === "CallerFailure") return yield* exit
        const error = failure.value
        // The cloud may show the image as queued for a while although it has received all of an earlier attempt.
        if (error._tag === "ImageNotQueued" && complete !== undefined) {
          const stored = yield* afterBreak(upload, complete, error)
          if (Option.isSome(stored)) return stored.value
        }
        if (
          error._tag === "TransportError" &&
          current.whole === undefined &&
          Source.streamingOf(upload.http) === "http2"
        ) {
          return yield* new GlanceError.TransportError({ ...error, detail: `${error.detail}; ${http2Hint}` })
        }
        const refused: boolean = error._tag === "AuthenticationFailed" && error.operation === operation && !renewed
        if (!(refused || GlanceError.isTransient(error)) || failures >= upload.retries) return yield* Effect.fail(error)
        renewed ||= refused
        failures += 1
        reader = state.taken ? undefined : current
        if (state.taken) {
          yield* Scope.close(current.scope, exit)
          if (state.hashes !== undefined) complete = { size: state.size, hashes: state.hashes }
          const stored = yield* afterBreak(upload, complete, error)
          if (Option.isSome(stored)) return stored.value
          if (!upload.source.replayable) return yield* Effect.fail(error)
        } else {
          yield* Effect.sleep(yield* Transfer.waitAfter(upload, failures, error))
        }
        yield* Effect.logWarning(`${error.message}; again from the first byte`)
      }
    })
  ).pipe(Effect.mapError((error) => (error instanceof Transfer.CallerFailure ? (error.error as E) : error)))

/** A browser hides why a request failed. A retry would read the source again, and fail in the same way. */
const http2Hint = `this browser sends a stream over HTTP/2 only, and the server may not speak it. ${Source.hint}`

/** The state of an attempt. */
interface State {
  readonly attempt: number
  /** Whether bytes of the source went out. */
  taken: boolean
  size: number
  /** Set when the HTTP client has the whole source. */
  hashes: ReadonlyMap<string, string> | undefined
}

const open = <E, R>(
  { algorithms, format, hasher, http, imageId, source }: Upload<E, R>,
  parent: Scope.Scope
): Effect.Effect<
  Reader<E, R>,
  | GlanceError.ImageFormatMismatch
  | GlanceError.EmptyImageSource
  | GlanceError.InvalidArgument
  | Transfer.CallerFailure<E>,
  R
> =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(parent, { _tag: "Sequential" })
    const mapped = Effect.mapError((error: E) => new Transfer.CallerFailure(error))
    const { size, stream } = yield* mapped(source.open)
    if (Option.isSome(size)) yield* Check.check("source.size", size.value, Source.size)
    const rest = mapped(yield* Scope.extend(Transfer.toPull(stream), scope))
    const hash = yield* Scope.extend(hasher.start(algorithms), scope)
    const head: Array<Uint8Array> = []
    let length = 0
    // One byte shows, before the request, that the source opens and is not empty.
    const wanted = format === undefined ? 1 : ImageFormat.headSize
    while (length < wanted) {
      const chunk = yield* rest
      if (Option.isNone(chunk)) break
      for (const bytes of chunk.value) {
        if (!(bytes instanceof Uint8Array)) {
          yield* Check.invalid("source", `must give pieces of type Uint8Array, not ${typeof bytes}`)
        }
        length += bytes.length
        if (bytes.length > 0) head.push(bytes)
      }
    }
    if (length === 0) return yield* new GlanceError.EmptyImageSource({ imageId })
    if (format !== undefined) {
      const found = ImageFormat.contradiction(
        ByteQueue.joined(head, length).subarray(0, ImageFormat.headSize),
        format.diskFormat,
        format.containerFormat
      )
      if (Option.isSome(found)) {
        return yield* new GlanceError.ImageFormatMismatch({
          imageId,
          diskFormat: Option.getOrElse(format.diskFormat, () => ""),
          found: found.value
        })
      }
    }
    const whole = Source.streamingOf(http) === "always" ? undefined : source.whole
    return { scope, size, head: Chunk.fromIterable(head), rest, hash, whole }
  })

/**
 * Splits a single piece in two: the node:http client waits for its socket between the items of a chunk, and never
 * after the last.
 */
const inPieces = (chunk: Chunk.Chunk<Uint8Array>): Chunk.Chunk<Uint8Array> => {
  if (chunk.length !== 1) return chunk
  const bytes = Option.getOrUndefined(Chunk.head(chunk))
  if (bytes === undefined || bytes.length < 2) return chunk
  const half = bytes.length >>> 1
  return Chunk.make(bytes.subarray(0, half), bytes.subarray(half))
}

/** The request without its body. A header without need would cause a CORS preflight in browsers. */
const requestOf = <E, R>({ endpoint, imageId, store }: Upload<E, R>): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.put(Operations.pathOf(endpoint, { imageId })).pipe(
    HttpClientRequest.setHeaders({
      accept: "application/json",
      ...(store === undefined ? {} : { "x-image-meta-store": store })
    })
  )

const contentType = "application/octet-stream"

/** Sends the source as a stream. */
const sendStream = <E, R>(
  upload: Upload<E, R>,
  reader: Reader<E, R>,
  state: State
): Effect.Effect<Sent, Failure | Transfer.CallerFailure<E>, R> =>
  Effect.gen(function* () {
    const queue = yield* ByteQueue.make()
    const holds = TimeLimit.makeHolds()
    const request = requestOf(upload).pipe(
      HttpClientRequest.setHeaders(
        Option.match(reader.size, {
          onNone: () => ({}),
          onSome: (size) => ({ "x-openstack-image-size": String(size) })
        })
      ),
      HttpClientRequest.bodyStream(Stream.mapChunks(queue.stream, inPieces), {
        contentType,
        contentLength: Option.getOrUndefined(reader.size)
      })
    )
    const exchange = Effect.raceFirst(
      upload.operations.begin(upload.endpoint, request, holds),
      Effect.zipRight(produce(upload, reader, state, queue), Effect.never)
    )
    const watch = Transfer.watch(upload, queue.waitingSince, () => state.size, holds)
    const response = yield* Transfer.race(exchange, watch)
    return yield* confirmed(upload, request, response, state)
  })

/** Bytes of a whole body per idle limit, because nothing shows how many have arrived. */
const bytesPerIdleLimit = 16 * 1024 * 1024

/**
 * Sends bytes or a blob as one value, after hashing it. `x-openstack-image-size` is left out: Glance's `[cors]` does not
 * allow it by default, and the body has a `Content-Length`.
 */
const sendWhole = <E, R>(
  upload: Upload<E, R>,
  reader: Reader<E, R>,
  whole: Uint8Array | Blob,
  state: State
): Effect.Effect<Sent, Failure | Transfer.CallerFailure<E>, R> =>
  Effect.gen(function* () {
    const { algorithms, idleLimit, onProgress } = upload
    const size = whole instanceof Uint8Array ? whole.length : whole.size
    if (algorithms.length > 0) yield* produce({ ...upload, onProgress: undefined }, reader, state, nowhere)
    state.hashes ??= new Map()
    state.size = size
    state.taken = true
    const request = requestOf(upload).pipe(
      HttpClientRequest.setBody(HttpBody.raw(whole, { contentType, contentLength: size }))
    )
    const holds = TimeLimit.makeHolds()
    const since = yield* Clock.currentTimeMillis
    const limit = Duration.times(idleLimit, 1 + Math.floor(size / bytesPerIdleLimit))
    const watch = Transfer.watch(
      { ...upload, idleLimit: limit },
      () => since,
      () => 0,
      holds
    )
    const response = yield* Transfer.race(upload.operations.begin(upload.endpoint, request, holds), watch)
    const sent = yield* confirmed(upload, request, response, state)
    if (onProgress !== undefined) yield* onProgress({ attempt: state.attempt, bytes: size, total: Option.some(size) })
    return sent
  })

/** Discards bytes that are read only to be hashed. */
const nowhere: Sink = { offer: () => Effect.void, done: () => Effect.void, requested: Effect.void }

const confirmed = <E, R>(
  upload: Upload<E, R>,
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
  state: State
): Effect.Effect<Sent, Failure> =>
  Effect.gen(function* () {
    const { endpoint, imageId, operations } = upload
    yield* operations.read(endpoint, { imageId }, request, response)
    if (state.hashes === undefined) {
      return yield* Transfer.unexpected(request, response, "the upload was confirmed before all of it had been sent")
    }
    return { size: state.size, hashes: state.hashes }
  })

type Sink = Pick<ByteQueue.ByteQueue<never>, "offer" | "done" | "requested">

type ProduceError<E> = GlanceError.SourceLengthMismatch | GlanceError.ImageIntegrityError | Transfer.CallerFailure<E>

/** Reads the source into the body. Ends the body after all checks. */
const produce = <E, R>(
  { expected, imageId, onProgress }: Upload<E, R>,
  { hash, head, rest, size }: Reader<E, R>,
  state: State,
  queue: Sink
): Effect.Effect<void, ProduceError<E>, R> => {
  const promised = Option.getOrElse(size, () => Number.POSITIVE_INFINITY)
  /** The chunk that completes the promised size. It is held back until the source ends, because a server reads no more. */
  let last: Array<Uint8Array> | undefined

  const mismatch = () => new GlanceError.SourceLengthMismatch({ imageId, expected: promised, actual: state.size })

  const progress =
    onProgress === undefined
      ? Effect.void
      : Effect.suspend(() => onProgress({ attempt: state.attempt, bytes: state.size, total: size }))

  const process = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<void, GlanceError.SourceLengthMismatch> => {
    for (const bytes of chunk) state.size += bytes.length
    if (state.size > promised) return Effect.fail(mismatch())
    const hashing = Transfer.hashed(hash, chunk)
    if (state.size === promised) {
      // The source may have any number of empty pieces after the last byte.
      last ??= [...chunk]
      return hashing
    }
    return hashing.pipe(Effect.zipRight(queue.offer(chunk)), Effect.zipRight(progress))
  }

  /** Splits the chunk, so that progress is reported at least once per mebibyte. */
  const processAll = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<void, GlanceError.SourceLengthMismatch> =>
    onProgress === undefined ? process(chunk) : Effect.forEach(Progress.portions(chunk), process, { discard: true })

  const finish = Effect.gen(function* () {
    if (Option.isSome(size) && state.size < promised) return yield* mismatch()
    const hashes = yield* hash.digest
    const actual = expected && (hashes.get(expected.algorithm) ?? "")
    if (expected !== undefined && actual !== undefined && actual !== expected.value) {
      const { algorithm: property, value } = expected
      return yield* new GlanceError.ImageIntegrityError({ imageId, at: "source", property, expected: value, actual })
    }
    if (last !== undefined) yield* queue.offer(last)
    // The server may now have all bytes, and its response interrupts this fiber.
    state.hashes = hashes
    if (last !== undefined) yield* progress
    yield* queue.done(Exit.void)
  })

  return Effect.gen(function* () {
    yield* queue.requested
    state.taken = true
    yield* processAll(head)
    for (;;) {
      const chunk = yield* rest
      if (Option.isNone(chunk)) return yield* finish
      yield* processAll(chunk.value)
    }
  })
}

/** How often the record is read while the cloud cleans up after a broken attempt. */
const looks = 8

/**
 * Finds out what the cloud made of an attempt that broke off after bytes were sent. Returns nothing if the image waits
 * for data again, and what was sent if the cloud had received everything and only its response was lost. Fails with
 * `UploadNotEnded` if all bytes were sent and the cloud is still storing data: they may be these.
 */
const afterBreak = <E, R>(
  upload: Upload<E, R>,
  sent: Sent | undefined,
  error: Failure
): Effect.Effect<Option.Option<Sent>, Failure> =>
  Effect.gen(function* () {
    const { imageId } = upload
    const since = yield* Clock.currentTimeMillis
    let imageStatus = Option.none<Image.ImageStatus>()
    for (let look = 1; look <= looks; look++) {
      yield* Effect.sleep(look === 1 ? yield* Transfer.waitAfter(upload, look, error) : Transfer.pauseAfter(look))
      const record = yield* Effect.mapError(upload.record, () => error)
      const { status } = record
      if (status === "queued" && error._tag !== "ImageNotQueued") return Option.none()
      if (status === "active" && upload.queued && sent !== undefined && isOurs(record, sent)) return Option.some(sent)
      if (Settle.isLost(status)) return yield* new GlanceError.UploadFailed({ imageId, imageStatus: status })
      if (!Settle.isPending(status)) return yield* Effect.fail(error)
      imageStatus = Option.some(status)
    }
    if (sent === undefined || Option.contains(imageStatus, "queued")) return yield* Effect.fail(error)
    const limit = Duration.millis((yield* Clock.currentTimeMillis) - since)
    yield* Effect.logWarning(error.message)
    return yield* new GlanceError.UploadNotEnded({ imageId, imageStatus, detail: Option.none(), limit })
  })

/** Whether a record shows what was sent: other data are of another upload. By the size alone if it has no hash of them. */
const isOurs = (record: Image.Image, sent: Sent): boolean => {
  const { comparable, wrong } = compare(record, sent)
  return wrong === undefined && (comparable || Option.contains(record.size, sent.size))
}

/** A hash and what it is of. */
export interface Known {
  /** As `canonicalName` gives it. */
  readonly algorithm: string
  /** In lower case. */
  readonly value: string
}

/** The hashes of a record, the strongest first. An empty hash counts as absent. */
export const hashesOf = (image: Image.Image): ReadonlyArray<Known> =>
  Arr.getSomes([
    Option.zipWith(image.osHashAlgo, image.osHashValue, known),
    Option.map(image.checksum, (value) => known("md5", value))
  ]).filter(({ algorithm, value }) => algorithm !== "" && value !== "")

const known = (algorithm: string, value: string): Known => ({
  algorithm: HashAlgorithms.canonicalName(algorithm.trim()),
  value: value.trim().toLowerCase()
})

/** Where the record disagrees with what was sent, and whether it has a hash of what was sent at all. */
export const compare = (
  record: Image.Image,
  sent: Sent
): {
  readonly comparable: boolean
  readonly wrong: Pick<GlanceError.ImageIntegrityError, "property" | "expected" | "actual"> | undefined
} => {
  const expected = [
    ...Option.toArray(Option.map(record.size, (size) => ["size", String(sent.size), String(size)] as const)),
    ...hashesOf(record).flatMap(({ algorithm, value }) => {
      const own = sent.hashes.get(algorithm)
      return own === undefined ? [] : [[algorithm, own, value] as const]
    })
  ]
  const wrong = expected.find(([, own, recorded]) => own !== recorded)
  return {
    comparable: expected.some(([property]) => property !== "size"),
    wrong: wrong === undefined ? undefined : { property: wrong[0], expected: wrong[1], actual: wrong[2] }
  }
}
