/** Checks definitions, and converts them to JSON. */
import * as Either from "effect/Either"
import type * as GlanceError from "../../GlanceError.js"
import * as Check from "../check.js"
import type * as Wire from "../wire.js"

/** Keys and values of the JSON record; `null` removes a key. */
export type Entries = ReadonlyArray<readonly [wire: string, value: unknown]>

type Checked<A> = Either.Either<A, GlanceError.InvalidArgument>

/** How an attribute is written. @default the key is the name of the attribute */
interface Rule {
  readonly wire?: string
  readonly write: (argument: string, value: unknown) => Checked<unknown>
}

const rule = (check: Check.Check, wire?: string): Rule => ({
  write: (argument, value) => Check.check(argument, value, check),
  ...(wire === undefined ? {} : { wire })
})

/** The name must be a valid path segment, or the definition could not be fetched. */
export const name: Check.Check = (value) => Check.segment(value) ?? Check.text({ maxLength: 80 })(value)

const text = Check.text({})

const wholeNumber: Check.Check = (value) =>
  Number.isSafeInteger(value) ? undefined : `must be a whole number, not ${Check.shown(value)}`

/** Glance joins names with commas to store them. */
const propertyName: Check.Check = (value) => {
  const reason = Check.nonEmpty(value)
  if (reason !== undefined) return reason
  return (value as string).includes(",") ? "must not contain a comma" : undefined
}

const entries = (
  within: string,
  given: unknown,
  rules: Readonly<Record<string, Rule>>,
  /** Attributes that may be `null`. */
  removable: ReadonlySet<string> = new Set()
): Checked<Entries> =>
  Either.gen(function* () {
    yield* Check.check(within, given, Check.object)
    const result: Array<readonly [string, unknown]> = []
    for (const [key, value] of Object.entries(given as object)) {
      if (value === undefined) continue
      const argument = `${within}.${key}`
      const known = Object.hasOwn(rules, key) ? rules[key] : undefined
      if (known === undefined) {
        yield* Check.check(argument, value, () => "is not an attribute that can be set")
        continue
      }
      const isRemoved = value === null && removable.has(key)
      result.push([known.wire ?? key, isRemoved ? null : yield* known.write(argument, value)])
    }
    return result
  })

const required = (within: string, given: object, keys: ReadonlyArray<string>): Checked<void> =>
  Either.gen(function* () {
    for (const key of keys) {
      const value = Object.hasOwn(given, key) ? (given as Record<string, unknown>)[key] : undefined
      yield* Check.check(`${within}.${key}`, value, (one) => (one === undefined ? "must be given" : undefined))
    }
  })

/** Checks values by their names. `fromEntries` defines keys; an assignment would lose `__proto__`. */
const named =
  (check: Check.Check, write: (argument: string, value: unknown, key: string) => Checked<unknown>) =>
  (within: string, given: unknown): Checked<Wire.JsonObject> =>
    Either.gen(function* () {
      yield* Check.check(within, given, Check.object)
      const result: Array<readonly [string, unknown]> = []
      for (const [key, value] of Object.entries(given as object)) {
        if (value === undefined) continue
        const argument = `${within}[${JSON.stringify(key)}]`
        yield* Check.check(argument, key, (one) => {
          const reason = check(one)
          return reason === undefined ? undefined : `is not a name that can be used: it ${reason}`
        })
        result.push([key, yield* write(argument, value, key)])
      }
      return Object.fromEntries(result)
    })

const whole =
  (rules: Readonly<Record<string, Rule>>, needed: ReadonlyArray<string> = []) =>
  (argument: string, value: unknown): Checked<Wire.JsonObject> =>
    Either.gen(function* () {
      const result = yield* entries(argument, value, rules)
      yield* required(argument, value as object, needed)
      return Object.fromEntries(result)
    })

// ---------------------------------------------------------------------------------------------------------------------
// properties
// ---------------------------------------------------------------------------------------------------------------------

