// Builds the packages, packs them as they would be published, lints the tarballs, and installs them into a project of
// their own that type-checks and runs.
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../", import.meta.url))
const packages = ["core", "http", "memory", "node"].map((name) => join(root, "packages", name))
const bin = (name) => join(root, "node_modules/.bin", name)
const { devDependencies, packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

const run = (command, args, cwd = root) => {
  console.log(`> ${[command.replace(root, ""), ...args].join(" ")}`)
  execFileSync(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"] })
}

/** Every module of the package by name, since a pattern in an exports map is not looked into. */
const entrypoints = (tarball) => [
  ".",
  ...readdirSync(join(root, "packages", nameOf(tarball), "src"), { recursive: true })
    .filter((file) => file.endsWith(".ts") && !/(^|\/)internal\/|^index\.ts$|^bin\.ts$/.test(file))
    .map((file) => `./${file.replace(/\.ts$/, "")}`)
]

const nameOf = (tarball) => tarball.replace(/^effect-glance-(\w+)-.*$/, "$1")

for (const directory of packages) rmSync(join(directory, "dist"), { recursive: true, force: true })
run(bin("tsc"), ["--build", ...packages])

const scratch = mkdtempSync(join(tmpdir(), "effect-glance-"))
try {
  for (const directory of packages)
    run("npx", ["--yes", packageManager, "pack", "--pack-destination", scratch], directory)
  const tarballs = readdirSync(scratch).filter((file) => file.endsWith(".tgz"))
  for (const tarball of tarballs) {
    run(bin("publint"), [join(scratch, tarball), "--strict"])
    run(bin("attw"), [
      join(scratch, tarball),
      "--profile",
      "esm-only",
      "--quiet",
      "--entrypoints",
      ...entrypoints(tarball)
    ])
  }

  const project = join(scratch, "project")
  mkdirSync(project)
  cpSync(join(root, "scripts/scratch"), project, { recursive: true })
  const installed = ["effect", "@effect/platform", "@effect/platform-node", "typescript", "@types/node"]
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({
      private: true,
      type: "module",
      dependencies: {
        ...Object.fromEntries(installed.map((name) => [name, devDependencies[name]])),
        ...Object.fromEntries(tarballs.map((tarball) => [`@effect-glance/${nameOf(tarball)}`, `file:../${tarball}`]))
      }
    })
  )
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], project)
  run(process.execPath, [join(project, "node_modules/typescript/bin/tsc")], project)
  run(process.execPath, ["main.js"], project)
  run(join(project, "node_modules/.bin/glance-memory"), ["--help"], project)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
