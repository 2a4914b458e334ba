/**
 * The data of an image: upload, stage and download, as streams, compared with the hashes of the record.
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
import * as HashAlgorithms from "./internal/hashAlgorithms.js"
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

/**
 * How far a transfer is. `total` is none while nobody knows.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress extends Transfer.Progress {}

/**
 * How far a transfer is and how fast it goes. `result` is what the operation returned, and is only in the last element.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransferProgress<A> extends InternalProgress.TransferProgress<A> {}

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
 * How data are moved, in either direction.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransferOptions<out E = never, out R = never> {
  /**
   * How often in a row it is tried again, after a connection that broke off, 429, 502, 503 or 504, without a byte of
   * progress in between. The wait before it doubles from 200 milliseconds on, and is never less than `Retry-After`.
   *
   * @default 3
   */
  readonly retries?: number | undefined
  /**
   * The longest wait that the server may ask for with `Retry-After`. If it asks for more, the transfer fails at once
   * with the server's error, whose `retryAfter` says how long it asked for.
   *
   * @default 5 minutes
   */
  readonly maxWait?: Duration.DurationInput | undefined
  /**
   * How long the other side may take to move the next kibibyte, or the rest if that is less, while it is its turn. The
   * time that the source or the consumer takes is not counted.
   *
   * @default 5 minutes
   */
  readonly idleLimit?: Duration.DurationInput | undefined
  /**
   * Is called after each chunk and at least once a mebibyte, and waited for. If it fails, the transfer ends with its
   * error, and no other attempt is made.
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
   * A hash that the source must have. It is compared before the end of the body is told, so that wrong data are never
   * stored.
   */
  readonly expected?: ExpectedHash | undefined
  /**
   * Whether the first bytes must not contradict the image's `diskFormat`, where its container is `bare`. Nothing is
   * sent when they do.
   *
   * @default true
   */
  readonly checkFormat?: boolean | undefined
  /**
   * How long the token must be good for when the upload begins: Glance throws the data away if it ends before them.
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
  /** Id of the store that is to hold the data, where the cloud has several. @default the cloud's choice */
  readonly store?: string | undefined
  /**
   * Whether the size and the hashes of what was sent are compared with the record.
   *
   * @default true
   */
  readonly verify?: boolean | undefined
  /**
   * The hash that the cloud computes besides md5, by Glance's option `hashing_algorithm`: any name of an algorithm, for
   * instance `sha3_512` or `blake2b`.
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
   * What becomes of an image whose record does not agree with what was sent.
   *
   * @default "leave"
   */
  readonly onMismatch?: "leave" | "delete" | undefined
}

/**
 * How an image is made with its data.
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
 * How data are downloaded, and what they are compared with.
 *
 * @since 0.1.0
 * @category models
 */
export interface DownloadOptions<out E = never, out R = never> extends TransferOptions<E, R> {
  /**
   * Whether the data are compared with the strongest hash of the record that can be computed here, or with `expected`.
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
  /** The part that is wanted: from a byte on, so many. It cannot be verified. @default the whole */
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
   * Whether the download continues from what an earlier one to the same path left, and leaves what it has when it fails.
   *
   * @default true
   */
  readonly resume?: boolean | undefined
  /**
   * How many ranges are fetched at once, from 1 to 8, where the store gives ranges. Each takes 8 MiB of memory. One
   * connection is enough where nothing limits how fast one may be.
   *
   * @default 1
   */
  readonly parallel?: number | undefined
  /**
   * Whether the disk has the bytes before the file appears under its name: after a power failure, a file of that name
   * is whole.
   *
   * @default true
   */
  readonly sync?: boolean | undefined
}

/**
 * What staging can end in, besides what the source fails with.
 *
 * @since 0.1.0
 * @category errors
 */
export type StageError = Upload.Failure | GlanceError.InvalidArgument

/**
 * What an upload can end in, besides what the source fails with.
 *
 * @since 0.1.0
 * @category errors
 */
export type UploadError = StageError | GlanceError.ImageUnverifiable | GlanceError.UploadNotEnded

/**
 * What a download can end in.
 *
 * @since 0.1.0
 * @category errors
 */
export type DownloadError = Download.Failure | GlanceError.ImageUnverifiable | GlanceError.InvalidArgument

/**
 * What a download to a file can end in.
 *
 * @since 0.1.0
 * @category errors
 */
export type DownloadToError = DownloadError | GlanceError.DownloadInProgress | PlatformError.PlatformError

/**
 * The operations on the data of an image.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#image-data
 */
