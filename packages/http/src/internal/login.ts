import type * as Headers from "@effect/platform/Headers"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Answer from "@effect-glance/core/Answer"
import * as GlanceError from "@effect-glance/core/GlanceError"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Identity from "../Identity.js"
import { type Guarded, withoutUser } from "./guard.js"
import * as Route from "./route.js"
import * as Transport from "./transport.js"

interface Login<A, I> {
  readonly client: Guarded
  readonly operation: string
  readonly url: string
  readonly options: Identity.LoginOptions
  readonly body: unknown
  /** What of the body nobody may read in an error. */
  readonly secrets: ReadonlyArray<string>
  readonly schema: Schema.Schema<A, I>
  /** The session in an answer to a login that began at this time by this machine's clock. */
  readonly toSession: (document: A, headers: Headers.Headers, begun: number) => Option.Option<Identity.Session>
}

/** Where the document is not what it should be, without what stands there: it may be the token. */
const places = (issue: ParseResult.ParseIssue): string =>
  ParseResult.ArrayFormatter.formatIssueSync(issue)
    .map(({ _tag, path }) => `${path.join(".") || "the document"} (${_tag})`)
    .join(", ")

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

/**
 * The elements that are as they should be. A catalog holds what many teams have registered, and one that is odd is not
 * the others' fault.
 */
export const wholeOnes = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = ParseResult.decodeUnknownOption(schema)
  return (all: ReadonlyArray<unknown>): ReadonlyArray<A> => Arr.filterMap(all, (each) => decode(each))
}

/** One login. Whatever goes wrong, nothing of the request's body and nothing of a success' body is told. */
export const login = <A, I>({ body, client, operation, options, schema, secrets, toSession, url }: Login<A, I>) => {
  const timeLimit = Duration.decode(options.timeLimit ?? "60 seconds")
  const decode = ParseResult.decodeUnknownEither(schema)
  const request = HttpClientRequest.post(url).pipe(
    HttpClientRequest.setHeader("accept", "application/json"),
    HttpClientRequest.bodyUnsafeJson(body)
  )
  const told = HttpClientRequest.post(withoutUser(url))
  const send = Transport.persistent(client, {
    times: options.retries ?? 3,
    backoff: Duration.decode(options.backoff ?? "200 millis"),
    longest: timeLimit,
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
          const document = yield* Either.mapLeft(decode(json), (issue) =>
            unreadable(response, `not a token's document: ${places(issue)}`)
          )
          return yield* Either.fromOption(toSession(document, response.headers, begun), () =>
            unreadable(response, "the answer holds no token")
          )
        })
    )

  const fail = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<never, GlanceError.ConnectionError> =>
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
          // Keystone's answer to the id of an application credential that there is none of. Of a wrong URL it is HTML.
          return yield* response.headers["content-type"]?.startsWith("application/json")
            ? new GlanceError.AuthenticationFailed(answer)
            : new GlanceError.UnexpectedStatus(answer)
        case 429:
          return yield* new GlanceError.RateLimited({ ...answer, retryAfter })
        case 502:
        case 503:
        case 504:
          return yield* new GlanceError.ServiceUnavailable({ ...answer, retryAfter })
        default:
          return yield* answer.status >= 500
            ? new GlanceError.ServerError(answer)
            : new GlanceError.UnexpectedStatus(answer)
      }
    })

  return Effect.flatMap(Clock.currentTimeMillis, (begun) =>
    Effect.flatMap(
      send({ request, root: told.url, route: Route.plain(told.url), operation, begun }),
      (response): Effect.Effect<Identity.Session, GlanceError.ConnectionError | HttpClientError.HttpClientError> =>
        response.status >= 200 && response.status < 300 ? succeed(response, begun) : fail(response)
    )
  ).pipe(
    Effect.mapError((error) =>
      HttpClientError.isHttpClientError(error) ? GlanceError.transportError(operation, error) : error
    ),
    Effect.timeoutFail({
      duration: timeLimit,
      onTimeout: () => new GlanceError.TimeLimitExceeded({ operation, limit: timeLimit })
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
