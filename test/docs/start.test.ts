import { assert, it } from "@effect/vitest"
import { MemoryCloud } from "@effect-glance/memory"
import { NodeMemoryServer } from "@effect-glance/node"
import { Effect } from "effect"
import { randomFile, runProgram } from "../support/examples.js"

it.scopedLive(
  "the upload of the start page prints its progress and the status of the image",
  () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make()
      const { environment } = yield* NodeMemoryServer.serve(cloud)
      const FILE = yield* randomFile(1000)
      const { stderr, stdout } = yield* runProgram("docs/snippets/start/upload.ts", { ...environment(), FILE })
      assert.deepStrictEqual([stdout, stderr], ["100 %\nactive\n", ""])
    }),
  60_000
)
