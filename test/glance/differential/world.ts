import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Glance from "../../../packages/memory/src/internal/glance/index.js"
import type { Server } from "./servers.js"

const pages: ReadonlyMap<string, string> = new Map([
  ["/small", "web data"],
  ["/big", "y".repeat(5000)]
])

/** Where both servers import from: the real one over a socket, the other one without. */
export interface Web {
  readonly uris: ReadonlyArray<string>
  readonly fetchUri: Glance.FetchUri
  readonly close: () => void
}

export const openWeb = async (): Promise<Web> => {
  const server = http.createServer((request, response) => {
    const page = pages.get(request.url ?? "")
    if (page === undefined) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { "content-length": page.length })
    response.end(request.method === "HEAD" ? undefined : page)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    uris: [`${base}/small`, `${base}/small`, `${base}/big`, `${base}/none`, "http://10.0.0.1/x", "ftp://127.0.0.1/x"],
    fetchUri: (uri) => {
      const page = pages.get(new URL(uri).pathname)
      return page === undefined
        ? Effect.fail({ message: "nothing is there" })
        : Effect.succeed({ size: page.length, body: Stream.make(new TextEncoder().encode(page)) })
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

const asAdmin = (
  server: Server,
  method: string,
  target: string,
  body?: unknown
): Promise<{ readonly status: number; readonly json: unknown }> =>
  server({
    who: "admin",
    method,
    target,
    headers: body === undefined ? {} : { "content-type": "application/openstack-images-v2.1-json-patch" },
    body: body === undefined ? undefined : JSON.stringify(body)
  }).then(({ body: bytes, status }) => {
    const text = bytes.toString("utf8")
    return { status, json: text.startsWith("{") ? JSON.parse(text) : undefined }
  })

/** Both have to start from the same: nothing. */
export const deleteAllImages = async (server: Server): Promise<void> => {
  for (const hidden of [true, false]) {
    for (;;) {
      const { json } = await asAdmin(server, "GET", `/v2/images?visibility=all&os_hidden=${hidden}&limit=500`)
      const { images } = json as { images: ReadonlyArray<{ id: string; protected: boolean }> }
      if (images.length === 0) break
      for (const image of images) {
        const target = `/v2/images/${image.id}`
        if (image.protected)
          await asAdmin(server, "PATCH", target, [{ op: "replace", path: "/protected", value: false }])
        const { status } = await asAdmin(server, "DELETE", target)
        if (status !== 204) throw new Error(`${image.id} cannot be deleted: ${status}`)
      }
    }
  }
}

/** Images that are gone are still in its queue. */
export const emptyCache = (server: Server): Promise<unknown> => asAdmin(server, "DELETE", "/v2/cache")

const namespaces = "/v2/metadefs/namespaces"

/** The same for the catalogue of definitions: no namespace, and in memory the resource types that the real one keeps. */
export const emptyMetadefs = async (real: Server, memory: Server): Promise<void> => {
  for (;;) {
    const { json } = await asAdmin(real, "GET", `${namespaces}?limit=500`)
    const all = (json as { namespaces: ReadonlyArray<{ namespace: string; protected: boolean }> }).namespaces
    if (all.length === 0) break
    for (const { namespace, protected: isProtected } of all) {
      const target = `${namespaces}/${encodeURIComponent(namespace)}`
      if (isProtected) await asAdmin(real, "PUT", target, { namespace })
      const { status } = await asAdmin(real, "DELETE", target)
      if (status !== 204) throw new Error(`namespace ${namespace} cannot be deleted: ${status}`)
    }
  }
  const typesOf = async (server: Server): Promise<ReadonlyArray<string>> => {
    const { json } = await asAdmin(server, "GET", "/v2/metadefs/resource_types")
    return (json as { resource_types: ReadonlyArray<{ name: string }> }).resource_types.map(({ name }) => name)
  }
  const known = await typesOf(memory)
  await asAdmin(memory, "POST", namespaces, {
    namespace: "types",
    resource_type_associations: (await typesOf(real)).filter((name) => !known.includes(name)).map((name) => ({ name }))
  })
  await asAdmin(memory, "DELETE", `${namespaces}/types`)
}

const patienceMillis = 10_000

/** Waits until no import works on the image any more. An import that fails badly may keep its claim for ever. */
export const settled = async (server: Server, imageId: string): Promise<void> => {
  const deadline = Date.now() + patienceMillis
  for (let ended = 0; ended < 10; ) {
    const image = await asAdmin(server, "GET", `/v2/images/${imageId}`)
    if (image.status !== 200 || !Object.hasOwn(image.json as object, "os_glance_import_task")) return
    const { json } = await asAdmin(server, "GET", `/v2/images/${imageId}/tasks`)
    const { tasks } = json as { tasks: ReadonlyArray<{ status: string }> }
    // A task says that it has succeeded a little before it lets go.
    ended = tasks.every(({ status }) => status === "success" || status === "failure") ? ended + 1 : 0
    if (Date.now() > deadline) throw new Error(`an import of ${imageId} does not end`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
