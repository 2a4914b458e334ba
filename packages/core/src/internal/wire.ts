import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Quick from "./quick.js"

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
  description: "a JSON object",
  ...Quick.plainAnnotation(isShallowObject)
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

/**
 * `Option.fromNullable` with options that are made by a constructor: those of Effect, made by `Object.create`, have room
 * for three more fields each, and there are as many in an image as it has fields. Where another release of Effect makes
 * its options otherwise, so does this.
 */
export const fromNullable: <A>(value: A | null | undefined) => Option.Option<A> = (() => {
  const sample = Option.some<unknown>(undefined)
  if (Reflect.ownKeys(sample).join() !== "value") return Option.fromNullable
  const Some = function (this: { value: unknown }, value: unknown) {
    this.value = value
  } as unknown as new <A>(
    value: A
  ) => Option.Some<A>
  Some.prototype = Object.getPrototypeOf(sample)
  const none = Option.none()
  return (value) => (value === null || value === undefined ? none : new Some(value))
})()

/**
 * `DateTime.unsafeMake`, likewise, and without its hidden property, in which a time keeps its parts once they are asked
 * for. To define that on the two times of a record takes 0.4 times as long as `JSON.parse` of the record.
 */
const utc: (epochMillis: number) => DateTime.Utc = (() => {
  const sample = DateTime.unsafeMake(0)
  if (Reflect.ownKeys(sample).join() !== "epochMillis,partsUtc") return DateTime.unsafeMake
  const Utc = function (this: { epochMillis: number }, epochMillis: number) {
    this.epochMillis = epochMillis
  } as unknown as new (
    epochMillis: number
  ) => DateTime.Utc
  Utc.prototype = Object.getPrototypeOf(sample)
  return (epochMillis) => new Utc(epochMillis)
})()

const [dash, colon, T, Z] = [45, 58, 84, 90]

/** Less than 0 where there is something else than digits. */
const twoDigits = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

/** The days from 1970 to a day of the Gregorian calendar. A year begins in March here, so that it ends in its leap day. */
const daysUntil = (year: number, month: number, day: number): number => {
  const before = month < 3 ? year - 1 : year
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400)
  const monthsFromMarch = month < 3 ? month + 9 : month - 3
  return before * 365 + leapDays + Math.floor((153 * monthsFromMarch + 2) / 5) + day - 719_469
}

/**
 * {@link Time} of `2026-11-23T15:40:23Z`, which is how Glance writes the times of images; of another spelling, and of
 * dates that not every month has, nothing. `Date.UTC` of the same digits takes twice as long, `Date.parse` four times.
 */
export const quickTime = (text: string): DateTime.Utc | undefined => {
  if (text.length !== 20 || text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return undefined
  if (text.charCodeAt(10) !== T || text.charCodeAt(13) !== colon || text.charCodeAt(16) !== colon) return undefined
  if (text.charCodeAt(19) !== Z) return undefined
  const century = twoDigits(text, 0)
  const yearOfCentury = twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  const hour = twoDigits(text, 11)
  const minute = twoDigits(text, 14)
  const second = twoDigits(text, 17)
  if (century < 1 || yearOfCentury < 0 || month < 1 || month > 12 || day < 1 || day > (month === 2 ? 28 : 30)) {
    return undefined
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined
  const days = daysUntil(century * 100 + yearOfCentury, month, day)
  return utc(((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000)
}
