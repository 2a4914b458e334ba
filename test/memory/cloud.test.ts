import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as Fault from "@effect-glance/memory/Fault"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as RequestLog from "@effect-glance/memory/RequestLog"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { createImage, type Json, json, logIn } from "./support.js"

const names = (port: GlanceClient.Service, query = "") =>
  port.client.execute(HttpClientRequest.get(`/images${query}`)).pipe(
    Effect.flatMap(json),
    Effect.map(({ images }) => images.map(({ name }: Json) => name).sort())
  )

describe("a port", () => {
  it.scoped("speaks for one project of a cloud that all of them see", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({
        images: [
          { owner: "demo", name: "mine" },
          { owner: "guest", name: "theirs" },
          { owner: "guest", name: "lent", members: { demo: "accepted" } },
          { owner: "admin", name: "everybody's", visibility: "public" }
        ]
      })
      const [demo, guest, admin] = [
        MemoryCloud.port(cloud),
        MemoryCloud.port(cloud, { project: "guest" }),
        MemoryCloud.port(cloud, { project: "admin" })
      ]
      assert.deepStrictEqual(yield* names(demo), ["everybody's", "lent", "mine"])
      assert.deepStrictEqual(yield* names(guest), ["everybody's", "lent", "theirs"])
      assert.deepStrictEqual(yield* names(admin, "?visibility=all"), ["everybody's", "lent", "mine", "theirs"])
      assert.deepStrictEqual(yield* demo.projectId, Option.some(cloud.project("demo").id))
      assert.isTrue(Option.isNone(yield* demo.objectStore))
      assert.strictEqual(yield* cloud.logins, 0)
    })
  )

  it.scoped("may be given other roles than its user has", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const publish = (roles?: ReadonlyArray<string>) =>
        MemoryCloud.port(cloud, roles === undefined ? {} : { roles }).client.execute(
          HttpClientRequest.post("/images").pipe(HttpClientRequest.bodyUnsafeJson({ visibility: "public" }))
        )
      assert.strictEqual((yield* publish()).status, 403)
      assert.strictEqual((yield* publish(["admin"])).status, 201)
    })
  )

  it.effect("comes with a fresh cloud as one layer", () =>
    Effect.gen(function* () {
      const port = yield* GlanceClient.GlanceClient
      const cloud = yield* MemoryCloud.MemoryCloud
      assert.deepStrictEqual(yield* names(port), ["first"])
      assert.deepStrictEqual(RequestLog.lines(yield* cloud.requests), ["GET /v2/images"])
    }).pipe(Effect.provide(MemoryCloud.layer({ images: [{ owner: "demo", name: "first" }] })))
  )

  it.scoped("reaches the object store of a Rackspace cloud, below the account", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({ flavour: "rackspace", containers: { demo: ["box"] } })
      const store = yield* Effect.flatten(MemoryCloud.port(cloud).objectStore)
      assert.strictEqual((yield* store.execute(HttpClientRequest.head("/box"))).status, 204)
      assert.strictEqual((yield* store.execute(HttpClientRequest.head("/missing"))).status, 404)
    })
  )

  it.scoped("meets the faults of the cloud", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const port = MemoryCloud.port(cloud)
      yield* cloud.inject({ path: "/v2/images" }, Fault.refuse)
      const error = yield* Effect.flip(port.client.execute(HttpClientRequest.get("/images")))
      assert.strictEqual(error._tag, "RequestError")
      yield* cloud.inject({}, Fault.expireToken())
      assert.strictEqual((yield* port.client.execute(HttpClientRequest.get("/images"))).status, 401)
      assert.deepStrictEqual(yield* names(port), [])
    })
  )
})

