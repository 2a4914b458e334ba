import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, it } from "@effect/vitest"

it("operations succeed and fail as ever in a process with frozen intrinsics", async () => {
  const program = fileURLToPath(new URL("./programs/frozen.ts", import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ["--frozen-intrinsics", "--import", "tsx", program])
  assert.deepStrictEqual(JSON.parse(stdout), [true, "ImageNotFound", "TransportError"])
}, 60_000)
