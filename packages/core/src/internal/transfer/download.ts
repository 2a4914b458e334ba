import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Answer from "../../Answer.js"
import * as GlanceClient from "../../GlanceClient.js"
import * as GlanceError from "../../GlanceError.js"
import type * as Image from "../../Image.js"
import type * as ImageData from "../../ImageData.js"
import * as ResponseBody from "../../ResponseBody.js"
import type * as Endpoint from "../endpoint.js"
import * as Endpoints from "../endpoints.js"
import * as Operations from "../operations.js"
import * as TimeLimit from "../timeLimit.js"
import * as ByteQueue from "./byteQueue.js"
import * as Progress from "./progress.js"
import * as Transfer from "./transfer.js"

export interface Download extends Transfer.Transfer {
  /** The first byte that is wanted, and the one after the last. */
  readonly start: number
  readonly end: Option.Option<number>
  /** Whether to read to the end if the store supports no ranges and sends everything anyway. @default false */
  readonly restWithoutRanges?: boolean | undefined
  /** Bytes of the whole image, as its record has it. */
  readonly size: Option.Option<number>
  /** The image as it is now. */
  readonly record: Effect.Effect<Image.Image, GlanceError.GlanceError>
}

export type Failure =
  | Endpoint.ErrorIn<typeof Endpoints.downloadData>
  | GlanceError.NoImageData
  | GlanceError.ImageDeactivated
  | GlanceError.ImageIntegrityError
  | GlanceError.TransferStalled

/** The state of a download over all attempts. */
export interface State {
  attempt: number
  /** The next byte that is wanted. */
  position: number
  /** Whether the store supports ranges, if a response has shown it. */
  ranges: boolean | undefined
  /** Bytes of the whole image, by the record or else by the first response that has the size. */
  total: number | undefined
}

const endOf = ({ end, restWithoutRanges = false }: Download, { ranges }: State): Option.Option<number> =>
  restWithoutRanges && ranges === false ? Option.none() : end

export const begin = (start: number): State => ({
  attempt: 0,
  position: start,
  ranges: undefined,
  total: undefined
})

/** The error of a connection that ended before all bytes had arrived. */
const cut = ({ imageId }: Download, got: number, wanted: number): GlanceError.TransportError =>
  new GlanceError.TransportError({
    method: "GET",
    url: Operations.pathOf(Endpoints.downloadData, { imageId }),
    detail: `the data ended at byte ${got} of ${wanted}`,
    cause: new Error("the body ended early")
  })

/**
 * Downloads the wanted bytes in order. After a broken connection it resumes at the next byte. If the store supports no
 * ranges, it starts from the beginning and skips the bytes that were delivered before.
 */
export const run = <E>(
  download: Download,
  state: State,
  deliver: (bytes: Uint8Array) => Effect.Effect<void, E>
): Effect.Effect<void, Failure | E> =>
  Effect.gen(function* () {
    let failures = 0
    /** Breaks since the position where there was enough progress, however little came before each. */
    let breaks = 0
    let credited = state.position
    for (;;) {
      if (Option.contains(endOf(download, state), state.position)) return
      const before = state.position
      state.attempt += 1
      const result = yield* fetchOnce(download, state, deliver).pipe(
        Effect.ensuring(download.operations.moved("receive", () => state.position - before)),
        Effect.either
      )
      if (result._tag === "Right") return
      const error = result.left
      if (error._tag === "CallerFailure") return yield* Effect.fail(error.error)
      if (error._tag === "RangesRefused") {
        state.ranges = false
        continue
      }
      if (state.position > before) failures = 0
      if (state.position - credited >= Transfer.minProgress) {
        breaks = 0
        credited = state.position
      }
      if (!GlanceError.isTransient(error) || failures >= download.retries || breaks >= Transfer.maxBreaks) {
        return yield* Effect.fail(error)
      }
      failures += 1
      breaks += 1
      const wait = yield* Transfer.waitAfter(download, failures, error)
      yield* Effect.logWarning(`${error.message}; continuing from byte ${state.position} in ${Duration.format(wait)}`)
      yield* Effect.sleep(wait)
    }
  })

