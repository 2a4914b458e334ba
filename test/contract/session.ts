import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Glance from "@effect-glance/core/Glance"
import type * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import * as Keystone from "@effect-glance/http/Keystone"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { credentials, newImage, Projects, TheCloud } from "./cloud.js"

const revoke = (authUrl: string, token: Redacted.Redacted<string>) =>
  HttpClient.execute(
    HttpClientRequest.del(`${authUrl}/auth/tokens`).pipe(
      HttpClientRequest.setHeaders({
        "x-auth-token": Redacted.value(token),
        "x-subject-token": Redacted.value(token)
      })
    )
  ).pipe(Effect.flatMap((response) => response.text))

const listing = Effect.flatMap(Images.Images, (images) => images.list({ limit: 1 }))

const listOver = <E>(port: Layer.Layer<GlanceClient.GlanceClient, E, HttpClient.HttpClient>) =>
  Effect.provide(listing, Layer.provide(Glance.layer, port))

export const session = (it: Vitest.MethodsNonLive<Projects | TheCloud | HttpClient.HttpClient, true>) => {
  it.scoped(
    "a hundred fibers whose token is revoked log in once, and all of them get their answer",
    () =>
      Effect.gen(function* () {
        const { alice } = yield* Projects
        const { authUrl } = yield* TheCloud
        const image = yield* newImage(alice)
        yield* revoke(authUrl, (yield* alice.identity.session).token)
        const [answers, sent] = yield* alice.counting(
          Effect.forEach(
            Array.from({ length: 100 }, () => image.id),
            (id) => alice.images.get(id),
            { concurrency: "unbounded" }
          )
        )
        assert.isTrue(answers.every(({ id }) => id === image.id))
        assert.strictEqual(sent.filter(({ url }) => url.endsWith("/auth/tokens")).length, 1)
      }),
    120_000
  )

  it.scoped("every way to say who and where one is opens the cloud", () =>
    Effect.gen(function* () {
      const cloud = yield* TheCloud
      const { bob } = yield* Projects
      const { password, projectName, username } = cloud.accounts.bob
      const user = { authUrl: cloud.authUrl.replace(/\/v3$/, ""), username, password: Redacted.make(password) }
      const { token } = yield* bob.identity.session
      const session = yield* bob.identity.session
      const identities = {
        "project by id": Keystone.layerPassword(credentials(cloud, "bob")),
        "names, default domain": Keystone.layerPassword({ ...user, projectName }),
        "names, domain by name": Keystone.layerPassword({
          ...user,
          userDomainName: "Default",
          projectName,
          projectDomainName: "Default"
        }),
        token: Keystone.layerToken({ authUrl: cloud.authUrl, token, projectName, projectDomainId: "default" })
      }
      for (const [way, identity] of Object.entries(identities)) {
        const port = Layer.provide(Cloud.layer({ region: cloud.region }), identity)
        const page = yield* listOver(port)
        assert.isArray(page.items, way)
      }
      const endpoints = [cloud.imageUrl, `${cloud.imageUrl}/`, `${cloud.imageUrl}/v2`, `${cloud.imageUrl}/v2.0/`]
      for (const endpoint of endpoints) {
        assert.isArray((yield* listOver(Cloud.layerToken({ endpoint, token: session.token }))).items, endpoint)
      }
    })
  )

  it.scoped("the environment's variables name the cloud", () =>
    Effect.gen(function* () {
      const cloud = yield* TheCloud
      const { password, projectName, username } = cloud.accounts.carol
      const variables = ConfigProvider.fromMap(
        new Map([
          ["OS_AUTH_URL", cloud.authUrl],
          ["OS_USERNAME", username],
          ["OS_PASSWORD", password],
          ["OS_PROJECT_NAME", projectName],
          ["OS_USER_DOMAIN_NAME", "Default"],
          ["OS_PROJECT_DOMAIN_NAME", "Default"],
          ["OS_REGION_NAME", cloud.region],
          ["OS_INTERFACE", "publicURL"],
          ["OS_USER_ID", ""]
        ])
      )
      const page = yield* listOver(Layer.provide(Cloud.layerEnv(), Layer.setConfigProvider(variables)))
      assert.isArray(page.items)
    })
  )

  it.scoped("a wrong password is refused, with the identity service's sentence", () =>
    Effect.gen(function* () {
      const cloud = yield* TheCloud
      const identity = Keystone.layerPassword({ ...credentials(cloud, "bob"), password: Redacted.make("wrong") })
      const refused = yield* Effect.flip(listOver(Layer.provide(Cloud.layer(), identity)))
      if (refused._tag !== "AuthenticationFailed") return assert.fail(refused._tag)
      assert.strictEqual(refused.operation, "Keystone.password")
      assert.strictEqual(refused.status, 401)
      assert.include(refused.detail, "authentication")
    })
  )

  it.scoped("a token that is none is refused by the image service", () =>
    Effect.gen(function* () {
      const { imageUrl } = yield* TheCloud
      const refused = yield* Effect.flip(
        listOver(Cloud.layerToken({ endpoint: imageUrl, token: Redacted.make("nonsense") }))
      )
      if (refused._tag !== "AuthenticationFailed") return assert.fail(refused._tag)
      assert.strictEqual(refused.operation, "Images.list")
    })
  )

  it.scoped("a region that is not there is named, with those that are", () =>
    Effect.gen(function* () {
      const cloud = yield* TheCloud
      const identity = Keystone.layerPassword(credentials(cloud, "bob"))
      const refused = yield* Effect.flip(listOver(Layer.provide(Cloud.layer({ region: "Atlantis" }), identity)))
      if (refused._tag !== "EndpointNotFound") return assert.fail(refused._tag)
      assert.deepStrictEqual(refused.region, Option.some("Atlantis"))
      assert.include(refused.available, `image ${cloud.region} public`)
    })
  )

  it.scoped("an endpoint that is not version 2 is an error of its own", () =>
    Effect.gen(function* () {
      const { imageUrl } = yield* TheCloud
      const { bob } = yield* Projects
      const { token } = yield* bob.identity.session
      // Without a version before it, `/v2` stands where the version should.
      const refused = yield* Effect.flip(listOver(Cloud.layerToken({ endpoint: `${imageUrl}/v1/x/v2`, token })))
      assert.strictEqual(refused._tag, "EndpointVersionMismatch")
    })
  )
}
