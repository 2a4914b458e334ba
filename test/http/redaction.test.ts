import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient } from "@effect-glance/core"
import * as Images from "@effect-glance/core/Images"
import { Cloud, CloudConfig, type Identity, Keystone, Rackspace } from "@effect-glance/http"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Machine from "../support/cloudConfig.js"
import * as Http from "../support/http.js"
import * as Server from "./server.js"
import { imageService, isLogin, list, noImages, tokenAnswer } from "./support.js"
import * as Witness from "./witness.js"

/** Words that nobody says by chance. In quotes and such, since escapes must not hide them. */
const secrets = {
  password: `pa55w0rd-"Zx9'\\<Qk7>`,
  apiKey: "ap1k3y-Zx9Qk7-0123",
  credential: "cr3d3nt1al-Zx9Qk7-4567",
  passcode: "c0de77-Zx9Qk7",
  token: "gAAAAA-given-Zx9Qk7-89ab",
  issued: "gAAAAA-issued-Zx9Qk7",
  urlPassword: "ur1pa55-Zx9Qk7"
}

/** What stays of a secret in whichever quoting. */
const cores = ["codexzqk", "pa55w0rd", "ap1k3y", "cr3d3nt1al", "c0de77", "gAAAAA", "ur1pa55"]

const leaks = (texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.filter((text) => cores.some((core) => text.includes(core)))

const wrong = "-wrong"

const accessAnswer = (base: string, token: string) =>
  Http.json({
    access: {
      token: { id: token, expires: "2999-01-01T00:00:00Z", tenant: { id: "t1" } },
      serviceCatalog: [{ type: "image", endpoints: [{ region: "RegionOne", publicURL: base }] }]
    }
  })

/** A cloud that fails in many ways, and repeats a wrong login as Keystone does. */
const handlerAt = (base: () => string) => (): Http.Handler => {
  let logins = 0
  let flaky = 0
  return (sent) => {
    if (isLogin(sent)) {
      if (sent.url.pathname.startsWith("/page")) return Http.html(`<h1>Welcome</h1>${secrets.issued}`)
      if (sent.url.pathname.startsWith("/other")) return Http.json({ token: { id: secrets.issued } })
      if (sent.url.pathname.startsWith("/reset")) return Http.failure("ECONNRESET")
      if (sent.body.includes(wrong)) {
        return Http.json({ error: { code: 400, message: `On instance: ${sent.body}`, title: "Bad Request" } }, 400)
      }
      const token = `${secrets.issued}-${logins++}`
      return sent.url.pathname.includes("v2.0")
        ? accessAnswer(base(), token)
        : tokenAnswer(token, { catalog: [imageService(base())], expiresAt: 9e12 })
    }
    const path = sent.url.pathname
    if (path.endsWith("/flaky")) return flaky++ === 0 ? Http.html("<h1>Bad Gateway</h1>", 502) : noImages()
    if (path.endsWith("/revoked")) {
      return sent.headers["x-auth-token"]?.endsWith("-0")
        ? Http.html("<h1>Unauthorized</h1>", 401, { "www-authenticate": 'Keystone uri="http://k.test"' })
        : noImages()
    }
    if (path.endsWith("/reset")) return Http.failure("ECONNRESET")
    if (path.endsWith("/forbidden")) return Http.json({ message: "You are not allowed.", code: "403 Forbidden" }, 403)
    return noImages()
  }
}

type Login = (base: string, suffix?: string) => Layer.Layer<Identity.Identity, never, HttpClient.HttpClient>

const alice = { username: "alice", userDomainId: "default", projectName: "alpha" }

const forms: { readonly [form: string]: Login } = {
  "a password": (base, suffix = "") =>
    Keystone.layerPassword({ authUrl: base, ...alice, password: Redacted.make(secrets.password + suffix) }),
  "a token": (base, suffix = "") =>
    Keystone.layerToken({ authUrl: base, token: Redacted.make(secrets.token + suffix), projectId: "p1" }),
  "an application credential": (base, suffix = "") =>
    Keystone.layerApplicationCredential({
      authUrl: base,
      applicationCredentialId: "a1",
      applicationCredentialSecret: Redacted.make(secrets.credential + suffix)
    }),
  "a passcode": (base, suffix = "") =>
    Keystone.layerTotp({ authUrl: base, ...alice, passcode: Redacted.make(secrets.passcode + suffix) }),
  "several factors": (base, suffix = "") =>
    Keystone.layerMultiFactor({
      authUrl: base,
      ...alice,
      password: Redacted.make(secrets.password + suffix),
      passcode: Effect.succeed(Redacted.make(secrets.passcode + suffix)),
      token: Redacted.make(secrets.token + suffix)
    }),
  "a password of version 2": (base, suffix = "") =>
    Rackspace.layerPassword({
      authUrl: base,
      username: "alice",
      projectId: "t1",
      password: Redacted.make(secrets.password + suffix)
    }),
  "an API key": (base, suffix = "") =>
    Rackspace.layerApiKey({ authUrl: base, username: "alice", apiKey: Redacted.make(secrets.apiKey + suffix) })
}

const options = { backoff: Duration.millis(1) }

type Step = Effect.Effect<unknown, unknown, HttpClient.HttpClient>

/** Everything that can happen to somebody who logs in so. Each step begins with a login of its own. */
const steps = (base: string, login: Login): { readonly [step: string]: Step } => {
  const get = (path: string) =>
    Effect.flatMap(GlanceClient.GlanceClient, (http) => http.client.execute(HttpClientRequest.get(path)))
  const read = (path: string) => Effect.flatMap(get(path), (response) => response.text)
  const over = (identity: ReturnType<Login>) =>
    Layer.provideMerge(Images.layer, Layer.provideMerge(Cloud.layer(options), identity))
  const good = over(login(base))
  return {
    "a list": Effect.provide(list, good),
    "a repetition": Effect.provide(read("/flaky"), good),
    "a refused token": Effect.provide(Effect.zipRight(get("/images"), read("/revoked")), good),
    "a refusal": Effect.provide(Effect.zipRight(get("/forbidden"), Effect.fail("forbidden")), good),
    "a broken connection": Effect.provide(read("/reset"), good),
    "a wrong secret": Effect.provide(list, over(login(base, wrong))),
    "a page instead of a token": Effect.provide(list, over(login(`${base}/page`))),
    "another document instead of a token": Effect.provide(list, over(login(`${base}/other`))),
    "a login whose connection breaks": Effect.provide(list, over(login(`${base}/reset`))),
    "a URL that is none": Effect.provide(list, over(login(`http://alice:${secrets.urlPassword}@[no`))),
    "a URL with a password": Effect.provide(list, over(login(base.replace("://", `://alice:${secrets.urlPassword}@`)))),
    "a wrong secret at a URL with a password": Effect.provide(
      list,
      over(login(base.replace("://", `://alice:${secrets.urlPassword}@`), wrong))
    ),
    "a token that no header can hold": Effect.provide(
      read("/images"),
      Cloud.layerToken({ endpoint: base, token: Redacted.make(`${secrets.token}\nsecond line`), ...options })
    ),
    "a service that is not there": Effect.provide(
      read("/images"),
      Cloud.layerToken({ endpoint: "http://127.0.0.1:1", token: Redacted.make(secrets.token), ...options })
    )
  }
}

const fails = [
  "a refusal",
  "a broken connection",
  "a wrong secret",
  "a wrong secret at a URL with a password",
  "a page instead of a token",
  "another document instead of a token",
  "a login whose connection breaks",
  "a URL that is none"
]

/** Runs every step under a witness; nothing that comes out may hold a secret. */
const nothingLeaks = (login: Login) =>
  Effect.gen(function* () {
    const base = yield* Server.Base
    const witness = Witness.make()
    for (const [step, effect] of Object.entries(steps(base, login))) {
      const before = witness.texts.length
      const exit = yield* witness.watch(Effect.withSpan(effect, step)).pipe(Effect.provide(witness.layer))
      if (fails.includes(step)) assert.isTrue(Exit.isFailure(exit), step)
      assert.deepStrictEqual(leaks(witness.texts.slice(before)), [], step)
    }
    // What the witness saw is not nothing.
    const said = (sentence: string) => witness.texts.some((text) => text.includes(sentence))
    const names = witness.spans.map(({ name }) => name)
    for (const name of [/^POST \/v(3\/auth|2\.0)\/tokens$/, /^GET \/v2\/images$/]) {
      assert.isTrue(names.some((one) => name.test(one)))
    }
    const attributes = witness.spans.flatMap((span) => [...span.attributes])
    assert.deepInclude(
      attributes.map(([key, value]) => `${key}: ${value}`),
      "http.request.header.x-auth-token: <redacted>"
    )
    assert.isTrue(witness.lines.some((line) => line.includes("status 502, again in")))
    assert.isTrue(said("On instance: {"))
    assert.isTrue(said("not JSON, so this is not an identity service"))
    return witness
  })

const stub = Layer.merge(
  Http.layer(handlerAt(() => "http://cloud.test")),
  Layer.succeed(Server.Base, "http://cloud.test")
)

/** The same cloud on a socket. A failure is a connection that breaks. */
const server = Server.layer((base) => handlerAt(base)())

describe.concurrent("no secret comes out", () => {
  for (const [form, login] of Object.entries(forms)) {
    it.effect(
      `of a session that begins with ${form}`,
      () =>
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(nothingLeaks(login))
          // The clock goes on for as long as there is something to wait for.
          while ((yield* Fiber.poll(fiber))._tag === "None") {
            yield* TestClock.adjust("100 millis")
          }
          yield* Fiber.join(fiber)
        }).pipe(Effect.provide(stub)),
      60_000
    )
  }

  // The client sees the forms as bodies of JSON: one of each identity service, and one with all secrets.
  const overSockets = Object.entries(forms).filter(([form]) => /^a password|^several factors|^an API key/.test(form))
  for (const [transport, client] of Object.entries(Server.transports)) {
    for (const [form, login] of overSockets) {
      it.live(
        `of ${transport}, with ${form}`,
        () => Effect.provide(nothingLeaks(login), Layer.merge(server, client)),
        60_000
      )
    }
  }
})

