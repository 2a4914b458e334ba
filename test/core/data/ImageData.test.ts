import { createHash } from "node:crypto"
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, Image, ImageData, ImageSource } from "@effect-glance/core"
import * as Identity from "@effect-glance/http/Identity"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { imageRecord } from "../../support/records.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")

type Execute = (request: HttpClientRequest.HttpClientRequest) => ReturnType<GlanceClient.Client["execute"]>

const web = (request: HttpClientRequest.HttpClientRequest, response: Response) =>
  Effect.succeed(HttpClientResponse.fromWeb(request, response))

/** A port whose record is given, and whose data requests are answered as told. */
const over = (record: Record<string, unknown>, file: Execute, asked: Array<Duration.Duration> = []) =>
  overRecords(() => record, file, asked)

const overRecords = (record: () => Record<string, unknown>, file: Execute, asked: Array<Duration.Duration> = []) =>
  overRequests(
    (request) => (request.url.endsWith("/file") ? file(request) : web(request, Response.json(imageRecord(record())))),
    asked
  )

const overRequests = (execute: Execute, asked: Array<Duration.Duration> = []) =>
  Effect.provide(
    ImageData.make,
    Layer.merge(
      NodeHasher.layer,
      Layer.succeed(GlanceClient.GlanceClient, {
        client: GlanceClient.makeClient(execute),
        unversioned: GlanceClient.makeClient(() => Effect.dieMessage("no request for the versions is expected")),
        ensureToken: (life) => Effect.sync(() => void asked.push(life)),
        projectId: Effect.succeedNone,
        objectStore: Effect.succeedNone,
        timeLimit: Duration.minutes(1)
      })
    )
  )

const checksum = "5289df737df57326fcdd22597afb1fac"

const queued = { status: "queued", disk_format: "raw", checksum: null, os_hash_algo: null, os_hash_value: null }

/** The record of an image that has its data, of which the cloud tells nothing. */
const stored = { ...queued, status: "active" }

const body = (request: HttpClientRequest.HttpClientRequest): Stream.Stream<Uint8Array, unknown> =>
  request.body._tag === "Stream" ? request.body.stream : Stream.die("no stream")

describe("a server that stands still", () => {
  it.effect("ends an upload when the idle limit has passed, and the time of the source does not count", () =>
    Effect.gen(function* () {
      const data = yield* over(queued, (request) =>
        Effect.zipRight(Stream.runDrain(Stream.take(body(request), 3)), Effect.never).pipe(Effect.orDie)
      )
      const slow = Stream.repeatValue(new Uint8Array(10)).pipe(
        Stream.rechunk(1),
        Stream.tap(() => Effect.sleep("1 hour"))
      )
      const fiber = yield* Effect.fork(
        Effect.flip(data.upload(id, slow, { idleLimit: "5 minutes", checkFormat: false }))
      )
      yield* TestClock.adjust("1 hour")
      yield* TestClock.adjust("1 hour")
      yield* TestClock.adjust("1 hour")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("4 hours")
      const failure = yield* Fiber.join(fiber)
      if (typeof failure === "string" || failure._tag !== "TransferStalled") return assert.fail(String(failure))
      assert.deepStrictEqual(failure.limit, Duration.minutes(5))
    })
  )

  it.effect("ends a download when the idle limit has passed, and the time of the reader does not count", () =>
    Effect.gen(function* () {
      const data = yield* over({ size: 100 }, (request) =>
        web(
          request,
          new Response(
            new ReadableStream({
              start: (controller) => controller.enqueue(new Uint8Array(10))
            })
          )
        )
      )
      const come = yield* Ref.make(0)
      const fiber = yield* data.download(id, { verify: false, idleLimit: "1 minute" }).pipe(
        Stream.tap((bytes) => Ref.update(come, (n) => n + bytes.length)),
        Stream.runDrain,
        Effect.flip,
        Effect.fork
      )
      yield* Effect.yieldNow().pipe(Effect.repeat({ while: () => Effect.map(Ref.get(come), (n) => n === 0) }))
      yield* TestClock.adjust("59 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TransferStalled")
    })
  )
})

