/**
 * The data of an image: upload, stage and download as streams, verified with the hashes of the record.
 *
 * @since 0.1.0
 */
import type * as PlatformError from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Hasher from "./Hasher.js"
import * as Image from "./Image.js"
import type * as ImageSource from "./ImageSource.js"
import * as Images from "./Images.js"
import * as Check from "./internal/check.js"
import * as Creation from "./internal/creation.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Operations from "./internal/operations.js"
import * as Record from "./internal/record.js"
import * as ByteQueue from "./internal/transfer/byteQueue.js"
import * as Download from "./internal/transfer/download.js"
import * as File from "./internal/transfer/file.js"
import * as TransferLimits from "./internal/transfer/limits.js"
import * as Part from "./internal/transfer/part.js"
import * as InternalProgress from "./internal/transfer/progress.js"
import * as Settle from "./internal/transfer/settle.js"
import * as Source from "./internal/transfer/source.js"
import * as Transfer from "./internal/transfer/transfer.js"
import * as Upload from "./internal/transfer/upload.js"
import * as Verification from "./internal/transfer/verification.js"

/**
 * The progress of a transfer. `total` is none while it is unknown.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  /** 1 for the first attempt. */
  readonly attempt: number
  /** Bytes moved in this attempt, including usable bytes of earlier ones. */
  readonly bytes: number
  readonly total: Option.Option<number>
}

/**
 * The progress and the rate of a transfer. Only the last element has the `result` of the operation.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransferProgress<A> extends Progress {
  /** Bytes per second over the last ten seconds. None until time has passed. */
  readonly rate: Option.Option<number>
  /** The time that the rest takes at this rate. None if the rate or the total is not known. */
  readonly remaining: Option.Option<Duration.Duration>
  /** The result of the operation, only in the last element. */
  readonly result: Option.Option<A>
}

/**
 * A hash that data must have.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExpectedHash {
  /** Any name of an algorithm that the hasher can compute: `md5`, `sha512`, `SHA3-512`, `blake2b`. */
  readonly algorithm: string
  /** In hex. */
  readonly value: string
}

/**
 * How data are uploaded or downloaded.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransferOptions<out E = never, out R = never> {
  /**
   * Retries in a row without a byte of progress, after a broken connection, 429, 502, 503 or 504. The back-off doubles
   * from 200 milliseconds, and is never less than `Retry-After`.
   *
   * @default 3
   */
  readonly retries?: number | undefined
  /**
   * The longest `Retry-After` to wait for. If the server asks for more, the transfer fails at once with the server's
   * error, whose `retryAfter` has the time.
   *
   * @default 5 minutes
   */
  readonly maxWait?: Duration.DurationInput | undefined
  /**
   * How long the server may take to move the next kibibyte, or the rest if that is less. The time that the source or the
   * consumer takes does not count.
   *
   * @default 5 minutes
   */
  readonly idleLimit?: Duration.DurationInput | undefined
  /**
   * Called after each chunk and at least once per mebibyte. The transfer waits for it. If it fails, the transfer fails
   * with its error, without a retry.
   */
  readonly onProgress?: ((progress: Progress) => Effect.Effect<unknown, E, R>) | undefined
}

/**
 * How data are staged.
 *
 * @since 0.1.0
 * @category models
 */
export interface StageOptions<out E = never, out R = never> extends TransferOptions<E, R> {
  /**
   * A hash that the source must have. It is compared before the end of the body is sent, so that wrong data are never
   * stored.
   */
  readonly expected?: ExpectedHash | undefined
  /**
   * Whether to compare the first bytes with the `diskFormat` of an image whose container is `bare`. If they contradict
   * it, nothing is sent.
   *
   * @default true
   */
  readonly checkFormat?: boolean | undefined
  /**
   * How long the token must be valid when the upload begins: Glance discards the data if the token expires before the
   * end.
   *
   * @default 10 minutes
   */
  readonly tokenLife?: Duration.DurationInput | undefined
}

/**
 * How data are uploaded, and compared with the record afterwards.
 *
 * @since 0.1.0
 * @category models
 */
