/** What the layers between the port and the runtime's HTTP client share. Each layer makes a client of a client. */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

export type Request = HttpClientRequest.HttpClientRequest

export type Response = HttpClientResponse.HttpClientResponse

export type Client<E> = HttpClient.HttpClient.With<E>

/** Makes a client of a function that gets each request, and how the client below sends it. */
export const around = <E, E2>(
  client: Client<E>,
  layer: (request: Request, send: Client<E>["execute"]) => Effect.Effect<Response, E2>
): Client<E2> =>
  HttpClient.makeWith<never, never, E2, never>(
    Effect.flatMap((request) => layer(request, client.execute)),
    Effect.succeed
  )

/** One attempt to send a request, for the layers below the one that knows about it. */
export interface AttemptService {
  /** Name of the operation; empty for a request of the caller's own. */
  readonly operation: string
  /** URL of the endpoint. */
  readonly root: string
  /** Path template of the request. */
  readonly route: string
  /** When the request reached the port, in milliseconds since 1970. */
  readonly begun: number
  /** 0 for the first attempt. */
  readonly number: number
  /** Runs a wait that is no part of the time limit. */
  readonly hold: GlanceClient.OperationService["hold"]
}

export class Attempt extends Context.Reference<Attempt>()("@effect-glance/http/Attempt", {
  defaultValue: (): AttemptService => ({
    operation: "",
    root: "",
    route: "",
    begun: 0,
    number: 0,
    hold: (wait) => wait
  })
}) {}

/** Whether a body can be sent again. A stream is read once, and a raw body may be one. */
export const canRepeat = ({ body }: Request): boolean => body._tag !== "Stream" && body._tag !== "Raw"
