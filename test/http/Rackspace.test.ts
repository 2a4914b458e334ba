import { assert, describe, it } from "@effect/vitest"
import * as Images from "@effect-glance/core/Images"
import { Cloud, Identity, Rackspace } from "@effect-glance/http"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Http from "../support/http.js"
import { isLogin, list, noImages } from "./support.js"

const apiKey = "0123456789abcdef"

const options = { username: "alice", apiKey: Redacted.make(apiKey) }

/** As Rackspace's identity service answers a login. */
const access = (token = "rackspace-token") =>
  Http.json({
    access: {
      token: {
        id: token,
        expires: "1970-01-02T00:00:00.000Z",
        tenant: { id: "123456", name: "123456" },
        "RAX-AUTH:authenticatedBy": ["APIKEY"]
      },
      serviceCatalog: [
        {
          name: "cloudFiles",
          type: "object-store",
          endpoints: ["ORD", "IAD"].map((region) => ({
            region,
            tenantId: "MossoCloudFS_1",
            publicURL: `https://storage.${region}.test/v1/MossoCloudFS_1`,
            internalURL: `https://snet-storage.${region}.test/v1/MossoCloudFS_1`
          }))
        },
        {
          name: "cloudImages",
          type: "image",
          endpoints: ["IAD", "ORD"].map((region) => ({
            region,
            tenantId: "123456",
            publicURL: `https://${region}.images.test/v2/123456`
          }))
        },
        { name: "cloudDNS", type: "rax:dns", endpoints: [{ publicURL: "https://dns.test/v1.0/123456" }] }
      ],
      user: { id: "u1", name: "alice", roles: [], "RAX-AUTH:defaultRegion": "IAD" }
    }
  })

const unauthorized = () =>
  Http.json({ unauthorized: { code: 401, message: "Username or api key is invalid." } }, 401, { "x-trans-id": "tx1" })

const over = (handler: Http.Handler, extra: Partial<Rackspace.ApiKeyOptions> = {}, cloud?: Cloud.Options) =>
  Layer.provideMerge(Images.layer, Cloud.layer(cloud)).pipe(
    Layer.provideMerge(Rackspace.layerApiKey({ ...options, ...extra })),
    Layer.provideMerge(Http.layer(() => handler))
  )

const session = Effect.flatMap(Identity.Identity, ({ session }) => session)

const bodies = Effect.map(Http.sent, (all) => all.filter(isLogin).map(({ body }) => JSON.parse(body)))

const asKey = { auth: { "RAX-KSKEY:apiKeyCredentials": { username: "alice", apiKey } } }
const asPassword = { auth: { passwordCredentials: { username: "alice", password: apiKey } } }

