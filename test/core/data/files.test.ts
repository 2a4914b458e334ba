import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import * as NFS from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import type { ImageData } from "@effect-glance/core"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { type Execute, id, over, web } from "./support.js"

const size = 300_000
const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 7) % 251)
const others = bytes.map((byte) => byte ^ 1)

const recordOf = (data: Uint8Array) => ({
  status: "active",
  size: data.length,
  checksum: createHash("md5").update(data).digest("hex"),
  os_hash_algo: null,
  os_hash_value: null
})

/** Serves the bytes, in the range that is asked for, and notes each range. */
const serving = (data: Uint8Array) => {
  const ranges: Array<string> = []
  const execute: Execute = (request) => {
    const range = request.headers["range"] ?? "all"
    ranges.push(range)
    const from = Number(/^bytes=(\d+)-/.exec(range)?.[1] ?? 0)
    if (range === "all") return web(request, new Response(data.slice()))
    const headers = { "content-range": `bytes ${from}-${data.length - 1}/${data.length}` }
    return web(request, new Response(data.slice(from), { status: 206, headers }))
  }
  return { execute, ranges }
}

/** Serves the first half, then nothing until the gate opens. */
const halting = (data: Uint8Array, gate: Deferred.Deferred<void>): Execute => {
  const half = data.length >>> 1
  return (request) =>
    web(
      request,
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(data.slice(0, half)),
          pull: async (controller) => {
            await Effect.runPromise(Deferred.await(gate))
            controller.enqueue(data.slice(half))
            controller.close()
          }
        }),
        { headers: { "content-length": String(data.length) } }
      )
    )
}

const directory = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

const hashOf = (path: string) =>
  Effect.promise(async () =>
    createHash("md5")
      .update(await NFS.readFile(path))
      .digest("hex")
  )

/** A download that has half of the bytes and waits for the gate. */
const started = (data: ImageData.Service, path: string, options: ImageData.DownloadToOptions = {}) =>
  Effect.gen(function* () {
    const half = yield* Deferred.make<void>()
    const fiber = yield* Effect.fork(
      data.downloadTo(id, path, { ...options, onProgress: () => Effect.asVoid(Deferred.succeed(half, undefined)) })
    )
    yield* Deferred.await(half)
    return fiber
  })

const list = (path: string) => Effect.promise(async () => (await NFS.readdir(path)).sort())

const provided = Effect.provide(NodeFileSystem.layer)

describe("two downloads to one file", () => {
  it.scoped.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false]
  ])("the second fails at once, and the first gets its file (resume: %s, then %s)", ([first, second]) =>
    Effect.gen(function* () {
      const folder = yield* directory
      const path = `${folder}/image`
      const gate = yield* Deferred.make<void>()
      const running = yield* over(recordOf(bytes), halting(bytes, gate))
      const fiber = yield* started(running, path, { resume: first })
      const server = serving(others)
      const data = yield* over(recordOf(others), server.execute)
      // The same file under another name, too.
      yield* Effect.promise(() => NFS.symlink(folder, `${folder}/link`))
      for (const name of [path, `${folder}/./image`, `${folder}/link/image`]) {
        const failure = yield* Effect.flip(data.downloadTo(id, name, { resume: second }))
        if (failure._tag !== "DownloadInProgress") return assert.fail(failure.message)
        assert.deepStrictEqual([failure.imageId, failure.path], [id, name])
      }
      assert.deepStrictEqual(server.ranges, [])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* hashOf(path), recordOf(bytes).checksum)
      assert.deepStrictEqual(yield* list(folder), ["image", "link"])
      // From here on nothing writes to it.
      yield* data.downloadTo(id, path)
      assert.strictEqual(yield* hashOf(path), recordOf(others).checksum)
    }).pipe(provided)
  )

  it.scoped("that begin together in whichever order end with one file of one of them", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const data = yield* over(recordOf(bytes), serving(bytes).execute)
      for (let round = 0; round < 20; round++) {
        const path = `${folder}/image${round}`
        const exits = yield* Effect.all(
          [1, 2, 3].map(() => Effect.exit(data.downloadTo(id, path, { resume: round % 2 === 0 }))),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(exits.filter(Exit.isSuccess).length, 1)
        assert.strictEqual(yield* hashOf(path), recordOf(bytes).checksum)
      }
      assert.strictEqual((yield* list(folder)).length, 20)
    }).pipe(provided)
  )

  it.scoped("of two processes: the part file that is touched is left alone, and the second fails", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const path = `${folder}/image`
      const part = `${path}.${id}.0123456789ab.part`
      yield* Effect.promise(() => NFS.writeFile(part, bytes.slice(0, 1000)))
      const server = serving(bytes)
      const data = yield* over(recordOf(bytes), server.execute)
      const fiber = yield* Effect.fork(Effect.flip(data.downloadTo(id, path)))
      yield* until(Effect.map(list(folder), ({ length }) => length === 2))
      yield* TestClock.adjust("2 seconds")
      yield* Effect.promise(() => NFS.appendFile(part, bytes.slice(1000, 2000)))
      yield* until(
        Effect.zipRight(
          TestClock.adjust("1 seconds"),
          Effect.map(Fiber.poll(fiber), ({ _tag }) => _tag === "Some")
        )
      )
      const failure = yield* Fiber.join(fiber)
      assert.strictEqual(failure._tag, "DownloadInProgress")
      assert.deepStrictEqual(server.ranges, [])
      assert.deepStrictEqual(yield* list(folder), [`image.${id}.0123456789ab.part`])
    }).pipe(provided)
  )
})

