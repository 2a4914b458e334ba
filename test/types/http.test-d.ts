// These programs are type-checked and never run.
// @effect-diagnostics floatingEffect:off
import type { FileSystem } from "@effect/platform/FileSystem"
import type { HttpClient } from "@effect/platform/HttpClient"
import type { Path } from "@effect/platform/Path"
import type { GlanceClient, GlanceError } from "@effect-glance/core"
import * as Images from "@effect-glance/core/Images"
import { Catalog, Cloud, type CloudConfigError, Identity, Keystone, Rackspace } from "@effect-glance/http"
import * as NodeCloud from "@effect-glance/node/NodeCloud"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { describe, expectTypeOf, it } from "vitest"

const secret = Redacted.make("secret")
const authUrl = "https://keystone.test"

type Login = Layer.Layer<Identity.Identity, never, HttpClient>
type LoginFromConfig = Layer.Layer<Identity.Identity, ConfigError, HttpClient>
type LoginMade = Effect.Effect<Identity.Service, never, HttpClient | Scope.Scope>

describe("a login", () => {
  it("needs an HTTP client and cannot fail before it is needed", () => {
    expectTypeOf(Keystone.layerPassword({ authUrl, password: secret })).toEqualTypeOf<Login>()
    expectTypeOf(Keystone.layerToken({ authUrl, token: secret })).toEqualTypeOf<Login>()
    expectTypeOf(
      Keystone.layerApplicationCredential({ authUrl, applicationCredentialSecret: secret })
    ).toEqualTypeOf<Login>()
    expectTypeOf(Rackspace.layerApiKey({ username: "alice", apiKey: secret })).toEqualTypeOf<Login>()
  })

  it("from the configuration fails with what is wrong there", () => {
    const url = Config.string("URL")
    const word = Config.redacted("WORD")
    expectTypeOf(Keystone.layerPasswordConfig({ authUrl: url, password: word })).toEqualTypeOf<LoginFromConfig>()
    expectTypeOf(Keystone.layerTokenConfig({ authUrl: url, token: word })).toEqualTypeOf<LoginFromConfig>()
    expectTypeOf(
      Keystone.layerApplicationCredentialConfig({ authUrl: url, applicationCredentialSecret: word })
    ).toEqualTypeOf<LoginFromConfig>()
    expectTypeOf(Keystone.layerTotpConfig({ authUrl: url, passcode: word })).toEqualTypeOf<LoginFromConfig>()
    expectTypeOf(
      Keystone.layerMultiFactorConfig({ authUrl: url, password: word, passcode: word })
    ).toEqualTypeOf<LoginFromConfig>()
    expectTypeOf(Rackspace.layerApiKeyConfig({ username: url, apiKey: word })).toEqualTypeOf<LoginFromConfig>()
    expectTypeOf(Rackspace.layerPasswordConfig({ password: word })).toEqualTypeOf<LoginFromConfig>()
    // @ts-expect-error a function is no setting of a configuration
    Cloud.layerConfig({ transformClient: Config.succeed((client: HttpClient) => client) })
  })

  it("that is made lives in a scope", () => {
    expectTypeOf(Keystone.makePassword).returns.toEqualTypeOf<LoginMade>()
    expectTypeOf(Keystone.makeToken).returns.toEqualTypeOf<LoginMade>()
    expectTypeOf(Keystone.makeApplicationCredential).returns.toEqualTypeOf<LoginMade>()
    expectTypeOf(Rackspace.makeApiKey).returns.toEqualTypeOf<LoginMade>()
    expectTypeOf(Identity.make).returns.toEqualTypeOf<Effect.Effect<Identity.Service, never, Scope.Scope>>()
    expectTypeOf(Identity.fixed).returns.toEqualTypeOf<Identity.Service>()
  })

  it("takes secrets only wrapped", () => {
    // @ts-expect-error a password in clear
    Keystone.layerPassword({ authUrl, password: "secret" })
    // @ts-expect-error a token in clear
    Keystone.layerToken({ authUrl, token: "secret" })
    // @ts-expect-error a secret in clear
    Keystone.layerApplicationCredential({ authUrl, applicationCredentialSecret: "secret" })
    // @ts-expect-error a key in clear
    Rackspace.layerApiKey({ username: "alice", apiKey: "secret" })
    // @ts-expect-error a token in clear
    Cloud.layerToken({ endpoint: authUrl, token: "secret" })
    // @ts-expect-error a password in clear in the configuration
    Keystone.layerPasswordConfig({ authUrl: Config.string("URL"), password: Config.string("PASSWORD") })
  })
})

