/**
 * Errors in the configuration of a cloud. Their texts are cut and cleaned. They show no secret of the configuration, and
 * no value of a file that cannot be parsed.
 *
 * @since 0.1.0
 */
import * as ForeignText from "@effect-glance/core/ForeignText"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const { TaggedError } = ForeignText

/** Where a cloud is configured: in a file or in environment variables. */
const place = {
  /** The path of the file, or `the environment`. */
  source: Schema.String,
  cloud: Schema.String
}

const at = ({ cloud, source }: { readonly source: string; readonly cloud: string }): string =>
  source === "the environment" ? source : `${source}: cloud ${JSON.stringify(cloud)}`

/** The number of names that a message lists. */
const maxListed = 20

const listed = (all: ReadonlyArray<string>, last: string): string => {
  const names = all.length > maxListed ? [...all.slice(0, maxListed), `${all.length - maxListed} more`] : all
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter((part) => part !== "").join(` ${last} `)
}

/**
 * The file exists but cannot be read.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnreadableCloudFile extends TaggedError<UnreadableCloudFile>("@effect-glance/http/UnreadableCloudFile")(
  "UnreadableCloudFile",
  { file: Schema.String, reason: Schema.String },
  ({ file, reason }) => `${file} cannot be read: ${reason}`
) {}

/**
 * The file is not of the format that its name says, or its content is not a cloud configuration.
 *
 * @since 0.1.0
 * @category errors
 */
export class MalformedCloudFile extends TaggedError<MalformedCloudFile>("@effect-glance/http/MalformedCloudFile")(
  "MalformedCloudFile",
  {
    file: Schema.String,
    /** From 1, if known. */
    line: Schema.optionalWith(Schema.Number, { as: "Option" }),
    column: Schema.optionalWith(Schema.Number, { as: "Option" }),
    reason: Schema.String
  },
  (error) => {
    const where = Option.match(Option.all([error.line, error.column]), {
      onNone: () => "",
      onSome: ([line, column]) => `, line ${line}, column ${column}`
    })
    return `${error.file}${where}: ${error.reason}`
  }
) {}

/**
 * No cloud has this name. Or no cloud was named, and there is not exactly one.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownCloud extends TaggedError<UnknownCloud>("@effect-glance/http/UnknownCloud")(
  "UnknownCloud",
  {
    cloud: Schema.optionalWith(Schema.String, { as: "Option" }),
    /** The file that was read, if there is one. */
    file: Schema.optionalWith(Schema.String, { as: "Option" }),
    /** The names of the configured clouds. */
    known: Schema.Array(Schema.String),
    /** The paths where a file was searched for. */
    searched: Schema.Array(Schema.String)
  },
  ({ cloud, file, known, searched }) => {
    const wanted = Option.match(cloud, {
      onNone: () => "no cloud is named, by OS_CLOUD or by the program",
      onSome: (name) => `there is no cloud ${JSON.stringify(name)}`
    })
    const there =
      known.length === 0 ? "there is none" : `there ${known.length === 1 ? "is" : "are"} ${listed(known, "and")}`
    return Option.match(file, {
      onNone: () =>
        known.length > 0
          ? `${wanted}; ${there}, and no clouds.yaml in ${listed(searched, "or")}`
          : `${wanted}; there is no clouds.yaml in ${listed(searched, "or")}, and no variable says where one is`,
      onSome: (file) => `${file}: ${wanted}; ${there}`
    })
  }
) {}

/**
 * A setting that the login requires is missing.
 *
 * @since 0.1.0
 * @category errors
 */
export class MissingCloudSetting extends TaggedError<MissingCloudSetting>("@effect-glance/http/MissingCloudSetting")(
  "MissingCloudSetting",
  {
    ...place,
    /** The keys or variables, one of which is required. */
    keys: Schema.Array(Schema.String),
    authType: Schema.String
  },
  (error) => `${at(error)}: ${listed(error.keys, "or")} is missing (auth type ${JSON.stringify(error.authType)})`
) {}

/**
 * A setting has an invalid value.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidCloudSetting extends TaggedError<InvalidCloudSetting>("@effect-glance/http/InvalidCloudSetting")(
  "InvalidCloudSetting",
  {
    ...place,
    /** The key or the variable. */
    key: Schema.String,
    /** The end of a sentence that begins with the key. */
    reason: Schema.String
  },
  (error) => `${at(error)}: ${error.key} ${error.reason}`
) {}

/**
 * The authentication type is not supported.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownAuthType extends TaggedError<UnknownAuthType>("@effect-glance/http/UnknownAuthType")(
  "UnknownAuthType",
  { ...place, key: Schema.String, authType: Schema.String, known: Schema.Array(Schema.String) },
  (error) => `${at(error)}: ${error.key} ${JSON.stringify(error.authType)} is none of ${listed(error.known, "and")}`
) {}

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
