import { assert, describe, it } from "@effect/vitest"
import * as Images from "@effect-glance/core/Images"
import { Cloud, Keystone, Rackspace } from "@effect-glance/http"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Http from "../support/http.js"
import { isLogin, list, noImages, tokenAnswer } from "./support.js"

type Variables = Readonly<Record<string, string>>

const provider = (variables: Variables) =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))

const rackspaceAnswer = () =>
  Http.json({
    access: {
      token: { id: "rackspace-token", expires: "2030-01-01T00:00:00Z" },
      serviceCatalog: [{ type: "image", endpoints: [{ region: "IAD", publicURL: "https://iad.test/v2/1" }] }]
    }
  })

const handler: Http.Handler = (sent) =>
  !isLogin(sent) ? noImages() : sent.url.pathname.includes("v2.0") ? rackspaceAnswer() : tokenAnswer("token")

/** A list in the cloud that the variables name: what was sent for it. */
const sentIn = (variables: Variables) =>
  Effect.gen(function* () {
    yield* list
    const [login, image] = yield* Http.sent
    return { login: login?.url.href, body: JSON.parse(login?.body ?? "null"), image: image?.url.href }
  }).pipe(
    Effect.provide(
      Layer.provideMerge(Images.layer, Cloud.layerEnv()).pipe(
        Layer.provideMerge(Http.layer(() => handler)),
        Layer.provide(provider(variables))
      )
    )
  )

/** Why there is no such cloud. */
const refusal = (variables: Variables) =>
  Effect.flip(Layer.build(Cloud.layerEnv())).pipe(
    Effect.provide(
      Layer.provideMerge(
        Http.layer(() => handler),
        provider(variables)
      )
    ),
    Effect.scoped
  )

const base = { OS_AUTH_URL: "https://keystone.test/v3" }

const byPassword = { ...base, OS_USERNAME: "alice", OS_PASSWORD: "the password" }

const passwordBody = (user: object, scope?: object) => ({
  auth: {
    identity: { methods: ["password"], password: { user: { ...user, password: "the password" } } },
    ...(scope === undefined ? {} : { scope })
  }
})