export interface UploadOptions<out E = never, out R = never> extends StageOptions<E, R> {
  /** Id of the store for the data, if the cloud has several. @default the cloud's choice */
  readonly store?: string | undefined
  /**
   * Whether to compare the size and the hashes of the sent data with the record.
   *
   * @default true
   */
  readonly verify?: boolean | undefined
  /**
   * The hash that the cloud computes besides md5 (Glance's option `hashing_algorithm`), such as `sha3_512` or `blake2b`.
   *
   * @default "sha512"
   */
  readonly hashAlgorithm?: string | undefined
  /**
   * How long the image may take to become `active` after the cloud has confirmed all bytes.
   *
   * @default 5 minutes
   */
  readonly settleLimit?: Duration.DurationInput | undefined
  /**
   * What to do with an image whose record does not match the sent data.
   *
   * @default "leave"
   */
  readonly onMismatch?: "leave" | "delete" | undefined
}

/**
 * How an image is created with its data.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreateOptions<out E = never, out R = never> extends UploadOptions<E, R> {
  /**
   * Whether the image stays when the upload fails or is interrupted. An image that may have its data always stays.
   *
   * @default false
   */
  readonly keep?: boolean | undefined
}

/**
 * How data are downloaded and verified.
 *
 * @since 0.1.0
 * @category models
 */
export interface DownloadOptions<out E = never, out R = never> extends TransferOptions<E, R> {
  /**
   * Whether to compare the data with `expected`, or with the strongest hash of the record that can be computed.
   *
   * @default true, and false for a part
   */
  readonly verify?: boolean | undefined
  /** A hash that the data must have, instead of the record's. */
  readonly expected?: ExpectedHash | undefined
}

/**
 * How data are downloaded as a stream, and which part of them.
 *
 * @since 0.1.0
 * @category models
 */
export interface DownloadStreamOptions<out E = never, out R = never> extends DownloadOptions<E, R> {
  /** The part to download: its first byte and its length. It cannot be verified. @default the whole */
  readonly range?: { readonly start: number; readonly length?: number | undefined } | undefined
}

/**
 * How data are downloaded into a file.
 *
 * @since 0.1.0
 * @category models
 */
export interface DownloadToOptions<out E = never, out R = never> extends DownloadOptions<E, R> {
  /**
   * Whether to continue an earlier download to the same path, and to keep the bytes if this one fails.
   *
   * @default true
   */
  readonly resume?: boolean | undefined
  /**
   * How many ranges to fetch at once, from 1 to 8, if the store supports ranges. Each takes 8 MiB of memory. It helps
   * only if something limits the rate of one connection.
   *
   * @default 1
   */
  readonly parallel?: number | undefined
  /**
   * Whether to wait until the disk has the bytes before the file appears under its name. A file of that name is then
   * complete even after a power failure.
   *
   * @default true
   */
  readonly sync?: boolean | undefined
}

/**
 * The errors of staging, besides those of the source.
 *
 * @since 0.1.0
 * @category errors
 */
export type StageError = Upload.Failure | GlanceError.InvalidArgument

/**
 * The errors of an upload, besides those of the source.
 *
 * @since 0.1.0
 * @category errors
 */
export type UploadError = StageError | GlanceError.ImageUnverifiable | GlanceError.UploadNotEnded

/**
 * The errors of a download.
 *
 * @since 0.1.0
 * @category errors
 */
export type DownloadError = Download.Failure | GlanceError.ImageUnverifiable | GlanceError.InvalidArgument

/**
 * The errors of a download to a file.
 *
 * @since 0.1.0
 * @category errors
 */
export type DownloadToError = DownloadError | GlanceError.DownloadInProgress | PlatformError.PlatformError

// The errors of each operation.
export type UploadWithProgressError = UploadError
export type CreateWithDataError = UploadError | GlanceError.DuplicateImage
export type DownloadToWithProgressError = DownloadToError

/**
 * The operations on the data of an image.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#image-data
 */
