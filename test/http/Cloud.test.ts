import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient } from "@effect-glance/core"
import * as Images from "@effect-glance/core/Images"
import { Cloud, Keystone } from "@effect-glance/http"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Http from "../support/http.js"
import {
  cloud,
  credentials,
  execute,
  imageService,
  images,
  isLogin,
  list,
  logins,
  noImages,
  port,
  tokenAnswer,
  tokens
} from "./support.js"

const imagesAt = (url: string) => cloud(() => tokenAnswer("token", { catalog: [imageService(url)] }))

const hrefs = Effect.map(Http.sent, (all) => all.filter((one) => !isLogin(one)).map(({ url }) => url.href))

describe("a request", () => {
  it.effect("goes where the catalog of the newest login says", () =>
    Effect.gen(function* () {
      yield* list
      yield* list
      const [old = "", ...fresh] = yield* hrefs
      assert.match(old, /^https:\/\/old\.test\//)
      assert.deepStrictEqual(new Set(fresh), new Set(["https://new.test/v2/images"]))
    }).pipe(
      Effect.provide(
        images(
          cloud(
            (_, index) =>
              tokenAnswer(`token-${index}`, { catalog: [imageService(`https://${index === 0 ? "old" : "new"}.test`)] }),
            ({ headers }) => (headers["x-auth-token"] === "token-0" ? Http.html("", 401) : noImages())
          )
        )
      )
    )
  )

  it.effect("goes below the endpoint of the catalog, whichever shape that has", () =>
    Effect.gen(function* () {
      const cases = [
        ["https://glance.test:9292", "https://glance.test:9292/v2/images?limit=1"],
        ["https://cloud.test/image/", "https://cloud.test/image/v2/images?limit=1"],
        ["https://iad.test/v2/123456", "https://iad.test/v2/123456/images?limit=1"],
        ["http://[::1]:9292/v2.9/", "http://[::1]:9292/v2.9/images?limit=1"]
      ] as const
      for (const [url, expected] of cases) {
        yield* Effect.gen(function* () {
          yield* execute(HttpClientRequest.get("/images").pipe(HttpClientRequest.setUrlParam("limit", "1")))
          assert.deepStrictEqual(yield* hrefs, [expected])
        }).pipe(Effect.provide(port(imagesAt(url))))
      }
    })
  )

  it.effect("goes above the versions where that is asked for, with the same token", () =>
    Effect.gen(function* () {
      const { unversioned } = yield* GlanceClient.GlanceClient
      yield* unversioned.execute(HttpClientRequest.get("/versions"))
      assert.deepStrictEqual(yield* hrefs, ["https://iad.test/versions"])
      assert.deepStrictEqual(yield* tokens, ["token"])
    }).pipe(Effect.provide(port(imagesAt("https://iad.test/v2/123456"))))
  )

  it.effect("goes to the region and the interface that were chosen", () =>
    Effect.gen(function* () {
      const catalog = [imageService("https://north.test", "north"), imageService("https://south.test", "south")]
      const chosen = (options: Cloud.Options) =>
        Effect.zipRight(execute(), hrefs).pipe(
          Effect.provide(
            port(
              cloud(() => tokenAnswer("token", { catalog })),
              options
            )
          )
        )
      assert.deepStrictEqual(yield* chosen({}), ["https://north.test/v2/images"])
      assert.deepStrictEqual(yield* chosen({ region: "south" }), ["https://south.test/v2/images"])
      assert.deepStrictEqual(yield* chosen({ region: "south", interface: "admin" }), [
        "https://admin.south.test/v2/images"
      ])
      assert.deepStrictEqual(yield* chosen({ region: "south", endpoint: "http://10.0.0.1/v2" }), [
        "http://10.0.0.1/v2/images"
      ])
    })
  )

  it.effect("to an unknown region is not sent, and says which there are", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(list)
      if (error._tag !== "EndpointNotFound") return assert.fail(error._tag)
      assert.deepStrictEqual(error.region, Option.some("Atlantis"))
      assert.deepStrictEqual(error.available, [
        "image RegionOne public",
        "image RegionOne internal",
        "image RegionOne admin"
      ])
      assert.deepStrictEqual(yield* hrefs, [])
    }).pipe(Effect.provide(images(imagesAt("https://glance.test"), { region: "Atlantis" })))
  )

  it.effect("is not made where nobody asks for anything: the layer itself sends nothing", () =>
    Effect.gen(function* () {
      yield* GlanceClient.GlanceClient
      assert.lengthOf(yield* Http.sent, 0)
    }).pipe(Effect.provide(port(imagesAt("https://glance.test"))))
  )

  it.effect("carries a user that stands in the URL as the header that it means", () =>
    Effect.gen(function* () {
      yield* execute()
      const [login, sent] = yield* Http.sent
      assert.strictEqual(login?.url.href, "https://keystone.test/v3/auth/tokens")
      assert.strictEqual(login?.headers.authorization, `Basic ${btoa("proxy:p@ss/word")}`)
      assert.strictEqual(sent?.url.href, "https://glance.test/v2/images")
      assert.strictEqual(sent?.headers.authorization, `Basic ${btoa("proxy:100%")}`)
    }).pipe(
      Effect.provide(
        Cloud.layer({ endpoint: "https://proxy:100%@glance.test/" }).pipe(
          Layer.provide(
            Keystone.layerPassword({ ...credentials, authUrl: "https://proxy:p%40ss%2Fword@keystone.test" })
          ),
          Layer.provideMerge(Http.layer(imagesAt("")))
        )
      )
    )
  )
})

