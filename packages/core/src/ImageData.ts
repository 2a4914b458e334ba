/**
 * The data of an image: upload, stage and download, as streams, compared with the hashes of the record.
 *
 * @since 0.1.0
 */
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as GlanceError from "./GlanceError.js"
import * as GlanceHttp from "./GlanceHttp.js"
import * as Hasher from "./Hasher.js"
import * as Image from "./Image.js"
import type * as ImageSource from "./ImageSource.js"
import * as Images from "./Images.js"
import * as Argument from "./internal/argument.js"
import * as Creation from "./internal/creation.js"
import * as Data from "./internal/data.js"
import * as Download from "./internal/download.js"
import * as File from "./internal/file.js"
import * as Handoff from "./internal/handoff.js"
import * as Internal from "./internal/image.js"
import * as Record from "./internal/record.js"
import * as Source from "./internal/source.js"
import * as Upload from "./internal/upload.js"

/**
 * How far a transfer is. `total` is none while nobody knows.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress extends Data.Progress {}

/**
 * A hash that data must have.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExpectedHash {
  /** `md5`, `sha512` or another that the hasher knows. */
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
export interface TransferOptions {
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
   * How long the other side may do nothing while it is its turn. The time that the source or the consumer takes is not
   * counted.
   *
   * @default 5 minutes
   */
  readonly idleLimit?: Duration.DurationInput | undefined
  /** Is run after each chunk, and waited for. */
  readonly onProgress?: ((progress: Progress) => Effect.Effect<void>) | undefined
}

/**
 * How data are staged.
 *
 * @since 0.1.0
 * @category models
 */
