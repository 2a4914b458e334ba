import * as http from "node:http"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@effect-glance/memory/Fault"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as MemoryServer from "@effect-glance/memory/MemoryServer"
import * as NodeMemoryServer from "@effect-glance/node/NodeMemoryServer"
import * as Effect from "effect/Effect"
import { logIn } from "./support.js"

type Headers = Readonly<Record<string, string>>

/** Sends one request to a cloud's app, as a browser on localhost does. */
const sending = (cloud: MemoryCloud.Service, options: MemoryServer.Options = {}) => {
  const handle = HttpApp.toWebHandler(MemoryServer.app(cloud, options))
  return (method: string, path: string, headers: Headers, host = "localhost:9292") =>
    Effect.promise(() => handle(new Request(`http://${host}${path}`, { method, headers: { ...headers, host } })))
}

const preflight = (origin: string, method = "PUT", headers?: string): Headers => ({
  origin,
  "access-control-request-method": method,
  ...(headers === undefined ? {} : { "access-control-request-headers": headers })
})

const allowed = (response: Response) => response.headers.get("access-control-allow-origin")

describe("cross-origin requests to a memory server", () => {
  it.scoped("a preflight request from another port of this machine is allowed with every header", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const send = sending(cloud)
      for (const origin of [
        "http://localhost:5173",
        "https://app.localhost",
        "http://127.0.0.1:1",
        "http://[::1]:80"
      ]) {
        const response = yield* send("OPTIONS", "/image/v2/images", preflight(origin, "PUT", "x-auth-token, range"))
        assert.strictEqual(response.status, 200)
        assert.strictEqual(yield* Effect.promise(() => response.text()), "")
        assert.deepInclude(Object.fromEntries(response.headers), {
          vary: "Origin",
          "access-control-allow-origin": origin,
          "access-control-allow-credentials": "true",
          "access-control-allow-methods": "PUT",
          "access-control-allow-headers": "x-auth-token,range",
          "access-control-max-age": "3600"
        })
      }
      assert.deepStrictEqual(yield* cloud.requests, [])
    })
  )

  it.scoped("a preflight request from another site, or for another method, is answered without permission", () =>
    Effect.gen(function* () {
      const send = sending(yield* MemoryCloud.make())
      for (const headers of [
        preflight("https://evil.example"),
        preflight("https://localhost.evil.example"),
        preflight("https://localhost:1@evil.example"),
        preflight("null"),
        preflight("http://localhost", "TRACE")
      ]) {
        const response = yield* send("OPTIONS", "/identity/v3/auth/tokens", headers)
        assert.strictEqual(response.status, 200)
        assert.isNull(allowed(response), headers["origin"])
      }
    })
  )

  it.scoped("every response to an allowed origin says so and exposes its headers, errors and faults included", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const send = sending(cloud)
      const origin = "http://localhost:5173"
      const versions = yield* send("GET", "/identity/v3", { origin })
      assert.strictEqual(allowed(versions), origin)
      assert.strictEqual(versions.headers.get("vary"), "X-Auth-Token,Origin")
      assert.include(versions.headers.get("access-control-expose-headers") ?? "", "x-openstack-request-id")
      yield* cloud.inject({}, Fault.status(503, { headers: { "retry-after": "7" } }))
      const refused = yield* send("GET", "/image/v2/images", { origin })
      assert.deepStrictEqual([refused.status, allowed(refused)], [503, origin])
      assert.include(refused.headers.get("access-control-expose-headers") ?? "", "retry-after")
      assert.strictEqual(allowed(yield* send("GET", "/image/v2/images", { origin })), origin)
      assert.isNull(allowed(yield* send("GET", "/image/v2/images", { origin: "https://evil.example" })))
      assert.isNull(allowed(yield* send("GET", "/image/v2/images", {})))
    })
  )

  it.scoped("the settings are those of Glance's cors section", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const origin = "https://dashboard.example:8443"
      const send = sending(cloud, {
        cors: { ...MemoryServer.glanceCors, allowedOrigins: [origin], allowCredentials: false, maxAge: "1 minute" }
      })
      const ask = (headers: Headers) => send("OPTIONS", "/image/v2/images", headers)
      const granted = yield* ask(preflight(origin, "PATCH", "X-AUTH-TOKEN, content-type"))
      assert.strictEqual(allowed(granted), origin)
      assert.strictEqual(granted.headers.get("access-control-max-age"), "60")
      assert.isNull(granted.headers.get("access-control-allow-credentials"))
      assert.isNull(allowed(yield* ask(preflight(origin, "GET", "x-auth-token,range"))))
      assert.isNull(allowed(yield* ask(preflight(origin, "HEAD"))))
      assert.isNull(allowed(yield* ask(preflight("http://localhost:5173"))))
      const response = yield* send("GET", "/image/versions", { origin })
      assert.strictEqual(
        response.headers.get("access-control-expose-headers"),
        MemoryServer.glanceCors.exposeHeaders.join(",")
      )
    })
  )

  it.scoped("a star allows every origin, and false allows none", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const open = sending(cloud, { cors: { allowedOrigins: ["*"] } })
      assert.strictEqual(allowed(yield* open("OPTIONS", "/image", preflight("https://any.example"))), "*")
      const closed = sending(cloud, { cors: false })
      const response = yield* closed("OPTIONS", "/image/v2/images", preflight("http://localhost:1"))
      assert.deepStrictEqual([response.status, allowed(response)], [200, null])
    })
  )
})

