import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Answer from "@effect-glance/core/Answer"
import * as GlanceError from "@effect-glance/core/GlanceError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import type * as Identity from "../Identity.js"

/** Headers that hold a token, in either direction. */
const secretHeaders = ["x-auth-token", "x-subject-token", "x-service-token"]

/**
 * The caller's HTTP client, made fit to carry secrets: tokens are redacted in spans, and redirects are not followed,
 * since they would take the token to wherever they lead.
 */
export const guarded = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
  HttpClient.transformResponse(client, (effect) =>
    Effect.flatMap(Effect.serviceOption(FetchHttpClient.RequestInit), (init) =>
      effect.pipe(
        Effect.provideService(FetchHttpClient.RequestInit, {
          ...Option.getOrElse(init, () => ({})),
          redirect: "manual"
        }),
        Effect.locallyWith(Headers.currentRedactedNames, (names) => [...names, ...secretHeaders])
      )
    )
  )

/** How long a login may take, and any request for which nothing else is said. */
export const defaultTimeLimit = Duration.minutes(1)

interface Login<A, I> {
  readonly client: HttpClient.HttpClient
  readonly operation: string
  readonly url: string
  readonly body: unknown
  readonly schema: Schema.Schema<A, I>
  readonly toSession: (document: A, headers: Headers.Headers) => Option.Option<Identity.Session>
}

/** Where the document is not what it should be, without what stands there: it may be the token. */
const places = (issue: ParseResult.ParseIssue): string =>
  ParseResult.ArrayFormatter.formatIssueSync(issue)
    .map(({ _tag, path }) => `${path.join(".") || "the document"} (${_tag})`)
    .join(", ")

/** One login. Whatever goes wrong, nothing of the request's body and nothing of a success' body is told. */
export const login = <A, I>({ body, client, operation, schema, toSession, url }: Login<A, I>) => {
  const decode = ParseResult.decodeUnknownEither(schema)
  const request = HttpClientRequest.post(url).pipe(
    HttpClientRequest.setHeader("accept", "application/json"),
    HttpClientRequest.bodyUnsafeJson(body)
  )
  const told = HttpClientRequest.post(withoutUser(url))

  const unreadable = (response: HttpClientResponse.HttpClientResponse, detail: string) =>
    new GlanceError.UnexpectedAnswer({ ...Answer.answer(operation, told, response, detail), record: Option.none() })

  const succeed = (response: HttpClientResponse.HttpClientResponse) =>
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
          return yield* Either.fromOption(toSession(document, response.headers), () =>
            unreadable(response, "the answer holds no token")
          )
        })
    )

  const fail = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<never, GlanceError.ConnectionError> =>
    Effect.gen(function* () {
      const answer = yield* Answer.read(operation, told, response)
      const retryAfter = yield* Answer.retryAfterOf(response.headers)
      switch (answer.status) {
        case 400:
        case 401:
        case 403:
          return yield* new GlanceError.AuthenticationFailed(answer)
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

  return client.execute(request).pipe(
    Effect.flatMap(
      (response): Effect.Effect<Identity.Session, GlanceError.ConnectionError | HttpClientError.HttpClientError> =>
        response.status >= 200 && response.status < 300 ? succeed(response) : fail(response)
    ),
    Effect.mapError((error) =>
      HttpClientError.isHttpClientError(error) ? GlanceError.transportError(operation, error) : error
    ),
    Effect.timeoutFail({
      duration: defaultTimeLimit,
      onTimeout: () =>
        new GlanceError.TimeLimitExceeded({ operation, method: "POST", url: told.url, limit: defaultTimeLimit })
    }),
    Effect.withSpan(operation)
  )
}

const withoutUser = (url: string): string => url.replace(/^(\w+:\/\/)[^/@]*@/, "$1")
