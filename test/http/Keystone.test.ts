import type * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Identity, Keystone } from "@effect-glance/http"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Http from "../support/http.js"
import { authUrl, credentials, imageService, password, refusal, tokenAnswer } from "./support.js"

const over = (login: Layer.Layer<Identity.Identity, never, HttpClient.HttpClient>, reply: () => Http.Reply) =>
  Layer.provideMerge(
    login,
    Http.layer(() => reply)
  )

const session = Effect.flatMap(Identity.Identity, ({ session }) => session)

/** What was sent to log in. */
const bodyOf = (login: Layer.Layer<Identity.Identity, never, HttpClient.HttpClient>) =>
  Effect.gen(function* () {
    yield* session
    const [sent] = yield* Http.sent
    return JSON.parse(sent?.body ?? "")
  }).pipe(Effect.provide(over(login, () => tokenAnswer("token"))))

const secret = Redacted.make("s3cret")
const at = { authUrl }

const passwordBody = (user: object, scope?: object) => ({
  auth: {
    identity: { methods: ["password"], password: { user: { ...user, password: "s3cret" } } },
    ...(scope === undefined ? {} : { scope })
  }
})

const alice = { username: "alice", userDomainId: "default" }
const aliceSent = { name: "alice", domain: { id: "default" } }

const forms: {
  readonly [form: string]: readonly [Layer.Layer<Identity.Identity, never, HttpClient.HttpClient>, object]
} = {
  "password of a user's id, without a scope": [
    Keystone.layerPassword({ ...at, userId: "u1", password: secret }),
    passwordBody({ id: "u1" })
  ],
  "password of a user's id, whose name and domain are as good as not given": [
    Keystone.layerPassword({ ...at, ...alice, userId: "u1", password: secret }),
    passwordBody({ id: "u1" })
  ],
  "password of a name in the domain of an id": [
    Keystone.layerPassword({ ...at, ...alice, password: secret }),
    passwordBody(aliceSent)
  ],
  "password of a name in the domain of a name": [
    Keystone.layerPassword({ ...at, username: "alice", userDomainName: "People", password: secret }),
    passwordBody({ name: "alice", domain: { name: "People" } })
  ],
  "password of a name in no domain, which is the default one": [
    Keystone.layerPassword({ ...at, username: "alice", password: secret }),
    passwordBody({ name: "alice", domain: { id: "default" } })
  ],
  "a project's id": [
    Keystone.layerPassword({ ...at, ...alice, password: secret, projectId: "p1", projectName: "alpha" }),
    passwordBody(aliceSent, { project: { id: "p1" } })
  ],
  "a project's name in the domain of an id": [
    Keystone.layerPassword({ ...at, ...alice, password: secret, projectName: "alpha", projectDomainId: "d1" }),
    passwordBody(aliceSent, { project: { name: "alpha", domain: { id: "d1" } } })
  ],
  "a project's name in the domain of a name": [
    Keystone.layerPassword({ ...at, ...alice, password: secret, projectName: "alpha", projectDomainName: "Work" }),
    passwordBody(aliceSent, { project: { name: "alpha", domain: { name: "Work" } } })
  ],
  "a project's name in no domain, which is the default one": [
    Keystone.layerPassword({ ...at, ...alice, password: secret, projectName: "alpha" }),
    passwordBody(aliceSent, { project: { name: "alpha", domain: { id: "default" } } })
  ],
  "a domain's id": [
    Keystone.layerPassword({ ...at, ...alice, password: secret, domainId: "d1" }),
    passwordBody(aliceSent, { domain: { id: "d1" } })
  ],
  "a domain's name": [
    Keystone.layerPassword({ ...at, ...alice, password: secret, domainName: "Work" }),
    passwordBody(aliceSent, { domain: { name: "Work" } })
  ],
  "a project before a domain": [
    Keystone.layerPassword({ ...at, ...alice, password: secret, projectId: "p1", domainId: "d1" }),
    passwordBody(aliceSent, { project: { id: "p1" } })
  ],
  "a token, without a scope": [
    Keystone.layerToken({ ...at, token: secret }),
    { auth: { identity: { methods: ["token"], token: { id: "s3cret" } } } }
  ],
  "a token for a project": [
    Keystone.layerToken({ ...at, token: secret, projectName: "alpha", projectDomainId: "default" }),
    {
      auth: {
        identity: { methods: ["token"], token: { id: "s3cret" } },
        scope: { project: { name: "alpha", domain: { id: "default" } } }
      }
    }
  ],
  "an application credential's id": [
    Keystone.layerApplicationCredential({
      ...at,
      applicationCredentialId: "a1",
      applicationCredentialName: "deploy",
      applicationCredentialSecret: secret
    }),
    {
      auth: {
        identity: { methods: ["application_credential"], application_credential: { id: "a1", secret: "s3cret" } }
      }
    }
  ],
  "an application credential's name, with its user": [
    Keystone.layerApplicationCredential({
      ...at,
      ...alice,
      applicationCredentialName: "deploy",
      applicationCredentialSecret: secret
    }),
    {
      auth: {
        identity: {
          methods: ["application_credential"],
          application_credential: { name: "deploy", user: aliceSent, secret: "s3cret" }
        }
      }
    }
  ]
}

