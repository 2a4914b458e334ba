/** Prints what a command returns, as the options of output say. */
import * as Effect from "effect/Effect"
import { CommandFailed } from "./command.js"
import { type Cell, compareTexts, plain, repr, str } from "./output/cell.js"
import * as Formats from "./output/formats.js"
import * as Terminal from "./terminal.js"

export interface Options {
  readonly format: string
  readonly column: ReadonlyArray<string>
  readonly noindent: boolean
  readonly maxWidth: number | undefined
  readonly printEmpty: boolean
  readonly quote?: string | undefined
  readonly sortColumn?: ReadonlyArray<string> | undefined
  readonly sortDirection?: string | undefined
  readonly prefix?: string | undefined
  readonly variable?: ReadonlyArray<string> | undefined
}

const settingsOf = (options: Options): Formats.Settings => ({
  width: {
    max: options.maxWidth ?? (Number(process.env["CLIFF_MAX_TERM_WIDTH"] ?? 0) || 0),
    terminal: Terminal.columns()
  },
  printEmpty: options.printEmpty,
  noindent: options.noindent,
  quote: options.quote ?? "nonnumeric",
  prefix: options.prefix ?? "",
  variables: options.variable ?? []
})

const normalized = (name: string): string => name.toLowerCase().trim().replaceAll(" ", "_")

/** The indexes of the columns to print. */
const chosen = (columns: ReadonlyArray<string>, wanted: ReadonlyArray<string>) => {
  if (wanted.length === 0) return Effect.succeed(columns.map((_, index) => index))
  const names = wanted.map(normalized)
  const indexes = columns.flatMap((column, index) => (names.includes(normalized(column)) ? [index] : []))
  return indexes.length === 0
    ? new CommandFailed({
        message: `there is no column ${wanted.map((name) => `"${name}"`).join(" or ")}; there are ${columns.join(", ")}`
      })
    : Effect.succeed(indexes)
}

const compareCells = (left: Cell, right: Cell): number => {
  const [a, b] = [plain(left), plain(right)]
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  if (typeof a === "number" && typeof b === "number") return a - b
  return compareTexts(typeof a === "string" ? a : repr(a), typeof b === "string" ? b : str(b))
}

const sorted = (
  { columns, rows }: Formats.Rows,
  { sortColumn = [], sortDirection }: Options
): ReadonlyArray<ReadonlyArray<Cell>> => {
  const sign = sortDirection === "descending" ? -1 : 1
  const indexes = sortColumn.map((name) => columns.indexOf(name)).filter((index) => index >= 0)
  return [...rows].sort((left, right) => {
    for (const index of indexes) {
      const order = compareCells(left[index] ?? null, right[index] ?? null)
      if (order !== 0) return sign * order
    }
    return 0
  })
}

/** Loads the library of YAML, which takes as long as a small request, only for `-f yaml`. */
const yamlFor = (format: string) =>
  format === "yaml"
    ? Effect.map(
        Effect.promise(() => import("./output/yaml.js")),
        ({ print }) => print
      )
    : Effect.succeed(() => "")

export const rows = (data: Formats.Rows, options: Options) =>
  Effect.gen(function* () {
    const indexes = yield* chosen(data.columns, options.column)
    const yaml = yield* yamlFor(options.format)
    const selected = {
      columns: indexes.map((index) => data.columns[index] ?? ""),
      rows: sorted(data, options).map((row) => indexes.map((index) => row[index] ?? null))
    }
    yield* Terminal.print(Formats.printRows(options.format, selected, settingsOf(options), yaml))
  })

export const fields = (data: Formats.Fields, options: Options) =>
  Effect.gen(function* () {
    const indexes = yield* chosen(data.columns, options.column)
    const yaml = yield* yamlFor(options.format)
    const selected = {
      columns: indexes.map((index) => data.columns[index] ?? ""),
      values: indexes.map((index) => data.values[index] ?? null)
    }
    yield* Terminal.print(Formats.printFields(options.format, selected, settingsOf(options), yaml))
  })
