/**
 * Compares the library with undici and `JSON.parse` alone, or with the library of another checkout. Each side runs in a
 * process of its own, and the sides run their blocks of work in turn, against a stub in another process.
 *
 *     npm run bench                       all items, compared with undici
 *     npm run bench -- --against DIR      all items, compared with the library of the checkout in DIR
 *     npm run bench -- --only list        the items with this word in their name
 *     npm run bench -- --rounds 1         that many processes of each side, one after the other
 *     npm run bench -- --peers            also glanceclient, openstacksdk, gophercloud and curl, if they are installed
 *     npm run bench -- --write            writes results.json and plot.svg beside this file, and the table in docs/performance.md
 *     npm run bench -- --check            fails if a ratio is worse by more than a quarter than in results.json,
 *                                         also when it is measured again
 */
import { type ChildProcess, fork, spawn } from "node:child_process"
import { once } from "node:events"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { parseArgs } from "node:util"
import { bundle, here, root } from "./bundle.js"
import type { Item, Sample } from "./item.js"
import { items } from "./items/index.js"
import { clean } from "./items/transfers.js"
import * as Peers from "./peers.js"
import * as Report from "./report.js"

const { values: options } = parseArgs({
  options: {
    against: { type: "string" },
    only: { type: "string" },
    rounds: { type: "string" },
    peers: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    check: { type: "boolean", default: false }
  }
})

/** One side of an item, which measures a block each time. */
interface Worker {
  readonly block: () => Promise<Sample>
  readonly stop: () => void
}
type Start = (stub: string) => Promise<Worker>
type Work = Omit<Item, "sides"> & { readonly sides: { readonly [name: string]: Start } }

/** Never succeeds: fails when the process ends. */
const untilExit = async (child: ChildProcess): Promise<never> => {
  const [code] = await once(child, "exit")
  throw new Error(`${child.spawnargs.join(" ")} ended with ${code}`)
}

/** A process that lives for all blocks of a round. */
const worker =
  (program: string, item: string, side: string): Start =>
  async (stub) => {
    const child = fork(program, [item, side, stub])
    const exit = untilExit(child)
    exit.catch(() => {})
    const reply = async () => (await Promise.race([once(child, "message"), exit]))[0]
    await reply()
    return {
      block: () => {
        child.send("block")
        return reply() as Promise<Sample>
      },
      stop: () => child.kill()
    }
  }

/**
 * A process for each block, measured from its start to its line, which has its processor time. Not to its end: before
 * that, Node waits 50 ms for the compiler of undici's parser, with or without the library.
 */
