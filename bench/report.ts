/** Medians and their ratios, as lines, JSON, a plot and tables. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { Item, Measure, Sample } from "./item.js"

interface Median {
  readonly median: number
  readonly least: number
  readonly most: number
}

export interface SideResult {
  readonly name: string
  readonly seconds: Median
  readonly cpu: Median
  readonly resident: number
  readonly requests: number
  /** Processor time of the stub, as a part of the time that passed. */
  readonly stub: number
  /** Ratios to the block of the floor beside it: of seconds, of processor time, and of the most that was resident. */
  readonly ratio: Median
  readonly cpuRatio: Median
  readonly residentRatio: Median
}

export interface Result {
  readonly name: string
  readonly measure: Measure
  readonly target: number | undefined
  readonly sides: ReadonlyArray<SideResult>
  /** Failures that do not depend on the speed of the machine. */
  readonly complaints: ReadonlyArray<string>
}

/** The ratio that counts. */
const ratioOf = (measure: Measure, side: SideResult): Median => (measure === "cpu" ? side.cpuRatio : side.ratio)

/** The name of an item and one of the library's sides. */
export const label = (item: string, side: string): string =>
  side === "library" ? item : `${item}: ${side.replace("library, ", "")}`

const medianOf = (numbers: ReadonlyArray<number>): Median => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const at = (index: number) => Number((sorted[index] ?? Number.NaN).toPrecision(4))
  return { median: at(sorted.length >> 1), least: at(0), most: at(sorted.length - 1) }
}

export const summary = (
  item: Pick<Item, "name" | "measure" | "target" | "memory" | "requests">,
  samples: ReadonlyMap<string, ReadonlyArray<Sample>>
): Result => {
  const floor = [...samples.values()][0] ?? []
  const sides = [...samples].map(([name, all]) => {
    const over = (value: (sample: Sample) => number) =>
      medianOf(all.map((sample, block) => value(sample) / value(floor[block] ?? sample)))
    return {
      name,
      seconds: medianOf(all.map(({ seconds }) => seconds)),
      cpu: medianOf(all.map(({ cpu }) => cpu)),
      resident: Math.round(Math.max(...all.map(({ resident }) => resident))),
      requests: Math.max(...all.map(({ requests }) => requests)),
      stub: medianOf(all.map(({ seconds, stub }) => stub / seconds)).median,
      ratio: over(({ seconds }) => seconds),
      cpuRatio: over(({ cpu }) => cpu),
      residentRatio: over(({ resident }) => resident)
    }
  })
  const complaints = sides
    .filter(({ name }) => name.startsWith("library"))
    .flatMap(({ name, requests, resident }) => [
      ...(item.requests !== undefined && requests !== item.requests
        ? [`${item.name}: ${name} made ${requests} requests instead of ${item.requests}`]
        : []),
      ...(item.memory !== undefined && resident > item.memory
        ? [`${item.name}: ${name} had ${resident} MB resident, more than ${item.memory}`]
        : [])
    ])
  return { name: item.name, measure: item.measure ?? "cpu", target: item.target, sides, complaints }
}

const seconds = (value: number) => (value < 0.1 ? `${(value * 1000).toFixed(1)} ms` : `${value.toFixed(2)} s`)
const percent = (value: number) => `${Math.round(value * 100)} %`
const spread = ({ least, most }: Median) => `${least.toFixed(2)} to ${most.toFixed(2)}`
const multiple = (ratio: Median) => `x ${ratio.median.toFixed(2)} (${spread(ratio)})`

export const lines = ({ measure, name, sides, target }: Result): ReadonlyArray<string> => [
  `${name}${target === undefined ? "" : ` (at most ${target} of ${measure})`}`,
  ...sides.map((side, index) =>
    [
      `  ${side.name.padEnd(36)} cpu ${seconds(side.cpu.median).padStart(9)}`,
      (index === 0 ? "" : multiple(side.cpuRatio)).padEnd(22),
      `seconds ${seconds(side.seconds.median).padStart(9)}`,
      (index === 0 ? "" : multiple(side.ratio)).padEnd(22),
      `${side.resident} MB, ${side.requests} requests, stub ${percent(side.stub)}`
    ].join(" ")
  )
]

/** Two checkouts as a table. */
export const comparison = (results: ReadonlyArray<Result>): string =>
  [
    "| work | cpu, old | cpu, new | new/old | spread | seconds, new/old | spread | resident, new/old |",
    "|---|---|---|---|---|---|---|---|",
    ...results.flatMap(({ name, sides: [before, after] }) =>
      before === undefined || after === undefined
        ? []
        : [
            `| ${[
              name,
              seconds(before.cpu.median),
              seconds(after.cpu.median),
              after.cpuRatio.median.toFixed(2),
              spread(after.cpuRatio),
              after.ratio.median.toFixed(2),
              spread(after.ratio),
              after.residentRatio.median.toFixed(2)
            ].join(" | ")} |`
          ]
    )
  ].join("\n")

export interface Committed {
  readonly results: ReadonlyArray<Result>
}