export interface Service {
  /**
   * Gives a queued image its data and returns the image when it is `active`.
   *
   * Some clouds confirm the last byte and store the data afterwards. While the status of the image is `queued`, `saving`,
   * `uploading` or `importing`, its record is read again, at most for `settleLimit`; then the upload fails with
   * `UploadNotEnded`. It fails with `UploadFailed` if the cloud gives up (`killed`).
   *
   * The source is read once for each attempt. A source that fails, is too short or too long is never the end of the
   * body to the server: it sees a connection that breaks off. A second attempt begins with the first byte, and is made
   * only where the source says that it can be read again, or where nothing was read.
   *
   * An answer that comes before the end of the body stops the source, except over `NodeHttpClient.layer`: that client
   * looks for an answer when the whole body is written, and when the server has hung up by then, ends in a
   * `TransportError`, or waits until `idleLimit` has passed.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#upload-binary-image-data
   */
  readonly upload: <S extends ImageSource.Any, E = never, R = never>(
    image: Image.ImageRef,
    source: S,
    options?: UploadOptions<E, R>
  ) => Effect.Effect<Image.Image, UploadError | ImageSource.ErrorOf<S> | E, ImageSource.ContextOf<S> | R>
  /**
   * {@link Service.upload} as a stream of its progress, with the rate and the time left. The last element has the image
   * as its `result`. The upload is interrupted if the stream is not run to its end. A consumer that is slower than the
   * upload misses elements, never the last one.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#upload-binary-image-data
   */
  readonly uploadWithProgress: <S extends ImageSource.Any>(
    image: Image.ImageRef,
    source: S,
    options?: Omit<UploadOptions, "onProgress">
  ) => Stream.Stream<TransferProgress<Image.Image>, UploadError | ImageSource.ErrorOf<S>, ImageSource.ContextOf<S>>
  /**
   * Puts data where an import by the method `glance-direct` finds them (`ImageImport`). The cloud computes no hash before
   * the import.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#stage-binary-image-data
   */
  readonly stage: <S extends ImageSource.Any, E = never, R = never>(
    image: Image.ImageRef,
    source: S,
    options?: StageOptions<E, R>
  ) => Effect.Effect<void, StageError | ImageSource.ErrorOf<S> | E, ImageSource.ContextOf<S> | R>
  /**
   * Creates an image, gives it its data and returns it when it is `active`. If that fails or is interrupted, the image is
   * deleted, also if the response to its creation was lost. An image that may have its data is kept: after
   * `UploadNotEnded`, `ImageUnverifiable` and `ImageNotQueued`, which name it.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-image
   */
  readonly createWithData: <S extends ImageSource.Any, E = never, R = never>(
    image: Images.NewImage,
    source: S,
    options?: CreateOptions<E, R>
  ) => Effect.Effect<
    Image.Image,
    UploadError | GlanceError.DuplicateImage | ImageSource.ErrorOf<S> | E,
    ImageSource.ContextOf<S> | R
  >
  /**
   * The data. A stream that ends has given all of them, and they agree with the record; else it fails instead of
   * ending. A connection that breaks off is taken up where it left.
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
   * {@link Service.downloadTo} as a stream of its progress, as {@link Service.uploadWithProgress} has it.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#download-binary-image-data
   */
  readonly downloadToWithProgress: (
    image: Image.ImageRef,
    path: string,
    options?: Omit<DownloadToOptions, "onProgress">
  ) => Stream.Stream<TransferProgress<Image.Image>, DownloadToError, FileSystem.FileSystem>
}

/**
 * Runs any operation that takes `onProgress` as a stream of its progress, with the rate and the time left. The last
 * element has the operation's `result`. The operation is interrupted if the stream is not run to its end. A consumer
 * that is slower than the transfer misses elements, never the last one.
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

/** As many segments in memory as let a process stay small. */
const maxParallel = 8

const unsupported = (algorithm: unknown): string =>
  `is an algorithm that cannot be computed here: ${Check.shown(algorithm)}`

/** A value that no hash of the algorithm can have is refused before anything is sent. */
const hashCheck =
  (algorithm: string): Check.Check =>
  (value) => {
    const digits = HashAlgorithms.digitsOf(algorithm)
    const fits = typeof value === "string" && /^[0-9a-f]+$/i.test(value) && value.length === (digits ?? value.length)
    return fits
      ? undefined
      : `must be ${digits === undefined ? "" : `${digits} `}hexadecimal digits, not ${Check.shown(value)}`
  }

