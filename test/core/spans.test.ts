import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Image, ImageMembers, Images } from "@effect-glance/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
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
