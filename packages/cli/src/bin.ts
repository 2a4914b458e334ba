#!/usr/bin/env node
/**
 * `effect-glance`: starts the bundled program, with the code that an earlier run compiled. That halves the time until the
 * program runs.
 *
 * @since 0.1.0
 */
import * as Fs from "node:fs"
import * as Module from "node:module"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import * as Vm from "node:vm"

const file = Path.join(Path.dirname(fileURLToPath(import.meta.url)), "main.cjs")
const require = Module.createRequire(import.meta.url)

/** Node 22.8 and later keep compiled code themselves. */
const { enableCompileCache } = Module as { readonly enableCompileCache?: (folder: string) => unknown }

const folder = Path.join(
  process.env["XDG_CACHE_HOME"] || Path.join(process.env["HOME"] || Os.tmpdir(), ".cache"),
  "effect-glance"
)

/** Compiled code that was kept for this file and this Node. Only the user's own file is trusted. */
const kept = (path: string): Buffer | undefined => {
  try {
    const { uid } = Fs.statSync(path)
    return uid === process.getuid?.() ? Fs.readFileSync(path) : undefined
  } catch {
    return undefined
  }
}

const keep = (path: string, code: Buffer): void => {
  try {
    Fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const name of Fs.readdirSync(folder)) if (name.startsWith("code-")) Fs.rmSync(Path.join(folder, name))
    // Another run may read the file while this one writes it.
    Fs.writeFileSync(`${path}.${process.pid}`, code, { mode: 0o600 })
    Fs.renameSync(`${path}.${process.pid}`, path)
  } catch {
    // Without a place for it, the next run compiles again.
  }
}

const runWithKeptCode = (): void => {
  // The bundle is ASCII, which is read faster as latin1.
  const source = Fs.readFileSync(file, "latin1")
  const { mtimeMs, size } = Fs.statSync(file)
  const cache = Path.join(folder, `code-${process.version}-${process.arch}-${size}-${Math.trunc(mtimeMs)}`)
  const cachedData = kept(cache)
  const script = new Vm.Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: (name: string) => import(name)
  } as Vm.ScriptOptions)
  const module = { exports: {} }
  script.runInThisContext()(module.exports, require, module, file, Path.dirname(file))
  // At the end also what was compiled while the program ran is known.
  if (cachedData === undefined || script.cachedDataRejected === true) {
    process.on("exit", () => keep(cache, script.createCachedData()))
  }
}

if (enableCompileCache === undefined) runWithKeptCode()
else {
  enableCompileCache(folder)
  require(file)
}
