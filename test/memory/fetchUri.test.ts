import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { type FetchOptions, makeFetchUri } from "../../packages/memory/src/internal/fetchUri.js"

const serve = (answer: http.RequestListener) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = http.createServer(answer)
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({
            url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
            close: () => {
              server.closeAllConnections()
              server.close()
            }
          })
        )
      )
    }),
    ({ close }) => Effect.sync(close)
  )

const read = (uri: string, options?: FetchOptions) =>
  Effect.flatMap(makeFetchUri(options)(uri), ({ body, size }) =>
    Effect.map(Stream.mkString(Stream.decodeText(body)), (text) => ({ size, text }))
  ).pipe(Effect.mapError((error) => (error as { readonly message: string }).message))

describe("what the memory command reads from the web", () => {
  it.scoped("a page is read after a redirect, with the user of its address in a header", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((request, response) => {
        if (request.url === "/from") response.writeHead(302, { location: "/to" }).end()
        else response.end(request.headers.authorization ?? "nobody")
      })
      assert.deepStrictEqual(yield* read(`${url}/from`), { size: 6, text: "nobody" })
      const { text } = yield* read(`${url.replace("//", "//me:s%2Fcret@")}/`)
      assert.strictEqual(text, `Basic ${btoa("me:s/cret")}`)
    })
  )

  it.scoped("other schemes, other hosts, endless redirects and long pages are refused, and secrets are not shown", () =>
    Effect.gen(function* () {
      const targets: Record<string, string> = {
        "/file": "file:///etc/passwd",
        "/loop": "/loop",
        "/bad": "http://[::bad",
        "/away": "http://localhost:1/"
      }
      const { url } = yield* serve((request, response) => {
        const target = targets[request.url ?? ""]
        if (target !== undefined) response.writeHead(302, { location: target }).end()
        else if (request.url?.startsWith("/missing") === true) response.writeHead(404).end()
        else if (request.url === "/chunked") response.write("x".repeat(11), () => response.end())
        else response.end("x".repeat(11))
      })
      const refused = (path: string, options?: FetchOptions) => Effect.flip(read(path, options))
      assert.strictEqual(yield* refused("file:///etc/passwd"), "the scheme file: is not http: or https:")
      assert.strictEqual(yield* refused(`${url}/file`), "the scheme file: is not http: or https:")
      assert.strictEqual(yield* refused("http://[::bad"), "the address is not a URL")
      assert.strictEqual(yield* refused(`${url}/bad`), "the address is not a URL")
      assert.strictEqual(yield* refused(`${url}/loop`), `${url}/loop: too many redirects`)
      assert.strictEqual(
        yield* refused(`${url}/away`, { hosts: ["127.0.0.1"] }),
        "the host localhost is not one that imports may read from"
      )
      assert.strictEqual(yield* refused(`${url}/long`, { maxBytes: 10 }), `${url}/long has 11 bytes, more than 10`)
      assert.strictEqual(yield* refused(`${url}/chunked`, { maxBytes: 10 }), "more than 10 bytes")
      assert.strictEqual(
        yield* refused(`${url.replace("//", "//me:pw@")}/missing?sig=1`),
        `${url}/missing answered 404`
      )
    })
  )

  it.scoped("a page that does not come or does not end is given up at the time limit", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const began = yield* Deferred.make<void>()
      const { url } = yield* serve((request, response) => {
        if (request.url === "/slow") {
          response.write("beginning")
        } else {
          Deferred.unsafeDone(asked, Effect.void)
        }
      })
      const silent = yield* Effect.fork(Effect.flip(read(url, { timeLimit: "1 minute" })))
      yield* Deferred.await(asked)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(silent), "no response after 1m")
      const { body } = yield* makeFetchUri({ timeLimit: "1 minute" })(`${url}/slow`)
      const endless = yield* body.pipe(
        Stream.tap(() => Deferred.succeed(began, undefined)),
        Stream.runDrain,
        Effect.flip,
        Effect.fork
      )
      yield* Deferred.await(began)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.join(endless), { message: "not over after 1m" })
    })
  )
})