describe("the Host header of a request to a memory server", () => {
  it.scoped("a name that is not of this machine is refused and never repeated in a catalog", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const send = sending(cloud)
      for (const host of ["evil.example", "evil.example:9292", "localhost.evil.example", "127.0.0.1.evil.example"]) {
        const refused = yield* send("GET", "/identity/v3", {}, host)
        assert.strictEqual(refused.status, 421, host)
        assert.match(yield* Effect.promise(() => refused.text()), /^This memory cloud does not answer for the host /)
      }
      for (const host of ["localhost", "app.localhost:1", "127.1.2.3:80", "[::1]:80", "192.0.2.7:9292"]) {
        assert.strictEqual((yield* send("GET", "/identity/v3", {}, host)).status, 200, host)
      }
      const named = sending(cloud, { hosts: ["Glance.example"] })
      const versions = yield* named("GET", "/image/versions", {}, "glance.example:1")
      assert.include(yield* Effect.promise(() => versions.text()), "http://glance.example:1/image/v2/")
      assert.strictEqual((yield* named("GET", "/image/versions", {}, "evil.example")).status, 421)
      assert.strictEqual((yield* sending(cloud, { hosts: ["*"] })("GET", "/image", {}, "any.example")).status, 300)
    })
  )

  it.scoped("a Host header that no URL can have is refused, whatever names the server has", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const { authUrl } = yield* NodeMemoryServer.serve(cloud, { hosts: ["*"] })
      const { port } = new URL(authUrl)
      for (const host of [
        "localhost:99999",
        "127.0.0.256",
        "[::1",
        "a<b",
        "a b",
        "me@localhost",
        "localhost/x",
        "%zz"
      ]) {
        const status = yield* Effect.async<number>((resume) => {
          const path = "/identity/v3"
          const request = http.request({ host: "127.0.0.1", port, path, setHost: false, headers: { host } })
          request.on("response", (response) => {
            response.resume()
            resume(Effect.succeed(response.statusCode ?? 0))
          })
          request.end()
        })
        assert.strictEqual(status, 421, host)
      }
    })
  )

  it.scoped("a scheme in X-Forwarded-Proto that is not HTTP's is not repeated", () =>
    Effect.gen(function* () {
      const send = sending(yield* MemoryCloud.make())
      const text = (proto: string) =>
        Effect.flatMap(send("GET", "/image/versions", { "x-forwarded-proto": proto }), (response) =>
          Effect.promise(() => response.text())
        )
      assert.include(yield* text("https"), '"https://localhost:9292/image/v2/"')
      assert.include(yield* text("javascript"), '"http://localhost:9292/image/v2/"')
    })
  )

  it.scoped("a server on a socket answers for the name that it listens on, and lets pages of this machine in", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const server = yield* NodeMemoryServer.serve(cloud, { host: "localhost" })
      const client = yield* HttpClient.HttpClient
      const session = yield* logIn(cloud, client, { authUrl: server.authUrl })
      assert.strictEqual((yield* session.image("GET", "/v2/images")).status, 200)
      const response = yield* client.get(`${server.imageUrl}/versions`, {
        headers: { origin: "http://localhost:5173" }
      })
      assert.strictEqual(response.headers["access-control-allow-origin"], "http://localhost:5173")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})
