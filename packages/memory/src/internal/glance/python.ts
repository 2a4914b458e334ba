/**
 * How Python writes values down. The service's sentences quote what they were sent in this notation, and its JSON
 * has Python's spaces, so a stand-in that is to say the same words needs them.
 */

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

export const isObject = (value: unknown): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** `json.dumps(value, ensure_ascii=False)` */
export const dumps = (value: unknown): string => {
  if (value === null || value === undefined) return "null"
  if (Array.isArray(value)) return `[${value.map(dumps).join(", ")}]`
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${dumps(item)}`)
      .join(", ")}}`
  }
  return JSON.stringify(value)
}

/** `json.dumps(value)`: everything beyond ASCII as `\uXXXX`. */
export const dumpsAscii = (value: unknown): string =>
  dumps(value).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)

const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u

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
  let out = ""
  for (const char of text) {
    if (char === "\\" || char === quote) out += `\\${char}`
    else out += unprintable.test(char) ? escapeChar(char) : char
  }
  return quote + out + quote
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

/** `pprint.pformat(value, width=72)` */
export const pformat = (value: Json, indent = 0, allowance = 0, top = true): string => {
  const sorted = sortKeys(value)
  const flat = repr(sorted)
  if (flat.length <= width - indent - allowance) return flat
  if (typeof sorted === "string") return prettyString(sorted, indent, allowance, top)
  if (Array.isArray(sorted)) {
    const items = sorted.map((item, i) => pformat(item, indent + 1, i === sorted.length - 1 ? allowance + 1 : 1, false))
    return `[${items.join(`,\n${" ".repeat(indent + 1)}`)}]`
  }
  if (!isObject(sorted)) return flat
  const entries = Object.entries(sorted)
  const items = entries.map(([key, item], i) => {
    const label = `${reprString(key)}: `
    return label + pformat(item, indent + 1 + label.length, i === entries.length - 1 ? allowance + 1 : 1, false)
  })
  return `{${items.join(`,\n${" ".repeat(indent + 1)}`)}}`
}

const sortKeys = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, item]) => [key, sortKeys(item)])
  )
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
