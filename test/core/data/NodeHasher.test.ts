import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { Worker } from "node:worker_threads"
import { assert, describe, it } from "@effect/vitest"
import type { Hasher } from "@effect-glance/core"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"

const mebibyte = 1024 * 1024

const noise = (size: number, seed: number): Uint8Array => {
  let state = seed
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

/** Gives the bytes in pieces of a size, each from memory that is written over as soon as the hash allows. */
const fed = (hash: Hasher.Hash, bytes: Uint8Array, size: number) =>
  Effect.promise(async () => {
    const memory = new Uint8Array(size)
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size)
      memory.set(piece)
      await hash.update(memory.subarray(0, piece.length))
      memory.fill(0)
    }
  })

const expected = (bytes: Uint8Array, algorithms: ReadonlyArray<string>) =>
  new Map(algorithms.map((algorithm) => [algorithm, createHash(algorithm).update(bytes).digest("hex")]))

/** The threads that are started meanwhile, and what is done to them before they run. */
const threads = (then: (worker: Worker) => void = () => {}) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const started: Array<Worker> = []
      const note = (worker: Worker) => {
        started.push(worker)
        then(worker)
      }
      process.on("worker", note)
      return { started, note }
    }),
    ({ note }) => Effect.sync(() => process.off("worker", note))
  ).pipe(Effect.map(({ started }) => started))

describe("a hash by Node", { timeout: 60_000 }, () => {
  it.scoped("is that of the bytes, however many, in whatever pieces", () =>
    Effect.gen(function* () {
      const hasher = yield* NodeHasher.make
      const algorithms = ["md5", "sha512", "sha256"]
      const sizes = [0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 4 * mebibyte, 5 * mebibyte + 7, 12 * mebibyte]
      for (const size of sizes) {
        const bytes = noise(size, size + 1)
        for (const piece of [64 * 1024 - 1, mebibyte, 6 * mebibyte]) {
          const hash = yield* hasher.start(algorithms)
          yield* fed(hash, bytes, piece)
          assert.deepStrictEqual(yield* hash.digest, expected(bytes, algorithms), `${size} bytes by ${piece}`)
        }
      }
    })
  )

  it.scoped("is right beside others", () =>
    Effect.gen(function* () {
      const hasher = yield* NodeHasher.make
      const one = (seed: number) =>
        Effect.scoped(
          Effect.gen(function* () {
            const bytes = noise(3 * mebibyte + seed, seed)
            const hash = yield* hasher.start(["md5", "sha512"])
            yield* fed(hash, bytes, 100_000 + seed)
            assert.deepStrictEqual(yield* hash.digest, expected(bytes, ["md5", "sha512"]), `seed ${seed}`)
          })
        )
      yield* Effect.forEach(
        Array.from({ length: 12 }, (_, index) => index),
        one,
        { concurrency: 6, discard: true }
      )
    })
  )

  it.scoped("needs no thread for little", () =>
    Effect.gen(function* () {
      const started = yield* threads()
      const hasher = yield* NodeHasher.make
      const bytes = noise(mebibyte, 1)
      const hash = yield* hasher.start(["md5", "sha512"])
      assert.isUndefined(hash.update(bytes))
      assert.deepStrictEqual(yield* hash.digest, expected(bytes, ["md5", "sha512"]))
      assert.strictEqual(started.length, 0)
    })
  )

  it.scoped("asks to wait when it has fallen behind", () =>
    Effect.gen(function* () {
      const hasher = yield* NodeHasher.make
      const hash = yield* hasher.start(["sha512"])
      const bytes = new Uint8Array(64 * mebibyte)
      const wait = hash.update(bytes)
      assert.isDefined(wait)
      yield* Effect.promise(async () => wait)
      assert.deepStrictEqual(yield* hash.digest, expected(bytes, ["sha512"]))
    })
  )

  it.live("ends its threads with its scope", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const started = yield* threads()
        const scope = yield* Scope.make()
        const hasher = yield* Scope.extend(NodeHasher.make, scope)
        const hash = yield* Scope.extend(hasher.start(["md5", "sha512"]), scope)
        yield* fed(hash, noise(2 * mebibyte, 1), mebibyte)
        assert.strictEqual(started.length, 2)
        assert.isTrue(started.every(({ threadId }) => threadId > 0))
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(
          started.map(({ threadId }) => threadId),
          [-1, -1]
        )
      })
    )
  )

  it.scoped("whose thread ends is no hash at all, and the next one has another thread", () =>
    Effect.gen(function* () {
      const started = yield* threads()
      const hasher = yield* NodeHasher.make
      const bytes = noise(3 * mebibyte, 2)
      const hash = yield* hasher.start(["sha512"])
      yield* fed(hash, bytes, mebibyte)
      yield* Effect.promise(async () => started[0]?.terminate())
      assert.isTrue(Exit.isFailure(yield* Effect.exit(hash.digest)))
      const other = yield* hasher.start(["sha512"])
      yield* fed(other, bytes, mebibyte)
      assert.deepStrictEqual(yield* other.digest, expected(bytes, ["sha512"]))
      assert.strictEqual(started.length, 2)
    })
  )

  it.scoped("is computed without threads where none come up", () =>
    Effect.gen(function* () {
      const stopped = yield* threads((worker) => void worker.terminate())
      const hasher = yield* NodeHasher.make
      const bytes = noise(3 * mebibyte, 3)
      const hash = yield* hasher.start(["md5", "sha512"])
      yield* fed(hash, bytes, 300_000)
      assert.deepStrictEqual(yield* hash.digest, expected(bytes, ["md5", "sha512"]))
      assert.isAbove(stopped.length, 0)
    })
  )

  it.live("does not keep the process alive", () =>
    Effect.promise(async () => {
      const program = `
        import * as NodeHasher from "@effect-glance/node/NodeHasher"
        import * as Effect from "effect/Effect"
        import * as Scope from "effect/Scope"
        const scope = Effect.runSync(Scope.make())
        await Effect.runPromise(Scope.extend(Effect.gen(function* () {
          const hasher = yield* NodeHasher.make
          const hash = yield* Effect.scoped(Effect.gen(function* () {
            const hash = yield* hasher.start(["sha512"])
            yield* Effect.promise(async () => hash.update(new Uint8Array(${3 * mebibyte})))
            console.log((yield* hash.digest).get("sha512"))
          }))
        }), scope))`
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ["--import", "tsx", "--input-type=module", "--eval", program],
        { timeout: 50_000, cwd: fileURLToPath(new URL("../../../", import.meta.url)) }
      )
      assert.strictEqual(
        stdout.trim(),
        createHash("sha512")
          .update(new Uint8Array(3 * mebibyte))
          .digest("hex")
      )
    })
  )
})