describe("a login at Rackspace", () => {
  it.effect("sends the API key, and opens the session that the answer names", () =>
    Effect.gen(function* () {
      const { catalog, lifetime, projectId, token } = yield* session
      assert.deepStrictEqual(yield* bodies, [asKey])
      assert.strictEqual(Redacted.value(token), "rackspace-token")
      assert.deepStrictEqual(projectId, Option.some("123456"))
      assert.deepStrictEqual(lifetime, Option.some({ issuedAt: 0, expiresAt: 86_400_000 }))
      assert.deepInclude(catalog, {
        service: "object-store",
        region: "ORD",
        interface: "internal",
        url: "https://snet-storage.ORD.test/v1/MossoCloudFS_1"
      })
      assert.deepInclude(catalog, {
        service: "rax:dns",
        region: "",
        interface: "public",
        url: "https://dns.test/v1.0/123456"
      })
    }).pipe(Effect.provide(over(() => access())))
  )

  it.effect("goes to Rackspace unless another URL is given, with or without the version", () =>
    Effect.gen(function* () {
      const urls = [
        [undefined, "https://identity.api.rackspacecloud.com/v2.0/tokens"],
        ["https://id.test", "https://id.test/v2.0/tokens"],
        ["https://id.test/v2.0/", "https://id.test/v2.0/tokens"],
        ["https://id.test/v2.0/tokens", "https://id.test/v2.0/tokens"],
        ["https://id.test//v2.0//tokens/", "https://id.test/v2.0/tokens"],
        ["https://id.test/v3", "https://id.test/v2.0/tokens"]
      ] as const
      for (const [authUrl, expected] of urls) {
        const [sent] = yield* Effect.zipRight(session, Http.sent).pipe(
          Effect.provide(over(() => access(), { authUrl }))
        )
        assert.strictEqual(sent?.url.href, expected)
      }
    })
  )

  it.effect("tries as a password what is refused as a key", () =>
    Effect.gen(function* () {
      yield* session
      assert.deepStrictEqual(yield* bodies, [asKey, asPassword])
    }).pipe(Effect.provide(over((_, index) => (index === 0 ? unauthorized() : access()))))
  )

  it.effect("sends a password, and the project where one is given", () =>
    Effect.gen(function* () {
      const password = Redacted.make("the password")
      const cases: ReadonlyArray<readonly [Partial<Rackspace.PasswordOptions>, object]> = [
        [{ username: "alice" }, { passwordCredentials: { username: "alice", password: "the password" } }],
        [
          { userId: "u1", projectId: "1", projectName: "one" },
          { passwordCredentials: { userId: "u1", password: "the password" }, tenantId: "1" }
        ],
        [
          { username: "alice", userId: "u1", projectName: "one" },
          { passwordCredentials: { username: "alice", password: "the password" }, tenantName: "one" }
        ]
      ]
      for (const [options, auth] of cases) {
        const sent = yield* Effect.zipRight(session, bodies).pipe(
          Effect.provide(
            Layer.provideMerge(
              Rackspace.layerPassword({ ...options, password }),
              Http.layer(() => () => access())
            )
          )
        )
        assert.deepStrictEqual(sent, [{ auth }])
      }
    })
  )

  it.effect("fails when it is refused as both", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(session)
      if (error._tag !== "AuthenticationFailed") return assert.fail(error._tag)
      assert.strictEqual(error.detail, "Username or api key is invalid.")
      assert.deepStrictEqual(error.requestId, Option.some("tx1"))
      assert.lengthOf(yield* bodies, 2)
    }).pipe(Effect.provide(over(unauthorized)))
  )

  it.effect("tries no password when the key was not refused, but the service failed", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(session))._tag, "ServerError")
      assert.deepStrictEqual(yield* bodies, [asKey])
    }).pipe(Effect.provide(over(() => new Response("", { status: 500 }))))
  )

  it.effect("fails for a document without a token, of which the error shows nothing", () =>
    Effect.gen(function* () {
      const documents: ReadonlyArray<readonly [unknown, string]> = [
        [{ access: { token: { id: null, secret: "s3cret" } } }, "the response holds no token"],
        [{ access: { token: { id: "", expires: "s3cret" } } }, "the response holds no token"],
        [{ access: { token: null, user: "s3cret" } }, "the JSON does not describe a token"],
        [{ access: null, token: "s3cret" }, "the JSON does not describe a token"],
        [null, "the JSON does not describe a token"]
      ]
      for (const [document, detail] of documents) {
        const error = yield* Effect.flip(session).pipe(Effect.provide(over(() => Http.json(document))))
        if (error._tag !== "UnexpectedAnswer") return assert.fail(error._tag)
        assert.include(error.detail, detail)
        assert.notInclude(JSON.stringify(error), "s3cret")
      }
    })
  )

  it.effect("opens a session whatever the document leaves out, sends as null or in another shape", () =>
    Effect.gen(function* () {
      for (const value of [undefined, null, "", 7, [], {}, "text", [null], { endpoints: null }]) {
        const token = { id: "t", expires: value, tenant: value, issued_at: value, "RAX-AUTH:authenticatedBy": value }
        const { catalog, lifetime, projectId } = yield* session.pipe(
          Effect.provide(over(() => Http.json({ access: { token, serviceCatalog: value, user: value } })))
        )
        assert.deepStrictEqual(
          [catalog, lifetime, projectId],
          [[], Option.none(), Option.none()],
          JSON.stringify(value)
        )
      }
      const { lifetime, projectId } = yield* session.pipe(
        Effect.provide(
          over(() =>
            Http.json({
              access: {
                token: {
                  id: "t",
                  issued_at: "2026-11-30T21:00:00Z",
                  expires: "2026-11-30T22:00:00Z",
                  tenant: { id: 123456 }
                }
              }
            })
          )
        )
      )
      assert.deepStrictEqual(projectId, Option.some("123456"))
      assert.deepStrictEqual(lifetime, Option.some({ issuedAt: 0, expiresAt: 3_600_000 }))
    })
  )

  it.effect("is done again when the token ends", () =>
    Effect.gen(function* () {
      yield* list
      yield* TestClock.adjust("23 hours")
      yield* list
      assert.lengthOf(yield* bodies, 1)
      yield* TestClock.adjust("1 hour")
      yield* list
      assert.lengthOf(yield* bodies, 2)
    }).pipe(Effect.provide(over((sent) => (isLogin(sent) ? access() : noImages()))))
  )
})

describe("Rackspace's images", () => {
  const handler: Http.Handler = (sent) => (isLogin(sent) ? access() : noImages())

  it.effect("are asked for below the project that the catalog puts after the version", () =>
    Effect.gen(function* () {
      yield* list
      const [, sent] = yield* Http.sent
      assert.strictEqual(sent?.url.href, "https://ord.images.test/v2/123456/images")
    }).pipe(Effect.provide(over(handler, {}, { region: "ORD" })))
  )
})
