// #region faults
import { Fault, type MemoryCloud } from "@effect-glance/memory"
import { Effect } from "effect"

/** Injects one fault of each kind. A request meets the oldest fault that fits it and is not used up. */
export const injectAll = (cloud: MemoryCloud.Service) =>
  Effect.all([
    cloud.inject({ method: "DELETE" }, Fault.status(409)),
    cloud.inject({ path: "/v2/images" }, Fault.status(503, { headers: { "retry-after": "5" } }), { times: 2 }),
    cloud.inject({ path: "/v2/images/*" }, Fault.delay("10 seconds")),
    cloud.inject(Fault.upload, Fault.resetUpload(1024)), // the connection breaks within the request body
    cloud.inject(Fault.upload, Fault.expireToken(1024)), // the token expires within the request body
    cloud.inject(Fault.download, Fault.resetAnswer(1024)), // the connection breaks within the response body
    cloud.inject(Fault.download, Fault.truncateAnswer(1024)), // the response body ends early, without an error
    cloud.inject({ method: "POST" }, Fault.loseAnswer), // the server does its work, and the response is lost
    cloud.inject({ method: "POST" }, Fault.refuse), // the connection is refused
    cloud.inject(Fault.login, Fault.status(401)),
    cloud.inject({}, Fault.hang), // no response, ever
    cloud.injectImport(Fault.importFails("disk full"), { where: ({ store }) => store === "slow" })
  ])
// #endregion faults

// #region random
/** Every tenth request fails, with a 503 or a lost response. The seed makes the choice repeatable. */
export const unreliable = Fault.sometimes({ share: 0.1, seed: 42, of: [Fault.status(503), Fault.loseAnswer] })
// #endregion random
