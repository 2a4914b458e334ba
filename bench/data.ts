/**
 * Uploads and downloads against what undici does by itself, and how much memory they take.
 *
 *     npx tsx bench/data.ts            throughput, as ratios within one run
 *     npx tsx bench/data.ts memory     4 GiB from a file and to a file, in a process of its own
 */
import { execFileSync, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import * as Fs from "node:fs"
import * as Http from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import * as Os from "node:os"
import * as Path from "node:path"
import { pipeline } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Image from "@effect-glance/core/Image"
import * as ImageData from "@effect-glance/core/ImageData"
import * as ImageSource from "@effect-glance/core/ImageSource"
import * as Cloud from "@effect-glance/http/Cloud"
import * as NodeHasher from "@effect-glance/http/node/NodeHasher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
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
      response.writeHead(200, { "content-length": size, "content-type": "application/octet-stream" })
      void pipeline(Fs.createReadStream(path, { highWaterMark: mebibyte }), response).catch(() => {})
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

const runtime = (url: string) =>
  ManagedRuntime.make(
    ImageData.layer.pipe(
      Layer.provide(Cloud.layerToken({ endpoint: url, token: Redacted.make("token") })),
      Layer.provide([NodeHttpClient.layerUndici, NodeHasher.layer]),
      Layer.merge(NodeFileSystem.layer)
    )
  )

const upload = (path: string, verify: boolean) =>
  Effect.flatMap(ImageData.ImageData, (data) => data.upload(id, ImageSource.file(path), { verify, checkFormat: false }))

const downloadTo = (path: string, verify: boolean) =>
  Effect.flatMap(ImageData.ImageData, (data) => data.downloadTo(id, path, { verify, resume: false }))

const megabytes = (bytes: number) => Math.round(bytes / 1e6)

/** One transfer in a process of its own, which tells the most memory that was resident. */
const transfer = async (direction: string, url: string, path: string) => {
  const own = runtime(url)
  const before = megabytes(process.resourceUsage().maxRSS * 1024)
  const began = performance.now()
  await own.runPromise<unknown, unknown>(direction === "upload" ? upload(path, true) : downloadTo(path, true))
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

const median = (numbers: ReadonlyArray<number>) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] as number

const rounds = 5

const throughput = async (directory: string, size: number) => {
  const source = Path.join(directory, "source")
  const target = Path.join(directory, "target")
  const hashes = makeFile(source, size)
  const server = await startServer(source, hashes)
  const dispatcher = new Undici.Agent()
  const own = runtime(server.url)
  const fileUrl = `${server.url}/v2/images/${id}/file`

  const hashing =
    (...algorithms: ReadonlyArray<string>) =>
    async () => {
      const all = algorithms.map((algorithm) => createHash(algorithm))
      const piece = Buffer.alloc(mebibyte)
      for (let done = 0; done < size; done += piece.length) for (const hash of all) hash.update(piece)
    }
  const runs: Record<string, () => Promise<unknown>> = {
    "undici up": async () => {
      const { body } = await Undici.request(fileUrl, {
        dispatcher,
        method: "PUT",
        headers: { "content-length": String(size), "content-type": "application/octet-stream" },
        body: Fs.createReadStream(source, { highWaterMark: mebibyte })
      })
      await body.dump()
    },
    "upload, not verified": () => own.runPromise(upload(source, false)),
    "upload, verified": () => own.runPromise(upload(source, true)),
    "undici down": async () => {
      const { body } = await Undici.request(fileUrl, { dispatcher })
      await pipeline(body, Fs.createWriteStream(target))
    },
    "download, not verified": () => own.runPromise(downloadTo(target, false)),
    "download, verified": () => own.runPromise(downloadTo(target, true)),
    "md5 and sha512": hashing("md5", "sha512"),
    sha512: hashing("sha512")
  }
  const rateOf = async (name: string) => {
    Fs.rmSync(target, { force: true })
    const began = performance.now()
    await runs[name]?.()
    return size / 1000 / (performance.now() - began)
  }
  console.log(`${size / mebibyte} MiB over undici, median of ${rounds} in turn`)
  const compare = async (name: string, ...limits: ReadonlyArray<string>) => {
    for (const each of [name, ...limits]) await rateOf(each)
    const own: Array<number> = []
    const limit: Array<number> = []
    const ratios: Array<number> = []
    for (let round = 0; round < rounds; round++) {
      let slowest = Number.POSITIVE_INFINITY
      for (const each of limits) slowest = Math.min(slowest, await rateOf(each))
      const rate = await rateOf(name)
      limit.push(slowest)
      own.push(rate)
      ratios.push(rate / slowest)
    }
    console.log(
      `  ${name.padEnd(24)} ${Math.round(median(own))} MB/s, ${median(ratios).toFixed(2)} of ${limits.join(" or ")} (${Math.round(median(limit))} MB/s)`
    )
  }
  await compare("upload, not verified", "undici up")
  await compare("download, not verified", "undici down")
  await compare("upload, verified", "undici up", "md5 and sha512")
  await compare("download, verified", "undici down", "sha512")
  server.stop()
  await own.dispose()
  await dispatcher.close()
}

const withDirectory = async (use: (directory: string) => Promise<void>) => {
  const directory = Fs.mkdtempSync(Path.join(Os.tmpdir(), "bench-"))
  try {
    await use(directory)
  } finally {
    Fs.rmSync(directory, { recursive: true, force: true })
  }
}

const [first = "", second = "", third = ""] = args
switch (role) {
  case "serve":
    await serve(first, second, third)
    break
  case "transfer":
    await transfer(first, second, third)
    break
  case "memory":
    await withDirectory((directory) => memory(directory, Number(first || 4096) * mebibyte))
    break
  default:
    await withDirectory((directory) => throughput(directory, Number(first || 512) * mebibyte))
}
