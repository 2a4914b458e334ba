/** The memory cloud gives hostile requests the status that the real Glance gives them. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpMethod from "@effect/platform/HttpMethod"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Cloud from "../contract/cloud.js"
import { theMemoryCloud } from "../memory/theMemoryCloud.js"
import { headers, routes, targets, texts } from "../support/hostile.js"

const ask = (method: HttpMethod.HttpMethod, path: string, given: Readonly<Record<string, string>>, body?: string) =>
  Effect.gen(function* () {
    const { admin } = yield* Cloud.Projects
    const request = HttpClientRequest.make(method)(path.replace(/^\/v2/, "")).pipe(HttpClientRequest.setHeaders(given))
    const http = path.startsWith("/v2/") ? admin.http.client : admin.http.unversioned
    const response = yield* http.execute(
      body === undefined
        ? request
        : HttpClientRequest.bodyText(
            request,
            body,
            method === "PATCH" ? "application/openstack-images-v2.1-json-patch" : "application/json"
          )
    )
    yield* response.text
    return response.status
  })

const statuses = Effect.gen(function* () {
  const { admin } = yield* Cloud.Projects
  const { id } = yield* Cloud.newImage(admin, { diskFormat: "raw", containerFormat: "bare" })
  yield* ask("POST", "/v2/metadefs/namespaces", {}, '{"namespace":"known"}')
  const seen: Record<string, number> = {}
  for (const [method, path] of routes(id)) {
    for (const [i, text] of texts.entries()) {
      // The service takes minutes for the error page of a long text: its regular expressions are not linear.
      if (text.length > 30_000) continue
      seen[`${method} ${path.replace(id, "ID")} ${i} ${text.slice(0, 40)}`] = yield* ask(method, path, {}, text)
    }
  }
  for (const target of targets) seen[`GET ${target.slice(0, 80)}`] = yield* ask("GET", target, {})
  for (const given of headers) {
    // Not every client can send these.
    if (/\\u0000|content-length|x-auth-token/.test(JSON.stringify(given))) continue
    seen[JSON.stringify(given).slice(0, 80)] = yield* ask("GET", `/v2/images/${id}/file`, given)
  }
  yield* admin.metadefs.namespaces.delete("known")
  return seen
})

layer(Layer.provideMerge(Cloud.layer, Cloud.theRealCloud), { excludeTestServices: true, timeout: "60 seconds" })(
  "hostile requests",
  (it) => {
    it.scoped(
      "the memory cloud and a real Glance give each hostile request the same status",
      () =>
        Effect.gen(function* () {
          const real = yield* statuses
          const memory = yield* Effect.provide(statuses, Layer.provideMerge(Cloud.layer, theMemoryCloud))
          assert.deepStrictEqual(memory, real)
        }),
      120_000
    )
  }
)
