/** What must hold of the data of images, on the memory cloud and on the real one. */
import { createHash } from "node:crypto"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as Image from "@effect-glance/core/Image"
import * as ImageData from "@effect-glance/core/ImageData"
import * as ImageSource from "@effect-glance/core/ImageSource"
import type * as Images from "@effect-glance/core/Images"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Cloud from "./cloud.js"
import { watching } from "./observed.js"

/** Numbers from 0 up to 1, the same on each run for the same seed. */
const random = (seed: number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}

const noise = (size: number, seed: number): Uint8Array => {
  const next = random(seed)
  const bytes = Uint8Array.from({ length: size }, () => next() * 256)
  // No boot record by chance.
  if (size > 511) bytes[511] = 0
  return bytes
}

const sha512 = (bytes: Uint8Array) => createHash("sha512").update(bytes).digest("hex")
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex")

const pieces = (bytes: Uint8Array, size = 10_000): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))

const collected = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)))

const raw: Images.NewImage = { name: "data", diskFormat: "raw", containerFormat: "bare" }

const over = (http: GlanceClient.Service) =>
  Effect.provide(ImageData.make, Layer.merge(Layer.succeed(GlanceClient.GlanceClient, http), NodeHasher.layer))

/** The same answer with another body. */
const withStream = (
  response: HttpClientResponse.HttpClientResponse,
  change: (
    stream: Stream.Stream<Uint8Array, HttpClientError.ResponseError>
  ) => Stream.Stream<Uint8Array, HttpClientError.ResponseError>
): HttpClientResponse.HttpClientResponse =>
  new Proxy(response, {
    get: (target, key) => (key === "stream" ? change(target.stream) : Reflect.get(target, key, target))
  })

const flipped = (at: number) => {
  let seen = 0
  return (bytes: Uint8Array): Uint8Array => {
    const index = at - seen
    seen += bytes.length
    if (index < 0 || index >= bytes.length) return bytes
    const copy = bytes.slice()
    copy[index] = (copy[index] ?? 0) ^ 1
    return copy
  }
}

/** A network on the way to the image service that changes one byte of each body. */
const corrupting = (http: GlanceClient.Service, at: number): GlanceClient.Service => ({
  ...http,
  client: GlanceClient.makeClient((request) => {
    const { body } = request
    const sent =
      body._tag === "Stream"
        ? HttpClientRequest.bodyStream(request, Stream.map(body.stream, flipped(at)), {
            contentType: "application/octet-stream",
            contentLength: body.contentLength
          })
        : request
    return Effect.map(http.client.execute(sent), (response) =>
      request.url.endsWith("/file") && request.method === "GET"
        ? withStream(response, Stream.map(flipped(at)))
        : response
    )
  })
})

/** A network that breaks downloads off, each after so many bytes as the list says; and how many bytes came through. */
const cutting = (http: GlanceClient.Service, cuts: ReadonlyArray<number>) => {
  const seen = { downloads: 0, bytes: 0 }
  const port: GlanceClient.Service = {
    ...http,
    client: GlanceClient.makeClient((request) =>
      Effect.map(http.client.execute(request), (response) => {
        if (request.method !== "GET" || !request.url.endsWith("/file")) return response
        const cut = cuts[seen.downloads++]
        if (cut === undefined) return response
        return withStream(response, (stream) =>
          Stream.suspend(() => {
            let left = cut
            const broken = new HttpClientError.ResponseError({
              request,
              response,
              reason: "Decode",
              cause: Object.assign(new Error("terminated"), { code: "ECONNRESET" })
            })
            return stream.pipe(
              Stream.mapConcat((bytes) => {
                const part = bytes.subarray(0, left)
                left -= part.length
                seen.bytes += part.length
                return left === 0 ? [part, undefined] : [part]
              }),
              Stream.mapEffect((bytes) => (bytes === undefined ? Effect.fail(broken) : Effect.succeed(bytes)))
            )
          })
        )
      })
    )
  }
  return { port, seen }
}

