import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as http from "node:http"
import * as https from "node:https"
import type { AddressInfo } from "node:net"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Images from "@effect-glance/core/Images"
import { Cloud } from "@effect-glance/http"
import * as NodeCloud from "@effect-glance/node/NodeCloud"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { certificate, key } from "./certificate.js"
import * as Witness from "./witness.js"

const listen = <S extends http.Server>(server: S) =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

/** An image service behind HTTP or TLS. */
const serve = (scheme: "http" | "https") =>
  Effect.gen(function* () {
    const answer: http.RequestListener = (_, response) => {
      response.setHeader("content-type", "application/json").end('{"images": []}')
    }
    const server =
      scheme === "http" ? http.createServer(answer) : https.createServer({ cert: certificate, key }, answer)
    return `${scheme}://127.0.0.1:${yield* listen(server as http.Server)}`
  })

interface Proxy {
  readonly port: number
  /** What it was asked for, and with which credentials. */
  readonly seen: Array<string>
}

/** A proxy that passes on requests and tunnels, or refuses them. */
const serveProxy = (refuses = false): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const sockets = new Set<net.Socket>()
    const note = ({ headers, method, url }: http.IncomingMessage) =>
      seen.push(`${method} ${url} ${headers["proxy-authorization"] ?? ""}`.trim())
    const server = http.createServer((request, response) => {
      note(request)
      if (refuses) return response.writeHead(407).end()
      const { "proxy-authorization": _, ...headers } = request.headers
      request.pipe(
        http.request(request.url ?? "", { method: request.method, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers)
          answer.pipe(response)
        })
      )
      return undefined
    })
    server.on("connect", (request, socket) => {
      note(request)
      if (refuses) return socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
      const [host, port] = (request.url ?? "").split(":")
      const target = net.connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n")
        target.pipe(socket).pipe(target)
      })
      for (const one of [target, socket]) {
        one.on("error", () => {
          target.destroy()
          socket.destroy()
        })
      }
      sockets.add(target)
      return undefined
    })
    const port = yield* listen(server)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
      })
    )
    return { port, seen }
  })

/** A list of the image service with these variables, and whatever was logged or traced about it. */
const listAt = (endpoint: string, variables: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const witness = Witness.make()
    const cloud = Layer.provide(
      Cloud.layerToken({ endpoint, token: Redacted.make("token"), retries: 0 }),
      NodeTransport.layer
    )
    const result = yield* Effect.flatMap(Images.Images, (images) => images.list()).pipe(
      Effect.provide(
        Images.layer.pipe(
          Layer.provide(cloud),
          Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))),
          Layer.fresh
        )
      ),
      Effect.either,
      Effect.provide(witness.layer)
    )
    return result._tag === "Right"
      ? "Right"
      : `${result.left._tag}: ${result.left.message} ${JSON.stringify(result.left)}`
  })