export interface StageOptions extends TransferOptions {
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
export interface UploadOptions extends StageOptions {
  /** Id of the store that is to hold the data, where the cloud has several. @default the cloud's choice */
  readonly store?: string | undefined
  /**
   * Whether the size and the hashes of what was sent are compared with the record.
   *
   * @default true
   */
  readonly verify?: boolean | undefined
  /**
   * The hash that the cloud computes besides md5, by Glance's option `hashing_algorithm`.
   *
   * @default "sha512"
   */
  readonly hashAlgorithm?: string | undefined
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
export interface CreateOptions extends UploadOptions {
  /**
   * Whether the image stays when the upload fails or is interrupted.
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
export interface DownloadOptions extends TransferOptions {
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
export interface DownloadStreamOptions extends DownloadOptions {
  /** The part that is wanted: from a byte on, so many. It cannot be verified. @default the whole */
  readonly range?: { readonly start: number; readonly length?: number | undefined } | undefined
}

/**
 * How data are downloaded into a file.
 *
 * @since 0.1.0
 * @category models
 */
export interface DownloadToOptions extends DownloadOptions {
  /**
   * Whether what an earlier download to the same path left is taken up, and what this one leaves is kept.
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
export type UploadError = StageError | GlanceError.ImageUnverifiable

/**
 * What a download can end in.
 *
 * @since 0.1.0
 * @category errors
 */
export type DownloadError = Download.Failure | GlanceError.ImageUnverifiable | GlanceError.InvalidArgument

/**
 * The operations on the data of an image.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#image-data
 */
export interface Service {
  /**
   * Gives a queued image its data and answers the image as it is then.
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
  readonly upload: <S extends ImageSource.Any>(
    image: Image.ImageRef,
    source: S,
    options?: UploadOptions
  ) => Effect.Effect<Image.Image, UploadError | ImageSource.ErrorOf<S>, ImageSource.ContextOf<S>>
  /**
   * Puts data where an import by the method `glance-direct` finds them (`ImageImport`). The cloud computes no hash before
   * the import.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#stage-binary-image-data
   */
  readonly stage: <S extends ImageSource.Any>(
    image: Image.ImageRef,
    source: S,
    options?: StageOptions
  ) => Effect.Effect<void, StageError | ImageSource.ErrorOf<S>, ImageSource.ContextOf<S>>
  /**
   * Creates an image and gives it its data. When that fails or is interrupted, the image is deleted, also where the
   * answer to its creation was lost.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-image
   */
  readonly createWithData: <S extends ImageSource.Any>(
    image: Images.NewImage,
    source: S,
    options?: CreateOptions
  ) => Effect.Effect<
    Image.Image,
    UploadError | GlanceError.DuplicateImage | ImageSource.ErrorOf<S>,
    ImageSource.ContextOf<S>
  >
  /**
   * The data. A stream that ends has given all of them, and they agree with the record; else it fails instead of
   * ending. A connection that breaks off is taken up where it left.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#download-binary-image-data
   */
  readonly download: (
    image: Image.ImageRef,
    options?: DownloadStreamOptions
  ) => Stream.Stream<Uint8Array, DownloadError>
  /**
   * Brings the data into a file, which appears under its name when it is whole and verified. Until then they are beside
   * it, in `{path}.{image id}.part`, from where the next call goes on.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#download-binary-image-data
   */
  readonly downloadTo: (
    image: Image.ImageRef,
    path: string,
    options?: DownloadToOptions
  ) => Effect.Effect<Image.Image, DownloadError | PlatformError.PlatformError, FileSystem.FileSystem>
}

/**
 * The service of image data.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageData extends Context.Tag("@effect-glance/core/ImageData")<ImageData, Service>() {}

const defaultIdleLimit = Duration.minutes(5)
const defaultMaxWait = Duration.minutes(5)
const defaultTokenLife = Duration.minutes(10)

/** As many segments in memory as let a process stay small. */
const maxParallel = 8

const unsupported: Argument.Check = (algorithm) =>
  `is an algorithm that cannot be computed here: ${Argument.shown(algorithm)}`

/** How many digits the hashes have that clouds use; of others it is not known. */
const hashDigits = new Map([
  ["md5", 32],
  ["sha1", 40],
  ["sha224", 56],
  ["sha256", 64],
  ["sha384", 96],
  ["sha512", 128]
])

/** What no data can have would be told only when all of them had passed. */
const hashCheck =
  (algorithm: string): Argument.Check =>
  (value) => {
    const digits = hashDigits.get(algorithm)
    const fits = typeof value === "string" && /^[0-9a-f]+$/i.test(value) && value.length === (digits ?? value.length)
    return fits
      ? undefined
      : `must be ${digits === undefined ? "" : `${digits} `}hexadecimal digits, not ${Argument.shown(value)}`
  }

/**
 * Makes the service on the port of the context, with the `Hasher` of the context or its default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceHttp.GlanceHttp> = Effect.gen(function* () {
  const http = yield* GlanceHttp.GlanceHttp
  const hasher = yield* Hasher.Hasher
  const images = yield* Images.make

  const supported = (operation: string, argument: string, algorithm: string) =>
    Argument.checked(operation, argument, algorithm, hasher.supports(algorithm) ? () => undefined : unsupported)

  const read = (operation: string, image: Image.ImageRef) => Record.read(http, operation, image)

  const transfer = (operation: string, image: Image.ImageRef, options: TransferOptions): Data.Transfer => ({
    http,
    operation,
    imageId: Image.idOf(image),
    retries: options.retries ?? 3,
    maxWait: Duration.decode(options.maxWait ?? defaultMaxWait),
    idleLimit: Duration.decode(options.idleLimit ?? defaultIdleLimit),
    onProgress: options.onProgress
  })

  const expectedOf = (operation: string, expected: ExpectedHash | undefined) =>
    expected === undefined
      ? Effect.succeed(undefined)
      : Effect.gen(function* () {
          const { algorithm, value } = expected
          yield* supported(operation, "expected.algorithm", algorithm)
          yield* Argument.checked(operation, "expected.value", value, hashCheck(algorithm))
          return { algorithm, value: value.toLowerCase() }
        })

  const send = <E, R>(
    operation: string,
    where: "file" | "stage",
    image: Image.ImageRef,
    source: ImageSource.ImageSource<E, R>,
    algorithms: ReadonlyArray<string>,
    options: StageOptions & Pick<UploadOptions, "store">
  ): Effect.Effect<Upload.Sent, StageError | E, R> =>
    Effect.gen(function* () {
      const path = yield* Internal.path(operation, image, where)
      const expected = yield* expectedOf(operation, options.expected)
      const checkFormat = options.checkFormat ?? true
      const record: Effect.Effect<Image.Image, Effect.Effect.Error<ReturnType<typeof read>>> = read(operation, image)
      const before = typeof image === "object" ? image : checkFormat ? yield* record : undefined
      return yield* Upload.send({
        ...transfer(operation, image, options),
        path,
        source,
        store: options.store,
        hasher,
        algorithms: [...new Set([...algorithms, ...(expected === undefined ? [] : [expected.algorithm])])],
        expected,
        tokenLife: Duration.decode(options.tokenLife ?? defaultTokenLife),
        format: checkFormat ? before : undefined,
        queued: before?.status === "queued",
        record
      })
    })

  const uploadAs = <E, R>(
    operation: string,
    image: Image.ImageRef,
    source: ImageSource.ImageSource<E, R>,
    options: UploadOptions
  ): Effect.Effect<Image.Image, UploadError | E, R> =>
    Effect.gen(function* () {
      const verify = options.verify ?? true
      const algorithm = options.hashAlgorithm ?? "sha512"
      if (options.hashAlgorithm !== undefined) yield* supported(operation, "hashAlgorithm", algorithm)
      const algorithms = verify ? ["md5", algorithm].filter((each) => hasher.supports(each)) : []
      const sent = yield* send(operation, "file", image, source, algorithms, options)
      const record = yield* read(operation, image)
      if (!verify) return record
      const imageId = Image.idOf(image)
      const { comparable, wrong } = Upload.compare(record, sent)
      if (wrong !== undefined) {
        if (options.onMismatch === "delete") yield* Creation.discard(images, image)
        return yield* new GlanceError.ImageIntegrityError({ operation, imageId, at: "upload", ...wrong })
      }
      if (comparable) return record
      return yield* new GlanceError.ImageUnverifiable({
        operation,
        imageId,
        algorithms: Upload.hashesOf(record).map(({ algorithm }) => algorithm)
      })
    })

  const resolve = <S extends ImageSource.Any>(operation: string, input: S) => Source.resolve(operation, http, input)

  const upload: Service["upload"] = (image, input, options = {}) => {
    const operation = "ImageData.upload"
    return Effect.flatMap(resolve(operation, input), (source) => uploadAs(operation, image, source, options)).pipe(
      Effect.withSpan(operation)
    )
  }

  const stage: Service["stage"] = (image, input, options = {}) => {
    const operation = "ImageData.stage"
    return Effect.flatMap(resolve(operation, input), (source) =>
      Effect.asVoid(send(operation, "stage", image, source, [], options))
    ).pipe(Effect.withSpan(operation))
  }

  const createWithData: Service["createWithData"] = (image, input, { keep = false, ...options } = {}) => {
    const operation = "ImageData.createWithData"
    return Effect.flatMap(resolve(operation, input), (source) =>
      Creation.creating(
        images,
        image,
        () => keep,
        (created) => uploadAs(operation, created, source, options)
      )
    ).pipe(Effect.withSpan(operation))
  }

  /** What the data are compared with: what was asked for, or the strongest of the record's hashes. */
  const target = (
    operation: string,
    image: Image.ImageRef,
    options: DownloadOptions,
    verify: boolean
  ): Effect.Effect<
    { readonly record: Option.Option<Image.Image>; readonly hash: Upload.Known | undefined },
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageNotFound | GlanceError.ImageUnverifiable
  > =>
    Effect.gen(function* () {
      const expected = yield* expectedOf(operation, options.expected)
      if (!verify) return { record: Option.none(), hash: undefined }
      const given = typeof image === "object" ? Option.some(image) : Option.none()
      if (expected !== undefined) return { record: given, hash: expected }
      const record =
        Option.isSome(given) && Upload.hashesOf(given.value).length > 0 ? given.value : yield* read(operation, image)
      // Without data there is nothing to verify; the download itself says so.
      if (record.status === "queued") return { record: Option.none(), hash: undefined }
      const hashes = Upload.hashesOf(record)
      const hash = hashes.find(({ algorithm }) => hasher.supports(algorithm))
      if (hash === undefined) {
        return yield* new GlanceError.ImageUnverifiable({
          operation,
          imageId: Image.idOf(image),
          algorithms: hashes.map(({ algorithm }) => algorithm)
        })
      }
      return { record: Option.some(record), hash }
    })

