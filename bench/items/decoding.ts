import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as Images from "@effect-glance/core/Images"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Item } from "../item.js"
import * as Records from "../records.js"

const text = JSON.stringify(Records.page(0, 1000, 1000))
const rounds = 100

/** A port whose every answer is the same text, at hand. */
const port: GlanceClient.Service = {
  client: GlanceClient.makeClient((request: HttpClientRequest.HttpClientRequest) =>
    Effect.succeed({
      request,
      status: 200,
      headers: {},
      text: Effect.succeed(text)
    } as unknown as HttpClientResponse.HttpClientResponse)
  ),
  projectId: Effect.succeedNone,
  objectStore: Effect.succeedNone,
  ensureToken: () => Effect.void,
  timeLimit: Duration.minutes(1)
} as unknown as GlanceClient.Service

export const items: ReadonlyArray<Item> = [
  {
    name: "decode 100 pages of 1,000 images",
    sides: {
      floor: async () => async () => {
        let count = 0
        for (let round = 0; round < rounds; round++) count += JSON.parse(text).images.length
        return count
      },
      library: async () => {
        const images = await Effect.runPromise(Effect.provideService(Images.make, GlanceClient.GlanceClient, port))
        return () => Effect.runPromise(Effect.repeatN(images.list(), rounds - 1))
      }
    },
    target: 1.6,
    rounds: 11
  }
]
