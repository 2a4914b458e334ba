/** Keeps the secrets of a configuration out of its errors and warnings. */
import * as ForeignText from "@effect-glance/core/ForeignText"
import * as Secrets from "@effect-glance/core/Secrets"
import type * as ConfigError from "effect/ConfigError"
import * as CloudConfigError from "../../CloudConfigError.js"
import * as CloudKeys from "./keys.js"
import * as Settings from "./values.js"

/** A shorter value is in many words by chance. */
const minLength = 4

/** A real file has some dozens. Each costs time for each text that is shown. */
const maxValues = 1000

/** The names of settings, which messages must show. */
const vocabulary = [...CloudKeys.authSettings, ...CloudKeys.topSettings].join(" ")

/** Masking a value that is part of the name of a setting, such as `password` or `secret`, would show it. */
const isDistinct = (text: string): boolean => text.length >= minLength && !vocabulary.includes(text)

/**
 * The values under keys whose names say that they are secret, at any level. Aliases share mappings, and each mapping is
 * read once. At most 1,000 different values.
 */
export const valuesIn = (document: Settings.Mapping): ReadonlyArray<string> => {
  const values = new Set<string>()
  const seen = new Set<Settings.Value>()
  const visit = (value: Settings.Value, isSecret: boolean): void => {
    const text = Settings.textOf(value)
    if (text !== undefined) {
      if (isSecret && values.size < maxValues && isDistinct(text)) values.add(text)
      return
    }
    if (seen.has(value)) return
    if (Settings.isMapping(value)) {
      seen.add(value)
      for (const [key, inner] of value) visit(inner, Secrets.isName(key))
    } else if (Array.isArray(value)) for (const inner of value as ReadonlyArray<Settings.Value>) visit(inner, isSecret)
  }
  visit(document, false)
  return [...values]
}

const classes: { readonly [tag: string]: (new (fields: never) => CloudConfigError.CloudConfigError) | undefined } =
  CloudConfigError

/** The error without these secrets. An error of the `ConfigProvider` stays as it is. */
export const withoutSecrets =
  (secrets: ReadonlyArray<string>) =>
  <E extends CloudConfigError.CloudConfigError | ConfigError.ConfigError>(error: E): E => {
    const Class = "_tag" in error ? classes[error._tag] : undefined
    return Class === undefined
      ? error
      : (new Class(ForeignText.showFields({ ...error }, { secrets }) as never) as unknown as E)
  }
