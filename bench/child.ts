/** A process of its own: the stub, or one side of one item, which measures a block for each message. */
import * as Undici from "undici"
import type { Sample } from "./item.js"
import { items } from "./items/index.js"
import * as Stub from "./stub.js"

const cpu = () => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1e6
}

/** Not by `fetch`, because Node would load a second undici for it. */
const statistics = async (stub: string): Promise<{ readonly requests: number; readonly cpu: number }> =>
  (await Undici.request(`${stub}/statistics`)).body.json() as never

const measure = async (block: () => Promise<unknown>, stub: string): Promise<Sample> => {
  const before = await statistics(stub)
  const [began, beganCpu] = [performance.now(), cpu()]
  await block()
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

const [name, side = "", stub = ""] = process.argv.slice(2)
if (name === "stub") Stub.main()
else {
  const item = items.find((each) => each.name === name)
  const block = await item?.sides[side]?.(`${stub}/${item.cloud ?? "10000"}`)
  if (block === undefined) throw new Error(`no item ${name} with a side ${side}`)
  process.on("message", async () => process.send?.(await measure(block, stub)))
  process.send?.("ready")
}
