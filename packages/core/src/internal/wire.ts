import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Quick from "./quick.js"

export type JsonObject = { readonly [key: string]: unknown }

export const isJsonObject = (input: unknown): input is JsonObject =>
  typeof input === "object" && input !== null && !Array.isArray(input)

/** As it is. `Schema.Record` would copy it by assignment, which makes a key `__proto__` the copy's prototype. */
export const JsonObject: Schema.Schema<JsonObject> = Schema.declare(isJsonObject, {
  identifier: "JsonObject",
  description: "a JSON object",
  ...Quick.plainAnnotation(isJsonObject)
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
).annotations(Quick.plainAnnotation((input) => typeof input === "boolean"))

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

/**
 * `DateTime.unsafeMake` without its hidden property, in which a time keeps its parts once they are asked for. To define
 * that on the two times of a record takes 0.4 times as long as `JSON.parse` of the record. Where another release of
 * Effect makes its times otherwise, so does this.
 */
const utc: (epochMillis: number) => DateTime.Utc = (() => {
  const sample = DateTime.unsafeMake(0)
  if (Reflect.ownKeys(sample).join() !== "epochMillis,partsUtc") return DateTime.unsafeMake
  const prototype = Object.getPrototypeOf(sample)
  return (epochMillis) => {
    const time = Object.create(prototype)
    time.epochMillis = epochMillis
    return time
  }
})()

const [dash, colon, T, Z] = [45, 58, 84, 90]

const twoDigits = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

/**
 * {@link Time} of `2026-11-23T15:40:23Z`, which is how Glance writes the times of images; of another spelling, and of
 * dates that not every month has, nothing. `Date.parse` takes twice as long.
 */
export const quickTime = (text: string): DateTime.Utc | undefined => {
  if (text.length !== 20 || text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return undefined
  if (text.charCodeAt(10) !== T || text.charCodeAt(13) !== colon || text.charCodeAt(16) !== colon) return undefined
  if (text.charCodeAt(19) !== Z) return undefined
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  const hour = twoDigits(text, 11)
  const minute = twoDigits(text, 14)
  const second = twoDigits(text, 17)
  const ordinary = year >= 100 && month >= 1 && month <= 12 && day >= 1 && (day <= 28 || (day <= 30 && month !== 2))
  return ordinary && hour <= 23 && minute <= 59 && second <= 59
    ? utc(Date.UTC(year, month - 1, day, hour, minute, second))
    : undefined
}
