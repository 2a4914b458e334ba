/**
 * Computes hashes with the OpenSSL of Node, in threads, because a hash is slower than most networks.
 *
 * @since 0.1.0
 */
import * as Crypto from "node:crypto"
import * as Os from "node:os"
import { Worker } from "node:worker_threads"
import * as Hasher from "@effect-glance/core/Hasher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

/** OpenSSL's names by those of `Hasher.canonicalName`. A hash by SHAKE has no length of its own. */
const opensslNames: ReadonlyMap<string, string> = new Map(
  Crypto.getHashes()
    .filter((name) => !/^shake/i.test(name))
    .map((name) => [Hasher.canonicalName(name), name])
)

const opensslName = (algorithm: string): string =>
  opensslNames.get(Hasher.canonicalName(algorithm)) ?? algorithm.toLowerCase()

/** OpenSSL lists algorithms that it then refuses to compute, for instance md5 in FIPS mode. */
const supports: Hasher.Service["supports"] = (algorithm) => {
  const name = opensslNames.get(Hasher.canonicalName(algorithm))
  if (name === undefined) return false
  try {
    Crypto.createHash(name)
    return true
  } catch {
    return false
  }
}

const hashesOf = (algorithms: ReadonlyArray<string>) => {
  const hashes = algorithms.map((algorithm) => [algorithm, Crypto.createHash(opensslName(algorithm))] as const)
  return {
    update: (bytes: Uint8Array) => {
      for (const [, hash] of hashes) hash.update(bytes)
    },
    digest: () => new Map(hashes.map(([algorithm, hash]) => [algorithm, hash.digest("hex")]))
  }
}

/** The program of a thread, which reads slots of shared memory. As text, it also works in a bundle. */
const program = `
const { parentPort } = require("node:worker_threads")
const { createHash } = require("node:crypto")
const hashes = new Map()
parentPort.on("message", ({ kind, id, algorithm, memory, start, length }) => {
  if (kind === "begin") hashes.set(id, { hash: createHash(algorithm), memory })
  if (kind === "end") hashes.delete(id)
  if (kind === "update") {
    const { hash, memory } = hashes.get(id)
    hash.update(new Uint8Array(memory, start, length))
    parentPort.postMessage({ id })
  }
  if (kind === "digest") parentPort.postMessage({ id, digest: hashes.get(id).hash.digest("hex") })
})
`

type Message =
  | { readonly kind: "begin"; readonly id: number; readonly algorithm: string; readonly memory: SharedArrayBuffer }
  | { readonly kind: "update"; readonly id: number; readonly start: number; readonly length: number }
  | { readonly kind: "digest" | "end"; readonly id: number }

interface Reply {
  readonly id: number
  readonly digest?: string
}

/** A hash that a thread computes. */
interface Client {
  readonly onReply: (reply: Reply) => void
  readonly onFailure: (error: Error) => void
}

/** Bytes of a slot, which a thread gets at once, and the number of slots. Data of less than one slot need no thread. */
const slotSize = 1024 * 1024
const slots = 4

const makeThread = (onEnd: () => void) => {
  const clients = new Map<number, Client>()
  // Without the arguments of this process: a loader of TypeScript would cost more than the hash.
  const worker = new Worker(program, { eval: true, execArgv: [], env: {}, name: "effect-glance hash" })
  worker.unref()
  const ready = new Promise<void>((resolve, reject) => {
    worker.once("online", resolve)
    worker.once("exit", () => reject(new Error("a thread that computes hashes has ended")))
  })
  const end = (error: Error) => {
    onEnd()
    for (const client of clients.values()) client.onFailure(error)
  }
  ready.catch(end)
  worker.on("error", end)
  worker.on("exit", () => end(new Error("a thread that computes hashes has ended")))
  worker.on("message", (reply: Reply) => clients.get(reply.id)?.onReply(reply))
  return {
    ready,
    load: () => clients.size,
    join: (id: number, client: Client) => {
      clients.set(id, client)
      worker.ref()
    },
    leave: (id: number) => {
      if (!clients.delete(id)) return
      worker.postMessage({ kind: "end", id } satisfies Message)
      if (clients.size === 0) worker.unref()
    },
    post: (message: Message) => worker.postMessage(message),
    stop: () => worker.terminate()
  }
}

type Thread = ReturnType<typeof makeThread>
type Threads = ReturnType<typeof makeThreads>

const makeThreads = () => {
  const threads = new Set<Thread>()
  // At least two, so that md5 and sha512 do not wait for each other.
  const most = Math.max(2, Os.availableParallelism())
  /** Memory that no hash uses. */
  const memory: Array<SharedArrayBuffer> = []
  return {
    /** Returns the least busy thread, or a new one if there are fewer than the most. */
    hire: (): Thread => {
      const [idlest] = [...threads].sort((one, other) => one.load() - other.load())
      if (idlest !== undefined && (idlest.load() === 0 || threads.size >= most)) return idlest
      const thread: Thread = makeThread(() => threads.delete(thread))
      threads.add(thread)
      return thread
    },
    memory,
    stop: () => Promise.all([...threads].map((thread) => thread.stop()))
  }
}

let ids = 0

type Team = Awaited<ReturnType<typeof makeTeam>>

