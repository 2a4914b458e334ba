import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Answer from "../Answer.js"
import * as GlanceError from "../GlanceError.js"
import type * as Image from "../Image.js"
import * as ResponseBody from "../ResponseBody.js"
import * as Data from "./data.js"
import * as Internal from "./image.js"
import * as Limit from "./limit.js"
import type * as Request from "./request.js"
import * as Telemetry from "./telemetry.js"
import * as Progress from "./transferProgress.js"

export interface Download extends Data.Transfer {
  readonly path: string
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
  | Request.ErrorOf<{
      readonly 404: () => GlanceError.ImageNotFound
      readonly 416: () => GlanceError.RangeNotSatisfiable
    }>
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
const cut = ({ operation, path }: Download, got: number, wanted: number): GlanceError.TransportError =>
  new GlanceError.TransportError({
    operation,
    method: "GET",
    url: path,
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
  deliver: (bytes: Uint8Array) => Effect.Effect<void, E> | undefined
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
        Effect.ensuring(Telemetry.moved(download.operation, "receive", () => state.position - before)),
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
      if (state.position - credited >= Data.minProgress) {
        breaks = 0
        credited = state.position
      }
      if (!Data.mayPass(error) || failures >= download.retries || breaks >= Data.maxBreaks) {
        return yield* Effect.fail(error)
      }
      failures += 1
      breaks += 1
      const wait = yield* Data.waitAfter(download, failures, error)
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

const fetchOnce = <E>(
  download: Download,
  state: State,
  deliver: (bytes: Uint8Array) => Effect.Effect<void, E> | undefined
): Effect.Effect<void, Failure | SinkFailure<E> | RangesRefused> =>
  Effect.gen(function* () {
    const { imageId, onProgress, operation, path } = download
    const clock = yield* Effect.clock
    const asksRange = state.ranges !== false && (state.position > 0 || Option.isSome(download.end))
    const range = `bytes=${state.position}-${Option.match(download.end, { onNone: () => "", onSome: (end) => String(end - 1) })}`
    const request = HttpClientRequest.get(path).pipe(
      HttpClientRequest.setHeaders({
        // Errors come as JSON to those who accept it, and data to those who accept nothing else.
        accept: "application/octet-stream, application/json;q=0.9",
        "accept-encoding": "identity",
        ...(asksRange ? { range } : {})
      })
    )
    /** Since when the server is waited for, without the time that the consumer took. */
    let since: number | undefined = clock.unsafeCurrentTimeMillis()
    const held = new Limit.Held(clock)
    const watch = Data.watch(
      download,
      () => since,
      () => state.position,
      held
    )
    const unreadable = (response: HttpClientResponse.HttpClientResponse, detail: string) =>
      new GlanceError.UnexpectedAnswer({
        ...Answer.answer(operation, request, response, detail),
        record: Option.none()
      })

    const read = Effect.gen(function* () {
      const response = yield* Data.execute(download, request, held)
      const { status } = response
      if (asksRange && status === 400) {
        yield* ResponseBody.discard(response)
        return yield* Effect.fail(new RangesRefused())
      }
      if (status === 204) {
        const answer = yield* Answer.read(operation, request, response)
        return yield* new GlanceError.NoImageData({ ...answer, imageId })
      }
      if (status !== 200 && !(asksRange && status === 206)) {
        since = undefined
        return yield* refuse(download, request, response)
      }
      const encoding = (response.headers["content-encoding"] ?? "").trim().toLowerCase() || "identity"
      if (encoding !== "identity") {
        return yield* unreadable(
          response,
          `asked for the bytes as they are, they have the Content-Encoding ${encoding}`
        )
      }

      // Where the bytes of this body stand in the image.
      let at = 0
      state.total ??= Option.getOrUndefined(download.size)
      let until = state.total
      if (status === 206) {
        const told = contentRange(response.headers["content-range"])
        if (told === undefined || told.start !== state.position) {
          return yield* unreadable(
            response,
            `asked for ${range}, it came as ${response.headers["content-range"] ?? "an unnamed range"}`
          )
        }
        state.ranges = true
        at = told.start
        until = told.end + 1
        state.total ??= told.size
        if (told.size !== undefined && told.size !== state.total) {
          return yield* wrongSize(download, state.total ?? 0, told.size)
        }
      } else {
        if (asksRange) state.ranges = false
        const length = Number(response.headers["content-length"] ?? "")
        if (response.headers["content-length"] !== undefined && Number.isSafeInteger(length)) {
          if (until !== undefined && length !== until) return yield* wrongSize(download, until, length)
          until = length
          state.total = length
        }
      }
      const end = endOf(download, state)
      const wantedEnd = Option.getOrElse(end, () => until ?? Number.POSITIVE_INFINITY)
      const pull = yield* Stream.toPull(response.stream)

      const total = Option.map(
        Option.orElse(end, () => Option.fromNullable(until)),
        (end) => end - download.start
      )
      /** Delivers the items from an index on, one after the other; nothing to wait for where each was taken at once. */
      const deliverFrom = (
        items: ReadonlyArray<Uint8Array>,
        index: number
      ): Effect.Effect<void, SinkFailure<E> | Failure> | undefined => {
        for (let next = index; next < items.length; next++) {
          const whole = items[next] as Uint8Array
          const first = Math.max(0, state.position - at)
          const last = Math.min(whole.length, wantedEnd - at)
          at += whole.length
          if (until !== undefined && at > until) return wrongSize(download, until, at)
          if (first >= last) continue
          const bytes = first === 0 && last === whole.length ? whole : whole.subarray(first, last)
          const delivered = deliver(bytes)
          if (delivered === undefined) {
            state.position += bytes.length
            continue
          }
          return Effect.matchEffect(delivered, {
            onFailure: (error) => Effect.fail(new SinkFailure(error)),
            onSuccess: () => {
              state.position += bytes.length
              return deliverFrom(items, next + 1) ?? Effect.void
            }
          })
        }
        return undefined
      }
      const told =
        onProgress === undefined
          ? undefined
          : Effect.suspend(() => onProgress({ attempt: state.attempt, bytes: state.position - download.start, total }))
      /** The bytes of this body after which the server was last given the whole idle limit. */
      let credited = at
      const goOn = (waitingSince: number, taken: number): boolean => {
        const now = clock.unsafeCurrentTimeMillis()
        const isProgress = at - credited >= Data.minProgress
        if (isProgress) credited = at
        since = isProgress ? now : waitingSince + now - taken
        return state.position >= wantedEnd && at < (until ?? Number.POSITIVE_INFINITY)
      }
      const take = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<boolean, SinkFailure<E> | Failure> =>
        Effect.suspend((): Effect.Effect<boolean, SinkFailure<E> | Failure> => {
          const taken = clock.unsafeCurrentTimeMillis()
          const waitingSince = since ?? taken
          since = undefined
          const delivered = deliverFrom(Chunk.toReadonlyArray(chunk), 0)
          if (delivered === undefined && told === undefined) return Effect.succeed(goOn(waitingSince, taken))
          return Effect.map(Effect.zipRight(delivered ?? Effect.void, told ?? Effect.void), () =>
            goOn(waitingSince, taken)
          )
        })
      /** In parts, so that the progress is told at least once a mebibyte. */
      const takeAll = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<boolean, SinkFailure<E> | Failure> =>
        Effect.reduce(Progress.portions(chunk), false, (done, part) => (done ? Effect.succeed(done) : take(part)))
      const loop: Effect.Effect<void, Failure | SinkFailure<E>> = Effect.flatMap(
        Effect.matchEffect(pull, {
          onFailure: Option.match({
            onNone: () => Effect.succeed(true),
            onSome: (error) => (isEmptyBody(error) ? Effect.succeed(true) : Effect.fail(Data.told(operation, error)))
          }),
          onSuccess: told === undefined ? take : takeAll
        }),
        (done): Effect.Effect<void, Failure | SinkFailure<E>> => (done ? Effect.void : loop)
      )
      yield* loop
      // All that is wanted of the image, and not only what this response promised: a range may be cut short.
      const goal = Math.min(
        state.total ?? until ?? 0,
        Option.getOrElse(end, () => Number.POSITIVE_INFINITY)
      )
      if (state.position < goal) return yield* cut(download, state.position, goal)
      if (Option.isSome(end) && state.position < end.value) {
        // The data end before the range does.
        return yield* wrongSize(download, end.value, state.position)
      }
    })
    // Also where the caller may not be interrupted: what loses has to stop.
    yield* Effect.raceFirst(Effect.interruptible(Effect.scoped(read)), Effect.interruptible(watch))
  })

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
  deliver: (bytes: Uint8Array) => Effect.Effect<void, E> | undefined
): Effect.Effect<void, Failure | E> =>
  Effect.scoped(
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const size = download.size.value
      const endAfter = (position: number) => Math.min(position + segmentSize, size)
      const state = begin(start)
      const { onProgress } = download
      const whole = Option.some(size - download.start)
      const told = onProgress && ((progress: Data.Progress) => onProgress({ ...progress, total: whole }))
      const first = { ...download, onProgress: told, end: Option.some(endAfter(start)), restWithoutRanges: true }
      yield* run(first, state, deliver)
      const spare: Array<Uint8Array> = []
      const segment = (position: number): Effect.Effect<Uint8Array, Failure> =>
        Effect.suspend(() => {
          const memory = spare.pop() ?? new Uint8Array(segmentSize)
          let filled = 0
          const fill = (bytes: Uint8Array): undefined => {
            memory.set(bytes, filled)
            filled += bytes.length
          }
          const part = { ...download, onProgress: undefined, end: Option.some(endAfter(position)) }
          return Effect.map(run<never>(part, begin(position), fill), () => memory.subarray(0, filled))
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
        yield* deliver(bytes) ?? Effect.void
        delivered += bytes.length
        spare.push(new Uint8Array(bytes.buffer))
        if (download.onProgress !== undefined) {
          yield* download.onProgress({ attempt: 1, bytes: delivered - download.start, total: Option.some(size) })
        }
      }
    })
  )

const wrongSize = ({ imageId, operation }: Download, expected: number, actual: number) =>
  Effect.fail(
    new GlanceError.ImageIntegrityError({
      operation,
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
  Data.interpret(download, request, response, {
    404: Internal.notFound(download.imageId),
    416: (answer: Answer.Answer) => new GlanceError.RangeNotSatisfiable({ ...answer, imageId: download.imageId })
  }).pipe(
    Effect.zipRight(
      new GlanceError.UnexpectedStatus(
        Answer.answer(download.operation, request, response, "it is no answer with data")
      )
    ),
    Effect.catchTag("Forbidden", (error) =>
      Effect.flatMap(Effect.option(download.record), (record) =>
        Effect.fail(
          Option.exists(record, ({ status }) => status === "deactivated")
            ? new GlanceError.ImageDeactivated({
                operation: error.operation,
                method: error.method,
                url: error.url,
                status: error.status,
                requestId: error.requestId,
                detail: error.detail,
                imageId: download.imageId
              })
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
