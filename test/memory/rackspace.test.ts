import { createHash } from "node:crypto"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import type { Json } from "./support.js"

const setUp = (options?: MemoryCloud.Options) =>
  Effect.map(
    MemoryCloud.make({
      flavour: "rackspace",
      regions: ["IAD", "ORD"],
      projects: [{ id: "802958", name: "802958" }, "other"],
      users: [{ name: "jdoe", password: "pass", apiKey: "0123abc", roles: { 802958: ["admin"] } }],
      ...options
    }),
    (cloud) => {
      const client = MemoryCloud.httpClient(cloud)
      const send = (method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE", url: string, token = "", body?: Json) =>
        client
          .execute(
            HttpClientRequest.make(method)(url, { headers: token === "" ? {} : { "x-auth-token": token } }).pipe(
              (request) => (body === undefined ? request : HttpClientRequest.bodyUnsafeJson(request, body))
            )
          )
          .pipe(
            Effect.flatMap((response) =>
              Effect.map(response.text, (text) => ({
                status: response.status,
                headers: response.headers,
                text,
                body:
                  (response.headers["content-type"] ?? "").includes("json") && text !== ""
                    ? (JSON.parse(text) as Json)
                    : undefined
              }))
            )
          )
      const logIn = (auth: Json) => send("POST", `${MemoryCloud.rackspaceAuthUrl}/tokens`, "", { auth })
      return { cloud, send, logIn }
    }
  )

const apiKey = { "RAX-KSKEY:apiKeyCredentials": { username: "jdoe", apiKey: "0123abc" } }

describe("Rackspace", () => {
  it.scoped("logs in by API key or password, and tells a catalog by region and tenant", () =>
    Effect.gen(function* () {
      const { cloud, logIn } = yield* setUp()
      const { body, status } = yield* logIn(apiKey)
      assert.strictEqual(status, 200)
      const { serviceCatalog, token, user } = body.access
      assert.strictEqual(token.expires, "1970-01-01T01:00:00.000Z")
      assert.deepStrictEqual(token.tenant, { id: "802958", name: "802958" })
      assert.deepStrictEqual(token["RAX-AUTH:authenticatedBy"], ["APIKEY"])
      assert.strictEqual(user["RAX-AUTH:defaultRegion"], "IAD")
      const service = (name: string) => serviceCatalog.find((one: Json) => one.name === name)
      assert.deepStrictEqual(service("cloudImages"), {
        name: "cloudImages",
        type: "image",
        endpoints: [
          { region: "IAD", tenantId: "802958", publicURL: "http://glance.memory/v2/802958" },
          { region: "ORD", tenantId: "802958", publicURL: "http://glance.ord.memory/v2/802958" }
        ]
      })
      assert.deepStrictEqual(service("cloudFiles").endpoints[0].tenantId, "MossoCloudFS_802958")
      const byPassword = yield* logIn({ passwordCredentials: { username: "jdoe", password: "pass" } })
      assert.deepStrictEqual(byPassword.body.access.token["RAX-AUTH:authenticatedBy"], ["PASSWORD"])
      assert.strictEqual(yield* cloud.logins, 2)
    })
  )

  it.scoped("refuses what is wrong in a login", () =>
    Effect.gen(function* () {
      const { logIn } = yield* setUp()
      const wrong = yield* logIn({ "RAX-KSKEY:apiKeyCredentials": { username: "jdoe", apiKey: "x" } })
      assert.deepStrictEqual(wrong.body, { unauthorized: { code: 401, message: "Username or api key is invalid." } })
      const password = yield* logIn({ passwordCredentials: { username: "jdoe", password: "x" } })
      assert.deepStrictEqual(password.body, {
        unauthorized: { code: 401, message: "Unable to authenticate user with credentials provided." }
      })
      assert.strictEqual((yield* logIn({})).status, 400)
      assert.strictEqual((yield* logIn({ ...apiKey, tenantName: "other" })).status, 401)
    })
  )

  it.scoped("serves images below the tenant of the token, and of no other", () =>
    Effect.gen(function* () {
      const { cloud, logIn, send } = yield* setUp({
        images: [
          { owner: "802958", name: "here" },
          { owner: "802958", name: "there", region: "ORD" }
        ]
      })
      const { token } = (yield* logIn(apiKey)).body.access
      const names = (url: string) =>
        Effect.map(send("GET", url, token.id), ({ body }) => body.images.map(({ name }: Json) => name))
      assert.deepStrictEqual(yield* names("http://glance.memory/v2/802958/images"), ["here"])
      assert.deepStrictEqual(yield* names("http://glance.ord.memory/v2/802958/images"), ["there"])
      const foreign = yield* send("GET", `http://glance.memory/v2/${cloud.project("other").id}/images`, token.id)
      assert.strictEqual(foreign.status, 401)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* send("GET", "http://glance.memory/v2/802958/images", token.id)).status, 401)
    })
  )

  it.scoped("keeps containers and objects", () =>
    Effect.gen(function* () {
      const { logIn, send } = yield* setUp({ containers: { 802958: ["exports"] } })
      const { token } = (yield* logIn(apiKey)).body.access
      const base = "http://swift.memory/v1/MossoCloudFS_802958"
      const at = (method: "GET" | "HEAD" | "PUT" | "DELETE", path: string, body?: Json) =>
        send(method, `${base}${path}`, token.id, body)
      assert.strictEqual((yield* at("GET", "")).text, "exports\n")
      assert.strictEqual((yield* at("HEAD", "/exports")).status, 204)
      assert.strictEqual((yield* at("HEAD", "/missing")).status, 404)
      assert.strictEqual((yield* at("PUT", "/box")).status, 201)
      assert.strictEqual((yield* at("PUT", "/box")).status, 202)
      const put = yield* at("PUT", "/box/a%2Fb/c", { some: "thing" })
      const etag = createHash("md5").update('{"some":"thing"}').digest("hex")
      assert.deepStrictEqual([put.status, put.headers["etag"]], [201, etag])
      const head = yield* at("HEAD", "/box/a/b/c")
      assert.deepStrictEqual(
        [head.status, head.headers["content-length"], head.headers["content-type"], head.headers["etag"]],
        [200, "16", "application/json", etag]
      )
      assert.strictEqual((yield* at("GET", "/box/a/b/c")).text, '{"some":"thing"}')
      const listed = yield* at("GET", "/box?format=json&prefix=a/")
      assert.deepStrictEqual(
        listed.body.map(({ bytes, hash, name }: Json) => [name, bytes, hash]),
        [["a/b/c", 16, etag]]
      )
      assert.strictEqual((yield* at("DELETE", "/box")).status, 409)
      assert.strictEqual((yield* at("DELETE", "/box/a/b/c")).status, 204)
      assert.strictEqual((yield* at("DELETE", "/box")).status, 204)
      assert.strictEqual((yield* send("GET", base)).status, 401)
    })
  )
})
