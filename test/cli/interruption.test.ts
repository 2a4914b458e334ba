import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import * as Fault from "@effect-glance/memory/Fault"
import * as Effect from "effect/Effect"
import { CommandLine, cleanEnvironment, layer as commandLine } from "./support.js"

const bytes = randomBytes(3_000_000)

/** A command that was started, for a test that presses Ctrl-C. */
const started = (...words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { bin, directory, server } = yield* CommandLine
    const child = spawn(process.execPath, [bin, ...words], {
      cwd: directory,
      env: { ...cleanEnvironment(directory), ...server.environment() },
      stdio: ["ignore", "ignore", "pipe"]
    })
    let stderr = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text
    })
    const ended = new Promise<number | null>((resolve) => void child.on("close", (code) => resolve(code)))
    const interrupt = Effect.promise(async () => {
      child.kill("SIGINT")
      return { code: await ended, stderr }
    })
    return { interrupt }
  })

/** Lets requests hang, and says when the first of them has arrived. */
const hanging = (matcher: Fault.Matcher) =>
  Effect.gen(function* () {
    const { server } = yield* CommandLine
    let arrive: () => void = () => undefined
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const fault = Fault.choose(() => {
      arrive()
      return Fault.hang
    })
    yield* server.cloud.inject(matcher, fault)
    return Effect.promise(() => arrived)
  })

layer(
  commandLine({ images: [{ owner: "demo", name: "debian", data: bytes, diskFormat: "raw", containerFormat: "bare" }] }),
  { excludeTestServices: true, timeout: "60 seconds" }
)("Ctrl-C", (it) => {
  it.effect("in a download leaves the bytes so far in a part file, from where the same command continues", () =>
    Effect.gen(function* () {
      const { directory, run, server } = yield* CommandLine
      const { cloud } = server
      yield* cloud.inject(Fault.download, Fault.resetAnswer(2_000_000), { times: 1 })
      const arrived = yield* hanging(Fault.download)
      const { interrupt } = yield* started("image", "save", "debian", "--file", "debian.raw")
      yield* arrived
      const { code, stderr } = yield* interrupt
      assert.strictEqual(code, 130, stderr)
      const part = readdirSync(directory).find((name) => name.startsWith("debian.raw."))
      assert.isDefined(part)
      assert.include(stderr, `interrupted: the bytes so far are in ${part}`)
      assert.isAbove(statSync(join(directory, part ?? "")).size, 1_000_000)
      assert.notInclude(readdirSync(directory), "debian.raw")

      yield* cloud.clearFaults
      yield* cloud.clearRequests
      const again = yield* run(["image", "save", "debian", "--file", "debian.raw"])
      assert.strictEqual(again.code, 0, again.stderr)
      assert.isTrue(readFileSync(join(directory, "debian.raw")).equals(bytes))
      const ranges = (yield* cloud.requests).filter(({ path }) => path.endsWith("/file"))
      assert.match(String(ranges[0]?.headers["range"]), /^bytes=[1-9]\d+-/)
      assert.deepStrictEqual(
        readdirSync(directory).filter((name) => name.endsWith(".part")),
        []
      )
    })
  )

  it.effect("in an upload deletes the image that was created for it", () =>
    Effect.gen(function* () {
      const { directory, server } = yield* CommandLine
      writeFileSync(join(directory, "disk.raw"), bytes)
      const arrived = yield* hanging(Fault.upload)
      const { interrupt } = yield* started("image", "create", "new", "--file", "disk.raw")
      yield* arrived
      const { code, stderr } = yield* interrupt
      assert.strictEqual(code, 130, stderr)
      assert.include(stderr, "interrupted: the upload was broken off, and its image deleted")
      assert.strictEqual((yield* server.cloud.images).length, 1)
      yield* server.cloud.clearFaults
    })
  )
})
