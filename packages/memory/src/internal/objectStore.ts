import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Directory } from "./directory.js"
import type { Accounts, Hasher } from "./glance/options.js"
import { empty, json, randomHex } from "./reply.js"
import type { Caller, WireRequest, WireResponse } from "./wire.js"

type StoredObject = NonNullable<
  ReturnType<NonNullable<ReturnType<NonNullable<ReturnType<Accounts["get"]>>["get"]>>["get"]>
>

/** The containers and objects of Swift's API v1, as far as moving images through them goes. */
export interface ObjectStore {
  readonly handle: (request: WireRequest, caller: Caller | undefined) => Effect.Effect<WireResponse>
}

interface Meta {
  readonly etag: string
  readonly contentType: string
  readonly lastModified: number
}

const page = (status: number, title: string, sentence: string): WireResponse => ({
  status,
  headers: { "content-type": "text/html; charset=UTF-8" },
  body: `<html><h1>${title}</h1><p>${sentence}</p></html>`
})
const notFound = () => page(404, "Not Found", "The resource could not be found.")
const forbidden = () => page(403, "Forbidden", "Access was denied to this resource.")
const unauthorized = () =>
  page(
    401,
    "Unauthorized",
    "This server could not verify that you are authorized to access the document you requested."
  )
const notAllowed = () => page(405, "Method Not Allowed", "The method is not allowed for this resource.")

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

const zeroes = (size: number): Stream.Stream<Uint8Array> => {
  const piece = new Uint8Array(64 * 1024)
  return Stream.unfold(size, (left) =>
    left <= 0
      ? Option.none()
      : Option.some([left >= piece.length ? piece : piece.subarray(0, left), left - piece.length] as const)
  ).pipe(Stream.rechunk(1))
}

