import * as Either from "effect/Either"
import * as Option from "effect/Option"
import {
  type CollectionTag,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  Scalar,
  type ScalarTag
} from "yaml"
import * as CloudKeys from "./keys.js"
import { Flag, type Value } from "./values.js"

/** An error in a text, and its position. It repeats no value of the text, which may be a secret. */
export interface Complaint {
  readonly line?: number | undefined
  readonly column?: number | undefined
  readonly reason: string
}

/** Real files have 10 levels. The recursive parser overflows the stack at some thousands. */
const maxNesting = 100

/** The most values, with each alias counted as its values. A few lines of aliases could stand for billions. */
const maxValues = 1_000_000

/** The words of YAML 1.1, which openstacksdk reads. */
const nothing: ScalarTag = {
  tag: "tag:yaml.org,2002:null",
  default: true,
  test: /^(?:~|[Nn]ull|NULL)?$/,
  resolve: () => new Scalar(null)
}

const flag: ScalarTag = {
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test: /^(?:[Yy]es|YES|[Nn]o|NO|[Tt]rue|TRUE|[Ff]alse|FALSE|[Oo]n|ON|[Oo]ff|OFF)$/,
  resolve: (source) => new Flag(/^(y|t|on$)/i.test(source), source)
}

/** A mistake at an offset of the text. */
class Mistake extends Error {
  constructor(
    readonly offset: number | undefined,
    readonly reason: string
  ) {
    super(reason)
  }
}

/** The sentence of the parser without the parts of the text that it quotes. */
const sentenceOf = (code: string, message: string): string => {
  if (code === "TAG_RESOLVE_FAILED") return "the tag is not known (quote a value that begins with !)"
  if (code === "BAD_DIRECTIVE") return "the directive is not known (quote a value that begins with %)"
  if (code === "BAD_DQ_ESCAPE") return "Invalid escape sequence (use single quotes for a value with backslashes)"
  return message.replace(/^(Unexpected .* in YAML stream|Block scalar header includes extra characters):.*$/s, "$1")
}

