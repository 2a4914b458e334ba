/** Finds the sentence in the page of a proxy or of webob. Each character is looked at a fixed number of times. */

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " }

/** A character by its name or number: Glance's pages write all but ASCII, and every quote, as numbers. */
const character = (whole: string, name: string): string => {
  if (!name.startsWith("#")) return Object.hasOwn(entities, name) ? (entities[name] as string) : whole
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10)
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
}

const textOf = (markup: ReadonlyArray<string>): string =>
  markup
    .join(" ")
    .replace(/&(#?\w{1,32});/g, character)
    .replace(/\s+/g, " ")
    .trim()

/** Elements whose content is no text of the page. */
const hidden = new Set(["style", "script", "noscript", "svg"])

/** What a server writes below a page: its name and version. */
const isBanner = (text: string): boolean =>
  text.length < 100 &&
  (/^[\w.-]+(\/[\w.+-]+)?( \([\w ]+\))?$/.test(text) ||
    /^(nginx|openresty|apache|lighttpd|haproxy|varnish|squid|iis|microsoft|cloudflare|caddy|awselb)\b/i.test(text))

/** A heading mostly begins with the status, which the error has anyway. */
const withoutStatus = (text: string): string => text.replace(/^[1-5]\d\d\b[\s:\u2013-]*/, "")

/**
 * The text of the page without headings; if there is none but the banner of the server, the heading, else the title.
 * Text without markup is returned as it is.
 */
export const sentenceOf = (page: string): string => {
  const parts: Record<"title" | "heading" | "text" | "below", Array<string>> = {
    title: [],
    heading: [],
    text: [],
    below: []
  }
  let section: keyof typeof parts = "text"
  let isBelow = false
  for (const { isEnd, name, text } of pieces(page)) {
    if (text !== "") parts[section === "text" && isBelow ? "below" : section].push(text)
    if (name === "title") section = isEnd ? "text" : "title"
    else if (/^h[1-6]$/.test(name)) section = isEnd ? "text" : "heading"
    else if (name === "hr" || name === "address" || name === "footer") isBelow = true
  }
  const text = textOf(parts.text)
  if (text !== "" && !(parts.heading.length > 0 && isBanner(text))) return text
  const below = textOf(parts.below)
  if (below !== "" && !isBanner(below)) return below
  return withoutStatus(textOf(parts.heading)) || withoutStatus(textOf(parts.title)) || text || below
}

interface Piece {
  /** The text before the tag. */
  readonly text: string
  /** The tag, in lower case; empty at the end of the page, and for comments. */
  readonly name: string
  readonly isEnd: boolean
}

/** The page as texts and tags, without the content of hidden elements but for titles. */
const pieces = function* (page: string): Generator<Piece> {
  const lower = page.toLowerCase()
  /** What is not to be found any more, so that it is not searched for again. */
  const missing = new Set<string>()
  const find = (what: string, from: number): number => {
    if (missing.has(what)) return -1
    const found = lower.indexOf(what, from)
    if (found < 0) missing.add(what)
    return found
  }
  let begin = 0
  for (let at = find("<", 0); at >= 0; at = find("<", at)) {
    const [, slash = "", name = ""] = /^<([/!?]?)([a-z][a-z\d]{0,15}|--)?/.exec(lower.slice(at, at + 20)) ?? []
    if (name === "" && slash === "") {
      at += 1
      continue
    }
    const text = page.slice(begin, at)
    const end = name === "--" ? find("-->", at) : find(">", at)
    // A tag that does not end is cut off.
    begin = at = end < 0 ? page.length : end + (name === "--" ? 3 : 1)
    yield { text, name: slash === "!" || slash === "?" ? "" : name, isEnd: slash === "/" }
    if (slash !== "" || !hidden.has(name)) continue
    const closing = find(`</${name}`, at)
    if (closing >= 0) begin = at = closing
  }
  yield { text: page.slice(begin), name: "", isEnd: false }
}