describe("an upload", () => {
  it.effect("begins with a token that lasts", () =>
    Effect.gen(function* () {
      const asked: Array<Duration.Duration> = []
      const refusing: Execute = (request) => web(request, new Response(null, { status: 409 }))
      const data = yield* over(queued, refusing, asked)
      yield* Effect.flip(data.upload(id, ImageSource.bytes(Uint8Array.of(1))))
      yield* Effect.flip(data.upload(id, ImageSource.bytes(Uint8Array.of(1)), { tokenLife: "2 hours" }))
      assert.deepStrictEqual(asked, [Duration.minutes(10), Duration.hours(2)])
    })
  )

  it.effect("that is confirmed before its body was whole is no success", () =>
    Effect.gen(function* () {
      const data = yield* over(queued, (request) =>
        Effect.zipRight(
          Effect.orDie(Stream.runDrain(Stream.take(body(request), 1))),
          web(request, new Response(null, { status: 204 }))
        )
      )
      const endless = Stream.concat(Stream.make(new Uint8Array(10), new Uint8Array(10)), Stream.never)
      const failure = yield* Effect.flip(data.upload(id, endless, { checkFormat: false }))
      assert.strictEqual(failure._tag, "UnexpectedAnswer")
    })
  )

  it.effect("that was stored without a hash to compare is not called right", () =>
    Effect.gen(function* () {
      const stored = { ...queued, status: "active", size: 1, os_hash_algo: "blake2", os_hash_value: "00" }
      const data = yield* over(stored, (request) =>
        Effect.zipRight(Effect.orDie(Stream.runDrain(body(request))), web(request, new Response(null, { status: 204 })))
      )
      const failure = yield* Effect.flip(data.upload(id, ImageSource.bytes(Uint8Array.of(1))))
      if (failure._tag !== "ImageUnverifiable") return assert.fail(failure._tag)
      assert.deepStrictEqual(failure.algorithms, ["blake2"])
    })
  )

  it.effect("that never reached the server is tried again without a second reading of the source", () =>
    Effect.gen(function* () {
      const calls = yield* Ref.make(0)
      const opened = yield* Ref.make(0)
      const data = yield* over({ ...queued, status: "active", size: 3, checksum }, (request) =>
        Effect.flatMap(
          Ref.updateAndGet(calls, (n) => n + 1),
          (call) =>
            call < 3
              ? new HttpClientError.RequestError({ request, reason: "Transport", cause: new Error("refused") })
              : Effect.zipRight(
                  Effect.orDie(Stream.runDrain(body(request))),
                  web(request, new Response(null, { status: 204 }))
                )
        )
      )
      const source = Stream.unwrap(
        Effect.as(
          Ref.update(opened, (n) => n + 1),
          Stream.make(Uint8Array.of(1, 2, 3))
        )
      )
      const fiber = yield* Effect.fork(data.upload(id, source))
      yield* TestClock.adjust("1 minute")
      const image = yield* Fiber.join(fiber)
      assert.deepStrictEqual(image.size, Option.some(3))
      assert.deepStrictEqual([yield* Ref.get(calls), yield* Ref.get(opened)], [3, 1])
    })
  )

  it.effect("of an image that was deleted meanwhile says so", () =>
    Effect.gen(function* () {
      const gone: Execute = (request) => web(request, Response.json({ message: "gone" }, { status: 410 }))
      const data = yield* over(queued, gone)
      const failure = yield* Effect.flip(data.upload(id, ImageSource.bytes(Uint8Array.of(1))))
      if (failure._tag !== "ImageDeletedMeanwhile") return assert.fail(failure._tag)
      assert.deepStrictEqual([failure.imageId, failure.detail], [id, "gone"])
    })
  )

  it.effect("that broke off waits until the cloud is ready for data again, or fails when it takes too long", () =>
    Effect.gen(function* () {
      for (const ready of [5, 100]) {
        let looks = 0
        let sent = 0
        const data = yield* overRecords(
          () => {
            looks += sent === 0 ? 0 : 1
            if (sent === 2) return { ...queued, status: "active", size: 3, checksum }
            return { ...queued, status: sent === 0 || looks > ready ? "queued" : "saving" }
          },
          (request) =>
            Effect.suspend(() => {
              sent += 1
              const reset = new HttpClientError.RequestError({
                request,
                reason: "Transport",
                cause: new Error("reset")
              })
              return Effect.zipRight(
                Effect.orDie(Stream.runDrain(body(request))),
                sent === 1 ? reset : web(request, new Response(null, { status: 204 }))
              )
            })
        )
        const fiber = yield* Effect.fork(Effect.either(data.upload(id, ImageSource.bytes(Uint8Array.of(1, 2, 3)))))
        yield* TestClock.adjust("10 minutes")
        const outcome = yield* Fiber.join(fiber)
        if (ready === 5) {
          assert.strictEqual(outcome._tag, "Right")
          assert.deepStrictEqual([sent, looks], [2, 7])
        } else {
          assert.strictEqual(outcome._tag === "Left" ? outcome.left._tag : outcome._tag, "UploadNotEnded")
          assert.deepStrictEqual([sent, looks], [1, 8])
        }
      }
    })
  )

  it.effect("tells how far it is", () =>
    Effect.gen(function* () {
      const told: Array<ImageData.Progress> = []
      const data = yield* over({ ...queued, status: "active", size: 3, checksum }, (request) =>
        Effect.zipRight(Effect.orDie(Stream.runDrain(body(request))), web(request, new Response(null, { status: 204 })))
      )
      const source = Stream.rechunk(Stream.make(Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)), 1)
      yield* data.upload(id, ImageSource.stream(source, { size: 3 }), {
        checkFormat: false,
        onProgress: (progress) => Effect.sync(() => void told.push(progress))
      })
      const total = Option.some(3)
      assert.deepStrictEqual(
        told,
        [1, 2, 3].map((bytes) => ({ attempt: 1, bytes, total }))
      )
    })
  )
})

