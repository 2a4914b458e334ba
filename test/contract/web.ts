/** A web server on loopback, from which clouds import. */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export interface Page {
  readonly url: string
  /** Resolves when somebody has asked for it. */
  readonly asked: Effect.Effect<void>
  /** Lets the answer go on that was held. */
  readonly release: Effect.Effect<void>
}

export class Web extends Context.Tag("test/contract/Web")<
  Web,
  {
    /**
     * A page with this text. `held`: only its first byte comes before it is released. `refusals`: as many answers before
     * it are 404.
     */
    readonly page: (
      text: string,
      options?: { readonly held?: boolean; readonly refusals?: number }
    ) => Effect.Effect<Page>
    /** An address at which there is nothing. */
    readonly nothing: string
  }
>() {}

const make = Effect.gen(function* () {
  const pages = new Map<string, (response: http.ServerResponse, head: boolean) => void>()
  const server = http.createServer((request, response) => {
    const answer = pages.get(request.url ?? "")
    if (answer === undefined) response.writeHead(404).end()
    else answer(response, request.method === "HEAD")
  })
  yield* Effect.acquireRelease(
    Effect.async<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const page = (
    text: string,
    { held = false, refusals = 0 }: { readonly held?: boolean; readonly refusals?: number } = {}
  ) =>
    Effect.gen(function* () {
      const path = `/${crypto.randomUUID()}`
      const asked = yield* Deferred.make<void>()
      const released = yield* Deferred.make<void>()
      if (!held) yield* Deferred.succeed(released, undefined)
      let refused = 0
      pages.set(path, (response, head) => {
        if (refused < refusals) {
          refused += 1
          response.writeHead(404).end()
          return
        }
        response.writeHead(200, { "content-length": Buffer.byteLength(text) })
        if (head) {
          response.end()
          return
        }
        response.write(text.slice(0, 1))
        Deferred.unsafeDone(asked, Effect.void)
        Effect.runFork(Effect.tap(Deferred.await(released), () => response.end(text.slice(1))))
      })
      const made: Page = {
        url: `${base}${path}`,
        asked: Deferred.await(asked),
        release: Deferred.succeed(released, undefined)
      }
      return made
    })
  return { page, nothing: `${base}/nothing` }
})

export const layer: Layer.Layer<Web> = Layer.scoped(Web, make)
