import type { Normal } from "./compare.js"
import type { Probe } from "./servers.js"

/** A difference that stays, and why. */
export interface KnownDifference {
  readonly name: string
  readonly reason: string
  readonly applies: (probe: Probe, real: Normal, memory: Normal) => boolean
}

const storeIds = "openstack-image-store-ids"

const sameBut = (header: string, real: Normal, memory: Normal): boolean =>
  JSON.stringify({ ...real, headers: { ...real.headers, [header]: "" } }) ===
  JSON.stringify({ ...memory, headers: { ...memory.headers, [header]: "" } })

export const knownDifferences: ReadonlyArray<KnownDifference> = [
  {
    name: "reserved stores among the store ids",
    reason:
      "The real one adds its two reserved stores to its configuration when it first touches a store, and forgets them " +
      "whenever an option is registered later: both lists come from one server. Ours always tells all.",
    applies: (_, real, memory) =>
      memory.headers[storeIds] === `${real.headers[storeIds]},os_glance_staging_store,os_glance_tasks_store` &&
      sameBut(storeIds, real, memory)
  },
  {
    name: "paging by size from an image without one",
    reason:
      "The condition compares a missing size, taken for 0, with an empty text, and SQLite finds every number smaller " +
      "than every text: such a page starts again, or is empty. On the databases that clouds run, the text counts as 0; " +
      "so it does in memory.",
    applies: (probe, real, memory) => {
      const params = new URLSearchParams(probe.target.split("?")[1] ?? "")
      const sorts = [...params.getAll("sort_key"), ...params.getAll("sort")].join()
      return params.has("marker") && sorts.includes("size") && real.status === 200 && memory.status === 200
    }
  },
  {
    name: "a request id that is too long",
    reason:
      "The real one loses the caller when it refuses the id, and falls over that when it first needs to know who asks: " +
      "what is refused or answered without asking is answered all the same. In memory it falls over at once.",
    applies: (probe, real, memory) =>
      (probe.headers["x-openstack-request-id"] ?? "").length > 64 && memory.status === 500 && !real.hasRequestId
  }
]
