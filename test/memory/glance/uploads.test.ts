import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { alice, bytesOf, hasher, make, sentence } from "./support.js"

const piece = (size: number, value = 1) => new Uint8Array(size).fill(value)

const md5 = (bytes: Uint8Array) => {
  const digest = hasher.create("md5")
  digest.update(bytes)
  return digest.digest()
}

describe("uploads", () => {
  it.scoped("leave an image active, with the hashes of its bytes", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const id = yield* client.create()
      const answer = yield* client.upload(id, "hello world")
      assert.strictEqual(answer.status, 204)
      const image = yield* client.show(id)
      assert.strictEqual(image.status, "active")
      assert.strictEqual(image.size, 11)
      assert.strictEqual(image.checksum, "5eb63bbbe01eeed093cb22bb8f5acdc3")
      assert.strictEqual(image.os_hash_algo, "sha512")
      assert.strictEqual(image.os_hash_value.length, 128)
      assert.strictEqual(image.stores, "fast")
    })
  )

  it.scoped("that break off at any byte leave the image queued, and nothing kept", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const id = yield* client.create()
      const data = piece(4096)
      for (let cut = 0; cut < 200; cut++) {
        const at = (cut * 7919) % data.length
        const body = Stream.concat(Stream.make(data.subarray(0, at)), Stream.fail("reset"))
        const answer = yield* client.upload(id, body, { headers: { "content-length": String(data.length) } })
        assert.strictEqual(answer.status, 500)
        const state = Option.getOrThrow(yield* client.glance.image(id))
        assert.deepStrictEqual(
          { status: state.status, size: state.size, bytesStored: state.bytesStored },
          { status: "queued", size: null, bytesStored: 0 }
        )
      }
      assert.strictEqual((yield* client.upload(id, "whole")).status, 204)
    })
  )

  it.scoped("of a client that hangs up leave the image queued", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const id = yield* client.create()
      const arrived = yield* Deferred.make<void>()
      const body = Stream.concat(
        Stream.make(piece(10)),
        Stream.concat(Stream.execute(Deferred.succeed(arrived, undefined)), Stream.never)
      )
      const fiber = yield* Effect.fork(client.upload(id, body))
      yield* Deferred.await(arrived)
      assert.strictEqual((yield* client.show(id)).status, "saving")
      yield* Fiber.interrupt(fiber)
      const state = Option.getOrThrow(yield* client.glance.image(id))
      assert.strictEqual(state.status, "queued")
      assert.strictEqual(state.size, null)
      assert.strictEqual(state.bytesStored, 0)
    })
  )

  it.scoped("whose image is deleted meanwhile are told that it is gone", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const id = yield* client.create()
      const arrived = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const body = Stream.concat(
        Stream.execute(Effect.zipRight(Deferred.succeed(arrived, undefined), Deferred.await(goOn))),
        Stream.make(piece(10))
      )
      const fiber = yield* Effect.fork(client.upload(id, body))
      yield* Deferred.await(arrived)
      assert.strictEqual((yield* client.ask("DELETE", `/v2/images/${id}`)).status, 204)
      yield* Deferred.succeed(goOn, undefined)
      const answer = yield* Fiber.join(fiber)
      assert.strictEqual(answer.status, 410)
      assert.include(sentence(answer), `Image ${id} could not be found after upload.`)
      assert.deepStrictEqual(yield* client.glance.images, [])
    })
  )

  it.scoped("stop being read as soon as they are larger than an image may be", () =>
    Effect.gen(function* () {
      const client = yield* make({ quotas: { imageSize: 1000 } })
      const id = yield* client.create()
      const pulled = yield* Ref.make(0)
      const body = Stream.repeatEffect(
        Effect.as(
          Ref.update(pulled, (n) => n + 1),
          piece(100)
        )
      )
      const answer = yield* client.upload(id, body)
      assert.strictEqual(answer.status, 413)
      assert.strictEqual(sentence(answer), "The incoming image is too large: The provided image is too large.")
      assert.strictEqual(yield* Ref.get(pulled), 11)
      assert.strictEqual((yield* client.show(id)).status, "queued")
    })
  )

  it.scoped("are refused by a project's quota, before or after their bytes are known", () =>
    Effect.gen(function* () {
      const client = yield* make({ quotas: { storage: 100 } })
      const first = yield* client.create()
      assert.strictEqual((yield* client.upload(first, "x".repeat(80))).status, 204)
      const second = yield* client.create()
      const announced = yield* client.upload(second, "x".repeat(30))
      assert.strictEqual(announced.status, 413)
      assert.strictEqual(
        sentence(announced),
        "Image exceeds the storage quota: The size of the data 30 will exceed the limit. 20 bytes remaining."
      )
      const unannounced = yield* client.upload(second, Stream.make(piece(30)))
      assert.strictEqual(unannounced.status, 413)
      assert.strictEqual((yield* client.upload(second, "x".repeat(20))).status, 204)
    })
  )

  it.scoped("are refused by a store that is full", () =>
    Effect.gen(function* () {
      const client = yield* make({ stores: [{ id: "small", capacity: 10 }] })
      const id = yield* client.create()
      const answer = yield* client.upload(id, "x".repeat(11))
      assert.strictEqual(answer.status, 413)
      assert.include(sentence(answer), "Image storage media is full")
      assert.strictEqual((yield* client.upload(id, "x".repeat(10))).status, 204)
      const other = yield* client.create()
      assert.strictEqual((yield* client.upload(other, "x")).status, 413)
      yield* client.ask("DELETE", `/v2/images/${id}`)
      assert.strictEqual((yield* client.upload(other, "x")).status, 204)
    })
  )

  it.scoped("need not be kept to be counted and hashed", () =>
    Effect.gen(function* () {
      const client = yield* make({ bytes: "hash" })
      const id = yield* client.create()
      const one = piece(1 << 20, 7)
      const answer = yield* client.upload(id, Stream.repeatEffect(Effect.succeed(one)).pipe(Stream.take(64)))
      assert.strictEqual(answer.status, 204)
      const image = yield* client.show(id)
      assert.strictEqual(image.size, 64 << 20)
      assert.strictEqual(image.checksum, md5(new Uint8Array(64 << 20).fill(7)))
      const download = yield* client.send("GET", `/v2/images/${id}/file`, { headers: { range: "bytes=5-70004" } })
      assert.strictEqual(download.status, 206)
      assert.deepStrictEqual(yield* bytesOf(download), new Uint8Array(70_000))
    })
  )

  it.scoped("go to the stage without a hash, and there only once", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const id = yield* client.create()
      const headers = { "content-type": "application/octet-stream" }
      const stage = (body: Stream.Stream<Uint8Array, unknown>) =>
        client.ask("PUT", `/v2/images/${id}/stage`, { headers, body })
      assert.strictEqual((yield* stage(Stream.fail("reset"))).status, 500)
      assert.strictEqual((yield* client.show(id)).status, "queued")
      assert.strictEqual((yield* stage(Stream.make(piece(5)))).status, 204)
      const image = yield* client.show(id)
      assert.strictEqual(image.status, "uploading")
      assert.strictEqual(image.size, 5)
      assert.strictEqual(image.checksum, null)
      assert.strictEqual(Option.getOrThrow(yield* client.glance.image(id)).bytesStaged, 5)
      const again = yield* stage(Stream.make(piece(5)))
      assert.strictEqual(again.status, 409)
      assert.strictEqual(sentence(again), "Image status transition from uploading to uploading is not allowed")
    })
  )
})