export interface Service {
  /**
   * Uploads the data of a queued image and returns the image when it is `active`.
   *
   * Some clouds confirm the last byte and store the data afterwards. While the status of the image is `queued`, `saving`,
   * `uploading` or `importing`, its record is read again, at most for `settleLimit`; then the upload fails with
   * `UploadNotEnded`. It fails with `UploadFailed` if the cloud gives up (`killed`).
   *
   * The source is read once for each attempt. If it fails, or has too few or too many bytes, the connection is broken
   * off, so that the server never stores the data. A retry begins with the first byte. It needs a replayable source, or
   * one of which nothing was read.
   *
   * A response before the end of the body stops the source. Over `NodeHttpClient.layer` it does not: that client reads
   * the response after the whole body, and fails with a `TransportError` if the server has closed the connection, or
   * waits for `idleLimit`.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#upload-binary-image-data
   */
  readonly upload: <S extends ImageSource.Any, E = never, R = never>(
    image: Image.ImageRef,
    source: S,
    options?: UploadOptions<E, R>
  ) => Effect.Effect<Image.Image, UploadError | ImageSource.ErrorOf<S> | E, ImageSource.ContextOf<S> | R>
  /**
   * Does {@link Service.upload} as a stream of its progress, with the rate and the time left. The last element has the
   * image as its `result`. The upload is interrupted if the stream is not run to its end. A slow consumer misses
   * elements, but never the last one.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#upload-binary-image-data
   */
  readonly uploadWithProgress: <S extends ImageSource.Any>(
    image: Image.ImageRef,
    source: S,
    options?: Omit<UploadOptions, "onProgress">
  ) => Stream.Stream<
    TransferProgress<Image.Image>,
    UploadWithProgressError | ImageSource.ErrorOf<S>,
    ImageSource.ContextOf<S>
  >
  /**
   * Stages data for an import by the method `glance-direct` (`ImageImport`). The cloud computes no hash before the
   * import.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#stage-binary-image-data
   */
  readonly stage: <S extends ImageSource.Any, E = never, R = never>(
    image: Image.ImageRef,
    source: S,
    options?: StageOptions<E, R>
  ) => Effect.Effect<void, StageError | ImageSource.ErrorOf<S> | E, ImageSource.ContextOf<S> | R>
  /**
   * Creates an image, uploads its data and returns it when it is `active`. If that fails or is interrupted, the image is
   * deleted, also if the response to its creation was lost. An image that may have its data is kept: after
   * `UploadNotEnded`, `ImageUnverifiable` and `ImageNotQueued`, which name it.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-image
   */
  readonly createWithData: <S extends ImageSource.Any, E = never, R = never>(
    image: Images.NewImage,
    source: S,
    options?: CreateOptions<E, R>
  ) => Effect.Effect<Image.Image, CreateWithDataError | ImageSource.ErrorOf<S> | E, ImageSource.ContextOf<S> | R>
  /**
   * Streams the data. The stream ends only after all data have arrived and match the record; otherwise it fails. It
   * resumes after a broken connection.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#download-binary-image-data
   */
  readonly download: <E = never, R = never>(
    image: Image.ImageRef,
    options?: DownloadStreamOptions<E, R>
  ) => Stream.Stream<Uint8Array, DownloadError | E, R>
  /**
   * Downloads the data to a file, which appears under its name when it is whole and verified. An existing file keeps its
   * mode and owner, and a symbolic link stays one. Until then the data are in a part file beside it. When the download
   * fails or is interrupted, it leaves the part file as `{path}.{image id}.part`, from where the next call continues.
   *
   * Before the first request it fails with `DownloadInProgress` if another download writes to the file, with
   * `InvalidArgument` if the path names a directory, a device or anything else that is not a regular file, and with a
   * `PlatformError` if the directory is missing or must not be written to. Under Node's permission model, which forbids
   * `fsync`, choose `sync: false`.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#download-binary-image-data
   */
  readonly downloadTo: <E = never, R = never>(
    image: Image.ImageRef,
    path: string,
    options?: DownloadToOptions<E, R>
  ) => Effect.Effect<Image.Image, DownloadToError | E, FileSystem.FileSystem | R>
  /**
   * Does {@link Service.downloadTo} as a stream of its progress, like {@link Service.uploadWithProgress}.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#download-binary-image-data
   */
  readonly downloadToWithProgress: (
    image: Image.ImageRef,
    path: string,
    options?: Omit<DownloadToOptions, "onProgress">
  ) => Stream.Stream<TransferProgress<Image.Image>, DownloadToWithProgressError, FileSystem.FileSystem>
}