/** Starts hashes of the same bytes, each in its own thread, which reads the slots in order. */
const makeTeam = async (threads: Threads, algorithms: ReadonlyArray<string>, memory: SharedArrayBuffer) => {
  const lanes = algorithms.map((algorithm) => ({
    algorithm,
    id: ++ids,
    thread: undefined as Thread | undefined,
    done: 0,
    digest: undefined as string | undefined
  }))
  let posted = 0
  let failure: Error | undefined
  let waiter: (() => void) | undefined

  /** Whether all threads have read the next slot, so that it can be written to. */
  const hasRoom = () => lanes.every(({ done }) => posted - done < slots)
  const wait = (until: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const go = () => {
        if (failure !== undefined) reject(failure)
        else if (until()) resolve()
        else waiter = go
      }
      go()
    })
  const wake = () => {
    const go = waiter
    waiter = undefined
    go?.()
  }
  const fail = (error: Error) => {
    failure ??= error
    wake()
  }
  const end = () => {
    for (const { id, thread } of lanes) thread?.leave(id)
  }
  try {
    for (const lane of lanes) {
      const { algorithm, id } = lane
      const thread = threads.hire()
      lane.thread = thread
      thread.join(id, {
        onReply: ({ digest }) => {
          if (digest === undefined) lane.done += 1
          else lane.digest = digest
          wake()
        },
        onFailure: fail
      })
      thread.post({ kind: "begin", id, algorithm: opensslName(algorithm), memory })
    }
    await Promise.all(lanes.map(({ thread }) => thread?.ready))
  } catch (error) {
    end()
    throw error
  }
  return {
    hasRoom,
    room: () => wait(hasRoom),
    update: (start: number, length: number) => {
      posted += 1
      for (const { id, thread } of lanes) thread?.post({ kind: "update", id, start, length })
    },
    digest: async () => {
      for (const { id, thread } of lanes) thread?.post({ kind: "digest", id })
      await wait(() => lanes.every(({ digest }) => digest !== undefined))
      return new Map(lanes.map(({ algorithm, digest = "" }) => [algorithm, digest]))
    },
    end
  }
}

/** Starts a hash on this thread. It moves to other threads when a slot is full, unless they cannot be started. */
const begin = (threads: Threads, algorithms: ReadonlyArray<string>) => {
  const own = hashesOf(algorithms)
  const memory = threads.memory.pop() ?? new SharedArrayBuffer(slots * slotSize)
  const bytes = new Uint8Array(memory)
  let team: Team | undefined
  let state: "gathering" | "shared" | "alone" | "ended" = "gathering"
  /** The start of the current slot, and its number of bytes. */
  let start = 0
  let filled = 0

  const stay = () => {
    state = "alone"
    own.update(bytes.subarray(0, filled))
  }
  const post = (team: Team) => {
    team.update(start, filled)
    start = (start + slotSize) % bytes.length
    filled = 0
  }
  const share = async () => {
    try {
      const made = await makeTeam(threads, algorithms, memory)
      if (state === "ended") return made.end()
      state = "shared"
      team = made
      post(made)
    } catch {
      if (state !== "ended") stay()
    }
  }
  const update = (piece: Uint8Array): void | Promise<void> => {
    let rest = piece
    while (rest.length > 0 && state !== "ended") {
      if (state === "alone") return own.update(rest)
      const wait = filled === slotSize ? share() : team?.hasRoom() === false ? team.room() : undefined
      if (wait !== undefined) {
        const left = rest
        return wait.then(() => update(left))
      }
      const part = rest.subarray(0, slotSize - filled)
      bytes.set(part, start + filled)
      filled += part.length
      rest = rest.subarray(part.length)
      if (filled === slotSize && team !== undefined) post(team)
    }
  }

  return {
    update,
    digest: Effect.suspend(() => {
      if (team === undefined) {
        if (state === "gathering") stay()
        return Effect.sync(own.digest)
      }
      if (filled > 0) post(team)
      return Effect.promise(team.digest)
    }),
    end: () => {
      if (state === "ended") return
      state = "ended"
      team?.end()
      threads.memory.push(memory)
    }
  }
}

const nothing: Hasher.Hash = { update: () => {}, digest: Effect.succeed(new Map()) }

/**
 * Makes a hasher of every algorithm of Node's OpenSSL, under each name that `Hasher.canonicalName` knows. Each hash of
 * more than 1 MiB runs in its own thread, so that md5, sha512 and the network do not wait for each other. If Node
 * cannot start threads, it runs on the calling thread. The threads end with the scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Hasher.Service, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(Effect.sync(makeThreads), (threads) => Effect.promise(threads.stop)),
  (threads): Hasher.Service => ({
    supports,
    start: (algorithms) =>
      algorithms.length === 0
        ? Effect.succeed(nothing)
        : Effect.acquireRelease(
            Effect.sync(() => begin(threads, algorithms)),
            ({ end }) => Effect.sync(end)
          )
  })
)

/**
 * {@link make} as a layer.
 *
 * @example
 * ```ts
 * import { ImageData } from "@effect-glance/core"
 * import { NodeHasher } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const data = Layer.provide(ImageData.layer, NodeHasher.layer)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Hasher.Hasher> = Layer.scoped(Hasher.Hasher, make)
