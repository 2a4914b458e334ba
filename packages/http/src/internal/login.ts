import type * as Headers from "@effect/platform/Headers"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Answer from "@effect-glance/core/Answer"
import * as ForeignText from "@effect-glance/core/ForeignText"
import * as GlanceError from "@effect-glance/core/GlanceError"
import * as ResponseBody from "@effect-glance/core/ResponseBody"
import * as Secrets from "@effect-glance/core/Secrets"
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
import type { Guarded } from "./guard.js"
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

/** A catalog of thousands of endpoints is a few megabytes long. */
const loginLimit = 16 * 2 ** 20

/** One login. Whatever goes wrong, nothing of the request's body and nothing of a success' body is told. */
export const login = <A, I>({ body, client, operation, options, schema, secrets, toSession, url }: Login<A, I>) => {
  const timeLimit = Duration.decode(options.timeLimit ?? "60 seconds")
  const decode = ParseResult.decodeUnknownEither(schema)
  const request = HttpClientRequest.post(url).pipe(
    HttpClientRequest.setHeader("accept", "application/json"),
    HttpClientRequest.bodyUnsafeJson(body)
  )
  const shownUrl = Secrets.url(url)
  const send = Transport.persistent(client, {
    times: options.retries ?? 3,
    backoff: Duration.decode(options.backoff ?? "200 millis"),
    longest: timeLimit,
    repeatable: () => true
  })

  /** The body of a login is secret as a whole; these are the parts that a server may repeat. */
  const known = (response: HttpClientResponse.HttpClientResponse) => [
    ...secrets,
    ...Secrets.ofRequest(response.request),
    ...Secrets.ofHeaders(response.headers)
  ]

  const answer = (response: HttpClientResponse.HttpClientResponse, detail: string): Answer.Answer => {
    const options = { secrets: known(response) }
    const { requestId, ...shown } = Answer.answer(operation, request, response, ForeignText.show(detail, options))
    return { ...shown, requestId: Option.map(requestId, (id) => ForeignText.show(id, options)) }
  }

  const unreadable = (response: HttpClientResponse.HttpClientResponse, detail: string) =>
    new GlanceError.UnexpectedAnswer({ ...answer(response, detail), record: Option.none() })

  const succeed = (response: HttpClientResponse.HttpClientResponse, begun: number) =>
    Effect.flatMap(
      Effect.catchTag(ResponseBody.read(response, loginLimit), "RefusedBody", ({ detail }) =>
        Effect.fail(unreadable(response, detail))
      ),
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
      const text = yield* ResponseBody.readError(response)
      const fields = answer(response, missingFactors(text) ?? Answer.detailOf(text, known(response)))
      const retryAfter = yield* Answer.retryAfterOf(response.headers)
      switch (fields.status) {
        case 400:
        case 401:
        case 403:
          return yield* new GlanceError.AuthenticationFailed(fields)
        case 404:
          // Keystone's answer to the id of an application credential that there is none of. Of a wrong URL it is HTML.
          return yield* response.headers["content-type"]?.startsWith("application/json")
            ? new GlanceError.AuthenticationFailed(fields)
            : new GlanceError.UnexpectedStatus(fields)
        case 429:
          return yield* new GlanceError.RateLimited({ ...fields, retryAfter })
        case 502:
        case 503:
        case 504:
          return yield* new GlanceError.ServiceUnavailable({ ...fields, retryAfter })
        default:
          return yield* fields.status >= 500
            ? new GlanceError.ServerError(fields)
            : new GlanceError.UnexpectedStatus(fields)
      }
    })

  return Effect.flatMap(Clock.currentTimeMillis, (begun) =>
    Effect.flatMap(
      send({ request, root: url, route: Route.plain(shownUrl), operation, begun }),
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
