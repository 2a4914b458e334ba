import type * as Images from "@effect-glance/core/Images"
import * as Effect from "effect/Effect"
import type { Item } from "../item.js"
import { imageId, library, raw } from "../library.js"

const count = 1000

/** Each sets one property to something else. */
const body = (index: number) => JSON.stringify([{ op: "add", path: "/build", value: String(index) }])

const rawUpdates = (concurrency: number, fresh: boolean) =>
  raw(async (ask) => {
    const path = `/v2/images/${imageId}`
    let next = 0
    const worker = async () => {
      for (let index = next++; index < count; index = next++) {
        if (fresh) await ask(path)
        await ask(path, { method: "PATCH", body: body(index) })
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
  })

/** By the name of today, and by the one in older checkouts. */
const options = (fresh: boolean) => ({ readFirst: fresh, fresh })

const updates = (concurrency: number, fresh: boolean) =>
  library((images: Images.Service) =>
    Effect.forEach(
      Array.from({ length: count }, (_, index) => index),
      (index) => images.update(imageId, { properties: { build: String(index) } }, options(fresh)),
      { concurrency, discard: true }
    )
  )

const item = (name: string, concurrency: number, fresh: boolean, more: Partial<Item> = {}): Item => ({
  name,
  sides: { floor: rawUpdates(concurrency, fresh), library: updates(concurrency, fresh) },
  requests: fresh ? 2 * count : count,
  // Before that, V8 is still compiling.
  warm: 8,
  blocks: 8,
  ...more
})

export const items: ReadonlyArray<Item> = [
  item("the first 1,000 updates of a process", 1, false, { rounds: 11, warm: 0, blocks: 1 }),
  item("1,000 updates in sequence", 1, false, { target: 2 }),
  item("1,000 updates in sequence, each of a fresh copy", 1, true),
  item("1,000 updates, 50 at a time", 50, false)
]
