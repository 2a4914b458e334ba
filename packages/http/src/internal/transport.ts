import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Answer from "@effect-glance/core/Answer"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import type * as GlanceError from "@effect-glance/core/GlanceError"
import * as ResponseBody from "@effect-glance/core/ResponseBody"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Circuit from "../Circuit.js"
import type * as Identity from "../Identity.js"
import type * as Throttle from "../Throttle.js"
import type { Guarded } from "./guard.js"
import * as Telemetry from "./telemetry.js"

export interface Retry {
  readonly times: number
  readonly backoff: Duration.Duration
  /** How long all of it may take. No wait is begun that would end later. */
  readonly longest: Duration.Duration
  /** Which requests do the same when they are done twice. */
  readonly repeatable: (request: HttpClientRequest.HttpClientRequest) => boolean
}

type Response = HttpClientResponse.HttpClientResponse

type Failure = HttpClientError.HttpClientError | GlanceError.CloudUnavailable

type Result = Either.Either<Response, Failure>

/** A stream is read once, and a raw body may be one; all other bodies can be sent again. */
const canRepeat = ({ body }: HttpClientRequest.HttpClientRequest): boolean =>
  body._tag !== "Stream" && body._tag !== "Raw"

/**
 * Methods that do the same when they are done twice and then answer the same. DELETE does not answer the same, PATCH
 * may meet its own change, POST does it twice.
 */
const repeatableMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT"])

/** Failures to reach the server at all, after which any method can be tried again. */
const unreached = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"])

/** The same, unless a connection that was there has been given up for them. */
const unreachedOnConnecting = new Set(["EHOSTUNREACH", "ENETUNREACH"])

/**
 * Failures that the next attempt meets again: an invalid header or scheme, a certificate that is not trusted, a TLS
 * handshake that is refused, and a response that is not HTTP. A server that failed inside, a damaged record, and a
 * response that ended early may be well the next time.
 */
const permanent =
  /^(UND_ERR_INVALID_ARG|ERR_INVALID_\w+|ERR_UNESCAPED_CHARACTERS|CERT_\w+|ERR_TLS_CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_SSL_(?![\w/]*(?:INTERNAL_ERROR|RECORD_MAC))[\w/]+|EPROTO|HPE_(?!INVALID_EOF_STATE|CLOSED_CONNECTION)\w+|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_EXCEEDED_MAX_SIZE)$/

const failed = (error: Failure, repeatable: boolean): Option.Option<string> => {
  if (error._tag === "CloudUnavailable") return Option.none()
  const { code, connecting } = Telemetry.systemError(error.cause)
  if (error.reason !== "Transport" || (code !== undefined && permanent.test(code))) return Option.none()
  const untouched = code !== undefined && (unreached.has(code) || (connecting && unreachedOnConnecting.has(code)))
  return repeatable || untouched ? Option.some(code ?? error.reason) : Option.none()
}

/** Why the request should be sent again, if it should: in words for the log, with the wait that the server asks for. */
const reasonToRepeat = (
  request: HttpClientRequest.HttpClientRequest,
  result: Result,
  repeatable: boolean
): Effect.Effect<Option.Option<{ readonly reason: string; readonly retryAfter: Option.Option<Duration.Duration> }>> => {
  if (!canRepeat(request)) return Effect.succeedNone
  if (Either.isLeft(result)) {
    return Effect.succeed(
      Option.map(failed(result.left, repeatable), (reason) => ({ reason, retryAfter: Option.none() }))
    )
  }
  const { status } = result.right
  if (!isOfRetry(status)) return Effect.succeedNone
  return Effect.map(Answer.retryAfterOf(result.right.headers), (retryAfter) => {
    // Refused unread: nothing was done. Rackspace refuses with 413 and a time to wait.
    const refused = status === 429 || (status === 413 && Option.isSome(retryAfter))
    return refused || (isUnavailable(status) && repeatable)
      ? Option.some({ reason: `status ${status}`, retryAfter })
      : Option.none()
  })
}

const isUnavailable = (status: number): boolean => status === 502 || status === 503 || status === 504

/** A status after which the same request may be sent again: only then is there anything to find out. */
const isOfRetry = (status: number): boolean => status === 413 || status === 429 || isUnavailable(status)

const isRefused = (result: Result): boolean => Either.isLeft(result) && result.left._tag === "CloudUnavailable"

/** How long the rest of an answer is waited for that nobody wants. */
const longestDrain = Duration.seconds(5)