describe("the session", () => {
  it("fails with what a connection can fail with", () => {
    type Session = Effect.Effect<Identity.Session, GlanceError.ConnectionError>
    expectTypeOf<Identity.Service["session"]>().toEqualTypeOf<Session>()
    expectTypeOf<Identity.Service["renew"]>().returns.toEqualTypeOf<Session>()
    expectTypeOf<Identity.Session["token"]>().toEqualTypeOf<Redacted.Redacted<string>>()
  })

  it("cannot be made from a login that fails with anything else, or needs anything", () => {
    // @ts-expect-error a text is no such failure
    Identity.make(Effect.fail("text"))
    // @ts-expect-error nobody gives it a scope
    Identity.make(Effect.zipRight(Effect.scope, Effect.never))
  })
})

describe("a cloud", () => {
  type Needs = Identity.Identity | HttpClient

  it("needs an identity and an HTTP client, and cannot fail before it is used", () => {
    expectTypeOf(Cloud.layer()).toEqualTypeOf<Layer.Layer<GlanceClient.GlanceClient, never, Needs>>()
    expectTypeOf(Cloud.make()).toEqualTypeOf<Effect.Effect<GlanceClient.Service, never, Needs>>()
  })

  it("from the configuration fails with what is wrong there", () => {
    expectTypeOf(Cloud.layerConfig({ region: Config.string("REGION") })).toEqualTypeOf<
      Layer.Layer<GlanceClient.GlanceClient, ConfigError, Needs>
    >()
  })

  it("of an endpoint and a token, or of the environment, needs no identity", () => {
    expectTypeOf(Cloud.layerToken({ endpoint: authUrl, token: secret })).toEqualTypeOf<
      Layer.Layer<GlanceClient.GlanceClient, never, HttpClient>
    >()
    expectTypeOf(
      Cloud.layerTokenConfig({ endpoint: Config.string("URL"), token: Config.redacted("TOKEN") })
    ).toEqualTypeOf<Layer.Layer<GlanceClient.GlanceClient, ConfigError, HttpClient>>()
    type Unreadable = CloudConfigError.CloudConfigError | ConfigError
    expectTypeOf(Cloud.layerEnv()).toEqualTypeOf<Layer.Layer<GlanceClient.GlanceClient, Unreadable, HttpClient>>()
    expectTypeOf(Cloud.layerCloudsYaml("name")).toEqualTypeOf<
      Layer.Layer<GlanceClient.GlanceClient, Unreadable, HttpClient | FileSystem | Path>
    >()
    expectTypeOf(NodeCloud.layerCloudsYaml()).toEqualTypeOf<Layer.Layer<GlanceClient.GlanceClient, Unreadable>>()
  })

  it("takes the options that it knows, of the types that they have", () => {
    Cloud.layer({ region: undefined, interface: "internal", endpoint: undefined, retries: 0 })
    // @ts-expect-error no such interface
    Cloud.layer({ interface: "publicURL" })
    Cloud.layer({ timeLimit: "5 seconds", backoff: 100 })
    // @ts-expect-error a word is no duration
    Cloud.layer({ timeLimit: "long" })
    // @ts-expect-error no such option
    Cloud.layer({ tenant: "alpha" })
    // @ts-expect-error a token opens one endpoint: there is no catalog to choose from
    Cloud.layerToken({ endpoint: authUrl, token: secret, region: "north" })
    // @ts-expect-error no endpoint
    Cloud.layerToken({ token: secret })
  })

  it("and a login make a whole program, but for the HTTP client", () => {
    const program = Effect.provide(
      Effect.flatMap(Images.Images, (images) => images.list()),
      Images.layer.pipe(
        Layer.provide(Cloud.layer()),
        Layer.provide(Keystone.layerPassword({ authUrl, password: secret }))
      )
    )
    expectTypeOf<Effect.Effect.Context<typeof program>>().toEqualTypeOf<HttpClient>()
    // @ts-expect-error without the client it cannot run
    Effect.runPromise(program)
  })
})

describe("the catalog", () => {
  it("gives an endpoint or says which there are", () => {
    expectTypeOf(Catalog.endpoint).returns.toEqualTypeOf<Either.Either<string, GlanceError.EndpointNotFound>>()
    expectTypeOf(Catalog.find).returns.toEqualTypeOf<Either.Either<Catalog.Endpoint, GlanceError.EndpointNotFound>>()
  })
})
