// Puts the examples into the README where it names them, so that what it shows is what is compiled and run. A name is the
// path of a file, or that of a file and a region of it: `<!-- docs/snippets/readme.ts#upload -->`.
import { readFileSync, writeFileSync } from "node:fs"

const root = new URL("../", import.meta.url)
const path = new URL("README.md", root)

/** The lines of a region, without the indentation that they share. */
const regionOf = (text, file, region) => {
  const [, found] = new RegExp(`// #region ${region}\n(.*?)\n *// #endregion ${region}\n`, "s").exec(text) ?? []
  if (found === undefined) throw new Error(`${file} has no region ${region}`)
  const indentation = Math.min(...found.split("\n").map((line) => line.search(/\S|$/)))
  return `${found
    .split("\n")
    .map((line) => line.slice(indentation))
    .join("\n")}\n`
}

const codeOf = (name) => {
  const [file, region] = name.split("#")
  const text = readFileSync(new URL(file, root), "utf8")
  return region === undefined ? text : regionOf(text, file, region)
}

const render = (readme) =>
  readme.replace(
    /<!-- ((?:examples|docs\/snippets)\/\S+) -->\n```ts\n.*?```/gs,
    (_, name) => `<!-- ${name} -->\n\`\`\`ts\n${codeOf(name)}\`\`\``
  )

const before = readFileSync(path, "utf8")
const after = render(before)
if (!process.argv.includes("--check")) {
  writeFileSync(path, after)
} else if (before !== after) {
  console.error("README.md does not show the examples as they are: run `npm run readme`")
  process.exit(1)
}
