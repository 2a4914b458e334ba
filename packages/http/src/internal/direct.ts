import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Effect from "effect/Effect"

/**
 * Sends a request as it is, without a span. Who is interrupted, or aborts, or drops the response gives up the connection.
 */
export type Send = (
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  signal?: AbortSignal
) => Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

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
