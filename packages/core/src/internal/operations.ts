/** Starts operations and sends their requests: spans, metrics, the time limit and the meaning of statuses, in one place. */
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import type { YieldWrap } from "effect/Utils"
import * as Answer from "../Answer.js"
import * as GlanceClient from "../GlanceClient.js"
import * as GlanceError from "../GlanceError.js"
import * as GuardedClient from "../GuardedClient.js"
import * as ResponseBody from "../ResponseBody.js"
import * as Secrets from "../Secrets.js"
import * as Check from "./check.js"
import type { Endpoint } from "./endpoint.js"
import * as Metrics from "./metrics.js"
import { named } from "./named.js"
import * as Response from "./response.js"
import * as TimeLimit from "./timeLimit.js"

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

/** The operation and the span of the fiber. */
const current = <A, E, R>(
  use: (operation: GlanceClient.OperationService, span: Tracer.Span | undefined) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.contextWithEffect((context: Context.Context<never>) => {
    const span = Option.getOrUndefined(Context.getOption(context, Tracer.ParentSpan))
    return use(Context.get(context, GlanceClient.Operation), span?._tag === "Span" ? span : undefined)
  }) as Effect.Effect<A, E, R>

/** Adds the name of the operation to errors, in its span. */
const naming = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(GlanceClient.Operation, ({ name }) => Effect.mapError(effect, named(name)))

/** The name of an operation, or the endpoint whose operation it is. */
type Named = string | Pick<Endpoint<never, unknown, unknown>, "operation" | "route">

const nameOf = (of: Named): string => (typeof of === "string" ? of : of.operation)

/** Starts an operation: its requests and its errors have its name. */
const start =
  (of: Named, limit?: Duration.Duration) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =>
    Effect.flatMap(GlanceClient.Operation, (outer) => {
      const name = nameOf(of)
      const own = { ...outer, name, route: typeof of === "string" ? undefined : of.route }
      const started: Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =
        limit === undefined
          ? Effect.provideService(effect, GlanceClient.Operation, own)
          : TimeLimit.limited(limit, own, effect)
      return Effect.mapError(started, named(name))
    })

const define = <Added>(
  of: Named,
  limit?: Duration.Duration,
  finish: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = identity
) =>
  ((body: (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, unknown, unknown>) =>
    Effect.fn(nameOf(of))(body, (effect) => finish(start(of, limit)(effect)))) as unknown as Define<Added>

/** Starts an operation that may take longer than the time limit, which each of its requests has to itself. */
export const longOperation = (of: Named): Define<never> => define<never>(of)

/** Starts an operation that is a stream. Each of its requests has the time limit to itself. */
export const streamOperation =
  (of: Named) =>
  <A, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
    Stream.unwrapScoped(
      Effect.map(spanScoped(nameOf(of)), (span) =>
        stream.pipe(
          Stream.mapError(named(nameOf(of))),
          Stream.provideService(GlanceClient.Operation, { name: nameOf(of), hold: (wait) => wait }),
          Stream.provideService(Tracer.ParentSpan, span)
        )
      )
    ) as Stream.Stream<A, E, R>

/** Ends the current span, which has succeeded. */
const endSpan = current((_, span) => (span === undefined ? Effect.void : GuardedClient.endSpan(span, Exit.void)))

const spanScoped = (name: string) => Effect.acquireRelease(Effect.makeSpan(name), GuardedClient.endSpan)

/** The path of a request, with its parameters encoded. */
export const pathOf = <P>({ path }: Pick<Endpoint<P, unknown, unknown>, "path">, parameters: P): string =>
  path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String((parameters as ByName)[name])))

type ByName = { readonly [name: string]: unknown }

/** Checks the parameters of a path. */
const checked = <P>(
  { argumentNames, path, service }: Pick<Endpoint<P, unknown, unknown>, "argumentNames" | "path" | "service">,
  parameters: P
): Either.Either<void, GlanceError.InvalidArgument> => {
  const segment = service === "objectStore" ? Check.segmentOfUtf8 : Check.segment
  for (const [, name = ""] of path.matchAll(/\{(\w+)\}/g)) {
    const checked = Check.check(argumentNames[name] ?? name, (parameters as ByName)[name], segment)
    if (Either.isLeft(checked)) return Either.left(checked.left)
  }
  return Either.void
}