  const check = (
    operation: string,
    image: Image.ImageRef,
    known: Upload.Known | undefined,
    hash: Hasher.Hash | undefined
  ) =>
    known === undefined || hash === undefined
      ? Effect.void
      : Effect.flatMap(hash.digest, (hashes) => {
          const actual = hashes.get(known.algorithm) ?? ""
          return actual === known.value
            ? Effect.void
            : Effect.fail(
                new GlanceError.ImageIntegrityError({
                  operation,
                  imageId: Image.idOf(image),
                  at: "download",
                  property: known.algorithm,
                  expected: known.value,
                  actual
                })
              )
        })

  const begin = (known: Upload.Known | undefined) =>
    known === undefined ? Effect.succeed(undefined) : hasher.start([known.algorithm])

  const download: Service["download"] = (image, options = {}) => {
    const operation = "ImageData.download"
    return Effect.gen(function* () {
      const path = yield* Internal.path(operation, image, "file")
      const { length, start = 0 } = options.range ?? {}
      yield* Argument.checked(operation, "range.start", start, Argument.wholeNumber(0))
      if (length !== undefined) yield* Argument.checked(operation, "range.length", length, Argument.wholeNumber(1))
      const part = options.range !== undefined
      if (part && (options.verify === true || options.expected !== undefined)) {
        yield* Argument.checked(
          operation,
          "range",
          options.range,
          () => "cannot be verified: the hashes are of the whole"
        )
      }
      const { hash: known, record } = yield* target(operation, image, options, !part && (options.verify ?? true))
      const hash = yield* begin(known)
      const clock = yield* Effect.clock
      const handoff = Handoff.make<DownloadError>(() => clock.unsafeCurrentTimeMillis())
      const put = (bytes: Uint8Array) => handoff.put(Chunk.of(bytes))
      yield* Download.run(
        {
          ...transfer(operation, image, options),
          path,
          start,
          end: Option.map(Option.fromNullable(length), (length) => start + length),
          size: Option.flatMap(record, ({ size }) => size),
          record: read(operation, image)
        },
        Download.begin(start),
        (bytes) => {
          const wait = hash === undefined ? undefined : Data.hashed(hash, [bytes])
          return wait === undefined ? put(bytes) : Effect.flatMap(wait, () => put(bytes) ?? Effect.void)
        }
      ).pipe(
        Effect.zipRight(check(operation, image, known, hash)),
        Effect.onExit((exit) =>
          Effect.sync(() => (Exit.isSuccess(exit) ? handoff.end() : handoff.fail(Effect.failCause(exit.cause))))
        ),
        Effect.interruptible,
        Effect.forkScoped
      )
      return handoff.stream
    }).pipe(Stream.unwrapScoped, Stream.withSpan(operation))
  }

