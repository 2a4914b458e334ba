import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Answer from "@effect-glance/core/Answer"
import type * as GlanceError from "@effect-glance/core/GlanceError"
import type * as GlanceHttp from "@effect-glance/core/GlanceHttp"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type * as Identity from "../Identity.js"

export interface Retry {
  readonly times: number
  readonly backoff: Duration.Duration
  /** How long all of it may take. No wait is begun that would end later. */
  readonly longest: Duration.Duration
  /** Which requests do the same when they are done twice. */
  readonly repeatable: (request: HttpClientRequest.HttpClientRequest) => boolean
}

type Result = Either.Either<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

/** A stream is read once, and a raw body may be one; all other bodies can be sent again. */
const canRepeat = ({ body }: HttpClientRequest.HttpClientRequest): boolean =>
  body._tag !== "Stream" && body._tag !== "Raw"

/**
 * Methods that do the same when they are done twice and then answer the same. DELETE does not answer the same, PATCH
 * may meet its own change, POST does it twice.
 */
const repeatableMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT"])

/** Failures to reach the server at all, after which any method can be tried again. */
const unreached = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT"
])

const codeOf = (error: unknown): string | undefined => {
  for (let cause = error, depth = 0; depth < 8 && typeof cause === "object" && cause !== null; depth++) {
    const { code, cause: deeper } = cause as { readonly code?: unknown; readonly cause?: unknown }
    if (typeof code === "string") return code
    cause = deeper
  }
  return undefined
}

/** Why the request should be sent again, if it should: in words for the log, with the wait that the server asks for. */
const reasonToRepeat = (
  request: HttpClientRequest.HttpClientRequest,
  result: Result,
  repeatable: boolean
): Effect.Effect<Option.Option<{ readonly reason: string; readonly retryAfter: Option.Option<Duration.Duration> }>> => {
  if (!canRepeat(request)) return Effect.succeedNone
  if (Either.isLeft(result)) {
    const { left: error } = result
    const code = codeOf(error.cause)
    const again = error.reason === "Transport" && (repeatable || (code !== undefined && unreached.has(code)))
    return Effect.succeed(
      again ? Option.some({ reason: code ?? error.reason, retryAfter: Option.none() }) : Option.none()
    )
  }
  const { headers, status } = result.right
  return Effect.map(Answer.retryAfterOf(headers), (retryAfter) => {
    // Refused unread: nothing was done. Rackspace refuses with 413 and a time to wait.
    const refused = status === 429 || (status === 413 && Option.isSome(retryAfter))
    const unavailable = status === 502 || status === 503 || status === 504
    return refused || (unavailable && repeatable)
      ? Option.some({ reason: `status ${status}`, retryAfter })
      : Option.none()
  })
}

/** How long the rest of an answer is waited for that nobody wants. */
const longestDrain = Duration.seconds(5)

/** Reads what nobody wants, since an unread body keeps its connection; where that takes too long, gives up both. */
const drain = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.ignore(Effect.timeout(response.text, longestDrain))

/**
 * Sends, and sends again what is safe to send again, after the longer of back-off and what the server asks for. `begun`
 * is when the operation did that this is part of.
 */
export const persistent =
  (client: HttpClient.HttpClient, { backoff, longest, repeatable, times }: Retry) =>
  (
    request: HttpClientRequest.HttpClientRequest,
    begun: number
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> => {
    const attempt = (
      made: number
    ): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
      Effect.gen(function* () {
        const result = yield* Effect.either(client.execute(request))
        const again = made < times ? yield* reasonToRepeat(request, result, repeatable(request)) : Option.none()
        if (Option.isNone(again)) return yield* result
        const { reason, retryAfter } = again.value
        const jitter = yield* Random.nextRange(0.8, 1.2)
        const wait = Duration.max(
          Duration.millis(Math.round(Duration.toMillis(backoff) * 2 ** made * jitter)),
          Option.getOrElse(retryAfter, () => Duration.zero)
        )
        const passed = (yield* Clock.currentTimeMillis) - begun
        if (passed + Duration.toMillis(wait) > Duration.toMillis(longest)) return yield* result
        if (Either.isRight(result)) yield* drain(result.right)
        yield* Effect.logWarning(
          `${request.method} ${pathOf(request.url)}: ${reason}, again in ${Duration.format(wait)}`
        )
        yield* Effect.sleep(wait)
        return yield* attempt(made + 1)
      })
    return attempt(0)
  }

const pathOf = (url: string): string => url.replace(/^\w+:\/\/[^/]*/, "").replace(/[?#].*$/s, "")

/**
 * What carries the requests of one service: its endpoint before the path, the token on it, retries inside, and outside
 * them one new login and one replay when the token is refused.
 */
export const make =
  (
    client: HttpClient.HttpClient,
    identity: Identity.Service,
    rootOf: (session: Identity.Session) => Either.Either<string, GlanceError.EndpointNotFound>,
    retry: Omit<Retry, "repeatable">
  ): GlanceHttp.Execute =>
  (request) => {
    const send = persistent(client, { ...retry, repeatable: ({ method }) => repeatableMethods.has(method) })
    const sendAs = (session: Identity.Session, begun: number) =>
      Effect.flatMap(rootOf(session), (root) =>
        send(
          request.pipe(
            HttpClientRequest.prependUrl(root),
            HttpClientRequest.setHeader("x-auth-token", Redacted.value(session.token))
          ),
          begun
        )
      )
    return Effect.gen(function* () {
      const begun = yield* Clock.currentTimeMillis
      const session = yield* identity.session
      const response = yield* sendAs(session, begun)
      if (response.status !== 401) return response
      // Before the login, which may fail. The text is kept for whoever is given the response.
      yield* drain(response)
      // Also where the request cannot be sent again: whoever opens the source of its body anew finds a fresh token.
      const renewed = yield* identity.renew(session)
      if (renewed === session || !canRepeat(request)) return response
      return yield* sendAs(renewed, begun)
    })
  }
