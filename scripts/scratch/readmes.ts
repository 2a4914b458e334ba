// Runs the programs of the packages' READMEs with the variables of a cloud in memory.
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeMemoryServer from "@effect-glance/node/NodeMemoryServer"
import * as Effect from "effect/Effect"

const main = Effect.gen(function* () {
  const cloud = yield* MemoryCloud.make({ images: [{ owner: "demo", name: "debian", data: "bytes" }] })
  const server = yield* NodeMemoryServer.serve(cloud)
  const env = { ...process.env, ...server.environment() }
  for (const program of process.argv.slice(2)) {
    const { stderr, stdout } = yield* Effect.promise(() => promisify(execFile)(process.execPath, [program], { env }))
    console.log(`${program}: ${stdout.trim()}`)
    if (stdout === "" || stderr !== "") throw new Error(`${program} printed nothing, or an error: ${stderr}`)
  }
}).pipe(Effect.scoped)

await Effect.runPromise(main)
