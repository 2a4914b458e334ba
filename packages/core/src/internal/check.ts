/** Checks of arguments. They know no operation. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as ForeignText from "../ForeignText.js"
import * as GlanceError from "../GlanceError.js"
import * as Secrets from "../Secrets.js"

/** Returns why a value is invalid, as the end of a sentence, or nothing. */
export type Check = (value: unknown) => string | undefined

export const invalid = (argument: string, reason: string) =>
  Either.left(new GlanceError.InvalidArgument({ argument, reason }))

/** Returns the value or an error. The error has no operation, which the start of the operation adds. */
export const check = <A>(argument: string, value: A, check: Check): Either.Either<A, GlanceError.InvalidArgument> => {
  const reason = check(value)
  return reason === undefined ? Either.right(value) : invalid(argument, reason)
}

/** Characters that a terminal does not show, or not as they are. */
const invisible = /[\x7f-\xa0\xad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]/g

/** Quotes a text, with escapes for invisible characters, such as `"k\u0085"`. The key of a `Map` may be any value. */
export const quoted = (text: unknown): string =>
  (typeof text === "string" ? JSON.stringify(text) : Inspectable.toStringUnknown(text, 0)).replace(
    invisible,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** Shows a value of any type in a message. A URL is shown without its secrets. */
export const shown = (value: unknown): string => {
  const shown = typeof value === "string" && /:\/\//.test(value) ? Secrets.url(value) : value
  return ForeignText.show(typeof shown === "string" ? quoted(shown) : Inspectable.toStringUnknown(shown, 0))
}

/** An object whose keys are read. A `Map` has no keys, and would silently be empty. */
export const object: Check = (value) =>
  typeof value === "object" && value !== null && !(Symbol.iterator in value)
    ? undefined
    : `must be an object, not ${shown(value)}`

export const list: Check = (value) => (Array.isArray(value) ? undefined : "must be an array")

export const listOf =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return `must be an array, not ${shown(value)}`
    for (const item of value) {
      const reason = check(item)
      if (reason !== undefined) return `holds ${shown(item)}, which ${reason}`
    }
    return undefined
  }

/** Glance stores text in three-byte UTF-8, and returns 400 for characters beyond the basic plane. */
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

export const nonEmpty: Check = text({ minLength: 1 })

/** White space of Python, which differs from that of JavaScript. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const outerSpace = /^[\s\x1c-\x1f\x85]|[\s\x1c-\x1f\x85]$/

/** For names that Glance strips. */
export const stripped: Check = (value) =>
  outerSpace.test(value as string) ? "must not begin or end with white space, which Glance would cut off" : undefined

export const tag: Check = text({ minLength: 1, maxLength: 255 })

/**
 * A valid segment of a path. It has no slash, not even an encoded one, because the server decodes the path before it
 * finds the route: the id `x/file` would be another request. `.` and `..` vanish when a URL is parsed. The server reads
 * a path as Latin-1, so `é` would be two other characters.
 */
export const segment: Check = (value) => {
  const reason = segmentOfUtf8(value)
  if (reason !== undefined) return reason
  if (!/^[\x20-\x7e]*$/.test(value as string)) return `must be printable ASCII: ${shown(value)}`
  return undefined
}

/** A valid segment for a server that reads a path as UTF-8, such as an object store. */
export const segmentOfUtf8: Check = (value) => {
  if (typeof value !== "string") return `must be a string, not ${value === null ? "null" : typeof value}`
  if (value === "") return "must not be empty"
  if (value.includes("/")) return `must not contain a slash: ${shown(value)}`
  if (value === "." || value === "..") return `must not be ${shown(value)}`
  if (loneSurrogate.test(value)) return "must not contain half of a surrogate pair"
  return undefined
}

/** An object that can be sent as JSON. */
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

/** `Duration.decode` throws if the value is no duration, and reads `NaN` and negative numbers as zero. */
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