/** Waits for real work of the file system, which no clock shows. */
const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(
    Effect.zipRight(
      Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
      condition
    ),
    {
      until: (isMet) => isMet
    }
  )

describe("what a killed download left", () => {
  const abandoned = (path: string, length: number, { old }: { readonly old: boolean }) =>
    Effect.promise(async () => {
      await NFS.writeFile(path, bytes.slice(0, length))
      const time = Date.now() / 1000 - (old ? 3600 : 0)
      await NFS.utimes(path, time, time)
    })

  it.scoped("an hour ago is copied, and removed when the file is there", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const path = `${folder}/image`
      const old = { old: true }
      yield* abandoned(`${path}.${id}.0123456789ab.part`, 1000, old)
      yield* abandoned(`${path}.${id}.00000000000b.part`, 2000, old)
      yield* abandoned(`${path}.${id}.part`, 500, old)
      // Longer than the image.
      yield* Effect.promise(() => NFS.writeFile(`${path}.${id}.00000000000c.part`, new Uint8Array(size + 1)))
      yield* Effect.promise(() => NFS.utimes(`${path}.${id}.00000000000c.part`, 1, 1))
      // Of another image, and of another target.
      const kept = [`image.another.00000000000b.part`, `image.x.${id}.00000000000b.part`]
      for (const name of kept) yield* abandoned(`${folder}/${name}`, 3000, old)
      const server = serving(bytes)
      const data = yield* over(recordOf(bytes), server.execute)
      yield* data.downloadTo(id, path)
      assert.deepStrictEqual(server.ranges, ["bytes=2000-"])
      assert.strictEqual(yield* hashOf(path), recordOf(bytes).checksum)
      assert.deepStrictEqual(yield* list(folder), ["image", ...kept].sort())
    }).pipe(provided)
  )

  it.scoped("a moment ago is taken over when it was not touched for six seconds", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const path = `${folder}/image`
      yield* abandoned(`${path}.${id}.0123456789ab.part`, 1000, { old: false })
      const server = serving(bytes)
      const data = yield* over(recordOf(bytes), server.execute)
      const fiber = yield* Effect.fork(data.downloadTo(id, path))
      let seconds = 0
      yield* until(
        Effect.gen(function* () {
          yield* TestClock.adjust("100 millis")
          seconds += 0.1
          return (yield* Fiber.poll(fiber))._tag === "Some"
        })
      )
      yield* Fiber.join(fiber)
      assert.isAtLeast(seconds, 5.9)
      assert.deepStrictEqual(server.ranges, ["bytes=1000-"])
      assert.deepStrictEqual(yield* list(folder), ["image"])
    }).pipe(provided)
  )

  it.scoped("is gone after wrong bytes, so that the next download begins anew", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const path = `${folder}/image`
      const part = `${path}.${id}.0123456789ab.part`
      yield* Effect.promise(() => NFS.writeFile(part, others.slice(0, 1000)))
      yield* Effect.promise(() => NFS.utimes(part, 1, 1))
      const server = serving(bytes)
      const data = yield* over(recordOf(bytes), server.execute)
      assert.strictEqual((yield* Effect.flip(data.downloadTo(id, path)))._tag, "ImageIntegrityError")
      assert.deepStrictEqual(yield* list(folder), [])
      yield* data.downloadTo(id, path)
      assert.deepStrictEqual(server.ranges, ["bytes=1000-", "all"])
    }).pipe(provided)
  )

  it.scoped("is not touched by a download that does not resume", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const path = `${folder}/image`
      const names = [`image.${id}.0123456789ab.part`, `image.${id}.part`]
      for (const name of names) yield* abandoned(`${folder}/${name}`, 1000, { old: true })
      const server = serving(bytes)
      const data = yield* over(recordOf(bytes), server.execute)
      yield* data.downloadTo(id, path, { resume: false })
      assert.deepStrictEqual(server.ranges, ["all"])
      assert.deepStrictEqual(yield* list(folder), ["image", ...names])
    }).pipe(provided)
  )

  it.scoped("by an interruption is one part file, which the next download claims", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const path = `${folder}/image`
      const gate = yield* Deferred.make<void>()
      const data = yield* over(recordOf(bytes), halting(bytes, gate))
      yield* Fiber.interrupt(yield* started(data, path))
      assert.deepStrictEqual(yield* list(folder), [`image.${id}.part`])
      yield* Fiber.interrupt(yield* started(data, `${folder}/gone`, { resume: false }))
      assert.deepStrictEqual(yield* list(folder), [`image.${id}.part`])
      const server = serving(bytes)
      yield* (yield* over(recordOf(bytes), server.execute)).downloadTo(id, path)
      assert.deepStrictEqual(server.ranges, [`bytes=${size / 2}-`])
      assert.deepStrictEqual(yield* list(folder), ["image"])
    }).pipe(provided)
  )
})

