/** 256 MiB to the stub and back. Files are in memory where the system has such a place: a disk would be measured instead. */
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { Readable, Transform } from "node:stream"
import { pipeline } from "node:stream/promises"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type * as Hasher from "@effect-glance/core/Hasher"
import * as Image from "@effect-glance/core/Image"
import * as ImageData from "@effect-glance/core/ImageData"
import * as ImageSource from "@effect-glance/core/ImageSource"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Undici from "undici"
import type { Item, Side } from "../item.js"
import { cloud, token } from "../library.js"
import * as Records from "../records.js"
import { dataSize, mebibyte, piece } from "../stub.js"

/** By its whole size, so that all processes of a run answer alike. Containers mostly have 64 MiB of it. */
const inMemory = (): string | undefined => {
  const path = "/dev/shm"
  if (!Fs.existsSync(path)) return undefined
  const { blocks, bsize } = Fs.statfsSync(path)
  return blocks * bsize >= 4 * dataSize ? path : undefined
}
const directory = Path.join(inMemory() ?? Os.tmpdir(), "effect-glance-bench")
const [source, target] = [Path.join(directory, "source"), Path.join(directory, "target")]
const id = Image.ImageId.make(Records.dataId)

export const clean = () => Fs.rmSync(directory, { recursive: true, force: true })

/** Made once, for all processes. */
const withFiles = <A>(use: () => A): A => {
  Fs.mkdirSync(directory, { recursive: true })
  if (!Fs.existsSync(source) || Fs.statSync(source).size !== dataSize) {
    const file = Fs.openSync(source, "w")
    for (let written = 0; written < dataSize; written += mebibyte) Fs.writeSync(file, piece)
    Fs.closeSync(file)
  }
  Fs.rmSync(target, { force: true })
  return use()
}

const library =
  (work: (data: ImageData.Service) => Effect.Effect<unknown, unknown, FileSystem.FileSystem>): Side =>
  async (root) => {
    const runtime = ManagedRuntime.make(
      ImageData.layer.pipe(Layer.provide([cloud(root), NodeHasher.layer]), Layer.provideMerge(NodeFileSystem.layer))
    )
    await runtime.runtime()
    // The stub computes the hashes when they are first asked for.
    await (await Undici.request(`${root}/v2/images/${id}`)).body.dump()
    return withFiles(() => () => runtime.runPromise(Effect.flatMap(ImageData.ImageData, work)))
  }

const headers = { "x-auth-token": Redacted.value(token), "content-type": "application/octet-stream" }

const put =
  (body: (hash: Hasher.Hash) => Readable, ...algorithms: ReadonlyArray<string>): Side =>
  async (root) =>
    withFiles(
      () => () =>
        hashing(algorithms, async (hash) => {
          const answer = await Undici.request(`${root}/v2/images/${id}/file`, {
            method: "PUT",
            headers: { ...headers, "content-length": String(dataSize) },
            body: body(hash)
          })
          await answer.body.dump()
        })
    )

const get =
  (to: (body: Readable, hash: Hasher.Hash) => Promise<unknown>, ...algorithms: ReadonlyArray<string>): Side =>
  async (root) =>
    withFiles(
      () => () =>
        hashing(algorithms, async (hash) => {
          const answer = await Undici.request(`${root}/v2/images/${id}/file`, { headers })
          await to(answer.body, hash)
        })
    )

/** Hashes in threads while the work is done. */
const hashing = (algorithms: ReadonlyArray<string>, work: (hash: Hasher.Hash) => Promise<void>) =>
  NodeHasher.make.pipe(
    Effect.flatMap((hasher) => hasher.start(algorithms)),
    Effect.flatMap((hash) =>
      Effect.zipRight(
        Effect.promise(() => work(hash)),
        hash.digest
      )
    ),
    Effect.scoped,
    Effect.runPromise
  )

/** The hashes alone. */
const hashOnly =
  (...algorithms: ReadonlyArray<string>): Side =>
  async () =>
  () =>
    hashing(algorithms, async (hash) => {
      for (let done = 0; done < dataSize; done += mebibyte) await hash.update(piece)
    })

const through = (hash: Hasher.Hash) =>
  new Transform({
    highWaterMark: mebibyte,
    transform: (bytes, _, done) => void Promise.resolve(hash.update(bytes)).then(() => done(null, bytes), done)
  })

const small = piece.subarray(0, 64 * 1024)
const pieces = function* () {
  for (let sent = 0; sent < dataSize; sent += small.length) yield small
}

/** Hashes what passes, in the same thread. */
const hashed = () => {
  const hash = createHash("sha512")
  return new Transform({
    transform: (bytes, _, done) => {
      hash.update(bytes)
      done(null, bytes)
    }
  })
}

const discarded = async (body: Readable) => {
  for await (const _ of body);
}

const upload = <E>(of: () => ImageSource.ImageSource<E, FileSystem.FileSystem>, verify: boolean) =>
  library((data) => data.upload(id, of(), { verify, checkFormat: false }))

const file = () => ImageSource.file(source)
/** One piece in a chunk. `Stream.fromIterable` would make chunks of 4,096, a quarter of a GiB each. */
const stream = () => ImageSource.stream(Stream.fromIteratorSucceed(pieces(), 1), { size: dataSize })

/**
 * The target goes first, as it does where undici writes over it: two GiB in memory, of which one is new to this machine
 * each time, would be measured instead.
 */
const download = (verify: boolean) =>
  library((data) =>
    Effect.suspend(() => {
      Fs.rmSync(target, { force: true })
      return data.downloadTo(id, target, { verify, resume: false })
    })
  )
const read = () => Fs.createReadStream(source, { highWaterMark: mebibyte })
const write = () => Fs.createWriteStream(target)

const common = { memory: 300, warm: 2, blocks: 12 }

/** Hashes run beside the transfer, so that the time that passes counts: at least nine tenths of the floor's rate. */
const verified = { ...common, blocks: 8, measure: "seconds", target: 1.11 } as const

export const items: ReadonlyArray<Item> = [
  {
    name: "upload 256 MiB from a file",
    sides: { floor: put(read), library: upload(file, false) },
    target: 1.1,
    ...common
  },
  {
    name: "upload 256 MiB from a file, verified; undici with the same hashes in threads",
    sides: {
      floor: put((hash) => read().pipe(through(hash)), "md5", "sha512"),
      library: upload(file, true),
      "md5 and sha512 alone": hashOnly("md5", "sha512"),
      "undici alone": put(read)
    },
    ...verified
  },
  {
    name: "upload 256 MiB from a stream of 64 KiB pieces",
    sides: { floor: put(() => Readable.from(pieces())), library: upload(stream, false) },
    target: 1.5,
    ...common
  },
  {
    name: "download 256 MiB to a file",
    sides: { floor: get((body) => pipeline(body, write())), library: download(false) },
    target: 1,
    ...common
  },
  {
    name: "download 256 MiB to a file, verified; undici with sha512 in a thread",
    sides: {
      floor: get((body, hash) => pipeline(body, through(hash), write()), "sha512"),
      library: download(true),
      "undici, sha512 in its own thread": get((body) => pipeline(body, hashed(), write())),
      "sha512 alone": hashOnly("sha512"),
      "undici alone": get((body) => pipeline(body, write()))
    },
    ...verified
  },
  {
    name: "download 256 MiB, discarded",
    sides: {
      floor: get(discarded),
      library: library((data) => Stream.runDrain(data.download(id, { verify: false })))
    },
    ...common
  }
]
