import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Tracer from "effect/Tracer"

/** Headers that hold a token, in either direction. */
const secretHeaders = ["x-auth-token", "x-subject-token", "x-service-token"]

const userInfo = /^(\w+:\/\/)([^/?#]*)@/

/** The URL without the user and password that may stand before the host. */
export const withoutUser = (url: string): string => url.replace(userInfo, "$1")

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A user in the URL becomes the header that it means: some clients would drop it, others fail with it in their message. */
const withUserAsHeader = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  const user = userInfo.exec(request.url)?.[2]
  if (user === undefined) return request
  const [name = "", ...password] = user.split(":")
  return request.pipe(
    HttpClientRequest.setUrl(withoutUser(request.url)),
    HttpClientRequest.basicAuth(decoded(name), decoded(password.join(":")))
  )
}

/** The secret headers that a request has, without the space around them, which some clients cut off. */
const secretsOf = ({ headers }: HttpClientRequest.HttpClientRequest): Record<string, string> =>
  Object.fromEntries(
    [...secretHeaders, "authorization"].flatMap((name) => {
      const value = headers[name]?.trim() ?? ""
      return value === "" ? [] : [[name, value]]
    })
  )

/** `fetch` repeats the value of a header that it does not take. */
const repeats = (cause: unknown, secrets: ReadonlyArray<string>, depth = 0): boolean =>
  typeof cause === "object" &&
  cause !== null &&
  depth < 8 &&
  (secrets.some((secret) => "message" in cause && String(cause.message).includes(secret)) ||
    ("cause" in cause && repeats(cause.cause, secrets, depth + 1)))

/** The failure of a client without what its request carries: its token and its body. */
const discreet = <E>(error: E): E | HttpClientError.RequestError => {
  if (!HttpClientError.isHttpClientError(error)) return error
  const { cause, description, request } = error
  const secrets = secretsOf(request)
  return new HttpClientError.RequestError({
    request: request.pipe(
      HttpClientRequest.setBody(HttpBody.empty),
      HttpClientRequest.setHeaders(Record.map(secrets, () => "<redacted>"))
    ),
    reason: error._tag === "RequestError" ? error.reason : "Transport",
    cause: repeats(cause, Object.values(secrets)) ? new Error("a header cannot be sent as it is") : cause,
    ...(description === undefined ? {} : { description })
  })
}

/** The spans of a client end in its response or its failure, both of which hold the request. */
const discreetTracer = (tracer: Tracer.Tracer): Tracer.Tracer =>
  Tracer.make({
    span: (...about) => {
      const span = tracer.span(...about)
      const { end } = span
      span.end = (time, exit) => end.call(span, time, Exit.isSuccess(exit) ? Exit.void : Exit.mapError(exit, discreet))
      return span
    },
    context: (execution, fiber) => tracer.context(execution, fiber)
  })

/**
 * The runtime's HTTP client, made fit to carry secrets: they are kept out of spans and failures; redirects are not
 * followed, since they would take the token to wherever they lead; and an answer is an answer, whatever its status,
 * also from a client that was told to fail on some.
 */
export const guarded: Effect.Effect<HttpClient.HttpClient, never, HttpClient.HttpClient> = Effect.gen(function* () {
  const client = yield* HttpClient.HttpClient
  const initOfLayer = yield* Effect.serviceOption(FetchHttpClient.RequestInit)
  return client.pipe(
    HttpClient.mapRequest(withUserAsHeader),
    HttpClient.transformResponse((effect) =>
      Effect.gen(function* () {
        const tracer = yield* Effect.tracer
        const init = Option.orElse(yield* Effect.serviceOption(FetchHttpClient.RequestInit), () => initOfLayer)
        return yield* effect.pipe(
          Effect.provideService(FetchHttpClient.RequestInit, {
            ...Option.getOrElse(init, () => ({})),
            redirect: "manual"
          }),
          Effect.locallyWith(Headers.currentRedactedNames, (names) => [...names, ...secretHeaders]),
          Effect.withTracer(discreetTracer(tracer)),
          Effect.catchAll((error) =>
            error._tag === "ResponseError" && error.reason === "StatusCode"
              ? Effect.succeed(error.response)
              : Effect.fail(discreet(error))
          )
        )
      })
    )
  )
})