/**
 * Runs an operation that takes `onProgress` as a stream of its progress, with the rate and the time left. The last
 * element has the operation's `result`. The operation is interrupted if the stream is not run to its end. A slow
 * consumer misses elements, but never the last one.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * ```ts
 * import * as ImageCreation from "@effect-glance/core/ImageCreation"
 * import * as ImageData from "@effect-glance/core/ImageData"
 * import * as ImageSource from "@effect-glance/core/ImageSource"
 * import { Console, Effect, Stream } from "effect"
 *
 * const program = Effect.flatMap(ImageCreation.ImageCreation, ({ createFrom }) =>
 *   ImageData.withProgress((onProgress) => createFrom({ name: "disk" }, ImageSource.file("disk.raw"), { onProgress })).pipe(
 *     Stream.runForEach(({ bytes, rate, remaining }) => Console.log(bytes, rate, remaining))
 *   )
 * )
 * ```
 */
export const withProgress: <A, E, R>(
  transfer: (onProgress: (progress: Progress) => Effect.Effect<void>) => Effect.Effect<A, E, R>
) => Stream.Stream<TransferProgress<A>, E, R> = InternalProgress.withProgress

/**
 * The service of image data.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageData extends Context.Tag("@effect-glance/core/ImageData")<ImageData, Service>() {}

/** Bounds the memory of parallel ranges. */
const maxParallel = 8

interface Services {
  readonly http: GlanceClient.Service
  readonly hasher: Hasher.Service
  readonly images: Images.Service
  readonly operations: Operations.Operations
}

/** Checks the options of a transfer. `InternalProgress.guarded` adds its `onProgress`. */
const transferOf = <E, R>({ http, operations }: Services, image: Image.ImageRef, options: TransferOptions<E, R>) =>
  Either.gen(function* () {
    const imageId = yield* Check.check("image", Image.idOf(image), Check.segment)
    const { idleLimit, maxWait, retries } = yield* TransferLimits.of(options)
    const record: Effect.Effect<
      Image.Image,
      GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageNotFound
    > = Record.read(operations, image)
    return { operations, http, imageId, retries, maxWait, idleLimit, record }
  })

const send = <E, R, E2, R2>(
  services: Services,
  endpoint: Upload.Upload<E, R>["endpoint"],
  image: Image.ImageRef,
  source: ImageSource.ImageSource<E, R>,
  algorithms: ReadonlyArray<string>,
  options: StageOptions<E2, R2> & Pick<UploadOptions, "store">
): Effect.Effect<Upload.Sent, StageError | E | E2, R | R2> =>
  Effect.gen(function* () {
    const { hasher } = services
    const transfer = yield* transferOf(services, image, options)
    const { tokenLife } = yield* TransferLimits.of(options)
    const expected = yield* Verification.expectedOf(hasher, options.expected)
    const checkFormat = options.checkFormat ?? true
    const before = typeof image === "object" ? image : checkFormat ? yield* transfer.record : undefined
    const upload = {
      ...transfer,
      endpoint,
      source,
      store: options.store,
      hasher,
      algorithms: [...new Set([...algorithms, ...(expected === undefined ? [] : [expected.algorithm])])],
      expected,
      tokenLife,
      format: checkFormat ? before : undefined,
      queued: before?.status === "queued"
    }
    return yield* InternalProgress.guarded(options.onProgress, (onProgress) => Upload.send({ ...upload, onProgress }))
  })