const starting =
  (program: string, toImage: boolean): Start =>
  async (stub) => ({
    block: async () => {
      const began = performance.now()
      const child = spawn(process.execPath, [program, ...(toImage ? [`${stub}/10000`] : [])], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      const exit = once(child, "exit")
      const [line] = await Promise.race([once(child.stdout, "data"), untilExit(child)])
      const seconds = (performance.now() - began) / 1000
      await exit
      const [cpu = 0, resident = 0] = String(line).split(" ").map(Number)
      return { seconds, cpu, resident, requests: toImage ? 1 : 0, stub: 0 }
    },
    stop: () => {}
  })

const coldStart = async (checkout: string): Promise<Work> => {
  const packages = ["effect", "@effect/platform", "@effect/platform-node", "undici"]
  const deep = await bundle(checkout, "cold.ts", { external: packages.flatMap((name) => [name, `${name}/*`]) })
  const single = await bundle(checkout, "cold.ts", { minify: true })
  return {
    name: "process start to first image",
    sides: {
      floor: starting(deep, false),
      library: starting(deep, true),
      "library, in one file": starting(single, true)
    },
    requests: 1,
    target: 1.1,
    rounds: 21,
    warm: 0
  }
}

const worksOf = async (checkout: string): Promise<ReadonlyArray<Work>> => {
  const program = await bundle(checkout, "child.ts", { minify: true })
  const sidesOf = ({ name, sides }: Item) =>
    Object.fromEntries(Object.keys(sides).map((side) => [side, worker(program, name, side)]))
  return [...items.map((item) => ({ ...item, sides: sidesOf(item) })), await coldStart(checkout)]
}

/** The sides of the library in this checkout and in another one, each pair as a work of its own. */
const pairs = (old: ReadonlyArray<Work>, works: ReadonlyArray<Work>): ReadonlyArray<Work> =>
  works.flatMap(({ name, sides, target: _, ...work }, index) =>
    Object.entries(sides)
      .filter(([side]) => side.startsWith("library"))
      .map(([side, start]) => ({
        ...work,
        name: Report.label(name, side),
        sides: { old: old[index]?.sides[side] ?? start, new: start }
      }))
  )

/** Blocks in the order A B, B A, A B, so that what else the machine does meets all sides alike. */
const samplesOf = async (work: Work, stub: string): Promise<Map<string, Array<Sample>>> => {
  const { blocks = 1, warm = 1 } = work
  const samples = new Map<string, Array<Sample>>(Object.keys(work.sides).map((name) => [name, []]))
  for (let round = 0; round < Number(options.rounds ?? work.rounds ?? 5); round++) {
    const workers: Array<readonly [string, Worker]> = []
    try {
      for (const [name, start] of Object.entries(work.sides)) workers.push([name, await start(stub)])
      for (let block = -warm; block < blocks; block++) {
        const order = (round + block) % 2 === 0 ? workers : [...workers].reverse()
        for (const [name, { block: measure }] of order) {
          const sample = await measure()
          if (block >= 0) samples.get(name)?.push(sample)
        }
      }
    } finally {
      for (const [, { stop }] of workers) stop()
    }
  }
  return samples
}

const measured = async (work: Work, stub: string): Promise<Report.Result> => {
  const samples = await samplesOf(work, stub)
  // Peers take minutes, and are compared by whole multiples.
  if (options.peers)
    for (const [name, side] of Object.entries(Peers.sidesOf(work.name)))
      samples.set(name, [await side(`${stub}/${work.cloud ?? 10_000}`)])
  const result = Report.summary(work, samples)
  console.log(Report.lines(result).join("\n"))
  return result
}

const startStub = async (program: string) => {
  const child = spawn(process.execPath, [program, "stub"], { stdio: ["ignore", "pipe", "inherit"] })
  const [line] = await once(child.stdout, "data")
  return { url: `http://127.0.0.1:${String(line).trim()}`, stop: () => child.kill() }
}

const readCommitted = (): Report.Committed => {
  const file = Path.join(here, "results.json")
  return Fs.existsSync(file) ? JSON.parse(Fs.readFileSync(file, "utf8")) : { results: [] }
}

const own = await worksOf(root)
const all = options.against === undefined ? own : pairs(await worksOf(Path.resolve(options.against)), own)
const chosen = all.filter(({ name }) => name.includes(options.only ?? ""))
if (chosen.length === 0)
  throw new Error(`no item has ${options.only} in its name:\n${all.map(({ name }) => name).join("\n")}`)
if (options.against !== undefined && (options.check || options.write || options.peers))
  throw new Error("--against cannot be combined with --check, --write or --peers")
const committed = readCommitted()
const stub = await startStub(await bundle(root, "child.ts", { minify: true }))
try {
  const results: Array<Report.Result> = []
  const failures: Array<string> = []
  for (const work of chosen) {
    let result = await measured(work, stub.url)
    failures.push(...result.complaints)
    if (options.check && Report.worse([result], committed).length > 0) {
      result = await measured(work, stub.url)
      failures.push(...result.complaints)
    }
    results.push(result)
  }
  if (options.against !== undefined) console.log(`\n${Report.comparison(results)}`)
  if (options.check) failures.push(...Report.worse(results, committed))
  if (options.write) {
    const machine = `Node ${process.versions.node}, ${Os.availableParallelism()} shared cores`
    const earlier = chosen.length < all.length ? committed.results : []
    Report.write({ here, root, machine, results, earlier })
  }
  for (const failure of failures) console.error(failure)
  if (failures.length > 0) process.exitCode = 1
} finally {
  stub.stop()
  clean()
}
