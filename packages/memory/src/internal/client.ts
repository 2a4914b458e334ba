import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type Endpoints, locate, type Place } from "./endpoints.js"
import type { Engine } from "./engine.js"
import { ConnectionReset } from "./faults.js"
import { streamOf } from "./reply.js"
import type { Caller, WireRequest, WireResponse } from "./wire.js"

/** A system error as Node's sockets raise them: code and message are what programs look at. */
const systemError = (code: string, message: string): Error => Object.assign(new Error(message), { code })

/** Sends requests to these endpoints in this process. There is no other host. */
export const makeClient = (engine: Engine, endpoints: Endpoints): HttpClient.HttpClient => {
  const { regions } = engine
  const known = [
    `${endpoints.identity}/v3`,
    ...regions.map(endpoints.image),
    ...regions.map(endpoints.objectStore)
  ].join(", ")
  return HttpClient.make((request, url, signal) => {
    const place = locate(endpoints, regions, url.origin + url.pathname)
    if (place !== undefined) return send(engine, endpoints, request, url, place, signal)
    const message = `the memory cloud has no host ${shown(url)}, it has ${known}`
    const cause = systemError("ENOTFOUND", message)
    return Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause }))
  })
}

/** An origin that a URL parser has accepted, cut to what fits in a sentence. */
const shown = ({ origin, protocol }: URL): string => {
  const text = origin === "null" ? protocol : origin
  return text.length > 100 ? `${text.slice(0, 100)}...` : text
}