/** The contract of image data over any cloud; the stores that it has beside the first are given by their ids. */
export const dataContract = <E>(
  name: string,
  cloud: Layer.Layer<Cloud.TheCloud | HttpClient.HttpClient, E>,
  { stores }: { readonly stores: ReadonlyArray<string> }
): void => {
  const all = Layer.merge(Layer.provideMerge(Cloud.layer, cloud), NodeFileSystem.layer)
  layer(all, { excludeTestServices: true, timeout: "60 seconds" })(name, (tests) => {
    const { it, last } = watching(tests)
    const alice = Effect.flatMap(Cloud.Projects, ({ alice }) =>
      Effect.map(over(alice.http), (data) => ({ alice, data }))
    )

    const uploaded = (bytes: Uint8Array) =>
      Effect.gen(function* () {
        const { alice: project, data } = yield* alice
        const image = yield* Cloud.newImage(project, raw)
        return yield* data.upload(image, ImageSource.bytes(bytes))
      })

    const names = (project: Cloud.Project, name: string) =>
      Effect.map(Stream.runCollect(project.images.listAll({ name })), Chunk.size)

    it.scoped("what was uploaded is what is downloaded, and the record has its size and hashes", () =>
      Effect.gen(function* () {
        const { alice: project, data } = yield* alice
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const bytes = noise(300_001, 1)
        yield* fs.writeFile(`${directory}/source`, bytes)
        const sources: Record<string, ImageSource.Input<unknown, FileSystem.FileSystem>> = {
          "of known size": ImageSource.stream(Stream.fromIterable(pieces(bytes)), { size: bytes.length }),
          "of unknown size": Stream.fromIterable(pieces(bytes)),
          "a file": ImageSource.file(`${directory}/source`)
        }
        for (const [kind, source] of Object.entries(sources)) {
          const queued = yield* Cloud.newImage(project, raw)
          const image = yield* data.upload(queued, source)
          assert.strictEqual(image.status, "active", kind)
          assert.deepStrictEqual(image.size, Option.some(bytes.length), kind)
          assert.deepStrictEqual(image.checksum, Option.some(md5(bytes)), kind)
          assert.deepStrictEqual(image.osHashValue, Option.some(sha512(bytes)), kind)
          assert.strictEqual(sha512(yield* collected(data.download(image.id))), sha512(bytes), kind)
        }
      })
    )

    it.scoped("any part can be had", () =>
      Effect.gen(function* () {
        const { data } = yield* alice
        const bytes = noise(100_000, 2)
        const image = yield* uploaded(bytes)
        const next = random(3)
        for (let round = 0; round < 20; round++) {
          const start = Math.floor(next() * bytes.length)
          const length = 1 + Math.floor(next() * (bytes.length - start))
          const part = yield* collected(data.download(image, { range: { start, length } }))
          assert.strictEqual(sha512(part), sha512(bytes.subarray(start, start + length)), `${start}+${length}`)
        }
        const rest = yield* collected(data.download(image, { range: { start: 99_990 } }))
        assert.deepStrictEqual([...rest], [...bytes.subarray(99_990)])
        const beyond = data.download(image, { range: { start: 100_000 } })
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(beyond)))._tag, "RangeNotSatisfiable")
      })
    )

    it.scoped(
      "a download that is cut two hundred times at random bytes ends right, and nothing is fetched twice",
      () =>
        Effect.gen(function* () {
          const { alice: project } = yield* alice
          const fs = yield* FileSystem.FileSystem
          const directory = yield* fs.makeTempDirectoryScoped()
          const bytes = noise(400_000, 4)
          const image = yield* uploaded(bytes)
          const next = random(5)
          for (let round = 0; round < 200; round++) {
            const cut = 1 + Math.floor(next() * (bytes.length - 2))
            const { port, seen } = cutting(project.http, [cut, bytes.length * 2])
            const data = yield* over(port)
            const path = `${directory}/${round}`
            if (round % 2 === 0) {
              // Across two calls, by what the first left on the disk.
              const failure = yield* Effect.flip(data.downloadTo(image, path, { retries: 0 }))
              assert.strictEqual(failure._tag, "TransportError")
              yield* data.downloadTo(image, path, { retries: 0 })
            } else {
              yield* data.downloadTo(image, path)
            }
            assert.strictEqual(sha512(yield* fs.readFile(path)), sha512(bytes), `cut at ${cut}`)
            assert.strictEqual(seen.downloads, 2)
            assert.strictEqual(seen.bytes, bytes.length, `cut at ${cut}: bytes fetched`)
            yield* fs.remove(path)
          }
        }),
      120_000
    )

    it.scoped("data go to the store that is named", () =>
      Effect.gen(function* () {
        const { alice: project, data } = yield* alice
        for (const store of stores) {
          const queued = yield* Cloud.newImage(project, raw)
          const image = yield* data.upload(queued, ImageSource.bytes(noise(1000, 6)), { store })
          assert.deepStrictEqual(image.stores, [store])
        }
        const queued = yield* Cloud.newImage(project, raw)
        const nowhere = data.upload(queued, ImageSource.bytes(noise(1000, 6)), { store: "nowhere" })
        assert.strictEqual((yield* Effect.flip(nowhere))._tag, "BadRequest")
        assert.strictEqual((yield* project.images.get(queued)).status, "queued")
      })
    )

    it.scoped("staged data wait for their import", () =>
      Effect.gen(function* () {
        const { alice: project, data } = yield* alice
        const image = yield* Cloud.newImage(project, raw)
        yield* data.stage(image, ImageSource.bytes(noise(1000, 7)))
        assert.strictEqual((yield* project.images.get(image)).status, "uploading")
        assert.strictEqual(
          (yield* Effect.flip(data.stage(image, ImageSource.bytes(noise(9, 7)))))._tag,
          "ImageNotQueued"
        )
      })
    )

    it.scoped("a byte that changes on the way is found, in either direction", () =>
      Effect.gen(function* () {
        const { alice: project } = yield* alice
        const bytes = noise(200_000, 8)
        const image = yield* uploaded(bytes)
        const next = random(9)
        for (let round = 0; round < 5; round++) {
          const data = yield* over(corrupting(project.http, Math.floor(next() * bytes.length)))
          const down = yield* Effect.flip(collected(data.download(image)))
          if (down._tag !== "ImageIntegrityError") return assert.fail(down._tag)
          assert.deepStrictEqual([down.at, down.property, down.expected], ["download", "sha512", sha512(bytes)])
          assert.notStrictEqual(down.actual, down.expected)
          for (const onMismatch of ["leave", "delete"] as const) {
            const queued = yield* Cloud.newImage(project, raw)
            const up = yield* Effect.flip(data.upload(queued, ImageSource.bytes(bytes), { onMismatch }))
            if (up._tag !== "ImageIntegrityError") return assert.fail(up._tag)
            assert.deepStrictEqual([up.at, up.property, up.expected], ["upload", "sha512", sha512(bytes)])
            const left = yield* Effect.either(project.images.get(queued))
            assert.strictEqual(
              left._tag === "Right" ? left.right.status : left.left._tag,
              onMismatch === "leave" ? "active" : "ImageNotFound"
            )
          }
        }
      })
    )

    it.scoped("a hash that is known in advance keeps wrong data out", () =>
      Effect.gen(function* () {
        const { alice: project, data } = yield* alice
        const bytes = noise(50_000, 10)
        const queued = yield* Cloud.newImage(project, raw)
        const wrong = data.upload(queued, ImageSource.bytes(bytes), {
          expected: { algorithm: "sha256", value: "0".repeat(64) }
        })
        const failure = yield* Effect.flip(wrong)
        if (failure._tag !== "ImageIntegrityError") return assert.fail(failure._tag)
        assert.strictEqual(failure.at, "source")
        const value = createHash("sha256").update(bytes).digest("hex").toUpperCase()
        // A Glance that saw the connection break takes a moment to wait for data again.
        const image = yield* data
          .upload(queued, ImageSource.bytes(bytes), { expected: { algorithm: "sha256", value } })
          .pipe(Effect.retry({ times: 20, while: (error) => error._tag === "ImageNotQueued" }))
        assert.strictEqual(image.status, "active")
      })
    )

    it.scoped("an image is created with its data, or not at all", () =>
      Effect.gen(function* () {
        const { alice: project, data } = yield* alice
        const bytes = noise(50_000, 11)
        const name = yield* Cloud.unique("whole")
        const image = yield* Effect.acquireRelease(
          data.createWithData({ ...raw, name }, ImageSource.bytes(bytes)),
          (image) => Cloud.discard(project, image)
        )
        assert.strictEqual(image.status, "active")
        const started = yield* Deferred.make<void>()
        const broken = Stream.concat(Stream.fromIterable(pieces(bytes)), Stream.fail("broken" as const))
        const hanging = Stream.concat(
          Stream.fromIterable(pieces(bytes)),
          Stream.zipRight(Stream.fromEffect(Deferred.succeed(started, undefined)), Stream.never)
        )
        const failing = yield* Cloud.unique("failing")
        assert.strictEqual(yield* Effect.flip(data.createWithData({ ...raw, name: failing }, broken)), "broken")
        assert.strictEqual(yield* names(project, failing), 0)
        const interrupted = yield* Cloud.unique("interrupted")
        const fiber = yield* Effect.fork(data.createWithData({ ...raw, name: interrupted }, hanging))
        yield* Deferred.await(started)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(yield* names(project, interrupted), 0)
        const kept = yield* Cloud.unique("kept")
        yield* Effect.flip(data.createWithData({ ...raw, name: kept }, broken, { keep: true }))
        const [left] = yield* Stream.runCollect(project.images.listAll({ name: kept }))
        if (left === undefined) return assert.fail("the image is gone")
        yield* Cloud.discard(project, left)
      })
    )

    it.scoped("what is refused is named", () =>
      Effect.gen(function* () {
        const { alice: project, data } = yield* alice
        const bytes = ImageSource.bytes(noise(1000, 12))
        const image = yield* uploaded(noise(1000, 12))
        assert.strictEqual((yield* Effect.flip(data.upload(image, bytes)))._tag, "ImageNotQueued")
        const empty = yield* Cloud.newImage(project, raw)
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(data.download(empty))))._tag, "NoImageData")
        assert.strictEqual((yield* Effect.flip(data.upload(empty, Stream.empty)))._tag, "EmptyImageSource")
        assert.strictEqual((yield* project.images.get(empty)).status, "queued")
        const nowhere = Image.ImageId.make("00000000-0000-4000-8000-000000000000")
        assert.strictEqual((yield* Effect.flip(data.upload(nowhere, bytes)))._tag, "ImageNotFound")
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(data.download(nowhere))))._tag, "ImageNotFound")
        const formless = yield* Cloud.newImage(project, { name: "formless" })
        assert.strictEqual((yield* Effect.flip(data.upload(formless, bytes)))._tag, "BadRequest")
      })
    )

    it.scoped("a deactivated image gives its data to administrators only", () =>
      Effect.gen(function* () {
        const { alice: project, data } = yield* alice
        const { admin } = yield* Cloud.Projects
        const bytes = noise(1000, 13)
        const image = yield* uploaded(bytes)
        yield* admin.images.deactivate(image)
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(data.download(image))))._tag, "ImageDeactivated")
        const theirs = yield* over(admin.http)
        assert.strictEqual(sha512(yield* collected(theirs.download(image))), sha512(bytes))
        yield* admin.images.reactivate(image)
        assert.strictEqual(sha512(yield* collected(data.download(image))), sha512(bytes))
        assert.strictEqual((yield* project.images.get(image)).status, "active")
      })
    )

    it.scoped("data that are not of the disk format are not sent", () =>
      Effect.gen(function* () {
        const { alice: project, data } = yield* alice
        const image = yield* Cloud.newImage(project, { ...raw, diskFormat: "qcow2" })
        const [failure, sent] = yield* project.counting(
          Effect.flip(data.upload(image, ImageSource.bytes(noise(1000, 14))))
        )
        if (failure._tag !== "ImageFormatMismatch") return assert.fail(failure._tag)
        assert.deepStrictEqual([failure.diskFormat, failure.found], ["qcow2", "raw"])
        assert.deepStrictEqual(
          sent.filter(({ method }) => method === "PUT"),
          []
        )
      })
    )

    last()
  })
}