const totp = (user: object, passcode = "s3cret") => ({ user: { ...user, passcode } })

const factorsOf: typeof forms = {
  "the project of a trust": [
    Keystone.layerPassword({ ...at, ...alice, password: secret, trustId: "t1" }),
    passwordBody(aliceSent, { "OS-TRUST:trust": { id: "t1" } })
  ],
  "the whole system": [
    Keystone.layerPassword({ ...at, ...alice, password: secret, systemScope: "all" }),
    passwordBody(aliceSent, { system: { all: true } })
  ],
  "a passcode": [
    Keystone.layerTotp({ ...at, ...alice, passcode: secret, projectId: "p1" }),
    {
      auth: { identity: { methods: ["totp"], totp: totp(aliceSent) }, scope: { project: { id: "p1" } } }
    }
  ],
  "a passcode that is asked for": [
    Keystone.layerTotp({ ...at, userId: "u1", passcode: Effect.succeed(Redacted.make("123456")) }),
    { auth: { identity: { methods: ["totp"], totp: totp({ id: "u1" }, "123456") } } }
  ],
  "all the factors that are given": [
    Keystone.layerMultiFactor({ ...at, ...alice, password: secret, passcode: secret, token: secret }),
    {
      auth: {
        identity: {
          methods: ["password", "totp", "token"],
          password: { user: { ...aliceSent, password: "s3cret" } },
          totp: totp(aliceSent),
          token: { id: "s3cret" }
        }
      }
    }
  ],
  "the factors that are given": [
    Keystone.layerMultiFactor({ ...at, ...alice, password: secret, passcode: secret }),
    {
      auth: {
        identity: {
          methods: ["password", "totp"],
          password: { user: { ...aliceSent, password: "s3cret" } },
          totp: totp(aliceSent)
        }
      }
    }
  ]
}

describe("a login at Keystone sends", () => {
  for (const [form, [login, body]] of Object.entries({ ...forms, ...factorsOf })) {
    it.effect(form, () => Effect.map(bodyOf(login), (sent) => assert.deepStrictEqual(sent, body)))
  }

  it.effect("one POST of JSON to the tokens of version 3, however the URL is written", () =>
    Effect.gen(function* () {
      const urls = ["", "/", "/v3", "/v3/", "/v2.0"].map((end) => `https://cloud.test/identity${end}`)
      for (const authUrl of urls) {
        const all = yield* Effect.zipRight(session, Http.sent).pipe(
          Effect.provide(over(Keystone.layerPassword({ ...credentials, authUrl }), () => tokenAnswer("token")))
        )
        const [sent, ...more] = all
        assert.lengthOf(more, 0)
        assert.strictEqual(`${sent?.method} ${sent?.url.href}`, "POST https://cloud.test/identity/v3/auth/tokens")
        assert.strictEqual(sent?.headers["content-type"], "application/json")
        assert.strictEqual(sent?.headers.accept, "application/json")
      }
    })
  )
})

