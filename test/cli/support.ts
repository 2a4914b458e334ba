/** Runs the command line, bundled as users install it, against a cloud in memory. */
import { execFileSync, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeMemoryServer from "@effect-glance/node/NodeMemoryServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export interface Result {
  readonly code: number | null
  readonly stdout: Buffer
  /** Standard output as text. */
  readonly text: string
  readonly stderr: string
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

export interface Service {
  readonly server: NodeMemoryServer.Server
  /** A directory of the test, in which the command line runs. */
  readonly directory: string
  /** The bundled program. */
  readonly bin: string
  readonly run: (words: ReadonlyArray<string>, options?: RunOptions) => Effect.Effect<Result>
}

/** The command line and its cloud. */
export class CommandLine extends Context.Tag("test/cli/CommandLine")<CommandLine, Service>() {}

const script = fileURLToPath(new URL("../../scripts/cli.mjs", import.meta.url))

/** The variables of a process that sees nothing of this machine but what a test gives it. */
export const cleanEnvironment = (directory: string) => ({
  PATH: process.env["PATH"] ?? "",
  HOME: directory,
  XDG_CACHE_HOME: join(directory, "cache")
})

const runIn =
  (directory: string, bin: string, environment: Readonly<Record<string, string>>): Service["run"] =>
  (words, { env = {}, stdin = "" } = {}) =>
    Effect.async((resume) => {
      const child = spawn(process.execPath, [bin, ...words], {
        cwd: directory,
        env: { ...cleanEnvironment(directory), ...environment, ...env },
        stdio: ["pipe", "pipe", "pipe"]
      })
      const stdout: Array<Buffer> = []
      let stderr = ""
      child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes))
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text
      })
      child.on("error", (error) => resume(Effect.die(error)))
      child.on("close", (code) => {
        const bytes = Buffer.concat(stdout)
        resume(Effect.succeed({ code, stdout: bytes, text: bytes.toString("utf8"), stderr }))
      })
      // A program that reads no input may end before it is written.
      child.stdin.on("error", () => undefined)
      child.stdin.end(stdin)
      return Effect.sync(() => {
        child.kill()
      })
    })

export const layer = (options: MemoryCloud.Options = {}) =>
  Layer.scoped(
    CommandLine,
    Effect.gen(function* () {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-glance-cli-"))),
        (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
      )
      yield* Effect.sync(() => execFileSync(process.execPath, [script, join(directory, "bundle")]))
      const server = yield* Effect.flatMap(MemoryCloud.make(options), (cloud) => NodeMemoryServer.serve(cloud))
      const bin = join(directory, "bundle", "bin.js")
      return { server, directory, bin, run: runIn(directory, bin, server.environment()) }
    })
  )
