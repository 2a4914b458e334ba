/** Images from an origin on clouds of other kinds than the contract's. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, ImageCreation, ImageData, ImageSource, Images } from "@effect-glance/core"
import * as Fault from "@effect-glance/memory/Fault"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as RequestLog from "@effect-glance/memory/RequestLog"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

const raw = { name: "created", diskFormat: "raw", containerFormat: "bare" }
const hello = ImageSource.bytes(new TextEncoder().encode("hello"))

const setUp = (options: MemoryCloud.Options = {}) =>
  Effect.gen(function* () {
    const cloud = yield* MemoryCloud.make(options)
    const { creation, images } = yield* Effect.all({ creation: ImageCreation.make, images: Images.make }).pipe(
      Effect.provideService(GlanceClient.GlanceClient, MemoryCloud.port(cloud)),
      Effect.provide(NodeHasher.layer)
    )
    return { cloud, images, ...creation }
  })

/** A web in which every address says hello. */
const web = HttpClient.make((request) =>
  Effect.succeed(HttpClientResponse.fromWeb(request, new Response("hello", { headers: { "content-length": "5" } })))
)

const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("10 minutes")
    return yield* fiber
  })

describe("data that the server refuses by their format", () => {
  const qcow2 = { name: "refused", diskFormat: "qcow2", containerFormat: "bare" }

  it.scoped("fail createWithData with ImageFormatRefused, and no image is left behind", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({ release: "30.0" })
      const data = yield* ImageData.make.pipe(
        Effect.provideService(GlanceClient.GlanceClient, MemoryCloud.port(cloud)),
        Effect.provide(NodeHasher.layer)
      )
      const refused = yield* Effect.flip(data.createWithData(qcow2, hello, { checkFormat: false }))
      if (refused._tag !== "ImageFormatRefused") return assert.fail(refused.message)
      assert.include(refused.message, `image ${refused.imageId}; delete the image`)
      assert.deepStrictEqual(yield* cloud.images, [])
    })
  )

  it.scoped("stay on an image that they were uploaded to, which can then only be deleted", () =>
    Effect.gen(function* () {
      const cloud = yield* MemoryCloud.make({ release: "30.0" })
      const { data, images } = yield* Effect.all({ data: ImageData.make, images: Images.make }).pipe(
        Effect.provideService(GlanceClient.GlanceClient, MemoryCloud.port(cloud)),
        Effect.provide(NodeHasher.layer)
      )
      const image = yield* images.create(qcow2)
      const upload = Effect.flip(eventually(data.upload(image, hello, { checkFormat: false })))
      assert.strictEqual((yield* upload)._tag, "ImageFormatRefused")
      assert.strictEqual((yield* upload)._tag, "ServerError")
      assert.deepInclude((yield* cloud.images)[0], { status: "queued", size: null, bytesStored: 5 })
      yield* images.delete(image)
      assert.deepStrictEqual(yield* cloud.images, [])
    })
  )
})

