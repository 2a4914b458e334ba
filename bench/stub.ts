/**
 * A Glance that has its answers ready: pages of as many images as the path says, one record, sinks for changes and data,
 * 256 MiB to download. On bare sockets, since `node:http` would take three times as long for a small answer. The first part
 * of a path holds the number of images and the milliseconds that each answer waits: `/100000-20/v2/images`.
 */
import { createHash } from "node:crypto"
import * as Net from "node:net"
import * as Records from "./records.js"

export const mebibyte = 1024 * 1024
export const dataSize = 256 * mebibyte

/** What is downloaded: the same mebibyte again and again. */
export const piece = Buffer.alloc(mebibyte)
for (let at = 0; at < mebibyte; at += 4) piece.writeUInt32LE((at * 2_654_435_761) >>> 0, at)

/** The hashes of all of it, which take a second. */
const hashes = () => {
  const [md5, sha512] = [createHash("md5"), createHash("sha512")]
  for (let done = 0; done < dataSize; done += mebibyte) {
    md5.update(piece)
    sha512.update(piece)
  }
  return { checksum: md5.digest("hex"), os_hash_value: sha512.digest("hex") }
}

const answer = (status: string, body: string | Buffer, headers = ""): Buffer =>
  Buffer.concat([
    Buffer.from(
      `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}` +
        "x-openstack-request-id: req-5a7c1d3e-0000-4000-8000-000000000001\r\n\r\n"
    ),
    Buffer.from(body)
  ])

const json = (body: unknown) => answer("200 OK", JSON.stringify(body))

const pages = new Map<string, Buffer>()

const pageAt = (total: number, limit: number, after: number): Buffer => {
  const key = `${total}/${limit}/${after}`
  const known = pages.get(key)
  if (known !== undefined) return known
  const made = json(Records.page(after, limit, total))
  pages.set(key, made)
  return made
}

let data: { readonly [key: string]: unknown } | undefined
const dataRecord = () => {
  data ??= { ...Records.record(0), ...hashes(), id: Records.dataId, size: dataSize, virtual_size: null }
  return json(data)
}

const oneRecord = json(Records.record(17))
/** For glanceclient, which makes its classes of it. */
const schema = json({ name: "image", properties: {}, additionalProperties: {} })
/** For openstacksdk, which asks for it whatever it is told, and believes whole addresses only. */
const versions = (url: string) =>
  json({ versions: [{ id: "v2.9", status: "CURRENT", links: [{ rel: "self", href: `${url}/v2/` }] }] })
const accepted = answer("204 No Content", "")

const answerTo = (method: string, total: number, path: string): Buffer => {
  if (path.endsWith("/file")) return accepted
  if (path.includes("/schemas/")) return schema
  if (path.includes(Records.dataId)) return dataRecord()
  if (method === "PATCH" || !path.includes("?")) return oneRecord
  const query = new URLSearchParams(path.slice(path.indexOf("?")))
  const marker = query.get("marker")
  return pageAt(total, Number(query.get("limit")), marker === null ? 0 : Records.indexOf(marker) + 1)
}

let requests = 0
const statistics = () => {
  const { system, user } = process.cpuUsage()
  return json({ requests, cpu: (system + user) / 1e6 })
}

const sendData = async (socket: Net.Socket) => {
  const wake = () => socket.emit("drain")
  socket.once("close", wake)
  socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: ${dataSize}\r\n\r\n`)
  for (let sent = 0; sent < dataSize && !socket.destroyed; sent += mebibyte) {
    if (!socket.write(piece)) await new Promise((resolve) => socket.once("drain", resolve))
  }
  // The connection serves many downloads.
  socket.off("close", wake)
}

const reply = (socket: Net.Socket, head: string) => {
  const [method = "", target = ""] = head.slice(0, head.indexOf("\r\n")).split(" ")
  if (target === "/statistics") return void socket.write(statistics())
  requests++
  const [, first = "", path = ""] = /^\/([^/]*)(\/.*)?$/.exec(target) ?? []
  if (/^(\/(v2\/?)?)?$/.test(path)) {
    const host = /\r\nhost: *(\S+)/i.exec(head)?.[1]
    return void socket.write(versions(`http://${host}/${first}`))
  }
  const [total = 0, delay = 0] = first.split("-").map(Number)
  if (method === "GET" && path.endsWith("/file")) return void sendData(socket)
  const ready = answerTo(method, total, path)
  if (delay === 0) socket.write(ready)
  else setTimeout(() => socket.write(ready), delay)
}

/**
 * A connection that is read into the same memory again and again: to allocate some for each read takes up to five times
 * as long as to read, as the heap happens to lie. Node offers that to those who connect; who accepts has to take the
 * handle over.
 */
const reusing = (accepted: Net.Socket, take: (bytes: Buffer) => void): Net.Socket => {
  const holder = accepted as unknown as { _handle: unknown }
  const handle = holder._handle
  holder._handle = null
  const onread: Net.OnReadOpts = {
    buffer: Buffer.allocUnsafeSlow(mebibyte),
    callback: (length, memory) => {
      take(Buffer.from(memory.buffer, memory.byteOffset, length))
      return true
    }
  }
  const options = { handle, readable: true, writable: true, onread } as Net.SocketConstructorOpts
  return new Net.Socket(options).resume()
}

const serve = (accepted: Net.Socket) => {
  let pending: Buffer = Buffer.alloc(0)
  let head = ""
  /** Bytes of the body that are still to come; infinite for one in chunks, which ends where a piece ends. */
  let left = 0
  const take = (bytes: Buffer) => {
    if (head === "") {
      pending = Buffer.concat([pending, bytes])
      const end = pending.indexOf("\r\n\r\n")
      if (end < 0) return
      head = pending.toString("latin1", 0, end + 2)
      bytes = pending.subarray(end + 4)
      pending = Buffer.alloc(0)
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
      left = /\r\ntransfer-encoding: *chunked/i.test(head) ? Number.POSITIVE_INFINITY : Number(length ?? 0)
    }
    left -= bytes.length
    const inChunks = left === Number.POSITIVE_INFINITY
    if (inChunks ? bytes.subarray(-5).toString("latin1") === "0\r\n\r\n" : left <= 0) {
      const whole = head
      head = ""
      reply(socket, whole)
    }
  }
  const socket = reusing(accepted, take)
  socket.setNoDelay()
  socket.on("error", () => {})
}

export const main = () => {
  const server = Net.createServer({ pauseOnConnect: true }, serve).listen(0, "127.0.0.1", () => {
    process.stdout.write(`${(server.address() as Net.AddressInfo).port}\n`)
  })
}
