import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Effect from "effect/Effect"

describe("NodeTransport", () => {
  it.effect("names the client to use where undici has no dispatcher, as in Bun", () =>
    Effect.gen(function* () {
      const client = yield* Effect.provideService(
        NodeTransport.make,
        NodeHttpClient.Dispatcher,
        {} as Undici.Dispatcher
      )
      const failure = yield* Effect.flip(client.get("http://127.0.0.1:1/"))
      assert.include(String((failure.cause as Error).message), "provide FetchHttpClient.layer of @effect/platform")
    })
  )
})
