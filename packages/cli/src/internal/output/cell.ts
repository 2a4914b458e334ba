/**
 * The values of a table. OpenStack's command line is written in Python, and scripts read what Python prints, so values
 * that are no text are printed as Python writes them.
 */

export type Json = string | number | boolean | null | ReadonlyArray<Json> | JsonObject

export interface JsonObject {
  readonly [key: string]: Json
}

/** A list that people read as `a, b`. */
export class ListCell {
  constructor(readonly items: ReadonlyArray<Json>) {}
}

/** A mapping that people read as `a='1', b='2'`. */
export class DictCell {
  constructor(readonly entries: JsonObject) {}
}

export type Cell = Json | ListCell | DictCell

/** Returns the value that programs read. */
export const plain = (cell: Cell): Json =>
  cell instanceof ListCell ? cell.items : cell instanceof DictCell ? cell.entries : cell

const isList = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

const isObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" }

/** Python escapes characters that it cannot print. Others, such as letters with accents, stay. */
const unprintable = /[\\\n\r\t]|[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu

const escaped = (character: string): string => {
  const known = escapes[character]
  if (known !== undefined) return known
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`
}

const quoted = (text: string): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const body = text.replace(unprintable, escaped)
  return `${quote}${quote === "'" ? body.replaceAll("'", "\\'") : body}${quote}`
}

/** Returns a value as Python's `repr` writes it. */
export const repr = (value: Json): string => {
  if (value === null) return "None"
  if (typeof value === "boolean") return value ? "True" : "False"
  if (typeof value === "number") return String(value)
  if (typeof value === "string") return quoted(value)
  if (isList(value)) return `[${value.map(repr).join(", ")}]`
  return `{${Object.entries(value as JsonObject)
    .map(([key, each]) => `${quoted(key)}: ${repr(each)}`)
    .join(", ")}}`
}

/** Returns a value as Python's `str` writes it: a text as it is, everything else as `repr` does. */
export const str = (value: Json): string => (typeof value === "string" ? value : repr(value))

/** Orders texts by code point, as Python does. */
export const compareTexts = (left: string, right: string): number => {
  const [before, after] = [[...left], [...right]]
  for (let index = 0; index < Math.min(before.length, after.length); index++) {
    const difference = (before[index]?.codePointAt(0) ?? 0) - (after[index]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return before.length - after.length
}

const pairsOf = (entries: JsonObject, prefix: string): string =>
  Object.keys(entries)
    .sort(compareTexts)
    .map((key) => {
      const value = entries[key] ?? null
      const name = `${prefix}${key}`
      if (value === null) return `${name}=`
      return isObject(value) ? pairsOf(value, `${name}.`) : `${name}='${str(value)}'`
    })
    .join(", ")

/** Returns a value for people, in a table. */
export const human = (cell: Cell): string => {
  if (cell instanceof ListCell) return cell.items.map(str).sort(compareTexts).join(", ")
  return cell instanceof DictCell ? pairsOf(cell.entries, "") : str(cell)
}

/** Returns JSON as Python's `json` writes it: ASCII, and with spaces after commas and colons if it is one line. */
export const json = (value: Json, indent: boolean): string => {
  const ascii = (text: string) =>
    text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
  return indent ? ascii(JSON.stringify(value, undefined, 2)) : ascii(line(value))
}

const line = (value: Json): string => {
  if (isList(value)) return `[${value.map(line).join(", ")}]`
  if (!isObject(value)) return JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}: ${line(each)}`)
    .join(", ")}}`
}
