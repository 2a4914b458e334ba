/** What Glance 30.0 does that the contract does not reach. Observed on a running 30.0. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Caller } from "../../../packages/memory/src/internal/wire.js"
import { admin, alice, make, sentence } from "./support.js"

const glance = make({ release: "30.0" })
const system: Caller = { projectId: "", userId: "root", roles: ["admin", "member", "reader"] }
const community = { visibility: "community" }
const stranger: Caller = { projectId: "beta", userId: "bob", roles: ["member", "reader"] }

describe("the Glance in memory as release 30.0", () => {
  it.scoped("refuses tokens that are for no project, by the name of the policy or as if nothing was there", () =>
    Effect.gen(function* () {
      const client = yield* glance
      const id = yield* client.create()
      const refusals: ReadonlyArray<readonly [method: string, path: string, status: number, policy?: string]> = [
        ["GET", "/v2/images", 403, "get_images"],
        ["POST", "/v2/images", 403, "add_image"],
        ["GET", "/v2/tasks", 403, "tasks_api_access"],
        ["GET", "/v2/cache", 403, "cache_list"],
        ["GET", "/v2/info/stores/detail", 403, "stores_info_detail"],
        ["GET", `/v2/images/${id}`, 404],
        ["GET", `/v2/images/${id}/file`, 404],
        ["DELETE", `/v2/images/${id}`, 404],
        ["GET", "/v2/metadefs/namespaces", 404]
      ]
      for (const [method, path, status, policy] of refusals) {
        const answer = yield* client.ask(method, path, { as: system, ...(method === "POST" ? { body: {} } : {}) })
        const told =
          policy === undefined
            ? "The resource could not be found."
            : `You are not authorized to complete ${policy} action.`
        assert.deepStrictEqual([answer.status, sentence(answer)], [status, told], `${method} ${path}`)
      }
      for (const path of ["/v2/info/stores", "/v2/info/import", "/v2/schemas/image"]) {
        assert.strictEqual((yield* client.ask("GET", path, { as: system })).status, 200, path)
      }
    })
  )

  it.scoped("names the policy when a project changes another project's image", () =>
    Effect.gen(function* () {
      const client = yield* glance
      const id = yield* client.create(community)
      const octets = { "content-type": "application/octet-stream" }
      const requests: ReadonlyArray<readonly [method: string, path: string, policy: string]> = [
        ["PUT", "/file", "upload_image"],
        ["PUT", "/stage", "modify_image"],
        ["DELETE", "", "delete_image"],
        ["POST", "/actions/deactivate", "deactivate"],
        ["PUT", "/tags/x", "modify_image"],
        ["POST", "/locations", "add_image_location"],
        ["GET", "/locations", "fetch_image_location"]
      ]
      for (const [method, path, policy] of requests) {
        const answer = yield* client.ask(method, `/v2/images/${id}${path}`, {
          as: stranger,
          headers: octets,
          ...(path === "/locations" && method === "POST" ? { body: { url: "http://mirror.test/disk" } } : {})
        })
        const told = `You are not authorized to complete ${policy} action.`
        assert.deepStrictEqual([answer.status, sentence(answer)], [403, told], `${method} ${path}`)
      }
    })
  )

  it.scoped("lets no reader write, not even into its own project", () =>
    Effect.gen(function* () {
      const client = yield* glance
      const id = yield* client.create()
      const reader: Caller = { ...alice, roles: ["reader"] }
      const created = yield* client.ask("POST", "/v2/images", { as: reader, body: {} })
      const deleted = yield* client.ask("DELETE", `/v2/images/${id}`, { as: reader })
      assert.deepStrictEqual([created.status, deleted.status], [403, 403])
      assert.strictEqual((yield* client.show(id, reader)).id, id)
    })
  )

  it.scoped("takes tasks of location imports from administrators, and fails them for what they lack", () =>
    Effect.gen(function* () {
      const client = yield* glance
      for (const [input, message] of [
        [{}, "Input to location_import task is empty."],
        [{ image_id: "x" }, "Input does not contain 'loc_url' field"]
      ] as const) {
        const created = yield* client.ask("POST", "/v2/tasks", { as: admin, body: { type: "location_import", input } })
        assert.strictEqual(created.status, 201)
        yield* Effect.yieldNow().pipe(Effect.repeatN(20))
        const task = yield* client.ask("GET", `/v2/tasks/${created.json.id}`, { as: admin })
        assert.deepStrictEqual([task.json.status, task.json.message], ["failure", message])
      }
    })
  )

  it.scoped("keeps the bytes of an import that it refuses, so that an upload to the same store fails too", () =>
    Effect.gen(function* () {
      const client = yield* glance
      const id = yield* client.create({ disk_format: "qcow2" })
      const octets = { "content-type": "application/octet-stream" }
      yield* client.ask("PUT", `/v2/images/${id}/stage`, { headers: octets, body: Stream.make(new Uint8Array(5)) })
      const body = { method: { name: "glance-direct" }, all_stores_must_succeed: false }
      assert.strictEqual((yield* client.ask("POST", `/v2/images/${id}/import`, { body })).status, 202)
      yield* Effect.yieldNow().pipe(Effect.repeatN(50))
      const record = yield* client.show(id)
      assert.deepStrictEqual([record.status, record.size, record.os_glance_failed_import], ["queued", null, "fast"])
      assert.strictEqual((yield* client.upload(id, "hello")).status, 500)
      assert.strictEqual((yield* client.ask("DELETE", `/v2/images/${id}`)).status, 204)
    })
  )

  it.scoped("recognizes disks by their first bytes", () =>
    Effect.gen(function* () {
      const client = yield* glance
      const sector = (mark: string, at = 0, size = 512) => {
        const bytes = Buffer.alloc(size)
        bytes.write(mark, at, "latin1")
        return bytes.toString("latin1")
      }
      const disks: ReadonlyArray<readonly [format: string, data: string]> = [
        ["qcow2", sector("QFI\xfb")],
        ["vhd", sector("conectix")],
        ["vdi", sector("\x7f\x10\xda\xbe", 0x40)],
        ["iso", sector("CD001", 32 * 1024 + 1, 34 * 1024)]
      ]
      for (const [diskFormat, data] of disks) {
        for (const [wanted, status] of [
          [diskFormat, 204],
          ["raw", 204],
          ["ami", 415],
          ["vhdx", 415]
        ] as const) {
          const id = yield* client.create({ disk_format: wanted, container_format: "bare" })
          const answer = yield* client.upload(id, Stream.make(Buffer.from(data, "latin1")))
          assert.strictEqual(answer.status, status, `${diskFormat} as ${wanted}`)
        }
      }
    })
  )
})
