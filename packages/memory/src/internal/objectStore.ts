import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Directory } from "./directory.js"
import { read } from "./glance/blobs.js"
import type { Accounts, Blob, Hasher, Objects } from "./glance/options.js"
import { decodeSegment, empty, json, orRefusal, Refused } from "./reply.js"
import { dispatch, type Route, route } from "./routes.js"
import { randomHex } from "./tokens.js"
import type { Caller, WireRequest, WireResponse } from "./wire.js"

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
const unauthenticated = "This server could not verify that you are authorized to access the document you requested."
const unauthorized = () => page(401, "Unauthorized", unauthenticated)

interface State {
  readonly directory: Directory
  readonly hasher: Hasher
  readonly accounts: Accounts
  readonly metadata: WeakMap<Blob, Meta>
}

/** One request for the containers of an account. */
interface Context extends State {
  readonly request: WireRequest
  readonly containers: Map<string, Objects>
  readonly now: number
}

type Result = WireResponse | Effect.Effect<WireResponse>

/** Objects that a task has stored have no metadata yet. */
const metaOf = ({ hasher, metadata, now }: Context, object: Blob): Meta => {
  const known = metadata.get(object)
  if (known !== undefined) return known
  const digest = hasher.create("md5")
  for (const chunk of object.chunks ?? []) digest.update(chunk)
  const meta = { etag: digest.digest(), contentType: "application/octet-stream", lastModified: now }
  metadata.set(object, meta)
  return meta
}

const bytesOf = (objects: Iterable<Blob>): number => {
  let total = 0
  for (const object of objects) total += object.size
  return total
}

/** A page of the entries. Its headers describe what is listed. */
const listing = <A>(
  { request }: Context,
  entries: ReadonlyMap<string, A>,
  headers: WireResponse["headers"],
  item: (name: string, entry: A) => unknown
): WireResponse => {
  const query = new URLSearchParams(request.query)
  const prefix = query.get("prefix") ?? ""
  const marker = query.get("marker") ?? ""
  const limit = Number(query.get("limit") ?? 10_000)
  const shown = [...entries]
    .filter(([name]) => name.startsWith(prefix) && name > marker)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, Number.isFinite(limit) ? limit : 10_000)
  if (query.get("format") === "json" || (request.headers["accept"] ?? "").includes("application/json")) {
    const items = shown.map(([name, entry]) => item(name, entry))
    return json(200, items, { "content-type": "application/json; charset=utf-8", ...headers })
  }
  if (shown.length === 0) return empty(204, headers)
  const body = shown.map(([name]) => `${name}\n`).join("")
  return { status: 200, headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body }
}

const accountHeaders = ({ containers }: Context) => ({
  "x-account-container-count": String(containers.size),
  "x-account-bytes-used": String(bytesOf([...containers.values()].flatMap((objects) => [...objects.values()])))
})

const showAccount = (context: Context): WireResponse => empty(204, accountHeaders(context))

const listContainers = (context: Context): WireResponse =>
  listing(context, context.containers, accountHeaders(context), (name, objects) => ({
    name,
    count: objects.size,
    bytes: bytesOf(objects.values())
  }))

const objectsOf = ({ containers }: Context, container: string): Objects => {
  const objects = containers.get(container)
  if (objects === undefined) throw new Refused(notFound())
  return objects
}

const containerHeaders = (objects: Objects) => ({
  "x-container-object-count": String(objects.size),
  "x-container-bytes-used": String(bytesOf(objects.values()))
})

const showContainer = (context: Context, container: string): WireResponse =>
  empty(204, containerHeaders(objectsOf(context, container)))

const listObjects = (context: Context, container: string): WireResponse => {
  const objects = objectsOf(context, container)
  return listing(context, objects, containerHeaders(objects), (name, object) => {
    const { contentType, etag, lastModified } = metaOf(context, object)
    return {
      name,
      bytes: object.size,
      hash: etag,
      content_type: contentType,
      last_modified: new Date(lastModified).toISOString().replace("Z", "000")
    }
  })
}

