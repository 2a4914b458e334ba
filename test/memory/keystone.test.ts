import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@effect-glance/memory/Fault"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { type Json, json, logIn, passwordLogin } from "./support.js"

const identity = "http://keystone.memory"

const setUp = (options?: MemoryCloud.Options) =>
  Effect.map(MemoryCloud.make(options), (cloud) => {
    const client = MemoryCloud.httpClient(cloud)
    const send = (method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE", path: string, options: Json = {}) =>
      client
        .execute(
          HttpClientRequest.make(method)(`${identity}${path}`, { headers: options.headers ?? {} }).pipe((request) =>
            options.body === undefined ? request : HttpClientRequest.bodyUnsafeJson(request, options.body)
          )
        )
        .pipe(
          Effect.flatMap((response) =>
            Effect.map(response.text, (text) => {
              const body: Json = (response.headers["content-type"] ?? "").includes("json")
                ? JSON.parse(text || "{}")
                : text
              return { status: response.status, headers: response.headers, body }
            })
          )
        )
    const post = (body: Json) => send("POST", "/v3/auth/tokens", { body })
    return { cloud, client, send, post }
  })

const unauthorized = {
  error: { code: 401, message: "The request you have made requires authentication.", title: "Unauthorized" }
}

const expecting = (what: string) => ({
  error: {
    code: 400,
    message: `Expecting to find ${what}. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.`,
    title: "Bad Request"
  }
})

const scope = (project: string) => ({ project: { name: project, domain: { id: "default" } } })

describe("Keystone", () => {
  it.scoped("tells its version on the root with a 300 and below v3 with a 200", () =>
    Effect.gen(function* () {
      const { send } = yield* setUp()
      const root = yield* send("GET", "/")
      assert.strictEqual(root.status, 300)
      assert.strictEqual(root.headers["location"], `${identity}/v3/`)
      assert.strictEqual(root.body.versions.values[0].id, "v3.14")
      const version = yield* send("GET", "/v3")
      assert.strictEqual(version.status, 200)
      assert.deepStrictEqual(version.body.version.links, [{ rel: "self", href: `${identity}/v3/` }])
      assert.strictEqual((yield* send("GET", "/v3/nothing")).status, 404)
    })
  )

  it.scoped("lists the methods of a path in Allow, serves HEAD like GET, and ignores empty path segments", () =>
    Effect.gen(function* () {
      const { send } = yield* setUp()
      const wrong = yield* send("PUT", "/v3/auth/tokens")
      assert.deepStrictEqual([wrong.status, wrong.headers["allow"]], [405, "POST, HEAD, GET, DELETE, OPTIONS"])
      const head = yield* send("HEAD", "/v3")
      const get = yield* send("GET", "//v3//")
      assert.deepStrictEqual([head.status, get.status], [200, 200])
      assert.strictEqual(head.headers["content-length"], String(JSON.stringify(get.body).length))
    })
  )

  it.scoped("gives a project's token with roles, catalog and an expiry", () =>
    Effect.gen(function* () {
      const { cloud, post } = yield* setUp({ regions: ["RegionOne", "RegionTwo"] })
      const { body, headers, status } = yield* post(passwordLogin())
      assert.strictEqual(status, 201)
      assert.isAbove((headers["x-subject-token"] ?? "").length, 180)
      assert.strictEqual(headers["vary"], "X-Auth-Token")
      assert.match(headers["x-openstack-request-id"] ?? "", /^req-[0-9a-f-]{36}$/)
      const { token } = body
      assert.deepStrictEqual(token.methods, ["password"])
      assert.deepStrictEqual(
        token.roles.map(({ name }: Json) => name),
        ["member", "reader"]
      )
      assert.strictEqual(token.project.id, cloud.project("demo").id)
      assert.strictEqual(token.issued_at, "1970-01-01T00:00:00.000000Z")
      assert.strictEqual(token.expires_at, "1970-01-01T01:00:00.000000Z")
      const image = token.catalog.find(({ type }: Json) => type === "image")
      assert.deepStrictEqual(
        image.endpoints.map(({ interface: kind, region, url }: Json) => [kind, region, url]),
        ["RegionOne", "RegionTwo"].flatMap((region) =>
          ["public", "internal", "admin"].map((kind) => [
            kind,
            region,
            region === "RegionOne" ? "http://glance.memory" : "http://glance.regiontwo.memory"
          ])
        )
      )
      assert.strictEqual(yield* cloud.logins, 1)
    })
  )

  it.scoped("takes names and ids, of the user, the project and their domains", () =>
    Effect.gen(function* () {
      const { cloud, post } = yield* setUp({
        domains: ["Elsewhere"],
        projects: ["demo", { name: "far", domain: "Elsewhere" }],
        users: [
          {
            name: "demo",
            password: "p",
            roles: { demo: ["member"], far: ["reader"] },
            domainRoles: { Elsewhere: ["admin"] }
          }
        ]
      })
      const user = { id: cloud.users[0]?.id, password: "p", name: undefined, domain: undefined }
      const scopes = [
        { project: { id: cloud.project("demo").id } },
        { project: { name: "demo", domain: { name: "Default" } } },
        { project: { name: "far", domain: { name: "Elsewhere" } } },
        { domain: { name: "Elsewhere" } }
      ]
      const answers = yield* Effect.forEach(scopes, (scope) => post(passwordLogin({ user, scope })))
      assert.deepStrictEqual(
        answers.map(({ body, status }) => [
          status,
          body.token.project?.name ?? body.token.domain.name,
          body.token.roles.map(({ name }: Json) => name)
        ]),
        [
          [201, "demo", ["member"]],
          [201, "demo", ["member"]],
          [201, "far", ["reader"]],
          [201, "Elsewhere", ["admin"]]
        ]
      )
    })
  )

  it.scoped("scopes a login that names no scope to the default project, else to nothing", () =>
    Effect.gen(function* () {
      const { post, send } = yield* setUp({
        users: [
          { name: "demo", roles: { demo: ["member"] } },
          { name: "homed", defaultProject: "guest", roles: { guest: ["member"] } },
          { name: "stray", defaultProject: "guest" }
        ]
      })
      const tokenOf = (name: string, scope?: Json) =>
        Effect.map(post(passwordLogin({ user: { name }, scope })), ({ body }) => body.token)
      assert.isUndefined((yield* tokenOf("demo")).project)
      assert.isUndefined((yield* tokenOf("demo")).catalog)
      assert.strictEqual((yield* tokenOf("homed")).project.name, "guest")
      assert.isUndefined((yield* tokenOf("stray")).project)
      assert.isUndefined((yield* tokenOf("homed", "unscoped")).project)
      assert.isUndefined((yield* tokenOf("homed", { unscoped: {} })).project)

      const unscoped = yield* post(passwordLogin({ scope: undefined }))
      const headers = { "x-auth-token": unscoped.headers["x-subject-token"] }
      assert.strictEqual((yield* send("GET", "/v3/auth/catalog", { headers })).status, 403)
      const { body } = yield* send("GET", "/v3/auth/projects", { headers })
      assert.deepStrictEqual(
        body.projects.map(({ name }: Json) => name),
        ["demo"]
      )
    })
  )

  it.scoped("refuses what is wrong in a login with Keystone's own words", () =>
    Effect.gen(function* () {
      const { cloud, post } = yield* setUp({
        users: [
          { name: "demo", roles: { demo: ["member"] } },
          { name: "gone", enabled: false }
        ]
      })
      const cases: ReadonlyArray<readonly [Json, Json]> = [
        [passwordLogin({ user: { password: "wrong" } }), unauthorized],
        [passwordLogin({ user: { password: undefined } }), unauthorized],
        [passwordLogin({ user: { name: "nobody" } }), unauthorized],
        [passwordLogin({ user: { name: "gone" }, scope: undefined }), unauthorized],
        [passwordLogin({ user: { domain: { id: "nowhere" } } }), unauthorized],
        [passwordLogin({ scope: scope("nothing") }), unauthorized],
        [passwordLogin({ scope: scope("guest") }), unauthorized],
        [passwordLogin({ scope: { domain: { id: "default" } } }), unauthorized],
        [passwordLogin({ scope: { system: { all: true } } }), unauthorized],
        [passwordLogin({ user: { domain: undefined } }), expecting("domain in user")],
        [passwordLogin({ scope: { project: { name: "demo" } } }), expecting("domain in project")],
        [{}, expecting("auth in request body")],
        [{ auth: { identity: { methods: ["password"] } } }, expecting("password in identity")],
        [{ auth: { identity: { methods: [] } } }, unauthorized],
        [
          { auth: { identity: { methods: ["nonsense"], nonsense: {} } } },
          {
            error: {
              code: 401,
              identity: { methods: ["external", "password", "token", "oauth1", "mapped", "application_credential"] },
              message: "Attempted to authenticate with an unsupported method.",
              title: "Unauthorized"
            }
          }
        ]
      ]
      for (const [body, answer] of cases) {
        const response = yield* post(body)
        assert.deepStrictEqual(response.body, answer)
        assert.strictEqual(response.status, answer.error.code)
        assert.strictEqual(
          response.headers["www-authenticate"],
          answer.error.code === 401 ? `Keystone uri="${identity}/v3"` : undefined
        )
      }
      assert.strictEqual(yield* cloud.logins, 0)
      const sentences = yield* Effect.forEach(
        [{ auth: {} }, { auth: { identity: { methods: "password" } } }, passwordLogin({ user: { name: 1 } })],
        (body) => Effect.map(post(body), (response) => response.body.error.message)
      )
      assert.match(sentences[0], /^'identity' is a required property/)
      assert.match(sentences[1], /^Invalid input for field 'identity\/methods': 'password' is not of type 'array'/)
      assert.match(sentences[2], /^Invalid input for field 'identity\/password\/user\/name': 1 is not of type 'string'/)
    })
  )

  it.scoped("refuses a body that is no JSON document", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      const post = (body: string, type: string) =>
        client
          .execute(HttpClientRequest.post(`${identity}/v3/auth/tokens`).pipe(HttpClientRequest.bodyText(body, type)))
          .pipe(Effect.flatMap(json))
      assert.deepStrictEqual(yield* post("{", "application/json"), expecting("valid JSON in request body"))
      assert.deepStrictEqual(yield* post("[]", "application/json"), expecting("valid JSON in request body"))
      assert.deepStrictEqual(yield* post("{}", "text/plain"), expecting("application/json in Content-Type header"))
    })
  )

  it.scoped("ends a token when its time is over, on the test's clock", () =>
    Effect.gen(function* () {
      const { cloud, client, send } = yield* setUp({ tokenLifetime: "10 minutes" })
      const session = yield* logIn(cloud, client)
      const headers = { "x-auth-token": session.token }
      yield* TestClock.adjust(Duration.millis(10 * 60_000 - 1))
      assert.strictEqual((yield* session.image("GET", "/v2/images")).status, 200)
      yield* TestClock.adjust("1 millis")
      const late = yield* session.image("GET", "/v2/images")
      assert.strictEqual(late.status, 401)
      assert.strictEqual(late.headers["www-authenticate"], `Keystone uri="${identity}/v3"`)
      assert.deepStrictEqual((yield* send("GET", "/v3/auth/projects", { headers })).body, unauthorized)
    })
  )

  it.scoped("exchanges a token for another scope without a longer life", () =>
    Effect.gen(function* () {
      const { post } = yield* setUp({ users: [{ name: "demo", roles: { demo: ["member"], guest: ["reader"] } }] })
      const first = yield* post(passwordLogin())
      yield* TestClock.adjust("30 minutes")
      const second = yield* post({
        auth: {
          identity: { methods: ["token"], token: { id: first.headers["x-subject-token"] } },
          scope: scope("guest")
        }
      })
      assert.strictEqual(second.status, 201)
      assert.deepStrictEqual(second.body.token.methods, ["token", "password"])
      assert.strictEqual(second.body.token.expires_at, first.body.token.expires_at)
      assert.strictEqual(second.body.token.audit_ids[1], first.body.token.audit_ids[0])
      const bad = yield* post({ auth: { identity: { methods: ["token"], token: { id: "xx" } } } })
      assert.deepStrictEqual(bad.body, {
        error: { code: 404, message: "Could not recognize Fernet token", title: "Not Found" }
      })
    })
  )

  it.scoped("validates and revokes tokens", () =>
    Effect.gen(function* () {
      const { client, cloud, send } = yield* setUp()
      const mine = yield* logIn(cloud, client)
      const other = yield* logIn(cloud, client, { project: "guest" })
      const admin = yield* logIn(cloud, client, { project: "admin" })
      const about = (who: string, subject?: string) => ({
        headers: { "x-auth-token": who, ...(subject === undefined ? {} : { "x-subject-token": subject }) }
      })
      const seen = yield* send("GET", "/v3/auth/tokens", about(mine.token, mine.token))
      assert.strictEqual(seen.status, 200)
      assert.strictEqual(seen.headers["x-subject-token"], mine.token)
      assert.isDefined(seen.body.token.catalog)
      const bare = yield* send("GET", "/v3/auth/tokens?nocatalog", about(admin.token, mine.token))
      assert.isUndefined(bare.body.token.catalog)
      assert.strictEqual((yield* send("HEAD", "/v3/auth/tokens", about(mine.token, mine.token))).status, 200)
      assert.strictEqual((yield* send("GET", "/v3/auth/tokens", about(other.token, mine.token))).status, 403)
      assert.strictEqual((yield* send("GET", "/v3/auth/tokens", about(mine.token))).status, 403)
      assert.strictEqual((yield* send("GET", "/v3/auth/tokens", about("none", mine.token))).status, 401)
      const allowed = yield* send("PUT", "/v3/auth/tokens", about(mine.token))
      assert.strictEqual(allowed.status, 405)

      assert.strictEqual((yield* send("DELETE", "/v3/auth/tokens", about(admin.token, mine.token))).status, 204)
      assert.strictEqual((yield* mine.image("GET", "/v2/images")).status, 401)
      const again = yield* send("DELETE", "/v3/auth/tokens", about(admin.token, mine.token))
      assert.deepStrictEqual(again.body, {
        error: { code: 404, message: "Failed to validate token", title: "Not Found" }
      })
    })
  )

  it.scoped("makes application credentials that log in without a password, and are gone when deleted", () =>
    Effect.gen(function* () {
      const { client, cloud, post, send } = yield* setUp()
      const session = yield* logIn(cloud, client)
      const headers = { "x-auth-token": session.token }
      const user = cloud.users[0]?.id ?? ""
      const path = `/v3/users/${user}/application_credentials`
      const create = (body: Json) => send("POST", path, { headers, body: { application_credential: body } })
      const made = yield* create({ name: "robot", roles: [{ name: "reader" }], expires_at: "1970-01-01T00:30:00" })
      assert.strictEqual(made.status, 201)
      const credential = made.body.application_credential
      assert.strictEqual(credential.secret.length, 86)
      assert.strictEqual((yield* create({ name: "robot" })).status, 409)
      assert.strictEqual((yield* create({ name: "root", roles: [{ name: "admin" }] })).status, 400)
      assert.strictEqual((yield* create({ name: "old", expires_at: "1969-12-31T00:00:00" })).status, 400)
      assert.strictEqual((yield* create({})).status, 400)
      const listed = yield* send("GET", path, { headers })
      assert.isUndefined(listed.body.application_credentials[0].secret)

      const use = (given: Json, more: Json = {}) =>
        post({ auth: { identity: { methods: ["application_credential"], application_credential: given }, ...more } })
      const { id, secret } = credential
      const byId = yield* use({ id, secret })
      assert.strictEqual(byId.status, 201)
      assert.deepStrictEqual(
        byId.body.token.roles.map(({ name }: Json) => name),
        ["reader"]
      )
      assert.strictEqual(byId.body.token.expires_at, "1970-01-01T00:30:00.000000Z")
      assert.strictEqual(byId.body.token.project.name, "demo")
      const owner = { name: "demo", domain: { id: "default" } }
      assert.strictEqual((yield* use({ name: "robot", user: owner, secret })).status, 201)
      assert.strictEqual((yield* use({ name: "robot", user: { id: user }, secret })).status, 201)
      assert.deepStrictEqual((yield* use({ id, secret: "x" })).body, unauthorized)
      assert.deepStrictEqual((yield* use({ name: "other", user: owner, secret })).body, unauthorized)
      assert.deepStrictEqual((yield* use({ name: "robot", secret })).body, expecting("user in application credential"))
      assert.strictEqual(
        (yield* use({ id: "x", secret })).body.error.message,
        "Could not find Application Credential: x."
      )
      assert.strictEqual(
        (yield* use({ id, secret }, { scope: scope("demo") })).body.error.message,
        "Error authenticating with application credential: Application credentials cannot request a scope."
      )
      const restricted = { "x-auth-token": byId.headers["x-subject-token"] }
      const more = yield* send("POST", path, {
        headers: restricted,
        body: { application_credential: { name: "more" } }
      })
      assert.strictEqual(more.status, 403)

      assert.strictEqual((yield* send("DELETE", `${path}/${id}`, { headers })).status, 204)
      assert.strictEqual((yield* use({ id, secret })).status, 404)
      assert.strictEqual((yield* send("GET", "/v3/auth/projects", { headers: restricted })).status, 404)
    })
  )

  it.scoped("lets an application credential expire on the test's clock", () =>
    Effect.gen(function* () {
      const { client, cloud, post, send } = yield* setUp()
      const session = yield* logIn(cloud, client)
      const { body } = yield* send("POST", `/v3/users/${cloud.users[0]?.id}/application_credentials`, {
        headers: { "x-auth-token": session.token },
        body: { application_credential: { name: "robot", expires_at: "1970-01-01T00:30:00Z" } }
      })
      const { id, secret } = body.application_credential
      yield* TestClock.adjust("30 minutes")
      const late = yield* post({
        auth: { identity: { methods: ["application_credential"], application_credential: { id, secret } } }
      })
      assert.deepStrictEqual(late.body, unauthorized)
    })
  )

  it.scoped("answers the look-ups of command-line tools: all of them for an administrator, one's own for others", () =>
    Effect.gen(function* () {
      const { client, cloud, send } = yield* setUp()
      const member = { headers: { "x-auth-token": (yield* logIn(cloud, client)).token } }
      const admin = { headers: { "x-auth-token": (yield* logIn(cloud, client, { project: "admin" })).token } }
      const [demo, guest] = [cloud.project("demo").id, cloud.project("guest").id]
      const [user, other] = [cloud.users[0]?.id, cloud.users[1]?.id]
      const paths = [
        `/v3/projects/${demo}`,
        `/v3/projects/${guest}`,
        "/v3/projects?name=guest",
        `/v3/users/${user}`,
        `/v3/users/${other}`,
        "/v3/users?name=guest",
        `/v3/users/${user}/projects`,
        "/v3/domains/default",
        "/v3/domains?name=Default",
        "/v3/roles?name=admin",
        "/v3/services?type=image",
        "/v3/endpoints?interface=public",
        "/v3/regions"
      ]
      const statuses = (who: Json) =>
        Effect.forEach(paths, (path) => Effect.map(send("GET", path, who), ({ status }) => status))
      assert.deepStrictEqual(yield* statuses(member), [200, 403, 403, 200, 403, 403, 200, 200, 403, 403, 403, 403, 200])
      assert.deepStrictEqual(
        yield* statuses(admin),
        paths.map(() => 200)
      )
      const found = yield* send("GET", "/v3/projects?name=guest", admin)
      assert.deepStrictEqual(found.body.projects, [
        {
          id: guest,
          name: "guest",
          domain_id: "default",
          description: "",
          enabled: true,
          parent_id: "default",
          is_domain: false,
          tags: [],
          options: {},
          links: { self: `${identity}/v3/projects/${guest}` }
        }
      ])
      assert.deepStrictEqual((yield* send("GET", "/v3/projects?name=zz", admin)).body.projects, [])
      assert.strictEqual(
        (yield* send("GET", "/v3/projects/zz", admin)).body.error.message,
        "Could not find project: zz."
      )
      assert.strictEqual(
        (yield* send("GET", "/v3/projects", member)).body.error.message,
        "You are not authorized to perform the requested action: identity:list_projects."
      )
    })
  )

  it.scoped("can be made to fail like any other service", () =>
    Effect.gen(function* () {
      const { cloud, post } = yield* setUp()
      yield* cloud.inject(Fault.login, Fault.status(503, { headers: { "Retry-After": "3" } }))
      const down = yield* post(passwordLogin())
      assert.deepStrictEqual([down.status, down.headers["retry-after"]], [503, "3"])
      assert.strictEqual((yield* post(passwordLogin())).status, 201)
    })
  )

  it.scoped("lists role assignments, groups, credentials and trusts as the real one does", () =>
    Effect.gen(function* () {
      const { cloud, send } = yield* setUp()
      const client = MemoryCloud.httpClient(cloud)
      const admin = yield* logIn(cloud, client, { project: "admin", user: "admin" })
      const demo = yield* logIn(cloud, client)
      const get = (path: string, token = admin.token) =>
        send("GET", `/v3${path}`, { headers: { "x-auth-token": token } })
      const self = (path: string) => ({ next: null, self: `${identity}/v3${path}`, previous: null })
      for (const [path, key] of [
        ["/groups?name=x", "groups"],
        ["/credentials", "credentials"],
        ["/OS-TRUST/trusts", "trusts"]
      ] as const) {
        assert.deepStrictEqual((yield* get(path)).body, { [key]: [], links: self(path) })
      }
      const user = cloud.users.find(({ name }) => name === "demo")?.id ?? ""
      const project = cloud.project("demo").id
      const listed = yield* get(`/role_assignments?user.id=${user}&include_names&effective`)
      assert.deepStrictEqual(listed.body.links, self(`/role_assignments?user.id=${user}&include_names&effective`))
      const domain = { id: "default", name: "Default" }
      assert.deepStrictEqual(
        listed.body.role_assignments.map((one: Json) => ({ ...one, links: undefined, role: one.role.name })),
        ["member", "reader"].map((role) => ({
          links: undefined,
          scope: { project: { id: project, name: "demo", domain } },
          user: { id: user, name: "demo", domain },
          role
        }))
      )
      const [member] = (yield* get(`/projects/${project}/users/${user}/roles`)).body.roles
      const [one] = (yield* get(`/role_assignments?scope.project.id=${project}&role.id=${member.id}`)).body
        .role_assignments
      assert.deepStrictEqual(one, {
        links: { assignment: `${identity}/v3/projects/${project}/users/${user}/roles/${member.id}` },
        scope: { project: { id: project } },
        user: { id: user },
        role: { id: member.id }
      })
      const [system] = (yield* get("/role_assignments?scope.system=all")).body.role_assignments
      assert.deepStrictEqual(system.scope, { system: { all: true } })
      assert.deepStrictEqual((yield* get("/role_assignments?group.id=x")).body.role_assignments, [])
      assert.strictEqual((yield* get("/role_assignments?user.id=x&group.id=x")).status, 400)
      assert.strictEqual((yield* get("/groups/x")).body.error.message, "Could not find group: x.")
      const statuses = yield* Effect.forEach(
        [
          "/role_assignments",
          "/groups",
          "/OS-TRUST/trusts",
          "/credentials",
          `/OS-TRUST/trusts?trustor_user_id=${user}`,
          `/users/${user}/groups`
        ],
        (path) => Effect.map(get(path, demo.token), ({ status }) => status)
      )
      assert.deepStrictEqual(statuses, [403, 403, 403, 200, 200, 200])
    })
  )

  it.scoped("lists a role that an assigned one implies, with the role that it follows from", () =>
    Effect.gen(function* () {
      const { cloud, send } = yield* setUp({ users: [{ name: "alice", roles: { demo: ["member"] } }] })
      const admin = yield* logIn(cloud, MemoryCloud.httpClient(cloud), { project: "admin", user: "admin" })
      const headers = { "x-auth-token": admin.token }
      const user = cloud.users.find(({ name }) => name === "alice")?.id ?? ""
      const list = (query: string) =>
        Effect.map(
          send("GET", `/v3/role_assignments?user.id=${user}${query}`, { headers }),
          ({ body }) => body.role_assignments
        )
      assert.strictEqual((yield* list("")).length, 1)
      assert.strictEqual((yield* list("&effective=0")).length, 1)
      const [member, reader] = yield* list("&effective")
      assert.deepStrictEqual(reader.links, {
        ...member.links,
        prior_role: `${identity}/v3/prior_role/${reader.role.id}/implies/${member.role.id}`
      })
      const inferences = (yield* send("GET", "/v3/role_inferences", { headers })).body.role_inferences
      assert.deepStrictEqual(
        inferences.map((one: Json) => [one.prior_role.name, one.implies[0].name]),
        [
          ["admin", "member"],
          ["member", "reader"]
        ]
      )
    })
  )
})
