import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Answer from "@effect-glance/core/Answer"
import * as ForeignText from "@effect-glance/core/ForeignText"
import * as GlanceError from "@effect-glance/core/GlanceError"
import * as ResponseBody from "@effect-glance/core/ResponseBody"
import * as Secrets from "@effect-glance/core/Secrets"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Circuit from "../Circuit.js"
import * as Identity from "../Identity.js"
import { firstAttempt, provideAttempt, type Response } from "./client/layer.js"
import { limits } from "./client/limits.js"
import { redact } from "./client/redact.js"
import { retry } from "./client/retry.js"
import { sendable } from "./client/sendable.js"
import { telemetry } from "./client/telemetry.js"
import * as Persistence from "./persistence.js"
import * as Url from "./url.js"

interface Login {
  readonly operation: string
  readonly url: string
  readonly options: Identity.LoginOptions
  /** What is sent. To ask a user for it counts to the time limit. */
  readonly credentials: Effect.Effect<Credentials>
  /** The session in a response to a login that began at this time by this machine's clock, or why there is none. */
  readonly toSession: (
    json: unknown,
    headers: Headers.Headers,
    begun: number
  ) => Either.Either<Identity.Session, string>
}

interface Credentials {
  readonly body: unknown
  /** The parts of the body that no error may show. */
  readonly secrets: ReadonlyArray<string>
}

interface KeystoneError {
  readonly error?: { readonly title?: unknown }
  readonly required_auth_methods?: unknown
}

