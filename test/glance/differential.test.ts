/**
 * Sends the same random requests to a real Glance and to the one in memory, and compares the responses. The requests
 * follow from a seed: `DIFFERENTIAL_SEED` in the environment, a whole number, or the usual one.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Glance from "../../packages/memory/src/internal/glance/index.js"
import { isAt, type Route, routes } from "../support/routes.js"
import { normalize } from "./differential/compare.js"
import { Generator } from "./differential/generate.js"
import { knownDifferences } from "./differential/known.js"
import { type Cloud, hasher, memoryServer, type Probe, realServer } from "./differential/servers.js"
import { deleteAllImages, emptyCache, emptyMetadefs, openWeb, settled } from "./differential/world.js"

const cloud = JSON.parse(process.env["GLANCE_TEST_CLOUD"] ?? "{}") as Cloud
/** The requests were made for 25.1. A shorter run shows the differences of another release. */
const requests = cloud.release === "30.0" ? 2_000 : 5_000
const lastOnes = 3
const usualSeed = 20_260_711
const seed = Number(process.env["DIFFERENTIAL_SEED"] ?? usualSeed)

const told = (probe: Probe, index: number): string =>
  `#${index} ${probe.who} ${probe.method} ${probe.target} ${JSON.stringify(probe.headers)} ${String(probe.body ?? "").slice(0, 400)}`

const nameOf = ({ method, path }: Pick<Route, "method" | "path">): string => `${method} ${path}`

const routeOf = ({ method, target }: Probe): string | undefined => {
  const path = target.replace(/^\/v2(?:\.\d+)?(?=\/)|\?.*$/g, "")
  const route = routes.find((one) => isAt(one, { method, path }))
  return route === undefined ? undefined : nameOf(route)
}

/** Each server would give an id of its own to a task and to the image that it makes; and no task can be deleted. */
const neverSucceeds = ["POST /tasks", "GET /tasks/{task_id}", "DELETE /tasks/{task_id}"]

describe("the Glance in memory, beside a real one", () => {
  it(`answers ${requests} random requests of seed ${seed} as the real one does`, { timeout: 1_200_000 }, async () => {
    const web = await openWeb()
    const scope = Effect.runSync(Scope.make())
    try {
      assert.isTrue(Number.isSafeInteger(seed), "DIFFERENTIAL_SEED is not a whole number")
      const glance = await Effect.runPromise(
        Glance.make({
          release: cloud.release,
          hasher,
          fetchUri: web.fetchUri,
          showMultipleLocations: true,
          showDirectUrl: true,
          keystoneUrl: cloud.authUrl,
          importHosts: ["127.0.0.1"]
        }).pipe(Scope.extend(scope))
      )
      const real = await realServer(cloud)
      const memory = memoryServer(cloud, glance)
      await deleteAllImages(real)
      await emptyCache(real)
      await emptyMetadefs(real, memory)

      const salt = Date.now().toString(16).slice(-8)
      const generator = new Generator(cloud, seed, salt, web.uris)
      const different: Array<{ probe: string; real: unknown; memory: unknown }> = []
      const known = new Map<string, number>()
      const statuses = new Map<number, number>()
      const last: Array<Probe> = []
      const asked = new Set<string>()
      const succeeded = new Set<string>()
      for (let index = 0; index < requests; index++) {
        if (index === requests - lastOnes) last.push(...generator.last())
        const probe = last.shift() ?? generator.next()
        const theirs = await real(probe)
        const ours = await memory(probe)
        statuses.set(theirs.status, (statuses.get(theirs.status) ?? 0) + 1)
        const route = routeOf(probe)
        if (route !== undefined) (theirs.status < 300 ? succeeded : asked).add(route)
        const a = normalize(theirs, generator.ids)
        const b = normalize(ours, generator.ids)
        if (JSON.stringify(a) !== JSON.stringify(b)) {
          const reason = knownDifferences.find((difference) => difference.applies(probe, a, b))
          if (reason === undefined) different.push({ probe: told(probe, index), real: a, memory: b })
          else known.set(reason.name, (known.get(reason.name) ?? 0) + 1)
        }
        if (theirs.status === 202 && probe.target.endsWith("/import")) {
          const imageId = probe.target.split("/")[3] ?? ""
          await settled(real, imageId)
          await settled(memory, imageId)
        }
      }
      assert.deepStrictEqual(different.slice(0, 5), [], `${different.length} answers differ`)
      // What the usual seed reaches is known for the release that the requests were made for. Other seeds reach other things.
      if (seed !== usualSeed || cloud.release !== "25.1") return
      // The generator is worth something only while its requests get far enough to be answered in many ways.
      const seen = [200, 201, 202, 204, 206, 300, 400, 401, 403, 404, 405, 409, 410, 415, 416, 500]
      assert.deepStrictEqual(
        seen.filter((status) => !statuses.has(status)),
        [],
        "statuses that did not occur"
      )
      // Nor while one of the service's routes is left out, or always refused.
      assert.deepStrictEqual(
        routes
          .map(nameOf)
          .filter((route) => !succeeded.has(route) && !(neverSucceeds.includes(route) && asked.has(route))),
        [],
        "routes that were not asked with success"
      )
      // A table that explains what no longer happens is a table nobody believes.
      assert.deepStrictEqual(
        knownDifferences.filter(({ name }) => !known.has(name)).map(({ name }) => name),
        [],
        "known differences that did not occur"
      )
    } finally {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      web.close()
    }
  })
})
