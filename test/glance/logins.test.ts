/** What only a real Keystone serves. */
import { createHmac, randomBytes } from "node:crypto"
import { assert, layer } from "@effect/vitest"
import * as Keystone from "@effect-glance/http/Keystone"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Projects, layer as projects, TheCloud, theRealCloud, unique } from "../contract/cloud.js"
import { createAs, keystone, listAs, newCredential, type Settings, userIdOf } from "../contract/logins.js"

const base32 = (bytes: Uint8Array): string => {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("")
  return (bits.match(/.{5}/g) ?? [])
    .map((five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(five, 2)])
    .join("")
}

/** The passcode of this half minute. */
const passcode = (secret: Uint8Array) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const counter = Buffer.alloc(8)
    counter.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)))
    const mac = createHmac("sha1", secret).update(counter).digest()
    const at = (mac.at(-1) ?? 0) & 15
    return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0")
  })

/** A user of bob's project, with a secret for passcodes. */
const newUser = (options: object = {}) =>
  Effect.gen(function* () {
    const { accounts, authUrl } = yield* TheCloud
    const { admin } = yield* Projects
    const session = yield* admin.identity.session
    const ask = (method: "GET" | "POST" | "PUT" | "PATCH", path: string, body?: unknown) =>
      keystone(session, method, `${authUrl}${path}`, body)
    const username = yield* unique("user")
    const password = `pa55-${crypto.randomUUID()}`
    const { user } = yield* ask("POST", "/users", { user: { name: username, password, domain_id: "default", options } })
    const { roles } = yield* ask("GET", "/roles?name=member")
    const projectId = accounts.bob.projectId
    yield* ask("PUT", `/projects/${projectId}/users/${user.id}/roles/${roles[0].id}`)
    const secret = randomBytes(20)
    yield* ask("POST", "/credentials", { credential: { type: "totp", user_id: user.id, blob: base32(secret) } })
    return {
      ask,
      roleId: roles[0].id as string,
      secret,
      userId: user.id as string,
      password,
      auth: { auth_url: authUrl, username, user_domain_id: "default", project_id: projectId }
    }
  })

const authenticationFailed = (settings: Settings) =>
  Effect.flatMap(Effect.flip(listAs(settings)), (refused) =>
    refused._tag === "AuthenticationFailed"
      ? Effect.succeed(refused)
      : Effect.sync(() => assert.fail(`${refused._tag}: ${refused.message}`))
  )

const whole = Layer.provideMerge(projects, theRealCloud)

