import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as GuardedClient from "@effect-glance/core/GuardedClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { around, type Client } from "./layer.js"

/**
 * Keeps secrets to the request that carries them. Failures leave without them. Redirects are not followed, because they
 * would take the token to another host. A response is a response whatever its status, also from a client that
 * fails on some statuses. `fetchOptions` are those of the layer; those of the caller come first.
 */
export const redact =
  (fetchOptions: RequestInit | undefined) =>
  (client: Client<HttpClientError.HttpClientError>): Client<HttpClientError.HttpClientError> =>
    around(client, (request, send) =>
      send(request).pipe(
        Effect.mapInputContext((context: Context.Context<never>) => {
          const init = Option.getOrElse(Context.getOption(context, FetchHttpClient.RequestInit), () => fetchOptions)
          return Context.add(context, FetchHttpClient.RequestInit, { ...init, redirect: "manual" })
        }),
        Effect.catchAll((error) =>
          error._tag === "ResponseError" && error.reason === "StatusCode"
            ? Effect.succeed(error.response)
            : Effect.fail(GuardedClient.discreet(error))
        )
      )
    )
