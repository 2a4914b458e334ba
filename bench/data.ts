/**
 * Uploads and downloads against what undici does by itself, and how much memory they take.
 *
 *     npx tsx bench/data.ts                   throughput of 512 MiB, as ratios within one run
 *     npx tsx bench/data.ts throughput 1024   the same of 1 GiB
 *     npx tsx bench/data.ts memory            4 GiB from a file and to a file, in a process of its own
 *
 * Files are where `TMPDIR` says; in memory (`TMPDIR=/dev/shm`) the disk is not measured. Each side runs in a process of
 * its own, in turn with the other: what one leaves in the heap slows every other in the same process down. No side
 * waits for the disk in the end (`sync: false`), since the floor does not.
 */
import { execFileSync, fork, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import * as Fs from "node:fs"
import * as Http from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import * as Os from "node:os"
import * as Path from "node:path"
import { Readable, Transform } from "node:stream"
import { pipeline } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Hasher from "@effect-glance/core/Hasher"
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

const self = fileURLToPath(import.meta.url)
const mebibyte = 1024 * 1024
const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")

const [role = "throughput", ...args] = process.argv.slice(2)

/** A server that stores nothing, serves a file, and knows what the file's hashes are. */
const serve = async (path: string, checksum: string, hash: string) => {
  const { size } = Fs.statSync(path)
  let stored = false
  const server = Http.createServer((request, response) => {
    if (request.method === "PUT") {
      let bytes = 0
      request.on("data", (piece: Buffer) => {
        bytes += piece.length
      })
      request.on("end", () => {
        stored = bytes === size
        response.writeHead(stored ? 204 : 400).end()
      })
    } else if (request.url?.endsWith("/file")) {
      const [, from = "0", to = String(size - 1)] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? []
      const [start, end] = [Number(from), Number(to)]
      const whole = request.headers.range === undefined
      response.writeHead(whole ? 200 : 206, {
        "content-length": end - start + 1,
        "content-type": "application/octet-stream",
        ...(whole ? {} : { "content-range": `bytes ${start}-${end}/${size}` })
      })
      void pipeline(Fs.createReadStream(path, { start, end, highWaterMark: mebibyte }), response).catch(() => {})
    } else {
      response.writeHead(200, { "content-type": "application/json" })
      response.end(
        JSON.stringify({
          id,
          status: "active",
          visibility: "shared",
          size,
          checksum,
          os_hash_algo: "sha512",
          os_hash_value: hash,
          created_at: "2026-11-23T15:40:23Z",
          updated_at: "2026-11-23T15:40:23Z"
        })
      )
    }
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
}

const startServer = async (path: string, { checksum, hash }: { checksum: string; hash: string }) => {
  const child = spawn(process.execPath, ["--import", "tsx", self, "serve", path, checksum, hash], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const [line] = (await once(child.stdout, "data")) as [Buffer]
  return { url: `http://127.0.0.1:${line.toString().trim()}`, stop: () => child.kill() }
}

const makeFile = (path: string, size: number) => {
  const md5 = createHash("md5")
  const sha512 = createHash("sha512")
  const file = Fs.openSync(path, "w")
  const piece = Buffer.alloc(mebibyte)
  for (let at = 0; at < piece.length; at += 4) piece.writeUInt32LE((at * 2_654_435_761) >>> 0, at)
  for (let written = 0; written < size; written += piece.length) {
    piece.writeUInt32LE(written / mebibyte, 4096)
    Fs.writeSync(file, piece)
    md5.update(piece)
    sha512.update(piece)
  }
  Fs.closeSync(file)
  return { checksum: md5.digest("hex"), hash: sha512.digest("hex") }
}

const runtime = (url: string, client = NodeTransport.layer) =>
  ManagedRuntime.make(
    ImageData.layer.pipe(
      Layer.provide(Cloud.layerToken({ endpoint: url, token: Redacted.make("token") })),
      Layer.provide([client, NodeHasher.layer]),
      Layer.merge(NodeFileSystem.layer)
    )
  )

const upload = (path: string, verify: boolean) =>
  Effect.flatMap(ImageData.ImageData, (data) => data.upload(id, ImageSource.file(path), { verify, checkFormat: false }))

const downloadTo = (path: string, options: ImageData.DownloadToOptions) =>
  Effect.flatMap(ImageData.ImageData, (data) => data.downloadTo(id, path, { ...options, resume: false }))

const megabytes = (bytes: number) => Math.round(bytes / 1e6)

/** One transfer in a process of its own, which tells the most memory that was resident. */
const transfer = async (direction: string, url: string, path: string) => {
  const own = runtime(url)
  const before = megabytes(process.resourceUsage().maxRSS * 1024)
  const began = performance.now()
  await own.runPromise<unknown, unknown>(direction === "upload" ? upload(path, true) : downloadTo(path, {}))
  const seconds = (performance.now() - began) / 1000
  const most = megabytes(process.resourceUsage().maxRSS * 1024)
  await own.dispose()
  console.log(`${direction}: ${seconds.toFixed(1)} s, at most ${most} MB resident (${before} MB before)`)
}

/** This file as JavaScript, since the loader that runs TypeScript takes more memory than a transfer. */
const bundle = (directory: string): string => {
  const outfile = Path.join(directory, "transfer.mjs")
  const esbuild = createRequire(createRequire(self).resolve("tsx")).resolve("esbuild/bin/esbuild")
  const require =
    'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);'
  execFileSync(process.execPath, [
    ...[esbuild, self, "--bundle", "--platform=node", "--format=esm", "--target=node20", "--log-level=warning"],
    ...[`--outfile=${outfile}`, `--banner:js=${require}`]
  ])
  return outfile
}

const memory = async (directory: string, size: number) => {
  const source = Path.join(directory, "source")
  const server = await startServer(source, makeFile(source, size))
  const program = bundle(directory)
  console.log(`${size / mebibyte} MiB over undici, verified`)
  for (const direction of ["upload", "download"]) {
    const path = direction === "upload" ? source : Path.join(directory, "target")
    const child = spawn(process.execPath, [program, "transfer", direction, server.url, path], {
      stdio: ["ignore", "inherit", "inherit"]
    })
    const [code] = await once(child, "exit")
    if (code !== 0) process.exitCode = 1
  }
  server.stop()
}

/** What a side does, over and over, in a process of its own. */
const sides = (url: string, source: string, target: string): Record<string, () => Promise<unknown>> => {
  const { size } = Fs.statSync(source)
  const dispatcher = new Undici.Agent()
  const fileUrl = `${url}/v2/images/${id}/file`
  const own = runtime(url)
  const platform = runtime(url, NodeHttpClient.layerUndici)
  const put = async (body: Readable) => {
    const answer = await Undici.request(fileUrl, {
      dispatcher,
      method: "PUT",
      headers: { "content-length": String(size), "content-type": "application/octet-stream" },
      body
    })
    await answer.body.dump()
  }
  const get = async () => (await Undici.request(fileUrl, { dispatcher })).body
  const read = () => Fs.createReadStream(source, { highWaterMark: mebibyte })
  const small = 64 * 1024
  function* pieces() {
    for (let at = 0; at < size; at += small) yield new Uint8Array(small)
  }
  /** Hashes in threads while the bytes pass, and nothing else. */
  const hashing = (algorithms: ReadonlyArray<string>, body: (hash: Hasher.Hash) => Promise<void>) =>
    NodeHasher.make.pipe(
      Effect.flatMap((hasher) => hasher.start(algorithms)),
      Effect.flatMap((hash) =>
        Effect.zipRight(
          Effect.promise(() => body(hash)),
          hash.digest
        )
      ),
      Effect.scoped,
      Effect.runPromise
    )
  const through = (update: (bytes: Uint8Array) => unknown) =>
    new Transform({
      highWaterMark: mebibyte,
      transform: (bytes: Uint8Array, _, done) => void Promise.resolve(update(bytes)).then(() => done(null, bytes), done)
    })
  const hashed = (...algorithms: ReadonlyArray<string>) =>
    hashing(algorithms, async (hash) => {
      const piece = Buffer.alloc(mebibyte, 1)
      for (let done = 0; done < size; done += mebibyte) await hash.update(piece)
    })
  return {
    "undici up": () => put(read()),
    "undici up, 64 KiB pieces": () => put(Readable.from(pieces())),
    "undici up and hashes in threads": () =>
      hashing(["md5", "sha512"], (hash) => put(read().pipe(through((bytes) => hash.update(bytes))))),
    "md5 and sha512 in two threads": () => hashed("md5", "sha512"),
    "upload, not verified": () => own.runPromise(upload(source, false)),
    "upload over layerUndici, not verified": () => platform.runPromise(upload(source, false)),
    "upload of 64 KiB pieces, not verified": () =>
      own.runPromise(
        Effect.flatMap(ImageData.ImageData, (data) =>
          data.upload(
            id,
            ImageSource.stream(Stream.rechunk(Stream.fromIterable({ [Symbol.iterator]: pieces }), 1), { size }),
            {
              verify: false,
              checkFormat: false
            }
          )
        )
      ),
    "upload, verified": () => own.runPromise(upload(source, true)),
    "undici down": async () => pipeline(await get(), Fs.createWriteStream(target)),
    "undici down, sha512 in the same thread": async () => {
      const hash = createHash("sha512")
      const counted = through((bytes) => {
        hash.update(bytes)
      })
      await pipeline(await get(), counted, Fs.createWriteStream(target))
      hash.digest()
    },
    "sha512 in a thread": () => hashed("sha512"),
    "download, not verified": () => own.runPromise(downloadTo(target, { verify: false, sync: false })),
    "download, verified": () => own.runPromise(downloadTo(target, { sync: false })),
    "download by 4 ranges, verified": () => own.runPromise(downloadTo(target, { sync: false, parallel: 4 }))
  }
}

interface Run {
  readonly seconds: number
  readonly processor: number
  readonly resident: number
}

const side = (name: string, url: string, source: string, target: string) => {
  const work = sides(url, source, target)[name]
  process.on("message", async () => {
    Fs.rmSync(target, { force: true })
    const before = process.cpuUsage()
    const began = performance.now()
    await work?.()
    const seconds = (performance.now() - began) / 1000
    const { system, user } = process.cpuUsage(before)
    const resident = process.resourceUsage().maxRSS * 1024
    process.send?.({ seconds, processor: (user + system) / 1e6, resident } satisfies Run)
  })
}

const median = (numbers: ReadonlyArray<number>) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] as number

const rounds = 5

/** What is compared, with what it cannot be faster than: the slowest of these. */
const comparisons: ReadonlyArray<readonly [string, ...ReadonlyArray<string>]> = [
  ["upload, not verified", "undici up"],
  ["upload over layerUndici, not verified", "undici up"],
  ["upload of 64 KiB pieces, not verified", "undici up, 64 KiB pieces"],
  ["upload, verified", "undici up", "md5 and sha512 in two threads"],
  ["upload, verified", "undici up and hashes in threads"],
  ["download, not verified", "undici down"],
  ["download, verified", "undici down", "sha512 in a thread"],
  ["download, verified", "undici down, sha512 in the same thread"],
  ["download by 4 ranges, verified", "undici down, sha512 in the same thread"]
]

const throughput = async (directory: string, size: number) => {
  const source = Path.join(directory, "source")
  const target = Path.join(directory, "target")
  const server = await startServer(source, makeFile(source, size))
  const program = bundle(directory)
  const start = (name: string) => {
    const child = fork(program, ["side", name, server.url, source, target])
    return {
      run: async (): Promise<Run> => {
        child.send("go")
        const [run] = (await once(child, "message")) as [Run]
        return run
      },
      stop: () => child.kill()
    }
  }
  const rate = (run: Run) => Math.round(size / 1e6 / run.seconds)
  const told = (runs: ReadonlyArray<Run>) => {
    const processor = median(runs.map(({ processor }) => processor)).toFixed(2)
    const resident = Math.max(...runs.map(({ resident }) => megabytes(resident)))
    return `${median(runs.map(rate))} MB/s, ${processor} s of processor, at most ${resident} MB resident`
  }
  console.log(
    `${size / mebibyte} MiB over undici, ${Os.availableParallelism()} cores, medians of ${rounds} rounds in turn; time as a multiple of the floor's`
  )
  for (const [name, ...limits] of comparisons) {
    const all = [name, ...limits].map(start)
    for (const each of all) await each.run()
    const runs: ReadonlyArray<Array<Run>> = all.map(() => [])
    for (let round = 0; round < rounds; round++) {
      for (const [index, each] of all.entries()) runs[index]?.push(await each.run())
    }
    for (const each of all) each.stop()
    const [own = [], ...floors] = runs
    const ratios = own.map(
      ({ seconds }, round) => seconds / Math.max(...floors.map((runs) => runs[round]?.seconds ?? 0))
    )
    console.log(`  ${name}: ${median(ratios).toFixed(2)} (${told(own)})`)
    for (const [index, floor] of floors.entries()) console.log(`    ${limits[index]}: ${told(floor)}`)
  }
  server.stop()
}

const withDirectory = async (use: (directory: string) => Promise<void>) => {
  const directory = Fs.mkdtempSync(Path.join(Os.tmpdir(), "bench-"))
  try {
    await use(directory)
  } finally {
    Fs.rmSync(directory, { recursive: true, force: true })
  }
}

const [first = "", second = "", third = "", fourth = ""] = args
switch (role) {
  case "serve":
    await serve(first, second, third)
    break
  case "transfer":
    await transfer(first, second, third)
    break
  case "side":
    side(first, second, third, fourth)
    break
  case "memory":
    await withDirectory((directory) => memory(directory, Number(first || 4096) * mebibyte))
    break
  default:
    await withDirectory((directory) => throughput(directory, Number(first || 512) * mebibyte))
}
