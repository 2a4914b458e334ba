import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeMemoryServer from "@effect-glance/node/NodeMemoryServer"
import * as Effect from "effect/Effect"

// biome-ignore lint/suspicious/noExplicitAny: tests look into documents whose shape they assert
type Json = any

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const run = (command: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  Effect.async<Result>((resume) => {
    // Nothing of the machine's own cloud may get in: the variables are these and no others.
    const child = spawn(command, args, {
      env: { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), LANG: "C.UTF-8", ...env },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text
    })
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text
    })
    child.on("error", (error) => resume(Effect.die(error)))
    child.on("close", (code) => resume(Effect.succeed({ code, stdout, stderr })))
    return Effect.sync(() => {
      child.kill()
    })
  })

const succeed = (command: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  Effect.map(run(command, args, env), (result) => {
    assert.strictEqual(result.code, 0, `${command} ${args.join(" ")}\n${result.stderr}${result.stdout}`)
    return result.stdout
  })

const installed = (command: string) => spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined

const setUp = Effect.gen(function* () {
  const cloud = yield* MemoryCloud.make()
  const server = yield* NodeMemoryServer.serve(cloud)
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "clients-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
  )
  const file = join(directory, "disk.raw")
  const bytes = Buffer.alloc(300_000, "0123456789abcdef")
  writeFileSync(file, bytes)
  const client = (command: string) => {
    const as = (project: string) => (args: ReadonlyArray<string>) =>
      succeed(command, args, server.environment({ project }))
    return { demo: as("demo"), guest: as("guest"), admin: as("admin") }
  }
  return { cloud, server, directory, file, bytes, client }
})

describe("the `openstack` command", () => {
  const missing = !installed("openstack")
  it.scoped.skipIf(missing)(
    `creates, shows, shares, changes, saves, gives away and deletes images${missing ? " (openstack is not installed)" : ""}`,
    () =>
      Effect.gen(function* () {
        const { bytes, client, cloud, directory, file } = yield* setUp
        const { admin, demo, guest } = client("openstack")
        const json = (text: string): Json => JSON.parse(text)

        const created = json(
          yield* demo([
            ...["image", "create", "--file", file, "--disk-format", "raw", "--container-format", "bare"],
            ...["--property", "os_distro=debian", "--tag", "a tag", "-f", "json", "disk"]
          ])
        )
        // It shows the image as it was before its data was sent.
        assert.deepInclude(created, { name: "disk", status: "queued", visibility: "shared" })
        const id: string = created.id
        assert.deepInclude((yield* cloud.images)[0], { id, status: "active", size: bytes.length })

        yield* demo(["image", "set", "--name", "renamed", "--property", "hw_disk_bus=scsi", "--min-ram", "64", id])

        // What does not depend on each other runs at once.
        const [listed, shown] = yield* Effect.all(
          [
            demo(["image", "list", "--long", "-f", "json"]),
            demo(["image", "show", "-f", "json", "renamed"]),
            demo(["image", "save", "--file", join(directory, "saved"), id]),
            // Only an administrator may look up a project by its name.
            admin(["image", "add", "project", id, "guest"])
          ],
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(
          json(listed).map((image: Json) => [image.ID, image.Name, image.Status, image.Size, image.Tags]),
          [[id, "renamed", "active", bytes.length, ["a tag"]]]
        )
        assert.deepInclude(json(shown), { id, name: "renamed", min_ram: 64, size: bytes.length, tags: ["a tag"] })
        assert.deepInclude(json(shown).properties, { os_distro: "debian", hw_disk_bus: "scsi" })
        assert.isTrue(readFileSync(join(directory, "saved")).equals(bytes))

        yield* guest(["image", "set", "--accept", id])
        assert.deepStrictEqual(
          json(yield* guest(["image", "list", "--shared", "-f", "json"])).map((image: Json) => image.Name),
          ["renamed"]
        )

        yield* admin(["image", "set", "--project", "guest", id])
        assert.deepInclude((yield* cloud.images)[0], { owner: cloud.project("guest").id })

        yield* guest(["image", "delete", id])
        assert.deepStrictEqual(yield* cloud.images, [])
      }),
    120_000
  )
})

describe("the `glance` command", () => {
  const missing = !installed("glance")
  it.scoped.skipIf(missing)(
    `creates, updates, shares and downloads images${missing ? " (glance is not installed)" : ""}`,
    () =>
      Effect.gen(function* () {
        const { bytes, client, cloud, directory, file } = yield* setUp
        const { demo, guest } = client("glance")

        yield* demo([
          ...["image-create", "--file", file, "--disk-format", "raw", "--container-format", "bare"],
          ...["--name", "disk", "--property", "colour=red", "--store", "slow"]
        ])
        const [image] = yield* cloud.images
        const id = image?.id ?? ""
        assert.deepInclude(image, { status: "active", size: bytes.length })

        const member = cloud.project("guest").id
        const [updated, , stores, added] = yield* Effect.all(
          [
            demo([
              "image-update",
              "--name",
              "renamed",
              "--property",
              "colour=blue",
              "--remove-property",
              "none",
              id
            ]).pipe(Effect.zipRight(demo(["image-show", id]))),
            demo(["image-download", "--file", join(directory, "saved"), id]),
            demo(["stores-info"]),
            demo(["member-create", id, member])
          ],
          { concurrency: "unbounded" }
        )
        assert.match(updated, /\| name +\| renamed /)
        assert.match(updated, /\| colour +\| blue /)
        assert.match(updated, /\| stores +\| slow /)
        assert.isTrue(readFileSync(join(directory, "saved")).equals(bytes))
        assert.match(stores, /"id": "fast"[^}]*"default": "true"|"default": "true"[^}]*"id": "fast"/)
        assert.match(added, new RegExp(`${member} \\| pending`))

        assert.match(yield* guest(["member-update", id, member, "accepted"]), new RegExp(`${member} \\| accepted`))
        assert.match(yield* demo(["member-list", "--image-id", id]), new RegExp(`${member} \\| accepted`))
        yield* demo(["member-delete", id, member])
        assert.notMatch(yield* demo(["member-list", "--image-id", id]), new RegExp(member))
      }),
    120_000
  )
})
