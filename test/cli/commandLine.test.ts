import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as RequestLog from "@effect-glance/memory/RequestLog"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { CommandLine, cleanEnvironment, layer as commandLine } from "./support.js"

const debian = {
  owner: "demo",
  name: "debian",
  data: "bits",
  diskFormat: "raw",
  containerFormat: "bare",
  tags: ["base"],
  properties: { os_distro: "debian" }
} as const

/** Runs a command line that must succeed, and returns what it prints. */
const printed = (...words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { run } = yield* CommandLine
    const { code, stderr, text } = yield* run(words)
    assert.strictEqual(code, 0, stderr)
    return text
  })

layer(commandLine({ images: [debian, { owner: "demo", name: "alpine", data: "bytes" }] }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("effect-glance", (it) => {
  it.effect("uploads standard input, and downloads the same bytes to a file and to standard output", () =>
    Effect.gen(function* () {
      const { directory, run } = yield* CommandLine
      const bytes = randomBytes(3_000_000)
      const created = yield* run(["image", "create", "blob", "-f", "json"], { stdin: bytes })
      assert.strictEqual(created.code, 0, created.stderr)
      assert.include(JSON.parse(created.text), { name: "blob", size: bytes.length, status: "active" })
      yield* printed("image", "save", "blob", "--file", "blob.raw")
      assert.isTrue(readFileSync(join(directory, "blob.raw")).equals(bytes))
      const { stdout } = yield* run(["image", "save", "blob"])
      assert.isTrue(stdout.equals(bytes))
      yield* printed("image", "delete", "blob")
      const gone = yield* run(["image", "show", "blob"])
      assert.strictEqual(gone.code, 1)
    })
  )

  it.effect("prints a list in the format that -f names", () =>
    Effect.gen(function* () {
      const list = (...words: ReadonlyArray<string>) => printed("image", "list", "-c", "Name", "-c", "Status", ...words)
      assert.strictEqual(
        yield* list(),
        [
          "+--------+--------+",
          "| Name   | Status |",
          "+--------+--------+",
          "| alpine | active |",
          "| debian | active |",
          "+--------+--------+",
          ""
        ].join("\n")
      )
      assert.deepStrictEqual(JSON.parse(yield* list("-fjson")), [
        { Name: "alpine", Status: "active" },
        { Name: "debian", Status: "active" }
      ])
      assert.strictEqual(yield* list("-f", "value"), "alpine active\ndebian active\n")
      assert.strictEqual(yield* list("-f", "csv"), '"Name","Status"\n"alpine","active"\n"debian","active"\n')
      assert.strictEqual(
        yield* list("-f", "yaml"),
        "- Name: alpine\n  Status: active\n- Name: debian\n  Status: active\n"
      )
    })
  )

  it.effect("prints a record as variables of a shell", () =>
    Effect.gen(function* () {
      const text = yield* printed(
        "image",
        "show",
        "debian",
        "-f",
        "shell",
        "-c",
        "name",
        "-c",
        "size",
        "--prefix",
        "x_"
      )
      assert.strictEqual(text, 'x_name="debian"\nx_size="4"\n')
    })
  )

  it.effect("reads options that are joined to their value, abbreviated, repeated, and in front of the command", () =>
    Effect.gen(function* () {
      const words = [
        "--os-region-name",
        "RegionOne",
        "image",
        "list",
        "-fvalue",
        "-cName",
        "--prop",
        "os_distro=debian"
      ]
      assert.strictEqual(yield* printed(...words), "debian\n")
      assert.strictEqual(yield* printed("im", "li", "--na=alpine", "-f", "value", "-c", "Name"), "alpine\n")
    })
  )

  it.effect("names the image that was probably meant, and exits with 1", () =>
    Effect.gen(function* () {
      const { run } = yield* CommandLine
      const { code, stderr, text } = yield* run(["image", "show", "debain"])
      assert.deepStrictEqual([code, text], [1, ""])
      assert.strictEqual(stderr, 'effect-glance: no image "debain"; did you mean "debian"?\n')
    })
  )

  it.effect("exits with 2 after a mistake in the command line, and sends nothing", () =>
    Effect.gen(function* () {
      const { run, server } = yield* CommandLine
      yield* server.cloud.clearRequests
      for (const [words, complaint] of [
        [["image", "lst"], 'there is no command "image lst"; did you mean "image list"?'],
        [["image", "list", "--nonsense"], "unrecognized arguments: --nonsense"],
        [["image", "list", "--public", "--private"], "not allowed with argument"],
        [["image", "list", "-f", "shell"], "invalid choice"],
        [["image", "create", "x", "--property", "nothing"], '--property: expected key=value, not "nothing"'],
        [["image", "create", "x", "--min-disk", "two"], '--min-disk: expected a whole number, not "two"']
      ] as const) {
        const { code, stderr } = yield* run(words)
        assert.strictEqual(code, 2, stderr)
        assert.include(stderr, complaint)
      }
      assert.strictEqual((yield* server.cloud.requests).length, 0)
    })
  )

  it.effect("the help of every command has two examples, which the parser accepts", () =>
    Effect.gen(function* () {
      const { run } = yield* CommandLine
      const overview = yield* printed("help")
      const names = [...overview.slice(overview.indexOf("commands:")).matchAll(/^ {2}(\S.*)$/gm)].map(
        ([, name]) => name
      )
      assert.isAbove(names.length, 40)
      for (const name of ["image list", "image create", "cached image clear", "image metadef property create"]) {
        assert.include(names, name)
        const help = yield* printed("help", ...name.split(" "))
        const examples = help.slice(help.indexOf("examples:\n")).trim().split("\n").slice(1)
        assert.strictEqual(examples.length, 2, help)
        for (const example of examples) assert.include(example, `effect-glance ${name}`)
      }
      const { code, text } = yield* run(["image", "list", "--help"])
      assert.deepStrictEqual([code, text], [0, yield* printed("help", "image", "list")])
    })
  )

  it.effect("uses a cloud of clouds.yaml, and options override its settings", () =>
    Effect.gen(function* () {
      const { directory, run, server } = yield* CommandLine
      const { OS_AUTH_URL: url } = server.environment()
      const { password } = MemoryCloud.credentials(server.cloud, { user: "guest", project: "guest" })
      const auth = { auth_url: url, username: "guest", password: Redacted.value(password), project_name: "guest" }
      mkdirSync(join(directory, "config/openstack"), { recursive: true })
      writeFileSync(
        join(directory, "config/openstack/clouds.yaml"),
        JSON.stringify({
          clouds: { mine: { auth: { ...auth, user_domain_name: "Default", project_domain_id: "default" } } }
        })
      )
      const env = { XDG_CONFIG_HOME: join(directory, "config"), OS_USERNAME: "", OS_PASSWORD: "", OS_AUTH_URL: "" }
      const issue = ["token", "issue", "-f", "value", "-c", "project_id"]
      const guest = yield* run(["--os-cloud", "mine", ...issue], { env })
      assert.strictEqual(guest.text, `${server.cloud.project("guest").id}\n`, guest.stderr)
      const words = ["--os-username", "demo", "--os-password", "secret", "--os-project-name", "demo"]
      const demo = yield* run([...issue, "--os-cloud=mine", ...words], { env })
      assert.strictEqual(demo.text, `${server.cloud.project("demo").id}\n`, demo.stderr)
      const none = yield* run(["--os-cloud", "mime", ...issue], { env })
      assert.strictEqual(none.code, 1)
      assert.include(none.stderr, 'there is no cloud "mime"')
    })
  )

  it.effect("shares an image with a project that is known by its name", () =>
    Effect.gen(function* () {
      const { run, server } = yield* CommandLine
      const env = server.environment({ user: "admin", project: "admin" })
      const { text: id } = yield* run(["image", "show", "debian", "-f", "value", "-c", "id"])
      const words = ["image", "add", "project", id.trim(), "guest", "-f", "value", "-c", "member_id"]
      const added = yield* run(words, { env })
      assert.strictEqual(added.text, `${server.cloud.project("guest").id}\n`, added.stderr)
      const unknown = yield* run(["image", "add", "project", "debian", "nobody"], { env })
      assert.strictEqual(unknown.code, 1)
      assert.include(unknown.stderr, 'there is no project with the name or the id "nobody"')
    })
  )

  it.effect("a download to a file that fails leaves no file of that name", () =>
    Effect.gen(function* () {
      const { directory, run } = yield* CommandLine
      const { code, stderr } = yield* run(["image", "save", "debian", "--file", "missing/debian.raw"])
      assert.strictEqual(code, 1)
      assert.match(stderr, /^effect-glance: .*missing/)
      assert.notInclude(readdirSync(directory), "missing")
    })
  )

  it.effect("--debug prints requests without the password and the token", () =>
    Effect.gen(function* () {
      const { run } = yield* CommandLine
      const { stderr, text } = yield* run(["--debug", "token", "issue", "-f", "value", "-c", "id"])
      assert.include(stderr, "POST /identity/v3/auth/tokens")
      assert.notInclude(stderr, "secret")
      assert.notInclude(stderr, text.trim())
    })
  )

  it.effect("one login serves Keystone and Glance", () =>
    Effect.gen(function* () {
      const { run, server } = yield* CommandLine
      yield* server.cloud.clearRequests
      const before = yield* server.cloud.logins
      yield* run(["image", "list", "--project", "demo"])
      assert.strictEqual((yield* server.cloud.logins) - before, 1)
      const listed = RequestLog.select(yield* server.cloud.requests, { path: "/v2/images" })
      assert.strictEqual(listed.length, 1)
    })
  )

  it.effect("ends without a complaint when the reader of its output has seen enough", () =>
    Effect.gen(function* () {
      const { bin, directory, server } = yield* CommandLine
      const [code, stderr] = yield* Effect.promise(
        () =>
          new Promise<readonly [number | null, string]>((resolve) => {
            const child = spawn(
              "bash",
              ["-c", `set -o pipefail; "${process.execPath}" "${bin}" image save debian | true`],
              { cwd: directory, env: { ...cleanEnvironment(directory), ...server.environment() } }
            )
            let text = ""
            child.stderr.setEncoding("utf8").on("data", (part: string) => {
              text += part
            })
            child.on("close", (code) => resolve([code, text]))
          })
      )
      assert.deepStrictEqual([code, stderr], [0, ""])
    })
  )

  it.effect("calls itself openstack when a link of that name starts it", () =>
    Effect.gen(function* () {
      const { bin, directory, run } = yield* CommandLine
      const link = join(directory, "openstack")
      symlinkSync(bin, link)
      const { code, stderr } = yield* Effect.promise(
        () =>
          new Promise<{ readonly code: number | null; readonly stderr: string }>((resolve) => {
            const child = spawn(process.execPath, [link, "image", "lst"], { env: cleanEnvironment(directory) })
            let stderr = ""
            child.stderr.setEncoding("utf8").on("data", (part: string) => {
              stderr += part
            })
            child.on("close", (code) => resolve({ code, stderr }))
          })
      )
      assert.deepStrictEqual(
        [code, stderr],
        [2, 'openstack: there is no command "image lst"; did you mean "image list"?\n']
      )
      assert.isDefined(run)
    })
  )
})
