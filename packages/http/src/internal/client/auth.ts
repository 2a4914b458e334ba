import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import type * as GlanceError from "@effect-glance/core/GlanceError"
import * as ResponseBody from "@effect-glance/core/ResponseBody"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type * as Identity from "../../Identity.js"
import { around, type Client, canRepeat, firstAttempt, provideAttempt, type Response } from "./layer.js"
import { drainLimit } from "./retry.js"
import * as Telemetry from "./telemetry.js"

/** Returns the endpoint of a service in a session. */
export type RootOf = (session: Identity.Session) => Either.Either<string, GlanceError.EndpointNotFound>

/** Reads the beginning of the body of a refusal, and returns a response that holds it. */
const kept = (refusal: Response): Effect.Effect<Response> =>
  Effect.map(
    Effect.timeoutTo(ResponseBody.readError(refusal), {
      duration: drainLimit,
      onSuccess: (text) => text,
      onTimeout: () => ""
    }),
    (text) => {
      const headers = new Headers()
      for (const [name, value] of Object.entries(refusal.headers)) {
        const isOfBody = name === "content-length" || name === "content-encoding"
        if (!isOfBody && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) headers.set(name, value)
      }
      return HttpClientResponse.fromWeb(
        refusal.request,
        new globalThis.Response(text, { status: refusal.status, headers })
      )
    }
  )

/** Keeps the endpoint of the last session, because a catalog has hundreds of them. */
const remembered = (rootOf: RootOf): RootOf => {
  let last: { readonly session: Identity.Session; readonly root: ReturnType<RootOf> } | undefined
  return (session) => {
    if (last?.session !== session) last = { session, root: rootOf(session) }
    return last.root
  }
}

/**
 * Puts the endpoint before the path of each request, and the token on it. When the service refuses the token, there is one
 * new login, and the request is sent once more if its body can be sent again.
 */
export const auth = (identity: Identity.Service, findRoot: RootOf, fetchOptions: RequestInit | undefined) => {
  const rootOf = remembered(findRoot)
  return (client: Client<HttpClientError.HttpClientError | GlanceError.CloudUnavailable>): GlanceClient.Client =>
    around(client, (request, send) =>
      Effect.flatMap(GlanceClient.Operation, ({ hold, name: operation, route }) =>
        Effect.flatMap(Clock.currentTimeMillis, (begun) => {
          const sendAs = (session: Identity.Session) =>
            Effect.flatMap(rootOf(session), (root) =>
              request.pipe(
                HttpClientRequest.prependUrl(root),
                HttpClientRequest.setHeader("x-auth-token", Redacted.value(session.token)),
                send,
                provideAttempt(firstAttempt({ operation, root, route, begun, hold }), fetchOptions)
              )
            )
          const sendAgain = (session: Identity.Session, response: Response) =>
            Effect.gen(function* () {
              // The body is read before the login, which may fail, and is kept for the caller.
              const refusal = yield* kept(response)
              // Also if the body cannot be sent again: a caller that opens its source anew finds a fresh token.
              const renewed = yield* Telemetry.waiting("token", operation, identity.renew(session))
              return renewed === session || !canRepeat(request) ? refusal : yield* sendAs(renewed)
            })
          return Effect.flatMap(Telemetry.waiting("token", operation, identity.session), (session) =>
            Effect.flatMap(sendAs(session), (response) =>
              response.status === 401 ? sendAgain(session, response) : Effect.succeed(response)
            )
          )
        })
      )
    )
}