/** Reads what nobody wants, since an unread body keeps its connection; where that takes too long, gives up both. */
const drain = (response: Response): Effect.Effect<void> =>
  Effect.ignore(Effect.timeout(ResponseBody.discard(response), longestDrain))

/** Reads the beginning of a refusal, and gives a response that holds it. */
const kept = (refusal: Response): Effect.Effect<Response> =>
  Effect.map(
    Effect.timeoutTo(ResponseBody.readError(refusal), {
      duration: longestDrain,
      onSuccess: (text) => text,
      onTimeout: () => ""
    }),
    (text) => {
      const headers = new Headers()
      for (const [name, value] of Object.entries(refusal.headers)) {
        const ofBody = name === "content-length" || name === "content-encoding"
        if (!ofBody && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) headers.set(name, value)
      }
      return HttpClientResponse.fromWeb(
        refusal.request,
        new globalThis.Response(text, { status: refusal.status, headers })
      )
    }
  )

/** One request to one service, with its endpoint. */
export interface Call extends Omit<Telemetry.Attempt, "number"> {
  /** When the operation did that this is part of. */
  readonly begun: number
}

/** What became of an attempt, as the circuit sees it. */
const outcomeOf = (
  { body }: HttpClientRequest.HttpClientRequest,
  exit: Exit.Exit<Response, HttpClientError.HttpClientError>,
  took: number,
  longest: Duration.Duration
): Circuit.Outcome => {
  if (Exit.isSuccess(exit)) {
    return isUnavailable(exit.value.status) ? { failure: `status ${exit.value.status}` } : "alive"
  }
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (error !== undefined)
    return Option.match(failed(error, true), { onNone: () => "unknown", onSome: (failure) => ({ failure }) })
  // Given up. Bytes on their way out take the time that they take, and the answer comes after them.
  return body._tag !== "Stream" && took * 2 >= Duration.toMillis(longest)
    ? { failure: `no answer for ${Duration.format(took)}` }
    : "unknown"
}

/** How requests reach services. */
export interface Way extends Guarded {
  readonly throttle?: Throttle.Service | undefined
}

/** Sends, and sends again what is safe to send again, after the longer of back-off and what the server asks for. */
export const persistent =
  ({ begin, circuit, throttle }: Way, { backoff, longest, repeatable, times }: Retry) =>
  (call: Call): Effect.Effect<Response, Failure> => {
    const { begun, operation, request, root } = call
    /** For how long the throttle held it back, which is no part of its time. */
    let held = 0

    const once = (number: number): Effect.Effect<Response, Failure> => {
      const about = { ...call, number }
      if (circuit === undefined) return Telemetry.observed(about, begin)
      return Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(circuit.enter(root), (tell) =>
          Telemetry.observed(
            about,
            (attempt, fiber, use) =>
              begin(attempt, fiber, (sending) => use({ ...sending, answer: restore(sending.answer) })),
            (exit, took) => tell(outcomeOf(request, exit, took, longest))
          )
        )
      )
    }

    const turn = (service: Throttle.Service): Effect.Effect<void, Failure, Scope.Scope> =>
      Effect.gen(function* () {
        const before = yield* Clock.currentTimeMillis
        // There is no need to stand in line for what is left alone anyway.
        if (circuit !== undefined && (yield* circuit.closedUntil(root)) > before) {
          // Its pause may be over by now: then the try that this is given is for who comes to send.
          yield* Effect.uninterruptible(Effect.flatMap(circuit.enter(root), (tell) => tell("unknown")))
        }
        const { hold } = yield* GlanceClient.Operation
        yield* hold(service.turn)
        const wait = (yield* Clock.currentTimeMillis) - before
        held += wait
        if (wait > 0) yield* Telemetry.waited("throttle", operation, wait)
      })

    /** In its place for as long as the answer is waited for. A transfer leaves it when it begins. */
    const inTurn = (number: number): Effect.Effect<Response, Failure> =>
      throttle === undefined
        ? once(number)
        : request.body._tag === "Stream"
          ? Effect.zipRight(Effect.scoped(turn(throttle)), once(number))
          : Effect.scoped(Effect.zipRight(turn(throttle), once(number)))

    const attempt = (made: number, before?: Result): Effect.Effect<Response, Failure> =>
      Effect.matchEffect(inTurn(made), {
        onFailure: (error) => next(made, Either.left(error), before),
        onSuccess: (response) =>
          isOfRetry(response.status) ? next(made, Either.right(response), before) : Effect.succeed(response)
      })

    const next = (made: number, result: Result, before: Result | undefined): Effect.Effect<Response, Failure> =>
      Effect.gen(function* () {
        // Nothing was sent: what is known is still what was met before.
        if (isRefused(result)) return yield* before ?? result
        const again = made < times ? yield* reasonToRepeat(request, result, repeatable(request)) : Option.none()
        if (Option.isNone(again)) return yield* result
        const { reason, retryAfter } = again.value
        const jitter = yield* Random.nextRange(0.8, 1.2)
        const wait = Duration.max(
          Duration.millis(Math.round(Duration.toMillis(backoff) * 2 ** made * jitter)),
          Option.getOrElse(retryAfter, () => Duration.zero)
        )
        const now = yield* Clock.currentTimeMillis
        if (now - begun - held + Duration.toMillis(wait) > Duration.toMillis(longest)) return yield* result
        if (circuit !== undefined && (yield* circuit.closedUntil(root)) > now + Duration.toMillis(wait)) {
          return yield* result
        }
        if (Either.isRight(result)) yield* drain(result.right)
        yield* Telemetry.again({ ...call, number: made }, reason, wait, Either.getRight(result))
        yield* Effect.sleep(wait)
        return yield* attempt(made + 1, result)
      })
    return attempt(0)
  }

