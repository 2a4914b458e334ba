/**
 * A program that uploads from a file and downloads to one; run with little heap. Arguments: URL, direction, path.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { ImageData, ImageSource } from "@effect-glance/core"
import * as Cloud from "@effect-glance/http/Cloud"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { id } from "./support.js"

const [endpoint = "", direction, path = "", client] = process.argv.slice(2)

const before = process.resourceUsage().maxRSS
await Effect.flatMap(
  ImageData.ImageData,
  (data): Effect.Effect<unknown, unknown, NodeFileSystemService> =>
    direction === "upload" ? data.upload(id, ImageSource.file(path)) : data.downloadTo(id, path)
).pipe(
  Effect.provide(
    ImageData.layer.pipe(
      Layer.provide(Cloud.layerToken({ endpoint, token: Redacted.make("token") })),
      Layer.provide([client === "node:http" ? NodeHttpClient.layer : NodeHttpClient.layerUndici, NodeHasher.layer]),
      Layer.merge(NodeFileSystem.layer)
    )
  ),
  Effect.runPromise
)
console.log(JSON.stringify({ grown: (process.resourceUsage().maxRSS - before) * 1024 }))

type NodeFileSystemService = Layer.Layer.Success<typeof NodeFileSystem.layer>
