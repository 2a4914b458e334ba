// #region server
import { MemoryCloud } from "@effect-glance/memory"
import { NodeMemoryServer } from "@effect-glance/node"
import { Effect } from "effect"

/** Serves a cloud on a free port of this machine until the scope closes. Returns the variables to log in with. */
export const served = Effect.gen(function* () {
  const cloud = yield* MemoryCloud.make({
    release: "30.0",
    images: [{ owner: "demo", name: "debian", data: "bytes" }],
    importDuration: "5 seconds",
    fetchUri: MemoryCloud.fetchUri({ maxBytes: 1024 ** 3, timeLimit: "1 minute" })
  })
  const server = yield* NodeMemoryServer.serve(cloud)
  return server.environment({ project: "demo" })
})
// #endregion server