const createContainer = ({ containers }: Context, container: string): WireResponse => {
  if (containers.has(container)) return empty(202)
  containers.set(container, new Map())
  return empty(201)
}

const deleteContainer = (context: Context, container: string): WireResponse => {
  if (objectsOf(context, container).size > 0) {
    return page(409, "Conflict", "There was a conflict when trying to complete your request.")
  }
  context.containers.delete(container)
  return empty(204)
}

const putObject = (context: Context, container: string, name: string): Effect.Effect<WireResponse> => {
  const { hasher, metadata, now, request } = context
  const objects = objectsOf(context, container)
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
      const object: Blob = { size, chunks }
      const contentType = request.headers["content-type"] ?? "application/octet-stream"
      metadata.set(object, { etag, contentType, lastModified: now })
      objects.set(name, object)
      return empty(201, { etag, "last-modified": new Date(now).toUTCString() })
    }),
    // An object is stored whole or not at all.
    Effect.orElseSucceed(() => page(499, "Client Disconnect", "The client was disconnected during request."))
  )
}

const getObject = (context: Context, container: string, name: string): WireResponse => {
  const object = objectsOf(context, container).get(name)
  if (object === undefined) return notFound()
  const { contentType, etag, lastModified } = metaOf(context, object)
  const headers = {
    "content-type": contentType,
    "content-length": String(object.size),
    etag,
    "last-modified": new Date(lastModified).toUTCString(),
    "accept-ranges": "bytes"
  }
  return { status: 200, headers, body: Stream.rechunk(read(object, 0, object.size), 1) }
}

const deleteObject = (context: Context, container: string, name: string): WireResponse =>
  objectsOf(context, container).delete(name) ? empty(204) : notFound()

const routes: ReadonlyArray<Route<Context, Result>> = [
  route("GET", "", listContainers),
  route("HEAD", "", showAccount),
  route("GET", ":container", listObjects),
  route("HEAD", ":container", showContainer),
  route("PUT", ":container", createContainer),
  route("DELETE", ":container", deleteContainer),
  route("GET", ":container/:object", getObject),
  route("HEAD", ":container/:object", getObject),
  route("PUT", ":container/:object", putObject),
  route("DELETE", ":container/:object", deleteObject)
]

const respond = (state: State, request: WireRequest, caller: Caller | undefined, now: number): Result => {
  const { accounts, directory } = state
  const [, account, container = "", name = ""] = /^\/v1\/([^/]+)(?:\/([^/]*)(?:\/(.*))?)?$/.exec(request.path) ?? []
  if (account === undefined) return notFound()
  if (caller === undefined) return unauthorized()
  const id = decodeSegment(account).replace(/^(AUTH_|MossoCloudFS_)/, "")
  if (!directory.projects.some((project) => project.id === id)) return notFound()
  if (id !== caller.projectId && !caller.roles.includes("admin")) return forbidden()

  const containers = accounts.get(id) ?? new Map<string, Objects>()
  accounts.set(id, containers)
  const context: Context = { ...state, request, containers, now }
  const segments = container === "" ? [] : name === "" ? [container] : [container, name]
  return orRefusal(() =>
    dispatch(routes, request.method, segments.map(decodeSegment), context, {
      notFound,
      notAllowed: () => {
        if (container !== "") objectsOf(context, decodeSegment(container))
        return page(405, "Method Not Allowed", "The method is not allowed for this resource.")
      }
    })
  )
}

/** The containers and objects of Swift's API v1, as far as images are moved through them. */
export const makeObjectStore = (options: Omit<State, "metadata">) => {
  const state: State = { ...options, metadata: new WeakMap() }
  return (request: WireRequest, caller: Caller | undefined): Effect.Effect<WireResponse> =>
    Effect.gen(function* () {
      const result = respond(state, request, caller, yield* Clock.currentTimeMillis)
      const response = Effect.isEffect(result) ? yield* result : result
      return {
        ...response,
        headers: { ...response.headers, "x-trans-id": `tx${randomHex()}` },
        body: request.method === "HEAD" ? "" : response.body
      }
    })
}