const uploadFrom = <E, R, E2, R2>(
  services: Services,
  image: Image.ImageRef,
  source: ImageSource.ImageSource<E, R>,
  options: UploadOptions<E2, R2>
): Effect.Effect<Image.Image, UploadError | E | E2, R | R2> =>
  Effect.gen(function* () {
    const { hasher, images, operations } = services
    const { settleLimit } = yield* TransferLimits.of(options)
    const verify = options.verify ?? true
    const algorithm =
      options.hashAlgorithm === undefined
        ? "sha512"
        : yield* Verification.algorithmOf(hasher, "hashAlgorithm", options.hashAlgorithm)
    const algorithms = verify ? ["md5", algorithm].filter((each) => hasher.supports(each)) : []
    const sent = yield* send(services, Endpoints.uploadData, image, source, algorithms, options)
    const imageId = Image.idOf(image)
    const record = yield* Settle.settled(imageId, settleLimit, Record.read(operations, image))
    if (!verify) return record
    const { comparable, wrong } = Upload.compare(record, sent)
    if (wrong !== undefined) {
      if (options.onMismatch === "delete") yield* Creation.discard(images, image)
      return yield* new GlanceError.ImageIntegrityError({ imageId, at: "upload", ...wrong })
    }
    if (comparable) return record
    const found = Upload.hashesOf(record).map(({ algorithm }) => algorithm)
    return yield* new GlanceError.ImageUnverifiable({ imageId, algorithms: found })
  })

const download = <E, R>(
  services: Services,
  image: Image.ImageRef,
  options: DownloadStreamOptions<E, R>
): Stream.Stream<Uint8Array, DownloadError | E, R> =>
  Effect.gen(function* () {
    const transfer = yield* transferOf(services, image, options)
    const { length, start = 0 } = options.range ?? {}
    yield* Check.check("range.start", start, Check.wholeNumber(0))
    if (length !== undefined) yield* Check.check("range.length", length, Check.wholeNumber(1))
    const isPart = options.range !== undefined
    if (isPart && (options.verify === true || options.expected !== undefined)) {
      yield* Check.invalid("range", "cannot be verified: the hashes are of the whole")
    }
    const verify = !isPart && (options.verify ?? true)
    const { check, hash, record, refusal } = yield* Verification.start(services, image, options.expected, verify)
    const queue = yield* ByteQueue.make<DownloadError | E>()
    const end = Option.map(Option.fromNullable(length), (length) => start + length)
    const wanted = { ...transfer, start, end, size: Option.flatMap(record, ({ size }) => size) }
    yield* InternalProgress.guarded(options.onProgress, (onProgress) =>
      Download.run({ ...wanted, onProgress }, Download.begin(start), (bytes) => {
        if (refusal !== undefined) return Effect.fail(refusal)
        const hashing = hash === undefined ? Effect.void : Transfer.hashed(hash, [bytes])
        return Effect.zipRight(hashing, queue.offer([bytes]))
      })
    ).pipe(Effect.zipRight(check), Effect.onExit(queue.done), Effect.interruptible, Effect.forkScoped)
    return queue.stream
  }).pipe(Stream.unwrapScoped)

/** Downloads into a part file. */
const downloadToPart = <E, R>(
  services: Services,
  image: Image.ImageRef,
  part: Part.Part,
  transfer: Either.Either.Right<ReturnType<typeof transferOf>>,
  { expected, onProgress: report, parallel = 1, sync = true, verify = true }: DownloadToOptions<E, R>
) =>
  Effect.gen(function* () {
    const { check, hash, record: known, refusal } = yield* Verification.start(services, image, expected, verify)
    const record = Option.isSome(known) ? known.value : yield* transfer.record
    const { size } = record
    const { copy, length } = yield* part.takeOver(size)
    if (length > 0 && hash !== undefined) yield* File.rehash(part.path, hash)
    const file = yield* File.writer(part.path, length, hash)
    const write = (
      bytes: Uint8Array
    ): Effect.Effect<void, PlatformError.PlatformError | GlanceError.ImageUnverifiable> =>
      refusal === undefined ? file.write(bytes) : Effect.fail(refusal)
    const most = Option.getOrElse(size, () => Number.POSITIVE_INFINITY)
    const start = Option.isNone(copy) ? length : yield* File.copy(copy.value, most, file)
    // With all bytes present, there is nothing to request.
    if (start === 0 || !Option.contains(size, start)) {
      const wanted = { ...transfer, start: 0, end: Option.none() }
      yield* InternalProgress.guarded(report, (onProgress) =>
        parallel > 1 && Option.isSome(size)
          ? Download.runParallel({ ...wanted, onProgress, size }, start, parallel, write)
          : Download.run({ ...wanted, onProgress, size }, Download.begin(start), write)
      )
    }
    yield* file.flush
    yield* check
    if (sync) yield* file.sync
    return record
  }).pipe(Effect.scoped)

