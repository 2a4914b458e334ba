// Compares docs/routes.md with the table of endpoints: each row of the table is a route of the documentation, and each
// route that a function calls is a row of the table. Run with tsx.
import { readFileSync } from "node:fs"
import * as Endpoints from "../packages/core/src/internal/endpoints.ts"

const nameless = (path) => path.replace(/\{\w+\}/g, "{}")

const table = new Set(
  [Endpoints, Endpoints.imageSchemas, Endpoints.metadefSchemas]
    .flatMap((rows) => Object.values(rows))
    .filter((endpoint) => endpoint?.service === "image" || endpoint?.service === "imageVersions")
    // The root stands in for `/versions` behind a proxy that hides it.
    .filter(({ path }) => path !== "/")
    .map(({ method, path }) => `${method} ${nameless(path)}`)
)

const text = readFileSync(new URL("../docs/routes.md", import.meta.url), "utf8")
const rows = Array.from(
  text.matchAll(/^\| `([A-Z]+) (\/\S*)` \| (`[\w.]+`|none) \|/gm),
  ([, method, path, calledBy]) => ({ route: `${method} ${nameless(path)}`, isCalled: calledBy !== "none" })
)

const documented = new Set(rows.map(({ route }) => route))
const problems = [
  ...[...table].filter((route) => !documented.has(route)).map((route) => `${route} is not in docs/routes.md`),
  ...rows.filter(({ isCalled, route }) => isCalled && !table.has(route)).map(({ route }) => `${route} has no endpoint`)
]
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
