/** Starts operations and sends their requests: spans, metrics, the time limit and the meaning of statuses, in one place. */
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import type { YieldWrap } from "effect/Utils"
import * as Answer from "../Answer.js"
import * as GlanceClient from "../GlanceClient.js"
import * as GlanceError from "../GlanceError.js"
import * as ResponseBody from "../ResponseBody.js"
import * as Secrets from "../Secrets.js"
import * as Check from "./check.js"
import type { Endpoint } from "./endpoint.js"
import * as Metrics from "./metrics.js"
import { named } from "./named.js"
import * as Response from "./response.js"
import * as TimeLimit from "./timeLimit.js"

type AnyEndpoint = Pick<
  Endpoint<never, unknown, unknown>,
  "service" | "method" | "path" | "route" | "argumentNames" | "contentType"
>

/** What a request has besides the parameters of its endpoint. */
export interface RequestOptions {
  readonly query?: ReadonlyArray<readonly [name: string, value: string]> | undefined
  readonly headers?: { readonly [name: string]: string } | undefined
  /** @default the client of the endpoint's service */
  readonly client?: GlanceClient.Client | undefined
}

/** Types of `Effect.fn`, with the failure that the time limit adds. */
interface Define<Added> {
  <Args extends ReadonlyArray<unknown>, A, S extends YieldWrap<Effect.Effect<unknown, unknown, unknown>>>(
    body: (...args: Args) => Generator<S, A, never>
  ): (...args: Args) => Effect.Effect<A, ErrorIn<S> | Added, ContextIn<S>>
  <Args extends ReadonlyArray<unknown>, A, E, R>(
    body: (...args: Args) => Effect.Effect<A, E, R>
  ): (...args: Args) => Effect.Effect<A, E | Added, R>
}

type ErrorIn<S> = S extends YieldWrap<Effect.Effect<infer _A, infer E, infer _R>> ? E : never
type ContextIn<S> = S extends YieldWrap<Effect.Effect<infer _A, infer _E, infer R>> ? R : never

/** Adds the name of the operation to errors, in its span. */
const naming = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(GlanceClient.Operation, ({ name }) => Effect.mapError(effect, named(name)))

/** Gives the operation its name: its requests and its errors have it. */
const as =
  (name: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(GlanceClient.Operation, ({ hold }) =>
      effect.pipe(Effect.provideService(GlanceClient.Operation, { name, hold }), Effect.mapError(named(name)))
    )

const define = <Added>(
  name: string,
  run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Added, R>
) =>
  ((body: (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, unknown, unknown>) =>
    Effect.fn(name)(body, (effect) => as(name)(run(effect)))) as unknown as Define<Added>

/** Starts an operation that may take longer than the time limit, which each of its requests has to itself. */
export const longOperation = (name: string): Define<never> => define<never>(name, (effect) => effect)

/** Starts an operation that is a stream. Each of its requests has the time limit to itself. */
export const streamOperation =
  (name: string) =>
  <A, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
    Stream.unwrapScoped(
      Effect.map(spanScoped(name), (span) =>
        stream.pipe(
          Stream.mapError(named(name)),
          Stream.provideService(GlanceClient.Operation, { name, hold: (wait) => wait }),
          Stream.provideService(Tracer.ParentSpan, span)
        )
      )
    ) as Stream.Stream<A, E, R>

/** `Effect.makeSpanScoped` would keep what the scope succeeded with, such as the images of a listing. */
const spanScoped = (name: string) =>
  Effect.acquireRelease(Effect.makeSpan(name), (span, exit) =>
    Effect.map(Clock.currentTimeNanos, (now) => span.end(now, Exit.asVoid(exit)))
  )

/** The path of a request, with its parameters encoded. */
export const pathOf = <P>({ path }: Pick<Endpoint<P, unknown, unknown>, "path">, parameters: P): string =>
  path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String((parameters as ByName)[name])))

type ByName = { readonly [name: string]: unknown }

/** Checks the parameters of a path. */
const checked = <P>(
  { argumentNames, path, service }: AnyEndpoint,
  parameters: P
): Either.Either<void, GlanceError.InvalidArgument> => {
  const segment = service === "objectStore" ? Check.segmentOfUtf8 : Check.segment
  for (const [, name = ""] of path.matchAll(/\{(\w+)\}/g)) {
    const checked = Check.check(argumentNames[name] ?? name, (parameters as ByName)[name], segment)
    if (Either.isLeft(checked)) return Either.left(checked.left)
  }
  return Either.void
}

export type Operations = ReturnType<typeof make>

