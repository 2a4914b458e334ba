import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ImageSchemas } from "@effect-glance/core"
import * as Effect from "effect/Effect"
import * as Port from "../support/port.js"

describe("the server's schemas", () => {
  const names = ["images", "image", "members", "member", "tasks", "task"] as const

  it.effect.each(names)("are read as they are: %s", (name) =>
    Effect.gen(function* () {
      const schemas = yield* ImageSchemas.ImageSchemas
      deepStrictEqual(yield* schemas[name], {
        name,
        properties: { disk_format: { enum: ["raw", null], type: ["null", "string"] } },
        additionalProperties: { type: "string" }
      })
      deepStrictEqual(yield* Port.lines, [`GET /schemas/${name}`])
    }).pipe(
      Effect.provide(
        Port.core([
          Port.json({
            name,
            properties: { disk_format: { enum: ["raw", null], type: ["null", "string"] } },
            additionalProperties: { type: "string" }
          })
        ])
      )
    )
  )

  it.effect("are asked for anew each time", () =>
    Effect.gen(function* () {
      const schemas = yield* ImageSchemas.ImageSchemas
      yield* schemas.image
      yield* schemas.image
      assert.strictEqual((yield* Port.requests).length, 2)
    }).pipe(Effect.provide(Port.core(() => Port.json({ name: "image" }))))
  )

  it.effect("may have any key, and that becomes nobody's prototype", () =>
    Effect.gen(function* () {
      const schemas = yield* ImageSchemas.ImageSchemas
      const schema = yield* schemas.image
      deepStrictEqual(Object.keys(schema), ["__proto__"])
      assert.strictEqual(Object.getPrototypeOf(schema), Object.prototype)
    }).pipe(Effect.provide(Port.core([Port.text(200, '{"__proto__":{"isAdmin":true}}')])))
  )

  it.effect("are objects", () =>
    Effect.gen(function* () {
      const schemas = yield* ImageSchemas.ImageSchemas
      for (const _ of [1, 2]) {
        const error = yield* Effect.flip(schemas.tasks)
        assert.strictEqual(error._tag, "UnexpectedAnswer")
        assert.include(error.message, "ImageSchemas.tasks")
      }
    }).pipe(Effect.provide(Port.core([Port.json([]), Port.json("schema")])))
  )
})
