// Puts the examples into the README where it names them, so that what it shows is what is compiled and run.
import { readFileSync, writeFileSync } from "node:fs"

const root = new URL("../", import.meta.url)
const path = new URL("README.md", root)

const render = (readme) =>
  readme.replace(
    /<!-- (examples\/\S+) -->\n```ts\n.*?```/gs,
    (_, file) => `<!-- ${file} -->\n\`\`\`ts\n${readFileSync(new URL(file, root), "utf8")}\`\`\``
  )

const before = readFileSync(path, "utf8")
const after = render(before)
if (!process.argv.includes("--check")) {
  writeFileSync(path, after)
} else if (before !== after) {
  console.error("README.md does not show the examples as they are: run `npm run readme`")
  process.exit(1)
}
