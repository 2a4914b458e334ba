import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as Answer from "@effect-glance/core/Answer"
import type * as GlanceError from "@effect-glance/core/GlanceError"
import * as ResponseBody from "@effect-glance/core/ResponseBody"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Circuit from "../../Circuit.js"
import type { Persistence } from "../persistence.js"
import * as Failure from "./failure.js"
import { Attempt, around, type Client, canRepeat, type Request, type Response } from "./layer.js"
import * as Telemetry from "./telemetry.js"

export interface Retry extends Persistence {
  /** The circuit, of which only its state is looked at. */
  readonly circuit: Circuit.Service | undefined
  /** Whether a request has the same effect and the same response when it is sent twice. */
  readonly isRepeatable: (request: Request) => boolean
}

type RetryError = HttpClientError.HttpClientError | GlanceError.CloudUnavailable

type Result = Either.Either<Response, RetryError>

/**
 * Whether a method has the same effect and the same response when it is sent twice. A second DELETE has another response,
 * a second PATCH may meet its own change, and a second POST has another effect.
 */
export const isRepeatableMethod = ({ method }: Request): boolean => repeatableMethods.has(method)

const repeatableMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT"])

interface Reason {
  /** In one word or two, for the log. */
  readonly reason: string
  /** The wait that the server asks for. */
  readonly retryAfter: Option.Option<Duration.Duration>
}

/** Whether a request may be sent again after a response with a status. */
const mayRepeat = (status: number): boolean => status === 413 || status === 429 || Failure.isUnavailable(status)

const reasonToRepeat = (
  request: Request,
  result: Result,
  isRepeatable: boolean
): Effect.Effect<Option.Option<Reason>> => {
  if (!canRepeat(request)) return Effect.succeedNone
  if (Either.isLeft(result)) {
    if (result.left._tag === "CloudUnavailable") return Effect.succeedNone
    const reason = Failure.transient(result.left, isRepeatable)
    return Effect.succeed(Option.map(reason, (reason) => ({ reason, retryAfter: Option.none() })))
  }
  const { headers, status } = result.right
  if (!mayRepeat(status)) return Effect.succeedNone
  return Effect.map(Answer.retryAfterOf(headers), (retryAfter) => {
    // Refused unread: the server did nothing. Rackspace refuses with 413 and a time to wait.
    const isRefusal = status === 429 || (status === 413 && Option.isSome(retryAfter))
    return isRefusal || (Failure.isUnavailable(status) && isRepeatable)
      ? Option.some({ reason: `status ${status}`, retryAfter })
      : Option.none()
  })
}

/** How long the rest of an unused body is read. */
export const drainLimit = Duration.seconds(5)

/** Reads an unused body, because an unread body keeps its connection. Gives both up when it takes too long. */
const drain = (response: Response): Effect.Effect<void> =>
  Effect.ignore(Effect.timeout(ResponseBody.discard(response), drainLimit))

/**
 * Sends again what is safe to send again, after the longer of the back-off and the wait that the server asks for. No
 * wait is begun that would end after the time limit, or while the circuit is still open.
 */
export const retry =
  (options: Retry) =>
  (client: Client<RetryError>): Client<RetryError> =>
    around(client, (request, send) =>
      Effect.matchEffect(send(request), {
        onFailure: (error) => repeat(options, request, send, Either.left(error)),
        onSuccess: (response) =>
          mayRepeat(response.status) ? repeat(options, request, send, Either.right(response)) : Effect.succeed(response)
      })
    )

/** Returns the first result, or that of the last repetition. */
const repeat = (
  { backoff, circuit, isRepeatable, timeLimit, times }: Retry,
  request: Request,
  send: Client<RetryError>["execute"],
  first: Result
): Effect.Effect<Response, RetryError> =>
  Effect.gen(function* () {
    const attempt = yield* Attempt
    let result = first
    for (let number = 0; number < times; number++) {
      const again = yield* reasonToRepeat(request, result, isRepeatable(request))
      if (Option.isNone(again)) break
      const { reason, retryAfter } = again.value
      const jitter = yield* Random.nextRange(0.8, 1.2)
      const wait = Duration.max(
        Duration.millis(Math.round(Duration.toMillis(backoff) * 2 ** number * jitter)),
        Option.getOrElse(retryAfter, () => Duration.zero)
      )
      const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(wait)
      if (end - attempt.begun - attempt.held() > Duration.toMillis(timeLimit)) break
      if (circuit !== undefined && (yield* circuit.closedUntil(attempt.root)) > end) break
      if (Either.isRight(result)) yield* drain(result.right)
      yield* Telemetry.again({ ...attempt, number }, request, reason, wait, Either.getRight(result))
      yield* Effect.sleep(wait)
      const sent = Effect.provideService(send(request), Attempt, { ...attempt, number: number + 1 })
      const next: Result = yield* Effect.either(sent)
      // Nothing was sent: the last known state of the service is what was met before.
      if (Either.isLeft(next) && next.left._tag === "CloudUnavailable") break
      result = next
    }
    return yield* result
  })