describe("a session", () => {
  it.effect("is what Keystone says", () =>
    Effect.gen(function* () {
      const { catalog, lifetime, projectId, token } = yield* session
      assert.strictEqual(Redacted.value(token), "gAAAAA-token")
      assert.deepStrictEqual(projectId, Option.some("alpha-id"))
      assert.deepStrictEqual(lifetime, Option.some({ issuedAt: 0, expiresAt: 3_600_000 }))
      assert.deepStrictEqual(catalog, [
        { service: "image", region: "RegionOne", interface: "public", url: "https://glance.test" },
        { service: "image", region: "RegionOne", interface: "internal", url: "https://internal.glance.test" },
        { service: "image", region: "RegionOne", interface: "admin", url: "https://admin.glance.test" },
        { service: "dns", region: "", interface: "public", url: "https://dns.test" },
        { service: "dns", region: "by-id", interface: "public", url: "https://dns.test" }
      ])
    }).pipe(
      Effect.provide(
        over(Keystone.layerPassword(credentials), () =>
          tokenAnswer("gAAAAA-token", {
            catalog: [
              imageService("https://glance.test"),
              {
                type: "dns",
                endpoints: [
                  { interface: "public", region: null, region_id: null, url: "https://dns.test" },
                  { interface: "public", region_id: "by-id", url: "https://dns.test" }
                ]
              },
              { type: "of nothing", endpoints: [] },
              // What is odd is left out, and keeps nobody from the rest.
              { type: "metering", endpoints: [{ interface: "public", region: "RegionOne", url: null }, "?"] },
              { type: null, endpoints: [] },
              { type: "no list", endpoints: null },
              7
            ]
          })
        )
      )
    )
  )

  it.effect("of no project has none, and no catalog", () =>
    Effect.gen(function* () {
      const { catalog, projectId } = yield* session
      assert.deepStrictEqual(projectId, Option.none())
      assert.deepStrictEqual(catalog, [])
    }).pipe(
      Effect.provide(
        over(Keystone.layerPassword(credentials), () =>
          Http.json(
            { token: { expires_at: "2026-11-23T16:58:08.000000Z", issued_at: "2026-11-23T15:58:08.000000Z" } },
            201,
            { "x-subject-token": "unscoped" }
          )
        )
      )
    )
  )
})

/** The error of a login that is answered so each time. */
const errorOf = (reply: () => Http.Reply) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(Effect.flip(session))
    yield* TestClock.adjust("2 minutes")
    return { error: yield* Fiber.join(fiber), count: (yield* Http.sent).length }
  }).pipe(Effect.provide(over(Keystone.layerPassword(credentials), reply)))

const page = "<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1><p>Nothing here.</p></body></html>"

