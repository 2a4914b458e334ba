/** YAML as PyYAML writes it: keys in order, lists without indentation, version 1.1 of the language. */
import * as Yaml from "yaml"
import { compareTexts, type Json } from "./cell.js"

const byName: Exclude<Yaml.SchemaOptions["sortMapEntries"], boolean | undefined> = ({ key: left }, { key: right }) =>
  compareTexts(String(left), String(right))

const isAscii = (text: string): boolean => /^[\x20-\x7e\n\t]*$/.test(text)

/** PyYAML escapes what is not ASCII, which needs double quotes. */
const escaped = (character: string): string => {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase()
  if (hex.length <= 2) return `\\x${hex.padStart(2, "0")}`
  return hex.length <= 4 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`
}

export const print = (value: Json): string => {
  const document = new Yaml.Document(value, { version: "1.1", aliasDuplicateObjects: false, sortMapEntries: byName })
  Yaml.visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === "string" && !isAscii(scalar.value)) scalar.type = "QUOTE_DOUBLE"
    }
  })
  return document
    .toString({ singleQuote: true, indentSeq: false, lineWidth: 80 })
    .replace(/[\u0080-\u{10ffff}]/gu, escaped)
}
