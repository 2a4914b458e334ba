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
import * as Stream from "effect/Stream"
import * as Answer from "../../Answer.js"
import * as GlanceClient from "../../GlanceClient.js"
import * as GlanceError from "../../GlanceError.js"
import type * as Image from "../../Image.js"
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
  /** Whether all that follows is wanted where the store gives no ranges, since it comes anyway. @default false */
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

/** What has come, over all attempts. */
export interface State {
  attempt: number
  /** The next byte that is wanted. */
  position: number
  /** Whether the store gives ranges; learnt from its answers. */
  ranges: boolean | undefined
  /** Bytes of the whole image, as the record or else the first response that says so has it. */
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

/** A failure of whoever takes the bytes, kept apart from those of the connection. */
class SinkFailure<E> {
  readonly _tag = "SinkFailure"
  constructor(readonly error: E) {}
}

/** A connection that ended before all was there. */
const cut = ({ imageId }: Download, got: number, wanted: number): GlanceError.TransportError =>
  new GlanceError.TransportError({
    method: "GET",
    url: Operations.pathOf(Endpoints.downloadData, { imageId }),
    detail: `the data ended at byte ${got} of ${wanted}`,
    cause: new Error("the body ended early")
  })

/**
 * Fetches the wanted bytes in their order. A connection that breaks off is taken up at the byte that it left, or, where
 * the store gives no ranges, from the beginning without delivering again what was delivered.
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
      if (error._tag === "SinkFailure") return yield* Effect.fail(error.error)
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

/** A body without a byte is no stream at all to some clients. */
const isEmptyBody = (error: HttpClientError.HttpClientError): boolean =>
  error._tag === "ResponseError" && error.reason === "EmptyBody"

class RangesRefused {
  readonly _tag = "RangesRefused"
}

/** The data in a response: where they begin in the image, and where they end if that is known. */
interface Body {
  readonly response: HttpClientResponse.HttpClientResponse
  readonly start: number
  readonly end: number | undefined
}

/** Since when the server is waited for, without the time that the reader took. */
interface Waiting {
  since: number | undefined
}

const fetchOnce = <E>(
  download: Download,
  state: State,
  deliver: (bytes: Uint8Array) => Effect.Effect<void, E>
): Effect.Effect<void, Failure | SinkFailure<E> | RangesRefused> =>
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
    // Also where the caller may not be interrupted: what loses has to stop.
    yield* Effect.raceFirst(Effect.interruptible(Effect.scoped(read)), Effect.interruptible(watch))
  })

const unreadable = (
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
  detail: string
) => new GlanceError.UnexpectedAnswer({ ...Answer.answer("", request, response, detail), record: Option.none() })

/** Asks for the rest of the data, and returns when they begin. */
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
        // Errors come as JSON to those who accept it, and data to those who accept nothing else.
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
    const encoding = (headers["content-encoding"] ?? "").trim().toLowerCase() || "identity"
    if (encoding !== "identity") {
      const detail = `asked for the bytes as they are, they have the Content-Encoding ${encoding}`
      return yield* unreadable(request, response, detail)
    }
    state.total ??= Option.getOrUndefined(download.size)
    return yield* status === 206
      ? partOf(download, state, request, response, range)
      : wholeOf(download, state, response, asksRange)
  })

/** The data of a 206, which have to begin where they were asked for. */
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
    return unreadable(request, response, `asked for ${range}, it came as ${header ?? "an unnamed range"}`)
  }
  state.ranges = true
  state.total ??= sent.size
  return sent.size !== undefined && sent.size !== state.total
    ? wrongSize(download, state.total ?? 0, sent.size)
    : Effect.succeed({ response, start: sent.start, end: sent.end + 1 })
}

/** The data of a 200, which begin with the first byte of the image. */
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

/** Delivers the wanted bytes of a body, one piece after the other, until it ends or no more is wanted. */
const receive = <E>(
  download: Download,
  state: State,
  body: Body,
  waiting: Waiting,
  deliver: (bytes: Uint8Array) => Effect.Effect<void, E>
): Effect.Effect<void, Failure | SinkFailure<E>, Scope.Scope> =>
  Effect.gen(function* () {
    const { name } = yield* GlanceClient.Operation
    const { onProgress } = download
    const end = endOf(download, state)
    const wantedEnd = Option.getOrElse(end, () => body.end ?? Number.POSITIVE_INFINITY)
    const total = Option.map(
      Option.orElse(end, () => Option.fromNullable(body.end)),
      (end) => end - download.start
    )
    /** Where the next byte of the body is in the image, and up to where the server was given the whole idle limit. */
    let position = body.start
    let credited = position

    const one = (piece: Uint8Array): Effect.Effect<void, Failure | SinkFailure<E>> =>
      Effect.suspend((): Effect.Effect<void, Failure | SinkFailure<E>> => {
        const first = Math.max(0, state.position - position)
        const last = Math.min(piece.length, wantedEnd - position)
        position += piece.length
        if (body.end !== undefined && position > body.end) return wrongSize(download, body.end, position)
        if (first >= last) return Effect.void
        const bytes = first === 0 && last === piece.length ? piece : piece.subarray(first, last)
        return Effect.mapBoth(deliver(bytes), {
          onFailure: (error) => new SinkFailure(error),
          onSuccess: () => {
            state.position += bytes.length
          }
        })
      })

    const report =
      onProgress === undefined
        ? Effect.void
        : Effect.suspend(() => onProgress({ attempt: state.attempt, bytes: state.position - download.start, total }))

    /** Returns whether no more of the body is wanted. */
    const take = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<boolean, Failure | SinkFailure<E>> =>
      Effect.gen(function* () {
        const taken = yield* Clock.currentTimeMillis
        const since = waiting.since ?? taken
        waiting.since = undefined
        yield* Effect.forEach(ByteQueue.evenPieces(chunk), one, { discard: true })
        yield* report
        const now = yield* Clock.currentTimeMillis
        const isProgress = position - credited >= Transfer.minProgress
        if (isProgress) credited = position
        waiting.since = isProgress ? now : since + now - taken
        return state.position >= wantedEnd && position < (body.end ?? Number.POSITIVE_INFINITY)
      })

    /** In parts, so that progress is reported at least once a mebibyte. */
    const takeAll = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<boolean, Failure | SinkFailure<E>> =>
      onProgress === undefined
        ? take(chunk)
        : Effect.reduce(Progress.portions(chunk), false, (done, part) => (done ? Effect.succeed(done) : take(part)))

    const pull = Effect.catchAll(
      yield* Stream.toPull(body.response.stream),
      Option.match({
        onNone: () => Effect.succeed(undefined),
        onSome: (error) =>
          isEmptyBody(error) ? Effect.succeed(undefined) : Effect.fail(GlanceError.transportError(name, error))
      })
    )
    for (;;) {
      const chunk = yield* pull
      if (chunk === undefined || (yield* takeAll(chunk))) return
    }
  })

/** Fails if bytes are missing: all that is wanted of the image, because a range may be cut short. */
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

/** How much is fetched by one request where several run at once, and kept in memory until its turn has come. */
const segmentSize = 8 * 1024 * 1024

/**
 * Fetches so many ranges at once and delivers them in their order, so that what is there is always a beginning of the
 * image. The first is fetched alone: it tells whether the store gives ranges, and is all there is where it does not.
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
      const report = onProgress && ((progress: Transfer.Progress) => onProgress({ ...progress, total: whole }))
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
        // Awaited and not joined: what it leaves behind, its own scope for one, is not for the next to be forked in.
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

/** Glance says "deactivated" and "not yours" by the same status; the record tells them apart. */
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
