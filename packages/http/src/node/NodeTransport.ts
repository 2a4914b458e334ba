/// <reference types="node" />
/**
 * The HTTP client of `@effect/platform-node` over undici, with uploads that do not wait for the garbage collector.
 *
 * @since 0.1.0
 */
import { Readable } from "node:stream"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as ImageSource from "@effect-glance/core/ImageSource"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"

/** What is at least as long makes a socket of any Node ask for a pause. */
const pausing = 64 * 1024

/**
 * A body as undici takes it, one piece at a time: with nothing kept ahead, undici asks for the next piece when its
 * socket has given all of the one before to the kernel, if that was long enough to make the socket ask for a pause.
 * Then a piece of a file can go back to its source; to be safe, one piece later.
 *
 * Else each mebibyte is new memory, whose collection costs more than sending it.
 */
const readable = <E>(stream: Stream.Stream<Uint8Array, E>): Effect.Effect<Readable> =>
  Effect.map(Effect.runtime<never>(), (runtime) => {
    const wanted = Effect.unsafeMakeLatch(false)
    let before: Uint8Array | undefined
    let last: Uint8Array | undefined
    const push = (bytes: Uint8Array) =>
      wanted.whenOpen(
        Effect.sync(() => {
          wanted.unsafeClose()
          if (before !== undefined && before.length >= pausing) ImageSource.release(before)
          before = last
          last = bytes
          body.push(bytes)
        })
      )
    let fiber: Fiber.RuntimeFiber<void, E> | undefined
    const run = () => {
      fiber = Runtime.runFork(runtime)(
        Stream.runForEach(stream, (bytes) => (bytes.length === 0 ? Effect.void : push(bytes)))
      )
      fiber.addObserver((exit) => {
        if (Exit.isSuccess(exit)) body.push(null)
        else body.destroy(Cause.squash(exit.cause) as Error)
      })
    }
    const body = new Readable({
      highWaterMark: 0,
      read: () => {
        wanted.unsafeOpen()
        if (fiber === undefined) run()
      },
      destroy: (error, done) => {
        if (fiber === undefined) return done(error)
        Effect.runFork(Fiber.interrupt(fiber)).addObserver(() => done(error))
      }
    })
    return body
  })

/**
 * An HTTP client over undici. The pieces of a file that is uploaded are written over when they have been sent: what
 * stands between `ImageData` and this client must not keep them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<HttpClient.HttpClient, never, NodeHttpClient.Dispatcher> = Effect.map(
  NodeHttpClient.Dispatcher,
  (dispatcher) =>
    HttpClient.mapRequestEffect(NodeHttpClient.makeUndici(dispatcher), (request) => {
      const { body } = request
      if (body._tag !== "Stream") return Effect.succeed(request)
      const { contentLength, contentType } = body
      return Effect.map(readable(body.stream), (raw) =>
        HttpClientRequest.setBody(request, HttpBody.raw(raw, { contentLength, contentType }))
      )
    })
)

/**
 * {@link make} with a dispatcher of its own, as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.effect(HttpClient.HttpClient, make).pipe(
  Layer.provide(NodeHttpClient.dispatcherLayer)
)
