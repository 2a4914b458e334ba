/** The part of RFC 7231's `Accept` that decides how an error is written. */

interface Range {
  readonly type: string
  readonly q: number
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const quoted = '"(?:[^"\\\\]|\\\\.)*"'
const element = new RegExp(
  `^(\\*/\\*|${token}/\\*|${token}/${token})((?:[ \\t]*;[ \\t]*${token}(?:=(?:${token}|${quoted}))?)*)$`
)

/** The ranges of a header, or nothing when it is not well formed. */
const parse = (header: string): ReadonlyArray<Range> | undefined => {
  const ranges: Array<Range> = []
  for (const raw of header.split(",")) {
    const text = raw.trim()
    if (text === "") continue
    const match = element.exec(text)
    if (match === null) return undefined
    const parameters = (match[2] ?? "").split(";").map((part) => part.trim())
    const q = parameters.find((part) => /^q=/i.test(part))
    const quality = q === undefined ? 1 : Number(q.slice(2))
    if (q !== undefined && !/^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i.test(q)) return undefined
    // A range with parameters of its own matches only an offer that has them, and ours have none.
    const before = q === undefined ? parameters : parameters.slice(0, parameters.indexOf(q))
    if (before.some((part) => part !== "")) continue
    ranges.push({ type: (match[1] ?? "").toLowerCase(), q: quality })
  }
  return ranges
}

/** The type in which an error is written. HTML wins a tie, and plain text is for clients that accept neither. */
export const acceptableErrorType = (header: string): "text/html" | "application/json" | "text/plain" => {
  const ranges = parse(header)
  if (ranges === undefined) return "text/html"
  const quality = (...types: ReadonlyArray<string>): number =>
    types.map((type) => ranges.find((range) => range.type === type)).find((range) => range !== undefined)?.q ?? 0
  const html = quality("text/html", "text/*", "*/*")
  const json = quality("application/json", "application/*", "*/*")
  if (html === 0 && json === 0) return "text/plain"
  return html >= json ? "text/html" : "application/json"
}
