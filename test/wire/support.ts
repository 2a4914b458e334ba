import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Image, ImageData } from "@effect-glance/core"
import * as Cloud from "@effect-glance/http/Cloud"
import * as Keystone from "@effect-glance/http/Keystone"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as Server from "./server.js"

export const transports: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["undici", NodeHttpClient.layerUndici],
  ["undici with lent pieces", NodeTransport.layer],
  ["node:http", NodeHttpClient.layer],
  ["fetch", FetchHttpClient.layer]
]

/** How often each kind of accident happens, at another byte each time. */
export const rounds = 10

export const id = Image.ImageId.make(Server.imageId)

/** Numbers from 0 up to 1, the same on each run for the same seed. */
export const random = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export const between = (next: () => number, least: number, most: number) =>
  least + Math.floor(next() * (most - least + 1))

/** Bytes without a mark of any disk format. */
export const noise = (size: number, next: () => number): Uint8Array => {
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at++) bytes[at] = Math.floor(next() * 256)
  if (size > 511) bytes[511] = 0
  return bytes
}

/** In pieces of random size. */
export const pieces = (bytes: Uint8Array, next: () => number, most = 64 * 1024): ReadonlyArray<Uint8Array> => {
  const cut: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length; ) {
    const size = between(next, 1, most)
    cut.push(bytes.slice(at, at + size))
    at += size
  }
  return cut
}

/** A stream, how often it was opened, how often closed, and how many bytes it has given. */
export const watched = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Effect.all([Ref.make(0), Ref.make(0), Ref.make(0)]), ([opened, closed, given]) => ({
    opened: Ref.get(opened),
    closed: Ref.get(closed),
    given: Ref.get(given),
    stream: Stream.acquireRelease(
      Ref.update(opened, (n) => n + 1),
      () => Ref.update(closed, (n) => n + 1)
    ).pipe(
      Stream.flatMap(() => Stream.rechunk(stream, 1)),
      Stream.tap((bytes) => Ref.update(given, (n) => n + bytes.length))
    )
  }))

/** Waits between attempts take no time, and limits never pass. */
const quick = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) =>
    Effect.withClock(Logger.withMinimumLogLevel(effect, LogLevel.None), {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      currentTimeMillis: clock.currentTimeMillis,
      currentTimeNanos: clock.currentTimeNanos,
      unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis(),
      unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
      sleep: (duration) => (Duration.lessThan(duration, "40 seconds") ? Effect.yieldNow() : Effect.never)
    })
  )

/** Runs against a server of its own, with a token that is given. */
export const against =
  (transport: Layer.Layer<HttpClient.HttpClient>) =>
  <A, E>(use: (server: Server.Server, data: ImageData.Service) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.gen(function* () {
      const server = yield* Server.make
      const port = Cloud.layerToken({ endpoint: server.url, token: Redacted.make("token") })
      return yield* Effect.flatMap(ImageData.ImageData, (data) => use(server, data)).pipe(
        Effect.provide(ImageData.layer.pipe(Layer.provide(port), Layer.provide(NodeHasher.layer))),
        Effect.provide(transport),
        quick
      )
    }).pipe(Effect.scoped)

/** The same with a login. */
export const loggedIn =
  (transport: Layer.Layer<HttpClient.HttpClient>) =>
  <A, E>(use: (server: Server.Server, data: ImageData.Service) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.gen(function* () {
      const server = yield* Server.make
      const port = Cloud.layer().pipe(
        Layer.provide(
          Keystone.layerPassword({ authUrl: server.url, username: "demo", password: Redacted.make("secret") })
        )
      )
      return yield* Effect.flatMap(ImageData.ImageData, (data) => use(server, data)).pipe(
        Effect.provide(ImageData.layer.pipe(Layer.provide(port), Layer.provide(NodeHasher.layer))),
        Effect.provide(transport),
        quick
      )
    }).pipe(Effect.scoped)