describe("an image that is created with its data", () => {
  const created = (
    answer: (request: HttpClientRequest.HttpClientRequest) => ReturnType<GlanceClient.Client["execute"]>
  ) => {
    const asked: Array<string> = []
    const execute: Execute = (request) => {
      asked.push(`${request.method} ${request.url}`)
      return request.method === "POST" ? answer(request) : web(request, new Response(null, { status: 204 }))
    }
    return Effect.map(overRequests(execute), (data) => ({ data, asked }))
  }
  const idIn = (request: HttpClientRequest.HttpClientRequest): string => {
    if (request.body._tag !== "Uint8Array") return ""
    return (JSON.parse(new TextDecoder().decode(request.body.body)) as { readonly id: string }).id
  }

  it.effect("is deleted when the answer to its creation is lost", () =>
    Effect.gen(function* () {
      let chosen = ""
      const { asked, data } = yield* created((request) => {
        chosen = idIn(request)
        return new HttpClientError.RequestError({ request, reason: "Transport", cause: new Error("reset") })
      })
      const failure = yield* Effect.flip(data.createWithData({ name: "lost" }, ImageSource.bytes(Uint8Array.of(1))))
      assert.strictEqual(failure._tag, "TransportError")
      assert.deepStrictEqual(asked, ["POST /images", `DELETE /images/${chosen}`])
    })
  )

  it.effect("is left alone when its creation was refused, or when it may be another's", () =>
    Effect.gen(function* () {
      const refused = yield* created((request) => web(request, new Response(null, { status: 403 })))
      yield* Effect.flip(refused.data.createWithData({ name: "no" }, ImageSource.bytes(Uint8Array.of(1))))
      assert.deepStrictEqual(refused.asked, ["POST /images"])
      const lost = yield* created(
        (request) => new HttpClientError.RequestError({ request, reason: "Transport", cause: new Error("reset") })
      )
      yield* Effect.flip(lost.data.createWithData({ id, name: "given" }, ImageSource.bytes(Uint8Array.of(1))))
      assert.deepStrictEqual(lost.asked, ["POST /images"])
    })
  )
})

