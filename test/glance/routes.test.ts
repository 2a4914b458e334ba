import { execFileSync } from "node:child_process"
import { assert, it } from "@effect/vitest"
import { locationRoutes, routes } from "../support/routes.js"

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

/** The cloud of this run: its release, and the folder that its Glance takes for `/`; "" is this machine. */
const { release, root } = JSON.parse(process.env["GLANCE_TEST_CLOUD"] ?? "{}") as { release: string; root: string }

it(`the table of routes lists those of the router of Glance ${release}, each once`, () => {
  const command = ["/usr/bin/python3", "-W", "ignore", "-c", source]
  const [file = "", ...args] = root === "" ? command : ["chroot", root, ...command]
  const printed = execFileSync(file, args, { encoding: "utf8" })
  const theirs = JSON.parse(printed) as ReadonlyArray<readonly [method: string, path: string]>
  assert.deepStrictEqual(
    [...routes, ...(release === "30.0" ? locationRoutes : [])].map(({ method, path }) => `${method} ${path}`).sort(),
    theirs.map(([method, path]) => `${method} ${path}`).sort()
  )
})
