import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Projects, type TheCloud } from "./cloud.js"
import { differences } from "./differences.js"

export const discovery = (it: Vitest.MethodsNonLive<Projects | TheCloud, true>) => {
  it.scoped("the versions are a set of what the cloud can do", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const versions = yield* alice.discovery.versions
      const { currentVersion, hasLocationRoutes } = yield* differences
      // Several stores and a cache, and the locations that came later where they are there.
      assert.isTrue(["v2.0", "v2.8", "v2.13", "v2.16"].every((version) => versions.has(version)))
      assert.strictEqual(versions.has("v2.17"), hasLocationRoutes)
      assert.deepStrictEqual(
        [...versions].filter(([, status]) => status === "CURRENT").map(([version]) => version),
        [currentVersion]
      )
    })
  )

  it.scoped("raw: the root of the service answers 300, and that is the same list", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const response = yield* alice.http.unversioned.execute(HttpClientRequest.get("/"))
      assert.strictEqual(response.status, 300)
      const { versions } = (yield* response.json) as { readonly versions: ReadonlyArray<{ readonly id: string }> }
      assert.deepStrictEqual(
        versions.map(({ id }) => id),
        [...(yield* alice.discovery.versions).keys()]
      )
    })
  )

  it.scoped("what the cloud offers is asked for once, by however many at once", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      yield* alice.discovery.refresh
      const all = Effect.all(
        [alice.discovery.importMethods, alice.discovery.stores, alice.discovery.imageSchema, alice.discovery.versions],
        { concurrency: "unbounded" }
      )
      const [answers, sent] = yield* alice.counting(Effect.all([all, all, all], { concurrency: "unbounded" }))
      assert.strictEqual(sent.length, 4)
      const [methods, stores, schema] = answers[2]
      assert.deepStrictEqual(methods, ["glance-direct", "web-download", "copy-image", "glance-download"])
      assert.deepStrictEqual(
        stores.map(({ id, isDefault, isReadOnly, type }) => [id, isDefault, isReadOnly, Option.isSome(type)]),
        [
          ["fast", true, false, false],
          ["slow", false, false, false],
          ["web", false, true, false]
        ]
      )
      assert.strictEqual(schema["name"], "image")
      const [, more] = yield* alice.counting(all)
      assert.deepStrictEqual(more, [])
    })
  )

  it.scoped("a cloud without quotas in Keystone reports no usage", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      assert.strictEqual((yield* alice.discovery.usage).size, 0)
    })
  )
}
