import * as Effect from "effect/Effect"
import type { Context, Reply } from "../context.js"
import { attempt, badRequest, type Fault, forbidden } from "../errors.js"
import type { Json } from "../python.js"
import { type Parameters, readJson } from "../request.js"
import type { JsonSchema } from "../schemas.js"
import { explainMismatch } from "../validate.js"

/** In an object it is a key, in a list an element. */
const holds = (body: Json, name: string): boolean =>
  Array.isArray(body) ? body.includes(name) : Object.hasOwn(body as object, name)

export const validate = (body: Json, schema: JsonSchema): void => {
  const mismatch = explainMismatch(body, schema)
  if (mismatch !== undefined) throw badRequest(mismatch)
}

/** Reads a body that must match a schema, and goes on with it. */
export const withBody = (
  context: Context,
  schema: JsonSchema,
  readOnly: ReadonlyArray<string>,
  answer: (body: Json) => Reply
): Effect.Effect<Reply, Fault> =>
  Effect.flatMap(readJson(context.request), (body) =>
    attempt(() => {
      for (const name of readOnly) if (holds(body, name)) throw forbidden(`Attribute '${name}' is read-only.`)
      validate(body, schema)
      return answer(body)
    })
  )

export const takeDirection = (params: Parameters): boolean => {
  const direction = params.pop("sort_dir") ?? "desc"
  if (direction !== "asc" && direction !== "desc") throw badRequest(`Invalid sort direction: ${direction}`)
  return direction === "desc"
}

export const checkVisibility = (params: Parameters, known: ReadonlyArray<string>): void => {
  const visibility = params.get("visibility")
  if (visibility !== undefined && visibility !== "" && !known.includes(visibility)) {
    throw badRequest(`Invalid visibility value: ${visibility}`)
  }
}
