/** A GiB to the stub and back. */
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { Readable, Transform } from "node:stream"
import { pipeline } from "node:stream/promises"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Image from "@effect-glance/core/Image"
import * as ImageData from "@effect-glance/core/ImageData"
import * as ImageSource from "@effect-glance/core/ImageSource"
import * as Cloud from "@effect-glance/http/Cloud"
import * as NodeHasher from "@effect-glance/http/node/NodeHasher"
import * as NodeTransport from "@effect-glance/http/node/NodeTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Undici from "undici"
import type { Item, Side } from "../item.js"
import { token } from "../library.js"
import * as Records from "../records.js"
import { dataSize, mebibyte, piece } from "../stub.js"

const directory = Path.join(Os.tmpdir(), "effect-glance-bench")
const [source, target] = [Path.join(directory, "source"), Path.join(directory, "target")]
const id = Image.ImageId.make(Records.dataId)

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
      ImageData.layer.pipe(
        Layer.provide(Cloud.layerToken({ endpoint: root, token })),
        Layer.provide([NodeTransport.layer, NodeHasher.layer]),
        Layer.provideMerge(NodeFileSystem.layer)
      )
    )
    await runtime.runtime()
    // The stub computes the hashes when they are first asked for.
    await fetch(`${root}/v2/images/${id}`)
    return withFiles(() => () => runtime.runPromise(Effect.flatMap(ImageData.ImageData, work)))
  }

const headers = { "x-auth-token": Redacted.value(token), "content-type": "application/octet-stream" }

const put =
  (body: () => Readable): Side =>
  async (root) =>
    withFiles(() => async () => {
      const answer = await Undici.request(`${root}/v2/images/${id}/file`, {
        method: "PUT",
        headers: { ...headers, "content-length": String(dataSize) },
        body: body()
      })
      await answer.body.dump()
    })

const get =
  (to: (body: Readable) => Promise<unknown>): Side =>
  async (root) =>
    withFiles(() => async () => to((await Undici.request(`${root}/v2/images/${id}/file`, { headers })).body))

const small = piece.subarray(0, 64 * 1024)
const pieces = function* () {
  for (let sent = 0; sent < dataSize; sent += small.length) yield small
}

/** Hashes what passes, in the same thread. */
const hashing = () => {
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
const stream = () => ImageSource.stream(Stream.fromIterable(pieces()), { size: dataSize })

const once = { warm: 0, rounds: 3, memory: 200 }

export const items: ReadonlyArray<Item> = [
  {
    name: "upload 1 GiB from a file",
    sides: {
      floor: put(() => Fs.createReadStream(source, { highWaterMark: mebibyte })),
      library: upload(file, false),
      "library, verified": upload(file, true)
    },
    target: 1.1,
    ...once
  },
  {
    name: "upload 1 GiB from a stream of 64 KiB pieces",
    sides: { floor: put(() => Readable.from(pieces())), library: upload(stream, false) },
    target: 1.5,
    ...once
  },
  {
    name: "download 1 GiB to a file",
    sides: {
      floor: get((body) => pipeline(body, Fs.createWriteStream(target))),
      library: library((data) => data.downloadTo(id, target, { verify: false, resume: false }))
    },
    target: 1,
    ...once
  },
  {
    name: "download 1 GiB to a file, with sha512",
    sides: {
      floor: get((body) => pipeline(body, hashing(), Fs.createWriteStream(target))),
      library: library((data) => data.downloadTo(id, target, { verify: true, resume: false }))
    },
    target: 1,
    ...once
  },
  {
    name: "download 1 GiB, discarded",
    sides: {
      floor: get(discarded),
      library: library((data) => Stream.runDrain(data.download(id, { verify: false })))
    },
    ...once
  }
]
