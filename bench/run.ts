/**
 * What the library takes, as multiples of what undici and `JSON.parse` take for the same work. Floor and library run in
 * turn, each in a process of its own, against a stub in another.
 *
 *     npm run bench                       all items; the table on the terminal
 *     npm run bench -- --only list        those whose name has the word
 *     npm run bench -- --peers            also glanceclient, openstacksdk, gophercloud and curl, as far as installed
 *     npm run bench -- --write            results.json and plot.svg beside this file, and the table in the README
 *     npm run bench -- --check            fails where a ratio is worse by more than a quarter than in results.json,
 *                                         also when it is measured again
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import * as Fs from "node:fs"
import { createRequire } from "node:module"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import type { Item, Sample } from "./item.js"
import * as Peers from "./peers.js"
import * as Report from "./report.js"

const here = Path.dirname(fileURLToPath(import.meta.url))
const out = Path.join(here, ".out")

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string" },
    peers: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    check: { type: "boolean", default: false }
  }
})

/** As JavaScript, since the loader of TypeScript would be measured as well. */
const bundle = (entry: string, name: string, ...more: ReadonlyArray<string>): string => {
  const outfile = Path.join(out, `${name}.mjs`)
  const esbuild = createRequire(createRequire(import.meta.url).resolve("tsx")).resolve("esbuild/bin/esbuild")
  const banner = 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);'
  execFileSync(process.execPath, [
    ...[esbuild, Path.join(here, entry), "--bundle", "--platform=node", "--format=esm", "--target=node20"],
    ...["--log-level=error", `--outfile=${outfile}`, `--banner:js=${banner}`, ...more]
  ])
  return outfile
}

const output = async (child: ChildProcess): Promise<string> => {
  let text = ""
  child.stdout?.on("data", (piece) => {
    text += piece
  })
  const [code] = (await once(child, "close")) as [number | null]
  if (code !== 0) throw new Error(`${child.spawnargs.join(" ")} ended with ${code}`)
  return text
}

const node = (...args: ReadonlyArray<string>) => spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })

type Side = (stub: string) => Promise<Sample>
type Runnable = Omit<Item, "sides"> & { readonly sides: { readonly [name: string]: Side } }

const ownItems = async (program: string): Promise<ReadonlyArray<Runnable>> => {
  const items: ReadonlyArray<Omit<Item, "sides"> & { sides: ReadonlyArray<string> }> = JSON.parse(
    await output(node(program, "list"))
  )
  return items.map((item) => ({
    ...item,
    sides: Object.fromEntries(
      item.sides.map((side) => [
        side,
        async (stub: string) => JSON.parse(await output(node(program, "measure", item.name, side, stub))) as Sample
      ])
    )
  }))
}

/**
 * From the start of the process to its line, which tells its processor time. Not to its end: before that Node waits for
 * the compiler of the parser in undici, a twentieth of a second, whoever uses undici.
 */
const coldStart = (): Runnable => {
  const packages = ["effect", "@effect/platform", "@effect/platform-node", "undici"]
  const deep = bundle("cold.ts", "cold", ...packages.flatMap((name) => [`--external:${name}`, `--external:${name}/*`]))
  const single = bundle("cold.ts", "cold-single", "--minify")
  const side =
    (program: string, toImage: boolean): Side =>
    async (stub) => {
      const began = performance.now()
      const child = node(program, ...(toImage ? [`${stub}/10000`] : []))
      const told = once(child.stdout as NodeJS.ReadableStream, "data").then(() => performance.now())
      const cpu = Number(await output(child))
      return { seconds: ((await told) - began) / 1000, cpu, resident: 0, requests: toImage ? 1 : 0, stub: 0 }
    }
  return {
    name: "process start to first image",
    sides: { floor: side(deep, false), library: side(deep, true), "library, in one file": side(single, true) },
    requests: 1,
    target: 1.1,
    rounds: 7
  }
}

const startStub = async (program: string) => {
  const child = node(program, "stub")
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer]
  return { url: `http://127.0.0.1:${line.toString().trim()}`, stop: () => child.kill() }
}

const program = bundle("child.ts", "child", "--minify")
const stub = await startStub(program)
try {
  const all = [...(await ownItems(program)), coldStart()]
  const chosen = all.filter(({ name }) => name.includes(options.only ?? ""))
  if (chosen.length === 0)
    throw new Error(`no item has ${options.only} in its name:\n${all.map(({ name }) => name).join("\n")}`)
  const file = Path.join(here, "results.json")
  const committed: Report.Committed = Fs.existsSync(file) ? JSON.parse(Fs.readFileSync(file, "utf8")) : { results: [] }
  const measured = async (item: Runnable): Promise<Report.Result> => {
    const sides = Object.entries(item.sides)
    const peers = options.peers ? Object.entries(Peers.sidesOf(item.name)) : []
    const samples = new Map<string, Array<Sample>>([...sides, ...peers].map(([name]) => [name, []]))
    const rounds = Number(options.rounds ?? item.rounds ?? 5)
    for (let round = 0; round < rounds; round++) {
      for (const [name, side] of sides) samples.get(name)?.push(await side(stub.url))
      // Peers take minutes, and are compared by whole multiples.
      if (round === 0)
        for (const [name, side] of peers) samples.get(name)?.push(await side(`${stub.url}/${item.cloud ?? 10_000}`))
    }
    const result = Report.summary(item, samples)
    console.log(Report.lines(result).join("\n"))
    return result
  }
  const results: Array<Report.Result> = []
  const failures: Array<string> = []
  for (const item of chosen) {
    let result = await measured(item)
    failures.push(...result.complaints)
    if (options.check && Report.worse([result], committed).length > 0) {
      result = await measured(item)
      failures.push(...result.complaints)
    }
    results.push(result)
  }
  if (options.check) failures.push(...Report.worse(results, committed))
  if (options.write) {
    const machine = `Node ${process.versions.node}, ${Os.availableParallelism()} shared cores`
    const earlier = chosen.length < all.length ? committed.results : []
    Report.write({ here, root: Path.dirname(here), machine, results, earlier })
  }
  for (const failure of failures) console.error(failure)
  if (failures.length > 0) process.exitCode = 1
} finally {
  stub.stop()
  await output(node(program, "clean"))
}
