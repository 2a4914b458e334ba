/** Makes the page of errors: the docstrings of the classes, their messages, and the remedies of the entries. */
import { readFileSync } from "node:fs"
import { type Entry, entries } from "./entries.js"

const root = new URL("../../", import.meta.url)

const sources = [
  "packages/core/src/GlanceError.ts",
  "packages/http/src/CloudConfigError.ts",
  "packages/http/src/Directory.ts"
]

/** The headings of modules whose categories say only that these are errors. */
const titles: ReadonlyArray<readonly [module: string, title: string]> = [
  ["CloudConfigError", "configuration"],
  ["Directory", "projects"]
]

interface Documented {
  readonly tag: string
  readonly category: string
  readonly cause: string
}

/** The classes of a module in their order, with the text of their docstrings. */
const documented = (source: string): ReadonlyArray<Documented> => {
  const text = readFileSync(new URL(source, root), "utf8")
  return Array.from(
    text.matchAll(/\/\*\*\n((?: \*.*\n)+?) \*\/\nexport class (\w+) extends (?!Context\.)/g),
    ([, comment = "", tag = ""]) => {
      const lines = comment.split("\n").map((line) => line.replace(/^ \* ?/, ""))
      const cause = lines
        .slice(
          0,
          lines.findIndex((line) => line.startsWith("@"))
        )
        .join("\n")
      const category = /@category (.*)/.exec(comment)?.[1] ?? ""
      return {
        tag,
        category: titles.find(([name]) => source.includes(name))?.[1] ?? category,
        cause: cause.replace(/\{@link (\w+)\}/g, "`$1`").trim()
      }
    }
  )
}

export const classes: ReadonlyArray<Documented> = sources.flatMap(documented)

const title = (category: string) => category.charAt(0).toUpperCase() + category.slice(1)

const section = ({ cause, tag }: Documented): ReadonlyArray<string> => {
  const entry: Entry | undefined = Object.entries(entries).find(([name]) => name === tag)?.[1]
  if (entry === undefined) throw new Error(`scripts/errors/entries.ts has no entry for ${tag}`)
  return [
    `### ${tag}`,
    "",
    cause,
    "",
    "```text",
    entry.example.message,
    "```",
    "",
    `**What to do.** ${entry.remedy}`,
    ""
  ]
}

/** The Markdown of the page. */
export const page = (): string => {
  const categories = [...new Set(classes.map(({ category }) => category))]
  return [
    "# Errors",
    "",
    "<!-- `npm run errors` writes this page. The texts are in the docstrings of the classes, and in scripts/errors/entries.ts. -->",
    "",
    "Each error is a class with a tag of the same name. The type of an operation lists the errors that it can end in. The message",
    "names the operation, what failed, the response and its request id. For each error, this page has a message, the cause, and",
    "what to do.",
    "",
    "| part of a message | example |",
    "|---|---|",
    "| the operation | `Images.get:` |",
    "| what failed, and what to do | `image 3f2c… is missing or not visible` |",
    "| the response, with the server's own words | `(GET https://glance.example/v2/images/3f2c… returned 404: No image found with ID 3f2c…)` |",
    "| the request id | `[req-0e08…]` |",
    "",
    "[Concepts](./concepts#errors) shows how to handle errors. `GlanceError.isTransient` accepts `TransportError`,",
    "`ServiceUnavailable` and `RateLimited`.",
    "",
    ...categories.flatMap((category) => [
      `## ${title(category)}`,
      "",
      ...classes.filter((each) => each.category === category).flatMap(section)
    ])
  ]
    .join("\n")
    .replace(/\n+$/, "\n")
}
