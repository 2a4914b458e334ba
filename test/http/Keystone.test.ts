import type * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Identity, Keystone } from "@effect-glance/http"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as TestClock from "effect/TestClock"
import * as Http from "../support/http.js"
import * as Linear from "../support/linear.js"
import { authUrl, credentials, imageService, password, refusal, tokenAnswer } from "./support.js"

const over = (login: Layer.Layer<Identity.Identity, never, HttpClient.HttpClient>, reply: () => Http.Reply) =>
  Layer.provideMerge(
    login,
    Http.layer(() => reply)
  )

const now = Date.UTC(2026, 10, 30, 21)

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
      const urls = [
        ...["", "/", "/v3", "/v3/", "//v3//", "/v3.14", "/v2.0", "/v3/auth", "/v3/auth/tokens", "/v3/auth/tokens/"],
        ...["//v3//auth//tokens", "/v2.0/tokens", "/v2.0/tokens/", "/v3/?region=north", "/v3#top", " "]
      ].map((end) => `https://cloud.test/identity${end}`)
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

  const opened = (token: object, headers: Record<string, string> = { "x-subject-token": "t" }) =>
    Effect.provide(
      Effect.zipRight(TestClock.setTime(now), session),
      over(Keystone.layerPassword(credentials), () => Http.json({ token }, 201, headers))
    )

  it.effect("opens whatever a cloud leaves out, sends as null or in another shape", () =>
    Effect.gen(function* () {
      const odd: ReadonlyArray<unknown> = [undefined, null, "", 7, true, [], {}, "text", [[]], [null], { id: null }]
      const fields = ["expires_at", "issued_at", "project", "catalog", "roles", "user", "methods", "audit_ids"]
      for (const value of odd) {
        const all = yield* opened(Object.fromEntries(fields.map((name) => [name, value])))
        assert.deepStrictEqual(all.projectId, Option.none(), JSON.stringify(value))
        assert.deepStrictEqual(all.catalog, [], JSON.stringify(value))
        assert.deepStrictEqual(all.lifetime, Option.none(), JSON.stringify(value))
        const service = yield* opened({ catalog: [value, { type: "image", endpoints: value }, { endpoints: value }] })
        assert.deepStrictEqual(service.catalog, [], JSON.stringify(value))
        const endpoint = { interface: "public", url: "https://glance.test" }
        const endpoints = [
          ...["interface", "url"].map((name) => ({
            ...endpoint,
            [name]: value === "text" || value === 7 ? null : value
          })),
          { ...endpoint, region: value === "text" || value === 7 ? null : value, region_id: null, id: value }
        ]
        assert.deepStrictEqual(
          (yield* opened({ catalog: [{ type: "image", name: value, id: value, endpoints }] })).catalog,
          [{ service: "image", region: "", ...endpoint }],
          JSON.stringify(value)
        )
      }
      assert.deepStrictEqual((yield* opened({ project: { id: 7, domain: null } })).projectId, Option.some("7"))
    })
  )

  it.effect("has the life that the server's times are apart, or else the one that the local clock sees", () =>
    Effect.gen(function* () {
      const hours = (count: number) => count * 3_600_000
      const time = (after: number) => new Date(now + after).toISOString()
      const cases: ReadonlyArray<readonly [issued: unknown, expires: unknown, life: number | undefined]> = [
        [time(0), time(hours(1)), hours(1)],
        // A server whose clock is another.
        [time(hours(-5)), time(hours(-4)), hours(1)],
        [time(hours(5)), time(hours(6)), hours(1)],
        ["1970-01-01T00:00:00.000000Z", "1970-01-01T01:00:00.000000Z", hours(1)],
        // No time of issue, or one that cannot be.
        ["1970-01-01T00:00:00.000000Z", time(hours(1)), hours(1)],
        [undefined, time(hours(1)), hours(1)],
        [null, time(hours(2)), hours(2)],
        ["soon", time(hours(2)), hours(2)],
        [time(hours(3)), time(hours(2)), hours(2)],
        [undefined, time(hours(-1)), hours(-1)],
        // Other ways to write a time; one without a zone is UTC.
        ["2026-11-30T21:00:00", "2026-11-30 22:00:00.123456", hours(1)],
        [undefined, "2026-11-30T23:00:00+01:00", hours(1)],
        [undefined, "2026-11-30T15:00:00.000-0700", hours(1)],
        // No end.
        [time(0), undefined, undefined],
        [time(0), null, undefined],
        [time(0), "never", undefined],
        [time(0), "2026-99-99T99:99:99Z", undefined],
        [time(0), 1_796_000_000, undefined]
      ]
      for (const [issued_at, expires_at, life] of cases) {
        const { lifetime } = yield* opened({ issued_at, expires_at })
        const expected = life === undefined ? Option.none() : Option.some({ issuedAt: now, expiresAt: now + life })
        assert.deepStrictEqual(lifetime, expected, JSON.stringify([issued_at, expires_at]))
      }
    })
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
      ["300", () => Http.json({ versions: {} }, 300), "UnexpectedStatus", 300, "there is no identity service", 1],
      [
        "302",
        () => Http.html("", 302, { location: "https://u:gAAAAA@sso.test/v3?token=gAAAAA" }),
        "UnexpectedStatus",
        302,
        "the URL redirects to https://<redacted>@sso.test/v3; use that as the auth URL if you trust it",
        1
      ],
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
      [
        "404 by what is no Keystone",
        () => Http.html(page, 404),
        "UnexpectedStatus",
        404,
        "there is no identity service (Keystone) at this URL; check the auth URL. The response says: Nothing here.",
        1
      ],
      [
        "404 by a gateway that speaks JSON",
        () => Http.json({ message: "no Route matched" }, 404),
        "UnexpectedStatus",
        404,
        "there is no identity service (Keystone) at this URL; check the auth URL. The response says: no Route matched",
        1
      ],
      ["405", () => Http.html("", 405), "UnexpectedStatus", 405, "there is no identity service (Keystone)", 1],
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
      ["200 with null", () => Http.json(null), "UnexpectedAnswer", 200, "does not describe a token", 1],
      ["200 with an array", () => Http.json([]), "UnexpectedAnswer", 200, "does not describe a token", 1],
      [
        "200 with a token that is null",
        () => Http.json({ token: null }),
        "UnexpectedAnswer",
        200,
        "not an identity",
        1
      ],
      [
        "200 with another document",
        () => Http.json({ token: { id: "gAAAAA-in-the-document", expires_at: "gAAAAA-too", issued_at: 3 } }),
        "UnexpectedAnswer",
        200,
        "the response holds no token",
        1
      ],
      [
        "201 with no token in the header",
        () => new Response(tokenAnswer("x").body, { status: 201, headers: { "content-type": "application/json" } }),
        "UnexpectedAnswer",
        201,
        "the response holds no token",
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

describe("a login ends at its limit", () => {
  const encoder = new TextEncoder()
  /** Sends a piece every 20 seconds, for ever. */
  const drip = (text: string): Effect.Effect<Response> =>
    Effect.gen(function* () {
      const runtime = yield* Effect.runtime<never>()
      return new Response(
        new ReadableStream({
          pull: (controller) =>
            Runtime.runPromise(runtime)(
              Effect.delay(
                Effect.sync(() => controller.enqueue(encoder.encode(text))),
                "20 seconds"
              )
            )
        }),
        { status: 201 }
      )
    })
  const years = "315360000"
  const servers: { readonly [server: string]: Http.Handler } = {
    "never responds": () => Effect.never,
    "responds after a year": () => Effect.delay(Effect.succeed(tokenAnswer("t")), "365 days"),
    "sends no body": () => new Response(new ReadableStream(), { status: 201 }),
    "sends a body without end, slowly": () => drip(" "),
    "sends an error without end, slowly": () =>
      Effect.map(drip(" "), ({ body }) => new Response(body, { status: 401 })),
    "sends 503 with Retry-After of years": () => refusal(503, "Down", { "retry-after": years }),
    "sends 429 with Retry-After of years": () => refusal(429, "Slow", { "retry-after": years }),
    "sends 429 with a date in years": () => refusal(429, "Slow", { "retry-after": "Fri, 31 Dec 2999 23:59:59 GMT" }),
    "sends 503 with Retry-After of a second, always": () => refusal(503, "Down", { "retry-after": "1" }),
    "sends 503 whose body does not end": () => Effect.map(drip(" "), ({ body }) => new Response(body, { status: 503 })),
    "refuses always": () => refusal(401, "No"),
    "asks for more factors always": () =>
      Http.json({ receipt: {}, required_auth_methods: [["password", "totp"]] }, 401),
    "redirects always": ({ url }) => Http.html("", 307, { location: url.href }),
    "breaks each connection": () => Http.failure("ECONNRESET")
  }
  const logins = {
    password: Keystone.layerPassword({ ...credentials, retries: Number.POSITIVE_INFINITY }),
    "several factors": Keystone.layerMultiFactor({
      ...credentials,
      passcode: Effect.succeed(secret),
      retries: Number.POSITIVE_INFINITY
    })
  }
  for (const [server, handler] of Object.entries(servers)) {
    for (const [kind, login] of Object.entries(logins)) {
      it.effect(`by ${kind}, if the server ${server}`, () =>
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(Effect.exit(session))
          // In steps: the client has to act between them.
          for (let step = 0; step < 12; step++) yield* TestClock.adjust("5 seconds")
          assert.strictEqual((yield* Fiber.join(fiber))._tag, "Failure")
          const sent = (yield* Http.sent).length
          yield* TestClock.adjust("1 minute")
          assert.lengthOf(yield* Http.sent, sent)
        }).pipe(
          Effect.provide(
            Layer.provideMerge(
              login,
              Http.layer(() => handler)
            )
          )
        )
      )
    }
  }

  it.effect("while it asks for a passcode", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(session))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TimeLimitExceeded")
    }).pipe(
      Effect.provide(over(Keystone.layerTotp({ ...credentials, passcode: Effect.never }), () => tokenAnswer("t")))
    )
  )

  it.effect("that makes no sense is the default, and so are its other options", () =>
    Effect.gen(function* () {
      const nonsense: ReadonlyArray<unknown> = [Number.NaN, -1, 0, "abc", {}, null]
      for (const value of nonsense as ReadonlyArray<never>) {
        const fiber = yield* session.pipe(
          Effect.flip,
          Effect.provide(
            over(
              Keystone.layerPassword({ ...credentials, timeLimit: value, backoff: value, retries: value }),
              () => Effect.never
            )
          ),
          Effect.fork
        )
        yield* TestClock.adjust("59 seconds")
        assert.deepStrictEqual(yield* Fiber.poll(fiber), Option.none(), String(value))
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "TimeLimitExceeded")
      }
    })
  )
})

