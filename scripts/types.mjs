// Type-checks the project as `tsc --noEmit` does, together with each `@example` of a docstring, and adds the diagnostics of the Effect language service. Errors and
// warnings fail the check; suggestions are for editors. The plugin runs on the program of the compiler, because its own
// command makes a program for every 50 files, which takes minutes, and its other way patches the installed compiler.
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const root = fileURLToPath(new URL("../", import.meta.url))
const pluginName = "@effect/language-service"

const format = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => root, getNewLine: () => "\n" }

const report = (diagnostics) => {
  const render = process.stdout.isTTY ? ts.formatDiagnosticsWithColorAndContext : ts.formatDiagnostics
  process.stdout.write(render(diagnostics, format))
  if (diagnostics.length > 0) process.exitCode = 1
}

const { errors, fileNames, options } = ts.getParsedCommandLineOfConfigFile(
  `${root}tsconfig.json`,
  {},
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (diagnostic) => report([diagnostic]) }
)
const config = options.plugins?.find(({ name }) => name === pluginName)
if (config === undefined) throw new Error(`tsconfig.json does not name the plugin ${pluginName}`)

/** The examples in docstrings, as files that do not exist. Each is named after its source and line. */
const examples = new Map()
for (const file of fileNames.filter((name) => name.startsWith(`${root}packages/`))) {
  const text = readFileSync(file, "utf8")
  for (const { 0: block, index } of text.matchAll(/^ *\* @example\n(?: *\*(?! @).*\n)+/gm)) {
    const line = text.slice(0, index).split("\n").length
    const code = block
      .split("\n")
      .slice(1)
      .map((each) => each.replace(/^ *\* ?/, ""))
      .filter((each) => !/^(```\w*|\/)$/.test(each))
    examples.set(`${file.slice(0, -3)}.example-at-line-${line}.ts`, code.join("\n"))
  }
}

const host = ts.createCompilerHost(options)
const { fileExists, getSourceFile, readFile } = host
host.fileExists = (name) => examples.has(name) || fileExists(name)
host.readFile = (name) => examples.get(name) ?? readFile(name)
host.getSourceFile = (name, ...rest) => {
  const example = examples.get(name)
  return example === undefined ? getSourceFile(name, ...rest) : ts.createSourceFile(name, example, ...rest)
}

/** An example may declare what it does not use. */
const isUnused = ({ code, file }) => examples.has(file?.fileName) && [6133, 6192, 6196, 6198].includes(code)

const rootNames = [...fileNames, ...examples.keys()]
const program = ts.createProgram({ rootNames, options, host, configFileParsingDiagnostics: errors })
const plugin = createRequire(import.meta.url)(`${pluginName}/index.js`)({ typescript: ts }).create({
  config,
  languageService: { getProgram: () => program, getSemanticDiagnostics: () => [] },
  project: { log: () => undefined }
})
const failing = new Set([ts.DiagnosticCategory.Error, ts.DiagnosticCategory.Warning])

report(
  ts.sortAndDeduplicateDiagnostics([
    ...ts.getPreEmitDiagnostics(program).filter((diagnostic) => !isUnused(diagnostic)),
    ...fileNames.flatMap((name) => plugin.getSemanticDiagnostics(name)).filter(({ category }) => failing.has(category))
  ])
)