describe("faults", () => {
  it.scoped("are for requests of one kind, one fault for each, the oldest first", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const port = MemoryCloud.port(cloud)
      const status = (path: string) =>
        Effect.map(port.client.execute(HttpClientRequest.get(path)), ({ status }) => status)
      yield* cloud.inject({ method: "POST" }, Fault.status(500))
      yield* cloud.inject({ path: "/v2/images/*" }, Fault.status(501))
      yield* cloud.inject({ path: /members$/ }, Fault.status(502))
      yield* cloud.inject({ path: "/v2/**" }, Fault.status(503), { times: 2 })
      yield* cloud.inject({ where: ({ query }) => query.includes("limit=1") }, Fault.status(504))
      yield* cloud.inject({ service: "identity" }, Fault.status(505))
      const statuses = yield* Effect.forEach(
        ["/images/x", "/images/x/members", "/images", "/images?limit=1", "/images?limit=1", "/images"],
        status
      )
      assert.deepStrictEqual(statuses, [501, 502, 503, 503, 504, 200])
      yield* cloud.inject({}, Fault.status(500), { times: Number.POSITIVE_INFINITY })
      assert.deepStrictEqual(yield* Effect.replicateEffect(status("/images"), 3), [500, 500, 500])
      yield* cloud.clearFaults
      assert.strictEqual(yield* status("/images"), 200)
    })
  )

  it.scoped("tell how many requests met them", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const port = MemoryCloud.port(cloud)
      const met = yield* cloud.inject({ path: "/v2/images" }, Fault.status(503), { times: 2 })
      const mistyped = yield* cloud.inject({ path: "/v2/image" }, Fault.status(503))
      yield* Effect.replicateEffect(port.client.execute(HttpClientRequest.get("/images")), 3)
      assert.deepStrictEqual([yield* met.hits, yield* mistyped.hits], [2, 0])
    })
  )

  it.scoped("are chosen for each request, and leave the others to the faults after them", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const port = MemoryCloud.port(cloud)
      const status = (path: string) =>
        Effect.map(port.client.execute(HttpClientRequest.get(path)), (response) => response.status)
      const met = yield* cloud.inject(
        {},
        Fault.choose(({ query }) => (query === "limit=1" ? Fault.status(503) : undefined)),
        { times: 2 }
      )
      yield* cloud.inject(
        {},
        Fault.delay(
          0,
          Fault.choose(() => Fault.status(500))
        )
      )
      assert.deepStrictEqual(
        yield* Effect.forEach(["/images", "/images", "/images?limit=1", "/images?limit=1", "/images?limit=1"], status),
        [500, 200, 503, 503, 200]
      )
      assert.strictEqual(yield* met.hits, 2)
      assert.deepStrictEqual(
        (yield* cloud.requests).map(({ fault }) =>
          Option.match(fault, { onNone: () => "", onSome: ({ _tag }) => _tag })
        ),
        ["Delay", "", "Status", "Status", ""]
      )
    })
  )

  it.scoped("happen to a share of the requests, as the seed says", () =>
    Effect.gen(function* () {
      const statuses = (seed: number, share: number) =>
        Effect.gen(function* () {
          const cloud = yield* MemoryCloud.make()
          const of = [Fault.status(500), Fault.status(503)] as const
          yield* cloud.inject({}, Fault.sometimes({ share, seed, of }), { times: Number.POSITIVE_INFINITY })
          const get = MemoryCloud.port(cloud).client.execute(HttpClientRequest.get("/images"))
          return (yield* Effect.replicateEffect(get, 1000)).map(({ status }) => status)
        }).pipe(Effect.scoped)
      const first = yield* statuses(1, 0.1)
      assert.deepStrictEqual(yield* statuses(1, 0.1), first)
      assert.notDeepEqual(yield* statuses(2, 0.1), first)
      const failed = first.filter((status) => status !== 200)
      assert.isTrue(failed.length > 60 && failed.length < 140, String(failed.length))
      assert.sameMembers([...new Set(failed)], [500, 503])
      assert.isTrue((yield* statuses(1, 0)).every((status) => status === 200))
      assert.isTrue((yield* statuses(1, 1)).every((status) => status !== 200))
    })
  )

  it.scoped("can make `add` as strict as it was before v2.1", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const session = yield* logIn(cloud, MemoryCloud.httpClient(cloud))
      const image = yield* createImage(session, { colour: "red" })
      const add = (name: string) =>
        session.image("PATCH", `/v2/images/${image.id}`, (request) =>
          HttpClientRequest.bodyText(
            request,
            JSON.stringify([{ op: "add", path: `/${name}`, value: "blue" }]),
            "application/openstack-images-v2.1-json-patch"
          )
        )
      yield* cloud.inject({ method: "PATCH" }, Fault.strictAdd, { times: 2 })
      assert.strictEqual((yield* add("colour")).status, 409)
      assert.strictEqual((yield* add("size_of_hat")).status, 200)
      assert.strictEqual((yield* add("colour")).status, 200)
    })
  )
})

