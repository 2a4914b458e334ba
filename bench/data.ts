/**
 * How much memory uploads and downloads take, verified, over undici, from a file and to one, each in a process of its own.
 *
 *     npm run bench:data             of 4 GiB
 *     npm run bench:data -- 1024     of so many MiB
 *
 * Files are where `TMPDIR` says.
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
import * as Image from "@effect-glance/core/Image"
import * as ImageData from "@effect-glance/core/ImageData"
import * as ImageSource from "@effect-glance/core/ImageSource"
import * as Cloud from "@effect-glance/http/Cloud"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"

const self = fileURLToPath(import.meta.url)
const mebibyte = 1024 * 1024
const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")

const [role = "4096", first = "", second = "", third = ""] = process.argv.slice(2)

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
      Layer.provide([NodeTransport.layer, NodeHasher.layer]),
      Layer.merge(NodeFileSystem.layer)
    )
  )

const upload = (path: string) =>
  Effect.flatMap(ImageData.ImageData, (data) => data.upload(id, ImageSource.file(path), { checkFormat: false }))

const downloadTo = (path: string) =>
  Effect.flatMap(ImageData.ImageData, (data) => data.downloadTo(id, path, { resume: false }))

const megabytes = (bytes: number) => Math.round(bytes / 1e6)

/** One transfer in a process of its own, which tells the most memory that was resident. */
const transfer = async (direction: string, url: string, path: string) => {
  const own = runtime(url)
  const before = megabytes(process.resourceUsage().maxRSS * 1024)
  const began = performance.now()
  await own.runPromise<unknown, unknown>(direction === "upload" ? upload(path) : downloadTo(path))
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

const withDirectory = async (use: (directory: string) => Promise<void>) => {
  const directory = Fs.mkdtempSync(Path.join(Os.tmpdir(), "bench-"))
  try {
    await use(directory)
  } finally {
    Fs.rmSync(directory, { recursive: true, force: true })
  }
}

switch (role) {
  case "serve":
    await serve(first, second, third)
    break
  case "transfer":
    await transfer(first, second, third)
    break
  default:
    await withDirectory((directory) => memory(directory, Number(role) * mebibyte))
}
