/** Bundles a program of this directory with the library of this checkout or of another one. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import * as Esbuild from "esbuild"

export const here = Path.dirname(fileURLToPath(import.meta.url))
export const root = Path.dirname(here)

/** Node's modules have a package of their own, and were part of `http` before. The first place that exists is taken. */
const placesOf = (path: string): ReadonlyArray<string> => {
  const node = /^@effect-glance\/(?:http\/)?node\/(.*)$/.exec(path)?.[1]
  return node === undefined ? [path] : ["node", "http/node"].map((place) => `@effect-glance/${place}/${node}`)
}

/** Takes the packages that files of this directory import from the checkout, with the dependencies it has installed. */
const packagesOf = (checkout: string): Esbuild.Plugin => ({
  name: "packages of a checkout",
  setup: (build) => {
    const resolved = {}
    build.onResolve({ filter: /^[^./]/ }, async ({ importer, kind, path, pluginData }) => {
      if (pluginData === resolved || !importer.startsWith(here)) return undefined
      let result: Esbuild.OnResolveResult = {}
      for (const place of placesOf(path)) {
        const found = await build.resolve(place, { kind, resolveDir: checkout, pluginData: resolved })
        result = found
        if (found.errors.length === 0) break
      }
      return result
    })
  }
})

/** JavaScript, because the loader of TypeScript would be measured as well. Returns the path of the program. */
export const bundle = async (
  checkout: string,
  entry: string,
  options: Pick<Esbuild.BuildOptions, "external" | "minify">
): Promise<string> => {
  const kind = options.minify === true ? "minified" : "plain"
  const directory = Path.join(here, ".out", checkout === root ? "this" : "other")
  Fs.mkdirSync(directory, { recursive: true })
  // What is left to import at run time is the checkout's as well.
  const modules = Path.join(directory, "node_modules")
  Fs.rmSync(modules, { force: true })
  Fs.symlinkSync(Path.join(checkout, "node_modules"), modules)
  const outfile = Path.join(directory, `${Path.basename(entry, ".ts")}-${kind}.mjs`)
  await Esbuild.build({
    entryPoints: [Path.join(here, entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);'
    },
    plugins: [packagesOf(checkout)],
    ...options
  })
  return outfile
}
