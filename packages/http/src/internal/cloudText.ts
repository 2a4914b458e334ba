import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type CollectionTag, LineCounter, parseDocument, Scalar, type ScalarTag, visit } from "yaml"
import { Flag, type Value } from "./settings.js"

/** Where a text is not what it should be, in words that repeat nothing of it. */
export interface Complaint {
  readonly line: number | undefined
  readonly column: number | undefined
  readonly reason: string
}

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

const keyOf = (key: unknown): string => (key instanceof Flag ? key.source : String(key ?? ""))

const valueOf = (node: unknown): Value => {
  if (node instanceof Map) return new Map([...node].map(([key, value]) => [keyOf(key), valueOf(value)]))
  if (Array.isArray(node)) return node.map(valueOf)
  return node instanceof Flag || typeof node === "string" ? node : null
}

/** Reads YAML. What its library says of a mistake is not passed on but for the place, since it quotes the text. */
export const parseYaml = (text: string): Either.Either<Value, Complaint> => {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    schema: "failsafe",
    customTags: (tags) => [...tags, nothing, flag] as Array<ScalarTag | CollectionTag>,
    merge: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error",
    lineCounter: lines
  })
  const complaint = (offset: number | undefined, reason: string): Complaint => {
    const place = offset === undefined ? undefined : lines.linePos(offset)
    return { line: place?.line, column: place?.col, reason }
  }
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) {
    return Either.left(complaint(problem.pos[0], `not YAML (${problem.code.toLowerCase().replaceAll("_", " ")})`))
  }
  const lost: Array<number | undefined> = []
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) === undefined) lost.push(alias.range?.[0])
    }
  })
  if (lost.length > 0) return Either.left(complaint(lost[0], "an alias of nothing"))
  return Either.try({
    try: () => valueOf(document.toJS({ mapAsMap: true })),
    catch: () => complaint(undefined, "its aliases go in a circle, or are too many")
  })
}

/** Reads JSON, as YAML once it is known to be JSON, so that numbers stay the text that stands there. */
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
