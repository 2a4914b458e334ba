/**
 * Tables as `openstack` draws them, to the last character: scripts cut columns out of them. No library of npm wraps
 * texts as Python's `textwrap` does.
 */
import stringWidth from "string-width"
import { type Cell, human } from "./cell.js"

export interface Width {
  /** The longest line. 0 is that of the terminal. */
  readonly max: number
  /** The columns of the terminal that standard output is, if it is one. */
  readonly terminal: number | undefined
}

type Align = "left" | "right" | "center"

const padded = (text: string, width: number, align: Align): string => {
  const excess = width - stringWidth(text)
  if (excess <= 0) return text
  if (align === "left") return text + " ".repeat(excess)
  if (align === "right") return " ".repeat(excess) + text
  // An odd column goes to the right of a text of odd width, and to the left of an even one.
  const left = stringWidth(text) % 2 === 1 ? Math.floor(excess / 2) : Math.ceil(excess / 2)
  return " ".repeat(left) + text + " ".repeat(excess - left)
}

const space = String.raw`[\t\n\v\f\r ]`
const notSpace = String.raw`[^\t\n\v\f\r ]`
const letter = String.raw`[\p{L}_]`
const word = String.raw`[\p{L}\p{N}_]`
const punctuated = String.raw`[\p{L}\p{N}_!"'&.,?]`

/** Where Python's `textwrap` may break a line: at spaces, after a hyphen between letters, and around dashes. */
const chunk = new RegExp(
  `${space}+|(?<=${punctuated})-{2,}(?=${word})|${notSpace}+?(?:` +
    `-(?:(?<=${letter}{2}-)|(?<=${letter}-${punctuated}-))(?=${letter}-?${letter})` +
    `|(?=${space}|$)|(?<=${punctuated})(?=-{2,}${word}))`,
  "gu"
)

/** Divides a word that is longer than the room that is left: after its last hyphen there, or anywhere. */
const divided = (long: string, room: number): readonly [string, string] => {
  const letters = [...long]
  const hyphen = letters.slice(0, room).lastIndexOf("-")
  const end = hyphen > 0 && letters.slice(0, hyphen).some((each) => each !== "-") ? hyphen + 1 : room
  return [letters.slice(0, end).join(""), letters.slice(end).join("")]
}

const lengthOf = (text: string): number => [...text].length

/** Wraps one line of text as Python's `textwrap.wrap` does, which counts characters and not columns. */
const wrapped = (text: string, width: number): ReadonlyArray<string> => {
  const chunks = (text.replace(/[\t\n\v\f\r]/g, " ").match(chunk) ?? []).reverse()
  const lines: Array<string> = []
  while (chunks.length > 0) {
    if (lines.length > 0 && chunks.at(-1)?.trim() === "") chunks.pop()
    const current: Array<string> = []
    let length = 0
    for (let next = chunks.at(-1); next !== undefined && length + lengthOf(next) <= width; next = chunks.at(-1)) {
      current.push(next)
      length += lengthOf(next)
      chunks.pop()
    }
    const next = chunks.at(-1)
    if (next !== undefined && lengthOf(next) > width) {
      const [head, tail] = divided(next, Math.max(1, width - length))
      current.push(head)
      chunks[chunks.length - 1] = tail
    }
    if (current.at(-1)?.trim() === "") current.pop()
    if (current.length > 0) lines.push(current.join(""))
  }
  return lines.length === 0 ? [""] : lines
}

const linesOf = (text: string, width: number | undefined): ReadonlyArray<string> =>
  text.split("\n").flatMap((each) => (width !== undefined && stringWidth(each) > width ? wrapped(each, width) : [each]))

const draw = (
  titles: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  aligns: ReadonlyArray<Align>,
  limits: ReadonlyArray<number | undefined>
): string => {
  // Titles are not wrapped, and texts not narrower than their title.
  const roomOf = (index: number): number | undefined => {
    const limit = limits[index]
    return limit === undefined ? undefined : Math.max(limit, stringWidth(titles[index] ?? ""))
  }
  const cells = [
    titles.map((title) => [title]),
    ...rows.map((row) => row.map((text, index) => linesOf(text, roomOf(index))))
  ]
  const widths = titles.map((_, index) =>
    Math.max(0, ...cells.flatMap((row) => (row[index] ?? []).map((each) => stringWidth(each))))
  )
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+`
  const drawn = cells.map((row) => {
    const height = Math.max(1, ...row.map((lines) => lines.length))
    return Array.from({ length: height }, (_, line) => {
      const parts = row.map(
        (lines, index) => ` ${padded(lines[line] ?? "", widths[index] ?? 0, aligns[index] ?? "left")} `
      )
      return `|${parts.join("|")}|`
    })
  })
  const [head = [], ...body] = drawn
  return [rule, ...head, rule, ...body.flat(), rule].join("\n")
}

/** The widest texts of columns, so that the table fits: wide columns share what narrow ones leave. */
const limitsOf = (
  titles: ReadonlyArray<string>,
  firstLine: string,
  { max, terminal }: Width,
  least: number
): ReadonlyArray<number | undefined> => {
  const total = max > 0 ? max : terminal
  if (total === undefined || firstLine.length <= total) return []
  const widths = firstLine
    .split("+")
    .slice(1, -1)
    .map((rule) => Math.max(0, rule.length - 2))
  const usable = Math.max(0, total - 1 - 3 * titles.length)
  const equal = Math.floor(usable / titles.length)
  const wide = widths.flatMap((width, index) => (width > equal ? [index] : []))
  let left = usable - widths.filter((width) => width <= equal).reduce((sum, width) => sum + width, 0)
  const share = Math.floor(left / wide.length)
  const limits: Array<number | undefined> = titles.map(() => undefined)
  for (const index of wide.slice(0, -1)) {
    limits[index] = Math.max(least, share)
    left -= share
  }
  const last = wide.at(-1)
  if (last !== undefined) limits[last] = Math.max(least, left)
  return limits
}

const shown = (cell: Cell): string => human(cell).replaceAll("\r\n", "\n").replaceAll("\r", " ")

/** Returns rows below their titles. Without rows it is an empty line, unless `printEmpty`. */
export const list = (
  titles: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>,
  width: Width,
  printEmpty: boolean
): string => {
  if (rows.length === 0 && !printEmpty) return ""
  const [first] = rows
  const aligns = titles.map((_, index): Align => {
    if (first === undefined) return "center"
    return typeof first[index] === "number" ? "right" : "left"
  })
  const texts = rows.map((row) => row.map(shown))
  const [rule = ""] = draw(titles, texts, aligns, []).split("\n")
  return draw(titles, texts, aligns, limitsOf(titles, rule, width, 8))
}

/** Returns one record as a table of fields and values. */
export const one = (names: ReadonlyArray<string>, values: ReadonlyArray<Cell>, width: Width): string => {
  if (names.length === 0) return ""
  const titles = ["Field", "Value"]
  const rows = names.map((name, index) => [name, shown(values[index] ?? null)])
  const aligns: ReadonlyArray<Align> = ["left", "left"]
  const [rule = ""] = draw(titles, rows, aligns, []).split("\n")
  return draw(titles, rows, aligns, limitsOf(titles, rule, width, 16))
}