describe("the cloud", () => {
  it.effect("knows the project of the token", () =>
    Effect.gen(function* () {
      const { projectId } = yield* GlanceClient.GlanceClient
      assert.deepStrictEqual(yield* projectId, Option.some("alpha-id"))
    }).pipe(Effect.provide(port(imagesAt("https://glance.test"))))
  )

  const storeOf = (options: Cloud.Options, catalog: ReadonlyArray<unknown>) =>
    Effect.gen(function* () {
      const { objectStore } = yield* GlanceClient.GlanceClient
      const store = yield* objectStore
      if (Option.isNone(store)) return undefined
      yield* store.value.execute(HttpClientRequest.head("/container"))
      return (yield* hrefs)[0]
    }).pipe(
      Effect.provide(
        port(
          cloud(() => tokenAnswer("token", { catalog })),
          options
        )
      )
    )

  it.effect("opens the object store of the images' region", () =>
    Effect.gen(function* () {
      const catalog = [
        imageService("https://swift.north.test/v1/AUTH_a/", "north", "object-store"),
        imageService("https://swift.south.test/v1/AUTH_a", "south", "object-store"),
        imageService("https://south.test", "south"),
        imageService("https://north.test", "north"),
        imageService("https://west.test", "west")
      ]
      // Where none is chosen, that is the first that has images, which need not be the first that has objects.
      assert.strictEqual(yield* storeOf({}, catalog), "https://swift.south.test/v1/AUTH_a/container")
      assert.strictEqual(yield* storeOf({ region: "north" }, catalog), "https://swift.north.test/v1/AUTH_a/container")
      assert.strictEqual(yield* storeOf({ region: "west" }, catalog), undefined)
      assert.strictEqual(yield* storeOf({}, catalog.slice(0, 1)), "https://swift.north.test/v1/AUTH_a/container")
      assert.strictEqual(yield* storeOf({}, catalog.slice(2)), undefined)
    })
  )
})

describe("a cloud of an endpoint and a token", () => {
  const token = Redacted.make("given-token")
  const over = (handler: Http.Handler, options: Partial<Cloud.TokenOptions> = {}) =>
    Layer.provideMerge(
      Images.layer,
      Cloud.layerToken({ endpoint: "https://glance.test/image", token, ...options })
    ).pipe(Layer.provideMerge(Http.layer(() => handler)))

  it.effect("needs no login", () =>
    Effect.gen(function* () {
      yield* list
      assert.deepStrictEqual(yield* hrefs, ["https://glance.test/image/v2/images"])
      assert.deepStrictEqual(yield* tokens, ["given-token"])
      const { objectStore, projectId } = yield* GlanceClient.GlanceClient
      assert.deepStrictEqual(yield* objectStore, Option.none())
      assert.deepStrictEqual(yield* projectId, Option.none())
    }).pipe(Effect.provide(over(noImages)))
  )

  it.effect("knows the project that it is told, and its own time limit", () =>
    Effect.gen(function* () {
      const { projectId, timeLimit } = yield* GlanceClient.GlanceClient
      assert.deepStrictEqual(yield* projectId, Option.some("alpha-id"))
      assert.deepStrictEqual(timeLimit, Duration.seconds(3))
    }).pipe(Effect.provide(over(noImages, { projectId: "alpha-id", timeLimit: Duration.seconds(3) })))
  )

  it.effect("is told at once that its token is refused", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(list)
      if (error._tag !== "AuthenticationFailed") return assert.fail(error._tag)
      assert.strictEqual(error.operation, "Images.list")
      assert.include(error.detail, "This server could not verify")
      assert.lengthOf(yield* Http.sent, 1)
    }).pipe(
      Effect.provide(
        over(() => Http.html("<h1>401 Unauthorized</h1>This server could not verify that you are authorized", 401))
      )
    )
  )

  it.effect("is read from the configuration as well", () =>
    Effect.gen(function* () {
      yield* list
      assert.deepStrictEqual(yield* tokens, ["configured-token"])
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          Images.layer,
          Cloud.layerTokenConfig({ endpoint: Config.string("URL"), token: Config.redacted("TOKEN") })
        ).pipe(
          Layer.provideMerge(Http.layer(() => noImages)),
          Layer.provide(
            Layer.setConfigProvider(
              ConfigProvider.fromMap(
                new Map([
                  ["URL", "https://glance.test"],
                  ["TOKEN", "configured-token"]
                ])
              )
            )
          )
        )
      )
    )
  )
})

