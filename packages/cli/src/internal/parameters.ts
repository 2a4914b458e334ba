/** The options and arguments of a command, as declarations from which the parser, the help and the types follow. */
import type { ArgumentOptions } from "argparse"

/** A value of the command line, which the parser finds under one or several flags. */
export interface Parameter<out A> {
  /** Each flag with its settings. A positional argument has the flag "". */
  readonly flags: ReadonlyArray<Flag>
  /** Flags of the same group exclude each other. */
  readonly group?: string | undefined
  readonly isRequired?: boolean | undefined
  /** Makes the value from what the parser found: nothing, or a text, a list of texts, or a constant. */
  readonly read: (found: unknown) => A
}

export interface Flag {
  readonly name: string
  readonly settings: ArgumentOptions
}

/** A value that the user has to change, with the end of a sentence that begins with the value. */
export class InvalidValue extends Error {}

export interface TextSettings {
  readonly metavar?: string | undefined
  readonly choices?: ReadonlyArray<string> | undefined
  readonly group?: string | undefined
  /** Whether the help omits the option: an older spelling, or one that Glance no longer knows. */
  readonly hidden?: boolean | undefined
}

const settingsOf = (help: string, { choices, hidden = false, metavar }: TextSettings): ArgumentOptions => ({
  help: hidden ? "==SUPPRESS==" : help.replaceAll("%", "%%"),
  ...(metavar === undefined ? {} : { metavar }),
  ...(choices === undefined ? {} : { choices: [...choices] })
})

const asText = (found: unknown): string | undefined => (typeof found === "string" ? found : undefined)

const asTexts = (found: unknown): ReadonlyArray<string> => (Array.isArray(found) ? found.map(String) : [])

/** An option with a text. */
export const text = (name: string, help: string, settings: TextSettings = {}): Parameter<string | undefined> => ({
  flags: [{ name, settings: settingsOf(help, settings) }],
  group: settings.group,
  read: asText
})

/** An option with a text that has a default. */
export const textOr = (
  name: string,
  fallback: string,
  help: string,
  settings: TextSettings = {}
): Parameter<string> => ({ ...text(name, help, settings), read: (found) => asText(found) ?? fallback })

/** An option that must be given. */
export const requiredText = (name: string, help: string, settings: TextSettings = {}): Parameter<string> => ({
  flags: [{ name, settings: { ...settingsOf(help, settings), required: true } }],
  isRequired: true,
  read: String
})

/** An option that may be repeated. */
export const texts = (name: string, help: string, settings: TextSettings = {}): Parameter<ReadonlyArray<string>> => ({
  flags: [{ name, settings: { ...settingsOf(help, settings), action: "append" } }],
  group: settings.group,
  read: asTexts
})

/** An option that takes all texts up to the next option. */
export const textList = (
  name: string,
  help: string,
  settings: TextSettings = {}
): Parameter<ReadonlyArray<string> | undefined> => ({
  flags: [{ name, settings: { ...settingsOf(help, settings), nargs: "*" } }],
  group: settings.group,
  read: (found) => (Array.isArray(found) ? asTexts(found) : undefined)
})

/** An option `key=value` that may be repeated. The last value of a key wins. */
export const pairs = (
  name: string,
  help: string,
  settings: TextSettings = {}
): Parameter<ReadonlyMap<string, string>> => ({
  ...texts(name, help, settings),
  read: (found) =>
    new Map(
      asTexts(found).map((pair) => {
        const mark = pair.indexOf("=")
        if (mark < 0) throw new InvalidValue(`${name}: expected key=value, not ${JSON.stringify(pair)}`)
        if (mark === 0) throw new InvalidValue(`${name}: ${JSON.stringify(pair)} has no key before the equals sign`)
        return [pair.slice(0, mark), pair.slice(mark + 1)] as const
      })
    )
})

/** An option with a whole number. */
export const integer = (
  name: string,
  help: string,
  settings: TextSettings & { readonly min?: number | undefined } = {}
): Parameter<number | undefined> => ({
  ...text(name, help, settings),
  read: (found) => {
    const given = asText(found)
    if (given === undefined) return undefined
    const number = /^\s*[+-]?\d+\s*$/.test(given) ? Number(given) : Number.NaN
    if (!Number.isSafeInteger(number)) {
      throw new InvalidValue(`${name}: expected a whole number, not ${JSON.stringify(given)}`)
    }
    if (settings.min !== undefined && number < settings.min) {
      throw new InvalidValue(`${name}: must be at least ${settings.min}, not ${number}`)
    }
    return number
  }
})

/** Reads a text in small letters. */
export const lowerCase = ({ flags, ...parameter }: Parameter<string | undefined>): Parameter<string | undefined> => ({
  ...parameter,
  flags: flags.map(({ name, settings }) => ({
    name,
    settings: { ...settings, type: (value: string) => value.toLowerCase() }
  }))
})

/** A switch. */
export const flag = (
  name: string,
  help: string,
  { group, hidden }: Pick<TextSettings, "group" | "hidden"> = {}
): Parameter<boolean> => ({
  flags: [{ name, settings: { ...settingsOf(help, { hidden }), action: "store_const", const: true } }],
  group,
  read: (found) => found === true
})

/** Several switches of which at most one is given. Each stands for a value. */
export const oneOf = <A extends string | boolean>(
  group: string,
  choices: ReadonlyArray<readonly [name: string, value: A, help: string]>
): Parameter<A | undefined> => ({
  flags: choices.map(([name, value, help]) => ({
    name,
    settings: { ...settingsOf(help, {}), action: "store_const", const: value }
  })),
  group,
  read: (found) => choices.find(([, value]) => value === found)?.[1]
})

/** A positional argument. */
export const argument = (metavar: string, help: string): Parameter<string> => ({
  flags: [{ name: "", settings: { metavar, help } }],
  isRequired: true,
  read: String
})

/** One positional argument or more. */
export const argumentList = (metavar: string, help: string): Parameter<ReadonlyArray<string>> => ({
  flags: [{ name: "", settings: { metavar, help, nargs: "+" } }],
  isRequired: true,
  read: asTexts
})

export type Parameters = Readonly<Record<string, Parameter<unknown>>>

export type ValuesOf<P extends Parameters> = { readonly [K in keyof P]: P[K] extends Parameter<infer A> ? A : never }
