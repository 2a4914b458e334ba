/** Ways to log in, each as a file of clouds says it. */

import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import type * as Identity from "@effect-glance/http/Identity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Machine from "../support/cloudConfig.js"
import { Projects, TheCloud } from "./cloud.js"

export interface Settings {
  readonly auth_type?: string
  readonly auth?: Readonly<Record<string, string>>
  readonly [key: string]: unknown
}

const imagesAs = (settings: Settings, options?: Cloud.Options) =>
  Images.layer.pipe(
    Layer.provide(Cloud.layerCloudsYaml("c", { ...options, retries: 0 })),
    Layer.provide(Machine.layer({ files: { "cwd/clouds.json": JSON.stringify({ clouds: { c: settings } }) } })),
    Layer.fresh
  )

/** A page of the cloud that a file describes so. */
export const listAs = (settings: Settings, options?: Cloud.Options) =>
  Effect.provide(
    Effect.flatMap(Images.Images, (images) => images.list({ limit: 1 })),
    imagesAs(settings, options)
  )

/** A new image there. */
export const createAs = (settings: Settings) =>
  Effect.provide(
    Effect.flatMap(Images.Images, (images) => images.create({})),
    imagesAs(settings)
  )

// biome-ignore lint/suspicious/noExplicitAny: tests look into documents whose shape they assert
type Json = any

/** A request of the identity service, as whom the session is. */
export const keystone = (
  { token }: Identity.Session,
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  url: string,
  body?: unknown
): Effect.Effect<Json, unknown, HttpClient.HttpClient> =>
  HttpClientRequest.make(method)(url).pipe(
    HttpClientRequest.setHeader("x-auth-token", Redacted.value(token)),
    body === undefined ? (request) => request : HttpClientRequest.bodyUnsafeJson(body),
    HttpClient.execute,
    Effect.flatMap((response) =>
      Effect.flatMap(response.text, (text) =>
        response.status < 300
          ? Effect.succeed(text === "" ? undefined : JSON.parse(text))
          : Effect.fail(new Error(`${method} ${url} answered ${response.status}: ${text}`))
      )
    )
  )

/** An application credential of the session's user. */
export const newCredential = (session: Identity.Session, authUrl: string, userId: string, more: object = {}) =>
  Effect.map(
    keystone(session, "POST", `${authUrl}/users/${userId}/application_credentials`, {
      application_credential: { name: `ci-${crypto.randomUUID()}`, ...more }
    }),
    ({ application_credential }) => application_credential as { id: string; name: string; secret: string }
  )

export const userIdOf = (session: Identity.Session, authUrl: string) =>
  keystone(session, "GET", `${authUrl}/auth/projects`).pipe(
    Effect.zipRight(
      HttpClient.execute(
        HttpClientRequest.get(`${authUrl}/auth/tokens`).pipe(
          HttpClientRequest.setHeaders({
            "x-auth-token": Redacted.value(session.token),
            "x-subject-token": Redacted.value(session.token)
          })
        )
      )
    ),
    Effect.flatMap((response) => response.json),
    Effect.map((document: Json) => document.token.user.id as string)
  )

