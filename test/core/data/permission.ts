/** Downloads to a file under Node's permission model, and prints the outcome of each attempt. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import { id, over, web } from "./support.js"

const path = process.argv[2] ?? ""
let requests = 0

Effect.gen(function* () {
  const data = yield* over({ size: 3 }, (request) => {
    requests += 1
    return web(request, new Response("abc"))
  })
  for (const sync of [true, false]) {
    const outcome = yield* Effect.either(data.downloadTo(id, path, { verify: false, sync }))
    console.log(JSON.stringify({ sync, requests, outcome: outcome._tag === "Left" ? outcome.left.message : "done" }))
  }
}).pipe(Effect.provide(NodeFileSystem.layer), Effect.runPromise)
