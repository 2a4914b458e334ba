/** An HTTP client of the runtime that is a handler, and records what left. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

/** A request as it left. */
export interface Sent {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** The text of the body; empty when none was sent. */
  readonly body: string
}

/** An answer, or why there is none: what the runtime's client met, such as an error with a `code`. */
export type Reply = Response | Effect.Effect<Response, Error>

export type Handler = (sent: Sent, index: number) => Reply

/** What left so far, in order. */
export class Http extends Context.Tag("test/Http")<Http, { readonly sent: Array<Sent> }>() {}

const textOf = ({ body }: HttpClientRequest.HttpClientRequest): Effect.Effect<string, unknown> => {
  switch (body._tag) {
    case "Empty":
      return Effect.succeed("")
    case "Uint8Array":
      return Effect.succeed(new TextDecoder().decode(body.body))
    case "Stream":
      return Stream.mkString(Stream.decodeText(body.stream))
    default:
      return Effect.succeed(String(body._tag === "Raw" ? body.body : body._tag))
  }
}

/** A client whose every request the handler answers. The state is the handler's; `make` makes one for each layer. */
export const layer = (make: () => Handler): Layer.Layer<HttpClient.HttpClient | Http> =>
  Layer.effectContext(
    Effect.sync(() => {
      const handler = make()
      const sent: Array<Sent> = []
      const client = HttpClient.make((request, url) =>
        Effect.gen(function* () {
          const body = yield* Effect.orDie(textOf(request))
          const one: Sent = { method: request.method, url, headers: { ...request.headers }, body }
          const reply = handler(one, sent.push(one) - 1)
          const response = Effect.isEffect(reply)
            ? yield* Effect.mapError(
                reply,
                (cause) => new HttpClientError.RequestError({ request, reason: "Transport", cause })
              )
            : reply
          return HttpClientResponse.fromWeb(request, response)
        })
      )
      return Context.make(Http, { sent }).pipe(Context.add(HttpClient.HttpClient, client))
    })
  )

/** What left so far. */
export const sent: Effect.Effect<ReadonlyArray<Sent>, never, Http> = Effect.map(Http, ({ sent }) => [...sent])

/** The same as `METHOD path?query`. */
export const lines: Effect.Effect<ReadonlyArray<string>, never, Http> = Effect.map(sent, (all) =>
  all.map(({ method, url }) => `${method} ${url.pathname}${url.search}`)
)

/** As most servers, with the length of the body. */
export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response => {
  const text = JSON.stringify(body)
  const length = String(new TextEncoder().encode(text).length)
  return new Response(text, {
    status,
    headers: { "content-type": "application/json", "content-length": length, ...headers }
  })
}

export const html = (body: string, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(body, { status, headers: { "content-type": "text/html; charset=utf-8", ...headers } })

/** What the runtime's client meets when there is no answer. */
export const failure = (code: string): Effect.Effect<never, Error> =>
  Effect.fail(Object.assign(new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) })))

/** A body that tells whether it was read to its end. */
export const watched = (text: string): { readonly body: ReadableStream<Uint8Array>; readonly read: () => boolean } => {
  let done = false
  const parts = [new TextEncoder().encode(text)]
  return {
    body: new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          const part = parts.shift()
          if (part !== undefined) return controller.enqueue(part)
          done = true
          controller.close()
        }
      },
      { highWaterMark: 0 }
    ),
    read: () => done
  }
}