/** Some clients fail if a body is empty. */
const isEmptyBody = (error: HttpClientError.HttpClientError): boolean =>
  error._tag === "ResponseError" && error.reason === "EmptyBody"

class RangesRefused {
  readonly _tag = "RangesRefused"
}

/** The data in a response, and their position in the image. */
interface Body {
  readonly response: HttpClientResponse.HttpClientResponse
  readonly start: number
  readonly end: number | undefined
}

/** The time since when the server is waited for. The time of the reader does not count. */
interface Waiting {
  since: number | undefined
}

const fetchOnce = <E>(
  download: Download,
  state: State,
  deliver: (bytes: Uint8Array) => Effect.Effect<void, E>
): Effect.Effect<void, Failure | Transfer.CallerFailure<E> | RangesRefused> =>
  Effect.gen(function* () {
    const waiting: Waiting = { since: yield* Clock.currentTimeMillis }
    const holds = TimeLimit.makeHolds()
    const watch = Transfer.watch(
      download,
      () => waiting.since,
      () => state.position,
      holds
    )
    const read = Effect.gen(function* () {
      const body = yield* request(download, state, waiting, holds)
      yield* receive(download, state, body, waiting, deliver)
      yield* isWhole(download, state, body)
    })
    yield* Transfer.race(Effect.scoped(read), watch)
  })

/** Requests the rest of the data, and returns when the headers of the response have arrived. */
const request = (
  download: Download,
  state: State,
  waiting: Waiting,
  holds: TimeLimit.Holds
): Effect.Effect<Body, Failure | RangesRefused> =>
  Effect.gen(function* () {
    const { imageId } = download
    const asksRange = state.ranges !== false && (state.position > 0 || Option.isSome(download.end))
    const last = Option.match(download.end, { onNone: () => "", onSome: (end) => String(end - 1) })
    const range = `bytes=${state.position}-${last}`
    const request = HttpClientRequest.get(Operations.pathOf(Endpoints.downloadData, { imageId }), {
      headers: {
        // The server sends errors as JSON only if the request accepts it.
        accept: "application/octet-stream, application/json;q=0.9",
        "accept-encoding": "identity",
        ...(asksRange ? { range } : {})
      }
    })
    const response = yield* download.operations.begin(Endpoints.downloadData, request, holds)
    const { headers, status } = response
    if (asksRange && status === 400) {
      yield* ResponseBody.discard(response)
      return yield* Effect.fail(new RangesRefused())
    }
    if (status === 204) {
      const answer = yield* Answer.read("", request, response)
      return yield* new GlanceError.NoImageData({ ...answer, imageId })
    }
    if (status !== 200 && !(asksRange && status === 206)) {
      waiting.since = undefined
      return yield* refuse(download, request, response)
    }
    // As the server wrote it, because a token in another case would not be masked.
    const encoding = (headers["content-encoding"] ?? "").trim() || "identity"
    if (encoding.toLowerCase() !== "identity") {
      const detail = `asked for the bytes as they are, they have the Content-Encoding ${encoding}`
      return yield* Transfer.unexpected(request, response, detail)
    }
    state.total ??= Option.getOrUndefined(download.size)
    return yield* status === 206
      ? partOf(download, state, request, response, range)
      : wholeOf(download, state, response, asksRange)
  })

/** Checks that the data of a 206 begin at the requested position. */
const partOf = (
  download: Download,
  state: State,
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
  range: string
): Effect.Effect<Body, Failure> => {
  const header = response.headers["content-range"]
  const sent = contentRange(header)
  if (sent === undefined || sent.start !== state.position) {
    return Transfer.unexpected(request, response, `asked for ${range}, it came as ${header ?? "an unnamed range"}`)
  }
  state.ranges = true
  state.total ??= sent.size
  return sent.size !== undefined && sent.size !== state.total
    ? wrongSize(download, state.total ?? 0, sent.size)
    : Effect.succeed({ response, start: sent.start, end: sent.end + 1 })
}