describe("a login that Keystone does not answer with a token", () => {
  const cases: ReadonlyArray<readonly [string, () => Http.Reply, tag: string, status: number, detail: string, number]> =
    [
      ["300", () => Http.json({ versions: {} }, 300), "UnexpectedStatus", 300, "", 1],
      ["302", () => Http.html("", 302, { location: "https://sso.test/" }), "UnexpectedStatus", 302, "", 1],
      ["307", () => Http.html("", 307, { location: "https://other.test/" }), "UnexpectedStatus", 307, "", 1],
      ["400", () => refusal(400, "Expecting to find domain."), "AuthenticationFailed", 400, "Expecting to find", 1],
      ["401", () => refusal(401, "requires authentication."), "AuthenticationFailed", 401, "requires auth", 1],
      ["403", () => refusal(403, "Invalid Domain"), "AuthenticationFailed", 403, "Invalid Domain", 1],
      [
        "404 by Keystone, of a credential that is none",
        () => refusal(404, "Could not find Application Credential: a1."),
        "AuthenticationFailed",
        404,
        "Could not find Application Credential: a1.",
        1
      ],
      ["404 by what is no Keystone", () => Http.html(page, 404), "UnexpectedStatus", 404, "Nothing here.", 1],
      ["405", () => Http.html("", 405), "UnexpectedStatus", 405, "", 1],
      ["413", () => refusal(413, "Too large"), "UnexpectedStatus", 413, "Too large", 1],
      ["429", () => refusal(429, "Slow down"), "RateLimited", 429, "Slow down", 4],
      ["500", () => refusal(500, "An unexpected error"), "ServerError", 500, "An unexpected error", 1],
      ["501", () => Http.html("", 501), "ServerError", 501, "", 1],
      ["502", () => Http.html("<h1>502 Bad Gateway</h1>nginx", 502), "ServiceUnavailable", 502, "Bad Gateway", 4],
      ["503", () => refusal(503, "Down for repair"), "ServiceUnavailable", 503, "Down for repair", 4],
      ["504", () => Http.html("", 504), "ServiceUnavailable", 504, "", 4],
      ["200 with a page", () => Http.html("<h1>Welcome</h1>"), "UnexpectedAnswer", 200, "not JSON", 1],
      ["204 with nothing", () => new Response(null, { status: 204 }), "UnexpectedAnswer", 204, "not JSON", 1],
      ["201 with nothing", () => Http.html("", 201), "UnexpectedAnswer", 201, "not JSON", 1],
      ["200 with null", () => Http.json(null), "UnexpectedAnswer", 200, "the document (Type)", 1],
      ["200 with an array", () => Http.json([]), "UnexpectedAnswer", 200, "the document (Type)", 1],
      [
        "200 with another document",
        () => Http.json({ token: { id: "gAAAAA-in-the-document", expires_at: "gAAAAA-too", issued_at: 3 } }),
        "UnexpectedAnswer",
        200,
        "token.expires_at (Transformation)",
        1
      ],
      [
        "201 with no token in the header",
        () => new Response(tokenAnswer("x").body, { status: 201, headers: { "content-type": "application/json" } }),
        "UnexpectedAnswer",
        201,
        "the answer holds no token",
        1
      ]
    ]
  for (const [what, reply, tag, status, detail, attempts] of cases) {
    it.effect(`but with ${what} is ${tag}`, () =>
      Effect.gen(function* () {
        const { count, error } = yield* errorOf(reply)
        assert.strictEqual(error._tag, tag)
        assert.strictEqual(count, attempts)
        if (!("status" in error)) return assert.fail("no answer")
        assert.strictEqual(error.status, status)
        assert.strictEqual(error.operation, "Keystone.password")
        assert.strictEqual(error.method, "POST")
        assert.strictEqual(error.url, "https://keystone.test/v3/auth/tokens")
        assert.include(error.detail, detail)
        assert.notInclude(JSON.stringify(error), "gAAAAA")
        assert.notInclude(error.message, "Welcome")
      })
    )
  }

  it.effect("carries the request id and what Retry-After says", () =>
    Effect.gen(function* () {
      const { error } = yield* errorOf(() => refusal(503, "Down", { "retry-after": "120" }))
      if (error._tag !== "ServiceUnavailable") return assert.fail(error._tag)
      assert.deepStrictEqual(error.requestId, Option.some("req-refused"))
      assert.strictEqual(Option.getOrThrow(Option.map(error.retryAfter, String)), "Duration(2m)")
    })
  )

  it.effect("does not tell what stands where a token should, however Keystone repeats the request", () =>
    Effect.gen(function* () {
      // As Keystone's schemas do: the instance in Python's notation, in JSON.
      const python = `{'name': 'alice', 'password': '${password}'}`
      const wide = "pässword\"with'quotes\\and\nlines"
      const repetitions: ReadonlyArray<readonly [string, () => Response]> = [
        [
          password,
          () => refusal(400, `Invalid input for field 'user': ${python} is not valid\n\nOn instance:\n ${python}`)
        ],
        [password, () => Http.html(`<p>${password.replace("&", "&amp;").replace("<", "&lt;")}</p>`, 400)],
        [password, () => new Response(password, { status: 500 })],
        [wide, () => refusal(400, `{'password': 'p\\xe4ssword"with\\'quotes\\\\and\\nlines'} is not valid`)],
        [wide, () => new Response(`{"got": "p\\u00e4ssword\\"with'quotes\\\\and\\nlines"}`, { status: 403 })]
      ]
      for (const [password, reply] of repetitions) {
        const error = yield* Effect.flip(session).pipe(
          Effect.provide(
            over(Keystone.layerPassword({ ...credentials, password: Redacted.make(password) }), () => reply())
          )
        )
        if (!("detail" in error)) return assert.fail(error._tag)
        assert.include(error.detail, "<redacted>")
        for (const part of ["correct", "horse", "battery", "staple", "quotes", "lines"]) {
          assert.notInclude(error.detail, part)
        }
      }
    })
  )

  it.effect("since it wants more factors says which", () =>
    Effect.gen(function* () {
      const receipt = { methods: ["password"], user: { id: "u1" }, expires_at: "1970-01-01T00:05:00.000000Z" }
      const rules = { receipt, required_auth_methods: [["totp", "password"], ["token"]] }
      const error = yield* Effect.flip(session).pipe(
        Effect.provide(over(Keystone.layerPassword(credentials), () => Http.json(rules, 401)))
      )
      assert.strictEqual(error._tag, "AuthenticationFailed")
      assert.include(error.message, "the user has to log in by password and totp, or by token")
    })
  )

  it.effect("tells the sentence of a service that does not repeat the credentials, also where there are none", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(session).pipe(
        Effect.provide(
          over(Keystone.layerPassword({ ...credentials, password: Redacted.make("") }), () => refusal(401, "No."))
        )
      )
      if (error._tag !== "AuthenticationFailed") return assert.fail(error._tag)
      assert.strictEqual(error.detail, "No.")
    })
  )
})

