import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, Image, ImageCreation, ImageData, ImageSource } from "@effect-glance/core"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { imageRecord } from "../../support/records.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")
const mebibyte = 1024 * 1024

/** A cloud that takes any bytes and gives 3 MB in one piece, and how often it was sent bytes to the end. */
const cloud = () => {
  const requests: Array<string> = []
  const whole: Array<number> = []
  const answer = (request: HttpClientRequest.HttpClientRequest) =>
    Effect.gen(function* () {
      requests.push(request.method)
      if (request.method === "POST") return Response.json(imageRecord({ disk_format: "raw" }), { status: 201 })
      if (request.method === "DELETE") return new Response(null, { status: 204 })
      if (request.method === "GET" && request.url.endsWith("/file")) return new Response(new Uint8Array(3_000_000))
      if (request.method === "GET") return Response.json(imageRecord({ disk_format: "raw", size: 3_000_000 }))
      let size = 0
      if (request.body._tag === "Stream") {
        yield* Effect.orDie(
          Stream.runForEach(request.body.stream, (bytes) => Effect.sync(() => (size += bytes.length)))
        )
      }
      whole.push(size)
      return new Response(null, { status: 204 })
    })
  const layer = Layer.merge(
    NodeHasher.layer,
    Layer.succeed(GlanceClient.GlanceClient, {
      client: GlanceClient.makeClient((request) =>
        Effect.map(answer(request), (response) => HttpClientResponse.fromWeb(request, response))
      ),
      unversioned: GlanceClient.makeClient(() => Effect.dieMessage("no versions are needed")),
      ensureToken: () => Effect.void,
      projectId: Effect.succeedNone,
      objectStore: Effect.succeedNone,
      timeLimit: Duration.minutes(1)
    })
  )
  return {
    requests,
    whole,
    data: Effect.provide(ImageData.make, layer),
    creation: Effect.provide(ImageCreation.make, layer)
  }
}

const verify = false

class Screen extends Context.Tag("test/Screen")<Screen, Array<number>>() {}
const show = ({ bytes }: ImageData.Progress) => Effect.map(Screen, (screen) => screen.push(bytes))

describe("the progress of a transfer", () => {
  it.effect("is told at least once a mebibyte of bytes in one piece, in either direction", () =>
    Effect.gen(function* () {
      const data = yield* cloud().data
      const source = ImageSource.bytes(new Uint8Array(3_000_000))
      for (const transfer of [
        data.upload(id, source, { verify, onProgress: show }),
        data.stage(id, source, { onProgress: show }),
        data.createWithData({}, source, { verify, onProgress: show }),
        Stream.runDrain(data.download(id, { verify, onProgress: show }))
      ]) {
        const screen: Array<number> = []
        yield* Effect.provideService(transfer as Effect.Effect<unknown, unknown, Screen>, Screen, screen)
        assert.strictEqual(screen.at(-1), 3_000_000)
        const steps = screen.map((bytes, index) => bytes - (screen[index - 1] ?? 0))
        assert.isTrue(
          steps.every((step) => step > 0 && step <= mebibyte),
          steps.join()
        )
      }
    })
  )

  it.effect("ends the transfer with its own error, without another attempt, and the body does not end", () =>
    Effect.gen(function* () {
      for (const last of [1, 3_000_000]) {
        const { creation, data, requests, whole } = cloud()
        const onProgress = ({ bytes }: ImageData.Progress) =>
          bytes >= last ? Effect.fail("the screen is gone" as const) : Effect.void
        const source = ImageSource.bytes(new Uint8Array(3_000_000))
        const { createFrom } = yield* creation
        assert.strictEqual(
          yield* Effect.flip(createFrom({}, source, { by: "upload", verify, onProgress })),
          "the screen is gone"
        )
        assert.deepStrictEqual([requests, whole], [["POST", "PUT", "DELETE"], []])
        const download = (yield* data).download(id, { verify, onProgress })
        assert.strictEqual(yield* Effect.flip(Stream.runDrain(download)), "the screen is gone")
      }
    })
  )
})

describe("an upload with progress", () => {
  /** A mebibyte a second. */
  const slow = ImageSource.stream(
    Stream.mapEffect(Stream.rechunk(Stream.range(1, 4), 1), () =>
      Effect.as(Effect.sleep("1 second"), new Uint8Array(mebibyte))
    ),
    { size: 4 * mebibyte, replayable: true }
  )

  it.effect("is a stream with the rate and the time left, whose last element has the image", () =>
    Effect.gen(function* () {
      const data = yield* cloud().data
      const options = { verify, checkFormat: false }
      const fiber = yield* Effect.fork(Stream.runCollect(data.uploadWithProgress(id, slow, options)))
      yield* TestClock.adjust("10 seconds")
      const found = Chunk.toReadonlyArray(yield* Fiber.join(fiber))
      const total = 4 * mebibyte
      assert.deepStrictEqual(
        found.map(({ bytes, rate, remaining, result }) => [
          bytes / mebibyte,
          Option.getOrNull(Option.map(rate, (rate) => rate / mebibyte)),
          Option.getOrNull(Option.map(remaining, Duration.toMillis)),
          Option.isSome(result)
        ]),
        [
          [1, null, null, false],
          [2, 1, 2000, false],
          [3, 1, 1000, false],
          [4, 1, 0, false],
          [4, 1, 0, true]
        ]
      )
      assert.isTrue(found.every((progress) => Option.contains(progress.total, total)))
      const last = found.at(-1)
      assert.strictEqual(last && Option.getOrThrow(last.result).id, id)
    })
  )

  it.effect("stops when its consumer has enough, and fails as the upload does", () =>
    Effect.gen(function* () {
      const { data, whole } = cloud()
      const { uploadWithProgress } = yield* data
      const fiber = yield* Effect.fork(Stream.runDrain(Stream.take(uploadWithProgress(id, slow, { verify }), 2)))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(whole, [])
      const broken = Stream.concat(Stream.make(new Uint8Array(10)), Stream.fail("broken" as const))
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(uploadWithProgress(id, broken, { verify }))), "broken")
    })
  )

  it.effect("does not wait for a slow consumer, which misses elements but not the image", () =>
    Effect.gen(function* () {
      const data = yield* cloud().data
      const source = ImageSource.bytes(new Uint8Array(200 * mebibyte))
      const stream = data.uploadWithProgress(id, source, { verify, checkFormat: false })
      const fiber = yield* Effect.fork(Stream.runCollect(Stream.tap(stream, () => Effect.sleep("1 minute"))))
      yield* TestClock.adjust("1 hour")
      const found = Chunk.toReadonlyArray(yield* Fiber.join(fiber))
      assert.isBelow(found.length, 50)
      assert.isTrue(Option.isSome(found.at(-1)?.result ?? Option.none()))
    })
  )
})
