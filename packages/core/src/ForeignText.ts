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

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: these are the characters to remove

/** CSI with its parameters, other escape sequences of ECMA-48, and single C1 controls but for the line break U+0085. */
const sequences = /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|\x1b[ -/]*[0-~]?|[\x80-\x84\x86-\x9f]/g

/** The strings of ECMA-48: DCS, SOS, OSC, PM and APC, up to BEL or ST. */
const strings = /(?:\x1b[PX\]^_]|[\x90\x98\x9d-\x9f])[\s\S]*?(?:\x07|\x9c|\x1b\\)/
const stringsAndSequences = new RegExp(`${strings.source}|${sequences.source}`, "g")

/** The part of a text in which all strings end. Beyond it, each string would be searched to the end of the text. */
const partWithStrings = /^[\s\S]*(?:\x07|\x9c|\x1b\\)/

/** Control characters, and characters that are invisible or change the direction. */
const invisible =
  /[\0-\x08\x0e-\x1f\x7f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g
const tags = /\udb40[\udc00-\udc7f]/g

// biome-ignore-end lint/suspicious/noControlCharactersInRegex: these are the characters to remove

const lineBreak = /[\t-\r\x85\u2028\u2029]/
const space = /[ \t-\r\x85\u2028\u2029]+/g

/**
 * Removes control characters, terminal sequences, and characters that are invisible or change the direction of the
 * text. White space with a line break or a tab becomes one space. Half of a surrogate pair becomes U+FFFD. Takes time
 * in proportion to the length.
 *
 * @since 0.1.0
 * @category conversions
 */
export const strip = (text: string): string => {
  if (isPlain(text)) return text
  const valid = text.replace(/\p{Surrogate}/gu, "\ufffd")
  const [part = ""] = partWithStrings.exec(valid) ?? []
  const plain = part.replace(stringsAndSequences, "") + valid.slice(part.length).replace(sequences, "")
  return plain
    .replace(invisible, "")
    .replace(tags, "")
    .replace(space, (found) => (lineBreak.test(found) ? " " : found))
}
