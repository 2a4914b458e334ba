/** A process of its own: the stub, one side of one item, or what leaves nothing behind. */
import * as Undici from "undici"
import type { Item, Sample } from "./item.js"
import { items as decoding } from "./items/decoding.js"
import { items as layers } from "./items/layers.js"
import { items as listing } from "./items/listing.js"
import { clean, items as transfers } from "./items/transfers.js"
import { items as updates } from "./items/updates.js"
import * as Stub from "./stub.js"

const items: ReadonlyArray<Item> = [...decoding, ...listing, ...updates, ...transfers, ...layers]

const cpu = () => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1e6
}

/** Not by `fetch`, which is an undici of its own, in Node, and would be resident as well. */
const statistics = async (stub: string): Promise<{ readonly requests: number; readonly cpu: number }> =>
  (await Undici.request(`${stub}/statistics`)).body.json() as never

const measure = async ({ cloud = "10000", sides, warm = 1 }: Item, side: string, stub: string): Promise<Sample> => {
  const work = await sides[side]?.(`${stub}/${cloud}`)
  if (work === undefined) throw new Error(`no side ${side}`)
  for (let index = 0; index < warm; index++) await work()
  const before = await statistics(stub)
  const [began, beganCpu] = [performance.now(), cpu()]
  await work()
  const [seconds, used] = [(performance.now() - began) / 1000, cpu() - beganCpu]
  const after = await statistics(stub)
  return {
    seconds,
    cpu: used,
    resident: (process.resourceUsage().maxRSS * 1024) / 1e6,
    requests: after.requests - before.requests,
    stub: after.cpu - before.cpu
  }
}

const [role, name = "", side = "", stub = ""] = process.argv.slice(2)
if (role === "stub") Stub.main()
else if (role === "clean") clean()
else if (role === "list") {
  // The sides are functions, which JSON leaves out.
  console.log(JSON.stringify(items.map((item) => ({ ...item, sides: Object.keys(item.sides) }))))
} else {
  const item = items.find((each) => each.name === name)
  if (item === undefined) throw new Error(`no item ${name}`)
  console.log(JSON.stringify(await measure(item, side, stub)))
  process.exit(0)
}
