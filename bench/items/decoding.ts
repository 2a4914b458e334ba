import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Item } from "../item.js"
import { library } from "../library.js"
import * as Records from "../records.js"

const text = JSON.stringify(Records.page(0, 1000, 1000))
const pages = 20

/** Responds with the same page each time. The text is ready, so that only the work of the library is measured. */
const client = HttpClient.make((request) => {
  const web = new Response(null, { headers: { "content-length": String(text.length) } })
  const response = HttpClientResponse.fromWeb(request, web)
  return Effect.succeed(Object.defineProperty(response, "text", { value: Effect.succeed(text) }))
})

export const items: ReadonlyArray<Item> = [
  {
    name: "decode 20 pages of 1,000 images",
    sides: {
      floor: async () => async () => {
        let count = 0
        for (let page = 0; page < pages; page++) count += JSON.parse(text).images.length
        return count
      },
      library: library(
        (images) => Effect.repeatN(images.list({ limit: 1000 }), pages - 1),
        Layer.succeed(HttpClient.HttpClient, client)
      )
    },
    requests: 0,
    target: 1.6,
    warm: 10,
    blocks: 12
  }
]