layer(whole, { excludeTestServices: true, timeout: "60 seconds" })("the real Keystone", (it) => {
  it.scoped("takes a passcode of the moment, and no other", () =>
    Effect.gen(function* () {
      const { auth, secret } = yield* newUser()
      const now = yield* passcode(secret)
      assert.isArray((yield* listAs({ auth_type: "v3totp", auth: { ...auth, passcode: now } })).items)
      const wrong = String((Number(now) + 1) % 1_000_000).padStart(6, "0")
      const refused = yield* authenticationFailed({ auth_type: "v3totp", auth: { ...auth, passcode: wrong } })
      assert.strictEqual(refused.operation, "Keystone.totp")
    })
  )

  it.scoped("takes passcodes that are asked for anew at each login", () =>
    Effect.gen(function* () {
      const { auth, secret } = yield* newUser()
      let asked = 0
      const identity = yield* Keystone.makeTotp({
        authUrl: auth.auth_url,
        username: auth.username,
        projectId: auth.project_id,
        passcode: Effect.map(passcode(secret), (code) => {
          asked++
          return Redacted.make(code)
        })
      })
      const first = yield* identity.session
      const second = yield* identity.renew(first)
      assert.notStrictEqual(Redacted.value(first.token), Redacted.value(second.token))
      assert.strictEqual(asked, 2)
    })
  )

  it.scoped("takes several factors at once of those who have to give them, and says which are missing", () =>
    Effect.gen(function* () {
      const rules = { multi_factor_auth_enabled: true, multi_factor_auth_rules: [["password", "totp"]] }
      const { auth, password, secret } = yield* newUser(rules)
      const both = { auth_type: "v3multifactor", auth_methods: ["v3password", "v3totp"] }
      const factors = { password, passcode: yield* passcode(secret) }
      assert.isArray((yield* listAs({ ...both, auth: { ...auth, ...factors } })).items)

      const one = yield* authenticationFailed({ auth: { ...auth, password } })
      assert.strictEqual(one.detail, "the user has to log in by password and totp")
      const wrong = yield* authenticationFailed({ ...both, auth: { ...auth, ...factors, password: "wrong" } })
      assert.strictEqual(wrong.operation, "Keystone.multiFactor")
    })
  )

  it.scoped("gives an application credential no more than it was made for", () =>
    Effect.gen(function* () {
      const { authUrl } = yield* TheCloud
      const { bob } = yield* Projects
      const session = yield* bob.identity.session
      const userId = yield* userIdOf(session, authUrl)
      const settings = ({ id, secret }: { readonly id: string; readonly secret: string }): Settings => ({
        auth_type: "v3applicationcredential",
        auth: { auth_url: authUrl, application_credential_id: id, application_credential_secret: secret }
      })
      const ruled = yield* newCredential(session, authUrl, userId, {
        access_rules: [{ path: "/v2/images", method: "GET", service: "image" }]
      })
      assert.isArray((yield* listAs(settings(ruled))).items)
      const refused = yield* Effect.flip(createAs(settings(ruled)))
      assert.strictEqual(refused._tag, "AuthenticationFailed")

      const now = yield* Clock.currentTimeMillis
      const brief = yield* newCredential(session, authUrl, userId, {
        expires_at: new Date(now + 3_000).toISOString().replace(/Z$/, "")
      })
      assert.isArray((yield* listAs(settings(brief))).items)
      // It is for Keystone's clock to say when.
      const expired = yield* Effect.flip(Effect.forever(listAs(settings(brief))))
      assert.strictEqual(expired._tag, "AuthenticationFailed")
    })
  )

  it.scoped("gives tokens for a trust, for the system and for a domain", () =>
    Effect.gen(function* () {
      const { accounts, authUrl } = yield* TheCloud
      const { admin, bob } = yield* Projects
      const { auth, password, userId } = yield* newUser()
      const session = yield* bob.identity.session
      const bobId = yield* userIdOf(session, authUrl)
      const { trust } = yield* keystone(session, "POST", `${authUrl}/OS-TRUST/trusts`, {
        trust: {
          trustor_user_id: bobId,
          trustee_user_id: userId,
          project_id: accounts.bob.projectId,
          impersonation: true,
          roles: [{ name: "member" }]
        }
      })
      const { project_id: _, ...user } = auth
      assert.isArray((yield* listAs({ auth: { ...user, password, trust_id: trust.id } })).items)
      yield* authenticationFailed({ auth: { ...user, password, trust_id: "nonsense" } })

      const root = {
        auth_url: authUrl,
        username: "admin",
        user_domain_id: "default",
        password: accounts.admin.password
      }
      assert.isArray((yield* listAs({ auth: { ...root, system_scope: "all" } })).items)
      const adminSession = yield* admin.identity.session
      const adminId = yield* userIdOf(adminSession, authUrl)
      const { roles } = yield* keystone(adminSession, "GET", `${authUrl}/roles?name=admin`)
      yield* keystone(adminSession, "PUT", `${authUrl}/domains/default/users/${adminId}/roles/${roles[0].id}`)
      assert.isArray((yield* listAs({ auth: { ...root, domain_id: "default" } })).items)
    })
  )

  it.scoped("shows a project whose catalog has no image service none", () =>
    Effect.gen(function* () {
      const { authUrl } = yield* TheCloud
      const { ask, auth, password, roleId, userId } = yield* newUser()
      const { project } = yield* ask("POST", "/projects", {
        project: { name: yield* unique("bare"), domain_id: "default" }
      })
      yield* ask("PUT", `/projects/${project.id}/users/${userId}/roles/${roleId}`)
      const { endpoints } = yield* ask("GET", "/endpoints?interface=public")
      const identity = endpoints.find(({ url }: { readonly url: string }) => url.startsWith(authUrl.slice(0, -3)))
      yield* ask("PUT", `/OS-EP-FILTER/projects/${project.id}/endpoints/${identity.id}`)
      const refused = yield* Effect.flip(listAs({ auth: { ...auth, password, project_id: project.id } }))
      if (refused._tag !== "EndpointNotFound") return assert.fail(refused._tag)
      assert.deepStrictEqual(refused.available, ["identity RegionOne public"])
    })
  )
})