const optional: Readonly<Record<string, Rule>> = {
  description: rule(text),
  operators: rule(Check.listOf(text)),
  default: rule(text),
  readonly: rule(Check.flag),
  minimum: rule(wholeNumber),
  maximum: rule(wholeNumber),
  enum: rule(Check.listOf(text)),
  pattern: rule(text),
  minLength: rule(Check.wholeNumber(0)),
  maxLength: rule(Check.wholeNumber(0)),
  items: { write: whole({ type: rule(text), enum: rule(Check.listOf(text)) }, ["type"]) },
  uniqueItems: rule(Check.flag),
  minItems: rule(Check.wholeNumber(0)),
  maxItems: rule(Check.wholeNumber(0)),
  additionalItems: rule(Check.flag)
}

const propertyRules = { type: rule(Check.nonEmpty), title: rule(text), ...optional }

export const property = whole(propertyRules, ["type", "title"])

const rename = { name: rule(name) }

const removableOfProperty = new Set(Object.keys(optional))

export const propertyChanges = (changes: unknown): Checked<Entries> =>
  entries("changes", changes, { ...propertyRules, ...rename }, removableOfProperty)

// ---------------------------------------------------------------------------------------------------------------------
// objects
// ---------------------------------------------------------------------------------------------------------------------

const objectRules = {
  description: rule(text),
  required: rule((value) => {
    const reason = Check.listOf(propertyName)(value)
    if (reason !== undefined) return reason
    return new Set(value as ReadonlyArray<string>).size === (value as ReadonlyArray<string>).length
      ? undefined
      : "must not name a property twice"
  }),
  properties: { write: named(propertyName, property) }
}

export const object = whole(objectRules)

/** A property that is `null` is removed. */
export const objectChanges = (changes: unknown): Checked<Entries> =>
  entries(
    "changes",
    changes,
    {
      ...objectRules,
      ...rename,
      properties: {
        write: named(propertyName, (argument, value) =>
          value === null ? Either.right(null) : property(argument, value)
        )
      }
    },
    new Set(["description"])
  )

// ---------------------------------------------------------------------------------------------------------------------
// namespaces
// ---------------------------------------------------------------------------------------------------------------------

const associationRules = {
  prefix: rule(Check.text({ maxLength: 80 })),
  propertiesTarget: rule(Check.text({ maxLength: 80 }), "properties_target")
}

export const association = whole(associationRules)

const namespaceRules = {
  displayName: rule(Check.text({ maxLength: 80 }), "display_name"),
  description: rule(Check.text({ maxLength: 500 })),
  visibility: rule(Check.nonEmpty),
  protected: rule(Check.flag),
  owner: rule(Check.text({ minLength: 1, maxLength: 255 }))
}

/** Converts definitions by name to a list with names. */
const listed =
  (write: (argument: string, value: unknown) => Checked<Wire.JsonObject>) =>
  (argument: string, value: unknown): Checked<ReadonlyArray<unknown>> =>
    Either.map(
      named(name, (argument, value, name) =>
        Either.map(write(argument, value), (definition) => ({ ...definition, name }))
      )(argument, value),
      Object.values
    )

/** Checks the names of tags, and removes duplicates. */
export const tagNames = (argument: string, value: unknown): Checked<ReadonlyArray<string>> =>
  Either.map(Check.check(argument, value, Check.listOf(name)), (names) => [...new Set(names as ReadonlyArray<string>)])

export const namespace = whole({
  ...namespaceRules,
  associations: { wire: "resource_type_associations", write: listed(association) },
  properties: {
    write: named(name, (argument, value, name) =>
      Either.map(property(argument, value), (definition) => ({ ...definition, name }))
    )
  },
  objects: { write: listed(object) },
  tags: {
    write: (argument, value) => Either.map(tagNames(argument, value), (names) => names.map((name) => ({ name })))
  }
})

export const namespaceChanges = (changes: unknown): Checked<Entries> =>
  entries(
    "changes",
    changes,
    { ...namespaceRules, name: { ...rename.name, wire: "namespace" } },
    new Set(["displayName", "description"])
  )
