/** A handler on a loopback socket, for what only a real transport can show. */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Http from "../support/http.js"

/** Where the cloud is: a stub, or a socket. */
export class Base extends Context.Tag("test/Base")<Base, string>() {}

/** Succeeds when a connection is closed before its request is answered. */
export class Abandoned extends Context.Tag("test/Abandoned")<Abandoned, Deferred.Deferred<void>>() {}

const read = (request: http.IncomingMessage) =>
  Effect.async<string>((resume) => {
    const parts: Array<Buffer> = []
    request.on("data", (part) => parts.push(part))
    request.on("end", () => resume(Effect.succeed(Buffer.concat(parts).toString())))
  })

/** Writes as much of the body as there is, and breaks the connection where it breaks. */
const write = (reply: Response, response: http.ServerResponse) =>
  Effect.promise(async () => {
    response.writeHead(reply.status, Object.fromEntries(reply.headers))
    try {
      const reader = reply.body?.getReader()
      for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
        response.write(part.value)
      response.end()
    } catch {
      // What was written shall arrive before the end does.
      response.write("", () => response.destroy())
    }
  })

export const layer = (make: (base: () => string) => Http.Handler): Layer.Layer<Base | Http.Http | Abandoned> =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const at = { base: "" }
      const handler = make(() => at.base)
      const sent: Array<Http.Sent> = []
      const abandoned = yield* Deferred.make<void>()
      const answer = (request: http.IncomingMessage, response: http.ServerResponse) =>
        Effect.gen(function* () {
          const body = yield* read(request)
          const headers = Object.fromEntries(
            Object.entries(request.headers).map(([name, value]) => [name, String(value)])
          )
          const one = { method: request.method ?? "", url: new URL(request.url ?? "/", at.base), headers, body }
          const reply = handler(one, sent.push(one) - 1)
          const exit = yield* Effect.exit(Effect.isEffect(reply) ? reply : Effect.succeed(reply))
          if (Exit.isFailure(exit)) request.socket.destroy()
          else yield* write(exit.value, response)
        })
      const server = yield* Effect.acquireRelease(
        Effect.async<http.Server>((resume) => {
          const server = http.createServer((request, response) => {
            response.on("close", () => {
              if (!response.writableEnded) Effect.runSync(Deferred.succeed(abandoned, undefined))
            })
            Effect.runFork(answer(request, response))
          })
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) =>
          Effect.async<void>((resume) => {
            server.close(() => resume(Effect.void))
            server.closeAllConnections()
          })
      )
      at.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      return Context.make(Base, at.base).pipe(Context.add(Http.Http, { sent }), Context.add(Abandoned, abandoned))
    })
  )

/** Each runtime's own. */
export const transports: { readonly [transport: string]: Layer.Layer<HttpClient.HttpClient> } = {
  NodeTransport: NodeTransport.layer,
  undici: NodeHttpClient.layerUndici,
  "node:http": NodeHttpClient.layer,
  fetch: FetchHttpClient.layer
}
