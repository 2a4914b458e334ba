/** What becomes of data that are not of the format that their image says. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as ImageImport from "@effect-glance/core/ImageImport"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { newImage, type Project, Projects, type TheCloud } from "./cloud.js"
import { differences } from "./differences.js"

const qcow2 = { name: "refused", diskFormat: "qcow2", containerFormat: "bare" }
const octets = "application/octet-stream"

const send = (project: Project, request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(
    project.http.client.execute(HttpClientRequest.setHeader(request, "accept", "application/json")),
    (response) => Effect.map(response.text, (text) => ({ status: response.status, text }))
  )

const put = (path: string) => HttpClientRequest.bodyText(HttpClientRequest.put(path), "no qcow2", octets)

const soon = Schedule.spaced("100 millis").pipe(Schedule.intersect(Schedule.recurs(300)))

export const formats = (it: Vitest.MethodsNonLive<Projects | TheCloud, true>) => {
  it.scoped("data of another format are refused after they are stored, and only by a release that looks", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { checksFormats } = yield* differences
      const image = yield* newImage(alice, qcow2)
      const uploaded = yield* send(alice, put(`/images/${image.id}/file`))
      assert.strictEqual(uploaded.status, checksFormats ? 415 : 204)
      const record = yield* alice.images.get(image)
      assert.strictEqual(record.status, checksFormats ? "queued" : "active")
      assert.deepStrictEqual(record.size, checksFormats ? Option.none() : Option.some(8))
      // What stays of refused data: the hashes, and a copy that can be downloaded.
      assert.isTrue(Option.isSome(record.checksum) && Option.isSome(record.osHashValue))
      assert.deepStrictEqual(record.stores, ["fast"])
      const downloaded = yield* send(alice, HttpClientRequest.get(`/images/${image.id}/file`))
      assert.deepStrictEqual(downloaded, { status: 200, text: "no qcow2" })
      const again = yield* send(alice, put(`/images/${image.id}/file`))
      assert.strictEqual(again.status, checksFormats ? 500 : 409)
      yield* alice.images.delete(image)
    })
  )

  it.scoped("staged data of another format fail their import, and only in a release that looks", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { checksFormats } = yield* differences
      const image = yield* newImage(alice, qcow2)
      assert.strictEqual((yield* send(alice, put(`/images/${image.id}/stage`))).status, 204)
      yield* alice.imports.start(image, ImageImport.glanceDirect)
      const isOver = (status: string | undefined) => status === "success" || status === "failure"
      yield* Effect.repeat(alice.tasks.listOf(image), { schedule: soon, until: ([task]) => isOver(task?.status) })
      const [task] = yield* alice.tasks.listOf(image)
      const { status } = yield* alice.images.get(image)
      assert.deepStrictEqual([task?.status, status], checksFormats ? ["failure", "importing"] : ["success", "active"])
    })
  )

  it.scoped("data of a container that is not bare, or of a format without a mark, are taken as they are", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      for (const formats of [
        { ...qcow2, containerFormat: "ovf" },
        { ...qcow2, diskFormat: "ploop" }
      ]) {
        const image = yield* newImage(alice, formats)
        assert.strictEqual((yield* send(alice, put(`/images/${image.id}/file`))).status, 204, formats.diskFormat)
      }
    })
  )
}