describe("a download to a file", () => {
  const size = 5_000_000
  const bytes = Uint8Array.from({ length: size }, (_, index) => index % 251)
  const record = {
    status: "active",
    size,
    checksum: createHash("md5").update(bytes).digest("hex"),
    os_hash_algo: null,
    os_hash_value: null
  }
  const asked: Array<string> = []
  const served: Execute = (request) => {
    const from = Number(/^bytes=(\d+)-/.exec(request.headers["range"] ?? "")?.[1] ?? Number.NaN)
    asked.push(request.headers["range"] ?? "all")
    return web(
      request,
      Number.isNaN(from)
        ? new Response(bytes)
        : new Response(bytes.subarray(from), {
            status: 206,
            headers: { "content-range": `bytes ${from}-${size - 1}/${size}` }
          })
    )
  }
  /** A disk on which so many bytes find room, and what was done on it. */
  const disk = (room: number, done: Array<string> = []) =>
    Effect.map(FileSystem.FileSystem, (fs): FileSystem.FileSystem => {
      let left = room
      const full = new PlatformError.SystemError({
        reason: "Unknown",
        module: "FileSystem",
        method: "writeAll",
        description: "ENOSPC: no space left on device"
      })
      return {
        ...fs,
        rename: (from, to) =>
          Effect.tap(fs.rename(from, to), () =>
            Effect.sync(() => {
              done.push("rename")
            })
          ),
        open: (path, options) =>
          Effect.map(
            fs.open(path, options),
            (file): FileSystem.File => ({
              [FileSystem.FileTypeId]: FileSystem.FileTypeId,
              fd: file.fd,
              stat: file.stat,
              seek: (offset, from) => file.seek(offset, from),
              read: (buffer) => file.read(buffer),
              readAlloc: (size) => file.readAlloc(size),
              truncate: (length) => file.truncate(length),
              write: (buffer) => file.write(buffer),
              sync: Effect.tap(file.sync, () =>
                Effect.sync(() => {
                  done.push("sync")
                })
              ),
              writeAll: (buffer) =>
                Effect.suspend(() => {
                  const part = buffer.subarray(0, left)
                  left -= part.length
                  return Effect.zipRight(
                    part.length === 0 ? Effect.void : file.writeAll(part),
                    part.length < buffer.length ? full : Effect.void
                  )
                })
            })
          )
      }
    })

  it.scopedLive("on a full disk fails as the disk does, and goes on from what found room", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/image`
      const data = yield* over(record, served)
      const room = 2_500_000
      const failure = yield* data
        .downloadTo(id, path)
        .pipe(Effect.provideServiceEffect(FileSystem.FileSystem, disk(room)), Effect.flip)
      if (failure._tag !== "SystemError") return assert.fail(failure._tag)
      assert.include(failure.description, "ENOSPC")
      assert.isFalse(yield* fs.exists(path))
      const part = yield* fs.readFile(`${path}.${id}.part`)
      assert.isTrue(Buffer.from(part).equals(bytes.subarray(0, room)), `${part.length} bytes of ${room}`)
      yield* data.downloadTo(id, path)
      assert.strictEqual(asked.at(-1), `bytes=${room}-`)
      assert.isTrue(Buffer.from(yield* fs.readFile(path)).equals(bytes))
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scopedLive("into a directory that is gone asks for no data", () =>
    Effect.gen(function* () {
      const before = asked.length
      const data = yield* over(record, served)
      const failure = yield* Effect.flip(data.downloadTo(id, "/nowhere/at/all/image"))
      if (failure._tag !== "SystemError") return assert.fail(failure._tag)
      assert.strictEqual(failure.reason, "NotFound")
      assert.strictEqual(asked.length, before)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scopedLive("is on the disk before it has its name, unless told otherwise", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/image`
      const data = yield* over(record, served)
      for (const [sync, expected] of [
        // The first shows before the first request that the file system can do it.
        [undefined, ["sync", "sync", "rename"]],
        [false, ["rename"]]
      ] as const) {
        const done: Array<string> = []
        yield* data
          .downloadTo(id, path, { sync })
          .pipe(Effect.provideServiceEffect(FileSystem.FileSystem, disk(size, done)))
        assert.deepStrictEqual(done, [...expected])
      }
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.effect("in more ranges at once than there may be is refused", () =>
    Effect.gen(function* () {
      const data = yield* over(record, served)
      for (const parallel of [0, 9, 1.5]) {
        const failure = yield* Effect.flip(data.downloadTo(id, "/nowhere/image", { parallel }))
        assert.strictEqual(failure._tag, "InvalidArgument")
      }
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})

describe("a hash that is expected", () => {
  it.effect("has the form of one, before anything is asked", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const data = yield* overRequests(() => Effect.dieMessage("nobody expected a request"))
        for (const [algorithm, value] of [
          ["sha512", "00"],
          ["sha256", "g".repeat(64)],
          ["md5", ""],
          ["md5", checksum.slice(1)],
          ["sha512-256", ""]
        ] as const) {
          const options = { expected: { algorithm, value } }
          const failures = yield* Effect.all([
            Effect.flip(data.upload(id, ImageSource.bytes(new Uint8Array(3)), options)),
            Effect.flip(Stream.runDrain(data.download(id, options)))
          ])
          for (const failure of failures) {
            assert.strictEqual(failure._tag, "InvalidArgument")
            assert.include(failure.message, "expected.value")
          }
        }
      })
    )
  )

  it.effect("is taken in capitals, and of another algorithm in any length", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const data = yield* over({}, (request) => web(request, new Response("abc")))
        const hash = (algorithm: string) => createHash(algorithm).update("abc").digest("hex").toUpperCase()
        for (const algorithm of ["md5", "sha512", "sha512-256"]) {
          const expected = { algorithm, value: hash(algorithm) }
          yield* Stream.runDrain(data.download(id, { expected, verify: true }))
        }
      })
    )
  )
})

