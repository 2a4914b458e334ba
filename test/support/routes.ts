/** The table of routes in the documentation, as the tests read it. */
import { readFileSync } from "node:fs"

export interface Route {
  readonly method: string
  /** Below the version, with names in braces for what varies. */
  readonly path: string
  /** `Module.function` of core, or none. */
  readonly calledBy: string | undefined
  /** The title of the test that shows it. */
  readonly shownBy: string
}

const text = readFileSync(new URL("../../docs/routes.md", import.meta.url), "utf8")

const row = /^\| `([A-Z]+) (\/\S*)` \| (?:`([\w.]+)`|none) \| (\S.*\S) \|$/

/** The rows below the heading that begins so. */
const under = (heading: string): ReadonlyArray<Route> => {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? ""
  const lines = section.split("\n").filter((line) => line.startsWith("| `"))
  if (lines.length === 0) throw new Error(`docs/routes.md has no rows below "${heading}"`)
  return lines.map((line) => {
    const [, method, path, calledBy, shownBy] = row.exec(line) ?? []
    if (method === undefined || path === undefined || shownBy === undefined) {
      throw new Error(`docs/routes.md: not a whole row: ${line}`)
    }
    return { method, path, calledBy, shownBy }
  })
}

/** What the router of Glance 25.1 knows. */
export const routes = under("The router of Glance 25.1")

/** What stands beside its router, or came later. */
export const others = under("Beside it, and later")

/** What the router of Glance 30.0 knows besides. */
export const locationRoutes = others.filter(({ path }) => path.endsWith("/locations"))

/** Whether a request is one to the route. */
export const isAt = (
  { method, path }: Pick<Route, "method" | "path">,
  request: { readonly method: string; readonly path: string }
): boolean => method === request.method && new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`).test(request.path)
