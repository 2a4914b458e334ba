import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { CommandLine, cleanEnvironment, layer as commandLine } from "./support.js"

/** A sandbox, and the variables that it prints. */
const sandbox = (...words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { bin, directory } = yield* CommandLine
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [bin, "sandbox", ...words], {
          cwd: directory,
          env: cleanEnvironment(directory),
          stdio: ["ignore", "pipe", "pipe"]
        })
      ),
      (child) => Effect.sync(() => void child.kill())
    )
    const text = yield* Effect.promise(
      () =>
        new Promise<string>((resolve) => {
          let output = ""
          child.stdout.setEncoding("utf8").on("data", (part: string) => {
            output += part
            if (output.includes("export OS_REGION_NAME=")) resolve(output)
          })
          child.on("close", () => resolve(output))
        })
    )
    const variables = [...text.matchAll(/^export (\w+)=(.*)$/gm)].map(
      ([, name = "", value = ""]) => [name, value] as const
    )
    const ended = Effect.promise(
      () => new Promise<number | null>((resolve) => void child.on("close", (code) => resolve(code)))
    )
    return { child, ended, env: Object.fromEntries(variables), text }
  })

layer(commandLine(), { excludeTestServices: true, timeout: "60 seconds" })("effect-glance sandbox", (it) => {
  it.scoped("serves the images, users and projects of a file until it is interrupted", () =>
    Effect.gen(function* () {
      const { directory, run } = yield* CommandLine
      writeFileSync(join(directory, "disk.raw"), "bits of a disk")
      writeFileSync(
        join(directory, "cloud.yaml"),
        `
projects: [{ name: web }, { name: build }]
users: [{ name: ann, password: "1234", roles: { web: [member] } }]
images:
  - { name: debian, owner: web, file: disk.raw, diskFormat: raw, containerFormat: bare, properties: { a: "1" } }
  - { name: theirs, owner: build, size: 5 }
`
      )
      const { child, ended, env, text } = yield* sandbox("--file", "cloud.yaml")
      assert.include(text, "# User ann, password 1234, in web (member)")
      assert.include(env, { OS_USERNAME: "ann", OS_PASSWORD: "1234", OS_PROJECT_NAME: "web" })
      const listed = yield* run(["image", "list", "-f", "value", "-c", "Name"], { env })
      assert.strictEqual(listed.text, "debian\n", listed.stderr)
      const saved = yield* run(["image", "save", "debian"], { env })
      assert.strictEqual(saved.text, "bits of a disk")
      child.kill("SIGINT")
      assert.strictEqual(yield* ended, 130)
    })
  )

  it.scoped("names what is wrong with a file, and starts nothing", () =>
    Effect.gen(function* () {
      const { directory, run } = yield* CommandLine
      writeFileSync(
        join(directory, "wrong.json"),
        JSON.stringify({ images: [{ name: "x", owner: "demo", colour: "red" }] })
      )
      const wrong = yield* run(["sandbox", "--file", "wrong.json"])
      assert.strictEqual(wrong.code, 1)
      assert.include(wrong.stderr, "wrong.json: ")
      assert.include(wrong.stderr, "colour")
      const missing = yield* run(["sandbox", "--file=missing.yaml"])
      assert.strictEqual(missing.code, 1)
      assert.include(missing.stderr, "missing.yaml")
    })
  )

  it.scoped("takes the flags of glance-memory, and lists them", () =>
    Effect.gen(function* () {
      const { run } = yield* CommandLine
      const { code, text } = yield* run(["sandbox", "--help"])
      assert.strictEqual(code, 0)
      assert.match(text, /^effect-glance sandbox: /)
      assert.include(text, "--allow-fetch")
      const { env } = yield* sandbox("--image", "alpine,owner=demo")
      const listed = yield* run(["image", "list", "-f", "value", "-c", "Name"], { env })
      assert.strictEqual(listed.text, "alpine\n", listed.stderr)
    })
  )
})