describe("an operation", () => {
  /** The error of a list after this time, and nothing a moment before it. */
  const errorAt = (limit: Duration.DurationInput, handler: () => Http.Handler, options?: Cloud.Options) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(list))
      yield* TestClock.adjust(Duration.subtract(limit, "1 millis"))
      assert.deepStrictEqual(yield* Fiber.poll(fiber), Option.none())
      yield* TestClock.adjust("1 millis")
      return yield* Fiber.join(fiber)
    }).pipe(Effect.provide(images(handler, options)))

  it.effect("that the image service never answers ends at the time limit", () =>
    Effect.gen(function* () {
      const silent = cloud(
        () => tokenAnswer("token"),
        () => Effect.never
      )
      const error = yield* errorAt("1 minute", silent)
      if (error._tag !== "TimeLimitExceeded") return assert.fail(error._tag)
      assert.strictEqual(error.operation, "Images.list")
      assert.strictEqual((yield* errorAt("5 seconds", silent, { timeLimit: Duration.seconds(5) }))._tag, error._tag)
    })
  )

  it.effect("whose login is never answered ends at the time limit, and leaves the login to those who have longer", () =>
    Effect.gen(function* () {
      const error = yield* errorAt(
        "5 seconds",
        cloud(() => Effect.never),
        { timeLimit: Duration.seconds(5) }
      )
      if (error._tag !== "TimeLimitExceeded") return assert.fail(error._tag)
      assert.strictEqual(error.operation, "Images.list")
    })
  )

  it.effect("whose answer stops in the middle ends at the time limit", () =>
    Effect.gen(function* () {
      const error = yield* errorAt(
        "1 minute",
        cloud(
          () => tokenAnswer("token"),
          () =>
            new Response(
              new ReadableStream({
                start: (controller) => controller.enqueue(new TextEncoder().encode('{"images": ['))
              })
            )
        )
      )
      assert.strictEqual(error._tag, "TimeLimitExceeded")
    })
  )

  it.effect("whose waits are longer than the limit that is left ends before them", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(list)
      assert.strictEqual(error._tag, "ServiceUnavailable")
      assert.strictEqual(yield* logins, 1)
    }).pipe(
      Effect.provide(
        images(
          cloud(
            () => tokenAnswer("token"),
            () => Http.html("", 503)
          ),
          { timeLimit: Duration.millis(100) }
        )
      )
    )
  )

  const errorFor = (reply: () => Http.Reply) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(list)
      return { error, requests: yield* hrefs }
    }).pipe(Effect.provide(images(cloud(() => tokenAnswer("token"), reply))))

  it.effect("that is answered with a page, with half of the JSON, with 300 or a redirect says so", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [() => Http.Reply, string]> = [
        [() => Http.html("<h1>Welcome to nginx</h1>"), "UnexpectedAnswer"],
        [() => new Response('{"images": [{"id":'), "UnexpectedAnswer"],
        [() => Http.json({ versions: [] }, 300), "EndpointVersionMismatch"],
        [() => Http.html("", 301, { location: "https://elsewhere.test/" }), "UnexpectedStatus"],
        [() => Http.html("", 302, { location: "https://elsewhere.test/" }), "UnexpectedStatus"],
        [() => Http.html("", 307, { location: "https://elsewhere.test/" }), "UnexpectedStatus"],
        [() => Http.html("", 308, { location: "https://elsewhere.test/" }), "UnexpectedStatus"],
        [
          () => new Response(new ReadableStream({ start: (controller) => controller.error(new Error("cut")) })),
          "TransportError"
        ]
      ]
      for (const [reply, tag] of cases) {
        const { error, requests } = yield* errorFor(reply)
        assert.strictEqual(error._tag, tag)
        assert.deepStrictEqual(requests, ["https://glance.test/v2/images"])
      }
    })
  )
})

