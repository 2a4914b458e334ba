import type * as Images from "@effect-glance/core/Images"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Item } from "../item.js"
import { library, raw } from "../library.js"

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Follows `next` to the end and looks at each image. */
const rawList = (limit: number, perPage = 0) =>
  raw(async (ask) => {
    let bytes = 0
    for (let path: string | undefined = `/v2/images?limit=${limit}`; path !== undefined; ) {
      const page: { images: Array<{ size: number }>; next?: string } = await ask(path)
      for (const { size } of page.images) bytes += size
      if (perPage > 0) await pause(perPage)
      path = page.next
    }
    return bytes
  })

const bytesOf = (images: ReturnType<Images.Service["listAll"]>) =>
  Stream.runFold(images, 0, (bytes, image) => bytes + Option.getOrElse(image.size, () => 0))

const list = (limit: number) => library((images) => bytesOf(images.listAll({ limit })))

/** Lets each page wait, as a reader that writes somewhere does. */
const slowly = (limit: number, perPage: number, readAhead: boolean) =>
  library((images) =>
    bytesOf(
      Stream.mapChunksEffect(images.listAll({ limit }, { readAhead }), (chunk) =>
        Effect.as(
          Effect.promise(() => pause(perPage)),
          chunk
        )
      )
    )
  )

/** One takes a few milliseconds. */
const stops = 20

export const items: ReadonlyArray<Item> = [
  {
    name: "list 10,000 images, 25 a page",
    sides: { floor: rawList(25), library: list(25) },
    requests: 400,
    target: 1.9,
    warm: 15,
    blocks: 12
  },
  {
    name: "list 10,000 images, 1,000 a page",
    sides: { floor: rawList(1000), library: list(1000) },
    requests: 10,
    warm: 8,
    blocks: 16
  },
  {
    name: "list 100,000 images, 1,000 a page",
    cloud: "100000",
    sides: { floor: rawList(1000), library: list(1000) },
    requests: 100,
    target: 1.6,
    memory: 300,
    warm: 3,
    blocks: 4
  },
  {
    name: "list, stopped after 10 images, 20 times",
    sides: {
      floor: raw(async (ask) => {
        for (let done = 0; done < stops; done++) (await ask("/v2/images?limit=1000")).images.slice(0, 10)
      }),
      library: library((images) =>
        Effect.repeatN(Stream.runCollect(Stream.take(images.listAll({ limit: 1000 }), 10)), stops - 1)
      )
    },
    requests: stops,
    warm: 8,
    blocks: 12
  },
  {
    name: "list 20,000 from a slow server to a slow reader, 20 ms a page each",
    cloud: "20000-20",
    sides: {
      floor: rawList(1000, 20),
      library: slowly(1000, 20, false),
      "library, one page ahead": slowly(1000, 20, true)
    },
    measure: "seconds",
    requests: 20,
    memory: 300,
    rounds: 3,
    blocks: 3
  }
]
