/**
 * Text that a server, a file or a caller wrote, made fit to be shown in errors, spans and logs.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Secrets from "./Secrets.js"

/**
 * The number of UTF-16 code units that {@link show} keeps by default.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxLength = 500

/**
 * How a text is shown.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Secrets that are masked wherever they occur: see {@link Secrets.ofRequest}.
   *
   * @default none but those that {@link Secrets.redact} finds by itself
   */
  readonly secrets?: ReadonlyArray<string> | undefined
  /**
   * The number of UTF-16 code units that are kept.
   *
   * @default 500
   */
  readonly maxLength?: number | undefined
}

/** The rest of a text is neither cleaned nor searched: 100 times what is shown by default. */
const maxRead = 64 * 1024

/**
 * Removes control characters and terminal sequences, masks secrets, and cuts the text. A line break or a tab becomes
 * one space. A text that was cut ends in ` …`. Takes time in proportion to the length, at most that of 64 KiB.
 *
 * @example
 * import { ForeignText } from "@effect-glance/core"
 *
 * ForeignText.show("\u001b[31mfailed\u001b[0m:\r\nGET http://alice:secret@host/") // "failed: GET http://<redacted>@host/"
 *
 * @since 0.1.0
 * @category conversions
 */
export const show = (text: string, { maxLength: most = maxLength, secrets }: Options = {}): string => {
  if (text.length <= most && isPlain(text) && !Secrets.isSuspect(text, secrets)) return text
  const read = text.slice(0, maxRead)
  const shown = Secrets.redact(strip(read), secrets)
  return shown.length > most || read.length < text.length ? `${cut(shown, most)} …` : shown
}

/**
 * Applies {@link show} to each text in the fields of an error: strings, and strings in arrays and options. Other values
 * stay as they are.
 *
 * @since 0.1.0
 * @category conversions
 */
export const showFields = (fields: object, options?: Options): object =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, showField(value, options)]))

const showField = (value: unknown, options: Options | undefined): unknown => {
  if (typeof value === "string") return show(value, options)
  if (Array.isArray(value)) return value.map((each) => showField(each, options))
  return Option.isOption(value) ? Option.map(value, (inner) => showField(inner, options)) : value
}

type ErrorClass = new (props: object, options?: unknown) => object

/**
 * Makes a class as `Schema.TaggedError` does, with a message that is computed from its fields. Instances hold each text
 * as {@link showFields} shows it, so the message and everything else that is derived from the fields is clean as well.
 *
 * @since 0.1.0
 * @category constructors
 */
export const TaggedError =
  <Self>(identifier: string) =>
  <Tag extends string, Fields extends Schema.Struct.Fields>(
    tag: Tag,
    fields: Fields,
    message: (error: Schema.Struct.Type<Fields>) => string
  ): Schema.TaggedErrorClass<Self, Tag, { readonly _tag: Schema.tag<Tag> } & Fields> => {
    const Base = Schema.TaggedError<object>(identifier)(tag, fields) as unknown as ErrorClass
    const Shown = class extends Base {
      constructor(props: object, options?: unknown) {
        super(showFields(props), options)
      }
      get message(): string {
        return message(this as Schema.Struct.Type<Fields>)
      }
    }
    return Shown as unknown as Schema.TaggedErrorClass<Self, Tag, { readonly _tag: Schema.tag<Tag> } & Fields>
  }

/** Printable ASCII, which holds nothing that could be removed. */
const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text)

/** Does not end in half of a surrogate pair. */
const cut = (text: string, most: number): string => {
  const last = text.charCodeAt(most - 1)
  return text.slice(0, text.length > most && last >= 0xd800 && last <= 0xdbff ? most - 1 : most)
}

/**
 * Removes control characters, terminal sequences, and characters that are invisible or turn the direction of the text.
 * White space that holds a line break or a tab becomes one space, half of a surrogate pair becomes U+FFFD. Takes time in
 * proportion to the length.
 *
 * @since 0.1.0
 * @category conversions
 */