/** Reads the length of the data of a 200, which begin with the first byte of the image. */
const wholeOf = (
  download: Download,
  state: State,
  response: HttpClientResponse.HttpClientResponse,
  asksRange: boolean
): Effect.Effect<Body, Failure> => {
  if (asksRange) state.ranges = false
  const header = response.headers["content-length"]
  const length = Number(header ?? "")
  if (header === undefined || !Number.isSafeInteger(length)) {
    return Effect.succeed({ response, start: 0, end: state.total })
  }
  if (state.total !== undefined && length !== state.total) return wrongSize(download, state.total, length)
  state.total = length
  return Effect.succeed({ response, start: 0, end: length })
}

/** Delivers the wanted bytes of a body until it ends, or until no more bytes are wanted. */
const receive = <E>(
  download: Download,
  state: State,
  body: Body,
  waiting: Waiting,
  deliver: (bytes: Uint8Array) => Effect.Effect<void, E>
): Effect.Effect<void, Failure | Transfer.CallerFailure<E>, Scope.Scope> =>
  Effect.gen(function* () {
    const { name } = yield* GlanceClient.Operation
    const { onProgress } = download
    const end = endOf(download, state)
    const wantedEnd = Option.getOrElse(end, () => body.end ?? Number.POSITIVE_INFINITY)
    const total = Option.map(
      Option.orElse(end, () => Option.fromNullable(body.end)),
      (end) => end - download.start
    )
    /** The position of the next byte of the body in the image, and the position when the idle limit last began anew. */
    let position = body.start
    let credited = position

    const one = (piece: Uint8Array): Effect.Effect<void, Failure | Transfer.CallerFailure<E>> =>
      Effect.suspend((): Effect.Effect<void, Failure | Transfer.CallerFailure<E>> => {
        const first = Math.max(0, state.position - position)
        const last = Math.min(piece.length, wantedEnd - position)
        position += piece.length
        if (body.end !== undefined && position > body.end) return wrongSize(download, body.end, position)
        if (first >= last) return Effect.void
        const bytes = first === 0 && last === piece.length ? piece : piece.subarray(first, last)
        return Effect.mapBoth(deliver(bytes), {
          onFailure: (error) => new Transfer.CallerFailure(error),
          onSuccess: () => {
            state.position += bytes.length
          }
        })
      })

    const report =
      onProgress === undefined
        ? Effect.void
        : Effect.suspend(() => onProgress({ attempt: state.attempt, bytes: state.position - download.start, total }))

    /**
     * Returns whether no more of the body is wanted. No `Effect.gen`: a generator function that is made for a chunk
     * keeps it until the next full garbage collection.
     */
    const take = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<boolean, Failure | Transfer.CallerFailure<E>> =>
      Effect.flatMap(Clock.currentTimeMillis, (taken) => {
        const since = waiting.since ?? taken
        waiting.since = undefined
        return Effect.forEach(ByteQueue.evenPieces(chunk), one, { discard: true }).pipe(
          Effect.zipRight(report),
          Effect.zipRight(Clock.currentTimeMillis),
          Effect.map((now) => {
            const isProgress = position - credited >= Transfer.minProgress
            if (isProgress) credited = position
            waiting.since = isProgress ? now : since + now - taken
            return state.position >= wantedEnd && position < (body.end ?? Number.POSITIVE_INFINITY)
          })
        )
      })

    /** Splits the chunk, so that progress is reported at least once per mebibyte. */
    const takeAll = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<boolean, Failure | Transfer.CallerFailure<E>> =>
      onProgress === undefined
        ? take(chunk)
        : Effect.reduce(Progress.portions(chunk), false, (done, part) => (done ? Effect.succeed(done) : take(part)))

    const pull = Effect.catchAll(yield* Transfer.toPull(body.response.stream), (error) =>
      isEmptyBody(error) ? Effect.succeedNone : Effect.fail(GlanceError.transportError(name, error))
    )
    for (;;) {
      const chunk = yield* pull
      if (Option.isNone(chunk) || (yield* takeAll(chunk.value))) return
    }
  })