export const makeObjectStore = (options: {
  readonly directory: Directory
  readonly hasher: Hasher
  readonly accounts: Accounts
}): ObjectStore => {
  const { accounts, directory, hasher } = options
  const metadata = new WeakMap<StoredObject, Meta>()

  /** Objects that a task has put here have no metadata yet. */
  const metaOf = (object: StoredObject, now: number): Meta => {
    const known = metadata.get(object)
    if (known !== undefined) return known
    const digest = hasher.create("md5")
    for (const chunk of object.chunks ?? []) digest.update(chunk)
    const meta = { etag: digest.digest(), contentType: "application/octet-stream", lastModified: now }
    metadata.set(object, meta)
    return meta
  }

  const listing = (request: WireRequest, names: ReadonlyArray<string>, item: (name: string) => unknown) => {
    const query = new URLSearchParams(request.query)
    const prefix = query.get("prefix") ?? ""
    const marker = query.get("marker") ?? ""
    const limit = Number(query.get("limit") ?? 10_000)
    const shown = names
      .filter((name) => name.startsWith(prefix) && name > marker)
      .sort()
      .slice(0, Number.isFinite(limit) ? limit : 10_000)
    if (query.get("format") === "json" || (request.headers["accept"] ?? "").includes("application/json")) {
      return json(200, shown.map(item), { "content-type": "application/json; charset=utf-8" })
    }
    return shown.length === 0
      ? empty(204)
      : {
          status: 200,
          headers: { "content-type": "text/plain; charset=utf-8" },
          body: `${shown.join("\n")}\n`
        }
  }

  const bytesOf = (objects: Iterable<StoredObject>) => {
    let total = 0
    for (const object of objects) total += object.size
    return total
  }

  const containerHeaders = (objects: Map<string, StoredObject>) => ({
    "x-container-object-count": String(objects.size),
    "x-container-bytes-used": String(bytesOf(objects.values()))
  })

  const putObject = (request: WireRequest, objects: Map<string, StoredObject>, name: string, now: number) =>
    Effect.suspend(() => {
      const digest = hasher.create("md5")
      const chunks: Array<Uint8Array> = []
      let size = 0
      return Stream.runForEach(request.body, (bytes) =>
        Effect.sync(() => {
          digest.update(bytes)
          chunks.push(bytes.slice())
          size += bytes.length
        })
      ).pipe(
        Effect.map(() => {
          const etag = digest.digest()
          const wanted = request.headers["etag"]?.replaceAll('"', "").toLowerCase()
          if (wanted !== undefined && wanted !== etag) {
            return page(422, "Unprocessable Entity", "Unable to process the contained instructions")
          }
          const object: StoredObject = { size, chunks }
          metadata.set(object, {
            etag,
            contentType: request.headers["content-type"] ?? "application/octet-stream",
            lastModified: now
          })
          objects.set(name, object)
          return empty(201, { etag, "last-modified": new Date(now).toUTCString() })
        }),
        // An object is there whole or not at all.
        Effect.orElseSucceed(() => page(499, "Client Disconnect", "The client was disconnected during request."))
      )
    })

  const getObject = (request: WireRequest, object: StoredObject, now: number): WireResponse => {
    const meta = metaOf(object, now)
    const headers = {
      "content-type": meta.contentType,
      "content-length": String(object.size),
      etag: meta.etag,
      "last-modified": new Date(meta.lastModified).toUTCString(),
      "accept-ranges": "bytes"
    }
    const body = object.chunks === undefined ? zeroes(object.size) : Stream.fromIterable(object.chunks)
    return { status: 200, headers, body: request.method === "HEAD" ? "" : Stream.rechunk(body, 1) }
  }

  const route = (request: WireRequest, caller: Caller | undefined, now: number): Effect.Effect<WireResponse> => {
    const found = /^\/v1\/([^/]+)(?:\/([^/]*)(?:\/(.*))?)?$/.exec(request.path)
    const account = found?.[1]
    if (account === undefined) return Effect.succeed(notFound())
    if (caller === undefined) return Effect.succeed(unauthorized())
    const id = decode(account).replace(/^(AUTH_|MossoCloudFS_)/, "")
    if (!directory.projects.some((project) => project.id === id)) return Effect.succeed(notFound())
    if (id !== caller.projectId && !caller.roles.includes("admin")) return Effect.succeed(forbidden())

    let containers = accounts.get(id)
    if (containers === undefined) {
      containers = new Map()
      accounts.set(id, containers)
    }
    const container = decode(found?.[2] ?? "")
    const name = decode(found?.[3] ?? "")
    const { method } = request

    if (container === "") {
      const headers = {
        "x-account-container-count": String(containers.size),
        "x-account-bytes-used": String(bytesOf([...containers.values()].flatMap((objects) => [...objects.values()])))
      }
      if (method === "HEAD") return Effect.succeed(empty(204, headers))
      if (method !== "GET") return Effect.succeed(notAllowed())
      const all = containers
      const listed = listing(request, [...all.keys()], (name) => ({
        name,
        count: all.get(name)?.size ?? 0,
        bytes: bytesOf(all.get(name)?.values() ?? [])
      }))
      return Effect.succeed({ ...listed, headers: { ...listed.headers, ...headers } })
    }

    const objects = containers.get(container)
    if (name === "") {
      if (method === "PUT") {
        if (objects === undefined) containers.set(container, new Map())
        return Effect.succeed(empty(objects === undefined ? 201 : 202))
      }
      if (objects === undefined) return Effect.succeed(notFound())
      switch (method) {
        case "HEAD":
          return Effect.succeed(empty(204, containerHeaders(objects)))
        case "GET": {
          const listed = listing(request, [...objects.keys()], (name) => {
            const object = objects.get(name)
            const meta = object === undefined ? undefined : metaOf(object, now)
            return {
              name,
              bytes: object?.size ?? 0,
              hash: meta?.etag,
              content_type: meta?.contentType,
              last_modified: new Date(meta?.lastModified ?? now).toISOString().replace("Z", "000")
            }
          })
          return Effect.succeed({ ...listed, headers: { ...listed.headers, ...containerHeaders(objects) } })
        }
        case "DELETE":
          if (objects.size > 0) {
            return Effect.succeed(page(409, "Conflict", "There was a conflict when trying to complete your request."))
          }
          containers.delete(container)
          return Effect.succeed(empty(204))
        default:
          return Effect.succeed(notAllowed())
      }
    }

    if (objects === undefined) return Effect.succeed(notFound())
    const object = objects.get(name)
    switch (method) {
      case "PUT":
        return putObject(request, objects, name, now)
      case "GET":
      case "HEAD":
        return Effect.succeed(object === undefined ? notFound() : getObject(request, object, now))
      case "DELETE":
        return Effect.succeed(objects.delete(name) ? empty(204) : notFound())
      default:
        return Effect.succeed(notAllowed())
    }
  }

  return {
    handle: (request, caller) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.map(route(request, caller, now), (response) => ({
          ...response,
          headers: { ...response.headers, "x-trans-id": `tx${randomHex()}` },
          body: request.method === "HEAD" ? "" : response.body
        }))
      )
  }
}
