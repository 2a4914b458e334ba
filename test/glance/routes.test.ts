import { execFileSync } from "node:child_process"
import { assert, it } from "@effect/vitest"
import { routes } from "../support/routes.js"

/** Builds the service's router as the service does, and writes down what it maps. */
const source = `
import json
import routes
from oslo_config import cfg
from glance.api.v2 import router
cfg.CONF([], project="glance", default_config_files=[])
mapper = routes.Mapper()
router.API(mapper)
print(json.dumps([
    [method, route.routepath]
    for route in mapper.matchlist
    for method in (route.conditions or {}).get("method", [])
]))
`

it("the table of routes lists those of the service's router, each once", () => {
  const printed = execFileSync("/usr/bin/python3", ["-W", "ignore", "-c", source], { encoding: "utf8" })
  const theirs = JSON.parse(printed) as ReadonlyArray<readonly [method: string, path: string]>
  assert.deepStrictEqual(
    routes.map(({ method, path }) => `${method} ${path}`).sort(),
    theirs.map(([method, path]) => `${method} ${path}`).sort()
  )
})