  const downloadTo: Service["downloadTo"] = (image, path, options = {}) => {
    const operation = "ImageData.downloadTo"
    const part = `${path}.${Image.idOf(image)}.part`
    return Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const route = yield* Internal.path(operation, image, "file")
      const { parallel = 1, resume = true, sync = true } = options
      yield* Argument.checked(operation, "parallel", parallel, Argument.wholeNumber(1, maxParallel))
      const { hash: known, record: known_ } = yield* target(operation, image, options, options.verify ?? true)
      const record = Option.isSome(known_) ? known_.value : yield* read(operation, image)
      const left = resume ? yield* Effect.option(fs.stat(part)) : Option.none()
      const had = Option.match(left, { onNone: () => 0, onSome: ({ size }) => Number(size) })
      // More than the image has is not of this image.
      const start = Option.exists(record.size, (size) => had > size) ? 0 : had
      const fetch = Effect.scoped(
        Effect.gen(function* () {
          const hash = yield* begin(known)
          if (start > 0 && hash !== undefined) yield* File.rehash(part, hash)
          const file = yield* File.writer(part, start, hash)
          // With all the bytes there, nothing is left to ask for.
          if (start === 0 || !Option.contains(record.size, start)) {
            const wanted = {
              ...transfer(operation, image, options),
              path: route,
              start: 0,
              end: Option.none(),
              record: read(operation, image)
            }
            const { size } = record
            yield* parallel > 1 && Option.isSome(size)
              ? Download.runParallel({ ...wanted, size }, start, parallel, file.write)
              : Download.run({ ...wanted, size }, Download.begin(start), file.write)
          }
          yield* file.flush
          yield* check(operation, image, known, hash)
          if (sync) yield* file.sync
        })
      )
      yield* Effect.onExit(fetch, (exit) =>
        Exit.isFailure(exit) && (!resume || isWrong(exit))
          ? Effect.ignore(fs.remove(part, { force: true }))
          : Effect.void
      )
      yield* fs.rename(part, path)
      return record
    }).pipe(Effect.withSpan(operation))
  }

  return { upload, stage, createWithData, download, downloadTo }
})

/** Bytes that do not agree with the image are of no use to a later download. */
const isWrong = (exit: Exit.Failure<unknown, { readonly _tag: string }>): boolean =>
  Option.exists(Cause.failureOption(exit.cause), ({ _tag }) => _tag === "ImageIntegrityError")

/**
 * {@link make} as a layer. A layer is built once for all who ask for it in one graph: for two projects side by side
 * take `Layer.fresh` of it, or `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageData, never, GlanceHttp.GlanceHttp> = Layer.effect(ImageData, make)