describe("the log of requests", () => {
  it.scoped("tells who asked what, when, and what came of it, without secrets", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const session = yield* logIn(cloud, MemoryCloud.httpClient(cloud))
      yield* TestClock.adjust("3 seconds")
      yield* cloud.inject({ method: "POST" }, Fault.delay("2 seconds"))
      const fiber = yield* Effect.fork(createImage(session, { name: "x" }))
      yield* TestClock.adjust("2 seconds")
      yield* fiber.await
      const [login, create] = yield* cloud.requests
      assert.deepInclude(login, {
        number: 1,
        service: "identity",
        method: "POST",
        path: "/v3/auth/tokens",
        body: Option.none(),
        caller: Option.none(),
        login: Option.none(),
        status: Option.some(201),
        startedAt: 0,
        outcome: "answered"
      })
      assert.isDefined(create)
      assert.deepInclude(create, {
        number: 2,
        service: "image",
        region: "RegionOne",
        method: "POST",
        path: "/v2/images",
        query: "",
        body: Option.some('{"disk_format":"raw","container_format":"bare","name":"x"}'),
        caller: Option.some({
          projectId: cloud.project("demo").id,
          userId: cloud.users[0]?.id ?? "",
          roles: ["member", "reader"]
        }),
        login: Option.some(1),
        status: Option.some(201),
        bytesReceived: 58,
        startedAt: 3_000,
        endedAt: Option.some(5_000),
        outcome: "answered"
      })
      assert.isAbove(create?.bytesSent ?? 0, 100)
      assert.strictEqual(create?.headers["x-auth-token"], "<redacted>")
      assert.notInclude(JSON.stringify(yield* cloud.requests), session.token)
      yield* cloud.clearRequests
      assert.deepStrictEqual(yield* cloud.requests, [])
    })
  )

  it.scoped("tells logins apart", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const client = MemoryCloud.httpClient(cloud)
      const first = yield* logIn(cloud, client)
      yield* first.image("GET", "/v2/images")
      yield* cloud.expireTokens
      assert.strictEqual((yield* first.image("GET", "/v2/images")).status, 401)
      const second = yield* logIn(cloud, client)
      yield* second.image("GET", "/v2/images")
      const seen = RequestLog.select(yield* cloud.requests, { method: "GET" })
      assert.deepStrictEqual(
        seen.map(({ caller, login }) => [login, Option.isSome(caller)]),
        [
          [Option.some(1), true],
          [Option.some(1), false],
          [Option.some(2), true]
        ]
      )
      assert.strictEqual(yield* cloud.logins, 2)
    })
  )
})

describe("options", () => {
  it.effect("that name what is not there are a defect", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<MemoryCloud.Options> = [
        { users: [{ name: "x", roles: { nowhere: ["member"] } }] },
        { projects: [{ name: "x", domain: "nowhere" }] },
        { images: [{ owner: "nobody" }] },
        { images: [{ owner: "demo", members: { nobody: "accepted" } }] },
        { images: [{ owner: "demo", region: "Mars" }] }
      ]
      for (const options of wrong) {
        const exit = yield* Effect.exit(Effect.scoped(MemoryCloud.make(options)))
        assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      }
    })
  )

  it.scoped("say how many requests are kept", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({ requestsKept: 3 })
      const port = MemoryCloud.port(cloud)
      for (let i = 0; i < 10; i++) yield* port.client.execute(HttpClientRequest.get("/images"))
      assert.deepStrictEqual(
        (yield* cloud.requests).map(({ number }) => number),
        [8, 9, 10]
      )
    })
  )
})

describe("two clouds", () => {
  it.scoped("share nothing", () =>
    Effect.gen(function* () {
      const [one, two] = yield* Effect.all([MemoryCloud.make(), MemoryCloud.make()])
      const session = yield* logIn(one, MemoryCloud.httpClient(one))
      yield* createImage(session, { name: "only here" })
      yield* one.inject({}, Fault.status(500))
      assert.deepStrictEqual(yield* names(MemoryCloud.port(two)), [])
      assert.strictEqual(yield* two.logins, 0)
      assert.strictEqual((yield* two.requests).length, 1)
      const foreign = yield* MemoryCloud.httpClient(two).get("http://glance.memory/v2/images", {
        headers: { "x-auth-token": session.token }
      })
      assert.strictEqual(foreign.status, 401)
      assert.strictEqual((yield* session.image("GET", "/v2/images")).status, 500)
    })
  )

  it.scoped("of the same options have the same ids", () =>
    Effect.gen(function* () {
      const [one, two] = yield* Effect.all([MemoryCloud.make(), MemoryCloud.make()])
      assert.deepStrictEqual(one.projects, two.projects)
      assert.deepStrictEqual(one.users, two.users)
      assert.match(one.project("demo").id, /^[0-9a-f]{32}$/)
    })
  )
})
