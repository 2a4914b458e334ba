/** Checks of arguments. They know no operation. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as ForeignText from "../ForeignText.js"
import * as GlanceError from "../GlanceError.js"
import * as Secrets from "../Secrets.js"

/** A check: the reason against the value, as the end of a sentence, or nothing. */
export type Check = (value: unknown) => string | undefined

export const invalid = (argument: string, reason: string) =>
  Either.left(new GlanceError.InvalidArgument({ argument, reason }))

/** Returns the value, or what is wrong with it. The error has no operation: the start of an operation adds it. */
export const check = <A>(argument: string, value: A, check: Check): Either.Either<A, GlanceError.InvalidArgument> => {
  const reason = check(value)
  return reason === undefined ? Either.right(value) : invalid(argument, reason)
}

/** What no terminal shows, or shows as something else. */
const invisible = /[\x7f-\xa0\xad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]/g

/** A text in quotes, with escapes for what cannot be seen, such as `"k\u0085"`. The key of a `Map` may be any value. */
export const quoted = (text: unknown): string =>
  (typeof text === "string" ? JSON.stringify(text) : Inspectable.toStringUnknown(text, 0)).replace(
    invisible,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** A value of any type, as a message shows it. Of a URL, without its secrets. */
export const shown = (value: unknown): string => {
  const shown = typeof value === "string" && /:\/\//.test(value) ? Secrets.url(value) : value
  return ForeignText.show(typeof shown === "string" ? quoted(shown) : Inspectable.toStringUnknown(shown, 0))
}

/** What is looked into by its keys. A `Map` has none, and would silently be empty. */
export const object: Check = (value) =>
  typeof value === "object" && value !== null && !(Symbol.iterator in value)
    ? undefined
    : `must be an object, not ${shown(value)}`

export const list: Check = (value) => (Array.isArray(value) ? undefined : "must be an array")

/** Glance stores text in three-byte UTF-8: it answers 400 to anything beyond the basic plane. */
const beyondBasicPlane = /[\u{10000}-\u{10ffff}]/u
const loneSurrogate = /\p{Surrogate}/u

export const text =
  ({ maxLength, minLength = 0 }: { readonly maxLength?: number; readonly minLength?: number }): Check =>
  (value) => {
    if (typeof value !== "string") return `must be a string, not ${value === null ? "null" : typeof value}`
    if (value.length < minLength) return "must not be empty"
    if (beyondBasicPlane.test(value)) return "must not contain characters beyond U+FFFF, which Glance cannot store"
    if (loneSurrogate.test(value)) return "must not contain half of a surrogate pair"
    if (maxLength !== undefined && value.length > maxLength) {
      return `must have at most ${maxLength} characters, it has ${value.length}`
    }
    return undefined
  }

/** White space to Python, some of which is none to JavaScript. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const outerSpace = /^[\s\x1c-\x1f\x85]|[\s\x1c-\x1f\x85]$/

/** For names that Glance strips before it looks at them. */
export const stripped: Check = (value) =>
  outerSpace.test(value as string) ? "must not begin or end with white space, which Glance would cut off" : undefined

export const tag: Check = text({ minLength: 1, maxLength: 255 })

/**
 * What can stand as one segment of a path. A slash cannot, even encoded: the server decodes the path before it looks
 * for the route, so that the id `x/file` would be another request. `.` and `..` vanish when a URL is parsed. And the
 * server takes the bytes of a path for Latin-1, so that `é` would be two other characters.
 */
export const segment: Check = (value) => {
  const reason = segmentOfUtf8(value)
  if (reason !== undefined) return reason
  if (!/^[\x20-\x7e]*$/.test(value as string)) return `must be printable ASCII: ${shown(value)}`
  return undefined
}

/** The same for a server that takes the bytes of a path for what they are, such as an object store. */
export const segmentOfUtf8: Check = (value) => {
  if (typeof value !== "string") return `must be a string, not ${value === null ? "null" : typeof value}`
  if (value === "") return "must not be empty"
  if (value.includes("/")) return `must not contain a slash: ${shown(value)}`
  if (value === "." || value === "..") return `must not be ${shown(value)}`
  if (loneSurrogate.test(value)) return "must not contain half of a surrogate pair"
  return undefined
}

/** An object that can be sent. */
export const json: Check = (value) => {
  const reason = object(value)
  if (reason !== undefined) return reason
  try {
    JSON.stringify(value)
    return undefined
  } catch {
    return "cannot be written as JSON"
  }
}

export const flag: Check = (value) =>
  typeof value === "boolean" ? undefined : `must be true or false, not ${shown(value)}`

export const oneOf =
  (known: ReadonlyArray<string>): Check =>
  (value) =>
    known.includes(value as string) ? undefined : `must be one of ${known.join(", ")}, not ${shown(value)}`

export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `must be a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most}`}, not ${shown(value)}`

/** `Duration.decode` throws for what is no duration, and takes `NaN` and negative numbers for zero. */
export const duration = (
  argument: string,
  value: Duration.DurationInput
): Either.Either<Duration.Duration, GlanceError.InvalidArgument> => {
  const parts: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value]
  const isNegative = parts.some(
    (part) =>
      (typeof part === "number" && !(part >= 0)) ||
      (typeof part === "bigint" && part < 0n) ||
      (typeof part === "string" && part.startsWith("-"))
  )
  return Option.match(isNegative ? Option.none() : Duration.decodeUnknown(value), {
    onNone: () =>
      invalid(argument, `must be a duration that is not negative, such as "5 minutes", not ${shown(value)}`),
    onSome: (duration) => Either.right(duration)
  })
}
