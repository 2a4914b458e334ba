import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/** A request that is sent when its answer is asked for. */
export interface Sent {
  readonly answer: Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
  /** Closes the connection, unless all has come. Who no longer waits for the answer has to say so. */
  readonly giveUp: () => void
}

/** Sends a request as it is, without a span, in a fiber. */
export type Send = (
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  fiber: Fiber.RuntimeFiber<unknown, unknown>
) => Sent

/**
 * Clients that can be asked past what `HttpClient.make` does around every request, which takes longer than the request:
 * its span with the secrets to be taken out again, a signal to abort it, a response around the response.
 */
const sends = new WeakMap<HttpClient.HttpClient, Send>()

export const offer = (client: HttpClient.HttpClient, send: Send): HttpClient.HttpClient => {
  sends.set(client, send)
  return client
}

/** None of a client that somebody has made something else of, since that has to be done. */
export const of = (client: HttpClient.HttpClient): Send | undefined => sends.get(client)
