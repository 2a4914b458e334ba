import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { type ImageData, ImageSource } from "@effect-glance/core"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Server from "./server.js"
import { against, between, id, loggedIn, noise, pieces, random, rounds, transports, watched } from "./support.js"

class OwnFailure extends Data.TaggedError("OwnFailure")<{ readonly at: number }> {}

const most = 600_000

/** One accident at a random byte of random data, in pieces of random size. */
interface Round {
  readonly seed: number
  readonly bytes: Uint8Array
  readonly n: number
  readonly known: boolean
  readonly pieces: ReadonlyArray<Uint8Array>
  readonly upTo: (n: number) => ReadonlyArray<Uint8Array>
}

const round = (seed: number): Round => {
  const next = random(seed)
  const bytes = noise(between(next, 70_000, most), next)
  const n = between(next, 0, bytes.length - 1)
  return {
    seed,
    bytes,
    n,
    known: next() < 0.5,
    pieces: pieces(bytes, next),
    upTo: (n) => pieces(bytes.subarray(0, n), next)
  }
}

const each = (first: number, run: (round: Round) => Effect.Effect<void>) =>
  Effect.forEach(
    Array.from({ length: rounds }, (_, index) => round(first + index)),
    run,
    { discard: true }
  )

const sha512 = (bytes: Uint8Array) => createHash("sha512").update(bytes).digest("hex")

/** No body ended as if it were whole but those that were. */
const onlyWhole = (server: Server.Server, bytes: Uint8Array, seed: number) =>
  Effect.map(server.settled, () => {
    for (const body of server.bodies) {
      if (body.clean) assert.strictEqual(body.sha512, sha512(bytes), `seed ${seed}: a clean end of a wrong body`)
    }
  })

const neverWhole = (server: Server.Server, seed: number) =>
  Effect.map(server.settled, () => {
    assert.deepStrictEqual(
      server.bodies.map(({ clean }) => clean),
      server.bodies.map(() => false),
      `seed ${seed}: a clean end of a wrong body`
    )
  })

const closedOnce = (source: Effect.Effect.Success<ReturnType<typeof watched>>, seed: number, times = 1) =>
  Effect.gen(function* () {
    assert.strictEqual(yield* source.opened, times, `seed ${seed}: opened`)
    assert.strictEqual(yield* source.closed, times, `seed ${seed}: closed`)
  })

const failureOf = <E>(exit: Exit.Exit<unknown, E>): E => {
  const failure = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : Option.none<E>()
  return Option.getOrThrowWith(failure, () => new Error(`expected a failure: ${exit}`))
}