describe("a login that is not answered", () => {
  it.effect("is given up after a minute", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(session))
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* Fiber.poll(fiber), Option.none())
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error._tag, "TimeLimitExceeded")
      assert.include(error.message, "Keystone.password")
      // And begun anew by the next who needs it.
      yield* Effect.fork(session)
      yield* TestClock.adjust(0)
      assert.lengthOf(yield* Http.sent, 2)
    }).pipe(Effect.provide(over(Keystone.layerPassword(credentials), () => Effect.never)))
  )

  it.effect("to its end is given up after a minute", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(session))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TimeLimitExceeded")
    }).pipe(
      Effect.provide(
        over(Keystone.layerPassword(credentials), () => new Response(new ReadableStream(), { status: 201 }))
      )
    )
  )

  it.effect("to its end because the connection broke is a transport's failure", () =>
    Effect.gen(function* () {
      const body = new ReadableStream({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode('{"token": {'))
          controller.error(new TypeError("terminated"))
        }
      })
      const { error } = yield* errorOf(() => new Response(body, { status: 201 }))
      assert.strictEqual(error._tag, "TransportError")
      assert.include(error.message, "terminated")
    })
  )

  it.effect("because nobody is there says so, after some attempts", () =>
    Effect.gen(function* () {
      const { count, error } = yield* errorOf(() => Http.failure("ECONNREFUSED"))
      assert.strictEqual(error._tag, "TransportError")
      assert.include(error.message, "ECONNREFUSED")
      assert.strictEqual(count, 4)
    })
  )
})