export const logins = (it: Vitest.MethodsNonLive<Projects | TheCloud | HttpClient.HttpClient, true>) => {
  it.scoped("every way to log in that a file can name opens the cloud", () =>
    Effect.gen(function* () {
      const { accounts, authUrl, imageUrl, region } = yield* TheCloud
      const { password, projectId, projectName, username } = accounts.bob
      const { bob } = yield* Projects
      const session = yield* bob.identity.session
      const token = Redacted.value(session.token)
      const userId = yield* userIdOf(session, authUrl)
      const credential = yield* newCredential(session, authUrl, userId)
      const byName = { application_credential_name: credential.name, application_credential_secret: credential.secret }
      const ways: Readonly<Record<string, Settings>> = {
        "names and a domain": {
          auth: { auth_url: authUrl, username, password, project_name: projectName, domain_name: "Default" },
          region_name: region
        },
        "ids, at a URL without a version": {
          auth_type: "v3password",
          auth: { auth_url: authUrl.replace(/\/v3$/, "/"), user_id: userId, password, project_id: projectId }
        },
        "a token": { auth_type: "token", auth: { auth_url: authUrl, token, project_id: projectId } },
        "an application credential": {
          auth_type: "v3applicationcredential",
          auth: {
            auth_url: authUrl,
            application_credential_id: credential.id,
            application_credential_secret: credential.secret,
            // It has its project in itself: Keystone would refuse a wish for one.
            project_id: projectId
          }
        },
        "an application credential's name, and its user": {
          auth_type: "v3applicationcredential",
          auth: { auth_url: authUrl, ...byName, username, user_domain_id: "default" }
        },
        "an application credential's name, and its user's id": {
          auth_type: "v3applicationcredential",
          auth: { auth_url: authUrl, ...byName, user_id: userId }
        },
        "a token and where the images are": { auth_type: "admin_token", auth: { endpoint: imageUrl, token } }
      }
      for (const [way, settings] of Object.entries(ways)) {
        const page = yield* Effect.either(listAs(settings))
        assert.strictEqual(page._tag, "Right", `${way}: ${page._tag === "Left" ? page.left.message : ""}`)
      }
    })
  )

  it.scoped("what is wrong in a login is refused by the identity service, in its words", () =>
    Effect.gen(function* () {
      const { accounts, authUrl } = yield* TheCloud
      const { password, projectId, username } = accounts.bob
      const { bob } = yield* Projects
      const session = yield* bob.identity.session
      const token = Redacted.value(session.token)
      const credential = yield* newCredential(session, authUrl, yield* userIdOf(session, authUrl))
      const user = { auth_url: authUrl, username, user_domain_id: "default", password }
      const byCredential = (more: Readonly<Record<string, string>>): Settings => ({
        auth_type: "v3applicationcredential",
        auth: { auth_url: authUrl, application_credential_id: credential.id, ...more }
      })
      const ways: Readonly<Record<string, Settings>> = {
        "a password": { auth: { ...user, password: "wrong" } },
        "a user": { auth: { ...user, username: "nobody" } },
        "a domain": { auth: { ...user, user_domain_id: "nowhere" } },
        "a project": { auth: { ...user, project_name: "nothing", project_domain_id: "default" } },
        "somebody else's project": { auth: { ...user, project_id: accounts.alice.projectId } },
        "a domain without a role": { auth: { ...user, domain_id: "default" } },
        "the system without a role": { auth: { ...user, system_scope: "all" } },
        "a token": { auth_type: "token", auth: { auth_url: authUrl, token: "nonsense", project_id: projectId } },
        "a token for somebody else's project": {
          auth_type: "token",
          auth: { auth_url: authUrl, token, project_id: accounts.alice.projectId }
        },
        "an application credential": byCredential({
          application_credential_id: "0123456789abcdef0123456789abcdef",
          application_credential_secret: credential.secret
        }),
        "an application credential's secret": byCredential({ application_credential_secret: "wrong" })
      }
      for (const [what, settings] of Object.entries(ways)) {
        const refused = yield* Effect.flip(listAs(settings))
        if (refused._tag !== "AuthenticationFailed") return assert.fail(`${what}: ${refused._tag} ${refused.message}`)
        assert.match(refused.operation, /^Keystone\./, what)
        assert.notStrictEqual(refused.detail, "", what)
        const told = JSON.stringify(refused)
        for (const secret of [password, token, credential.secret, "wrong"]) assert.notInclude(told, secret, what)
      }
    })
  )

  it.scoped("who comes without a login is refused by the image service", () =>
    Effect.gen(function* () {
      const { imageUrl } = yield* TheCloud
      const refused = yield* Effect.flip(listAs({ auth_type: "none", auth: { endpoint: imageUrl } }))
      if (refused._tag !== "AuthenticationFailed") return assert.fail(refused._tag)
      assert.strictEqual(refused.operation, "Images.list")
    })
  )

  it.scoped("a login for no project finds no image service, and a region is one that there is", () =>
    Effect.gen(function* () {
      const { accounts, authUrl, region } = yield* TheCloud
      const { password, projectId, username } = accounts.bob
      const user = { auth_url: authUrl, username, user_domain_id: "default", password }
      const unscoped = yield* Effect.flip(listAs({ auth: user }))
      if (unscoped._tag !== "EndpointNotFound") return assert.fail(unscoped._tag)
      assert.include(unscoped.message, "is the token for a project?")

      const auth = { ...user, project_id: projectId }
      const elsewhere = yield* Effect.flip(listAs({ auth, region_name: "Atlantis" }))
      if (elsewhere._tag !== "EndpointNotFound") return assert.fail(elsewhere._tag)
      assert.include(elsewhere.available, `image ${region} public`)
      // Chosen by the program, among those that the file names.
      const chosen = { auth, regions: ["Atlantis", region] }
      assert.isArray((yield* listAs(chosen, { region })).items)
      assert.strictEqual((yield* Effect.flip(listAs(chosen)))._tag, "EndpointNotFound")
      assert.strictEqual((yield* Effect.flip(listAs(chosen, { region: "Mu" })))._tag, "InvalidCloudSetting")
    })
  )
}