for (const [name, transport] of transports) {
  const run = against(transport)

  describe(`an upload over ${name}`, { timeout: 60_000 }, () => {
    it.live("brings every byte, whatever the pieces", () =>
      each(1_000, ({ bytes, known, pieces, seed }) =>
        run((server, data) =>
          Effect.gen(function* () {
            const source = yield* watched(Stream.fromIterable(pieces))
            const image = yield* data.upload(id, ImageSource.stream(source.stream, known ? { size: bytes.length } : {}))
            assert.deepStrictEqual(image.osHashValue, Option.some(sha512(bytes)), `seed ${seed}`)
            const [body] = server.bodies
            assert.deepStrictEqual(body?.headers["x-openstack-image-size"], known ? String(bytes.length) : undefined)
            assert.strictEqual(body?.headers["content-type"], "application/octet-stream")
            if (known && name !== "fetch") assert.strictEqual(body?.headers["content-length"], String(bytes.length))
            yield* closedOnce(source, seed)
          })
        ).pipe(Effect.orDie)
      )
    )

    it.live("a source that fails at any byte is the caller's error, and to the server no end", () =>
      each(2_000, ({ bytes, known, n, seed, upTo }) =>
        run((server, data) =>
          Effect.gen(function* () {
            const broken = Stream.concat(Stream.fromIterable(upTo(n)), Stream.fail(new OwnFailure({ at: n })))
            const source = yield* watched(broken)
            const exit = yield* Effect.exit(
              data.upload(
                id,
                ImageSource.stream(source.stream, { ...(known ? { size: bytes.length } : {}), replayable: true })
              )
            )
            const failure = failureOf(exit)
            if (failure._tag !== "OwnFailure") return assert.fail(`seed ${seed}: ${failure}`)
            assert.strictEqual(failure.at, n)
            yield* neverWhole(server, seed)
            yield* closedOnce(source, seed)
            assert.strictEqual(server.record()["status"], "queued")
          })
        ).pipe(Effect.orDie)
      )
    )

    it.live("a source that fails after the last promised byte is no whole image either", () =>
      each(2_500, ({ bytes, pieces, seed }) =>
        run((server, data) =>
          Effect.gen(function* () {
            const last = pieces.at(-1)?.length ?? 0
            // What had been sent after the bytes that came would have come before the answers to these.
            const heard = Effect.zipRight(
              server.arrived(bytes.length - last),
              Effect.repeatN(
                Effect.promise(() => fetch(server.url).then((response) => response.text())),
                3
              )
            )
            const broken = Stream.concat(
              Stream.rechunk(Stream.fromIterable(pieces), 1),
              Stream.fromEffect(Effect.zipRight(heard, new OwnFailure({ at: bytes.length })))
            )
            const exit = yield* Effect.exit(
              data.upload(id, ImageSource.stream(broken, { size: bytes.length }), { checkFormat: false })
            )
            assert.strictEqual(failureOf(exit)._tag, "OwnFailure")
            yield* neverWhole(server, seed)
          })
        ).pipe(Effect.orDie)
      )
    )

    it.live("a source that is shorter or longer than it promised fails, and to the server has no end", () =>
      each(3_000, ({ bytes, n, pieces, seed, upTo }) =>
        run((server, data) =>
          Effect.gen(function* () {
            const short = yield* watched(Stream.fromIterable(upTo(Math.max(1, n))))
            const shorter = yield* Effect.exit(
              data.upload(id, ImageSource.stream(short.stream, { size: bytes.length }))
            )
            const tooFew = failureOf(shorter)
            if (tooFew._tag !== "SourceLengthMismatch") return assert.fail(`seed ${seed}: ${tooFew}`)
            assert.deepStrictEqual([tooFew.expected, tooFew.actual], [bytes.length, Math.max(1, n)])
            const long = yield* watched(Stream.fromIterable(pieces))
            const longer = yield* Effect.exit(data.upload(id, ImageSource.stream(long.stream, { size: n })))
            const tooMany = failureOf(longer)
            if (tooMany._tag !== "SourceLengthMismatch") return assert.fail(`seed ${seed}: ${tooMany}`)
            assert.strictEqual(tooMany.expected, n)
            assert.isAbove(tooMany.actual, n)
            yield* neverWhole(server, seed)
            yield* closedOnce(short, seed)
            yield* closedOnce(long, seed)
          })
        ).pipe(Effect.orDie)
      )
    )

    it.live("is done when the server has it, whoever is still being told how far it is", () =>
      run((server, data) =>
        Effect.gen(function* () {
          const bytes = noise(200_000, random(1))
          const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
          // Long enough for the answer to come meanwhile, where the client does not wait for the end of the body.
          const onProgress = (progress: ImageData.Progress) =>
            progress.bytes === bytes.length ? Effect.repeatN(turn, 2000) : Effect.void
          yield* data.upload(id, ImageSource.bytes(bytes), { onProgress, verify: false, retries: 0 })
          assert.strictEqual(server.record()["status"], "active")
        })
      )
    )

    it.live("an answer that comes early ends the source", () =>
      each(4_000, ({ n, seed }) =>
        run((server, data) =>
          Effect.gen(function* () {
            const status = [409, 413, 415][seed % 3] ?? 409
            server.script([{ kind: "answer", after: n, status }])
            const piece = new Uint8Array(64 * 1024)
            const source = yield* watched(Stream.repeatValue(piece))
            // The node:http client looks for an answer when it has sent everything, which here it never has. It learns of
            // the end of the connection where it is writing just then, and else waits for it to take more.
            const blind = name === "node:http"
            const failure = failureOf(
              yield* Effect.exit(data.upload(id, source.stream, blind ? { idleLimit: "200 millis" } : {}))
            )
            const tags: Record<number, string> = {
              409: "ImageNotQueued",
              413: "QuotaExceeded",
              415: "ImageFormatRefused"
            }
            const expected = blind ? ["TransportError", "TransferStalled"] : [tags[status]]
            assert.include(expected, failure._tag, `seed ${seed}`)
            yield* neverWhole(server, seed)
            yield* closedOnce(source, seed)
          })
        ).pipe(Effect.orDie)
      )
    )

    it.live("a connection that is reset is begun again where the source can be, and an error where it cannot", () =>
      each(5_000, ({ bytes, known, n, pieces, seed }) =>
        run((server, data) =>
          Effect.gen(function* () {
            const size = known ? { size: bytes.length } : {}
            server.script([
              { kind: "reset", after: n },
              { kind: "reset", after: Math.floor(n / 2) }
            ])
            const once = yield* watched(Stream.fromIterable(pieces))
            const exit = yield* Effect.exit(data.upload(id, ImageSource.stream(once.stream, size)))
            assert.strictEqual(failureOf(exit)._tag, "TransportError", `seed ${seed}`)
            yield* closedOnce(once, seed)
            const again = yield* watched(Stream.fromIterable(pieces))
            const image = yield* data.upload(id, ImageSource.stream(again.stream, { ...size, replayable: true }))
            assert.deepStrictEqual(image.osHashValue, Option.some(sha512(bytes)), `seed ${seed}`)
            assert.strictEqual(server.bodies.length, 3)
            yield* closedOnce(again, seed, 2)
            yield* onlyWhole(server, bytes, seed)
          })
        ).pipe(Effect.orDie)
      )
    )

    it.live("an interrupted caller closes the source and breaks the connection", () =>
      each(6_000, ({ bytes, known, n, pieces, seed }) =>
        run((server, data) =>
          Effect.gen(function* () {
            server.script([{ kind: "hang", after: n }])
            const source = yield* watched(Stream.concat(Stream.fromIterable(pieces), Stream.never))
            const size = known ? { size: bytes.length } : {}
            const fiber = yield* Effect.fork(data.upload(id, ImageSource.stream(source.stream, size)))
            yield* server.arrived(Math.max(1, Math.min(n, bytes.length - 70_000)))
            const exit = yield* Fiber.interrupt(fiber)
            assert.isTrue(Exit.isInterrupted(exit))
            yield* neverWhole(server, seed)
            yield* closedOnce(source, seed)
          })
        ).pipe(Effect.orDie)
      )
    )

    it.live("a token that ends on the way is replaced, and the source begun again", () =>
      each(7_000, ({ bytes, known, n, pieces, seed }) =>
        loggedIn(transport)((server, data) =>
          Effect.gen(function* () {
            server.script([{ kind: "answer", after: n, status: 401 }])
            const source = yield* watched(Stream.fromIterable(pieces))
            const size = known ? { size: bytes.length } : {}
            const image = yield* data.upload(id, ImageSource.stream(source.stream, { ...size, replayable: true }))
            assert.deepStrictEqual(image.osHashValue, Option.some(sha512(bytes)), `seed ${seed}`)
            assert.deepStrictEqual(
              server.bodies.map(({ headers }) => headers["x-auth-token"]),
              [...server.tokens]
            )
            assert.strictEqual(server.tokens.length, 2)
            yield* onlyWhole(server, bytes, seed)
          })
        ).pipe(Effect.orDie)
      )
    )
  })
}
