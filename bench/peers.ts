/** The same work by other clients, as far as they are installed, as Debian packages them. */
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import type { Sample } from "./item.js"
import * as Records from "./records.js"

const here = Path.dirname(fileURLToPath(import.meta.url))
const python = "/usr/bin/python3"
const script = Path.join(here, "peers.py")

const succeeds = (command: string, ...args: ReadonlyArray<string>) => spawnSync(command, args).status === 0

/** The program tells its own time, after its imports. */
const byProgram = (command: string, ...args: ReadonlyArray<string>): Sample => {
  const { stderr, stdout } = spawnSync(command, args, { encoding: "utf8" })
  if (!stdout.startsWith("{")) throw new Error(stderr)
  return { requests: 0, stub: 0, ...JSON.parse(stdout) }
}

const byPython =
  (module: string, work: string, ...args: ReadonlyArray<string>) =>
  async (root: string): Promise<Sample> =>
    byProgram(python, script, module, work, root, ...args)

/** Where Debian's packages put the sources of libraries in Go. */
const goPath = "/usr/share/gocode"

/** Nothing where there is no Go, or no gophercloud. */
const built = (): string | undefined => {
  const library = Path.join(goPath, "src/github.com/gophercloud/gophercloud")
  if (!Fs.existsSync(library) || !succeeds("go", "version")) return undefined
  const program = Path.join(here, ".out/peers")
  const env = { ...process.env, GO111MODULE: "off", GOPATH: goPath }
  const { status, stderr } = spawnSync("go", ["build", "-o", program, Path.join(here, "peers.go")], {
    encoding: "utf8",
    env
  })
  if (status !== 0) throw new Error(stderr)
  return program
}

let gophercloud: { readonly program: string | undefined } | undefined

const byGophercloud =
  (program: string, work: string, ...args: ReadonlyArray<string>) =>
  async (root: string): Promise<Sample> =>
    byProgram(program, work, root, ...args)

const byCurl =
  (...args: ReadonlyArray<string>) =>
  async (root: string): Promise<Sample> => {
    const began = performance.now()
    spawnSync("curl", ["--silent", "--fail", ...args, `${root}/v2/images/${Records.dataId}/file`])
    return { seconds: (performance.now() - began) / 1000, cpu: 0, resident: 0, requests: 1, stub: 0 }
  }

const works: { readonly [item: string]: ReadonlyArray<string> } = {
  "list 10,000 images, 1,000 a page": ["list", "1000"],
  "list 10,000 images, 25 a page": ["list", "25"],
  "list 100,000 images, 1,000 a page": ["list", "1000"],
  "the first 1,000 updates of a process": ["update", "1000", Records.idOf(17)],
  "1,000 updates in sequence": ["update", "1000", Records.idOf(17)]
}

const distributions = { glanceclient: "python-glanceclient", openstacksdk: "openstacksdk" }

/** Of what Python finds, be it Debian's or on its `PYTHONPATH`: the first two numbers. */
const versionOf = (distribution: string): string | undefined => {
  const program = `import importlib.metadata as m; print(m.version("${distribution}"))`
  const { stdout } = spawnSync(python, ["-c", program], { encoding: "utf8" })
  return /^\d+\.\d+/.exec(stdout)?.[0]
}

export const sidesOf = (item: string): { readonly [peer: string]: (root: string) => Promise<Sample> } => {
  const work = works[item]
  const sides: Record<string, (root: string) => Promise<Sample>> = {}
  if (work !== undefined) {
    gophercloud ??= { program: built() }
    if (gophercloud.program !== undefined)
      sides["gophercloud"] = byGophercloud(gophercloud.program, ...(work as [string, ...Array<string>]))
    for (const [name, distribution] of Object.entries(distributions)) {
      const version = versionOf(distribution)
      if (version !== undefined) sides[`${name} ${version}`] = byPython(name, ...(work as [string, ...Array<string>]))
    }
  }
  if (item === "download 256 MiB, discarded" && succeeds("curl", "--version"))
    sides["curl"] = byCurl("--output", "/dev/null")
  return sides
}