const downloadTo = <E, R>(
  services: Services,
  image: Image.ImageRef,
  path: string,
  options: DownloadToOptions<E, R>
): Effect.Effect<Image.Image, DownloadToError | E, FileSystem.FileSystem | R> =>
  Effect.gen(function* () {
    const { parallel = 1, resume = true, sync = true } = options
    const transfer = yield* transferOf(services, image, options)
    yield* Check.check("parallel", parallel, Check.wholeNumber(1, maxParallel))
    const keep = (exit: Exit.Exit<unknown, unknown>) => !isWrong(exit)
    return yield* Part.use({ imageId: transfer.imageId, path, resume, sync, keep }, (part) =>
      downloadToPart(services, image, part, transfer, options)
    )
  })

/** Whether the data differ from the image, or go beyond its end: they are of no use to a later download. */
const isWrong = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) &&
  Option.exists(
    Cause.failureOption(exit.cause),
    (error) => error instanceof GlanceError.ImageIntegrityError || error instanceof GlanceError.RangeNotSatisfiable
  )

const createWithData = (services: Services): Service["createWithData"] =>
  Operations.longOperation("ImageData.createWithData")(
    <S extends ImageSource.Any, E2 = never, R2 = never>(
      image: Images.NewImage,
      input: S,
      { keep = false, ...options }: CreateOptions<E2, R2> = {}
    ) =>
      Effect.flatMap(
        Either.flatMap(TransferLimits.of(options), () => Source.resolve(services.http, input)),
        (source) =>
          Creation.creating(
            services.images,
            image,
            (exit) => keep || Option.exists(Cause.failureOption(exit.cause), Settle.isStored),
            (created) => uploadFrom(services, created, source, options)
          )
      )
  )

/**
 * Makes the service on the `GlanceClient` of the context, with the `Hasher` of the context or its default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const http = yield* GlanceClient.GlanceClient
  const services: Services = {
    http,
    hasher: yield* Hasher.Hasher,
    images: yield* Images.make,
    operations: Operations.make(http)
  }
  const upload = <S extends ImageSource.Any, E2 = never, R2 = never>(
    image: Image.ImageRef,
    input: S,
    options: UploadOptions<E2, R2> = {}
  ) => Effect.flatMap(Source.resolve(http, input), (source) => uploadFrom(services, image, source, options))
  const stage = <S extends ImageSource.Any, E2 = never, R2 = never>(
    image: Image.ImageRef,
    input: S,
    options: StageOptions<E2, R2> = {}
  ) =>
    Effect.flatMap(Source.resolve(http, input), (source) =>
      Effect.asVoid(send(services, Endpoints.stageData, image, source, [], options))
    )
  return {
    upload: Operations.longOperation(Endpoints.uploadData)(upload),
    uploadWithProgress: (image, input, options = {}) =>
      InternalProgress.withProgress((onProgress) => upload(image, input, { ...options, onProgress })).pipe(
        Operations.streamOperation("ImageData.uploadWithProgress")
      ),
    stage: Operations.longOperation(Endpoints.stageData)(stage),
    createWithData: createWithData(services),
    download: (image, options = {}) =>
      Operations.streamOperation(Endpoints.downloadData)(download(services, image, options)),
    downloadTo: Operations.longOperation("ImageData.downloadTo")(
      <E = never, R = never>(image: Image.ImageRef, path: string, options: DownloadToOptions<E, R> = {}) =>
        downloadTo(services, image, path, options)
    ),
    downloadToWithProgress: (image, path, options = {}) =>
      InternalProgress.withProgress((onProgress) => downloadTo(services, image, path, { ...options, onProgress })).pipe(
        Operations.streamOperation("ImageData.downloadToWithProgress")
      )
  }
})

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { ImageData } from "@effect-glance/core"
 * import { NodeCloud, NodeHasher } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(ImageData.layer, [NodeCloud.layerEnv(), NodeHasher.layer])
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageData, never, GlanceClient.GlanceClient> = Layer.effect(ImageData, make)
