import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

export type JsonObject = { readonly [key: string]: unknown }

export const isJsonObject = (input: unknown): input is JsonObject =>
  typeof input === "object" && input !== null && !Array.isArray(input)

/** As it is. `Schema.Record` would copy it by assignment, which makes a key `__proto__` the copy's prototype. */
export const JsonObject: Schema.Schema<JsonObject> = Schema.declare(isJsonObject, {
  identifier: "JsonObject",
  description: "a JSON object"
})

/** Known values for the editor, any string for the decoder: the server may know more than we do. */
export const openEnum = <Known extends string>(identifier: string): Schema.Schema<Known | (string & {}), string> =>
  Schema.String.annotations({ identifier }) as unknown as Schema.Schema<Known | (string & {}), string>

/** Absent and `null` are the same to Glance. */
export const Nullish = <S extends Schema.Schema.Any>(schema: S) => Schema.optional(Schema.NullishOr(schema))

const isFlagText = (text: string) => /^(true|false)$/i.test(text)

/** A boolean, also where an old record holds it as text. */
export const Flag = Schema.transform(
  Schema.Union(Schema.Boolean, Schema.String.pipe(Schema.filter(isFlagText, { identifier: "true or false" }))),
  Schema.Boolean,
  {
    strict: true,
    decode: (input) => (typeof input === "boolean" ? input : input.toLowerCase() === "true"),
    encode: (flag) => flag
  }
)

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