describe("the environment", () => {
  const user = { name: "alice", domain: { id: "default" } }
  const cases: { readonly [what: string]: readonly [Variables, object] } = {
    "a password": [byPassword, passwordBody(user)],
    "a password, said so": [{ ...byPassword, OS_AUTH_TYPE: "password" }, passwordBody(user)],
    "a password for version 3": [{ ...byPassword, OS_AUTH_TYPE: "v3password" }, passwordBody(user)],
    "a user's id": [
      { ...base, OS_USER_ID: "u1", OS_PASSWORD: "the password", OS_PROJECT_ID: "p1" },
      passwordBody({ id: "u1" }, { project: { id: "p1" } })
    ],
    "names and domains": [
      {
        ...byPassword,
        OS_USER_DOMAIN_NAME: "People",
        OS_PROJECT_NAME: "alpha",
        OS_PROJECT_DOMAIN_ID: "d1"
      },
      passwordBody({ name: "alice", domain: { name: "People" } }, { project: { name: "alpha", domain: { id: "d1" } } })
    ],
    "a user's domain by id, and a domain": [
      { ...byPassword, OS_USER_DOMAIN_ID: "d1", OS_DOMAIN_NAME: "Work" },
      passwordBody({ name: "alice", domain: { id: "d1" } }, { domain: { name: "Work" } })
    ],
    "a domain's id": [{ ...byPassword, OS_DOMAIN_ID: "d1" }, passwordBody(user, { domain: { id: "d1" } })],
    "a project as it was called before": [
      { ...byPassword, OS_TENANT_ID: "p1", OS_TENANT_NAME: "alpha" },
      passwordBody(user, { project: { id: "p1" } })
    ],
    "a project as it is called, before that": [
      { ...byPassword, OS_PROJECT_NAME: "new", OS_TENANT_NAME: "old" },
      passwordBody(user, { project: { name: "new", domain: { id: "default" } } })
    ],
    "what is empty as unset": [
      {
        ...byPassword,
        OS_AUTH_TYPE: "",
        OS_USER_ID: "",
        OS_USER_DOMAIN_ID: "",
        OS_USER_DOMAIN_NAME: "",
        OS_PROJECT_ID: "",
        OS_PROJECT_NAME: "",
        OS_DOMAIN_ID: "",
        OS_REGION_NAME: "",
        OS_INTERFACE: "",
        OS_ENDPOINT_TYPE: "",
        OS_IMAGE_ENDPOINT_OVERRIDE: ""
      },
      passwordBody(user)
    ],
    "a token": [
      { ...base, OS_AUTH_TYPE: "token", OS_TOKEN: "the token", OS_PROJECT_ID: "p1" },
      { auth: { identity: { methods: ["token"], token: { id: "the token" } }, scope: { project: { id: "p1" } } } }
    ],
    "a token for version 3": [
      { ...base, OS_AUTH_TYPE: "v3token", OS_TOKEN: "the token" },
      { auth: { identity: { methods: ["token"], token: { id: "the token" } } } }
    ],
    "an application credential": [
      {
        ...base,
        OS_AUTH_TYPE: "v3applicationcredential",
        OS_APPLICATION_CREDENTIAL_ID: "a1",
        OS_APPLICATION_CREDENTIAL_SECRET: "the secret",
        OS_PROJECT_ID: "is not its own to choose"
      },
      {
        auth: {
          identity: { methods: ["application_credential"], application_credential: { id: "a1", secret: "the secret" } }
        }
      }
    ],
    "an application credential by name": [
      {
        ...base,
        OS_AUTH_TYPE: "v3applicationcredential",
        OS_APPLICATION_CREDENTIAL_NAME: "deploy",
        OS_APPLICATION_CREDENTIAL_SECRET: "the secret",
        OS_USER_ID: "u1"
      },
      {
        auth: {
          identity: {
            methods: ["application_credential"],
            application_credential: { name: "deploy", user: { id: "u1" }, secret: "the secret" }
          }
        }
      }
    ]
  }
  for (const [what, [variables, body]] of Object.entries(cases)) {
    it.effect(`names ${what}`, () =>
      Effect.gen(function* () {
        const sent = yield* sentIn(variables)
        assert.deepStrictEqual(sent.body, body)
        assert.strictEqual(sent.login, "https://keystone.test/v3/auth/tokens")
        assert.strictEqual(sent.image, "https://glance.test/v2/images")
      })
    )
  }

  it.effect("names an API key of Rackspace", () =>
    Effect.gen(function* () {
      const variables = { OS_AUTH_TYPE: "rackspace_apikey", OS_USERNAME: "alice", OS_API_KEY: "the key" }
      assert.deepStrictEqual(yield* sentIn(variables), {
        login: "https://identity.api.rackspacecloud.com/v2.0/tokens",
        body: { auth: { "RAX-KSKEY:apiKeyCredentials": { username: "alice", apiKey: "the key" } } },
        image: "https://iad.test/v2/1/images"
      })
      const elsewhere = yield* sentIn({ ...variables, OS_AUTH_URL: "https://id.test/v2.0/" })
      assert.strictEqual(elsewhere.login, "https://id.test/v2.0/tokens")
    })
  )

  it.effect("names region, interface and endpoint", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [Variables, string]> = [
        [{ OS_REGION_NAME: "RegionOne" }, "https://glance.test/v2/images"],
        [{ OS_INTERFACE: "internal" }, "https://internal.glance.test/v2/images"],
        [{ OS_INTERFACE: "adminURL" }, "https://admin.glance.test/v2/images"],
        [{ OS_ENDPOINT_TYPE: "internalURL" }, "https://internal.glance.test/v2/images"],
        [{ OS_INTERFACE: "public", OS_ENDPOINT_TYPE: "internalURL" }, "https://internal.glance.test/v2/images"],
        [{ OS_IMAGE_ENDPOINT_OVERRIDE: "http://10.0.0.1:9292/" }, "http://10.0.0.1:9292/v2/images"]
      ]
      for (const [variables, image] of cases) {
        assert.strictEqual((yield* sentIn({ ...byPassword, ...variables })).image, image)
      }
    })
  )

  it.effect("that names a region that is not there is told by the first operation", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(sentIn({ ...byPassword, OS_REGION_NAME: "Atlantis" }))
      assert.strictEqual(error._tag, "EndpointNotFound")
    })
  )

  const secrets = {
    OS_PASSWORD: "the password",
    OS_TOKEN: "the token",
    OS_API_KEY: "the key",
    OS_APPLICATION_CREDENTIAL_SECRET: "the secret"
  }
  const whole = { ...secrets, ...base, OS_USERNAME: "alice", OS_APPLICATION_CREDENTIAL_ID: "a1" }
  const without = (name: keyof typeof whole, more: Variables = {}): Variables => {
    const { [name]: _, ...rest } = whole
    return { ...rest, ...more }
  }
  const incomplete: ReadonlyArray<readonly [string, Variables]> = [
    ["OS_AUTH_URL", without("OS_AUTH_URL")],
    ["OS_AUTH_URL", { ...whole, OS_AUTH_URL: "" }],
    ["OS_USERNAME", without("OS_USERNAME")],
    ["OS_USERNAME", { ...whole, OS_USERNAME: "" }],
    ["OS_PASSWORD", { ...base, OS_USERNAME: "alice" }],
    ["OS_PASSWORD", { ...base, OS_USERNAME: "alice", OS_PASSWORD: "", OS_AUTH_TYPE: "password" }],
    ["OS_TOKEN", without("OS_TOKEN", { OS_AUTH_TYPE: "token" })],
    ["OS_TOKEN", { ...whole, OS_TOKEN: "", OS_AUTH_TYPE: "v3token" }],
    [
      "OS_APPLICATION_CREDENTIAL_SECRET",
      without("OS_APPLICATION_CREDENTIAL_SECRET", { OS_AUTH_TYPE: "v3applicationcredential" })
    ],
    [
      "OS_APPLICATION_CREDENTIAL_ID",
      without("OS_APPLICATION_CREDENTIAL_ID", { OS_AUTH_TYPE: "v3applicationcredential" })
    ],
    ["OS_API_KEY", without("OS_API_KEY", { OS_AUTH_TYPE: "rackspace_apikey" })],
    ["OS_USERNAME", without("OS_USERNAME", { OS_AUTH_TYPE: "rackspace_apikey" })],
    ["OS_AUTH_TYPE", { ...whole, OS_AUTH_TYPE: "v3kerberos" }],
    ["OS_INTERFACE", { ...whole, OS_INTERFACE: "private" }],
    ["OS_INTERFACE", { ...whole, OS_INTERFACE: "Public" }],
    ["OS_ENDPOINT_TYPE", { ...whole, OS_ENDPOINT_TYPE: "privateURL" }]
  ]
  for (const [name, variables] of incomplete) {
    const missing = variables[name] === undefined ? "is missing" : `is "${variables[name]}"`
    it.effect(`is refused by name when ${name} ${missing} (${variables.OS_AUTH_TYPE ?? "no type"})`, () =>
      Effect.gen(function* () {
        const error = yield* refusal(variables)
        const told = [String(error), JSON.stringify(error), Inspectable.toStringUnknown(error)].join("\n")
        assert.include(told, name)
        for (const secret of Object.values(secrets)) assert.notInclude(told, secret)
      })
    )
  }
})

