/**
 * Decoding without the schema where there is nothing to say against a value; where there may be, the schema decodes again
 * and says it. A decoder of the schema makes an `Either` for each value, and a path and a list of issues for each struct
 * and array, which is most of what it does.
 */
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"

const QuickId = Symbol.for("@effect-glance/core/quick")

/** Answers what the schema would, or nothing, also where it merely does not know. Its input comes from JSON. */
export type Quick<A> = (input: unknown) => A | undefined

/** The annotation of a schema that has such a decoder. */
export const annotation = <A>(quick: Quick<A>) => ({ [QuickId]: quick })

export const of = <A, I>(schema: Schema.Schema<A, I>): Quick<A> =>
  Option.getOrElse(AST.getAnnotation<Quick<A>>(schema.ast, QuickId), () => () => undefined)

const PlainId = Symbol.for("@effect-glance/core/plain")

/** Whether a schema decodes the value to itself. Where it may not, or that is not known, the answer is no. */
export type Plain = (input: unknown) => boolean

/** The annotation of a schema that cannot be looked into. */
export const plainAnnotation = (plain: Plain) => ({ [PlainId]: plain })

const plainTo = (ast: AST.AST): Plain => {
  const own = AST.getAnnotation<Plain>(ast, PlainId)
  if (Option.isSome(own)) return own.value
  switch (ast._tag) {
    case "StringKeyword":
      return (input) => typeof input === "string"
    case "NumberKeyword":
      return (input) => typeof input === "number"
    case "BooleanKeyword":
      return (input) => typeof input === "boolean"
    case "UndefinedKeyword":
      return (input) => input === undefined
    case "Literal":
      return (input) => input === ast.literal
    case "Union":
      return ast.types.map(plainTo).reduceRight((others, one) => either(one, others))
    case "TupleType":
      return ast.elements.length === 0 && ast.rest.length === 1 ? array(plainTo((ast.rest[0] as AST.Type).type)) : never
    case "TypeLiteral":
      return ast.indexSignatures.length === 0 ? struct(ast) : never
    default:
      return never
  }
}

const never: Plain = () => false

const either =
  (one: Plain, other: Plain): Plain =>
  (input) =>
    one(input) || other(input)

const array =
  (item: Plain): Plain =>
  (input) => {
    if (!Array.isArray(input)) return false
    for (const each of input) if (!item(each)) return false
    return true
  }

const [string, number, boolean, nothing, absent] = [1, 2, 4, 8, 16]

/** Which of the values that have no parts this is, as a bit. */
const kindOf = (input: unknown): number =>
  typeof input === "string"
    ? string
    : typeof input === "number"
      ? number
      : typeof input === "boolean"
        ? boolean
        : input === null
          ? nothing
          : input === undefined
            ? absent
            : 0

/** The kinds whose every value a schema decodes to itself. */
const kindsOf = (ast: AST.AST): number => {
  if (Option.isSome(AST.getAnnotation<Plain>(ast, PlainId))) return 0
  switch (ast._tag) {
    case "StringKeyword":
      return string
    case "NumberKeyword":
      return number
    case "BooleanKeyword":
      return boolean
    case "UndefinedKeyword":
      return absent
    case "Literal":
      return ast.literal === null ? nothing : 0
    case "Union":
      return ast.types.reduce((kinds, type) => kinds | kindsOf(type), 0)
    default:
      return 0
  }
}

/** What a struct takes under one of its names. */
export class Member {
  private constructor(
    private readonly kinds: number,
    private readonly others: Plain,
    readonly required: boolean
  ) {}

  static readonly of = ({ isOptional, type }: AST.PropertySignature): Member =>
    new Member(kindsOf(type), plainTo(type), !isOptional)

  /** Text that has to be there, and is looked at elsewhere. */
  static readonly text = new Member(string, never, true)

  /** By its kind for most: a call of a function that differs from member to member takes five times as long. */
  takes(input: unknown): boolean {
    return (this.kinds & kindOf(input)) !== 0 || this.others(input)
  }
}

const membersOf = (ast: AST.TypeLiteral): ReadonlyMap<PropertyKey, Member> =>
  new Map(ast.propertySignatures.map((signature) => [signature.name, Member.of(signature)]))

/** Of a struct, to be made once. */
export const members = (schema: { readonly ast: AST.AST }): ReadonlyMap<PropertyKey, Member> =>
  schema.ast._tag === "TypeLiteral" ? membersOf(schema.ast) : new Map()

/** Whether the members of a struct are there as it would leave them, whatever else there is. */
export const holds = <A, I>(schema: Schema.Schema<A, I>): ((input: unknown) => input is A) => {
  const all = [...members(schema)]
  return (input): input is A =>
    typeof input === "object" &&
    input !== null &&
    all.every(([name, member]) => member.takes((input as { readonly [name: PropertyKey]: unknown })[name]))
}

/** A struct leaves out what it does not know, so there must be nothing else in it. */
const struct = (ast: AST.TypeLiteral): Plain => {
  const members = membersOf(ast)
  const required = [...members].flatMap(([name, { required }]) => (required ? [name] : []))
  return (input) =>
    typeof input === "object" &&
    input !== null &&
    Object.entries(input).every(([key, value]) => members.get(key)?.takes(value)) &&
    required.every((name) => Object.hasOwn(input, name))
}
