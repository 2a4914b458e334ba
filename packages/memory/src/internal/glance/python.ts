/** How Python writes values. The service's sentences quote values in this notation, and its JSON has these spaces. */
import { isObject, type Json, type JsonObject } from "../reply.js"

export type { Json, JsonObject }
export { isObject }

export const text = (value: Json | undefined): string | null => (typeof value === "string" ? value : null)

/** `name in value`: a key of an object, or an element of a list. */
export const names = (value: Json, name: string): boolean =>
  isObject(value) ? Object.hasOwn(value, name) : Array.isArray(value) && value.includes(name)

/** The entry of a table, which may lack the name. */
export const entryOf = <A>(table: { readonly [name: string]: A }, name: string): A | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined

/** `json.dumps(value, ensure_ascii=False)`, without the keys whose value is undefined. */
export const dumps = (value: unknown): string => {
  if (value === null || value === undefined) return "null"
  if (Array.isArray(value)) return `[${value.map(dumps).join(", ")}]`
  if (typeof value === "object") {
    const members = Object.entries(value).filter(([, item]) => item !== undefined)
    return `{${members.map(([key, item]) => `${JSON.stringify(key)}: ${dumps(item)}`).join(", ")}}`
  }
  return JSON.stringify(value)
}

/** `json.dumps(value)`: everything beyond ASCII as `\uXXXX`. */
export const dumpsAscii = (value: unknown): string =>
  dumps(value).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** What `repr` may write as an escape: quotes, backslashes, and what is not printable. */
const special = /['"\\]|[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu

const escapeChar = (char: string): string => {
  if (char === "\n") return "\\n"
  if (char === "\r") return "\\r"
  if (char === "\t") return "\\t"
  const code = char.codePointAt(0) ?? 0
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`
  return `\\U${code.toString(16).padStart(8, "0")}`
}

const reprString = (text: string): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escape = (char: string): string => {
    if (char === "\\" || char === quote) return `\\${char}`
    return char === "'" || char === '"' ? char : escapeChar(char)
  }
  return quote + text.replace(special, escape) + quote
}

/** `repr(value)` of what `json.loads` made. */
export const repr = (value: Json | undefined): string => {
  if (value === null || value === undefined) return "None"
  if (value === true) return "True"
  if (value === false) return "False"
  if (typeof value === "number") return String(value)
  if (typeof value === "string") return reprString(value)
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`
  return `{${Object.entries(value)
    .map(([key, item]) => `${reprString(key)}: ${repr(item)}`)
    .join(", ")}}`
}

const width = 72

/** A long string is broken after its spaces, into literals that Python would join again. */
const prettyString = (text: string, indent: number, allowance: number, top: boolean): string => {
  if (text === "") return "''"
  const column = top ? indent + 1 : indent
  const room = width - column - (top ? allowance + 1 : allowance)
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? []
  const chunks: Array<string> = []
  lines.forEach((line, lineIndex) => {
    const lastLine = lineIndex === lines.length - 1
    if (reprString(line).length <= (lastLine ? room : width - column)) {
      chunks.push(reprString(line))
      return
    }
    const parts = line.match(/\S*\s*/g)?.filter((part) => part !== "") ?? []
    let current = ""
    parts.forEach((part, partIndex) => {
      const candidate = current + part
      const limit = partIndex === parts.length - 1 && lastLine ? room : width - column
      if (reprString(candidate).length > limit) {
        if (current !== "") chunks.push(reprString(current))
        current = part
      } else {
        current = candidate
      }
    })
    if (current !== "") chunks.push(reprString(current))
  })
  if (chunks.length === 1) return chunks[0] ?? "''"
  const joined = chunks.join(`\n${" ".repeat(column)}`)
  return top ? `(${joined})` : joined
}

/** `repr(value)` if it has at most `room` characters. Looks no further into a large value than that. */
const shortRepr = (value: Json, room: number): string | undefined => {
  let left = room
  const fits = (one: Json): boolean => {
    if (typeof one === "string") left -= one.length + 2
    else if (Array.isArray(one)) left -= 2 * Math.max(1, one.length)
    else if (isObject(one)) left -= 2
    else left -= 1
    if (left < 0) return false
    if (Array.isArray(one)) return one.every(fits)
    if (!isObject(one)) return true
    for (const key in one) {
      left -= key.length + 4
      if (left < 0 || !fits(one[key] ?? null)) return false
    }
    return true
  }
  if (!fits(value)) return undefined
  const text = repr(value)
  return text.length <= room ? text : undefined
}

/** Characters of a document that a message repeats. The real service has no limit, and takes its memory for it. */
const longestDocument = 2 ** 20

interface Budget {
  left: number
}

const pretty = (value: Json, indent: number, allowance: number, top: boolean, budget: Budget): string => {
  const flat = shortRepr(value, width - indent - allowance)
  if (flat !== undefined) return flat
  if (typeof value === "string") return prettyString(value, indent, allowance, top)
  if (!Array.isArray(value) && !isObject(value)) return repr(value)
  const entries = Array.isArray(value) ? value.map((item) => ["", item] as const) : Object.entries(value)
  const lines: Array<string> = []
  for (const [i, [key, item]] of entries.entries()) {
    const label = Array.isArray(value) ? "" : `${reprString(key)}: `
    const rest = i === entries.length - 1 ? allowance + 1 : 1
    if (budget.left < 0) {
      lines.push("...")
      break
    }
    const line = label + pretty(item, indent + 1 + label.length, rest, false, budget)
    budget.left -= line.length + indent
    lines.push(line)
  }
  const [open, close] = Array.isArray(value) ? "[]" : "{}"
  return `${open}${lines.join(`,\n${" ".repeat(indent + 1)}`)}${close}`
}

/** `pprint.pformat(value, width=72)` */
export const pformat = (value: Json): string => pretty(sortKeys(value), 0, 0, true, { left: longestDocument })

const sortKeys = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => compare(a, b))
      .map(([key, item]) => [key, sortKeys(item ?? null)])
  )
}

/** The order of a sorted column: null comes first. */
export const compare = <A extends string | number>(a: A | null, b: A | null): number => {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return a < b ? -1 : 1
}

/** `str.title()` */
export const title = (text: string): string =>
  text.replace(/\p{L}+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())

/** `int(text)`, or nothing where Python raises. */
export const parseInteger = (text: string): number | undefined => {
  const trimmed = text.trim()
  return /^[+-]?\d+(_\d+)*$/.test(trimmed) ? Number(trimmed.replaceAll("_", "")) : undefined
}

/** `urllib.parse.quote_plus` */
export const quotePlus = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+")

/** The service's database takes no characters outside the basic plane. */
export const hasFourByteCharacter = (text: string): boolean => /[\u{10000}-\u{10ffff}]/u.test(text)
