// Type-checks the project as `tsc --noEmit` does, and adds the diagnostics of the Effect language service. Errors and
// warnings fail the check; suggestions are for editors. The plugin runs on the program of the compiler, because its own
// command makes a program for every 50 files, which takes minutes, and its other way patches the installed compiler.
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

const program = ts.createProgram({ rootNames: fileNames, options, configFileParsingDiagnostics: errors })
const plugin = createRequire(import.meta.url)(`${pluginName}/index.js`)({ typescript: ts }).create({
  config,
  languageService: { getProgram: () => program, getSemanticDiagnostics: () => [] },
  project: { log: () => undefined }
})
const failing = new Set([ts.DiagnosticCategory.Error, ts.DiagnosticCategory.Warning])

report(
  ts.sortAndDeduplicateDiagnostics([
    ...ts.getPreEmitDiagnostics(program),
    ...fileNames.flatMap((name) => plugin.getSemanticDiagnostics(name)).filter(({ category }) => failing.has(category))
  ])
)