describe("a part file that is not a download's", () => {
  const victim = "the bytes of another user"
  const places: ReadonlyArray<readonly [string, (victim: string, part: string) => Promise<unknown>]> = [
    ["a symbolic link", (victim, part) => NFS.symlink(victim, part)],
    ["a symbolic link to nothing", (_, part) => NFS.symlink("nowhere", part)],
    ["another link of a file", (victim, part) => NFS.link(victim, part)],
    ["a directory", (_, part) => NFS.mkdir(part)],
    ["a FIFO", (_, part) => new Promise((resolve) => execFile("mkfifo", [part], resolve))]
  ]

  it.scoped.each(places)("(%s) is not followed, written to, replaced or removed", ([, make]) =>
    Effect.gen(function* () {
      const folder = yield* directory
      const path = `${folder}/image`
      const part = `${path}.${id}.part`
      yield* Effect.promise(() => NFS.writeFile(`${folder}/victim`, victim))
      yield* Effect.promise(() => make(`${folder}/victim`, part))
      const before = yield* Effect.promise(() => NFS.lstat(part))
      const gate = yield* Deferred.make<void>()
      yield* Fiber.interrupt(yield* started(yield* over(recordOf(bytes), halting(bytes, gate)), path))
      const server = serving(bytes)
      yield* (yield* over(recordOf(bytes), server.execute)).downloadTo(id, path)
      const after = yield* Effect.promise(() => NFS.lstat(part))
      assert.deepStrictEqual([after.ino, after.mode, after.size], [before.ino, before.mode, before.size])
      assert.strictEqual(yield* Effect.promise(() => NFS.readFile(`${folder}/victim`, "utf8")), victim)
      assert.strictEqual(yield* hashOf(path), recordOf(bytes).checksum)
      assert.deepStrictEqual(yield* list(folder), ["image", `image.${id}.part`, "victim"])
    }).pipe(provided)
  )
})