/** One of the services of a cloud. */
export interface Target {
  /** Its endpoint, for those who have this session. */
  readonly rootOf: (session: Identity.Session) => Either.Either<string, GlanceError.EndpointNotFound>
  /** The route of a path below it. */
  readonly routeOf: (path: string) => string
}

/**
 * What carries the requests of one service: its endpoint before the path, the token on it, retries inside, and outside
 * them one new login and one replay when the token is refused.
 */
export const make = (
  way: Way,
  identity: Identity.Service,
  { rootOf, routeOf }: Target,
  retry: Omit<Retry, "repeatable">
): GlanceClient.Client => {
  const send = persistent(way, { ...retry, repeatable: ({ method }) => repeatableMethods.has(method) })
  let known: { readonly session: Identity.Session; readonly root: ReturnType<Target["rootOf"]> } | undefined
  const rootFor = (session: Identity.Session) => {
    if (known?.session !== session) known = { session, root: rootOf(session) }
    return known.root
  }
  return GlanceClient.makeClient((request) => {
    const route = routeOf(request.url)
    return Effect.withFiberRuntime((fiber) => {
      const { name } = Context.get(fiber.currentContext, GlanceClient.Operation)
      const clock = Context.get(fiber.currentDefaultServices, Clock.Clock)
      const begun = clock.unsafeCurrentTimeMillis()
      const sendAs = (session: Identity.Session): Effect.Effect<Response, Failure | GlanceError.EndpointNotFound> => {
        const root = rootFor(session)
        if (Either.isLeft(root)) return Effect.fail(root.left)
        return send({
          request: request.pipe(
            HttpClientRequest.prependUrl(root.right),
            HttpClientRequest.setHeader("x-auth-token", Redacted.value(session.token))
          ),
          root: root.right,
          route,
          operation: name,
          begun
        })
      }
      /** Goes on with a session, and tells on the operation's span for how long it was waited for. */
      const withSession = <A, E>(
        login: Effect.Effect<Identity.Session, GlanceError.ConnectionError>,
        use: (session: Identity.Session) => Effect.Effect<A, E>
      ): Effect.Effect<A, E | GlanceError.ConnectionError> => {
        const before = clock.unsafeCurrentTimeMillis()
        return Effect.flatMap(login, (session) => {
          const waited = clock.unsafeCurrentTimeMillis() - before
          return waited > 0 ? Effect.zipRight(Telemetry.waited("token", name, waited), use(session)) : use(session)
        })
      }
      // The refusal is read before the login, which may fail. Its text is kept for whoever is given the response.
      const again = (session: Identity.Session, refusal: Response) =>
        Effect.flatMap(kept(refusal), (refusal) =>
          // Also where the request cannot be sent again: whoever opens the source of its body anew finds a fresh token.
          withSession(identity.renew(session), (renewed) =>
            renewed === session || !canRepeat(request) ? Effect.succeed(refusal) : sendAs(renewed)
          )
        )
      return withSession(identity.session, (session) =>
        Effect.flatMap(sendAs(session), (response) =>
          response.status === 401 ? again(session, response) : Effect.succeed(response)
        )
      )
    })
  })
}
