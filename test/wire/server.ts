/**
 * A Glance with one image, on a socket, that answers as it is told and keeps account of how each request body ended.
 */
import { createHash } from "node:crypto"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { imageRecord } from "../support/records.js"

export const imageId = "5f0a3b2c-0000-4000-8000-000000000001"

/** A request body as it came in. */
export interface Body {
  readonly headers: Http.IncomingHttpHeaders
  bytes: number
  sha512: string
  /** Whether its end was told: the last chunk, or all of a Content-Length. */
  clean: boolean
}

/** What becomes of an upload after so many bytes; all are read first where `after` is not given. */
export type Upload =
  | { readonly kind: "store" }
  | { readonly kind: "reset"; readonly after: number }
  | { readonly kind: "answer"; readonly after: number; readonly status: number }
  | { readonly kind: "hang"; readonly after: number }

export interface Range {
  readonly start: number
  readonly end: number
}

/** How a download is answered, of the bytes that are asked for. */
export type Download = (
  request: { readonly range: Range | undefined; readonly headers: Http.IncomingHttpHeaders; readonly index: number },
  response: Http.ServerResponse
) => void

export interface Server {
  readonly url: string
  readonly bodies: ReadonlyArray<Body>
  readonly tokens: ReadonlyArray<string>
  readonly downloads: ReadonlyArray<Range | undefined>
  /** What the next uploads meet, in their order; then they are stored. */
  readonly script: (uploads: ReadonlyArray<Upload>) => void
  readonly serve: (data: Uint8Array, download?: Download) => void
  readonly record: () => Readonly<Record<string, unknown>>
  readonly setRecord: (fields: Record<string, unknown>) => void
  /** When every request body so far has ended, one way or another. */
  readonly settled: Effect.Effect<void>
  /** When an upload has brought so many bytes. */
  readonly arrived: (bytes: number) => Effect.Effect<void>
}

const hashesOf = (data: Uint8Array) => ({
  size: data.length,
  checksum: createHash("md5").update(data).digest("hex"),
  os_hash_algo: "sha512",
  os_hash_value: createHash("sha512").update(data).digest("hex")
})

export const whole =
  (data: Uint8Array): Download =>
  ({ range }, response) => {
    if (range === undefined) {
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": data.length })
      response.end(data)
      return
    }
    const part = data.subarray(range.start, range.end)
    response.writeHead(206, partial(data, range))
    response.end(part)
  }

export const partial = (data: Uint8Array, { end, start }: Range) => ({
  "content-type": "application/octet-stream",
  "content-length": end - start,
  "content-range": `bytes ${start}-${end - 1}/${data.length}`
})

const rangeOf = (header: string | undefined, size: number): Range | undefined => {
  const [, start, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? "") ?? []
  if (start === undefined) return undefined
  return { start: Number(start), end: last === undefined || last === "" ? size : Number(last) + 1 }
}

export const make: Effect.Effect<Server, never, Scope.Scope> = Effect.gen(function* () {
  const bodies: Array<Body> = []
  const tokens: Array<string> = []
  const downloads: Array<Range | undefined> = []
  const open = new Set<object>()
  const waiting: Array<() => void> = []
  const marks: Array<{ readonly bytes: number; readonly done: () => void }> = []
  let uploads: ReadonlyArray<Upload> = []
  let data: Uint8Array = new Uint8Array()
  let download: Download = whole(data)
  const queued = { status: "queued", size: null, checksum: null, os_hash_algo: null, os_hash_value: null }
  let record: Record<string, unknown> = imageRecord({ id: imageId, disk_format: "raw", ...queued })

  const sendJson = (response: Http.ServerResponse, status: number, body: unknown, headers = {}) => {
    response.writeHead(status, { "content-type": "application/json", "x-openstack-request-id": "req-1", ...headers })
    response.end(JSON.stringify(body))
  }

  const refuse = (response: Http.ServerResponse, status: number) =>
    sendJson(response, status, { message: `refused with ${status}` })

  const receive = (request: Http.IncomingMessage, response: Http.ServerResponse) => {
    const index = bodies.length
    const plan: Upload = uploads[index] ?? { kind: "store" }
    const hash = createHash("sha512")
    const body: Body = { headers: request.headers, bytes: 0, sha512: "", clean: false }
    bodies.push(body)
    open.add(body)
    let md5 = createHash("md5")
    let answered = false
    record = { ...record, status: "saving" }
    const interrupt = () => {
      if (answered || plan.kind === "store" || body.bytes < plan.after) return
      answered = true
      if (plan.kind === "reset") request.socket.resetAndDestroy()
      if (plan.kind === "answer") refuse(response, plan.status)
    }
    request.on("data", (bytes: Buffer) => {
      body.bytes += bytes.length
      hash.update(bytes)
      md5 = md5.update(bytes)
      for (const mark of marks) if (body.bytes >= mark.bytes) mark.done()
      interrupt()
    })
    request.on("end", () => {
      body.clean = true
      body.sha512 = hash.digest("hex")
      if (answered) return
      record = {
        ...record,
        status: "active",
        size: body.bytes,
        checksum: md5.digest("hex"),
        os_hash_algo: "sha512",
        os_hash_value: body.sha512
      }
      response.writeHead(204).end()
    })
    const closed = () => {
      if (!open.delete(body)) return
      if (record["status"] === "saving") record = { ...record, status: "queued" }
      if (open.size === 0) for (const resume of waiting.splice(0)) resume()
    }
    request.on("error", () => {})
    request.on("close", closed)
    request.socket.on("close", closed)
    interrupt()
  }

  const server = Http.createServer((request, response) => {
    const { method, url = "" } = request
    if (url.endsWith("/auth/tokens")) {
      const token = `token-${tokens.length + 1}`
      tokens.push(token)
      const { port } = server.address() as AddressInfo
      request.resume()
      const now = Date.now()
      const endpoint = { url: `http://127.0.0.1:${port}`, interface: "public", region: "R", region_id: "R" }
      const document = {
        token: {
          issued_at: new Date(now).toISOString(),
          expires_at: new Date(now + 3_600_000).toISOString(),
          project: { id: "own-project" },
          catalog: [{ type: "image", endpoints: [endpoint] }]
        }
      }
      return sendJson(response, 201, document, { "x-subject-token": token })
    }
    if (method === "PUT") return receive(request, response)
    request.resume()
    if (method === "GET" && url.endsWith("/file")) {
      const range = rangeOf(request.headers.range, data.length)
      const index = downloads.push(range) - 1
      return download({ range, index, headers: request.headers }, response)
    }
    return sendJson(response, 200, record)
  })
  server.on("clientError", (_, socket) => socket.destroy())
  yield* Effect.acquireRelease(
    Effect.async<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    bodies,
    tokens,
    downloads,
    script: (next) => {
      uploads = next
    },
    serve: (bytes, how = whole(bytes)) => {
      data = bytes
      download = how
      record = { ...record, status: "active", ...hashesOf(bytes) }
    },
    record: () => record,
    setRecord: (fields) => {
      record = { ...record, ...fields }
    },
    settled: Effect.async((resume) => {
      if (open.size === 0) resume(Effect.void)
      else waiting.push(() => resume(Effect.void))
    }),
    arrived: (bytes) =>
      Effect.flatMap(Deferred.make<void>(), (done) =>
        Effect.sync(() => {
          const mark = { bytes, done: () => Deferred.unsafeDone(done, Effect.void) }
          if (bodies.some((body) => body.bytes >= bytes)) mark.done()
          else marks.push(mark)
        }).pipe(Effect.zipRight(Deferred.await(done)))
      )
  }
})