describe("the target of a download", () => {
  const refused = (path: string, options?: ImageData.DownloadToOptions) =>
    Effect.gen(function* () {
      const server = serving(bytes)
      const data = yield* over({}, server.execute)
      const failure = yield* Effect.flip(data.downloadTo(id, path, options))
      assert.deepStrictEqual(server.ranges, [])
      return failure
    })

  it.scoped("is refused before the first request when it is not a regular file", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const fifo = `${folder}/fifo`
      yield* Effect.promise(() => new Promise((resolve) => execFile("mkfifo", [fifo], resolve)))
      yield* Effect.promise(() => NFS.symlink(fifo, `${folder}/toFifo`))
      yield* Effect.promise(() => NFS.symlink("circle", `${folder}/circle`))
      for (const [path, reason] of [
        ["/dev/null", "is a character device"],
        ["/dev/zero", "is a character device"],
        ["/dev/stdout", "is "],
        ["/proc/self/fd/0", "is "],
        [folder, "is a directory"],
        ["/", "must end in the name of a file"],
        [`${folder}/`, "must end in the name of a file"],
        [`${folder}/new/`, "must end in the name of a file"],
        [`${folder}/.`, "must end in the name of a file"],
        [`${folder}/..`, "must end in the name of a file"],
        ["", "must be the path of a file"],
        [`${folder}/a\0b`, "must be the path of a file"],
        [fifo, "is a FIFO"],
        [`${folder}/toFifo`, "is a FIFO"]
      ] as const) {
        const failure = yield* refused(path)
        if (failure._tag !== "InvalidArgument") return assert.fail(`${path}: ${failure.message}`)
        assert.strictEqual(failure.argument, "path")
        assert.include(failure.reason, reason)
      }
      assert.strictEqual((yield* refused(`${folder}/circle`))._tag, "SystemError")
      assert.isTrue((yield* Effect.promise(() => NFS.stat("/dev/null"))).isCharacterDevice())
      assert.deepStrictEqual(yield* list(folder), ["circle", "fifo", "toFifo"])
    }).pipe(provided)
  )

  it.scoped("is refused before the first request when its directory is missing or a file, or its name too long", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      yield* Effect.promise(() => NFS.writeFile(`${folder}/file`, ""))
      for (const [path, reason] of [
        [`${folder}/missing/image`, "NotFound"],
        [`${folder}/file/image`, "BadResource"],
        [`${folder}/${"x".repeat(256)}`, "Unknown"]
      ] as const) {
        const failure = yield* refused(path)
        if (failure._tag !== "SystemError") return assert.fail(`${path}: ${failure.message}`)
        assert.strictEqual(failure.reason, reason)
      }
      assert.deepStrictEqual(yield* list(folder), ["file"])
    }).pipe(provided)
  )

  it.scoped("is refused before the first request when the disk does not let it be written, owned or synced", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* directory
      const path = `${folder}/image`
      const denied = (method: string) =>
        new PlatformError.SystemError({ reason: "PermissionDenied", module: "FileSystem", method })
      const over = (changes: Partial<FileSystem.FileSystem>, options?: ImageData.DownloadToOptions) =>
        Effect.provideService(refused(path, options), FileSystem.FileSystem, { ...fs, ...changes })
      assert.strictEqual((yield* over({ open: () => denied("open") }))._tag, "SystemError")
      yield* Effect.promise(() => NFS.writeFile(path, "before"))
      assert.strictEqual((yield* over({ access: () => denied("access") }))._tag, "SystemError")
      const stat = (of: string) =>
        Effect.map(
          fs.stat(of),
          (info): FileSystem.File.Info => (of === path ? { ...info, uid: Option.some(12345) } : info)
        )
      const owned = yield* over({ stat, chown: () => denied("chown") })
      if (owned._tag !== "InvalidArgument") return assert.fail(owned.message)
      assert.include(owned.message, "belongs to 12345:")
      // As under Node's permission model.
      const open: FileSystem.FileSystem["open"] = (path, options) =>
        Effect.map(
          fs.open(path, options),
          (file) => Object.create(file, { sync: { value: denied("sync") } }) as FileSystem.File
        )
      const unsynced = yield* over({ open })
      if (unsynced._tag !== "InvalidArgument") return assert.fail(unsynced.message)
      assert.strictEqual(unsynced.argument, "sync")
      assert.include(unsynced.reason, "choose `sync: false`")
      assert.deepStrictEqual(yield* list(folder), ["image"])
    }).pipe(provided)
  )

  it.scoped("has a name of any length that the file system takes", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const gate = yield* Deferred.make<void>()
      for (const name of [
        ...[200, 203, 204, 215, 254, 255].map((length) => "x".repeat(length)),
        `${"x".repeat(254)}y`,
        "ü".repeat(127),
        "📀".repeat(63)
      ]) {
        const path = `${folder}/${name}`
        yield* Fiber.interrupt(yield* started(yield* over(recordOf(bytes), halting(bytes, gate)), path))
        const parts = (yield* list(folder)).filter((name) => name.endsWith(".part"))
        assert.strictEqual(parts.length, 1)
        const server = serving(bytes)
        yield* (yield* over(recordOf(bytes), server.execute)).downloadTo(id, path)
        assert.deepStrictEqual(server.ranges, [`bytes=${size / 2}-`])
        assert.strictEqual(yield* hashOf(path), recordOf(bytes).checksum)
      }
      assert.strictEqual((yield* list(folder)).length, 9)
    }).pipe(provided)
  )

  it.scoped("that is a symbolic link stays one, and what it leads to gets the data", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      yield* Effect.promise(() => NFS.mkdir(`${folder}/disks`))
      yield* Effect.promise(() => NFS.writeFile(`${folder}/disks/one`, "before"))
      yield* Effect.promise(() => NFS.symlink("disks/one", `${folder}/toFile`))
      yield* Effect.promise(() => NFS.symlink("toFile", `${folder}/toLink`))
      yield* Effect.promise(() => NFS.symlink(`${folder}/disks/two`, `${folder}/toNothing`))
      const data = yield* over(recordOf(bytes), serving(bytes).execute)
      for (const [link, file] of [
        ["toFile", "one"],
        ["toLink", "one"],
        ["toNothing", "two"]
      ]) {
        yield* Effect.promise(() => NFS.rm(`${folder}/disks/one`, { force: true }))
        yield* data.downloadTo(id, `${folder}/${link}`)
        assert.isTrue((yield* Effect.promise(() => NFS.lstat(`${folder}/${link}`))).isSymbolicLink())
        assert.strictEqual(yield* hashOf(`${folder}/disks/${file}`), recordOf(bytes).checksum)
      }
      assert.deepStrictEqual(yield* list(`${folder}/disks`), ["two"])
    }).pipe(provided)
  )

  it.scoped("that is there keeps its mode and owner, and its other links keep their bytes", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const path = `${folder}/image`
      yield* Effect.promise(() => NFS.writeFile(path, "before"))
      yield* Effect.promise(() => NFS.link(path, `${folder}/other`))
      const isRoot = process.getuid?.() === 0
      if (isRoot) yield* Effect.promise(() => NFS.chown(path, 12345, 54321))
      const gate = yield* Deferred.make<void>()
      for (const mode of [0o640, 0o600, 0o755, 0o4750]) {
        yield* Effect.promise(() => NFS.chmod(path, mode))
        const before = yield* Effect.promise(() => NFS.stat(path))
        const fiber = yield* started(yield* over(recordOf(bytes), halting(bytes, gate)), path)
        // The data are not shown to more users while they arrive.
        const [part = ""] = (yield* list(folder)).filter((name) => name.endsWith(".part"))
        assert.strictEqual((yield* Effect.promise(() => NFS.stat(`${folder}/${part}`))).mode, before.mode)
        yield* Fiber.interrupt(fiber)
        yield* (yield* over(recordOf(bytes), serving(bytes).execute)).downloadTo(id, path)
        const after = yield* Effect.promise(() => NFS.stat(path))
        assert.deepStrictEqual([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid])
        assert.strictEqual(yield* Effect.promise(() => NFS.readFile(`${folder}/other`, "utf8")), "before")
      }
      assert.deepStrictEqual(yield* list(folder), ["image", "other"])
    }).pipe(provided)
  )
})

