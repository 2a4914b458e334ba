/**
 * Errors in the configuration of a cloud. Their texts are cut and cleaned. They show no secret of the configuration, and
 * no value of a file that cannot be parsed.
 *
 * @since 0.1.0
 */
import * as ForeignText from "@effect-glance/core/ForeignText"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** People wrote most of the texts in these errors. */
const { TaggedError } = ForeignText

/** Where a cloud stands: in a file, or in the variables. */
const place = {
  /** The path of the file, or `the environment`. */
  source: Schema.String,
  cloud: Schema.String
}

const at = ({ cloud, source }: { readonly source: string; readonly cloud: string }): string =>
  source === "the environment" ? source : `${source}: cloud ${JSON.stringify(cloud)}`

/** A message lists no more names than these. */
const maxListed = 20

const listed = (all: ReadonlyArray<string>, last: string): string => {
  const names = all.length > maxListed ? [...all.slice(0, maxListed), `${all.length - maxListed} more`] : all
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter((part) => part !== "").join(` ${last} `)
}

/**
 * There is a file, and it cannot be read.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnreadableCloudFile extends TaggedError<UnreadableCloudFile>("@effect-glance/http/UnreadableCloudFile")(
  "UnreadableCloudFile",
  { file: Schema.String, reason: Schema.String }
) {
  override get message(): string {
    return `${this.file} cannot be read: ${this.reason}`
  }
}

/**
 * A file is not what its name says, or does not hold what such a file holds.
 *
 * @since 0.1.0
 * @category errors
 */
export class MalformedCloudFile extends TaggedError<MalformedCloudFile>("@effect-glance/http/MalformedCloudFile")(
  "MalformedCloudFile",
  {
    file: Schema.String,
    /** From 1, where it is known. */
    line: Schema.optionalWith(Schema.Number, { as: "Option" }),
    column: Schema.optionalWith(Schema.Number, { as: "Option" }),
    reason: Schema.String
  }
) {
  override get message(): string {
    const where = Option.match(Option.all([this.line, this.column]), {
      onNone: () => "",
      onSome: ([line, column]) => `, line ${line}, column ${column}`
    })
    return `${this.file}${where}: ${this.reason}`
  }
}

/**
 * No cloud is called so; or none was named, and there is not exactly one.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownCloud extends TaggedError<UnknownCloud>("@effect-glance/http/UnknownCloud")("UnknownCloud", {
  cloud: Schema.optionalWith(Schema.String, { as: "Option" }),
  /** The file that was read, if there is one. */
  file: Schema.optionalWith(Schema.String, { as: "Option" }),
  /** The clouds there are. */
  known: Schema.Array(Schema.String),
  /** Where a file was looked for. */
  searched: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const wanted = Option.match(this.cloud, {
      onNone: () => "no cloud is named, by OS_CLOUD or by the program",
      onSome: (name) => `there is no cloud ${JSON.stringify(name)}`
    })
    const there =
      this.known.length === 0
        ? "there is none"
        : `there ${this.known.length === 1 ? "is" : "are"} ${listed(this.known, "and")}`
    return Option.match(this.file, {
      onNone: () =>
        this.known.length > 0
          ? `${wanted}; ${there}, and no clouds.yaml in ${listed(this.searched, "or")}`
          : `${wanted}; there is no clouds.yaml in ${listed(this.searched, "or")}, and no variable says where one is`,
      onSome: (file) => `${file}: ${wanted}; ${there}`
    })
  }
}

/**
 * What the login of a cloud cannot do without is not said.
 *
 * @since 0.1.0
 * @category errors
 */
export class MissingCloudSetting extends TaggedError<MissingCloudSetting>("@effect-glance/http/MissingCloudSetting")(
  "MissingCloudSetting",
  {
    ...place,
    /** The keys, or variables, one of which is needed. */
    keys: Schema.Array(Schema.String),
    authType: Schema.String
  }
) {
  override get message(): string {
    return `${at(this)}: ${listed(this.keys, "or")} is missing (auth type ${JSON.stringify(this.authType)})`
  }
}

/**
 * A setting that says what cannot be.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidCloudSetting extends TaggedError<InvalidCloudSetting>("@effect-glance/http/InvalidCloudSetting")(
  "InvalidCloudSetting",
  {
    ...place,
    /** The key, or the variable. */
    key: Schema.String,
    /** The end of a sentence that begins with the key. */
    reason: Schema.String
  }
) {
  override get message(): string {
    return `${at(this)}: ${this.key} ${this.reason}`
  }
}

/**
 * A way to log in that is not known here.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownAuthType extends TaggedError<UnknownAuthType>("@effect-glance/http/UnknownAuthType")(
  "UnknownAuthType",
  { ...place, key: Schema.String, authType: Schema.String, known: Schema.Array(Schema.String) }
) {
  override get message(): string {
    return `${at(this)}: ${this.key} ${JSON.stringify(this.authType)} is none of ${listed(this.known, "and")}`
  }
}

/**
 * Everything that can be wrong with the configuration of a cloud.
 *
 * @since 0.1.0
 * @category errors
 */
export type CloudConfigError =
  | UnreadableCloudFile
  | MalformedCloudFile
  | UnknownCloud
  | MissingCloudSetting
  | InvalidCloudSetting
  | UnknownAuthType
