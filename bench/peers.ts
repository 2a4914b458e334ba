/** The same work by other clients, as far as they are installed; Debian's packages use Debian's Python. */
import { spawnSync } from "node:child_process"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import type { Sample } from "./item.js"
import * as Records from "./records.js"

const python = "/usr/bin/python3"
const script = Path.join(Path.dirname(fileURLToPath(import.meta.url)), "peers.py")

const succeeds = (command: string, ...args: ReadonlyArray<string>) => spawnSync(command, args).status === 0

/** The script tells its own time, after its imports. */
const byPython =
  (module: string, work: string, ...args: ReadonlyArray<string>) =>
  async (root: string): Promise<Sample> => {
    const { stderr, stdout } = spawnSync(python, [script, module, work, root, ...args], { encoding: "utf8" })
    if (!stdout.startsWith("{")) throw new Error(stderr)
    return { requests: 0, stub: 0, ...JSON.parse(stdout) }
  }

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
  "1,000 updates in sequence": ["update", "1000", Records.idOf(17)]
}

export const sidesOf = (item: string): { readonly [peer: string]: (root: string) => Promise<Sample> } => {
  const work = works[item]
  const modules = { glanceclient: "glanceclient", openstacksdk: "openstack" }
  const sides: Record<string, (root: string) => Promise<Sample>> = {}
  if (work !== undefined) {
    for (const [name, module] of Object.entries(modules)) {
      // A hundred thousand take openstacksdk minutes, which say nothing that ten thousand do not.
      if (name === "openstacksdk" && item.includes("100,000")) continue
      if (succeeds(python, "-c", `import ${module}`))
        sides[name] = byPython(name, ...(work as [string, ...Array<string>]))
    }
  }
  if (item === "download 1 GiB, discarded" && succeeds("curl", "--version"))
    sides["curl"] = byCurl("--output", "/dev/null")
  return sides
}