/** Sends one request to one service. */
export const send = (
  engine: Engine,
  endpoints: Endpoints,
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  place: Place,
  signal?: AbortSignal,
  as?: Caller
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
  Effect.suspend(() => {
    const failure: { cause: unknown } = { cause: undefined }
    const wire = toWire(request, url, failure)
    return engine.answer(wire, place, endpoints, as).pipe(
      Effect.mapError((error) => systemError("ECONNRESET", error.message)),
      // A request body that fails breaks the connection, whatever the response is.
      Effect.flatMap((response) =>
        failure.cause === undefined ? Effect.succeed(response) : Effect.fail(failure.cause)
      ),
      Effect.mapBoth({
        onFailure: (cause) =>
          new HttpClientError.RequestError({ request, reason: "Transport", cause: failure.cause ?? cause }),
        onSuccess: (response) => new MemoryResponse(request, response, signal)
      })
    )
  })

const toWire = (request: HttpClientRequest.HttpClientRequest, url: URL, failure: { cause: unknown }): WireRequest => {
  const headers: Record<string, string> = { ...request.headers, host: url.host }
  const { body } = request
  let bytes = toStream(body)
  if (body._tag === "FormData") {
    const encoded = new Response(body.formData)
    headers["content-type"] = encoded.headers.get("content-type") ?? "multipart/form-data"
    bytes = fromWeb(encoded)
  }
  if (body._tag !== "Empty") {
    if (body.contentLength !== undefined) headers["content-length"] = String(body.contentLength)
    const length = headers["content-length"]
    if (length === undefined) headers["transfer-encoding"] = "chunked"
    else bytes = ofLength(bytes, Number(length))
  }
  return {
    method: request.method,
    path: url.pathname,
    query: url.search.slice(1),
    headers,
    body: Stream.catchAllCause(bytes, (cause) =>
      // An interruption of the caller ends the whole request.
      Cause.isInterruptedOnly(cause)
        ? Stream.failCause(cause as Cause.Cause<never>)
        : Stream.suspend(() => {
            failure.cause = Cause.squash(cause)
            return Stream.fail(new ConnectionReset({ message: "aborted" }))
          })
    )
  }
}

const toStream = (body: HttpBody.HttpBody): Stream.Stream<Uint8Array, unknown> => {
  switch (body._tag) {
    case "Empty":
    case "FormData":
      return Stream.empty
    case "Uint8Array":
      return streamOf(body.body)
    case "Stream":
      return body.stream
    case "Raw": {
      const raw = body.body
      if (raw === null || raw === undefined) return Stream.empty
      if (typeof raw === "string" || raw instanceof Uint8Array) return streamOf(raw)
      if (typeof raw === "object" && Symbol.asyncIterator in raw && !(raw instanceof ReadableStream)) {
        return Stream.fromAsyncIterable(raw as AsyncIterable<Uint8Array>, (error) => error)
      }
      return Stream.suspend(() => fromWeb(new Response(raw as BodyInit)))
    }
  }
}

const fromWeb = (response: Response): Stream.Stream<Uint8Array, unknown> => {
  const { body } = response
  return body === null
    ? Stream.empty
    : Stream.fromReadableStream(
        () => body as ReadableStream<Uint8Array>,
        (error) => error
      )
}

/** Fails unless the body has exactly this length, as a connection with a `Content-Length` does. */
const ofLength = (bytes: Stream.Stream<Uint8Array, unknown>, length: number): Stream.Stream<Uint8Array, unknown> =>
  Stream.suspend(() => {
    let seen = 0
    const mismatch = Stream.suspend(() =>
      seen === length
        ? Stream.empty
        : Stream.fail(new Error(`the body has ${seen} bytes and its Content-Length says ${length}`))
    )
    return Stream.concat(
      Stream.mapEffect(bytes, (chunk) => {
        seen += chunk.length
        return seen > length
          ? Effect.fail(new Error(`the body has more bytes than the ${length} that its Content-Length says`))
          : Effect.succeed(chunk)
      }),
      mismatch
    )
  })

/** A response whose body comes straight from the service. Until it is read, it holds no bytes and no fiber. */
class MemoryResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly status: number
  readonly headers: Headers.Headers
  readonly cookies = Cookies.empty
  readonly remoteAddress: Option.Option<string> = Option.none()
  readonly #body: Stream.Stream<Uint8Array, unknown>
  readonly #signal: AbortSignal | undefined
  #read = false
  #bytes: Effect.Effect<Uint8Array, HttpClientError.ResponseError> | undefined

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    response: WireResponse,
    signal: AbortSignal | undefined
  ) {
    super()
    this.status = response.status
    this.headers = Headers.fromInput(response.headers)
    this.#body = streamOf(response.body)
    this.#signal = signal
  }

  #fail(cause: unknown): HttpClientError.ResponseError {
    return new HttpClientError.ResponseError({ request: this.request, response: this, reason: "Decode", cause })
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return Stream.suspend(() => {
      if (this.#read) return Stream.fail(this.#fail(new TypeError("the body has been read already")))
      this.#read = true
      const signal = this.#signal
      const body =
        signal === undefined
          ? this.#body
          : Stream.tap(this.#body, () =>
              signal.aborted ? Effect.fail(systemError("UND_ERR_ABORTED", "the request was aborted")) : Effect.void
            )
      return Stream.mapError(body, (error) =>
        this.#fail(error instanceof ConnectionReset ? systemError("ECONNRESET", "terminated") : error)
      )
    })
  }

  get #whole(): Effect.Effect<Uint8Array, HttpClientError.ResponseError> {
    this.#bytes ??= Effect.runSync(
      Effect.cached(
        Effect.map(
          Stream.runFold(this.stream, [] as Array<Uint8Array>, (chunks, chunk) => {
            chunks.push(chunk)
            return chunks
          }),
          join
        )
      )
    )
    return this.#bytes
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.ResponseError> {
    return Effect.map(this.#whole, (bytes) => bytes.slice().buffer)
  }

  get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    return Effect.map(this.#whole, (bytes) => new TextDecoder().decode(bytes))
  }

  get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return Effect.tryMap(this.text, {
      try: (text) => (text === "" ? null : (JSON.parse(text) as unknown)),
      catch: (cause) => this.#fail(cause)
    })
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.ResponseError> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get formData(): Effect.Effect<FormData, HttpClientError.ResponseError> {
    return Effect.flatMap(this.arrayBuffer, (bytes) =>
      Effect.tryPromise({
        try: () => new Response(bytes, { headers: { "content-type": this.headers["content-type"] ?? "" } }).formData(),
        catch: (cause) => this.#fail(cause)
      })
    )
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }
}

const join = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  let size = 0
  for (const chunk of chunks) size += chunk.length
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