/** A request that is sent, and the operation and the span that it belongs to. */
interface Exchange<P, A, E> {
  readonly endpoint: Endpoint<P, A, E>
  readonly parameters: P
  readonly request: HttpClientRequest.HttpClientRequest
  readonly operation: string
  readonly span: Tracer.Span | undefined
}

const unreadable = (
  { operation, request }: Pick<Exchange<never, never, never>, "operation" | "request">,
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
  http: GlanceClient.Service,
  exchange: Exchange<P, A, E>,
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<A, E> => {
  const { endpoint, operation, parameters, request, span } = exchange
  const { headers, status } = response
  const failed = () =>
    Effect.flatMap(Answer.read(operation, request, response), (answer) => {
      const error = endpoint.errorOf({ ...parameters, ...answer })
      return error === undefined ? Response.commonError(answer, headers) : Effect.fail(error)
    })
  const decoded = () =>
    Effect.matchEffect(ResponseBody.read(response, http.bodyLimit), {
      onFailure: (error): Effect.Effect<never, GlanceError.GlanceError> =>
        error._tag === "RefusedBody"
          ? unreadable(exchange, response, error)
          : Effect.fail(GlanceError.transportError(operation, error)),
      onSuccess: (text): Effect.Effect<A, GlanceError.GlanceError> => {
        const value = Response.decode(endpoint.success, text, response)
        return Effect.zipRight(
          Metrics.moved(operation, span, "receive", Number(headers["content-length"] ?? text.length)),
          Either.isRight(value) ? Effect.succeed(value.right) : unreadable(exchange, response, value.left)
        )
      }
    })
  const isSuccess = (status >= 200 && status < 300) || status === endpoint.alsoSuccess
  // The errors are those of the endpoint's meanings, and the common ones of all other statuses.
  return (isSuccess ? decoded() : failed()) as Effect.Effect<A, E>
}

/** Sends a request, and returns when the headers of the response have arrived. */
const send = (
  client: GlanceClient.Client,
  { operation, request, span }: Pick<Exchange<never, never, never>, "operation" | "request" | "span">
): Effect.Effect<HttpClientResponse.HttpClientResponse, GlanceError.ConnectionError> =>
  Effect.mapBoth(client.execute(request), {
    onFailure: (error) =>
      HttpClientError.isHttpClientError(error) ? GlanceError.transportError(operation, error) : error,
    onSuccess: (response) => {
      if (span !== undefined) {
        span.attribute("http.response.status_code", response.status)
        const requestId = Answer.shownRequestId(response)
        if (Option.isSome(requestId)) span.attribute("openstack.request_id", requestId.value)
      }
      return response
    }
  })

/** Records how long an effect took, and what it ended in. */
const timed = <A, E extends { readonly _tag: string }>(
  operation: string,
  effect: Effect.Effect<A, E>,
  statusOf: (exit: Exit.Exit<A, E>) => number | undefined
): Effect.Effect<A, E> =>
  Effect.flatMap(Clock.currentTimeMillis, (begun) =>
    Effect.onExit(effect, (exit) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => Metrics.ended(operation, statusOf(exit), exit, now - begun))
    )
  )

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

const exchange = <P, A, E>(
  http: GlanceClient.Service,
  client: GlanceClient.Client,
  it: Exchange<P, A, E>
): Effect.Effect<A, E> => {
  const { operation, request, span } = it
  let status: number | undefined
  const answered = Effect.flatMap(send(client, it), (response) => {
    status = response.status
    const { contentLength = 0 } = request.body
    const reading = read(http, it, response)
    return contentLength > 0
      ? Effect.zipRight(Metrics.moved(operation, span, "transmit", contentLength), reading)
      : reading
  })
  return timed(operation, answered as Effect.Effect<A, GlanceError.GlanceError>, () => status) as Effect.Effect<A, E>
}