/** Files and variables with a secret in them, each wrong in its own way, or right. */
const machines: { readonly [what: string]: Machine.Machine } = (() => {
  const { apiKey, credential, passcode, password, token, urlPassword } = secrets
  const auth = {
    auth_url: "https://keystone.test/v3",
    username: "alice",
    password,
    token,
    passcode,
    api_key: apiKey,
    application_credential_id: "a1",
    application_credential_secret: credential,
    endpoint: "https://glance.test"
  }
  const json = (document: unknown) => ({ files: { "cwd/clouds.json": JSON.stringify(document) } })
  const cloud = (settings: object) => json({ clouds: { c: { auth, ...settings } } })
  const yaml = (text: string) => ({ files: { "cwd/clouds.yaml": text } })
  const { password: _, token: __, passcode: ___, ...rest } = auth
  const variables = { OS_AUTH_URL: "https://keystone.test/v3", OS_USERNAME: "alice" }
  const types = [
    "password",
    "v3password",
    "token",
    "v3token",
    "v3applicationcredential",
    "v3totp",
    "v2password",
    "rackspace_password",
    "rackspace_apikey",
    "none",
    "admin_token"
  ]
  return {
    ...Object.fromEntries(types.map((auth_type) => [`a cloud by ${auth_type}`, cloud({ auth_type })])),
    "several factors": cloud({ auth_type: "v3multifactor", auth_methods: ["v3password", "v3totp", "v3token"] }),
    "factors that nobody knows": cloud({ auth_type: "v3multifactor", auth_methods: [password] }),
    "the variables": { variables: { ...variables, OS_PASSWORD: password } },
    "variables and an interface that is none": {
      variables: { ...variables, OS_PASSWORD: password, OS_INTERFACE: "private" }
    },
    "an unknown login": cloud({ auth_type: "v3pigeon" }),
    "a setting that is missing": json({ clouds: { c: { auth: { auth_url: rest.auth_url, api_key: apiKey } } } }),
    "a slip of the pen": json({ clouds: { c: { auth: { ...auth, pasword: password } } } }),
    "a key that was to be a value": yaml(`clouds: {c: {auth: {"password:${apiKey}", username: alice}}}`),
    "a URL with a password": json({
      clouds: { c: { auth: { ...auth, auth_url: `ftp://alice:${urlPassword}@keystone.test` } } }
    }),
    "an endpoint with a password": cloud({ image_endpoint_override: `alice:${urlPassword}@glance.test` }),
    "braces that stand for nothing": json({
      clouds: { c: { auth: { ...auth, auth_url: `https://alice:${urlPassword}@{nowhere}.test` } } }
    }),
    "a timeout that is none": cloud({ api_timeout: password }),
    "a version that is none": cloud({ image_api_version: password }),
    "regions that are none": cloud({ regions: [{ name: "north", values: {}, password }] }),
    "a login that is a text": yaml(`clouds: {c: {auth: "${apiKey}"}}`),
    "a cloud that is a text": yaml(`clouds: {c: "${apiKey}"}`),
    "clouds that are a text": yaml(`clouds: "${apiKey}"`),
    "a file that is a text": yaml(apiKey),
    "a quote that does not end": yaml(`clouds:\n  c:\n    auth:\n      password: "${apiKey}\n    region_name: north\n`),
    "an indentation by tabs": yaml(`clouds:\n  c:\n    auth:\n\t      password: ${apiKey}\n`),
    "an alias of nothing": yaml(`clouds: {c: {auth: {password: *${apiKey} }}}`),
    "a tag that nobody knows": yaml(`clouds: {c: {auth: {password: !${apiKey} x}}}`),
    "a directive that nobody knows": yaml(`%${apiKey}\n---\nclouds: {}\n`),
    "a character that begins nothing": yaml(`clouds: {c: {auth: {password: @${apiKey}}}}`),
    "an escape that is none": yaml(`clouds: {c: {auth: {password: "\\q${apiKey}"}}}`),
    "two documents": yaml(`password: ${apiKey}\n---\nclouds: {}\n`),
    "no JSON": { files: { "cwd/clouds.json": `{"clouds": {"c": {"auth": {"password": "${apiKey}" "x"}}}}` } },
    "no JSON, without quotes": { files: { "cwd/clouds.json": `{"clouds": {"c": {"auth": {"password": ${apiKey}}}}}` } },
    "a mistake in secure.yaml": {
      files: { "cwd/clouds.yaml": "clouds: {c: {}}", "cwd/secure.yaml": `clouds: {c: {auth: [${apiKey}}}` }
    },
    "an unknown login that is a password": cloud({ auth_type: password }),
    "a profile that is a password": cloud({ profile: password }),
    "a region that is not a name, beside a password": cloud({ regions: [token, [apiKey]] }),
    "an interface that is a token": cloud({ interface: token }),
    "a cloud that is called like its API key": json({ clouds: { [apiKey]: { auth, auth_type: "v3pigeon" } } }),
    "a key of auth that is called like the passcode": cloud({ auth: { ...auth, passcode: "codexzqk", codexzqk: "x" } }),
    "a key beside auth that is called like the passcode": cloud({
      auth: { ...auth, passcode: "codexzqk" },
      codexzqk: "x",
      auth_type: "v3pigeon"
    }),
    "an unknown cloud beside one that is called like its API key": {
      ...json({ clouds: { [apiKey]: { auth } } }),
      variables: { OS_CLOUD: token, OS_TOKEN: token }
    },
    "a secret in secure.yaml that is repeated in clouds.yaml": {
      files: {
        "cwd/clouds.yaml": `clouds: {c: {profile: ${apiKey}}}`,
        "cwd/secure.yaml": `clouds: {c: {auth: {api_key: ${apiKey}}}}`
      }
    },
    "variables that repeat the password": {
      variables: { ...variables, OS_PASSWORD: password, OS_AUTH_TYPE: password, OS_CLOUD_NAME: password }
    },
    "an unknown cloud": { ...cloud({}), variables: { OS_CLOUD: "d", OS_PASSWORD: password } },
    "TLS settings that the client ignores": cloud({ verify: false, cert: "/me.pem" })
  }
})()

