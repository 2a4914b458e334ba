import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@effect-glance/memory/Fault"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as Supervisor from "effect/Supervisor"
import { createImage, logIn, type Session, transports } from "./support.js"

const piece = new Uint8Array(4 * 1024)
const pieces = 64
const size = piece.length * pieces

const body = (state: { open: number }) =>
  Stream.unfold(0, (n) => (n < pieces ? Option.some([piece, n + 1] as const) : Option.none())).pipe(
    Stream.rechunk(1),
    Stream.onStart(
      Effect.sync(() => {
        state.open += 1
      })
    ),
    Stream.ensuring(
      Effect.sync(() => {
        state.open -= 1
      })
    )
  )

const upload = (session: Session, id: string, stream: Stream.Stream<Uint8Array, unknown>, length?: number) =>
  session.image("PUT", `/v2/images/${id}/file`, (request) =>
    HttpClientRequest.bodyStream(request, stream, {
      contentType: "application/octet-stream",
      ...(length === undefined ? {} : { contentLength: length })
    })
  )

describe.each(transports)("an upload to a cloud %s", (_, connect) => {
  const setUp = Effect.gen(function* () {
    const cloud = yield* MemoryCloud.make()
    const { authUrl, client } = yield* connect(cloud)
    const session = yield* logIn(cloud, client, { authUrl })
    const image = yield* createImage(session)
    const id: string = image.id
    const state = Effect.map(cloud.images, (images) => images.find((image) => image.id === id))
    return { cloud, session, id, state }
  })

  const queued = (id: string, cloud: MemoryCloud.Service) => ({
    id,
    region: "RegionOne",
    status: "queued",
    owner: cloud.project("demo").id,
    size: null,
    bytesStored: 0,
    bytesStaged: 0
  })

  it.scoped("makes the image active, with its size and hashes", () =>
    Effect.gen(function* () {
      const { id, session, state } = yield* setUp
      assert.strictEqual((yield* upload(session, id, body({ open: 0 }))).status, 204)
      assert.deepInclude(yield* state, { status: "active", size, bytesStored: size })
    })
  )

  it.scoped(
    "that breaks off leaves the image queued, 200 times at any byte, and nothing behind",
    () =>
      Effect.gen(function* () {
        const { cloud, id, session, state } = yield* setUp
        const bodies = { open: 0 }
        for (let round = 0; round < 200; round++) {
          const bytes = yield* Random.nextIntBetween(0, size)
          yield* cloud.inject(Fault.upload, Fault.resetUpload(bytes))
          const known = yield* Random.nextBoolean
          const error = yield* Effect.flip(upload(session, id, body(bodies), known ? size : undefined))
          assert.deepStrictEqual([error._tag, error.reason], ["RequestError", "Transport"])
          yield* cloud.idle
          assert.deepStrictEqual(yield* state, queued(id, cloud))
        }
        assert.strictEqual((yield* upload(session, id, body(bodies))).status, 204)
        assert.deepInclude(yield* state, { status: "active", size, bytesStored: size })
        assert.strictEqual(bodies.open, 0)
      }).pipe(Effect.withRandom(Random.make("reset"))),
    60_000
  )

  it.scoped(
    "whose caller goes away leaves the image queued, 200 times at any byte",
    () =>
      Effect.gen(function* () {
        const { cloud, id, session, state } = yield* setUp
        const bodies = { open: 0 }
        for (let round = 0; round < 200; round++) {
          const at = yield* Random.nextIntBetween(1, pieces)
          const reached = yield* Effect.makeLatch()
          const stalled = body(bodies).pipe(
            Stream.take(at),
            Stream.concat(Stream.drain(Stream.fromEffect(reached.open))),
            Stream.concat(Stream.never)
          )
          yield* cloud.clearRequests
          const fiber = yield* Effect.fork(upload(session, id, stalled))
          yield* reached.await
          yield* until(Effect.map(cloud.requests, (requests) => requests.length > 0))
          yield* Fiber.interrupt(fiber)
          yield* settled(cloud, id)
          assert.deepStrictEqual(yield* state, queued(id, cloud))
        }
        assert.strictEqual((yield* upload(session, id, body(bodies))).status, 204)
        assert.strictEqual(bodies.open, 0)
      }).pipe(Effect.withRandom(Random.make("abandon"))),
    60_000
  )

  it.scoped("whose token expires on the way is refused, and can be done again after a login", () =>
    Effect.gen(function* () {
      const { cloud, id, session, state } = yield* setUp
      yield* cloud.inject(Fault.upload, Fault.expireToken(size / 2))
      assert.strictEqual((yield* upload(session, id, body({ open: 0 }))).status, 401)
      yield* cloud.idle
      assert.deepStrictEqual(yield* state, queued(id, cloud))
      assert.strictEqual((yield* upload(session, id, body({ open: 0 }))).status, 401)
    })
  )
})

describe("an upload to a cloud in this process", () => {
  it.scoped("leaves no fiber behind when it breaks off", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.track
      const cloud = yield* MemoryCloud.make()
      const session = yield* logIn(cloud, MemoryCloud.httpClient(cloud))
      const { id } = yield* createImage(session)
      yield* Effect.forEach([0, 1, size / 2, size - 1], (bytes) =>
        Effect.gen(function* () {
          yield* cloud.inject(Fault.upload, Fault.resetUpload(bytes))
          yield* Effect.flip(upload(session, id, body({ open: 0 })))
        })
      ).pipe(Effect.supervised(supervisor))
      assert.deepStrictEqual(yield* supervisor.value, [])
    })
  )
})

/** A server hears of a broken connection a little later than the client that broke it. */
const settled = (cloud: MemoryCloud.Service, id: string): Effect.Effect<void> =>
  until(
    Effect.gen(function* () {
      const images = yield* cloud.images
      const requests = yield* cloud.requests
      const over = requests.every(({ endedAt }) => Option.isSome(endedAt))
      return over && images.find((image) => image.id === id)?.status !== "saving"
    })
  )

const until = (condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(condition, (holds) =>
    holds
      ? Effect.void
      : Effect.async<void>((resume) => {
          setImmediate(() => resume(until(condition)))
        })
  )
