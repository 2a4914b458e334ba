import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { passwordLogin } from "./support.js"

const root = fileURLToPath(new URL("../../", import.meta.url))

const run = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, ["--import", "tsx", "packages/node/src/bin.ts", ...args], { cwd: root })
      const output = { stdout: "", stderr: "" }
      child.stdout.setEncoding("utf8").on("data", (text) => {
        output.stdout += text
      })
      child.stderr.setEncoding("utf8").on("data", (text) => {
        output.stderr += text
      })
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
      const said = (pattern: RegExp) =>
        Effect.async<RegExpExecArray>((resume) => {
          const look = () => {
            const found = pattern.exec(output.stdout)
            if (found !== null) resume(Effect.succeed(found))
            else child.stdout.once("data", look)
          }
          look()
        })
      return { child, output, said, ended: Effect.promise(() => ended) }
    }),
    ({ child }) =>
      Effect.sync(() => {
        child.kill()
      })
  )

describe("the command", () => {
  it.scopedLive(
    "serves a cloud until it is stopped, and prints what to log in with",
    () =>
      Effect.gen(function* () {
        const { child, ended, output, said } = yield* run(
          ...["--project", "my project", "--region", "Here", "--image", "disk,owner=my project,size=7"],
          ...["--user", "alice,password=it's one,roles=my project:member", "--cors-origin", "https://app.example"]
        )
        const [, url = ""] = yield* said(/^export OS_AUTH_URL=(.*)$/m)
        yield* said(/OS_REGION_NAME=Here\n/)
        assert.include(output.stdout, "export OS_PROJECT_NAME='my project'\n")
        assert.include(output.stdout, "# User alice, password 'it'\\''s one', in my project (member)\n")
        assert.include(output.stdout, "# User admin, password secret, in admin (admin, member, reader)\n")
        const response = yield* Effect.promise(() =>
          fetch(`${url}/auth/tokens`, {
            method: "POST",
            headers: { "content-type": "application/json", origin: "https://app.example" },
            body: JSON.stringify(
              passwordLogin({
                user: { name: "alice", password: "it's one" },
                scope: { project: { name: "my project", domain: { id: "default" } } }
              })
            )
          })
        )
        assert.strictEqual(response.status, 201)
        assert.strictEqual(response.headers.get("access-control-allow-origin"), "https://app.example")
        child.kill("SIGTERM")
        assert.strictEqual(yield* ended, 0)
      }),
    60_000
  )

  it.scopedLive(
    "says what is wrong with how it was called",
    () =>
      Effect.gen(function* () {
        const runs = yield* Effect.all(
          [run("--port", "99999"), run("--nonsense"), run("--port", "1", "--host", "192.0.2.1")],
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(yield* Effect.forEach(runs, ({ ended }) => ended), [1, 1, 1])
        const said = runs.map(({ output }) => output.stderr)
        assert.strictEqual(said[0], "glance-memory: --port 99999: expected a number up to 65535\n")
        assert.match(said[1] ?? "", /^glance-memory: Unknown option '--nonsense'/)
        assert.match(said[2] ?? "", /^glance-memory: listen E/)
      }),
    60_000
  )
})
