import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as GuardedClient from "@effect-glance/core/GuardedClient"
import * as Effect from "effect/Effect"
import { around, type Client } from "./layer.js"

/**
 * Removes secrets from failures. A response is a response whatever its status, also from a client that fails on some
 * statuses.
 */
export const redact = (client: Client<HttpClientError.HttpClientError>): Client<HttpClientError.HttpClientError> =>
  around(client, (request, send) =>
    Effect.catchAll(send(request), (error) =>
      error._tag === "ResponseError" && error.reason === "StatusCode"
        ? Effect.succeed(error.response)
        : Effect.fail(GuardedClient.discreet(error))
    )
  )
