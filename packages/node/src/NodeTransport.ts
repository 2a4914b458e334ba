/**
 * An HTTP client over undici's dispatcher, for many small requests and for uploads that do not wait for the garbage
 * collector.
 *
 * @since 0.1.0
 */
import { Readable } from "node:stream"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Undici from "@effect/platform-node/Undici"
import * as ImageSource from "@effect-glance/core/ImageSource"
import * as Direct from "@effect-glance/http/Direct"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import * as Exchange from "./internal/exchange.js"
import * as Proxies from "./internal/proxy.js"

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
    let wanted = false
    /** Gives the next piece that is there. */
    let give: (() => void) | undefined
    let before: Uint8Array | undefined
    let last: Uint8Array | undefined
    const push = (bytes: Uint8Array) => {
      if (before !== undefined && before.length >= pausing) ImageSource.release(before)
      before = last
      last = bytes
      wanted = false
      body.push(bytes)
    }
    /** One step of the fiber for a chunk, and none for each piece. */
    const offer = (chunk: Chunk.Chunk<Uint8Array>): Effect.Effect<void> => {
      const pieces = Chunk.toReadonlyArray(chunk).filter(({ length }) => length > 0)
      let given = 0
      if (pieces.length === 0) return Effect.void
      return Effect.async((resume) => {
        give = () => {
          const piece = pieces[given++] as Uint8Array
          if (given === pieces.length) {
            give = undefined
            resume(Effect.void)
          }
          push(piece)
        }
        if (wanted) give()
      })
    }
    let fiber: Fiber.RuntimeFiber<void, E> | undefined
    const run = () => {
      fiber = Runtime.runFork(runtime)(Stream.runForEachChunk(stream, offer))
      fiber.addObserver((exit) => {
        if (Exit.isSuccess(exit)) body.push(null)
        else body.destroy(Cause.squash(exit.cause) as Error)
      })
    }
    const body = new Readable({
      highWaterMark: 0,
      read: () => {
        wanted = true
        if (fiber === undefined) run()
        else give?.()
      },
      destroy: (error, done) => {
        if (fiber === undefined) return done(error)
        Effect.runFork(Fiber.interrupt(fiber)).addObserver(() => done(error))
      }
    })
    return body
  })

const bodyOf = (body: Exclude<HttpBody.HttpBody, HttpBody.Stream>): Exchange.Body => {
  switch (body._tag) {
    case "Empty":
      return null
    case "Uint8Array":
      return body.body
    case "Raw":
      return body.body as Exchange.Body
    case "FormData":
      return body.formData as Undici.FormData
  }
}

/** Bun has a module `undici` of its own, whose agents dispatch nothing. */
const withoutDispatcher = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.fail(
    new HttpClientError.RequestError({
      request,
      reason: "Encode",
      cause: new Error(
        "the undici of this runtime cannot send requests, as in Bun: provide FetchHttpClient.layer of @effect/platform instead of NodeTransport"
      )
    })
  )

/**
 * An HTTP client over undici. The pieces of a file that is uploaded are written over when they have been sent: what
 * stands between `ImageData` and this client must not keep them.
 *
 * The body of an answer that is shorter than 256 KiB can be read again as a whole. One that is longer, and one that was
 * read as a stream, can be read once: a second reading fails with a `ResponseError` of reason `Decode`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<HttpClient.HttpClient, never, NodeHttpClient.Dispatcher> = Effect.map(
  NodeHttpClient.Dispatcher,
  (dispatcher) => {
    if (typeof dispatcher.dispatch !== "function") return HttpClient.make(withoutDispatcher)
    const begin: Direct.Send = (request, url, { currentContext }) => {
      const options = Context.getOption(currentContext, NodeHttpClient.UndiciRequestOptions)
      const { giveUp, send } = Exchange.exchange(dispatcher, Option.getOrUndefined(options), request, url)
      const { body } = request
      return {
        answer: body._tag === "Stream" ? Effect.flatMap(readable(body.stream), send) : send(bodyOf(body)),
        giveUp
      }
    }
    const client = HttpClient.make((request, url, signal, fiber) => {
      const { answer, giveUp } = begin(request, url, fiber)
      // Also when the answer is there: the platform aborts what nobody holds any more.
      signal.addEventListener("abort", giveUp, { once: true })
      return Effect.onInterrupt(answer, () => Effect.sync(giveUp))
    })
    return Direct.offer(client, begin)
  }
)

/**
 * {@link make} with a dispatcher of its own, as a layer.
 *
 * It honours `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in small letters or capitals, read through the
 * `ConfigProvider`. `NO_PROXY` lists names, domains, addresses and ranges of addresses (`10.0.0.0/8`). If a variable is not
 * the URL of an HTTP proxy, requests that need it fail with a `TransportError` that names the variable, not its value.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.effect(HttpClient.HttpClient, make).pipe(
  Layer.provide(Proxies.layer)
)
