import { readFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import * as Fault from "@effect-glance/memory/Fault"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeMemoryServer from "@effect-glance/node/NodeMemoryServer"
import * as Effect from "effect/Effect"
import { ofAnother, randomFile, runExample, textFile } from "../support/examples.js"

const timeout = 60_000

const served = Effect.flatMap(MemoryCloud.make(), (cloud) => NodeMemoryServer.serve(cloud))

it.scopedLive(
  "the tour shows what it does, shares with the other project, and leaves nothing behind",
  () =>
    Effect.gen(function* () {
      const { cloud, environment } = yield* served
      const { code, stderr, stdout } = yield* runExample("tour", {
        ...environment({ project: "demo" }),
        ...ofAnother(environment({ project: "guest" }))
      })
      assert.deepStrictEqual([code, stderr], [0, ""])
      for (const shown of [
        "the OS_* variables name",
        "2048 MiB",
        '{"os_distro":"debian","os_version":"13"}',
        "accepted"
      ]) {
        assert.include(stdout, shown)
      }
      assert.strictEqual(stdout.match(/deleted /g)?.length, 3)
      const left = (yield* cloud.images).filter(({ status }) => status !== "deleted")
      assert.deepStrictEqual(left, [])
    }),
  timeout
)

it.scopedLive(
  "the tour cleans up after itself when it fails, says why, and ends with 1",
  () =>
    Effect.gen(function* () {
      const { cloud, environment } = yield* served
      yield* cloud.inject({ method: "PUT", path: "/v2/images/*/tags/*" }, Fault.status(500))
      const { code, stderr, stdout } = yield* runExample("tour", environment())
      assert.strictEqual(code, 1)
      assert.include(stderr, "ImageTags.add: the server failed")
      assert.strictEqual(stdout.match(/deleted /g)?.length, 3)
      const left = (yield* cloud.images).filter(({ status }) => status !== "deleted")
      assert.deepStrictEqual(left, [])
    }),
  timeout
)

it.scopedLive(
  "without a cloud in the environment the tour runs on one in memory",
  () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* runExample("tour", {})
      assert.strictEqual(code, 0)
      assert.include(stdout, "in memory")
      assert.include(stdout, "accepted")
    }),
  timeout
)

it.scopedLive(
  "the shortest whole program lists the active images",
  () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({
        images: [
          { owner: "demo", name: "debian-13", data: "bits" },
          { owner: "demo", name: "not yet" }
        ]
      })
      const { environment } = yield* NodeMemoryServer.serve(cloud)
      const { code, stdout } = yield* runExample("first", environment({ project: "demo" }))
      assert.strictEqual(code, 0)
      assert.strictEqual(stdout, "debian-13\n")
    }),
  timeout
)

it.scopedLive(
  "a client of one's own carries every request",
  () =>
    Effect.gen(function* () {
      const { cloud, environment } = yield* served
      const { code, stdout } = yield* runExample("own-client", environment())
      assert.deepStrictEqual([code, stdout], [0, "POST 201\nGET 200\n0 images\n"])
      const agents = (yield* cloud.requests).map(({ headers }) => headers["user-agent"])
      assert.deepStrictEqual(agents, ["nightly-report/1.0", "nightly-report/1.0"])
    }),
  timeout
)

it.scopedLive(
  "the images of two regions are compared, each with a login of its own",
  () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({
        regions: ["north", "south"],
        images: [
          { owner: "demo", name: "debian", data: "bits", region: "north" },
          { owner: "demo", name: "debian", data: "bits", region: "south" },
          { owner: "demo", name: "alpine", data: "bits", region: "north" }
        ]
      })
      const { environment } = yield* NodeMemoryServer.serve(cloud)
      const variables = environment({ project: "demo" })
      const auth = Object.fromEntries(
        Object.entries(variables).flatMap(([name, value]) =>
          /^OS_(AUTH_URL|USERNAME|PASSWORD|PROJECT|USER_)/.test(name) ? [[name.slice(3).toLowerCase(), value]] : []
        )
      )
      const clouds = JSON.stringify({ clouds: { mine: { auth, regions: ["north", "south"] } } })
      const OS_CLIENT_CONFIG_FILE = yield* textFile("clouds.json", clouds)
      const { code, stderr, stdout } = yield* runExample("regions", {
        OS_CLIENT_CONFIG_FILE,
        HERE: "north",
        THERE: "south"
      })
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.strictEqual(stdout, "only in north: alpine\nonly in south: nothing\n")
      const logins = (yield* cloud.requests).filter(({ method }) => method === "POST")
      assert.lengthOf(logins, 2)
    }),
  timeout
)

it.scopedLive(
  "the bytes of a file go there and come back",
  () =>
    Effect.gen(function* () {
      const { cloud, environment } = yield* served
      const file = yield* randomFile(3_000_000)
      const { code, stderr } = yield* runExample("bytes", { ...environment(), FILE: file })
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.isTrue(readFileSync(file).equals(readFileSync(`${file}.copy`)))
      const left = (yield* cloud.images).filter(({ status }) => status !== "deleted")
      assert.deepStrictEqual(left, [])
    }),
  timeout
)

it.scopedLive(
  "spans, metrics and log lines of every request go to OpenTelemetry, without the token",
  () =>
    Effect.gen(function* () {
      const { cloud, environment } = yield* served
      yield* cloud.inject({ path: "/v2/images" }, Fault.status(503))
      const { code, stderr, stdout } = yield* runExample("telemetry", environment())
      assert.deepStrictEqual([code, stderr], [0, ""])
      for (const shown of [
        "0 active images",
        "name: 'report'",
        "name: 'Images.listAll'",
        "name: 'Keystone.password'",
        "name: 'GET /v2/images'",
        "'url.template': '/v2/images'",
        "'http.request.resend_count': 1",
        "name: 'glance.client.attempt.duration'",
        "name: 'glance.client.request.duration'",
        "name: 'glance.client.retries'",
        "/v2/images: status 503, again in"
      ]) {
        assert.include(stdout, shown)
      }
      assert.notMatch(stdout, /token-|gAAAA|"secret"/)
    }),
  timeout
)
