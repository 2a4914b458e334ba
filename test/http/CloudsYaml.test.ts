import { assert, describe, it } from "@effect/vitest"
import * as Images from "@effect-glance/core/Images"
import { Cloud } from "@effect-glance/http"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as Machine from "../support/cloudConfig.js"
import * as Http from "../support/http.js"
import { imageService, isLogin, list, noImages, tokenAnswer } from "./support.js"
import * as Witness from "./witness.js"

const catalog = [imageService("https://north.test", "north"), imageService("https://south.test/image", "south")]

const access = () =>
  Http.json({
    access: {
      token: { id: "token-2", expires: "2030-01-01T00:00:00Z" },
      serviceCatalog: [{ type: "image", endpoints: [{ region: "IAD", publicURL: "https://iad.test/v2/1" }] }]
    }
  })

const handler: Http.Handler = (sent) => {
  if (!isLogin(sent)) return noImages()
  return sent.url.pathname.includes("v2.0") ? access() : tokenAnswer("token", { catalog })
}

const auth = {
  auth_url: "https://keystone.test/v3",
  username: "alice",
  user_domain_id: "default",
  password: "secret",
  project_id: "p1"
}

const file = (clouds: object): Machine.Machine => ({ files: { "cwd/clouds.json": JSON.stringify({ clouds }) } })

const one = (settings: object = {}) => file({ c: { auth, ...settings } })

/** What is sent for a list in that cloud. */
const sentFor = (
  machine: Machine.Machine,
  { cloud, ...options }: Cloud.Options & { readonly cloud?: string } = {},
  client: Http.Handler = handler
) =>
  Effect.zipRight(list, Http.sent).pipe(
    Effect.provide(
      Images.layer.pipe(
        Layer.provide(Cloud.layerCloudsYaml(cloud, options)),
        Layer.provide(Machine.layer(machine)),
        Layer.provideMerge(Http.layer(() => client)),
        Layer.fresh
      )
    )
  )

const imagesAt = (machine: Machine.Machine, options?: Cloud.Options & { readonly cloud?: string }) =>
  Effect.map(sentFor(machine, options), (all) => all.filter((each) => !isLogin(each)).map(({ url }) => url.href))

const warnings = (machine: Machine.Machine, options?: Cloud.Options) =>
  Effect.gen(function* () {
    const witness = Witness.make()
    yield* Effect.ignore(Effect.provide(sentFor(machine, options), witness.layer))
    return witness.lines.filter((line) => line.includes("level=WARN"))
  })

