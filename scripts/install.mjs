// Installs the workspace with the pnpm that package.json pins, so that a fresh clone needs Node and npm only.
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"

const root = new URL("../", import.meta.url)
const read = (path) => {
  try {
    return readFileSync(new URL(path, root), "utf8")
  } catch {
    return undefined
  }
}

// pnpm leaves a copy of the lock file that it installed: equal means there is nothing to do.
if (read("pnpm-lock.yaml") !== read("node_modules/.pnpm/lock.yaml")) {
  const { packageManager } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"))
  const { status } = spawnSync("npx", ["--yes", packageManager, "install", "--frozen-lockfile"], {
    cwd: root,
    stdio: ["ignore", 2, 2]
  })
  if (status !== 0) process.exit(status ?? 1)
}
