import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

export type JsonObject = { readonly [key: string]: unknown }

export const isJsonObject = (input: unknown): input is JsonObject =>
  typeof input === "object" && input !== null && !Array.isArray(input)

/** How deep the JSON inside a record may be nested. What Glance stores is nested two or three levels deep. */
export const maxDepth = 100

/** Whether a value is nested at most so deep. The walk itself stops there, so that no value overflows the stack. */
export const isShallow = (value: unknown, depth = maxDepth): boolean => {
  if (typeof value !== "object" || value === null) return true
  if (depth === 0) return false
  if (Array.isArray(value)) return value.every((item) => isShallow(item, depth - 1))
  for (const key in value) if (!isShallow((value as JsonObject)[key], depth - 1)) return false
  return true
}

const isShallowObject = (input: unknown): input is JsonObject => isJsonObject(input) && isShallow(input)

/**
 * A JSON object as it is, nested at most {@link maxDepth} levels. `Schema.Record` would copy it by assignment, which
 * makes a key `__proto__` the copy's prototype.
 */
export const JsonObject: Schema.Schema<JsonObject> = Schema.declare(isShallowObject, {
  identifier: "JsonObject",
  description: "a JSON object"
})

/** Any JSON, nested at most {@link maxDepth} levels. */
export const Json: Schema.Schema<unknown> = Schema.declare((input): input is unknown => isShallow(input), {
  identifier: "Json",
  description: "JSON that is not nested too deeply"
})

/** Known values for the editor, any string for the decoder: the server may know more than we do. */
export const openEnum = <Known extends string>(identifier: string): Schema.Schema<Known | (string & {}), string> =>
  Schema.String.annotations({ identifier }) as unknown as Schema.Schema<Known | (string & {}), string>

/** Absent and `null` are the same to Glance. */
export const Nullish = <S extends Schema.Schema.Any>(schema: S) => Schema.optional(Schema.NullishOr(schema))

/** ISO 8601 in UTC. Rows of the task table come with microseconds and without the `Z`. */
export const Time = Schema.transformOrFail(Schema.String, Schema.DateTimeUtcFromSelf, {
  strict: true,
  decode: (text, _, ast) =>
    Option.match(DateTime.make(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`), {
      onNone: () =>
        ParseResult.fail(new ParseResult.Type(ast, text, `Expected an ISO 8601 time, actual ${JSON.stringify(text)}`)),
      onSome: (time) => ParseResult.succeed(DateTime.toUtc(time))
    }),
  encode: (time) => ParseResult.succeed(DateTime.formatIso(time))
})
