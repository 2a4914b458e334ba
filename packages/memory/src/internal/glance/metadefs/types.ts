/** How the service reads definitions that match their schema. It fails with 500 for a value of another type. */
import { badRequest, internalError } from "../errors.js"
import { hasFourByteCharacter, isObject, type Json, type JsonObject, repr, title } from "../python.js"

type Read = (value: Json) => Json

const text: Read = (value) => {
  if (value !== null && typeof value !== "string") throw internalError()
  return value
}

/** Numbers and booleans become texts, and other values null. */
const bytes: Read = (value) => {
  if (typeof value === "string") return value
  return typeof value === "number" || typeof value === "boolean" ? repr(value) : null
}

const truths = new Map<Json, boolean>([
  ...["true", "t", "yes", "y", "on", "1"].map((word) => [word, true] as const),
  ...["false", "f", "no", "n", "off", "0"].map((word) => [word, false] as const)
])

const flag: Read = (value) => {
  if (value === null || typeof value === "boolean") return value
  const flag = typeof value === "number" && Number.isInteger(value) ? value !== 0 : truths.get(value)
  if (flag === undefined) throw internalError()
  return flag
}

/** Fractions are cut off. */
const integer: Read = (value) => {
  if (value === null) return null
  if (typeof value !== "number") throw internalError()
  return Math.trunc(value)
}

const list =
  (read: Read): Read =>
  (value) => {
    if (value === null) return null
    if (!Array.isArray(value)) throw internalError()
    return value.map((item: Json) => read(item))
  }

const dictionary =
  (read: Read): Read =>
  (value) => {
    if (value === null) return null
    if (!isObject(value)) throw internalError()
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, read(item ?? null)]))
  }

const record =
  (attributes: { readonly [name: string]: Read }, mandatory: ReadonlyArray<string>) =>
  (value: Json): JsonObject => {
    if (!isObject(value) || Object.keys(value).some((key) => !Object.hasOwn(attributes, key))) throw internalError()
    if (mandatory.some((key) => !Object.hasOwn(value, key))) throw internalError()
    return Object.fromEntries(
      Object.entries(attributes)
        .filter(([key]) => Object.hasOwn(value, key))
        .map(([key, read]) => [key, read(value[key] ?? null)])
    )
  }

export const property = record(
  {
    name: text,
    type: text,
    title: text,
    description: text,
    operators: list(text),
    default: bytes,
    readonly: flag,
    minimum: integer,
    maximum: integer,
    enum: list(text),
    pattern: text,
    minLength: integer,
    maxLength: integer,
    confidential: flag,
    items: record({ type: text, enum: list(text) }, ["type"]),
    uniqueItems: flag,
    minItems: integer,
    maxItems: integer,
    additionalItems: flag
  },
  ["type", "title"]
)

const times = { created_at: text, updated_at: text }

export const object = record(
  {
    name: text,
    required: list(text),
    description: text,
    properties: dictionary(property),
    ...times,
    self: text,
    schema: text
  },
  ["name"]
)

export const tag = record({ name: text, ...times }, ["name"])

export const tagList = record({ tags: list(tag) }, [])

export const association = record({ name: text, prefix: text, properties_target: text, ...times }, ["name"])

export const namespace = record(
  {
    namespace: text,
    display_name: text,
    description: text,
    visibility: text,
    protected: flag,
    owner: text,
    ...times,
    resource_type_associations: list(association),
    properties: dictionary(property),
    objects: list(object),
    tags: list(tag),
    self: text,
    schema: text
  },
  ["namespace"]
)

/** The database takes no characters outside the basic plane; `what` says what is not made of it. */
export const checkCharacters = (what: string, row: JsonObject): void => {
  for (const [key, value] of Object.entries(row)) {
    if (isObject(value)) {
      checkCharacters(what, value)
      continue
    }
    if (hasFourByteCharacter(key)) throw badRequest(`${what}: Property names can't contain 4 byte unicode.`)
    if (typeof value === "string" && hasFourByteCharacter(value)) {
      throw badRequest(`${what}: ${title(key)} can't contain 4 byte unicode characters.`)
    }
  }
}
