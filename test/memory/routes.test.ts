import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Glance, GlanceClient, ImageCache, ImageLocations, Images } from "@effect-glance/core"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { isAt, others, routes } from "../support/routes.js"

const sources = ["../contract/", "./"].flatMap((folder) => {
  const at = new URL(folder, import.meta.url)
  return readdirSync(at, { encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(new URL(file, at), "utf8"))
})

const newer = readFileSync(new URL("./newer.test.ts", import.meta.url), "utf8")

describe("the table of routes", () => {
  it.scoped("names functions that are there", () =>
    Effect.gen(function* () {
      const port = Layer.succeed(GlanceClient.GlanceClient, MemoryCloud.port(yield* MemoryCloud.make()))
      const services = yield* Layer.build(Glance.layer.pipe(Layer.provide(Layer.merge(port, NodeHasher.layer))))
      const byName = new Map(
        [...services.unsafeMap].map(([key, service]) => [key.replace(/^.*\//, ""), service as unknown])
      )
      for (const { calledBy } of [...routes, ...others]) {
        if (calledBy === undefined) continue
        const [module = "", ...path] = calledBy.split(".")
        const found = path.reduce((at, key) => (at as Record<string, unknown> | undefined)?.[key], byName.get(module))
        assert.isDefined(found, calledBy)
      }
    })
  )

  it("names tests that are there", () => {
    const missing = [...routes, ...others].filter(
      ({ shownBy }) =>
        !sources.some(
          (text) =>
            text.includes(`it.scoped(${JSON.stringify(shownBy)}`) || text.includes(`${JSON.stringify(shownBy)},`)
        )
    )
    assert.deepStrictEqual(missing, [])
  })

  it.scoped("names functions that call the routes of later releases", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({
        locationRoutes: true,
        cacheRoutes: true,
        images: [{ owner: "demo", data: "hello" }],
        fetchUri: () => Effect.succeed({ size: 1, body: Stream.make(new Uint8Array(1)) })
      })
      const memory = MemoryCloud.port(cloud, { roles: ["service", "member", "admin"] })
      const seen: Array<{ readonly spans: ReadonlyArray<string>; readonly method: string; readonly path: string }> = []
      const port: GlanceClient.Service = {
        ...memory,
        client: GlanceClient.makeClient((request) =>
          Effect.gen(function* () {
            const span = yield* Effect.currentSpan
            const response = yield* memory.client.execute(request)
            if (response.status < 300) seen.push({ spans: [span.name], method: request.method, path: request.url })
            return response
          }).pipe(Effect.orDie)
        )
      }
      const { cache, images, locations } = yield* Effect.all({
        images: Images.make,
        locations: ImageLocations.make,
        cache: ImageCache.make
      }).pipe(Effect.provideService(GlanceClient.GlanceClient, port))
      const image = yield* images.create({ diskFormat: "raw", containerFormat: "bare" })
      yield* locations.register(image, "https://mirror.test/disk")
      yield* locations.list(image)
      yield* cache.clean
      yield* cache.prune
      yield* cache.nodes(image)
      const unseen = others.filter(
        // What is not shown by the contract, which sees by itself who calls what.
        (route) =>
          newer.includes(route.shownBy) &&
          !seen.some((call) => call.spans.includes(route.calledBy ?? "") && isAt(route, call))
      )
      assert.deepStrictEqual(unseen, [])
    })
  )
})
