/**
 * Schemas for fields that clouds send in more than one form: numbers and booleans as text, lists as `null`. Each decodes
 * to what was meant, and encodes to the one form that Glance uses.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Check from "./check.js"

const read = <A extends number | boolean | string, I>(
  from: Schema.Schema<I>,
  to: Schema.Schema<A>,
  expected: string,
  decode: (input: I) => A | undefined
): Schema.Schema<A, I | A> =>
  Schema.transformOrFail(from, to, {
    strict: true,
    decode: (input, _, ast) => {
      const value = decode(input)
      return value === undefined
        ? ParseResult.fail(new ParseResult.Type(ast, input, `Expected ${expected}, actual ${Check.shown(input)}`))
        : ParseResult.succeed(value)
    },
    encode: (value) => ParseResult.succeed(value as never)
  }) as Schema.Schema<A, I | A>

const isNumeral = (text: string): boolean => /^\s*-?\d{1,400}(\.\d{1,400})?\s*$/.test(text)

/** A number, or its digits as text. `1e400`, which JSON allows and no number holds, is neither. */
export const Amount = read(Schema.Union(Schema.Number, Schema.String), Schema.Number, "number", (input) => {
  const value = typeof input === "number" ? input : isNumeral(input) ? Number(input) : Number.NaN
  return Number.isFinite(value) ? value : undefined
})

/** What OpenStack's services read as booleans: `bool_from_string` of oslo.utils. */
const truths = new Set(["1", "t", "true", "on", "y", "yes"])
const untruths = new Set(["0", "f", "false", "off", "n", "no"])

/** A boolean, also as `0` or `1`, or as one of the words that OpenStack's services take for one. */
export const Flag = read(
  Schema.Union(Schema.Boolean, Schema.Number, Schema.String),
  Schema.Boolean,
  "boolean",
  (input) => {
    const word = String(input).trim().toLowerCase()
    return truths.has(word) ? true : untruths.has(word) ? false : undefined
  }
)

/** Text, also where a cloud sends a number or a boolean. */
export const Text = read(Schema.Union(Schema.String, Schema.Number, Schema.Boolean), Schema.String, "string", (input) =>
  String(input)
)

/** A list of texts. Items that are `null` are left out. */
export const Texts: Schema.Schema<ReadonlyArray<string>, ReadonlyArray<unknown>> = Schema.transform(
  Schema.Array(Schema.NullOr(Text)),
  Schema.Array(Schema.String),
  {
    strict: true,
    decode: (items) => items.filter((item) => item !== null),
    encode: (items) => items
  }
) as unknown as Schema.Schema<ReadonlyArray<string>, ReadonlyArray<unknown>>

/** Empty text, where a number or a boolean is expected: the cloud has none. */
const Empty = Schema.transform(Schema.Literal(""), Schema.Null, { decode: () => null, encode: () => "" as const })

/** As `Wire.Nullish`, for a number or a boolean that may also be empty text. */
export const Nullish = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optional(Schema.Union(schema, Schema.Null, Schema.Undefined, Empty))

/** A number or a boolean in a class: absent, `null` and empty text are none. */
export const option = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(schema, { as: "Option", nullable: true })

/** A field in a class with a value for when it is absent or `null`. */
export const withDefault = <A, I>(schema: Schema.Schema<A, I>, value: () => NoInfer<A>) =>
  Schema.optionalWith(schema, { default: value, nullable: true })

/** The list that an envelope holds. Servers written in Go send `null` for one without items. */
export const List = <A, I>(item: Schema.Schema<A, I>) =>
  Schema.transform(Schema.NullOr(Schema.Array(item)), Schema.Array(Schema.typeSchema(item)), {
    strict: true,
    decode: (items) => items ?? [],
    encode: (items) => items
  })

/** Seconds since 1970, with a fraction. */
export const EpochSeconds = Schema.transformOrFail(Amount, Schema.DateTimeUtcFromSelf, {
  strict: true,
  decode: (seconds, _, ast) =>
    Option.match(DateTime.make(Math.round(seconds * 1000)), {
      onNone: () =>
        ParseResult.fail(new ParseResult.Type(ast, seconds, `Expected seconds since 1970, actual ${seconds}`)),
      onSome: ParseResult.succeed
    }),
  encode: (time) => ParseResult.succeed(DateTime.toEpochMillis(time) / 1000)
})
