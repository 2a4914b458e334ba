import type * as Headers from "@effect/platform/Headers"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Answer from "@effect-glance/core/Answer"
import * as GlanceError from "@effect-glance/core/GlanceError"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Identity from "../Identity.js"
import { type Guarded, withoutUser } from "./guard.js"
import * as Persistence from "./persistence.js"
import * as Route from "./route.js"
import * as Shown from "./shown.js"
import * as Transport from "./transport.js"
import * as Url from "./url.js"

interface Login {
  readonly client: Guarded
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

/** Letters and digits only, so that it does not matter how a text is quoted and escaped. */
const bare = (text: string): string =>
  text.replace(/\\+(u[\da-f]{4}|x[\da-f]{2}|[bfnrt])|&#?\w+;/gi, "").replace(/[^a-z\d]/gi, "")

/** Whether a server repeats a secret: Keystone shows the part of a request that it does not take as it came. */
const repeats = (text: string, secret: string): boolean =>
  secret !== "" && (text.includes(secret) || (bare(secret) !== "" && bare(text).includes(bare(secret))))

/** Keystone answers a login by fewer factors than the user has to give with what those are, and no sentence. */
const missingFactors = (text: string): string | undefined => {
  try {
    const { required_auth_methods: rules } = JSON.parse(text)
    return Array.isArray(rules)
      ? `the user has to log in by ${rules.map((all) => all.sort().join(" and ")).join(", or by ")}`
      : undefined
  } catch {
    return undefined
  }
}

/** Keystone's errors have this shape. Proxies and other services have another, or send HTML. */
const isOfKeystone = (text: string): boolean => {
  try {
    return typeof JSON.parse(text).error.title === "string"
  } catch {
    return false
  }
}

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
    : `the URL redirects to ${Shown.foreign(Url.root(withoutUser(location)))}; use that as the auth URL if you trust it`
}

/**
 * One login. It ends at its time limit, whatever the server does. No error shows a part of the request's body or of a
 * success' body.
 */
export const login = ({ client, credentials, operation, options, toSession, url }: Login) => {
  const persistence = Persistence.of(options)
  const { longest } = persistence
  const told = HttpClientRequest.post(withoutUser(url))
  const send = Transport.persistent(client, {
    ...persistence,
    repeatable: () => true
  })

  const unreadable = (response: HttpClientResponse.HttpClientResponse, detail: string) =>
    new GlanceError.UnexpectedAnswer({ ...Answer.answer(operation, told, response, detail), record: Option.none() })

  const succeed = (response: HttpClientResponse.HttpClientResponse, begun: number) =>
    Effect.flatMap(
      response.text,
      (text): Either.Either<Identity.Session, GlanceError.UnexpectedAnswer> =>
        Either.gen(function* () {
          const json = yield* Either.try({
            try: () => JSON.parse(text) as unknown,
            catch: () => unreadable(response, "not JSON, so this is not an identity service")
          })
          return yield* Either.mapLeft(toSession(json, response.headers, begun), (detail) =>
            unreadable(response, detail)
          )
        })
    )

  const fail = (
    response: HttpClientResponse.HttpClientResponse,
    secrets: ReadonlyArray<string>
  ): Effect.Effect<never, GlanceError.ConnectionError> =>
    Effect.gen(function* () {
      const text = yield* Effect.orElseSucceed(response.text, () => "")
      const detail = secrets.some((secret) => repeats(text, secret))
        ? "a text that repeats the credentials"
        : (missingFactors(text) ?? Answer.detailOf(text))
      const answer = Answer.answer(operation, told, response, detail)
      const retryAfter = yield* Answer.retryAfterOf(response.headers)
      switch (answer.status) {
        case 400:
        case 401:
        case 403:
          return yield* new GlanceError.AuthenticationFailed(answer)
        case 404:
          // Keystone's response to an application credential that does not exist.
          return yield* isOfKeystone(text)
            ? new GlanceError.AuthenticationFailed(answer)
            : new GlanceError.UnexpectedStatus({ ...answer, detail: notKeystone(detail) })
        case 405:
          return yield* new GlanceError.UnexpectedStatus({ ...answer, detail: notKeystone(detail) })
        case 429:
          return yield* new GlanceError.RateLimited({ ...answer, retryAfter })
        case 502:
        case 503:
        case 504:
          return yield* new GlanceError.ServiceUnavailable({ ...answer, retryAfter })
        default:
          if (answer.status >= 500) return yield* new GlanceError.ServerError(answer)
          return yield* new GlanceError.UnexpectedStatus(
            answer.status < 400 ? { ...answer, detail: redirects(response.headers, detail) } : answer
          )
      }
    })

  const attempt = ({ body, secrets }: Credentials) =>
    Effect.gen(function* () {
      const begun = yield* Clock.currentTimeMillis
      const request = HttpClientRequest.post(url).pipe(
        HttpClientRequest.setHeader("accept", "application/json"),
        HttpClientRequest.bodyUnsafeJson(body)
      )
      const response = yield* send({ request, root: told.url, route: Route.plain(told.url), operation, begun })
      const isSuccess = response.status >= 200 && response.status < 300
      return yield* isSuccess ? succeed(response, begun) : fail(response, secrets)
    })

  return Effect.flatMap(credentials, attempt).pipe(
    Effect.mapError((error) =>
      HttpClientError.isHttpClientError(error) ? GlanceError.transportError(operation, error) : error
    ),
    Effect.timeoutFail({
      duration: longest,
      onTimeout: () => new GlanceError.TimeLimitExceeded({ operation, limit: longest })
    }),
    Effect.withSpan(operation)
  )
}

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