/**
 * Makes the service on the port of the context, with the `Hasher` of the context or its default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const http = yield* GlanceClient.GlanceClient
  const hasher = yield* Hasher.Hasher
  const images = yield* Images.make

  /** The algorithm by its canonical name, which is how core gives every algorithm to the hasher. */
  const supported = (argument: string, algorithm: string) =>
    Either.map(
      Check.check(argument, algorithm, (name) =>
        typeof name === "string" && hasher.supports(HashAlgorithms.canonicalName(name)) ? undefined : unsupported(name)
      ),
      HashAlgorithms.canonicalName
    )

  const operations = Operations.make(http)

  const read = (image: Image.ImageRef) => Record.read(operations, image)

  /** All of a transfer but its progress, which `InternalProgress.guarded` gives. */
  const transfer = <E, R>(image: Image.ImageRef, options: TransferOptions<E, R>) =>
    Either.map(TransferLimits.of(options), ({ idleLimit, maxWait, retries }) => ({
      operations,
      http,
      imageId: Image.idOf(image),
      retries,
      maxWait,
      idleLimit
    }))

  const expectedOf = (expected: ExpectedHash | undefined) =>
    expected === undefined
      ? Effect.succeed(undefined)
      : Effect.gen(function* () {
          const { value } = expected
          const algorithm = yield* supported("expected.algorithm", expected.algorithm)
          yield* Check.check("expected.value", value, hashCheck(algorithm))
          return { algorithm, value: value.toLowerCase() }
        })

  const send = <E, R, E2, R2>(
    endpoint: Upload.Upload<E, R>["endpoint"],
    image: Image.ImageRef,
    source: ImageSource.ImageSource<E, R>,
    algorithms: ReadonlyArray<string>,
    options: StageOptions<E2, R2> & Pick<UploadOptions, "store">
  ): Effect.Effect<Upload.Sent, StageError | E | E2, R | R2> =>
    Effect.gen(function* () {
      yield* Check.check("image", Image.idOf(image), Check.segment)
      const { tokenLife } = yield* TransferLimits.of(options)
      const common = yield* transfer(image, options)
      const expected = yield* expectedOf(options.expected)
      const checkFormat = options.checkFormat ?? true
      const record: Effect.Effect<Image.Image, Effect.Effect.Error<ReturnType<typeof read>>> = read(image)
      const before = typeof image === "object" ? image : checkFormat ? yield* record : undefined
      const upload = {
        ...common,
        endpoint,
        source,
        store: options.store,
        hasher,
        algorithms: [...new Set([...algorithms, ...(expected === undefined ? [] : [expected.algorithm])])],
        expected,
        tokenLife,
        format: checkFormat ? before : undefined,
        queued: before?.status === "queued",
        record
      }
      return yield* InternalProgress.guarded(options.onProgress, (onProgress) => Upload.send({ ...upload, onProgress }))
    })

  const uploadAs = <E, R, E2, R2>(
    image: Image.ImageRef,
    source: ImageSource.ImageSource<E, R>,
    options: UploadOptions<E2, R2>
  ): Effect.Effect<Image.Image, UploadError | E | E2, R | R2> =>
    Effect.gen(function* () {
      const { settleLimit } = yield* TransferLimits.of(options)
      const verify = options.verify ?? true
      const algorithm =
        options.hashAlgorithm === undefined ? "sha512" : yield* supported("hashAlgorithm", options.hashAlgorithm)
      const algorithms = verify ? ["md5", algorithm].filter((each) => hasher.supports(each)) : []
      const sent = yield* send(Endpoints.uploadData, image, source, algorithms, options)
      const imageId = Image.idOf(image)
      const record = yield* Settle.settled(imageId, settleLimit, read(image))
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

  const resolve = <S extends ImageSource.Any>(input: S) => Source.resolve(http, input)

  const upload: Service["upload"] = Operations.longOperation(Endpoints.uploadData.operation)(
    <S extends ImageSource.Any, E2 = never, R2 = never>(
      image: Image.ImageRef,
      input: S,
      options: UploadOptions<E2, R2> = {}
    ) => Effect.flatMap(resolve(input), (source) => uploadAs(image, source, options))
  )

  const uploadWithProgress: Service["uploadWithProgress"] = (image, input, options = {}) =>
    InternalProgress.withProgress((onProgress) =>
      Effect.flatMap(resolve(input), (source) => uploadAs(image, source, { ...options, onProgress }))
    ).pipe(Operations.streamOperation("ImageData.uploadWithProgress"))

  const stage: Service["stage"] = Operations.longOperation(Endpoints.stageData.operation)(
    <S extends ImageSource.Any, E2 = never, R2 = never>(
      image: Image.ImageRef,
      input: S,
      options: StageOptions<E2, R2> = {}
    ) =>
      Effect.flatMap(resolve(input), (source) => Effect.asVoid(send(Endpoints.stageData, image, source, [], options)))
  )

  const createWithData: Service["createWithData"] = Operations.longOperation("ImageData.createWithData")(
    <S extends ImageSource.Any, E2 = never, R2 = never>(
      image: Images.NewImage,
      input: S,
      { keep = false, ...options }: CreateOptions<E2, R2> = {}
    ) =>
      Effect.flatMap(
        Either.flatMap(TransferLimits.of(options), () => resolve(input)),
        (source) =>
          Creation.creating(
            images,
            image,
            (exit) => keep || Option.exists(Cause.failureOption(exit.cause), Settle.isStored),
            (created) => uploadAs(created, source, options)
          )
      )
  )

  /** What the data are compared with: what was asked for, or the strongest of the record's hashes. */
  const target = (
    image: Image.ImageRef,
    options: Pick<DownloadOptions, "expected">,
    verify: boolean
  ): Effect.Effect<
    {
      readonly record: Option.Option<Image.Image>
      readonly hash: Upload.Known | undefined
      /** What bytes end in that must not be there. */
      readonly refusal?: GlanceError.ImageUnverifiable
    },
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageNotFound | GlanceError.ImageUnverifiable
  > =>
    Effect.gen(function* () {
      const expected = yield* expectedOf(options.expected)
      if (!verify) return { record: Option.none(), hash: undefined }
      const given = typeof image === "object" ? Option.some(image) : Option.none()
      if (expected !== undefined) return { record: given, hash: expected }
      const record = Option.isSome(given) && Upload.hashesOf(given.value).length > 0 ? given.value : yield* read(image)
      const hashes = Upload.hashesOf(record)
      const hash = hashes.find(({ algorithm }) => hasher.supports(algorithm))
      if (hash === undefined) {
        const refusal = new GlanceError.ImageUnverifiable({
          imageId: Image.idOf(image),
          algorithms: hashes.map(({ algorithm }) => algorithm)
        })
        // Without data there is nothing to verify, and the response says so. Data all the same cannot be verified.
        return record.status === "queued" ? { record: Option.none(), hash: undefined, refusal } : yield* refusal
      }
      return { record: Option.some(record), hash }
    })

  const check = (image: Image.ImageRef, known: Upload.Known | undefined, hash: Hasher.Hash | undefined) =>
    known === undefined || hash === undefined
      ? Effect.void
      : Effect.flatMap(hash.digest, (hashes) => {
          const actual = hashes.get(known.algorithm) ?? ""
          return actual === known.value
            ? Effect.void
            : Effect.fail(
                new GlanceError.ImageIntegrityError({
                  imageId: Image.idOf(image),
                  at: "download",
                  property: known.algorithm,
                  expected: known.value,
                  actual
                })
              )
        })

  const refuseOr = <E>(
    refusal: GlanceError.ImageUnverifiable | undefined,
    check: Effect.Effect<void, E>
  ): Effect.Effect<void, E | GlanceError.ImageUnverifiable> => (refusal === undefined ? check : Effect.fail(refusal))

  const begin = (known: Upload.Known | undefined) =>
    known === undefined ? Effect.succeed(undefined) : hasher.start([known.algorithm])

  const download: Service["download"] = <E = never, R = never>(
    image: Image.ImageRef,
    options: DownloadStreamOptions<E, R> = {}
  ): Stream.Stream<Uint8Array, DownloadError | E, R> =>
    Effect.gen(function* () {
      yield* Check.check("image", Image.idOf(image), Check.segment)
      const common = yield* transfer(image, options)
      const { length, start = 0 } = options.range ?? {}
      yield* Check.check("range.start", start, Check.wholeNumber(0))
      if (length !== undefined) yield* Check.check("range.length", length, Check.wholeNumber(1))
      const part = options.range !== undefined
      if (part && (options.verify === true || options.expected !== undefined)) {
        yield* Check.invalid("range", "cannot be verified: the hashes are of the whole")
      }
      const verify = !part && (options.verify ?? true)
      const { hash: known, record, refusal } = yield* target(image, options, verify)
      const hash = yield* begin(known)
      const queue = yield* ByteQueue.make<DownloadError | E>()
      yield* InternalProgress.guarded(options.onProgress, (onProgress) =>
        Download.run(
          {
            ...common,
            onProgress,
            start,
            end: Option.map(Option.fromNullable(length), (length) => start + length),
            size: Option.flatMap(record, ({ size }) => size),
            record: read(image)
          },
          Download.begin(start),
          (bytes) => {
            if (refusal !== undefined) return Effect.fail(refusal)
            const hashing = hash === undefined ? Effect.void : Transfer.hashed(hash, [bytes])
            return Effect.zipRight(hashing, queue.offer([bytes]))
          }
        )
      ).pipe(
        Effect.zipRight(refuseOr(refusal, check(image, known, hash))),
        Effect.onExit(queue.done),
        Effect.interruptible,
        Effect.forkScoped
      )
      return queue.stream
    }).pipe(Stream.unwrapScoped, Operations.streamOperation(Endpoints.downloadData.operation))

  const downloadTo: Service["downloadTo"] = Operations.longOperation("ImageData.downloadTo")(
    <E = never, R = never>(image: Image.ImageRef, path: string, options: DownloadToOptions<E, R> = {}) =>
      downloadAs(image, path, options)
  )

  const downloadToWithProgress: Service["downloadToWithProgress"] = (image, path, options = {}) =>
    InternalProgress.withProgress((onProgress) => downloadAs(image, path, { ...options, onProgress })).pipe(
      Operations.streamOperation("ImageData.downloadToWithProgress")
    )

  const downloadAs = <E, R>(
    image: Image.ImageRef,
    path: string,
    options: DownloadToOptions<E, R>
  ): Effect.Effect<Image.Image, DownloadToError | E, FileSystem.FileSystem | R> => {
    const imageId = Image.idOf(image)
    const { parallel = 1, resume = true, sync = true } = options

    const fetch = (common: Either.Either.Right<ReturnType<typeof transfer>>, part: Part.Part) =>
      Effect.gen(function* () {
        const verify = options.verify ?? true
        const { hash: known, record: known_, refusal } = yield* target(image, options, verify)
        const record = Option.isSome(known_) ? known_.value : yield* read(image)
        const { size } = record
        const { copy, length } = yield* part.takeOver(size)
        const hash = yield* begin(known)
        if (length > 0 && hash !== undefined) yield* File.rehash(part.path, hash)
        const file = yield* File.writer(part.path, length, hash)
        const write = (
          bytes: Uint8Array
        ): Effect.Effect<void, PlatformError.PlatformError | GlanceError.ImageUnverifiable> =>
          refusal === undefined ? file.write(bytes) : Effect.fail(refusal)
        const most = Option.getOrElse(size, () => Number.POSITIVE_INFINITY)
        const start = Option.isNone(copy) ? length : yield* File.copy(copy.value, most, file)
        // With all the bytes there, nothing is left to ask for.
        if (start === 0 || !Option.contains(size, start)) {
          const wanted = {
            ...common,
            start: 0,
            end: Option.none(),
            record: read(image)
          }
          yield* InternalProgress.guarded(options.onProgress, (onProgress) =>
            parallel > 1 && Option.isSome(size)
              ? Download.runParallel({ ...wanted, onProgress, size }, start, parallel, write)
              : Download.run({ ...wanted, onProgress, size }, Download.begin(start), write)
          )
        }
        yield* file.flush
        yield* refuseOr(refusal, check(image, known, hash))
        if (sync) yield* file.sync
        return record
      }).pipe(Effect.scoped)

    return Effect.gen(function* () {
      yield* Check.check("image", Image.idOf(image), Check.segment)
      const common = yield* transfer(image, options)
      yield* Check.check("parallel", parallel, Check.wholeNumber(1, maxParallel))
      const keep = (exit: Exit.Exit<unknown, unknown>) => !isWrong(exit)
      return yield* Part.use({ imageId, path, resume, sync, keep }, (part) => fetch(common, part))
    })
  }

  return { upload, uploadWithProgress, stage, createWithData, download, downloadTo, downloadToWithProgress }
})

/** Bytes that do not agree with the image, or go beyond its end, are of no use to a later download. */
const isWrong = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) &&
  Option.exists(
    Cause.failureOption(exit.cause),
    (error) => error instanceof GlanceError.ImageIntegrityError || error instanceof GlanceError.RangeNotSatisfiable
  )

/**
 * {@link make} as a layer. A layer is built once for all who ask for it in one graph: for two projects side by side
 * take `Layer.fresh` of it, or `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageData, never, GlanceClient.GlanceClient> = Layer.effect(ImageData, make)
