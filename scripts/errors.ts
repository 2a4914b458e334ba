/** Writes docs/errors.md, or compares it with `--check`. */
import { readFileSync, writeFileSync } from "node:fs"
import { page } from "./errors/page.js"

const path = new URL("../docs/errors.md", import.meta.url)

if (!process.argv.includes("--check")) writeFileSync(path, page())
else if (readFileSync(path, "utf8") !== page()) {
  console.error("docs/errors.md is older than the classes of errors: run `npm run errors`")
  process.exit(1)
}