/** Which of them are right. */
const right = /^a cloud by|^several|^the variables|^TLS settings/

describe("no secret comes out of the configuration", () => {
  for (const [what, machine] of Object.entries(machines)) {
    it.effect(`with ${what}`, () =>
      Effect.gen(function* () {
        const witness = Witness.make()
        const port = Cloud.layerCloudsYaml()
        const exit = yield* witness
          .watch(Effect.scoped(Layer.build(port)))
          .pipe(Effect.withSpan("configuration"), Effect.provide([witness.layer, Machine.layer(machine), stub]))
        // It is right where it is expected to be, and wrong otherwise: not for another reason.
        assert.strictEqual(Exit.isSuccess(exit), right.test(what), String(exit))
        assert.isNotEmpty(witness.texts)
        assert.deepStrictEqual(leaks(witness.texts), [])
        // Nor out of what is resolved, unless it is asked for its value.
        const resolved = yield* witness
          .watch(
            Effect.flatMap(CloudConfig.fromFiles(), (config) =>
              Effect.zipRight(Effect.log(config), Effect.fail(config))
            )
          )
          .pipe(Effect.provide([witness.layer, Machine.layer(machine)]))
        assert.isTrue(Exit.isFailure(resolved))
        assert.deepStrictEqual(leaks(witness.texts), [])
      })
    )
  }
})
