/** Reads responses: decoders of bodies, and the errors of statuses that mean the same to every operation. */
import type * as Headers from "@effect/platform/Headers"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import * as Answer from "../Answer.js"
import * as ForeignText from "../ForeignText.js"
import * as GlanceError from "../GlanceError.js"
import * as Secrets from "../Secrets.js"

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

/** The error of a status that means the same to every operation. */
export const commonError = (
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

/** Reads the body of a success. No complaint may show a secret of the request; they are looked for only then. */
export type Read<A> = (
  text: string,
  headers: Headers.Headers,
  secrets: () => ReadonlyArray<string>
) => Either.Either<A, Unreadable>

const parsed = (text: string, secrets: () => ReadonlyArray<string>): Either.Either<unknown, Unreadable> =>
  Either.try({
    try: () => JSON.parse(text) as unknown,
    catch: () => ({
      detail:
        text === ""
          ? "the body is empty"
          : `not JSON, it begins ${JSON.stringify(ForeignText.show(text, { secrets: secrets(), maxLength: 80 }))}`
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

/** Reads and adapts the value. */
export const map =
  <A, B>(read: Read<A>, f: (value: A) => B): Read<B> =>
  (text, headers, secrets) =>
    Either.map(read(text, headers, secrets), f)

/** Reads a JSON body by its schema. */
export const schema = <A, I>(schema: Schema.Schema<A, I>): Read<A> => json(decoder(schema))

/** A shorter token may be part of a record by chance. */
const minTokenLength = 16

/**
 * Decodes the body of a success, in which the token of the request is masked. Fields of records become fields of errors
 * later, when the request is not at hand. No record holds the token that reads it, unless the server repeats the request.
 */
export const decode = <A>(
  read: Read<A>,
  text: string,
  { headers, request }: HttpClientResponse.HttpClientResponse
): Either.Either<A, Unreadable> => {
  const token = request.headers["x-auth-token"]?.trim() ?? ""
  const masked = token.length >= minTokenLength && text.includes(token) ? text.replaceAll(token, Secrets.mask) : text
  return read(masked, headers, () => Secrets.ofRequest(request))
}
