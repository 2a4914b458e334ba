/** A program that lists the first image, or without a URL only imports. Imports are deep: a barrel takes longer. */
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const endpoint = process.argv[2]

const tell = Effect.sync(() => {
  const { system, user } = process.cpuUsage()
  console.log((system + user) / 1e6, (process.resourceUsage().maxRSS * 1024) / 1e6)
})

const first = Effect.flatMap(Images.Images, (images) => Stream.runHead(images.listAll({ limit: 25 })))

const program =
  endpoint === undefined
    ? tell
    : Effect.zipRight(first, tell).pipe(
        Effect.provide(Images.layer),
        Effect.provide(Cloud.layerToken({ endpoint, token: Redacted.make("token") })),
        Effect.provide(Layer.fresh(NodeTransport.layer))
      )
await Effect.runPromise(program)
process.exit(0)