describe("a cloud of clouds.yaml", () => {
  it.effect("is reached in its region, by its interface, at its endpoint", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [object, Cloud.Options, string]> = [
        [{}, {}, "https://north.test/v2/images"],
        [{ region_name: "south" }, {}, "https://south.test/image/v2/images"],
        [{ regions: ["south", "north"] }, {}, "https://south.test/image/v2/images"],
        [{ regions: ["south", "north"] }, { region: "north" }, "https://north.test/v2/images"],
        [{ interface: "internal" }, {}, "https://internal.north.test/v2/images"],
        [{ interface: "internal" }, { interface: "admin" }, "https://admin.north.test/v2/images"],
        [{ interface: "internal" }, { interface: undefined }, "https://internal.north.test/v2/images"],
        [{ image_endpoint_override: "http://[::1]:9292/v2.9/" }, {}, "http://[::1]:9292/v2.9/images"],
        [{ image_endpoint_override: "http://[::1]:9292" }, { endpoint: "http://a.test/v2" }, "http://a.test/v2/images"]
      ]
      for (const [settings, options, url] of cases) {
        assert.deepStrictEqual(yield* imagesAt(one(settings), options), [url], JSON.stringify([settings, options]))
      }
    })
  )

  it.scoped("stands beside another", () =>
    Effect.gen(function* () {
      const clouds = file({
        a: { auth, region_name: "north" },
        b: { auth_type: "admin_token", auth: { endpoint: "https://b.test", token: "t" } }
      })
      const images = (cloud: string) =>
        Layer.build(Layer.provide(Layer.fresh(Images.layer), Cloud.layerCloudsYaml(cloud))).pipe(
          Effect.map(Context.get(Images.Images))
        )
      const urls = yield* Effect.gen(function* () {
        const [a, b] = yield* Effect.all([images("a"), images("b")])
        yield* Effect.all([a.list(), b.list()])
        return (yield* Http.sent).map(({ url }) => url.href)
      }).pipe(
        Effect.provide(
          Layer.merge(
            Machine.layer(clouds),
            Http.layer(() => handler)
          )
        )
      )
      assert.deepStrictEqual(urls, [
        "https://keystone.test/v3/auth/tokens",
        "https://north.test/v2/images",
        "https://b.test/v2/images"
      ])
    })
  )

  it.effect("is sent the token that it has, a token that is always the same, or none", () =>
    Effect.gen(function* () {
      const tokenOf = (settings: object) =>
        Effect.map(sentFor(file({ c: settings })), (all) => {
          const headers = all.at(-1)?.headers ?? {}
          return [all.length, "x-auth-token" in headers, headers["x-auth-token"]]
        })
      const endpoint = "https://glance.test"
      assert.deepStrictEqual(yield* tokenOf({ auth }), [2, true, "token"])
      assert.deepStrictEqual(yield* tokenOf({ auth_type: "admin_token", auth: { endpoint, token: "t" } }), [
        1,
        true,
        "t"
      ])
      assert.deepStrictEqual(yield* tokenOf({ auth_type: "none", auth: { endpoint } }), [1, false, undefined])
    })
  )

  it.effect("of version 2.0 is logged in to there", () =>
    Effect.gen(function* () {
      const { project_id, user_domain_id: _, ...user } = auth
      const version2 = { ...user, project_id, auth_url: "https://keystone.test/v2.0/" }
      for (const auth_type of ["v2password", "password", "rackspace_password"]) {
        const [login, images] = yield* sentFor(file({ c: { auth_type, auth: version2 } }))
        assert.strictEqual(login?.url.href, "https://keystone.test/v2.0/tokens")
        assert.deepStrictEqual(JSON.parse(login?.body ?? ""), {
          auth: { passwordCredentials: { username: "alice", password: "secret" }, tenantId: "p1" }
        })
        assert.strictEqual(images?.url.href, "https://iad.test/v2/1/images")
      }
    })
  )

  it.effect("is given no more time than it says, for a login or an operation, unless the program says more", () =>
    Effect.gen(function* () {
      const limit = (silent: (sent: Http.Sent) => boolean, options?: Cloud.Options) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(
            Effect.flip(
              sentFor(one({ api_timeout: 7 }), options, (sent, index) =>
                silent(sent) ? Effect.never : handler(sent, index)
              )
            )
          )
          yield* TestClock.adjust("2 minutes")
          const error = yield* Fiber.join(fiber)
          if (error._tag !== "TimeLimitExceeded") return assert.fail(String(error))
          return [error.operation, Duration.toSeconds(error.limit)]
        })
      assert.deepStrictEqual(yield* limit((sent) => !isLogin(sent)), ["Images.list", 7])
      assert.deepStrictEqual(yield* limit((sent) => !isLogin(sent), { timeLimit: "9 seconds" }), ["Images.list", 9])
      assert.deepStrictEqual(yield* limit(isLogin, { timeLimit: "9 seconds" }), ["Keystone.password", 7])
    })
  )

  it.effect(
    "is silent where all is as it should be, and warns of what it cannot heed",
    () =>
      Effect.gen(function* () {
        const cases: ReadonlyArray<readonly [Machine.Machine, string | undefined]> = [
          [one(), undefined],
          [one({ verify: true }), undefined],
          [one({ verify: false }), 'cloud "c" sets verify, which has no effect on the provided HttpClient'],
          [one({ cacert: "/ca.pem", cert: "/me.pem" }), 'cloud "c" sets cacert and cert, which has no effect'],
          [one({ regionname: "north" }), 'cloud "c": regionname is no setting and is ignored; is region_name meant?'],
          [one({ verfiy: false }), "verfiy is no setting and is ignored; is verify meant?"],
          [
            one({ "image-endpoint-overide": "x" }),
            "image_endpoint_overide is no setting and is ignored; is image_endpoint"
          ],
          [one({ colour: "blue" }), "colour is no setting and is ignored"],
          [one({ "hunter2!": "blue" }), "a key is no setting and is ignored"],
          // What openstacksdk knows.
          [
            one({
              ...{
                compute_api_version: "2",
                volume_service_type: "volumev3",
                "dns-endpoint-override": "https://dns.test"
              },
              ...{
                networks: [],
                floating_ip_source: "neutron",
                image_format: "raw",
                vendor_hook: "x",
                has_network: true
              },
              ...{ message: "", status: "active", disable_vendor_agent: {}, identity_api_version: 3, force_ipv4: true }
            }),
            undefined
          ],
          [{ ...one(), variables: { OS_REGION_NAME: "south" } }, "OS_REGION_NAME changes nothing"],
          [
            { ...one(), variables: { OS_CLIENT_CONFIG_FILE: "$ROOT/none.yaml" } },
            "/root/none.yaml is named by a variable"
          ],
          [
            { files: { ...one().files, "cwd/clouds.yaml": null } },
            "/root/cwd/clouds.yaml cannot be read: permission denied; it is passed over"
          ],
          [
            { files: { ...one().files, "cwd/secure.yaml": null } },
            "/root/cwd/secure.yaml cannot be read: permission denied; it is passed over"
          ]
        ]
        for (const [machine, warning] of cases) {
          const lines = yield* warnings(machine)
          assert.lengthOf(lines, warning === undefined ? 0 : 1, lines.join("\n"))
          if (warning !== undefined) assert.include(lines[0]?.replaceAll('\\"', '"'), warning)
        }
      }),
    60_000
  )
})