/** Reads a part of an error of Keystone. Returns nothing if the text has another shape. */
const inError = <A>(text: string, get: (error: KeystoneError) => A): A | undefined => {
  try {
    return get(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Keystone's response to a login with too few factors has a list of them, and no sentence. */
const missingFactors = (text: string): string | undefined =>
  inError(text, ({ required_auth_methods: rules }) =>
    Array.isArray(rules)
      ? `the user has to log in by ${rules.map((all) => all.sort().join(" and ")).join(", or by ")}`
      : undefined
  )

/** Keystone's errors have a title. Proxies and other services send another shape, or HTML. */
const isOfKeystone = (text: string): boolean => inError(text, ({ error }) => typeof error?.title === "string") ?? false

/** Says that there is no Keystone behind this URL, with what the response says. */
const notKeystone = (detail: string): string => {
  const sentence = "there is no identity service (Keystone) at this URL; check the auth URL"
  return detail === "" ? sentence : `${sentence}. The response says: ${detail}`
}

/** Redirects are not followed: they would take the credentials to wherever they lead. */
const redirects = (headers: Headers.Headers, detail: string): string => {
  const location = headers["location"]
  return location === undefined
    ? notKeystone(detail)
    : `the URL redirects to ${Url.root(Secrets.url(location))}; use that as the auth URL if you trust it`
}

/** A catalog of thousands of endpoints is a few megabytes long. */
const loginLimit = 16 * 2 ** 20

/** A response to a login, and the secrets that it may repeat. */
interface Received {
  readonly operation: string
  readonly response: Response
  readonly secrets: ReadonlyArray<string>
}

/** The parts of the body that a server may repeat, and the secrets of all headers. The body is secret as a whole. */
const secretsOf = ({ response, secrets }: Received): ReadonlyArray<string> => [
  ...secrets,
  ...Secrets.ofRequest(response.request),
  ...Secrets.ofHeaders(response.headers)
]

const answerOf = (received: Received, detail: string): Answer.Answer => {
  const { operation, response } = received
  const options = { secrets: secretsOf(received) }
  const shownDetail = ForeignText.show(detail, options)
  const { requestId, ...shown } = Answer.answer(operation, response.request, response, shownDetail)
  return { ...shown, requestId: Option.map(requestId, (id) => ForeignText.show(id, options)) }
}

const succeed = (received: Received, begun: number, toSession: Login["toSession"]) => {
  const { response } = received
  const unreadable = (detail: string) =>
    new GlanceError.UnexpectedAnswer({ ...answerOf(received, detail), record: Option.none() })
  return Effect.flatMap(
    Effect.catchTag(ResponseBody.read(response, loginLimit), "RefusedBody", ({ detail }) =>
      Effect.fail(unreadable(detail))
    ),
    (text): Either.Either<Identity.Session, GlanceError.UnexpectedAnswer> =>
      Either.gen(function* () {
        const json = yield* Either.try({
          try: () => JSON.parse(text) as unknown,
          catch: () => unreadable("not JSON, so this is not an identity service")
        })
        return yield* Either.mapLeft(toSession(json, response.headers, begun), unreadable)
      })
  )
}

const fail = (received: Received): Effect.Effect<never, GlanceError.ConnectionError> =>
  Effect.gen(function* () {
    const { headers } = received.response
    const text = yield* ResponseBody.readError(received.response)
    const detail = missingFactors(text) ?? Answer.detailOf(text, secretsOf(received))
    const fields = answerOf(received, detail)
    const retryAfter = yield* Answer.retryAfterOf(headers)
    switch (fields.status) {
      case 400:
      case 401:
      case 403:
        return yield* new GlanceError.AuthenticationFailed(fields)
      case 404:
        // Keystone's response to an application credential that does not exist.
        return yield* isOfKeystone(text)
          ? new GlanceError.AuthenticationFailed(fields)
          : new GlanceError.UnexpectedStatus({ ...fields, detail: notKeystone(fields.detail) })
      case 405:
        return yield* new GlanceError.UnexpectedStatus({ ...fields, detail: notKeystone(fields.detail) })
      case 429:
        return yield* new GlanceError.RateLimited({ ...fields, retryAfter })
      case 502:
      case 503:
      case 504:
        return yield* new GlanceError.ServiceUnavailable({ ...fields, retryAfter })
      default:
        if (fields.status >= 500) return yield* new GlanceError.ServerError(fields)
        return yield* new GlanceError.UnexpectedStatus(
          fields.status < 400 ? { ...fields, detail: redirects(headers, fields.detail) } : fields
        )
    }
  })

/** The path of a URL; empty if the URL cannot be parsed. */
const routeOf = (url: string): string => (URL.canParse(url) ? new URL(url).pathname : "")

/**
 * Makes a login, which ends at its time limit, whatever the server does. No error shows a part of the request's body or
 * of a success' body.
 */
export const make = ({
  credentials,
  operation,
  options,
  toSession,
  url
}: Login): Effect.Effect<Effect.Effect<Identity.Session, GlanceError.ConnectionError>, never, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const runtimeClient = yield* HttpClient.HttpClient
    const fetchOptions = Option.getOrUndefined(yield* Effect.serviceOption(FetchHttpClient.RequestInit))
    const circuit = Option.getOrUndefined(yield* Effect.serviceOption(Circuit.Circuit))
    const persistence = Persistence.of(options)
    const { timeLimit } = persistence
    /** The layers of `Cloud` that need no token. To log in twice does no harm. */
    const client = runtimeClient.pipe(
      redact,
      telemetry,
      sendable,
      limits({ circuit, timeLimit }),
      retry({ ...persistence, circuit, isRepeatable: () => true })
    )
    const route = routeOf(url)

    return Effect.gen(function* () {
      const { body, secrets } = yield* credentials
      const begun = yield* Clock.currentTimeMillis
      const request = HttpClientRequest.post(url).pipe(
        HttpClientRequest.setHeader("accept", "application/json"),
        HttpClientRequest.bodyUnsafeJson(body)
      )
      const attempt = firstAttempt({ operation, root: url, route, begun, hold: identity })
      const response = yield* provideAttempt(attempt, fetchOptions)(client.execute(request))
      const received = { operation, response, secrets }
      const isSuccess = response.status >= 200 && response.status < 300
      return yield* isSuccess ? succeed(received, begun, toSession) : fail(received)
    }).pipe(
      Effect.mapError((error) =>
        HttpClientError.isHttpClientError(error) ? GlanceError.transportError(operation, error) : error
      ),
      Effect.timeoutFail({
        duration: timeLimit,
        onTimeout: () => new GlanceError.TimeLimitExceeded({ operation, limit: timeLimit })
      }),
      Effect.withSpan(operation)
    )
  })

type Make<Options> = (options: Options) => Effect.Effect<Identity.Service, never, HttpClient.HttpClient | Scope.Scope>

/** The identity as a layer. */
export const layer =
  <Options>(make: Make<Options>) =>
  (options: Options): Layer.Layer<Identity.Identity, never, HttpClient.HttpClient> =>
    Layer.scoped(Identity.Identity, make(options))

/** The same, of options that are read from the `ConfigProvider`. */
export const layerConfig =
  <Options>(make: Make<Options>) =>
  (
    options: Config.Config.Wrap<Options>
  ): Layer.Layer<Identity.Identity, ConfigError.ConfigError, HttpClient.HttpClient> =>
    Layer.scoped(Identity.Identity, Effect.flatMap(Config.unwrap(options), make))
