import { createHash } from "node:crypto"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Server from "./server.js"
import { against, between, id, noise, random, rounds, transports } from "./support.js"

const each = (
  first: number,
  run: (round: { seed: number; bytes: Uint8Array; n: number; next: () => number }) => Effect.Effect<void>
) =>
  Effect.forEach(
    Array.from({ length: rounds }, (_, index) => first + index),
    (seed) => {
      const next = random(seed)
      const bytes = noise(between(next, 100_000, 900_000), next)
      return run({ seed, bytes, n: between(next, 1, bytes.length - 1), next })
    },
    { discard: true }
  )

const collected = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)))

/** Random in each thousandth byte, which is as good as all and does not take so long. */
const large = (size: number, next: () => number): Uint8Array => {
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at += 1000) bytes[at] = Math.floor(next() * 256)
  return bytes
}

const sha512 = (bytes: Uint8Array) => createHash("sha512").update(bytes).digest("hex")

/** Sends so many bytes of what is asked for and destroys the connection, for the first requests; then all. */
const cutting =
  (data: Uint8Array, cuts: ReadonlyArray<number>, honoursRanges = true): Server.Download =>
  ({ headers, index, range }, response) => {
    const cut = cuts[index]
    const asked = honoursRanges ? range : undefined
    if (cut === undefined) return Server.whole(data)({ headers, index, range: asked }, response)
    const { end, start } = asked ?? { start: 0, end: data.length }
    if (asked === undefined) response.writeHead(200, { "content-length": data.length })
    else response.writeHead(206, Server.partial(data, asked))
    response.write(data.subarray(start, Math.min(end, start + cut)), () => response.socket?.destroy())
  }

