// Runs the tests that need no server on each release of Node that the packages are for, as npm carries them.
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../", import.meta.url))
const versions = process.argv.length > 2 ? process.argv.slice(2) : ["20.19", "22", "24"]
// What is about memory is the same on each, and takes long.
const leftOut = ["--exclude", "test/wire/memory.test.ts"]
const platform = `node-${process.platform}-${process.arch}`

let status = 0
for (const version of versions) {
  const directory = mkdtempSync(join(tmpdir(), "effect-glance-node-"))
  try {
    execFileSync(
      "npm",
      ["install", "--prefix", directory, "--no-audit", "--no-fund", "--loglevel=error", `${platform}@${version}`],
      { stdio: ["ignore", 2, 2] }
    )
    const bin = join(directory, "node_modules", platform, "bin")
    console.log(`=== Node ${execFileSync(join(bin, "node"), ["--version"], { encoding: "utf8" }).trim()}`)
    // First in the path as well, for the programs that tests start.
    const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}` }
    const tests = spawnSync(
      join(bin, "node"),
      ["node_modules/vitest/vitest.mjs", "run", "--project", "unit", ...leftOut],
      {
        cwd: root,
        env,
        stdio: ["ignore", "inherit", "inherit"]
      }
    )
    status ||= tests.status ?? 1
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
process.exit(status)
