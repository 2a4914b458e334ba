/** What YAML takes for a boolean, with the word that stands there: it may be a password. */
export class Flag {
  constructor(
    readonly value: boolean,
    readonly source: string
  ) {}
}

/** What files and variables hold. Numbers are the text that stands there: an id of digits only is no number. */
export type Value = string | Flag | null | ReadonlyArray<Value> | Mapping

export interface Mapping extends ReadonlyMap<string, Value> {}

export const isMapping = (value: Value | undefined): value is Mapping => value instanceof Map

export const empty: Mapping = new Map()

/** The mapping at a key: empty where there is none. */
export const mappingAt = (settings: Mapping, key: string): Mapping => {
  const value = settings.get(key)
  return isMapping(value) ? value : empty
}

/** The text of a scalar; none for what is nothing, or is no scalar. */
export const textOf = (value: Value | undefined): string | undefined => {
  const text = value instanceof Flag ? value.source : value
  return typeof text === "string" && text !== "" ? text : undefined
}

/** `auth-url` is `auth_url`. */
export const underscored = (settings: Mapping): Mapping =>
  new Map(
    [...settings].map(([key, value]) => [key.replaceAll("-", "_"), isMapping(value) ? underscored(value) : value])
  )

/** One over the other, all the way down. */
export const merged = (under: Mapping, over: Mapping): Mapping => {
  const all = new Map(under)
  for (const [key, value] of over) {
    const below = all.get(key)
    all.set(key, isMapping(value) && isMapping(below) ? merged(below, value) : value)
  }
  return all
}

/** One over the other; of what they hold only `auth` is merged, too. */
export const overlaid = (under: Mapping, over: Mapping): Mapping => {
  const auth = merged(mappingAt(under, "auth"), mappingAt(over, "auth"))
  return new Map([...under, ...over, ["auth", auth]])
}