/** What is slower than before by more than a quarter. */
export const worse = (results: ReadonlyArray<Result>, committed: Committed): ReadonlyArray<string> =>
  results.flatMap(({ measure, name, sides }) => {
    const before = committed.results.find((result) => result.name === name)
    return sides.flatMap((side) => {
      const known = before?.sides.find((each) => each.name === side.name)
      if (!side.name.startsWith("library") || known === undefined) return []
      const [ratio, earlier] = [ratioOf(measure, side).median, ratioOf(measure, known).median]
      return ratio > earlier * 1.25
        ? [`${label(name, side.name)}: ${measure} is ${ratio} times that of the floor, and was ${earlier} times`]
        : []
    })
  })

const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;")

/** A bar for each item and side, in multiples of its floor, which is the line at 1. */
const plot = (results: ReadonlyArray<Result>): string => {
  const bars = results.flatMap(({ measure, name, sides, target }) =>
    sides
      .filter((side) => side.name.startsWith("library"))
      .map((side) => ({
        label: label(name, side.name),
        ratio: ratioOf(measure, side),
        target
      }))
  )
  const [left, scale, row] = [430, 120, 22]
  // A single bad round does not make the plot wider; its line ends at the edge.
  const most = Math.max(2.5, ...bars.map(({ ratio }) => ratio.median)) + 1
  const [width, height] = [left + most * scale + 60, bars.length * row + 50]
  const x = (multiple: number) => (left + Math.min(multiple, most) * scale).toFixed(1)
  const drawn = bars.map(({ label, ratio, target }, index) => {
    const y = 30 + index * row
    return [
      `<text x="${left - 8}" y="${y + 12}" text-anchor="end">${escaped(label)}</text>`,
      `<rect x="${left}" y="${y}" width="${(ratio.median * scale).toFixed(1)}" height="16" fill="#4c78a8"/>`,
      `<line x1="${x(ratio.least)}" x2="${x(ratio.most)}" y1="${y + 8}" y2="${y + 8}" stroke="#222"/>`,
      target === undefined
        ? ""
        : `<line x1="${x(target)}" x2="${x(target)}" y1="${y - 2}" y2="${y + 18}" stroke="#e45756" stroke-width="2"/>`,
      `<text x="${Number(x(ratio.most)) + 6}" y="${y + 12}">${ratio.median.toFixed(2)}</text>`
    ].join("")
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    "<title>Multiples of undici and JSON.parse alone</title>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${left}" y="16">multiples of undici and JSON.parse alone; red: the target</text>`,
    ...drawn,
    `<line x1="${x(1)}" x2="${x(1)}" y1="24" y2="${height - 16}" stroke="#222" stroke-dasharray="3"/>`,
    "</svg>",
    ""
  ].join("\n")
}

const table = (results: ReadonlyArray<Result>, machine: string): string => {
  const names = [...new Set(results.flatMap(({ sides }) => sides.map(({ name }) => name)))]
  const peers = names.filter((name) => /^(glanceclient|openstacksdk|gophercloud|curl)/.test(name))
  const rows = results.flatMap(({ measure, name, sides }) => {
    const cell = (side: SideResult | undefined) => (side === undefined ? "" : seconds(side[measure].median))
    const [floor, ...others] = sides.filter((side) => !peers.includes(side.name))
    // The other sides explain.
    const library = others.filter((side) => side.name.startsWith("library"))
    return library.map((side, index) =>
      [
        label(name, side.name),
        measure,
        cell(floor),
        cell(side),
        ratioOf(measure, side).median.toFixed(2),
        spread(ratioOf(measure, side)),
        `${side.resident} MB`,
        ...peers.map((peer) => (index === 0 ? cell(sides.find((each) => each.name === peer)) : ""))
      ].join(" | ")
    )
  })
  return [
    `| work | by | undici and \`JSON.parse\` | effect-glance | ratio | spread | resident | ${peers.map((peer) => `${peer} | `).join("")}`.trimEnd(),
    `|---|---|---|---|---|---|---|${peers.map(() => "---|").join("")}`,
    ...rows.map((row) => `| ${row} |`),
    "",
    `Medians of blocks that both sides run in turn, on ${machine}. \`cpu\` is processor time, \`seconds\``,
    "is elapsed time. The ratio is the median of the ratios of neighbouring blocks, the spread the least and the most of",
    "them, and resident the most memory of any process.",
    "",
    "![The same as a plot](../bench/plot.svg)"
  ].join("\n")
}

/** Keeps the results of earlier runs, except of items that were measured again. */
export const write = ({
  here,
  earlier,
  machine,
  results,
  root
}: {
  readonly here: string
  readonly root: string
  readonly machine: string
  readonly results: ReadonlyArray<Result>
  readonly earlier: ReadonlyArray<Result>
}) => {
  const kept = earlier.map((old) => results.find(({ name }) => name === old.name) ?? old)
  const all = [...kept, ...results.filter(({ name }) => !earlier.some((old) => old.name === name))]
  Fs.writeFileSync(Path.join(here, "results.json"), `${JSON.stringify({ machine, results: all }, null, 2)}\n`)
  Fs.writeFileSync(Path.join(here, "plot.svg"), plot(all))
  const page = Path.join(root, "docs/performance.md")
  Fs.writeFileSync(
    page,
    Fs.readFileSync(page, "utf8").replace(
      /(<!-- bench -->\n).*?(<!-- \/bench -->)/s,
      (_, open: string, close: string) => `${open}${table(all, machine)}\n${close}`
    )
  )
}