describe("Node's permission model", () => {
  it.scopedLive(
    "lets a download to a file run with `sync: false`, and without it says so before the first request",
    () =>
      Effect.gen(function* () {
        const folder = yield* directory
        const path = `${folder}/image`
        const flag = process.allowedNodeEnvironmentFlags.has("--permission")
          ? "--permission"
          : "--experimental-permission"
        const program = fileURLToPath(new URL("permission.ts", import.meta.url))
        const { stdout } = yield* Effect.promise(() =>
          promisify(execFile)(
            process.execPath,
            [
              flag,
              "--allow-fs-read=*",
              `--allow-fs-write=${folder}/`,
              // For tsx, which compiles the program.
              "--allow-worker",
              "--allow-child-process",
              "--import",
              "tsx",
              program,
              path
            ],
            { env: { ...process.env, TSX_DISABLE_CACHE: "1" } }
          )
        )
        const [synced, unsynced] = stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Record<string, unknown>)
        assert.strictEqual(synced?.["requests"], 0)
        assert.include(synced?.["outcome"], "choose `sync: false`")
        assert.deepStrictEqual(unsynced, { sync: false, requests: 1, outcome: "done" })
        assert.deepStrictEqual(yield* list(folder), ["image"])
      }).pipe(provided),
    60_000
  )
})
