/** The formats of `-f`: each prints what `openstack` prints. */
import { type Cell, DictCell, type Json, json, ListCell, plain, str } from "./cell.js"
import * as Table from "./table.js"

/** Rows below titles. */
export interface Rows {
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<Cell>>
}

/** The fields of one record. */
export interface Fields {
  readonly columns: ReadonlyArray<string>
  readonly values: ReadonlyArray<Cell>
}

export interface Settings {
  readonly width: Table.Width
  readonly printEmpty: boolean
  readonly noindent: boolean
  readonly quote: string
  readonly prefix: string
  readonly variables: ReadonlyArray<string>
}

/** Prints YAML, whose library takes long to load. */
type Yaml = (value: Json) => string

const record = (columns: ReadonlyArray<string>, cells: ReadonlyArray<Cell>): Json =>
  Object.fromEntries(columns.map((name, index) => [name, plain(cells[index] ?? null)]))

const isNumber = (cell: Cell): boolean => typeof cell === "number" || typeof cell === "boolean"

/** One field as Python's `csv` writes it. */
const field = (cell: Cell, mode: string): string => {
  const isFormatted = cell instanceof ListCell || cell instanceof DictCell
  const text = cell === null ? "" : str(isFormatted ? str(plain(cell)) : cell)
  if (mode === "none") return text.replace(/[\\,"\r\n]/g, (character) => `\\${character}`)
  const isQuoted = mode === "all" || (mode === "nonnumeric" ? isFormatted || !isNumber(cell) : /[,"\r\n]/.test(text))
  return isQuoted ? `"${text.replaceAll("\\", "\\\\").replaceAll('"', '""')}"` : text.replaceAll("\\", "\\\\")
}

const csv = ({ columns, rows }: Rows, { quote }: Settings): string =>
  [columns, ...rows].map((row) => `${row.map((cell) => field(cell, quote)).join(",")}\n`).join("")

const shell = ({ columns, values }: Fields, { prefix, variables }: Settings): string =>
  columns
    .map((column, index) => [column.toLowerCase().replaceAll(" ", "_"), values[index] ?? null] as const)
    .filter(([name]) => variables.length === 0 || variables.includes(name))
    .map(([name, cell]) => {
      const text = str(plain(cell))
      const isText = typeof cell === "string" || cell instanceof ListCell || cell instanceof DictCell
      return `${prefix}${name.replace(/[:-]/g, "_")}="${isText ? text.replaceAll('"', '\\"') : text}"\n`
    })
    .join("")

export const listFormats = ["csv", "json", "table", "value", "yaml"]

export const oneFormats = ["json", "shell", "table", "value", "yaml"]

export const printRows = (format: string, data: Rows, settings: Settings, yaml: Yaml): string => {
  const { columns, rows } = data
  switch (format) {
    case "csv":
      return csv(data, settings)
    case "json":
      return `${json(
        rows.map((row) => record(columns, row)),
        !settings.noindent
      )}\n`
    case "value":
      return rows.map((row) => `${row.map((cell) => str(plain(cell))).join(" ")}\n`).join("")
    case "yaml":
      return yaml(rows.map((row) => record(columns, row)))
    default:
      return `${Table.list(columns, rows, settings.width, settings.printEmpty)}\n`
  }
}

export const printFields = (format: string, data: Fields, settings: Settings, yaml: Yaml): string => {
  const { columns, values } = data
  switch (format) {
    case "json":
      return `${json(record(columns, values), !settings.noindent)}\n`
    case "shell":
      return shell(data, settings)
    case "value":
      return values.map((cell) => `${str(plain(cell))}\n`).join("")
    case "yaml":
      return columns.map((name, index) => yaml({ [name]: plain(values[index] ?? null) })).join("")
    default:
      return `${Table.one(columns, values, settings.width)}\n`
  }
}
