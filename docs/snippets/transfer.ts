// #region upload
import { type Image, ImageData, ImageSource } from "@effect-glance/core"
import { Console, Duration, Effect, Option, Stream } from "effect"

/** Creates an image with the data of a file. Deletes it again if the upload fails or is interrupted. */
export const upload = (file: string) =>
  Effect.gen(function* () {
    const data = yield* ImageData.ImageData
    const attributes = { name: "disk", diskFormat: "raw", containerFormat: "bare" }
    return yield* data.createWithData(attributes, ImageSource.file(file))
  })
// #endregion upload

// #region progress
const percent = ({ bytes, total }: ImageData.Progress) =>
  Option.match(total, { onNone: () => `${bytes} bytes`, onSome: (all) => `${Math.floor((100 * bytes) / all)} %` })

/** Uploads a file to a queued image, and prints its progress. The last element of the stream has the image. */
export const uploadWithProgress = (image: Image.ImageRef, file: string) =>
  Effect.gen(function* () {
    const data = yield* ImageData.ImageData
    yield* Stream.runForEach(data.uploadWithProgress(image, ImageSource.file(file)), (progress) => {
      const left = Option.match(progress.remaining, {
        onNone: () => "",
        onSome: (time) => `, ${Duration.format(time)} left`
      })
      return Console.log(`${percent(progress)}${left}`)
    })
  })
// #endregion progress

// #region callback
/** The same with a callback, which may use services and may fail. */
export const uploadWithCallback = (image: Image.ImageRef, file: string) =>
  Effect.flatMap(ImageData.ImageData, (data) =>
    data.upload(image, ImageSource.file(file), { onProgress: (progress) => Console.log(percent(progress)) })
  )
// #endregion callback

// #region sources
/** Bytes in memory, a Blob or a File, and a path need no constructor. */
export const uploadBytes = (image: Image.ImageRef, bytes: Uint8Array) =>
  Effect.flatMap(ImageData.ImageData, (data) => data.upload(image, bytes))

/** A stream: with its size, the server can refuse it before the first byte. */
export const uploadStream = <E, R>(image: Image.ImageRef, stream: Stream.Stream<Uint8Array, E, R>, size: number) =>
  Effect.flatMap(ImageData.ImageData, (data) =>
    data.upload(image, ImageSource.stream(stream, { size, replayable: true }))
  )
// #endregion sources

// #region hash
/** Uploads only if the file has the published checksum. The server never stores other data. */
export const uploadKnown = (image: Image.ImageRef, file: string, sha256: string) =>
  Effect.flatMap(ImageData.ImageData, (data) =>
    data.upload(image, ImageSource.file(file), { expected: { algorithm: "sha256", value: sha256 } })
  )
// #endregion hash

// #region download
/** Downloads an image to a file, which appears under its name when it is complete and verified. */
export const download = (image: Image.ImageRef, file: string) =>
  Effect.gen(function* () {
    const data = yield* ImageData.ImageData
    const record = yield* data.downloadTo(image, file)
    yield* Console.log(`${Option.getOrElse(record.size, () => 0)} bytes in ${file}`)
  })
// #endregion download

// #region stream
/** Counts the bytes of an image. The stream fails if they do not match the hash of the record. */
export const countBytes = (image: Image.ImageRef) =>
  Effect.gen(function* () {
    const data = yield* ImageData.ImageData
    return yield* Stream.runFold(data.download(image), 0, (sum, bytes) => sum + bytes.length)
  })
// #endregion stream

// #region range
/** Reads the first bytes of an image, for instance to look at a header. */
export const firstBytes = (image: Image.ImageRef, length: number) =>
  Effect.gen(function* () {
    const data = yield* ImageData.ImageData
    const chunks = yield* Stream.runCollect(data.download(image, { range: { start: 0, length } }))
    return Buffer.concat([...chunks])
  })
// #endregion range

// #region limits
/** Gives up after a minute without a byte, and retries five times in a row. */
export const impatient = (image: Image.ImageRef, file: string) =>
  Effect.flatMap(ImageData.ImageData, (data) =>
    data.downloadTo(image, file, { idleLimit: "1 minute", retries: 5, maxWait: "30 seconds" })
  ).pipe(
    Effect.catchTag("TransferStalled", (error) =>
      Effect.zipRight(Console.log(`stopped after ${error.bytes} bytes`), error)
    )
  )
// #endregion limits
