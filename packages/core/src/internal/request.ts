import type * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import * as Answer from "../Answer.js"
import * as ForeignText from "../ForeignText.js"
import type * as GlanceClient from "../GlanceClient.js"
import * as GlanceError from "../GlanceError.js"
import * as ResponseBody from "../ResponseBody.js"
import * as Secrets from "../Secrets.js"
import * as Limit from "./limit.js"
import * as Telemetry from "./telemetry.js"

/** What an operation makes of the statuses that mean something to it. All others mean the same to every operation. */
export type Meanings = { readonly [status: number]: (answer: Answer.Answer) => GlanceError.GlanceError }

/** What the statuses become that an operation gives no meaning of its own. */
interface CommonMeanings {
  readonly 400: GlanceError.BadRequest
  readonly 403: GlanceError.Forbidden
  readonly 413: GlanceError.QuotaExceeded
}

type MeantBy<Meaning> = Meaning extends (answer: Answer.Answer) => infer E ? E : never

/** What a request ends in whose operation gives these meanings: its own errors instead of the common ones. */
export type ErrorOf<On extends Meanings> =
  | MeantBy<On[keyof On]>
  | Exclude<GlanceError.RequestError, CommonMeanings[keyof On & keyof CommonMeanings]>

/** What could not be read, and in which record where that is known. */
export interface Unreadable {
  readonly detail: string
  readonly record?: string | undefined
}

export type Decode<A> = (body: unknown) => Either.Either<A, Unreadable>

/**
 * The first complaint about each place, as the decoder says it: {@link shownWith} cuts and masks it. The whole tree would
 * begin with the types of all that is well.
 */
const complaints = (issue: ParseResult.ParseIssue): string => {
  const first = new Map<string, string>()
  for (const { message, path } of ParseResult.ArrayFormatter.formatIssueSync(issue)) {
    const place = path.map((key) => `[${JSON.stringify(key)}]`).join("")
    if (!first.has(place)) first.set(place, `${place}${place === "" ? "" : ": "}${message}`)
  }
  return [...first.values()].join("; ")
}

/** The id that a record claims, readable or not. */
export const idOf = (record: unknown): string | undefined => {
  const id = (record as { readonly id?: unknown } | null | undefined)?.id
  return typeof id === "string" ? id : undefined
}

/** What could not be read, as an error or a log line shows it. The ids of Glance itself have at most 36 characters. */
export const shownWith =
  (secrets: ReadonlyArray<string>) =>
  ({ detail, record }: Unreadable): Unreadable => ({
    detail: ForeignText.show(detail, { secrets }),
    record: record === undefined ? undefined : ForeignText.show(record, { secrets, maxLength: 100 })
  })

/**
 * Keeps what a decoder throws inside the error channel. JSON that is nested thousands of levels deep overflows the stack
 * of whatever walks through it, which the formatter of issues does.
 */
const guarded =
  <A>(decode: Decode<A>): Decode<A> =>
  (body) => {
    try {
      return decode(body)
    } catch {
      return Either.left({
        detail: "it is not as expected, and is nested too deeply to be shown",
        record: idOf(body)
      })
    }
  }

/** To be built once for each schema: building is what costs. */
export const decoder = <A, I>(schema: Schema.Schema<A, I>): Decode<A> => {
  const decode = ParseResult.decodeUnknownEither(schema)
  return guarded((body) => Either.mapLeft(decode(body), (issue) => ({ detail: complaints(issue), record: idOf(body) })))
}

const meaningOfAll = (
  answer: Answer.Answer,
  headers: Headers.Headers
): Effect.Effect<never, GlanceError.RequestError> => {
  const withRetryAfter = <E>(make: (fields: Answer.Answer & Pick<GlanceError.RateLimited, "retryAfter">) => E) =>
    Effect.flatMap(Answer.retryAfterOf(headers), (retryAfter) => Effect.fail(make({ ...answer, retryAfter })))
  switch (answer.status) {
    case 300:
      return Effect.fail(new GlanceError.EndpointVersionMismatch(answer))
    case 400:
      return Effect.fail(new GlanceError.BadRequest(answer))
    case 401:
      return Effect.fail(new GlanceError.AuthenticationFailed(answer))
    case 403:
      return Effect.fail(new GlanceError.Forbidden(answer))
    case 413:
      return withRetryAfter((fields) => new GlanceError.QuotaExceeded(fields))
    case 429:
      return withRetryAfter((fields) => new GlanceError.RateLimited(fields))
    case 502:
    case 503:
    case 504:
      return withRetryAfter((fields) => new GlanceError.ServiceUnavailable(fields))
    default:
      return Effect.fail(
        answer.status >= 500 ? new GlanceError.ServerError(answer) : new GlanceError.UnexpectedStatus(answer)
      )
  }
}

