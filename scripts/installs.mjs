// Tries the install lines of the READMEs and of the start page in empty folders with npm, pnpm and Yarn 1 and 4, with the tarballs of `dist/` for
// the packages of this repository. Then runs the program of each package's README, with a cloud in memory.
import { execFileSync, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"
import ts from "typescript"

const root = fileURLToPath(new URL("../", import.meta.url))
const read = (path) => readFileSync(join(root, path), "utf8")
const { packageManager } = JSON.parse(read("package.json"))
const { version } = JSON.parse(read("packages/core/package.json"))

const tools = [
  { name: "npm", line: /^npm install .*@effect-glance\/.*$/m, install: ["npm"], node: [process.execPath] },
  {
    name: "pnpm",
    line: /^pnpm add .*@effect-glance\/.*$/m,
    install: ["npx", "--yes", packageManager],
    node: [process.execPath]
  },
  {
    name: "Yarn 1",
    line: /^yarn add .*@effect-glance\/.*$/m,
    install: ["npx", "--yes", "yarn@1"],
    node: [process.execPath]
  },
  {
    name: "Yarn 4",
    line: /^yarn add .*@effect-glance\/.*$/m,
    // Without a lock file here, Yarn 4 takes a folder above for the project.
    files: { "package.json": "{}", "yarn.lock": "" },
    install: ["npx", "--yes", "--package=@yarnpkg/cli-dist@4", "yarn"],
    node: ["npx", "--yes", "--package=@yarnpkg/cli-dist@4", "yarn", "node"]
  }
]

/** The arguments of an install line, with tarballs for the packages of this repository. */
const argumentsOf = (line) =>
  line
    .split(" ")
    .slice(1)
    .map((word) =>
      word.replace(/^@effect-glance\/(\w+)$/, (name, short) => {
        const tarball = join(root, `dist/effect-glance-${short}-${version}.tgz`)
        if (!existsSync(tarball)) throw new Error(`${tarball} is missing: run \`npm run build\` first`)
        return `${name}@file:${tarball}`
      })
    )

const run = ([command, ...args], cwd, env = process.env) =>
  execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })

/** Starts a cloud in memory, and returns the variables that it prints. */
const startCloud = async () => {
  const cloud = spawn(
    process.execPath,
    ["--import", "tsx", "packages/node/src/bin.ts", "--image", "debian,owner=demo,status=active"],
    { cwd: root, stdio: ["ignore", "pipe", "inherit"] }
  )
  let text = ""
  for await (const chunk of cloud.stdout) {
    text += chunk
    const variables = [...text.matchAll(/^export (\w+)=(.*)\n/gm)].map(([, name, value]) => [name, value])
    if (text.includes("OS_REGION_NAME=")) return { cloud, variables: Object.fromEntries(variables) }
  }
  throw new Error("the cloud in memory did not start")
}

const { cloud, variables } = await startCloud()
try {
  // Lines that were tried, of READMEs without a program.
  const tried = new Set()
  for (const readme of [
    ...["core", "http", "memory", "node"].map((name) => `packages/${name}/README.md`),
    "README.md",
    "docs/start.md"
  ]) {
    const text = read(readme)
    const [, program] = (readme.startsWith("packages/") && /```ts\n(.*?)```/s.exec(text)) || []
    for (const { name, line, files = {}, install, node } of tools) {
      const [found] = line.exec(text) ?? []
      if (found === undefined) throw new Error(`${readme} has no install line for ${name}`)
      if (program === undefined && tried.has(`${name} ${found}`)) continue
      tried.add(`${name} ${found}`)
      const folder = mkdtempSync(join(tmpdir(), "effect-glance-install-"))
      try {
        console.log(`${readme}, ${name}: ${found}`)
        for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content)
        run([...install, ...argumentsOf(found)], folder)
        if (program === undefined) continue
        const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
        writeFileSync(join(folder, "main.ts"), program)
        writeFileSync(join(folder, "main.mjs"), ts.transpile(program, options))
        const output = run([...node, "main.mjs"], folder, { ...process.env, ...variables })
        if (output.trim() === "") throw new Error(`the program of ${readme} printed nothing`)
        console.log(`  ${stripVTControlCharacters(output).trim()}`)
      } catch (error) {
        console.error(error.stdout, error.stderr)
        throw error
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    }
  }
} finally {
  cloud.kill()
}
