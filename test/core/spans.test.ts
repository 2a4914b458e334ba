import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Image, ImageMembers, Images } from "@effect-glance/core"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Tracer from "effect/Tracer"
import * as Port from "../support/port.js"
import { imageRecord } from "../support/records.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")

/** A port that answers all alike, and the spans in which it was asked. */
const observed = (answer: () => Response) => {
  const spans: Array<Tracer.Span> = []
  const layer = Port.core(() =>
    Effect.map(Effect.orDie(Effect.currentSpan), (span) => {
      spans.push(span)
      return answer()
    })
  )
  return { spans, layer }
}

describe("the span of an operation", () => {
  it.effect("has the operation's name, the image's id and the request's id", () => {
    const { layer, spans } = observed(() => Port.json(imageRecord()))
    return Effect.gen(function* () {
      const images = yield* Images.Images
      yield* images.get(id)
      yield* images.update(id, { name: "new" })
      deepStrictEqual(
        spans.map(({ name }) => name),
        ["Images.get", "Images.update", "Images.update"]
      )
      deepStrictEqual(Object.fromEntries(spans[0]?.attributes ?? []), {
        "glance.image_id": id,
        "http.response.body.size": JSON.stringify(imageRecord()).length,
        "http.response.status_code": 200,
        "openstack.request_id": Port.requestId
      })
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not keep the page of a listing, and ends at any time of a test clock", () => {
    const { layer, spans } = observed(() => Port.json({ images: [imageRecord()] }))
    return Effect.gen(function* () {
      const images = yield* Images.Images
      yield* TestClock.adjust(Duration.nanos(16_666_665n))
      const page = yield* images.list()
      const streamed = yield* Stream.runCount(images.listAll())
      deepStrictEqual([page.items.length, streamed], [1, 1])
      for (const { status } of spans) {
        deepStrictEqual(status._tag === "Ended" ? status.exit : status, Exit.void)
      }
      assert.lengthOf(spans, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("tells of a refusal as well", () => {
    const { layer, spans } = observed(() => Port.refusal(403, "no"))
    return Effect.gen(function* () {
      const members = yield* ImageMembers.ImageMembers
      yield* Effect.flip(members.setStatus(id, "accepted"))
      const [span] = spans
      assert.strictEqual(span?.name, "ImageMembers.setStatus")
      assert.strictEqual(span?.attributes.get("http.response.status_code"), 403)
      assert.strictEqual(span?.attributes.get("openstack.request_id"), Port.requestId)
    }).pipe(Effect.provide(layer))
  })

  it.effect("shows where a failed operation was called, and does not keep the images of a stream", () => {
    const exits: Array<unknown> = []
    const tracer = Tracer.make({
      span: (name, parent, context, links, startTime, kind) => {
        const span = native.span(name, parent, context, links, startTime, kind)
        const { end } = span
        span.end = (time, exit) => {
          exits.push(exit)
          end.call(span, time, exit)
        }
        return span
      },
      context: (execution, fiber) => native.context(execution, fiber)
    })
    let native: Tracer.Tracer
    const failing = Port.core(() => Effect.succeed(Port.refusal(403, "no")))
    const answering = Port.core(() => Effect.succeed(Port.json({ images: [imageRecord()] })))
    return Effect.gen(function* () {
      native = yield* Effect.tracer
      const calls: ReadonlyArray<(images: Images.Service) => Effect.Effect<unknown, unknown>> = [
        (images) => images.list(),
        (images) => images.get(id)
      ]
      for (const call of calls) {
        const work = Effect.provide(Effect.flatMap(Images.Images, call), failing)
        const cause = yield* Effect.flip(Effect.sandbox(work))
        assert.match(Cause.pretty(cause), /at Images\.(list|get) \(.*spans\.test\.ts/)
      }
      const streamed = (images: Images.Service) =>
        Effect.map(Stream.runCollect(Stream.take(images.listAll(), 1)), Chunk.toReadonlyArray)
      const work = Effect.provide(Effect.flatMap(Images.Images, streamed), answering)
      const images = yield* Effect.withTracer(work, tracer)
      assert.lengthOf(images, 1)
      assert.notInclude(JSON.stringify(exits), String(images[0]?.id))
    })
  })

  it.effect("tells by an attribute where an operation was called that failed", () => {
    const { layer, spans } = observed(() => Port.refusal(403, "no"))
    return Effect.gen(function* () {
      const images = yield* Images.Images
      yield* Effect.flip(images.delete(id))
      assert.match(String(spans[0]?.attributes.get("code.stacktrace")), /spans\.test\.ts/)
      assert.strictEqual(spans[0]?.status._tag, "Ended")
    }).pipe(Effect.provide(layer))
  })

  it.effect("ends when the operation is given up, after what it did, and stands in the caller's", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<Tracer.Span>()
      const ends: Array<string> = []
      const layer = Port.core(() =>
        Effect.flatMap(Effect.orDie(Effect.currentSpan), (span) =>
          Effect.zipRight(Deferred.succeed(asked, span), Effect.never)
        ).pipe(Effect.ensuring(Effect.sync(() => ends.push("request"))))
      )
      const get = Effect.flatMap(Images.Images, (images) => images.get(id)).pipe(Effect.provide(layer))
      const fiber = yield* Effect.fork(Effect.withSpan(get, "caller"))
      const span = yield* Deferred.await(asked)
      assert.strictEqual(
        span.parent.pipe(
          Option.map((parent) => "name" in parent && parent.name),
          Option.getOrNull
        ),
        "caller"
      )
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isInterrupted(exit))
      deepStrictEqual(ends, ["request"])
      assert.strictEqual(span.status._tag, "Ended")
    })
  )

  it.effect("is one of its own for an operation that is part of another", () => {
    const { layer, spans } = observed(() => Port.json(imageRecord()))
    return Effect.gen(function* () {
      const images = yield* Images.Images
      const outer = Port.core(() =>
        Effect.map(Effect.orDie(Effect.zip(Effect.currentSpan, images.get(id))), ([span, { id }]) => {
          spans.push(span)
          return Port.json(imageRecord({ id }))
        })
      )
      yield* Effect.flatMap(Images.Images, (other) => other.update(id, { name: "new" }, { readFirst: false })).pipe(
        Effect.provide(Layer.fresh(outer))
      )
      const [inner = assert.fail("it was not asked"), around = assert.fail("it was not asked")] = spans
      deepStrictEqual([inner.name, around.name], ["Images.get", "Images.update"])
      assert.strictEqual(Option.getOrThrow(inner.parent).spanId, around.spanId)
    }).pipe(Effect.provide(layer))
  })

  it.effect("tells where an operation was called that took too long, or went round in circles", () =>
    Effect.gen(function* () {
      const silent = Port.core(() => Effect.never)
      const get = Effect.flatMap(Images.Images, (images) => images.get(id)).pipe(Effect.provide(silent))
      const fiber = yield* Effect.fork(Effect.flip(Effect.sandbox(get)))
      yield* TestClock.adjust("1 minute")
      assert.match(
        Cause.pretty(yield* Fiber.join(fiber)),
        /no complete response within 1m[\s\S]*at Images\.get \(.*spans\.test\.ts/
      )

      let asked = 0
      const circle = Port.core(() =>
        Effect.succeed(Port.json({ images: [], next: `?marker=${["a", "b", "a"][asked++]}` }))
      )
      const list = Effect.flatMap(Images.Images, (images) => Stream.runDrain(images.listAll()))
      const cause = yield* Effect.flip(Effect.sandbox(Effect.provide(list, circle)))
      assert.match(Cause.pretty(cause), /RepeatedMarker[\s\S]*at Images\.listAll/)
    })
  )

  it.effect("ends with a stream that fails, that is given up, and whose reader has enough", () =>
    Effect.gen(function* () {
      const ended = (read: (images: Stream.Stream<Image.Image, unknown>) => Effect.Effect<unknown, unknown>) => {
        let asked = 0
        const { layer, spans } = observed(() =>
          asked++ === 0
            ? Port.json({ images: [imageRecord(), imageRecord()], next: "?marker=m" })
            : Port.refusal(403, "no")
        )
        return Effect.gen(function* () {
          const images = yield* Images.Images
          const exit = yield* Effect.exit(read(images.listAll()))
          const { status } = spans[0] ?? assert.fail("nobody asked")
          assert.strictEqual(status._tag, "Ended")
          return [Exit.isSuccess(exit), status._tag === "Ended" && Exit.isSuccess(status.exit)] as const
        }).pipe(Effect.provide(layer))
      }
      deepStrictEqual(yield* ended(Stream.runDrain), [false, false])
      deepStrictEqual(yield* ended((images) => Stream.runDrain(Stream.take(images, 1))), [true, true])
      const given = (images: Stream.Stream<Image.Image, unknown>) =>
        Effect.gen(function* () {
          const begun = yield* Deferred.make<void>()
          const read = Stream.runForEach(images, () =>
            Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never)
          )
          const fiber = yield* Effect.fork(read)
          yield* Deferred.await(begun)
          return yield* Effect.flatten(Fiber.interrupt(fiber))
        })
      deepStrictEqual(yield* ended(given), [false, false])
    })
  )

  it.effect("is one for all pages of a stream, and ends with it", () => {
    let asked = 0
    const { layer, spans } = observed(() =>
      Port.json({ images: [imageRecord()], ...(asked++ < 2 ? { next: `/v2/images?marker=m${asked}` } : {}) })
    )
    return Effect.gen(function* () {
      const images = yield* Images.Images
      yield* Stream.runDrain(images.listAll())
      assert.strictEqual(spans.length, 3)
      const [span] = spans
      assert.strictEqual(new Set(spans.map(({ spanId }) => spanId)).size, 1)
      assert.strictEqual(span?.name, "Images.listAll")
      assert.strictEqual(span?.status._tag, "Ended")
    }).pipe(Effect.provide(layer))
  })
})
