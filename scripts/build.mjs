// Builds the packages, packs them into `dist/` as they would be published, lints the tarballs, and installs them into a
// project of their own that type-checks and runs.
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle } from "./cli.mjs"

const root = fileURLToPath(new URL("../", import.meta.url))
const names = ["core", "http", "memory", "node"]
const folder = (name) => join(root, "packages", name)
const bin = (name) => join(root, "node_modules/.bin", name)
const json = (path) => JSON.parse(readFileSync(path, "utf8"))
const { devDependencies, packageManager } = json(join(root, "package.json"))

const run = (command, args, cwd = root) => {
  console.log(`> ${[command.replace(root, ""), ...args].join(" ")}`)
  execFileSync(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"] })
}

/** Every public module of a package by name, because a linter does not expand a pattern in an exports map. */
const entrypoints = (name) => [
  ".",
  ...readdirSync(join(folder(name), "src"), { recursive: true })
    .filter((file) => file.endsWith(".ts") && !/(^|\/)internal\/|^index\.ts$|^bin\.ts$/.test(file))
    .map((file) => `./${file.replace(/\.ts$/, "")}`)
]

/** Fails if the tarball lacks a file that users need, or has one that they do not. */
const checkContents = (tarball, required, allowed) => {
  const files = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n")
  const always = ["package.json", "README.md", "LICENSE", "CHANGELOG.md"]
  const missing = [...always, ...required].filter((file) => !files.includes(`package/${file}`))
  const unexpected = files.filter((file) => !allowed.test(file) || /\.test(-d)?\.|buildinfo/.test(file))
  if (missing.length > 0) throw new Error(`${tarball} lacks ${missing.join(", ")}`)
  if (unexpected.length > 0) throw new Error(`${tarball} must not contain ${unexpected.join(", ")}`)
}

const library = /^package\/([^/]+|dist\/.+\.(js|d\.ts)(\.map)?|src\/.+\.ts)$/
const program = /^package\/([^/]+|dist\/(bin\.js|main\.cjs|main\.cjs\.LEGAL\.txt))$/

/** Packs a package as it would be published, and lints the tarball. */
const pack = (name, required, allowed) => {
  run("npx", ["--yes", packageManager, "pack", "--pack-destination", output], folder(name))
  const tarball = join(output, `effect-glance-${name}-${json(join(folder(name), "package.json")).version}.tgz`)
  checkContents(tarball, required, allowed)
  run(bin("publint"), [tarball, "--strict"])
  return tarball
}

for (const name of [...names, "cli"]) rmSync(join(folder(name), "dist"), { recursive: true, force: true })
run(bin("tsc"), ["--build", ...names.map(folder)])

const output = join(root, "dist")
rmSync(output, { recursive: true, force: true })
mkdirSync(output)
const tarballs = names.map((name) => {
  const tarball = pack(name, ["dist/index.js", "dist/index.d.ts"], library)
  run(bin("attw"), [tarball, "--profile", "esm-only", "--quiet", "--entrypoints", ...entrypoints(name)])
  return tarball
})
await bundle()
const commandLine = pack("cli", ["dist/bin.js", "dist/main.cjs"], program)

const project = mkdtempSync(join(tmpdir(), "effect-glance-"))
try {
  cpSync(join(root, "scripts/scratch"), project, { recursive: true })
  // The program in each README, as users copy it.
  for (const name of names) {
    const [, program] = /```ts\n(.*?)```/s.exec(readFileSync(join(folder(name), "README.md"), "utf8")) ?? []
    if (program === undefined) throw new Error(`packages/${name}/README.md has no program`)
    writeFileSync(join(project, `readme-${name}.ts`), program)
  }
  const installed = ["effect", "@effect/platform", "@effect/platform-node", "typescript", "@types/node"]
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({
      private: true,
      type: "module",
      dependencies: {
        ...Object.fromEntries(installed.map((name) => [name, devDependencies[name]])),
        ...Object.fromEntries(tarballs.map((tarball, index) => [`@effect-glance/${names[index]}`, `file:${tarball}`]))
      }
    })
  )
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], project)
  run(process.execPath, [join(project, "node_modules/typescript/bin/tsc")], project)
  run(process.execPath, ["main.js"], project)
  run(process.execPath, ["readmes.js", ...names.map((name) => `readme-${name}.js`)], project)
  run(join(project, "node_modules/.bin/glance-memory"), ["--help"], project)
} finally {
  rmSync(project, { recursive: true, force: true })
}

// The command line is alone in its project: its tarball has all that it needs.
const alone = mkdtempSync(join(tmpdir(), "effect-glance-cli-"))
try {
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", commandLine], alone)
  run(join(alone, "node_modules/.bin/effect-glance"), ["--version"], alone)
} finally {
  rmSync(alone, { recursive: true, force: true })
}

console.log("\nReady to publish or to install:")
for (const tarball of [...tarballs, commandLine]) {
  console.log(`  ${relative(root, tarball)}  ${Math.ceil(statSync(tarball).size / 1024)} KiB`)
}
