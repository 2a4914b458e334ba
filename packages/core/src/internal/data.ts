import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as GlanceClient from "../GlanceClient.js"
import * as GlanceError from "../GlanceError.js"
import type * as Hasher from "../Hasher.js"
import type * as Image from "../Image.js"
import * as Limit from "./limit.js"
import * as Request from "./request.js"
import * as Telemetry from "./telemetry.js"

/** A transfer of one image's data. */
export interface Transfer {
  readonly http: GlanceClient.Service
  /** As `Module.function`, for errors. */
  readonly operation: string
  readonly imageId: Image.ImageId
  /** How often in a row it may fail without a byte of progress, for reasons that may pass. */
  readonly retries: number
  /** The longest pause that a server may ask for with `Retry-After`. */
  readonly maxWait: Duration.Duration
  readonly idleLimit: Duration.Duration
  readonly onProgress: ((progress: Progress) => Effect.Effect<void>) | undefined
}

export interface Progress {
  /** 1 for the first attempt. */
  readonly attempt: number
  /** How many bytes have moved in this attempt, those that an earlier one left usable included. */
  readonly bytes: number
  readonly total: Option.Option<number>
}

/** Sends, and tells the client's failures without the request that they carry. */
export const execute = (
  { http, operation }: Transfer,
  request: HttpClientRequest.HttpClientRequest,
  held: Limit.Held
): Effect.Effect<HttpClientResponse.HttpClientResponse, GlanceError.ConnectionError> =>
  Telemetry.metered(operation, (meter) =>
    Telemetry.onExit(
      Effect.mapError(http.client.execute(request), (error) => told(operation, error)).pipe(
        Limit.named(operation, held)
      ),
      (exit) => {
        meter.ended(exit, Exit.isSuccess(exit) ? exit.value.status : undefined)
        if (Exit.isSuccess(exit)) meter.answered(exit.value)
      }
    )
  )

export const told = <E>(
  operation: string,
  error: E | HttpClientError.HttpClientError
): Exclude<E, HttpClientError.HttpClientError> | GlanceError.TransportError =>
  HttpClientError.isHttpClientError(error)
    ? GlanceError.transportError(operation, error)
    : (error as Exclude<E, HttpClientError.HttpClientError>)

/** What an answer means whose body is not data: the time limit counts from its headers on. */
export const interpret = <On extends Request.Meanings>(
  { http, operation }: Transfer,
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
  on: On & Request.Meanings
): Effect.Effect<void, Request.ErrorOf<On>> =>
  Request.run(
    {
      client: GlanceClient.makeClient(() => Effect.succeed(response)),
      timeLimit: http.timeLimit,
      bodyLimit: http.bodyLimit
    },
    { operation, request, decode: Request.nothing, on, counted: false }
  )

/**
 * Bytes that the other side has to move within one idle limit, or the rest if that is less. Without it a server that sends
 * a byte now and then would keep a transfer alive for ever.
 */
export const minProgress = 1024

/** Connections that may break off one after the other, each after some bytes, before {@link minProgress} has moved. */
export const maxBreaks = 100

/** Fails when somebody has been waited for, for longer than the idle limit, and was not held back. */
export const watch = (
  { idleLimit, imageId, operation }: Transfer,
  waitingSince: () => number | undefined,
  bytes: () => number,
  held: Limit.Held
): Effect.Effect<never, GlanceError.TransferStalled> => {
  const limit = Duration.toMillis(idleLimit)
  if (!Number.isFinite(limit)) return Effect.never
  const look: Effect.Effect<never, GlanceError.TransferStalled> = Effect.suspend(() => {
    const since = waitingSince()
    const waited = since === undefined ? 0 : held.since(since)
    return waited >= limit
      ? Effect.fail(new GlanceError.TransferStalled({ operation, imageId, bytes: bytes(), limit: idleLimit }))
      : Effect.zipRight(Effect.sleep(limit - waited), look)
  })
  return look
}

/** The pause after so many failures in a row: it doubles with each, from 200 milliseconds up to half a minute. */
export const pauseAfter = (failures: number): Duration.Duration =>
  Duration.millis(Math.min(200 * 2 ** (failures - 1), 30_000))

/**
 * The pause before the next attempt: the longer of {@link pauseAfter} and what the server asks for with `Retry-After`.
 * Fails with the error itself if the server asks for more than `maxWait`, because such a wait is not begun.
 */
export const waitAfter = <E>(
  { maxWait }: Pick<Transfer, "maxWait">,
  failures: number,
  error: E
): Effect.Effect<Duration.Duration, E> => {
  const { retryAfter = Option.none() } = error as { readonly retryAfter?: Option.Option<Duration.Duration> }
  const asked = Option.getOrElse(retryAfter, () => Duration.zero)
  return Duration.greaterThan(asked, maxWait)
    ? Effect.fail(error)
    : Effect.succeed(Duration.max(pauseAfter(failures), asked))
}

/** Waits before the next attempt, or fails as {@link waitAfter} does. */
export const backoff = <E>(transfer: Pick<Transfer, "maxWait">, failures: number, error: E): Effect.Effect<void, E> =>
  Effect.flatMap(waitAfter(transfer, failures, error), Effect.sleep)

/** Whether the same again may end otherwise. */
export const mayPass = (error: { readonly _tag: string }): boolean =>
  error._tag === "TransportError" || error._tag === "ServiceUnavailable" || error._tag === "RateLimited"

/** Gives a hash its bytes, one piece after the other; costs nothing where it takes them at once. */
export const hashed = (hash: Hasher.Hash, pieces: Iterable<Uint8Array>): Effect.Effect<void> | undefined => {
  const iterator = pieces[Symbol.iterator]()
  const go = (): void | Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      const wait = hash.update(next.value)
      if (wait !== undefined) return wait.then(go)
    }
  }
  const wait = go()
  if (wait === undefined) return undefined
  // It may fail before anybody waits for it, which would end the process.
  wait.catch(() => {})
  return Effect.promise(() => wait)
}
