// Bundles the command line into `packages/cli/dist`: one file with all that it uses, and a small one that starts it.
import { chmodSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const folder = fileURLToPath(new URL("../packages/cli/", import.meta.url))

/** Loading all of undici takes as long as a request. The command line uses these parts. */
const partsOfUndici = `
export { default as Agent } from "undici/lib/dispatcher/agent.js"
export { default as Dispatcher } from "undici/lib/dispatcher/dispatcher.js"
export { default as ProxyAgent } from "undici/lib/dispatcher/proxy-agent.js"
export { getGlobalDispatcher } from "undici/lib/global.js"
export default undefined
`

/** @type {import("esbuild").Plugin} */
const withoutRestOfUndici = {
  name: "without the rest of undici",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^undici$/ }, () => ({ path: "undici", namespace: "parts" }))
    onLoad({ filter: /.*/, namespace: "parts" }, () => ({ contents: partsOfUndici, resolveDir: folder }))
  }
}

/** @param {string} output */
export async function bundle(output = join(folder, "dist")) {
  const options = { bundle: true, platform: "node", target: "node20", logLevel: "error" }
  await build({
    ...options,
    entryPoints: { main: join(folder, "src/main.ts") },
    outdir: output,
    format: "cjs",
    outExtension: { ".js": ".cjs" },
    minify: true,
    legalComments: "linked",
    plugins: [withoutRestOfUndici]
  })
  await build({ ...options, entryPoints: { bin: join(folder, "src/bin.ts") }, outdir: output, format: "esm" })
  chmodSync(join(output, "bin.js"), 0o755)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(process.argv[2])
