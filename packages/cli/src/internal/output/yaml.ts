/** YAML as PyYAML writes it: keys in order, lists without indentation, version 1.1 of the language. */
import * as Yaml from "yaml"
import { compareTexts, type Json } from "./cell.js"

export const print = (value: Json): string =>
  Yaml.stringify(value, {
    version: "1.1",
    singleQuote: true,
    indentSeq: false,
    lineWidth: 80,
    aliasDuplicateObjects: false,
    sortMapEntries: ({ key: left }, { key: right }) => compareTexts(String(left), String(right))
  })
