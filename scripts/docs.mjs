// Builds the documentation site with the API reference, and checks the links of its pages and of the Markdown files of the repository.
//
// With `--check` it only checks the sources: the code on a page is a file below docs/snippets or examples, each of these
// files is on a page or in the README, and a test imports or runs it. `npm run check` does this part, because it takes no time.
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../", import.meta.url))
const docs = join(root, "docs")
const site = join(docs, ".vitepress/dist")
const base = "/effect-glance/"

const problems = []

const filesBelow = (folder, ending) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending) && !/(^|\/)(node_modules|\.vitepress)\//.test(file))
    .map((file) => join(folder, file))

const api = join(docs, "api")

const pages = filesBelow(docs, ".md").filter((file) => !file.startsWith(api))

/** Pages whose code is no program: that of an endpoint that does not exist. */
const withFictionalCode = new Set(["architecture.md"])

const checkSources = () => {
  const shown = new Set()
  for (const page of pages) {
    const name = relative(docs, page)
    const text = readFileSync(page, "utf8")
    if (!withFictionalCode.has(name) && /^ *```(ts|tsx|js|typescript|yaml)\b/m.test(text)) {
      problems.push(`docs/${name} has code of its own: move it to a file below docs/snippets, and include that`)
    }
    for (const [, path, region] of text.matchAll(/^<<< @\/([^\s#{]+)(?:#(\w+))?/gm)) {
      const file = join(docs, path)
      if (!existsSync(file)) problems.push(`docs/${name} includes ${path}, which does not exist`)
      else if (region !== undefined && !readFileSync(file, "utf8").includes(`#region ${region}\n`)) {
        problems.push(`docs/${name} includes the region ${region} of ${path}, which does not exist`)
      }
      shown.add(region === undefined ? file : `${file}#${region}`)
      shown.add(file)
    }
  }
  for (const [, path, region] of readFileSync(join(root, "README.md"), "utf8").matchAll(
    /^<!-- docs\/([^\s#]+)(?:#(\w+))? -->/gm
  )) {
    shown.add(join(docs, path))
    shown.add(`${join(docs, path)}#${region}`)
  }
  const tests = [...filesBelow(join(root, "test"), ".ts"), ...filesBelow(docs, ".test.ts")].map((file) =>
    readFileSync(file, "utf8")
  )
  for (const file of filesBelow(join(docs, "snippets"), "")) {
    if (statSync(file).isDirectory()) continue
    const name = relative(docs, file)
    if (!shown.has(file)) problems.push(`docs/${name} is on no page`)
    for (const [, region] of readFileSync(file, "utf8").matchAll(/#region (\w+)\n/g)) {
      if (!shown.has(`${file}#${region}`)) problems.push(`the region ${region} of docs/${name} is on no page`)
    }
    if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue
    const module = name.replace(/^snippets\//, "").replace(/\.ts$/, "")
    // A test imports the module, or starts it by its name.
    if (
      !tests.some((text) => text.includes(`snippets/${module}`) || text.includes(`"./${module.split("/").at(-1)}.js"`))
    ) {
      problems.push(`no test runs docs/${name}`)
    }
  }
}

/** The id that GitHub gives a heading. */
const slug = (heading) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-")

/** Links of the Markdown files that GitHub and npm show. */
const checkMarkdown = () => {
  const files = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).split("\n")
  for (const file of files.filter((name) => name !== "" && !name.startsWith("docs/") && existsSync(join(root, name)))) {
    const text = readFileSync(join(root, file), "utf8").replace(/```.*?```/gs, "")
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      const [path, anchor] = link.split("#")
      const target = path === "" ? join(root, file) : resolve(root, dirname(file), path)
      if (!existsSync(target)) problems.push(`${file} links to ${path}, which does not exist`)
      else if (anchor !== undefined && target.endsWith(".md")) {
        const headings = [...readFileSync(target, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slug(heading))
        if (!headings.includes(anchor)) problems.push(`${file} links to ${link}, which has no such heading`)
      }
    }
  }
}

/** Links and anchors of the built pages. The build itself fails for a link to a page that does not exist. */
const checkSite = () => {
  const html = new Map(filesBelow(site, ".html").map((file) => [file, readFileSync(file, "utf8")]))
  const idsOf = new Map(
    [...html].map(([file, text]) => [file, new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))])
  )
  for (const [file, text] of html) {
    const name = relative(site, file)
    for (const [, link] of text.matchAll(/<a [^>]*?href="([^"]+)"/g)) {
      if (/^[a-z]+:/.test(link)) continue
      const [path, anchor] = link.replaceAll("&amp;", "&").split("#")
      const below =
        path === "" ? file : path.startsWith(base) ? join(site, path.slice(base.length)) : resolve(dirname(file), path)
      const target = [below, `${below}.html`, join(below, "index.html")].find(
        (one) => existsSync(one) && statSync(one).isFile()
      )
      if (target === undefined) problems.push(`${name} links to ${link}, which does not exist`)
      else if (anchor && !idsOf.get(target)?.has(decodeURIComponent(anchor))) {
        problems.push(`${name} links to ${link}, which has no such heading`)
      }
    }
    for (const [, source] of text.matchAll(/<(?:script|link|img)[^>]*? (?:src|href)="(https?:[^"]+)"/g)) {
      problems.push(`${name} loads ${source}: the site must work offline`)
    }
  }
  return html.size
}

/** Makes the API reference from the sources, with `core/Images.md` as the page of `@effect-glance/core/Images`. */
const writeReference = () => {
  rmSync(api, { recursive: true, force: true })
  execFileSync(process.execPath, [join(root, "node_modules/typedoc/bin/typedoc")], { cwd: root, stdio: "inherit" })
  for (const file of filesBelow(api, ".md")) {
    const text = readFileSync(file, "utf8")
      .replace(/^# (\w+)\/src\/(\w+)$/m, "# @effect-glance/$1/$2")
      .replaceAll(/\]\((?:\.\.\/\.\.\/)(\w+)\/src\//g, "](../$1/")
      .replaceAll(/\[(\w+)\/src\/(\w+)\]\(\w+\/src\//g, "[@effect-glance/$1/$2]($1/")
    writeFileSync(file, text)
    const target = file.replace("/src/", "/")
    if (target !== file) renameSync(file, target)
  }
}

checkSources()
checkMarkdown()
if (!process.argv.includes("--check") && problems.length === 0) {
  writeReference()
  execFileSync(process.execPath, [join(root, "node_modules/vitepress/bin/vitepress.js"), "build", docs], {
    cwd: root,
    stdio: "inherit"
  })
  console.log(`docs/.vitepress/dist has ${checkSite()} pages; \`npm run docs:preview\` shows them`)
}
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