/** Fails if bytes are missing. A server may cut a range short. */
const isWhole = (download: Download, state: State, body: Body): Effect.Effect<void, Failure> => {
  const end = endOf(download, state)
  const goal = Math.min(
    state.total ?? body.end ?? 0,
    Option.getOrElse(end, () => Number.POSITIVE_INFINITY)
  )
  if (state.position < goal) return cut(download, state.position, goal)
  // The data end before the range does.
  return Option.isSome(end) && state.position < end.value ? wrongSize(download, end.value, state.position) : Effect.void
}

/** Bytes of each parallel request. They stay in memory until the segments before have been delivered. */
const segmentSize = 8 * 1024 * 1024

/**
 * Downloads several ranges at once and delivers them in order, so that the file always has the beginning of the image.
 * The first request is alone. It shows whether the store supports ranges, and gets the whole image if not.
 */
export const runParallel = <E>(
  download: Download & { readonly size: Option.Some<number> },
  start: number,
  parallel: number,
  deliver: (bytes: Uint8Array) => Effect.Effect<void, E>
): Effect.Effect<void, Failure | E> =>
  Effect.scoped(
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const size = download.size.value
      const endAfter = (position: number) => Math.min(position + segmentSize, size)
      const state = begin(start)
      const { onProgress } = download
      const whole = Option.some(size - download.start)
      const report = onProgress && ((progress: ImageData.Progress) => onProgress({ ...progress, total: whole }))
      const first = { ...download, onProgress: report, end: Option.some(endAfter(start)), restWithoutRanges: true }
      yield* run(first, state, deliver)
      const segment = (position: number): Effect.Effect<Uint8Array, Failure> =>
        Effect.suspend(() => {
          const memory = new Uint8Array(endAfter(position) - position)
          let filled = 0
          const fill = (bytes: Uint8Array) =>
            Effect.sync(() => {
              memory.set(bytes, filled)
              filled += bytes.length
            })
          const part = { ...download, onProgress: undefined, end: Option.some(endAfter(position)) }
          return Effect.map(run(part, begin(position), fill), () => memory.subarray(0, filled))
        })
      const running: Array<Fiber.Fiber<Uint8Array, Failure>> = []
      let next = state.position
      let delivered = state.position
      while (delivered < size) {
        while (running.length < parallel && next < size) {
          running.push(yield* Effect.forkIn(Effect.interruptible(segment(next)), scope))
          next = endAfter(next)
        }
        // Await, not join: a join would inherit fiber references, such as the scope of the segment.
        const [first] = running.splice(0, 1)
        const bytes = first === undefined ? new Uint8Array() : yield* Effect.flatten(Fiber.await(first))
        if (bytes.length === 0) return yield* cut(download, delivered, size)
        yield* deliver(bytes)
        delivered += bytes.length
        if (download.onProgress !== undefined) {
          yield* download.onProgress({ attempt: 1, bytes: delivered - download.start, total: Option.some(size) })
        }
      }
    })
  )

const wrongSize = ({ imageId }: Download, expected: number, actual: number) =>
  Effect.fail(
    new GlanceError.ImageIntegrityError({
      imageId,
      at: "download",
      property: "size",
      expected: String(expected),
      actual: String(actual)
    })
  )

/** Glance answers 403 both for a deactivated image and for a missing permission. The record shows which. */
const refuse = (
  download: Download,
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<never, Failure> =>
  download.operations.read(Endpoints.downloadData, { imageId: download.imageId }, request, response).pipe(
    Effect.zipRight(
      new GlanceError.UnexpectedStatus(Answer.answer("", request, response, "it is no answer with data"))
    ),
    Effect.catchTag("Forbidden", (error) =>
      Effect.flatMap(Effect.option(download.record), (record) =>
        Effect.fail(
          Option.exists(record, ({ status }) => status === "deactivated")
            ? new GlanceError.ImageDeactivated({ ...error, imageId: download.imageId })
            : error
        )
      )
    )
  )

const contentRange = (
  header: string | undefined
): { readonly start: number; readonly end: number; readonly size: number | undefined } | undefined => {
  const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header?.trim() ?? "") ?? []
  if (start === undefined || end === undefined) return undefined
  return { start: Number(start), end: Number(end), size: size === "*" ? undefined : Number(size) }
}