describe("downloads", () => {
  it.scoped("are streams of the pieces that came in", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const id = yield* client.create()
      yield* client.upload(id, Stream.make(piece(3, 1), piece(3, 2), piece(3, 3)))
      const response = yield* client.send("GET", `/v2/images/${id}/file`)
      if (typeof response.body === "string" || response.body instanceof Uint8Array) {
        return assert.fail("the body is no stream")
      }
      const chunks = yield* Stream.runCollect(response.body)
      assert.deepStrictEqual(Chunk.toReadonlyArray(chunks), [piece(3, 1), piece(3, 2), piece(3, 3)])
    })
  )

  it.scoped("tell their length when there is no cache to be filled on the way", () =>
    Effect.gen(function* () {
      for (const cache of [true, false]) {
        const client = yield* make({ cache })
        const id = yield* client.create()
        yield* client.upload(id, "hello world")
        const first = yield* client.ask("GET", `/v2/images/${id}/file`)
        assert.strictEqual(first.text, "hello world")
        assert.strictEqual(first.headers["content-length"], cache ? undefined : "11")
        const second = yield* client.ask("GET", `/v2/images/${id}/file`)
        assert.strictEqual(second.headers["content-length"], "11")
        assert.strictEqual(second.headers["content-md5"], "5eb63bbbe01eeed093cb22bb8f5acdc3")
      }
    })
  )

  it.scoped("of an image to begin with find its bytes", () =>
    Effect.gen(function* () {
      const client = yield* make({ images: [{ owner: "alpha", name: "given", data: "bytes", stores: ["slow"] }] })
      const { json } = yield* client.ask("GET", "/v2/images?name=given", { as: alice })
      const [image] = json.images
      assert.strictEqual(image.status, "active")
      assert.strictEqual(image.stores, "slow")
      assert.strictEqual((yield* client.ask("GET", `/v2/images/${image.id}/file`)).text, "bytes")
    })
  )
})