describe("options from the configuration", () => {
  it.effect("are those of the layers, each a Config", () =>
    Effect.gen(function* () {
      const port = Cloud.layerConfig({
        region: Config.string("region"),
        interface: Config.literal("public", "internal", "admin")("interface"),
        timeLimit: Config.duration("limit")
      }).pipe(
        Layer.provide(
          Keystone.layerPasswordConfig({
            authUrl: Config.string("url"),
            username: Config.string("user"),
            password: Config.redacted("password")
          })
        )
      )
      const images = yield* Effect.gen(function* () {
        yield* list
        return yield* Http.sent
      }).pipe(
        Effect.provide(
          Layer.provideMerge(Images.layer, port).pipe(
            Layer.provideMerge(Http.layer(() => handler)),
            Layer.provide(
              provider({
                region: "RegionOne",
                interface: "internal",
                limit: "5 seconds",
                url: "https://keystone.test",
                user: "alice",
                password: "the password"
              })
            )
          )
        )
      )
      assert.deepStrictEqual(
        images.map(({ url }) => url.href),
        ["https://keystone.test/v3/auth/tokens", "https://internal.glance.test/v2/images"]
      )
    })
  )

  it.effect("that are missing fail the layer, by name", () =>
    Effect.gen(function* () {
      const layers = {
        KEYSTONE: Keystone.layerPasswordConfig({
          authUrl: Config.string("KEYSTONE"),
          password: Config.redacted("PASSWORD")
        }),
        TOKEN: Keystone.layerTokenConfig({
          authUrl: Config.succeed("https://k.test"),
          token: Config.redacted("TOKEN")
        }),
        SECRET: Keystone.layerApplicationCredentialConfig({
          authUrl: Config.succeed("https://k.test"),
          applicationCredentialSecret: Config.redacted("SECRET")
        }),
        PASSCODE: Keystone.layerTotpConfig({
          authUrl: Config.succeed("https://k.test"),
          passcode: Config.redacted("PASSCODE")
        }),
        FACTOR: Keystone.layerMultiFactorConfig({
          authUrl: Config.succeed("https://k.test"),
          password: Config.redacted("FACTOR")
        }),
        KEY: Rackspace.layerApiKeyConfig({ username: Config.succeed("alice"), apiKey: Config.redacted("KEY") }),
        WORD: Rackspace.layerPasswordConfig({ password: Config.redacted("WORD") })
      }
      for (const [name, layer] of Object.entries(layers)) {
        const error = yield* Effect.flip(Layer.build(layer)).pipe(
          Effect.provide(
            Layer.provideMerge(
              Http.layer(() => handler),
              provider({})
            )
          ),
          Effect.scoped
        )
        assert.include(String(error), name)
      }
    })
  )
})