describe("the option transformClient", () => {
  const mine = HttpClient.mapRequest(HttpClientRequest.setHeader("x-mine", "yes"))
  const marked = Effect.map(Http.sent, (all) => all.map(({ headers, method }) => `${method} ${headers["x-mine"]}`))

  it.effect("transforms the client below the layers, which sees each attempt with its token", () => {
    const seen: Array<string | undefined> = []
    const transformClient = (client: HttpClient.HttpClient) =>
      HttpClient.tapRequest(mine(client), ({ headers }) =>
        Effect.sync(() => {
          seen.push(headers["x-auth-token"])
        })
      )
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(list)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      // The login is that of another layer.
      assert.deepStrictEqual(yield* marked, ["POST undefined", "GET yes", "GET yes"])
      assert.deepStrictEqual(seen, ["token", "token"])
    }).pipe(
      Effect.provide(
        images(
          cloud(
            () => tokenAnswer("token"),
            (_, index) => (index === 0 ? Http.json({}, 503) : noImages())
          ),
          { transformClient }
        )
      )
    )
  })

  it.effect("transforms the client of logins as well if the layer logs in by itself", () => {
    const variables = [
      ["OS_AUTH_URL", "https://keystone.test"],
      ["OS_USERNAME", "alice"],
      ["OS_PASSWORD", "secret"]
    ] as const
    return Effect.gen(function* () {
      yield* list
      assert.deepStrictEqual(yield* marked, ["POST yes", "GET yes"])
    }).pipe(
      Effect.provide(
        Layer.provideMerge(Images.layer, Cloud.layerEnv({ transformClient: mine })).pipe(
          Layer.provideMerge(Http.layer(imagesAt("https://glance.test"))),
          Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(variables))))
        )
      )
    )
  })

  it.effect("may fail on statuses and add spans, which stand in those of the attempts", () => {
    const names: Array<string> = []
    const spanned = (client: HttpClient.HttpClient) =>
      HttpClient.filterStatusOk(
        HttpClient.transformResponse(client, (sent) =>
          Effect.zipRight(
            Effect.flatMap(Effect.orDie(Effect.currentSpan), ({ name }) => Effect.sync(() => names.push(name))),
            sent
          )
        )
      )
    return Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(list))._tag, "Forbidden")
      assert.deepStrictEqual(names, ["GET /v2/images"])
    }).pipe(
      Effect.provide(
        images(
          cloud(
            () => tokenAnswer("token"),
            () => Http.json({}, 403)
          ),
          { transformClient: spanned }
        )
      )
    )
  })
})

describe("an HTTP client of one's own", () => {
  it.effect("that fails on statuses serves as well: the answers are read, and refused tokens renewed", () =>
    Effect.gen(function* () {
      yield* list
      assert.deepStrictEqual(yield* tokens, ["token-0", "token-1"])
      const error = yield* Effect.flip(list)
      assert.strictEqual(error._tag, "Forbidden")
    }).pipe(
      Effect.provide(
        Layer.provideMerge(Images.layer, Cloud.layer()).pipe(
          Layer.provide(Keystone.layerPassword(credentials)),
          Layer.provide(
            Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, HttpClient.filterStatusOk))
          ),
          Layer.provideMerge(
            Http.layer(
              cloud(
                (_, index) => tokenAnswer(`token-${index}`),
                (_, index) => (index === 0 ? Http.html("", 401) : index === 1 ? noImages() : Http.html("", 403))
              )
            )
          )
        )
      )
    )
  )

  /** What `fetch` is called with. */
  const fetching = (
    provide: (layer: Layer.Layer<GlanceClient.GlanceClient>) => Layer.Layer<GlanceClient.GlanceClient>
  ) =>
    Effect.gen(function* () {
      const inits: Array<RequestInit | undefined> = []
      const fetch: typeof globalThis.fetch = async (_, init) => {
        inits.push(init)
        return noImages()
      }
      const port = Cloud.layerToken({ endpoint: "https://glance.test", token: Redacted.make("token") }).pipe(
        Layer.provide(FetchHttpClient.layer),
        Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch))
      )
      yield* Effect.provide(execute(), provide(port))
      return inits[0]
    })

  it.effect("that is fetch is told not to follow redirects", () =>
    Effect.gen(function* () {
      const init = yield* fetching((port) => port)
      assert.strictEqual(init?.redirect, "manual")
    })
  )

  it.effect("that is fetch keeps the options that it is given, but for redirects", () =>
    Effect.gen(function* () {
      const options = Layer.succeed(FetchHttpClient.RequestInit, { credentials: "include", redirect: "follow" })
      const init = yield* fetching(Layer.provide(options))
      assert.strictEqual(init?.credentials, "include")
      assert.strictEqual(init?.redirect, "manual")
      const calling = yield* fetching((port) => port).pipe(
        Effect.provideService(FetchHttpClient.RequestInit, { cache: "no-store" })
      )
      assert.strictEqual(calling?.cache, "no-store")
      assert.strictEqual(calling?.redirect, "manual")
    })
  )
})
