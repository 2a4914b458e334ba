/** What the layers between the port and the runtime's HTTP client share. Each layer makes a client of a client. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

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
  /** Path template of the request; unknown for a request of the caller's own. */
  readonly route: string | undefined
  /** When the request reached the port, in milliseconds since 1970. */
  readonly begun: number
  /** 0 for the first attempt. */
  readonly number: number
  /** Runs a wait that is no part of the time limit. */
  readonly hold: GlanceClient.OperationService["hold"]
  /** For how long this attempt and those before it were held back, in milliseconds. */
  readonly held: () => number
}

export class Attempt extends Context.Reference<Attempt>()("@effect-glance/http/Attempt", {
  defaultValue: (): AttemptService =>
    firstAttempt({ operation: "", root: "", route: undefined, begun: 0, hold: (wait) => wait })
}) {}

/** Makes the first attempt, which measures what is held back. */
export const firstAttempt = (about: Omit<AttemptService, "number" | "held">): AttemptService => {
  let held = 0
  return {
    operation: about.operation,
    root: about.root,
    route: about.route,
    begun: about.begun,
    number: 0,
    hold: (wait) =>
      Effect.gen(function* () {
        const begun = yield* Clock.currentTimeMillis
        const value = yield* about.hold(wait)
        held += (yield* Clock.currentTimeMillis) - begun
        return value
      }),
    held: () => held
  }
}

/**
 * Provides an attempt to the layers below. `fetch` must not follow redirects, because they would take the token to
 * another host. Its other options are those of the caller, else those of the layer.
 */
export const provideAttempt = (attempt: AttemptService, fetchOptions: RequestInit | undefined) =>
  Effect.mapInputContext((context: Context.Context<never>) => {
    const init = Option.getOrElse(Context.getOption(context, FetchHttpClient.RequestInit), () => fetchOptions)
    return context.pipe(
      Context.add(Attempt, attempt),
      Context.add(FetchHttpClient.RequestInit, { ...init, redirect: "manual" as const })
    )
  })

/** Whether a body can be sent again. A stream is read once, and a raw body may be one. */
export const canRepeat = ({ body }: Request): boolean => body._tag !== "Stream" && body._tag !== "Raw"
