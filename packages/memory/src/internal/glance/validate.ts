import { badRequest } from "./errors.js"
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

const isOfType: { readonly [type: string]: (value: Json) => boolean } = {
  null: (value) => value === null,
  string: (value) => typeof value === "string",
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  array: (value) => Array.isArray(value),
  object: isObject
}

const isType = (value: Json, type: string): boolean => isOfType[type]?.(value) === true

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

/** A value, the schema that it is checked against, and where in the documents they are. */
interface Check {
  readonly root: JsonSchema
  readonly value: Json
  readonly schema: JsonSchema
  readonly path: ReadonlyArray<string | number>
  readonly schemaPath: ReadonlyArray<string | number>
}

/** One sentence if it applies. */
const when = (applies: boolean, sentence: () => string): ReadonlyArray<string> => (applies ? [sentence()] : [])

/** The mistakes in a member of the value. */
const inMember = (
  { path, root, schemaPath }: Check,
  name: string | number,
  value: Json,
  schema: JsonSchema,
  ...schemaNames: ReadonlyArray<string>
) => mistakes({ root, value, schema, path: [...path, name], schemaPath: [...schemaPath, ...schemaNames] })

/** What each keyword of a schema finds: sentences about the value, or mistakes in its members. */
const keywords: { readonly [keyword: string]: (check: Check) => ReadonlyArray<string | Mistake> } = {
  type: ({ schema, value }) => {
    const types = typesOf(schema)
    return when(!types.some((type) => isType(value, type)), () => `${repr(value)} is not of type ${quoteList(types)}`)
  },
  enum: ({ schema: { enum: values }, value }) =>
    when(
      values !== undefined && !values.some((item) => item === value),
      () => `${repr(value)} is not one of ${repr(values ?? [])}`
    ),
  minLength: ({ schema, value }) =>
    when(typeof value === "string" && length(value) < (schema.minLength ?? 0), () => `${repr(value)} is too short`),
  maxLength: ({ schema, value }) =>
    when(typeof value === "string" && length(value) > (schema.maxLength ?? 0), () => `${repr(value)} is too long`),
  pattern: ({ schema, value }) =>
    when(
      typeof value === "string" && !new RegExp(schema.pattern ?? "", "u").test(value),
      () => `${repr(value)} does not match ${repr(schema.pattern)}`
    ),
  minimum: ({ schema, value }) =>
    when(
      typeof value === "number" && value < (schema.minimum ?? 0),
      () => `${repr(value)} is less than the minimum of ${repr(schema.minimum)}`
    ),
  minItems: ({ schema, value }) =>
    when(Array.isArray(value) && value.length < (schema.minItems ?? 0), () => `${repr(value)} is too short`),
  uniqueItems: ({ value }) =>
    when(
      Array.isArray(value) && new Set(value.map(repr)).size < value.length,
      () => `${repr(value)} has non-unique elements`
    ),
  items: (check) => {
    const { schema, value } = check
    const items = schema.items
    if (!Array.isArray(value) || items === undefined) return []
    return value.flatMap((item: Json, index: number) => inMember(check, index, item, items, "items"))
  },
  properties: (check) => {
    const { schema, value } = check
    if (!isObject(value)) return []
    return Object.entries(schema.properties ?? {})
      .filter(([name]) => Object.hasOwn(value, name))
      .flatMap(([name, property]) => inMember(check, name, value[name] ?? null, property, "properties", name))
  },
  additionalProperties: (check) => {
    const { schema, value } = check
    if (!isObject(value)) return []
    const extras = Object.keys(value).filter((name) => !Object.hasOwn(schema.properties ?? {}, name))
    const rest = schema.additionalProperties
    if (typeof rest === "object") {
      return extras.flatMap((name) => inMember(check, name, value[name] ?? null, rest, "additionalProperties"))
    }
    const were = extras.length === 1 ? "was" : "were"
    return when(
      rest === false && extras.length > 0,
      () => `Additional properties are not allowed (${quoteList(extras)} ${were} unexpected)`
    )
  },
  required: ({ schema, value }) =>
    isObject(value)
      ? (schema.required ?? [])
          .filter((name) => !Object.hasOwn(value, name))
          .map((name) => `${repr(name)} is a required property`)
      : [],
  $ref: (check) => mistakes({ ...check, schema: definitionIn(check.root, check.schema.$ref ?? "") }),
  allOf: (check) =>
    (check.schema.allOf ?? []).flatMap((schema, index) =>
      mistakes({ ...check, schema, schemaPath: [...check.schemaPath, "allOf", index] })
    )
}

/** In the order in which the service's validator finds them: that of the schema's keys. */
const mistakes = (check: Check): ReadonlyArray<Mistake> => {
  const { path, schema, schemaPath, value: instance } = check
  return Object.keys(schema).flatMap((keyword) => {
    const found = Object.hasOwn(keywords, keyword) ? (keywords[keyword]?.(check) ?? []) : []
    return found.map((one) =>
      typeof one === "string" ? { message: one, keyword, schemaPath, path, schema, instance } : one
    )
  })
}

/** The shallowest mistake, and among those the first whose type is wrong too. */
const worst = (all: ReadonlyArray<Mistake>): Mistake | undefined => {
  const wrongType = (one: Mistake) => !typesOf(one.schema).some((type) => isType(one.instance, type))
  const least = all.reduce((depth, { path }) => Math.min(depth, path.length), Number.POSITIVE_INFINITY)
  const shallowest = all.filter(({ path }) => path.length === least)
  return shallowest.find(wrongType) ?? shallowest[0]
}

const indexes = (path: ReadonlyArray<string | number>): string => path.map((part) => `[${repr(part)}]`).join("")

const indented = (text: string): string => `    ${text.replaceAll("\n", "\n    ")}`

/** Refuses a value that does not match the schema. */
export const validate = (value: Json, schema: JsonSchema): void => {
  const mistake = worst(mistakes({ root: schema, value, schema, path: [], schemaPath: [] }))
  if (mistake === undefined) return
  const explanation = [
    `Provided object does not match schema '${schema.name ?? ""}': ${mistake.message}`,
    "",
    `Failed validating ${repr(mistake.keyword)} in schema${indexes(mistake.schemaPath)}:`,
    indented(pformat(mistake.schema as unknown as Json)),
    "",
    `On instance${indexes(mistake.path)}:`,
    indented(pformat(mistake.instance))
  ]
  throw badRequest(explanation.join("\n"))
}
