import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Server from "./server.js"

const size = 256 * 1024 * 1024
const mebibyte = 1024 * 1024
/** Far below the data: buffers on the way, and what the collector has not looked at yet. */
const room = 120 * mebibyte

const program = fileURLToPath(new URL("./bounded.ts", import.meta.url))

const run = (...args: ReadonlyArray<string>) =>
  Effect.map(
    Effect.promise(() =>
      promisify(execFile)(process.execPath, ["--max-old-space-size=64", "--import", "tsx", program, ...args])
    ),
    ({ stdout }) => JSON.parse(stdout) as { readonly grown: number }
  )

describe("256 MiB with 64 MiB of heap", { timeout: 120_000 }, () => {
  for (const client of ["undici", "node:http"]) {
    it.scopedLive(`go from a file and to a file over ${client}`, () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const data = new Uint8Array(size)
        for (let at = 0; at < size; at += 4096) data[at] = at / 4096
        yield* fs.writeFile(`${directory}/source`, data)
        const server = yield* Server.make
        const up = yield* run(server.url, "upload", `${directory}/source`, client)
        const sha512 = createHash("sha512").update(data).digest("hex")
        assert.strictEqual(server.record()["os_hash_value"], sha512)
        assert.isBelow(up.grown, room)
        server.serve(data)
        const down = yield* run(server.url, "download", `${directory}/target`, client)
        assert.isBelow(down.grown, room)
        const hash = createHash("sha512")
        yield* Stream.runForEach(fs.stream(`${directory}/target`), (bytes) => Effect.sync(() => hash.update(bytes)))
        assert.strictEqual(hash.digest("hex"), sha512)
      }).pipe(Effect.provide(NodeFileSystem.layer))
    )
  }
})