for (const [name, transport] of transports) {
  const run = against(transport)

  describe(`a download over ${name}`, { timeout: 60_000 }, () => {
    it.live("gives the bytes that the record tells of", () =>
      each(11_000, ({ bytes, seed }) =>
        run((server, data) =>
          Effect.gen(function* () {
            server.serve(bytes)
            assert.strictEqual(sha512(yield* collected(data.download(id))), sha512(bytes), `seed ${seed}`)
          })
        ).pipe(Effect.orDie)
      )
    )

    it.live("that is cut goes on where it was, and never asks twice for what came", () =>
      each(12_000, ({ bytes, n, next, seed }) =>
        run((server, data) =>
          Effect.gen(function* () {
            const second = between(next, 0, bytes.length - n - 1)
            server.serve(bytes, cutting(bytes, [n, second]))
            assert.strictEqual(sha512(yield* collected(data.download(id))), sha512(bytes), `seed ${seed}`)
            const [, again] = server.downloads
            // What was in the sockets when they broke is lost to some clients; what came to the caller is not.
            assert.isAtMost(again?.start ?? 0, n)
          })
        ).pipe(Effect.orDie)
      )
    )

    it.live("that is cut begins anew where the store ignores ranges or refuses them, and delivers nothing twice", () =>
      each(13_000, ({ bytes, n, seed }) =>
        run((server, data) =>
          Effect.gen(function* () {
            server.serve(bytes, cutting(bytes, [n], false))
            assert.strictEqual(sha512(yield* collected(data.download(id))), sha512(bytes), `seed ${seed}: ignored`)
            server.serve(bytes, ({ headers, range }, response) => {
              if (range === undefined) return cutting(bytes, [n])({ headers, range, index: refused++ }, response)
              response.writeHead(400, { "content-type": "application/json" })
              response.end(JSON.stringify({ message: "the store has no random access" }))
            })
            let refused = 0
            assert.strictEqual(sha512(yield* collected(data.download(id))), sha512(bytes), `seed ${seed}: refused`)
          })
        ).pipe(Effect.orDie)
      )
    )

    it.live("whose bytes are changed on the way fails instead of ending", () =>
      each(14_000, ({ bytes, n, seed }) =>
        run((server, data) =>
          Effect.gen(function* () {
            const wrong = bytes.slice()
            wrong[n] = (wrong[n] ?? 0) ^ 1
            server.serve(bytes, Server.whole(wrong))
            const failure = yield* Effect.flip(collected(data.download(id)))
            if (failure._tag !== "ImageIntegrityError") return assert.fail(`seed ${seed}: ${failure}`)
            assert.deepStrictEqual(
              [failure.property, failure.expected, failure.actual],
              ["sha512", sha512(bytes), sha512(wrong)]
            )
            const [shorter] = [bytes.subarray(0, n)]
            server.serve(bytes, Server.whole(shorter))
            const size = yield* Effect.flip(collected(data.download(id, { verify: true })))
            assert.strictEqual(size._tag, "ImageIntegrityError", `seed ${seed}`)
          })
        ).pipe(Effect.orDie)
      )
    )

    it.live("of an image without data says so, and so do one without right and a range that is not there", () =>
      run((server, data) =>
        Effect.gen(function* () {
          const answering =
            (status: number): Server.Download =>
            (_, response) => {
              response.writeHead(status, status === 204 ? {} : { "content-type": "application/json" })
              response.end(status === 204 ? undefined : JSON.stringify({ message: "no" }))
            }
          const bytes = noise(1000, random(1))
          server.serve(bytes, answering(204))
          assert.strictEqual((yield* Effect.flip(Stream.runDrain(data.download(id))))._tag, "NoImageData")
          server.serve(bytes, answering(403))
          assert.strictEqual((yield* Effect.flip(Stream.runDrain(data.download(id))))._tag, "Forbidden")
          server.setRecord({ status: "deactivated" })
          assert.strictEqual((yield* Effect.flip(Stream.runDrain(data.download(id))))._tag, "ImageDeactivated")
          server.serve(bytes, answering(416))
          const beyond = data.download(id, { range: { start: 5000 } })
          assert.strictEqual((yield* Effect.flip(Stream.runDrain(beyond)))._tag, "RangeNotSatisfiable")
          server.serve(bytes, answering(404))
          assert.strictEqual((yield* Effect.flip(Stream.runDrain(data.download(id))))._tag, "ImageNotFound")
        })
      ).pipe(Effect.orDie)
    )

    it.live("of a part gives that part, also where the store ignores ranges", () =>
      each(15_000, ({ bytes, n, next, seed }) =>
        run((server, data) =>
          Effect.gen(function* () {
            const length = between(next, 1, bytes.length - n)
            for (const how of [Server.whole(bytes), cutting(bytes, [], false)]) {
              server.serve(bytes, how)
              const part = yield* collected(data.download(id, { range: { start: n, length } }))
              assert.strictEqual(sha512(part), sha512(bytes.subarray(n, n + length)), `seed ${seed}`)
            }
          })
        ).pipe(Effect.orDie)
      )
    )

    it.live("to a file leaves a part when it is interrupted, and the next call goes on from there", () =>
      each(16_000, ({ bytes, n, seed }) =>
        run((server, data) =>
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            const directory = yield* fs.makeTempDirectoryScoped()
            const path = `${directory}/image`
            // Sends n bytes and then nothing.
            server.serve(bytes, ({ range }, response) => {
              if (range !== undefined) return Server.whole(bytes)({ range, index: 0, headers: {} }, response)
              response.writeHead(200, { "content-length": bytes.length })
              response.write(bytes.subarray(0, n))
            })
            let come = 0
            const fiber = yield* Effect.fork(
              data.downloadTo(id, path, {
                onProgress: (progress) =>
                  Effect.sync(() => {
                    come = progress.bytes
                  })
              })
            )
            while (come < n) yield* Effect.yieldNow({ priority: -1 })
            yield* Fiber.interrupt(fiber)
            assert.isFalse(yield* fs.exists(path))
            const [part] = yield* fs.readDirectory(directory)
            assert.strictEqual(Number((yield* fs.stat(`${directory}/${part}`)).size), n, `seed ${seed}`)
            yield* data.downloadTo(id, path)
            assert.deepStrictEqual(server.downloads.at(-1), { start: n, end: bytes.length })
            assert.strictEqual(sha512(yield* fs.readFile(path)), sha512(bytes), `seed ${seed}`)
            assert.deepStrictEqual(yield* fs.readDirectory(directory), ["image"])
          }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
        ).pipe(Effect.orDie)
      )
    )

    it.live(
      "to a file in ranges at once is the same file, whichever of them is cut, and whatever was there before",
      () =>
        run((server, data) =>
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            const directory = yield* fs.makeTempDirectoryScoped()
            const path = `${directory}/image`
            const next = random(18_000)
            const bytes = large(50_000_000, next)
            for (let round = 0; round < 3; round++) {
              const seen: Array<Server.Range> = []
              const cuts = [0, 1, 2, 3].map(() => between(next, 0, 5_000_000))
              server.serve(bytes, ({ headers, range }, response) => {
                if (range !== undefined) seen.push(range)
                return cutting(bytes, cuts)({ headers, range, index: seen.length - 1 }, response)
              })
              const had = round * 9_000_000
              if (had > 0) yield* fs.writeFile(`${path}.${id}.part`, bytes.subarray(0, had))
              yield* data.downloadTo(id, path, { parallel: 3 })
              assert.strictEqual(sha512(yield* fs.readFile(path)), sha512(bytes))
              assert.deepStrictEqual(yield* fs.readDirectory(directory), ["image"])
              // Some were cut, and asked for again.
              assert.isAbove(seen.length, Math.ceil((bytes.length - had) / (8 * 1024 * 1024)))
              assert.isTrue(seen.every(({ end, start }) => start >= had && end - start <= 8 * 1024 * 1024))
            }
          }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
        ).pipe(Effect.orDie)
    )

    it.live("to a file in ranges is one answer where the store ignores ranges, and two where it refuses them", () =>
      run((server, data) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const path = `${yield* fs.makeTempDirectoryScoped()}/image`
          const bytes = large(20_000_000, random(18_500))
          const answered = () => server.downloads.length
          for (const [answers, refuses] of [
            [1, false],
            [2, true]
          ] as const) {
            const earlier = answered()
            server.serve(bytes, ({ headers, index, range }, response) => {
              if (range === undefined || !refuses)
                return Server.whole(bytes)({ headers, index, range: undefined }, response)
              response.writeHead(400, { "content-type": "application/json" })
              response.end(JSON.stringify({ message: "the store has no random access" }))
            })
            yield* data.downloadTo(id, path, { parallel: 4 })
            assert.strictEqual(sha512(yield* fs.readFile(path)), sha512(bytes))
            assert.strictEqual(answered() - earlier, answers)
          }
        }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
      ).pipe(Effect.orDie)
    )

    it.live("to a file in ranges is cut short by an interruption to a beginning that the next call goes on from", () =>
      run((server, data) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const directory = yield* fs.makeTempDirectoryScoped()
          const path = `${directory}/image`
          const bytes = large(30_000_000, random(18_700))
          // The third range never comes, the fourth does.
          const third = 2 * 8 * 1024 * 1024
          server.serve(bytes, (asked, response) =>
            asked.range?.start === third ? undefined : Server.whole(bytes)(asked, response)
          )
          const fiber = yield* Effect.fork(data.downloadTo(id, path, { parallel: 3 }))
          while (server.downloads.length < 4) yield* Effect.yieldNow({ priority: -1 })
          yield* Fiber.interrupt(fiber)
          const part = yield* fs.readFile(`${path}.${id}.part`)
          assert.strictEqual(sha512(part), sha512(bytes.subarray(0, part.length)))
          assert.isAtMost(part.length, third)
          server.serve(bytes)
          yield* data.downloadTo(id, path, { parallel: 3 })
          assert.strictEqual(sha512(yield* fs.readFile(path)), sha512(bytes))
          assert.strictEqual(server.downloads[4]?.start, part.length)
        }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
      ).pipe(Effect.orDie)
    )

    it.live("to a file leaves nothing of wrong bytes", () =>
      run((server, data) =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const directory = yield* fs.makeTempDirectoryScoped()
          const bytes = noise(100_000, random(2))
          server.serve(bytes, Server.whole(bytes.slice().reverse()))
          const failure = yield* Effect.flip(data.downloadTo(id, `${directory}/image`))
          assert.strictEqual(failure._tag, "ImageIntegrityError")
          assert.deepStrictEqual(yield* fs.readDirectory(directory), [])
        }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
      ).pipe(Effect.orDie)
    )
  })
}
