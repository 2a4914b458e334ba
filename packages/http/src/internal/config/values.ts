/** A boolean of YAML, with its word, because it may be a password. */
export class Flag {
  constructor(
    readonly value: boolean,
    readonly source: string
  ) {}
}

/** A value of a file or a variable. Numbers are text, because an id may have only digits. */
export type Value = string | Flag | null | ReadonlyArray<Value> | Mapping

export interface Mapping extends ReadonlyMap<string, Value> {}

export const isMapping = (value: Value | undefined): value is Mapping => value instanceof Map

export const empty: Mapping = new Map()

/** Returns the mapping at a key. Empty if there is none. */
export const mappingAt = (settings: Mapping, key: string): Mapping => {
  const value = settings.get(key)
  return isMapping(value) ? value : empty
}

/** Returns the text of a scalar. None if it is empty or no scalar. */
export const textOf = (value: Value | undefined): string | undefined => {
  const text = value instanceof Flag ? value.source : value
  return typeof text === "string" && text !== "" ? text : undefined
}

/** Replaces dashes in keys: `auth-url` is `auth_url`. */
export const underscored = (settings: Mapping): Mapping =>
  new Map(
    [...settings].map(([key, value]) => [key.replaceAll("-", "_"), isMapping(value) ? underscored(value) : value])
  )

/** Merges two mappings at all levels. The second one wins. */
export const merged = (under: Mapping, over: Mapping): Mapping => {
  const all = new Map(under)
  for (const [key, value] of over) {
    const below = all.get(key)
    all.set(key, isMapping(value) && isMapping(below) ? merged(below, value) : value)
  }
  return all
}

/** Merges two mappings at the first level, and in `auth`. The second one wins. */
export const overlaid = (under: Mapping, over: Mapping): Mapping => {
  const auth = merged(mappingAt(under, "auth"), mappingAt(over, "auth"))
  return new Map([...under, ...over, ["auth", auth]])
}