export const make = (http: GlanceClient.Service) => {
  const clientOf = ({ service }: AnyEndpoint, { client }: RequestOptions): GlanceClient.Client =>
    client ?? (service === "imageVersions" ? http.unversioned : http.client)

  /** Sends a request, and returns when the headers of the response have arrived. */
  const send = (
    { route }: AnyEndpoint,
    client: GlanceClient.Client,
    request: HttpClientRequest.HttpClientRequest
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, GlanceError.ConnectionError> =>
    Effect.flatMap(GlanceClient.Operation, ({ hold, name }) =>
      client.execute(request).pipe(
        Effect.provideService(GlanceClient.Operation, { name, route, hold }),
        Effect.mapError((error) =>
          HttpClientError.isHttpClientError(error) ? GlanceError.transportError(name, error) : error
        ),
        Effect.tap((response) =>
          Effect.annotateCurrentSpan({
            "http.response.status_code": response.status,
            ...Option.match(Answer.shownRequestId(response), {
              onNone: () => ({}),
              onSome: (id) => ({ "openstack.request_id": id })
            })
          })
        )
      )
    )

  /** Records how long it took, and what it ended in. */
  const timed = <A, E extends { readonly _tag: string }>(
    effect: Effect.Effect<A, E>,
    statusOf: () => number | undefined
  ): Effect.Effect<A, E> =>
    Effect.flatMap(Effect.zip(GlanceClient.Operation, Clock.currentTimeMillis), ([{ name }, begun]) =>
      Effect.onExit(effect, (exit) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => Metrics.ended(name, statusOf(), exit, now - begun))
      )
    )

  const unreadable = (
    operation: string,
    request: HttpClientRequest.HttpClientRequest,
    response: HttpClientResponse.HttpClientResponse,
    complaint: Response.Unreadable
  ) => {
    const { detail, record } = Response.shownWith(Secrets.ofRequest(response.request))(complaint)
    return new GlanceError.UnexpectedAnswer({
      ...Answer.answer(operation, request, response, detail),
      record: Option.fromNullable(record)
    })
  }

  /** Reads a response to its end: the decoded value, or the error that its status means. */
  const read = <P, A, E>(
    endpoint: Endpoint<P, A, E>,
    parameters: P,
    request: HttpClientRequest.HttpClientRequest,
    response: HttpClientResponse.HttpClientResponse
  ): Effect.Effect<A, E> => {
    const { status } = response
    const isSuccess = (status >= 200 && status < 300) || status === endpoint.alsoSuccess
    const reading = Effect.flatMap(GlanceClient.Operation, ({ name }): Effect.Effect<A, GlanceError.GlanceError> => {
      if (!isSuccess) {
        return Effect.flatMap(Answer.read(name, request, response), (answer) => {
          const error = endpoint.errorOf({ ...parameters, ...answer })
          return error === undefined ? Response.commonError(answer, response.headers) : Effect.fail(error)
        })
      }
      return Effect.matchEffect(ResponseBody.read(response, http.bodyLimit), {
        onFailure: (error): Effect.Effect<never, GlanceError.GlanceError> =>
          error._tag === "RefusedBody"
            ? unreadable(name, request, response, error)
            : Effect.fail(GlanceError.transportError(name, error)),
        onSuccess: (text): Effect.Effect<A, GlanceError.GlanceError> =>
          Effect.zipRight(
            Metrics.moved(name, "receive", Number(response.headers["content-length"] ?? text.length)),
            Either.mapLeft(Response.decode(endpoint.success, text, response), (complaint) =>
              unreadable(name, request, response, complaint)
            )
          )
      })
    })
    // The errors are those of the endpoint's meanings, and the common ones of all other statuses.
    return TimeLimit.within(http.timeLimit)(reading) as Effect.Effect<A, E>
  }

  /** Sends one request and reads its response, within the time limit. */
  const request = <P, A, E>(
    endpoint: Endpoint<P, A, E>,
    parameters: P,
    options: RequestOptions = {}
  ): Effect.Effect<A, E> => {
    const { imageId } = parameters as { readonly imageId?: string }
    const requested = Effect.flatMap(checked(endpoint, parameters), () => {
      const request = requestOf(endpoint, parameters, options)
      let status: number | undefined
      return timed(
        Effect.flatMap(send(endpoint, clientOf(endpoint, options), request), (response) => {
          status = response.status
          return Effect.zipRight(sent(request), read(endpoint, parameters, request, response))
        }) as Effect.Effect<A, GlanceError.GlanceError>,
        () => status
      ).pipe(TimeLimit.within(http.timeLimit))
    })
    const about = imageId === undefined ? Effect.void : Effect.annotateCurrentSpan("glance.image_id", imageId)
    return naming(Effect.zipRight(about, requested)) as unknown as Effect.Effect<A, E>
  }

  const sent = ({ body }: HttpClientRequest.HttpClientRequest): Effect.Effect<void> =>
    body.contentLength === undefined || body.contentLength === 0
      ? Effect.void
      : Effect.flatMap(GlanceClient.Operation, ({ name }) => Metrics.moved(name, "transmit", body.contentLength ?? 0))

  /** Starts an operation that has to end within the time limit. */
  const operation = (name: string): Define<GlanceError.TimeLimitExceeded> =>
    define<GlanceError.TimeLimitExceeded>(name, TimeLimit.within(http.timeLimit))

  /** An operation that is one request. The function makes its parameters of the arguments. */
  const call = <Args extends ReadonlyArray<unknown>, P, A, E>(
    endpoint: Endpoint<P, A, E>,
    parametersOf: (...args: Args) => P
  ): ((...args: Args) => Effect.Effect<A, E>) =>
    longOperation(endpoint.operation)((...args: Args) => request(endpoint, parametersOf(...args)))

  /** Holds a part of an operation to the time limit. */
  const limited = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =>
    naming(TimeLimit.within(http.timeLimit)(effect))

  return { call, request, send, timed, read, operation, limited }
}

const requestOf = <P, A, E>(
  endpoint: Endpoint<P, A, E>,
  parameters: P,
  { headers = {}, query }: RequestOptions
): HttpClientRequest.HttpClientRequest => {
  const { body, contentType, method } = endpoint
  const bare = HttpClientRequest.make(method)(pathOf(endpoint, parameters), {
    headers: { accept: "application/json", ...headers }
  })
  const asked = query === undefined || query.length === 0 ? bare : HttpClientRequest.setUrlParams(bare, query)
  return body === undefined ? asked : HttpClientRequest.bodyText(asked, JSON.stringify(body(parameters)), contentType)
}