export const strip = (text: string): string => {
  if (isPlain(text)) return text
  const parts: Array<string> = []
  /** Where the next part begins, and whether a break was met since the last part. */
  let from = 0
  let breaks = false
  const flush = (end: number) => {
    if (end > from) parts.push(text.slice(from, end))
  }
  const sequences = new Sequences(text)
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code >= 0x21 && code <= 0x7e) {
      breaks = false
      at += 1
    } else if (isBreak(code) || (code === 0x20 && breaks)) {
      let end = at
      while (end > from && text.charCodeAt(end - 1) === 0x20) end -= 1
      flush(end)
      if (!breaks) parts.push(" ")
      breaks = true
      from = at += 1
    } else if (code === 0x20) {
      at += 1
    } else {
      const removed = code === 0x1b || isC1(code) ? sequences.lengthAt(at) : invisibleAt(text, at)
      if (removed > 0) {
        flush(at)
        from = at += removed
      } else if (code >= 0xd800 && code <= 0xdfff) {
        if (isPairAt(text, at)) at += 2
        else {
          flush(at)
          parts.push("\ufffd")
          from = at += 1
        }
        breaks = false
      } else {
        breaks = false
        at += 1
      }
    }
  }
  flush(text.length)
  return parts.join("")
}

/** Tab, line feed, vertical tab, form feed, carriage return, next line, line and paragraph separator. */
const isBreak = (code: number): boolean =>
  (code >= 0x09 && code <= 0x0d) || code === 0x85 || code === 0x2028 || code === 0x2029

const isC1 = (code: number): boolean => code >= 0x80 && code <= 0x9f

const isPairAt = (text: string, at: number): boolean => {
  const next = text.charCodeAt(at + 1)
  return text.charCodeAt(at) <= 0xdbff && next >= 0xdc00 && next <= 0xdfff
}

/** The length of the character at an index if it is a control character or shows nothing, else 0. */
const invisibleAt = (text: string, at: number): number => {
  const code = text.charCodeAt(at)
  if (code < 0x20 || code === 0x7f || code === 0xad || code === 0xfeff) return 1
  if (code === 0x061c || code === 0x180e || code === 0x200b || code === 0x200e || code === 0x200f) return 1
  if ((code >= 0x202a && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f)) return 1
  if (code >= 0xfff9 && code <= 0xfffb) return 1
  // The tag characters, U+E0000 to U+E007F.
  const next = text.charCodeAt(at + 1)
  return code === 0xdb40 && next >= 0xdc00 && next <= 0xdc7f ? 2 : 0
}

/** The terminal sequences of ECMA-48 in one text. */
class Sequences {
  /** From here on no string of a sequence ends. */
  #unterminated = Number.POSITIVE_INFINITY

  constructor(private readonly text: string) {}

  /** The length of the sequence that begins at an index with ESC or a C1 control. */
  lengthAt(at: number): number {
    const { text } = this
    const escaped = text.charCodeAt(at) === 0x1b
    const begin = at + (escaped ? 2 : 1)
    const kind = escaped ? text.charCodeAt(at + 1) + 0x40 : text.charCodeAt(at)
    // CSI: parameters, intermediates, and one final character.
    if (kind === 0x9b) {
      let end = begin
      while (isIn(text, end, 0x30, 0x3f)) end += 1
      while (isIn(text, end, 0x20, 0x2f)) end += 1
      return (isIn(text, end, 0x40, 0x7e) ? end + 1 : end) - at
    }
    // DCS, SOS, OSC, PM and APC: a string up to BEL or ST.
    if (kind === 0x90 || kind === 0x98 || (kind >= 0x9d && kind <= 0x9f)) return this.#stringEnd(begin) - at
    if (!escaped) return 1
    let end = at + 1
    while (isIn(text, end, 0x20, 0x2f)) end += 1
    return (isIn(text, end, 0x30, 0x7e) ? end + 1 : end) - at
  }

  /** Behind the string; where it does not end, before it. */
  #stringEnd(begin: number): number {
    const { text } = this
    if (begin >= this.#unterminated) return begin
    for (let at = begin; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 0x07 || code === 0x9c) return at + 1
      if (code === 0x1b && text.charCodeAt(at + 1) === 0x5c) return at + 2
    }
    this.#unterminated = begin
    return begin
  }
}

const isIn = (text: string, at: number, least: number, most: number): boolean => {
  const code = text.charCodeAt(at)
  return code >= least && code <= most
}