export interface Operation<A, On extends Meanings> {
  /** As `Module.function`, for errors. */
  readonly operation: string
  readonly request: HttpClientRequest.HttpClientRequest
  readonly decode: Read<A>
  readonly on?: On & Meanings
  /** Looks at what was read, and may refuse it. What it shows must be without the secrets of the request. */
  readonly review?: (value: A, secrets: ReadonlyArray<string>) => Effect.Effect<void, Unreadable>
  /** A status beyond 2xx that is a success of this operation. */
  readonly alsoSuccess?: number | undefined
  /** Whether it is a request of its own, and not what became of one that is counted already. @default true */
  readonly counted?: boolean
}

/** Reads the body of a success. The secrets are those of the request, which no complaint may show. */
export type Read<A> = (
  text: string,
  headers: Headers.Headers,
  secrets: ReadonlyArray<string>
) => Either.Either<A, Unreadable>

/** One request and its whole answer, within the port's time limit. */
export const run = <A, On extends Meanings = Record<never, never>>(
  http: Pick<GlanceClient.Service, "client" | "timeLimit" | "bodyLimit">,
  { alsoSuccess, counted = true, decode, on, operation, request, review }: Operation<A, On>
): Effect.Effect<A, ErrorOf<On>> => {
  return Telemetry.metered(operation, (meter) => {
    let status: number | undefined
    const failed = (error: GlanceError.GlanceError | HttpClientError.HttpClientError) =>
      Effect.fail(HttpClientError.isHttpClientError(error) ? GlanceError.transportError(operation, error) : error)
    const unreadable = (response: HttpClientResponse.HttpClientResponse, complaint: Unreadable) => {
      const { detail, record } = shownWith(Secrets.ofRequest(response.request))(complaint)
      return new GlanceError.UnexpectedAnswer({
        ...Answer.answer(operation, request, response, detail),
        record: Option.fromNullable(record)
      })
    }
    const read = (response: HttpClientResponse.HttpClientResponse) =>
      Effect.matchEffect(ResponseBody.read(response, http.bodyLimit), {
        onFailure: (error) => (error._tag === "RefusedBody" ? unreadable(response, error) : failed(error)),
        onSuccess: (text): Effect.Effect<A, GlanceError.GlanceError> => {
          meter.moved("receive", Number(response.headers["content-length"] ?? text.length))
          const masked = withoutToken(text, response.request)
          const secrets = Secrets.ofRequest(response.request)
          const decoded = decode(masked, response.headers, secrets)
          if (Either.isLeft(decoded)) return unreadable(response, decoded.left)
          if (review === undefined) return Effect.succeed(decoded.right)
          return Effect.matchEffect(review(decoded.right, secrets), {
            onFailure: (complaint) => unreadable(response, complaint),
            onSuccess: () => Effect.succeed(decoded.right)
          })
        }
      })
    const fail = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<never, GlanceError.GlanceError> =>
      Effect.flatMap(Answer.read(operation, request, response), (answer) => {
        const meaning = on?.[answer.status]
        return meaning === undefined ? meaningOfAll(answer, response.headers) : Effect.fail(meaning(answer))
      })
    const result = Effect.matchEffect(
      http.client.execute(HttpClientRequest.setHeader(request, "accept", "application/json")),
      {
        onFailure: failed,
        onSuccess: (response): Effect.Effect<A, GlanceError.GlanceError> => {
          status = response.status
          meter.answered(response)
          meter.moved("transmit", request.body.contentLength ?? 0)
          return isSuccess(status) || status === alsoSuccess ? read(response) : fail(response)
        }
      }
    ).pipe(Limit.within(http, operation))
    // What it fails with are the meanings in `on` and the common ones of all other statuses.
    return (counted ? Telemetry.onExit(result, (exit) => meter.ended(exit, status)) : result) as Effect.Effect<
      A,
      ErrorOf<On>
    >
  })
}

/** A shorter token may be part of a record by chance. */
const minTokenLength = 16

/**
 * Masks the token of the request in the body of a success. Fields of records become fields of errors later, when the
 * request is not at hand. No record holds the token that reads it, unless the server repeats the request.
 */
const withoutToken = (text: string, { headers }: HttpClientRequest.HttpClientRequest): string => {
  const token = headers["x-auth-token"]?.trim() ?? ""
  return token.length >= minTokenLength && text.includes(token) ? text.replaceAll(token, Secrets.mask) : text
}

const isSuccess = (status: number) => status >= 200 && status < 300

const parsed = (text: string, secrets: ReadonlyArray<string>): Either.Either<unknown, Unreadable> =>
  Either.try({
    try: () => JSON.parse(text) as unknown,
    catch: () => ({
      detail:
        text === ""
          ? "the body is empty"
          : `not JSON, it begins ${JSON.stringify(ForeignText.show(text, { secrets, maxLength: 80 }))}`
    })
  })

/** For an answer whose JSON body `decode` reads. */
export const json =
  <A>(decode: Decode<A>): Read<A> =>
  (text, _, secrets) =>
    Either.flatMap(parsed(text, secrets), guarded(decode))

/** For an answer that says nothing but its status. A page of HTML means that something else than Glance answered. */
export const nothing = (text: string, headers: Headers.Headers): Either.Either<void, Unreadable> =>
  text !== "" && headers["content-type"]?.startsWith("text/html")
    ? Either.left({ detail: "a page of HTML" })
    : Either.void
