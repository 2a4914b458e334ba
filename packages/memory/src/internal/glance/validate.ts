import { isObject, type Json, pformat, repr } from "./python.js"
import type { JsonSchema } from "./schemas.js"

/** One way in which a value breaks a schema. */
interface Mistake {
  readonly message: string
  readonly keyword: string
  readonly schemaPath: ReadonlyArray<string | number>
  readonly path: ReadonlyArray<string | number>
  readonly schema: JsonSchema
  readonly instance: Json
}

const isType = (value: Json, type: string): boolean => {
  switch (type) {
    case "null":
      return value === null
    case "string":
      return typeof value === "string"
    case "integer":
      return typeof value === "number" && Number.isInteger(value)
    case "number":
      return typeof value === "number"
    case "boolean":
      return typeof value === "boolean"
    case "array":
      return Array.isArray(value)
    default:
      return isObject(value)
  }
}

const typesOf = (schema: JsonSchema): ReadonlyArray<string> =>
  schema.type === undefined ? [] : typeof schema.type === "string" ? [schema.type] : schema.type

/** Characters as Python counts them. */
const length = (text: string): number => {
  let count = 0
  for (const _ of text) count += 1
  return count
}

const quoteList = (values: ReadonlyArray<string>): string => values.map((value) => repr(value)).join(", ")

const definitionIn = (root: JsonSchema, ref: string): JsonSchema =>
  root.definitions?.[ref.replace(/^#\/definitions\//, "")] ?? {}

/** In the order in which the service's validator finds them: that of the schema's keys. */
const mistakes = (
  root: JsonSchema,
  value: Json,
  schema: JsonSchema,
  path: ReadonlyArray<string | number>,
  schemaPath: ReadonlyArray<string | number>
): ReadonlyArray<Mistake> => {
  const found: Array<Mistake> = []
  const add = (keyword: string, message: string) =>
    found.push({ message, keyword, schemaPath, path, schema, instance: value })
  for (const keyword of Object.keys(schema)) {
    switch (keyword) {
      case "type": {
        const types = typesOf(schema)
        if (!types.some((type) => isType(value, type)))
          add(keyword, `${repr(value)} is not of type ${quoteList(types)}`)
        break
      }
      case "enum":
        if (schema.enum !== undefined && !schema.enum.some((item) => item === value)) {
          add(keyword, `${repr(value)} is not one of ${repr(schema.enum)}`)
        }
        break
      case "maxLength":
        if (typeof value === "string" && length(value) > (schema.maxLength ?? 0))
          add(keyword, `${repr(value)} is too long`)
        break
      case "minimum":
        if (typeof value === "number" && value < (schema.minimum ?? 0)) {
          add(keyword, `${repr(value)} is less than the minimum of ${repr(schema.minimum)}`)
        }
        break
      case "minItems":
        if (Array.isArray(value) && value.length < (schema.minItems ?? 0)) add(keyword, `${repr(value)} is too short`)
        break
      case "uniqueItems":
        if (Array.isArray(value) && new Set(value.map(repr)).size < value.length) {
          add(keyword, `${repr(value)} has non-unique elements`)
        }
        break
      case "$ref":
        found.push(...mistakes(root, value, definitionIn(root, schema.$ref ?? ""), path, schemaPath))
        break
      case "allOf":
        schema.allOf?.forEach((part, index) => {
          found.push(...mistakes(root, value, part, path, [...schemaPath, keyword, index]))
        })
        break
      case "minLength":
        if (typeof value === "string" && length(value) < (schema.minLength ?? 0))
          add(keyword, `${repr(value)} is too short`)
        break
      case "pattern":
        if (typeof value === "string" && !new RegExp(schema.pattern ?? "", "u").test(value)) {
          add(keyword, `${repr(value)} does not match ${repr(schema.pattern)}`)
        }
        break
      case "items":
        if (Array.isArray(value) && schema.items !== undefined) {
          const items = schema.items
          value.forEach((item: Json, index: number) => {
            found.push(...mistakes(root, item, items, [...path, index], [...schemaPath, "items"]))
          })
        }
        break
      case "properties":
        if (!isObject(value)) break
        for (const [name, property] of Object.entries(schema.properties ?? {})) {
          if (!Object.hasOwn(value, name)) continue
          found.push(
            ...mistakes(root, value[name] ?? null, property, [...path, name], [...schemaPath, "properties", name])
          )
        }
        break
      case "additionalProperties": {
        if (!isObject(value)) break
        const extras = Object.keys(value).filter((name) => !Object.hasOwn(schema.properties ?? {}, name))
        const rest = schema.additionalProperties
        if (typeof rest === "object") {
          for (const name of extras) {
            found.push(...mistakes(root, value[name] ?? null, rest, [...path, name], [...schemaPath, keyword]))
          }
        } else if (rest === false && extras.length > 0) {
          add(
            keyword,
            `Additional properties are not allowed (${quoteList(extras)} ${extras.length === 1 ? "was" : "were"} unexpected)`
          )
        }
        break
      }
      case "required":
        if (!isObject(value)) break
        for (const name of schema.required ?? []) {
          if (!Object.hasOwn(value, name)) add(keyword, `${repr(name)} is a required property`)
        }
        break
    }
  }
  return found
}

/** The shallowest mistake, and among those the first whose type is wrong too. */
const worst = (all: ReadonlyArray<Mistake>): Mistake | undefined => {
  const wrongType = (one: Mistake) => !typesOf(one.schema).some((type) => isType(one.instance, type))
  let best: Mistake | undefined
  for (const one of all) {
    if (
      best === undefined ||
      one.path.length < best.path.length ||
      (one.path.length === best.path.length && wrongType(one) && !wrongType(best))
    ) {
      best = one
    }
  }
  return best
}

const indexes = (path: ReadonlyArray<string | number>): string => path.map((part) => `[${repr(part)}]`).join("")

const indented = (text: string): string =>
  text
    .split("\n")
    .map((line, i) => (i === 0 ? line : `    ${line}`))
    .join("\n")

/** The sentence told when a value does not match, or nothing when it does. */
export const explainMismatch = (value: Json, schema: JsonSchema): string | undefined => {
  const mistake = worst(mistakes(schema, value, schema, [], []))
  if (mistake === undefined) return undefined
  return [
    `Provided object does not match schema '${schema.name ?? ""}': ${mistake.message}`,
    "",
    `Failed validating ${repr(mistake.keyword)} in schema${indexes(mistake.schemaPath)}:`,
    `    ${indented(pformat(mistake.schema as unknown as Json))}`,
    "",
    `On instance${indexes(mistake.path)}:`,
    `    ${indented(pformat(mistake.instance))}`
  ].join("\n")
}
