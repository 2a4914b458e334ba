import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Images from "@effect-glance/core/Images"
import * as Effect from "effect/Effect"
import type { Item } from "../item.js"
import { imageId, library, raw } from "../library.js"

const count = 500

const gets = (images: Images.Service) => Effect.repeatN(images.get(imageId), count - 1)

export const items: ReadonlyArray<Item> = [
  {
    name: "500 gets in sequence",
    sides: {
      floor: raw(async (ask) => {
        for (let index = 0; index < count; index++) await ask(`/v2/images/${imageId}`)
      }),
      library: library(gets),
      "over Effect's undici client": library(gets, NodeHttpClient.layerUndici)
    },
    requests: count,
    warm: 15,
    blocks: 12
  }
]