describe("on Node, a proxy of the environment", () => {
  it.scopedLive(
    "carries requests over HTTP, unless NO_PROXY names the host",
    () =>
      Effect.gen(function* () {
        const url = yield* serve("http")
        const proxy = yield* serveProxy()
        const { port } = new URL(url)
        const at = `http://127.0.0.1:${proxy.port}`
        const cases: ReadonlyArray<readonly [Readonly<Record<string, string>>, boolean]> = [
          [{}, false],
          [{ HTTP_PROXY: at }, true],
          [{ http_proxy: at }, true],
          [{ http_proxy: at, HTTP_PROXY: "http://127.0.0.1:1" }, true],
          [{ HTTP_PROXY: at.replace("http://", "") }, true],
          [{ ALL_PROXY: at }, true],
          [{ HTTP_PROXY: "" }, false],
          // That is for another scheme.
          [{ HTTPS_PROXY: at }, false],
          [{ HTTP_PROXY: at, NO_PROXY: "*" }, false],
          [{ HTTP_PROXY: at, NO_PROXY: "cloud.test, 127.0.0.1" }, false],
          [{ HTTP_PROXY: at, no_proxy: `127.0.0.1:${port}` }, false],
          [{ HTTP_PROXY: at, NO_PROXY: "127.0.0.1:1" }, true],
          [{ HTTP_PROXY: at, NO_PROXY: "127.0.0.0/8" }, false],
          [{ HTTP_PROXY: at, NO_PROXY: "10.0.0.0/8,127.0.0.0/99,::1/128,0.0.1,.1" }, true]
        ]
        for (const [variables, isUsed] of cases) {
          proxy.seen.length = 0
          assert.strictEqual(yield* listAt(url, variables), "Right", JSON.stringify(variables))
          assert.deepStrictEqual(proxy.seen, isUsed ? [`GET ${url}/v2/images`] : [], JSON.stringify(variables))
        }
      }),
    60_000
  )

  it.scopedLive(
    "carries TLS through a tunnel, with the certificates that the cloud names",
    () =>
      Effect.gen(function* () {
        const url = yield* serve("https")
        const proxy = yield* serveProxy()
        const directory = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "proxy-"))),
          (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
        )
        writeFileSync(join(directory, "ca.pem"), certificate)
        const list = (more: Readonly<Record<string, string>>) =>
          Effect.flatMap(Images.Images, (images) => images.list()).pipe(
            Effect.provide(
              Images.layer.pipe(
                Layer.provide(NodeCloud.layerEnv({ retries: 0 })),
                Layer.provide(
                  Layer.setConfigProvider(
                    ConfigProvider.fromMap(
                      new Map(
                        Object.entries({
                          OS_AUTH_TYPE: "admin_token",
                          OS_ENDPOINT: url,
                          OS_TOKEN: "token",
                          HTTPS_PROXY: `http://alice:p%40ss@127.0.0.1:${proxy.port}`,
                          ...more
                        })
                      )
                    )
                  )
                ),
                Layer.fresh
              )
            ),
            Effect.either,
            Effect.map(({ _tag }) => _tag)
          )
        assert.strictEqual(yield* list({}), "Left")
        assert.strictEqual(yield* list({ OS_CACERT: join(directory, "ca.pem") }), "Right")
        assert.strictEqual(yield* list({ OS_INSECURE: "true" }), "Right")
        const connect = `CONNECT ${new URL(url).host} Basic ${Buffer.from("alice:p@ss").toString("base64")}`
        assert.deepStrictEqual(proxy.seen, [connect, connect, connect])
        assert.strictEqual(yield* list({ OS_CACERT: join(directory, "ca.pem"), NO_PROXY: "127.0.0.1" }), "Right")
        assert.lengthOf(proxy.seen, 3)
      }),
    60_000
  )

  it.scopedLive(
    "that cannot be used fails the request, without its credentials",
    () =>
      Effect.gen(function* () {
        const url = yield* serve("http")
        const refusing = yield* serveProxy(true)
        const cases: ReadonlyArray<readonly [string, string]> = [
          ["http://alice:hunter2@[::bad", "HTTP_PROXY is not the URL of a proxy"],
          ["ftp://alice:hunter2@proxy.test", "HTTP_PROXY is not the URL of a proxy"],
          ["http://alice:hunter2%@127.0.0.1:1", "HTTP_PROXY is not the URL of a proxy"],
          ["http://alice:hunter2@127.0.0.1:1", "ECONNREFUSED"],
          [`http://alice:hunter2@127.0.0.1:${refusing.port}`, "407"]
        ]
        for (const [HTTP_PROXY, sentence] of cases) {
          const result = yield* listAt(url, { HTTP_PROXY })
          assert.include(result, sentence)
          assert.notInclude(result, "hunter2")
          assert.notInclude(result, Buffer.from("alice:hunter2").toString("base64"))
        }
      }),
    60_000
  )
})
