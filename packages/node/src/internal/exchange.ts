import type { Readable } from "node:stream"
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type * as UrlParams from "@effect/platform/UrlParams"
import type * as Undici from "@effect/platform-node/Undici"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/**
 * As much of a body is taken from the socket before anybody reads it, and kept for those who read it again: a few of
 * its pieces of 64 KiB.
 */
const kept = 256 * 1024

/**
 * Pieces that are given at once. `Stream.runFold` takes one stack frame for each piece of a chunk, and a server may send
 * a body in pieces of one byte.
 */
const maxPieces = 1024

const givenUp = (): Error => new Error("the request was given up")
const alreadyRead = (): Error => new Error("the body has been read already")

type Outcome = Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.RequestError>

/** The body of a request as undici takes it. */
export type Body = Undici.Dispatcher.DispatchOptions["body"]

/**
 * One request and its answer over undici's dispatcher: what `Undici.request` does, without the stream of Node, the
 * promises and the listeners, of which a small request consists for the most part.
 */
class Exchange implements Undici.Dispatcher.DispatchHandler {
  #controller: Undici.Dispatcher.DispatchController | undefined
  #given: Error | undefined
  #waiting: Array<() => void> = []
  #pieces: Array<Uint8Array> = []
  #size = 0
  /** Whether the body is wanted as a whole, so that no piece of it has to wait. */
  #whole = false
  /** That there is no more to come, and whether that is what was to come. */
  #end: { readonly error?: Error } | undefined
  /** Whether some code has begun to read the body. */
  isRead = false
  /** Whether some of the body was given away, so that nobody else can have it whole. */
  #taken = false
  /** Who waits for the head of the answer, which is still to come. */
  #resume: ((result: Outcome) => void) | undefined

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    readonly body: Body,
    resume: (result: Outcome) => void
  ) {
    this.#resume = resume
  }

  /** Lets go of who has waited: an exchange may be there for longer, and with them all that they hold. */
  #answer(result: Outcome): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.(result)
  }

  /** Closes the connection, unless all has come. A request that waits for one is then not sent. */
  readonly giveUp = (): void => {
    if (this.#end !== undefined) return
    this.#given = givenUp()
    this.#controller?.abort(this.#given)
  }

  onRequestStart(controller: Undici.Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#given !== undefined) controller.abort(this.#given)
  }

  onResponseStart(
    controller: Undici.Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | Array<string> | undefined>
  ): void {
    if (status < 200) return
    this.#controller = controller
    this.#answer(Effect.succeed(new Response(this, status, headers)))
  }

  onResponseData(controller: Undici.Dispatcher.DispatchController, piece: Uint8Array): void {
    this.#pieces.push(piece)
    this.#size += piece.length
    if (!this.#whole) {
      if (this.#size >= kept) controller.pause()
      this.#wake()
    }
  }

  onResponseEnd(): void {
    this.#end = {}
    this.#wake()
  }

  onResponseError(_: unknown, error: Error): void {
    this.#end = { error }
    ;(this.body as Partial<Readable> | null | undefined)?.destroy?.(error)
    if (this.#resume === undefined) this.#wake()
    else {
      const { request } = this
      this.#answer(Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause: error })))
    }
  }

  #wake(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const go of waiting) go()
  }

  /** Goes on when there is more: looks again, since it may have come in another fiber's turn. */
  #more<A, E>(next: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.async((resume) => {
      const go = () => resume(next)
      if (this.#end !== undefined || (!this.#whole && this.#pieces.length > 0)) go()
      else this.#waiting.push(go)
    })
  }

  /** Pieces that are there, or the next; none after the last. */
  readonly #next: Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<Error>> = Effect.suspend(() => {
    if (this.#pieces.length > 0) {
      this.#taken = true
      const pieces = this.#pieces.splice(0, maxPieces)
      for (const piece of pieces) this.#size -= piece.length
      if (this.#pieces.length === 0) this.#controller?.resume()
      return Effect.succeed(Chunk.fromIterable(pieces))
    }
    if (this.#end === undefined) return this.#more(this.#next)
    return Effect.fail(Option.fromNullable(this.#end.error))
  })

  /** The body piece by piece, once. */
  readonly pieces: Stream.Stream<Uint8Array, Error> = Stream.suspend(() => {
    this.isRead = true
    if (this.#taken) return Stream.fail(alreadyRead())
    return Stream.ensuring(Stream.repeatEffectChunkOption(this.#next), Effect.sync(this.giveUp))
  })

  /** All of the body; again as often as it is asked for, if it is short. */
  readonly all: Effect.Effect<Buffer, Error> = Effect.uninterruptibleMask((restore) => {
    const whole = this.whole()
    if (whole !== undefined) return Effect.succeed(whole)
    if (this.#taken) return Effect.fail(alreadyRead())
    if (this.#end?.error !== undefined) return Effect.fail(this.#end.error)
    this.isRead = true
    this.#whole = true
    this.#controller?.resume()
    return Effect.onInterrupt(restore(this.#more(this.all)), () => Effect.sync(this.giveUp))
  })

  /** All of the body, where it is there: a small one mostly comes with its head. */
  whole(): Buffer | undefined {
    if (this.#taken || this.#end === undefined || this.#end.error !== undefined) return undefined
    const [first, ...more] = this.#pieces
    const whole = more.length === 0 ? (first ?? Buffer.of()) : Buffer.concat(this.#pieces, this.#size)
    // Else the bytes of a page of a listing would live as long as what is made of them.
    this.#taken = whole.length >= kept
    this.#pieces = this.#taken ? [] : [whole]
    return whole as Buffer
  }
}

/**
 * Closes the connection of a response that no code holds, and whose body no code has begun to read. The platform does
 * so as well, but not for a reader that is interrupted between its first two steps.
 */
const dropped = new FinalizationRegistry((exchange: Exchange) => {
  if (!exchange.isRead) exchange.giveUp()
})

/** What makes an answer UTF-8 and is no part of the text. */
const mark = Buffer.of(0xef, 0xbb, 0xbf)

const textOf = (bytes: Buffer): string =>
  bytes.toString("utf8", bytes[0] === mark[0] && bytes.subarray(0, 3).equals(mark) ? 3 : 0)

class Response extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly headers: Headers.Headers
  readonly #exchange: Exchange

  constructor(
    exchange: Exchange,
    readonly status: number,
    headers: Record<string, string | Array<string> | undefined>
  ) {
    super()
    this.#exchange = exchange
    this.headers = Headers.fromInput(headers)
    this.#cookies = headers["set-cookie"]
    // A shorter body is taken from the socket also when no code reads it.
    if (!(Number(headers["content-length"]) < kept)) dropped.register(this, exchange)
  }

  readonly #cookies: string | Array<string> | undefined

  get cookies(): Cookies.Cookies {
    return Cookies.fromSetCookie(this.#cookies ?? [])
  }

  get request(): HttpClientRequest.HttpClientRequest {
    return this.#exchange.request
  }

  get remoteAddress(): Option.Option<string> {
    return Option.none()
  }

  #error(cause: unknown): HttpClientError.ResponseError {
    return new HttpClientError.ResponseError({ request: this.request, response: this, reason: "Decode", cause })
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return Stream.mapError(this.#exchange.pieces, (cause) => this.#error(cause))
  }

  get #bytes(): Effect.Effect<Buffer, HttpClientError.ResponseError> {
    return Effect.mapError(this.#exchange.all, (cause) => this.#error(cause))
  }

  get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    return Effect.suspend(() => {
      const whole = this.#exchange.whole()
      return whole === undefined ? Effect.map(this.#bytes, textOf) : Effect.succeed(textOf(whole))
    })
  }

  get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return Effect.tryMap(this.text, {
      try: (text) => (text === "" ? null : (JSON.parse(text) as unknown)),
      catch: (cause) => this.#error(cause)
    })
  }

  /** The same answer, whole, as the platform reads it. */
  #web<A>(
    read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, HttpClientError.ResponseError>
  ): Effect.Effect<A, HttpClientError.ResponseError> {
    return Effect.flatMap(this.#bytes, (bytes) =>
      read(
        HttpClientResponse.fromWeb(
          this.request,
          new globalThis.Response(bytes as Uint8Array<ArrayBuffer>, { headers: this.headers })
        )
      )
    )
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.ResponseError> {
    return this.#web((response) => response.arrayBuffer)
  }

  get formData(): Effect.Effect<FormData, HttpClientError.ResponseError> {
    return this.#web((response) => response.formData)
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.ResponseError> {
    return this.#web((response) => response.urlParamsBody)
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }
}

interface Sending {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: URL
  readonly body: Body
  readonly options: Partial<Undici.Dispatcher.RequestOptions> | undefined
}

/** Sends a request, and closes its connection when the fiber is interrupted. */
export const send = (
  dispatcher: Undici.Dispatcher,
  { body, options, request, url }: Sending
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.RequestError> =>
  Effect.async((resume) => {
    const exchange = new Exchange(request, body, resume)
    try {
      dispatcher.dispatch(
        {
          ...options,
          method: request.method,
          headers: request.headers,
          origin: url.origin,
          path: url.pathname + url.search,
          body: body ?? null,
          // The caller of the client decides how long to wait.
          headersTimeout: 60 * 60 * 1000,
          bodyTimeout: 0
        },
        exchange
      )
    } catch (error) {
      exchange.onResponseError(undefined, error as Error)
    }
    return Effect.sync(exchange.giveUp)
  })