describe("an image is created", () => {
  it.scoped("through this process where the cloud fetches nothing", () =>
    Effect.gen(function* () {
      const { cloud, createFrom } = yield* setUp({ importMethods: ["glance-direct"] })
      const image = yield* createFrom(raw, ImageSource.url("http://mirror.test/disk")).pipe(
        Effect.provideService(HttpClient.HttpClient, web)
      )
      assert.deepStrictEqual([image.status, image.size], ["active", Option.some(5)])
      const log = yield* cloud.requests
      assert.strictEqual(RequestLog.select(log, { method: "POST" }).length, 1)
    })
  )

  it.scoped("and is not, and nothing is left, where it should be in several stores and the cloud imports nothing", () =>
    Effect.gen(function* () {
      const { cloud, createFrom } = yield* setUp({ importMethods: ["web-download"] })
      const error = yield* Effect.flip(createFrom(raw, hello, { stores: "all" }))
      assert.strictEqual(error._tag, "CapabilityMissing", error.message)
      assert.deepStrictEqual(yield* cloud.images, [])
      assert.deepStrictEqual(RequestLog.select(yield* cloud.requests, { method: "POST" }), [])
    })
  )

  it.scoped("in some of the stores, where that was allowed, and then stays", () =>
    Effect.gen(function* () {
      const { cloud, createFrom, images } = yield* setUp()
      yield* cloud.injectImport(Fault.importFails("no room"), { where: ({ store }) => store === "slow" })
      const options = { stores: "all", allStoresMustSucceed: false } as const
      const error = yield* Effect.flip(eventually(createFrom(raw, hello, options)))
      assert(error._tag === "ImportIncomplete")
      assert.deepStrictEqual([error.stores, error.failedStores], [["fast"], ["slow"]])
      assert.strictEqual((yield* images.find({ name: "created" })).status, "active")
    })
  )

  it.scoped("by a task, out of a container, with what tasks do not know of", () =>
    Effect.gen(function* () {
      const { cloud, createFrom } = yield* setUp({
        flavour: "rackspace",
        taskDuration: "1 minute",
        containers: { demo: ["box"] }
      })
      const store = yield* Effect.flatten(MemoryCloud.port(cloud).objectStore)
      yield* store.execute(
        HttpClientRequest.put("/box/disk.vhd").pipe(HttpClientRequest.bodyText("bytes", "text/plain"))
      )
      const origin = { container: "box", object: "disk.vhd" }
      const image = yield* eventually(
        createFrom({ tags: ["mine"], minRam: 512, properties: new Map([["os_distro", "debian"]]) }, origin)
      )
      assert.deepStrictEqual(
        [image.status, image.name, image.diskFormat, image.tags, image.minRam, image.properties.get("os_distro")],
        ["active", Option.some("disk.vhd"), Option.some("vhd"), ["mine"], 512, "debian"]
      )
      const failed = yield* Effect.flip(eventually(createFrom({}, { container: "box", object: "none" })))
      assert.strictEqual(failed._tag, "TaskFailed")
      const nowhere = yield* Effect.flip(createFrom({}, { container: "none", object: "disk.vhd" }))
      assert.strictEqual(nowhere._tag, "NoSuchContainer")
      const late = yield* Effect.flip(eventually(createFrom({}, origin, { deadline: "30 seconds" })))
      assert.strictEqual(late._tag, "TaskNotEnded")
      const chosen = yield* Effect.flip(createFrom({ id: image.id }, origin))
      assert.strictEqual(chosen._tag, "InvalidArgument")
    })
  )

  it.scoped("and an import in which the store failed is followed by no second attempt where the way is fixed", () =>
    Effect.gen(function* () {
      const { cloud, createFrom } = yield* setUp({
        fetchUri: () => Effect.succeed({ size: 1, body: Stream.make(new Uint8Array(1)) })
      })
      yield* cloud.injectImport(Fault.importFails("no room"))
      const error = yield* Effect.flip(
        eventually(
          createFrom(raw, ImageSource.url("http://mirror.test/disk"), { by: "web-download" }).pipe(
            Effect.provideService(HttpClient.HttpClient, web)
          )
        )
      )
      assert.strictEqual(error._tag === "ImportFailed" ? error.reason : error._tag, "no room")
      assert.deepStrictEqual(yield* cloud.images, [])
    })
  )
})

describe("a source on the web", () => {
  it.effect("is read again for each attempt, without packing, and knows its size", () =>
    Effect.gen(function* () {
      const asked: Array<string | undefined> = []
      const client = HttpClient.make((request) => {
        asked.push(request.headers["accept-encoding"])
        return Effect.succeed(
          HttpClientResponse.fromWeb(request, new Response("hello", { headers: { "content-length": "5" } }))
        )
      })
      const source = ImageSource.url(new URL("http://mirror.test/disk"))
      assert.deepStrictEqual([source.url, source.replayable], ["http://mirror.test/disk", true])
      for (const _ of [1, 2]) {
        const { size, stream } = yield* Effect.provideService(source.open, HttpClient.HttpClient, client)
        assert.deepStrictEqual(size, Option.some(5))
        const text = Stream.mkString(Stream.decodeText(stream))
        assert.strictEqual(yield* Effect.provideService(text, HttpClient.HttpClient, client), "hello")
      }
      assert.deepStrictEqual(asked, ["identity", "identity"])
    })
  )

  it.effect("that answers with a refusal fails", () =>
    Effect.gen(function* () {
      const client = HttpClient.make((request) =>
        Effect.succeed(HttpClientResponse.fromWeb(request, new Response("no", { status: 404 })))
      )
      const { open } = ImageSource.url("http://mirror.test/none")
      const error = yield* Effect.flip(Effect.provideService(open, HttpClient.HttpClient, client))
      assert.strictEqual(error._tag, "ResponseError")
    })
  )
})