/** A line without its values: keys that are settings, the punctuation around them, and `***` for all else. */
const masked = (line: string): string => {
  const shown = line.slice(0, 200).trimEnd()
  const hidden = (text: string): string => {
    const start = /^[\s-]*[[{'"|>&*!]?/.exec(text)?.[0] ?? ""
    if (start === text) return text
    return `${start}***${/[\s,{}[\]]*$/.exec(text.slice(start.length))?.[0] ?? ""}`
  }
  let result = ""
  let end = 0
  for (const match of shown.matchAll(/(?<=^[\s-]*|[{,]\s*)["']?([a-z][a-z_-]{0,60})["']?\s*:(?=\s|$)/g)) {
    if (!CloudKeys.isKnownWord(match[1] ?? "")) continue
    result += hidden(shown.slice(end, match.index)) + match[0]
    end = match.index + match[0].length
  }
  return (result + hidden(shown.slice(end))).replace(/\p{Cc}/gu, " ").trim()
}

/** Parses the only document of a text. Throws its first mistake. */
const documentOf = (text: string, lines: LineCounter): Document.Parsed | undefined => {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  const fail = (code: string, message: string, offset: number): never => {
    throw new Mistake(offset, `not YAML: ${sentenceOf(code, message)}`)
  }
  const tokens = function* () {
    for (const lexeme of new Lexer().lex(text)) {
      for (const token of parser.next(lexeme)) {
        if (token.type === "error") fail("UNEXPECTED_TOKEN", token.message, token.offset)
        yield token
      }
      if (parser.stack.length > maxNesting) {
        throw new Mistake(parser.offset, `more than ${maxNesting} levels stand in each other`)
      }
    }
    yield* parser.end()
  }
  const composer = new Composer({
    schema: "failsafe",
    customTags: (tags) => [...tags, nothing, flag] as Array<ScalarTag | CollectionTag>,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error"
  })
  let first: Document.Parsed | undefined
  for (const document of composer.compose(tokens(), true, text.length)) {
    const [problem] = [...document.errors, ...document.warnings]
    if (problem !== undefined) fail(problem.code, problem.message, problem.pos[0])
    if (first !== undefined) throw new Mistake(document.range[0], "holds more than one document")
    first = document as Document.Parsed
  }
  return first
}

/** A value, how many values it holds and how many levels deep it is, with its aliases. */
interface Read {
  readonly value: Value
  readonly size: number
  readonly depth: number
}

const offsetOf = (node: unknown): number | undefined =>
  (node as { readonly range?: readonly [number, number, number] | null } | null)?.range?.[0]

const joined = (value: Value, parts: ReadonlyArray<Read>): Read => ({
  value,
  size: parts.reduce((sum, { size }) => sum + size, 1),
  depth: parts.reduce((most, { depth }) => Math.max(most, depth), 0) + 1
})

const isMerge = (key: unknown): boolean => isScalar(key) && key.type === Scalar.PLAIN && key.value === "<<"

/** Reads a document in one pass. Aliases share their value, so that many of them cost little. */
const valueOf = (root: unknown): Value => {
  const anchors = new Map<string, Read | "open">()
  let spent = 0

  const limited = (node: unknown, read: Read): Read => {
    if (spent > maxValues) throw new Mistake(offsetOf(node), `its aliases stand for more than ${maxValues} values`)
    if (read.depth > maxNesting) {
      throw new Mistake(offsetOf(node), `more than ${maxNesting} levels stand in each other, by its aliases`)
    }
    return read
  }

  const ofAlias = (node: { readonly source: string }): Read => {
    const read = anchors.get(node.source)
    if (read === undefined) throw new Mistake(offsetOf(node), "an alias of nothing")
    if (read === "open") throw new Mistake(offsetOf(node), "an alias of what it stands in")
    spent += read.size
    return limited(node, read)
  }

  const keyOf = (node: unknown): string => {
    const { value } = isAlias(node) ? ofAlias(node) : read(node)
    if (value instanceof Flag) return value.source
    if (value !== null && typeof value !== "string") throw new Mistake(offsetOf(node), "a key that is no text")
    return value ?? ""
  }

  /** Adds the mappings of a merge key. The first one wins. */
  const merge = (node: unknown, into: Map<string, Value>): Read => {
    const merged = read(node)
    for (const source of Array.isArray(merged.value) ? (merged.value as ReadonlyArray<Value>) : [merged.value]) {
      if (!(source instanceof Map)) throw new Mistake(offsetOf(node), "a merge (<<) of what is no mapping")
      for (const [key, value] of source) if (!into.has(key)) into.set(key, value)
    }
    return merged
  }

  const ofNode = (node: unknown): Read => {
    if (isMap(node)) {
      const map = new Map<string, Value>()
      const parts = node.items.map((pair): Read => {
        if (isMerge(pair.key)) return merge(pair.value, map)
        const key = keyOf(pair.key)
        const part = read(pair.value)
        map.set(key, part.value)
        return part
      })
      return joined(map, parts)
    }
    if (isSeq(node)) {
      const parts = node.items.map(read)
      return joined(
        parts.map(({ value }) => value),
        parts
      )
    }
    const value = isScalar(node) ? node.value : null
    return { value: typeof value === "string" || value instanceof Flag ? value : null, size: 1, depth: 0 }
  }

  const read = (node: unknown): Read => {
    if (isAlias(node)) return ofAlias(node)
    const anchor = (node as { readonly anchor?: string } | null)?.anchor
    if (anchor !== undefined) anchors.set(anchor, "open")
    const result = ofNode(node)
    spent += 1
    if (anchor !== undefined) anchors.set(anchor, result)
    return limited(node, result)
  }

  return read(root).value
}

/** Reads YAML. An error has the sentence of the parser and the line without its values. */
export const parseYaml = (text: string): Either.Either<Value, Complaint> => {
  const lines = new LineCounter()
  return Either.try({
    try: () => valueOf(documentOf(text, lines)?.contents ?? null),
    catch: (error): Complaint => {
      if (!(error instanceof Mistake)) return { reason: "cannot be read as YAML" }
      if (error.offset === undefined) return { reason: error.reason }
      const { col: column, line } = lines.linePos(error.offset)
      const start = lines.lineStarts[line - 1] ?? 0
      const shown = masked(text.slice(start, start + 200).split(/[\r\n]/, 1)[0] ?? "")
      return { line, column, reason: shown === "" ? error.reason : `${error.reason} (in: ${shown})` }
    }
  })
}

/** Reads JSON. It is parsed as YAML after a check, so that numbers stay text. */
export const parseJson = (text: string): Either.Either<Value, Complaint> =>
  Either.flatMap(
    Either.try({
      try: () => void JSON.parse(text),
      catch: (error): Complaint => {
        const position = Option.fromNullable(/ at position (\d+)/.exec(String(error))?.[1])
        const before = Option.map(position, (offset) => text.slice(0, Number(offset)).split("\n"))
        return {
          line: Option.getOrUndefined(Option.map(before, (lines) => lines.length)),
          column: Option.getOrUndefined(Option.map(before, (lines) => (lines.at(-1) ?? "").length + 1)),
          reason: "not JSON"
        }
      }
    }),
    () => parseYaml(text)
  )
