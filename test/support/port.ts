/** A scripted port: answers each request by a list or a function, and records what was asked. */

import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import { Glance, GlanceClient, type GlanceError } from "@effect-glance/core"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

export interface Recorded {
  readonly method: string
  /** Path and query, exactly as they are encoded. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** The text of the body; none when none was sent. */
  readonly body: string | undefined
}

export type Reply = Response | Effect.Effect<Response, HttpClientError.HttpClientError | GlanceError.ConnectionError>

/** The answers in their order, or how each request is answered. A request beyond the list is a defect. */
export type Script = ReadonlyArray<Reply> | ((request: Recorded, index: number) => Reply)

export interface Options {
  /** @default "own-project" */
  readonly projectId?: Effect.Effect<Option.Option<string>, GlanceError.ConnectionError> | undefined
  /** @default none */
  readonly objectStore?: Script | undefined
  /** @default 1 minute */
  readonly timeLimit?: Duration.Duration | undefined
}

/** What was asked so far, in order. */
export class Port extends Context.Tag("test/Port")<
  Port,
  { readonly requests: Array<Recorded>; readonly objectStore: Array<Recorded> }
>() {}

const bodyOf = (request: HttpClientRequest.HttpClientRequest): string | undefined => {
  const { body } = request
  switch (body._tag) {
    case "Empty":
      return undefined
    case "Uint8Array":
      return new TextDecoder().decode(body.body)
    default:
      throw new Error(`a body of kind ${body._tag}`)
  }
}

const recorded = (request: HttpClientRequest.HttpClientRequest): Recorded => {
  const query = UrlParams.toString(request.urlParams)
  return {
    method: request.method,
    url: query === "" ? request.url : `${request.url}?${query}`,
    headers: { ...request.headers },
    body: bodyOf(request)
  }
}

const answering =
  (script: Script, log: Array<Recorded>): GlanceClient.Client["execute"] =>
  (request) =>
    Effect.suspend(() => {
      const asked = recorded(request)
      const index = log.push(asked) - 1
      const reply = typeof script === "function" ? script(asked, index) : script[index]
      if (reply === undefined) return Effect.dieMessage(`nobody expected ${asked.method} ${asked.url}`)
      return Effect.map(Effect.isEffect(reply) ? reply : Effect.succeed(reply), (response) =>
        HttpClientResponse.fromWeb(request, response)
      )
    })

export const layer = (script: Script, options: Options = {}): Layer.Layer<GlanceClient.GlanceClient | Port> =>
  Layer.effectContext(
    Effect.sync(() => {
      const requests: Array<Recorded> = []
      const objectStore: Array<Recorded> = []
      return Context.make(Port, { requests, objectStore }).pipe(
        Context.add(GlanceClient.GlanceClient, {
          client: GlanceClient.makeClient(answering(script, requests)),
          unversioned: GlanceClient.makeClient(answering(script, requests)),
          projectId: options.projectId ?? Effect.succeedSome("own-project"),
          objectStore: Effect.succeed(
            Option.map(Option.fromNullable(options.objectStore), (script) =>
              GlanceClient.makeClient(answering(script, objectStore))
            )
          ),
          ensureToken: () => Effect.void,
          timeLimit: options.timeLimit ?? Duration.minutes(1)
        })
      )
    })
  )

/** What was asked of the image service so far. */
export const requests: Effect.Effect<ReadonlyArray<Recorded>, never, Port> = Effect.map(Port, ({ requests }) => [
  ...requests
])

/** The same as `METHOD url`, which is mostly what is asked about. */
export const lines: Effect.Effect<ReadonlyArray<string>, never, Port> = Effect.map(requests, (all) =>
  all.map(({ method, url }) => `${method} ${url}`)
)

export const requestId = "req-5a7c1d3e"

const typed =
  (contentType: string) =>
  (status: number, body: string, headers: Record<string, string> = {}) =>
    new Response(body, {
      status,
      headers: {
        "content-type": contentType,
        "content-length": String(new TextEncoder().encode(body).length),
        "x-openstack-request-id": requestId,
        ...headers
      }
    })

export const json = (
  body: unknown,
  { headers, status = 200 }: { status?: number; headers?: Record<string, string> } = {}
) => typed("application/json")(status, JSON.stringify(body), headers)

export const html = typed("text/html; charset=UTF-8")
export const text = typed("text/plain; charset=UTF-8")

export const empty = (status = 204, headers: Record<string, string> = {}) =>
  new Response(null, { status, headers: { "x-openstack-request-id": requestId, ...headers } })

/** An error as Glance sends it to those who accept JSON. */
export const refusal = (status: number, sentence: string, headers: Record<string, string> = {}) =>
  json({ message: `${sentence}<br /><br />\n\n\n`, code: `${status} Reason`, title: "Reason" }, { status, headers })

/** A failure of the runtime's HTTP client. */
export const broken = (
  request: HttpClientRequest.HttpClientRequest,
  cause: unknown
): Effect.Effect<never, HttpClientError.HttpClientError> =>
  new HttpClientError.RequestError({ request, reason: "Transport", cause })

/** All of core over the scripted port. */
export const core = (script: Script, options?: Options) => Layer.provideMerge(Glance.layer, layer(script, options))