describe("a login takes linear time", () => {
  const nested = (length: number) => `${"[".repeat(length / 2)}${"]".repeat(length / 2)}`
  const endpoint = '{"interface": "public", "url": "https://glance.test", "region": null}'
  const documents: { readonly [what: string]: (length: number) => string } = {
    "nested arrays": nested,
    "a token of nested arrays": (length) => `{"token": {"project": ${nested(length)}, "catalog": ${nested(length)}}}`,
    backslashes: (length) => `{"token": {"expires_at": "${"\\\\".repeat(length / 2)}"}}`,
    digits: (length) => `{"token": {"expires_at": "2026-11-30T21:00:00.${"9".repeat(length)}"}}`,
    spaces: (length) => `{"token":${" ".repeat(length)}{}}`,
    "endpoints without a region": (length) =>
      `{"token": {"catalog": [{"type": "image", "endpoints": [${endpoint}${`,${endpoint}`.repeat(length / 70)}]}]}}`,
    "services without endpoints": (length) => `{"token": {"catalog": [{}${",{}".repeat(length / 3)}]}}`,
    "no JSON": (length) => "{".repeat(length)
  }
  const opened = (document: string, url = authUrl) =>
    Effect.exit(session).pipe(
      Effect.provide(
        over(
          Keystone.layerPassword({ ...credentials, authUrl: url }),
          () => new Response(document, { status: 201, headers: { "x-subject-token": "t" } })
        )
      )
    )
  for (const [what, document] of Object.entries(documents)) {
    it(`for a document of ${what}`, { timeout: 60_000 }, () =>
      Linear.assertGrowth(what, (length) => Effect.runPromise(opened(document(length))))
    )
  }
  for (const [what, url] of Object.entries({
    slashes: (length: number) => `https://keystone.test${"/".repeat(length)}x`,
    "slashes at the end": (length: number) => `https://keystone.test${"/".repeat(length)}`,
    versions: (length: number) => `https://keystone.test${"/v3".repeat(length / 3)}`,
    digits: (length: number) => `https://keystone.test/v3.${"9".repeat(length)}`,
    "no scheme": (length: number) => "/".repeat(length)
  })) {
    it(`for a URL of ${what}`, { timeout: 60_000 }, () =>
      Linear.assertGrowth(what, (length) => Effect.runPromise(opened("{}", url(length))))
    )
  }
})