/** Sends one request and reads its response, within the time limit. */
const request =
  (http: GlanceClient.Service, name?: string) =>
  <P, A, E>(endpoint: Endpoint<P, A, E>, parameters: P, options: RequestOptions = {}): Effect.Effect<A, E> =>
    current((outer, span) => {
      const own = { ...outer, name: name ?? outer.name, route: endpoint.route }
      const { imageId, namespace } = parameters as { readonly imageId?: string; readonly namespace?: string }
      if (imageId !== undefined) span?.attribute("glance.image_id", imageId)
      if (namespace !== undefined) span?.attribute("glance.metadef_namespace", namespace)
      const valid = checked(endpoint, parameters)
      if (Either.isLeft(valid)) return Effect.fail(named(own.name)(valid.left) as E)
      const client = options.client ?? (endpoint.service === "imageVersions" ? http.unversioned : http.client)
      const sent = Effect.suspend(() => {
        const request = requestOf(endpoint, parameters, options)
        return exchange(http, client, { endpoint, parameters, request, operation: own.name, span })
      })
      const isProvided = outer.isLimited && outer.name === own.name && outer.route === own.route
      return isProvided ? sent : (TimeLimit.limited(http.timeLimit, own, sent) as Effect.Effect<A, E>)
    })

export type Operations = ReturnType<typeof make>

export const make = (http: GlanceClient.Service) => ({
  request: request(http),

  /** An operation that is one request. The function makes its parameters of the arguments. */
  call: <Args extends ReadonlyArray<unknown>, P, A, E>(
    endpoint: Endpoint<P, A, E>,
    parametersOf: (...args: Args) => P
  ): ((...args: Args) => Effect.Effect<A, E>) => {
    const named = request(http, endpoint.operation)
    return Effect.fn(endpoint.operation)((...args: Args) => named(endpoint, parametersOf(...args)))
  },

  /** Starts an operation that has to end within the time limit. */
  operation: (of: Named): Define<GlanceError.TimeLimitExceeded> =>
    define<GlanceError.TimeLimitExceeded>(of, http.timeLimit),

  /** Starts an operation that returns a page, and ends its span without the page. */
  pageOperation: (of: Named): Define<GlanceError.TimeLimitExceeded> =>
    define<GlanceError.TimeLimitExceeded>(of, http.timeLimit, Effect.zipLeft(endSpan)),

  /** Holds a part of an operation to the time limit. */
  limited: <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded, R> =>
    naming(TimeLimit.within(http.timeLimit)(effect)),

  /** Sends a request of a transfer, and returns when the headers of the response have arrived. */
  begin: (
    { route }: Pick<Endpoint<never, unknown, unknown>, "route">,
    request: HttpClientRequest.HttpClientRequest,
    holds: TimeLimit.Holds
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, GlanceError.ConnectionError> =>
    current(({ hold, name }, span) => {
      const sent = send(http.client, { operation: name, request, span })
      return Effect.provideService(
        timed(name, sent, (exit) => (Exit.isSuccess(exit) ? exit.value.status : undefined)),
        GlanceClient.Operation,
        { name, route, hold: (wait) => hold(holds.while(wait)) }
      )
    }),

  /** Reads the response to a transfer that is not data, within the time limit. */
  read: <P, A, E>(
    endpoint: Endpoint<P, A, E>,
    parameters: P,
    request: HttpClientRequest.HttpClientRequest,
    response: HttpClientResponse.HttpClientResponse
  ): Effect.Effect<A, E> =>
    current((operation, span) =>
      TimeLimit.limited(
        http.timeLimit,
        operation,
        read(http, { endpoint, parameters, request, operation: operation.name, span }, response)
      )
    ) as Effect.Effect<A, E>,

  /** Counts bytes of a transfer. */
  moved: (direction: "transmit" | "receive", bytes: () => number): Effect.Effect<void> =>
    current(({ name }, span) => Metrics.moved(name, span, direction, bytes()))
})