describe("a session that has to last", () => {
  const minute = 60_000
  const sessions = Effect.gen(function* () {
    const logins = yield* Ref.make(0)
    const login = Effect.gen(function* () {
      const number = yield* Ref.updateAndGet(logins, (n) => n + 1)
      const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      return {
        token: Redacted.make(`token-${number}`),
        lifetime: Option.some({ issuedAt: now, expiresAt: now + 60 * minute }),
        projectId: Option.none(),
        catalog: []
      }
    })
    return { identity: yield* Identity.make(login), logins: Ref.get(logins) }
  })

  it.scoped("is renewed when too little of its life is left", () =>
    Effect.gen(function* () {
      const { identity, logins } = yield* sessions
      yield* identity.lasting(Duration.minutes(10))
      yield* TestClock.adjust("50 minutes")
      yield* identity.lasting(Duration.minutes(10))
      assert.strictEqual(yield* logins, 1)
      yield* TestClock.adjust("1 millis")
      yield* identity.lasting(Duration.minutes(10))
      assert.strictEqual(yield* logins, 2)
    })
  )

  it.scoped("is not renewed each time where no token lasts so long", () =>
    Effect.gen(function* () {
      const { identity, logins } = yield* sessions
      for (let call = 0; call < 3; call++) yield* identity.lasting(Duration.hours(5))
      yield* TestClock.adjust("30 minutes")
      yield* identity.lasting(Duration.hours(5))
      assert.strictEqual(yield* logins, 1)
    })
  )
})

describe("the last progress of an upload", () => {
  it.effect("is waited for", () =>
    Effect.gen(function* () {
      const data = yield* over(stored, (request) =>
        Stream.runDrain(body(request)).pipe(
          Effect.orDie,
          Effect.zipRight(web(request, new Response(null, { status: 204 })))
        )
      )
      const told: Array<number> = []
      const onProgress = ({ bytes }: ImageData.Progress) =>
        Effect.zipRight(
          Effect.repeatN(Effect.yieldNow(), 100),
          Effect.sync(() => void told.push(bytes))
        )
      yield* data.upload(id, ImageSource.bytes(new Uint8Array(1000)), { onProgress, verify: false })
      assert.deepStrictEqual(told, [1000])
    })
  )
})

describe("fibers that take turns after so many steps", () => {
  const contents = Uint8Array.from({ length: 3 * 1024 * 1024 }, (_, at) => at / 4099)
  const pieces = Array.from({ length: 12 }, (_, at) => contents.subarray(at * 256 * 1024, (at + 1) * 256 * 1024))
  /** Fewer than it takes to let others have a turn, and it goes on for ever. */
  const turns = Array.from({ length: 40 }, (_, at) => at + 12)

  it.effect("lose nothing of an upload, nor its order, nor wait for each other", () =>
    Effect.gen(function* () {
      for (const steps of turns) {
        const got: Array<Uint8Array> = []
        const data = yield* over(stored, (request) =>
          Stream.runForEach(body(request), (bytes) => Effect.sync(() => void got.push(bytes))).pipe(
            Effect.orDie,
            Effect.zipRight(web(request, new Response(null, { status: 204 })))
          )
        )
        const source = ImageSource.stream(Stream.fromIteratorSucceed(pieces[Symbol.iterator](), 1))
        yield* Effect.withMaxOpsBeforeYield(data.upload(id, source, { verify: false }), steps)
        assert.isTrue(Buffer.concat(got).equals(contents), `after ${steps} steps`)
      }
    })
  )

  it.effect("lose nothing of a download, nor its order, nor wait for each other", () =>
    Effect.gen(function* () {
      for (const steps of turns) {
        const data = yield* over({ size: contents.length }, (request) =>
          web(request, new Response(new Blob(pieces), { headers: { "content-length": String(contents.length) } }))
        )
        const got = yield* Stream.runCollect(data.download(id, { verify: false })).pipe(
          Effect.withMaxOpsBeforeYield(steps)
        )
        assert.isTrue(Buffer.concat([...got]).equals(contents), `after ${steps} steps`)
      }
    })
  )
})
