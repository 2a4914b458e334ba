import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as ForeignText from "@effect-glance/core/ForeignText"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { MalformedCloudFile, UnreadableCloudFile } from "../../CloudConfigError.js"
import * as BoundedFile from "./boundedFile.js"
import type { Complaint } from "./text.js"
import * as Settings from "./values.js"

/** Reads a variable. An empty one counts as unset, because the files of clouds have such lines. */
export const variable = (name: string): Effect.Effect<string | undefined, ConfigError.ConfigError> =>
  Config.string(name).pipe(
    Config.map((text) => (text === "" ? undefined : text)),
    Config.withDefault(undefined)
  )

/** The directories that openstacksdk searches, in order. */
export const directories: Effect.Effect<ReadonlyArray<string>, ConfigError.ConfigError, Path.Path> = Effect.gen(
  function* () {
    const path = yield* Path.Path
    const home = yield* variable("HOME")
    const snap = yield* variable("SNAP_REAL_HOME")
    const user = yield* variable("XDG_CONFIG_HOME")
    const system = (yield* variable("XDG_CONFIG_DIRS")) ?? "/etc/xdg"
    const within = (...segments: ReadonlyArray<string | undefined>) =>
      segments.every((segment) => segment !== undefined) ? [path.join(...(segments as ReadonlyArray<string>))] : []
    const all = [
      path.resolve(),
      ...(user === undefined ? within(home, ".config", "openstack") : within(user, "openstack")),
      ...within(snap ?? home, ".config", "openstack"),
      ...system.split(":").flatMap((directory) => (directory === "" ? [] : within(directory, "openstack"))),
      "/etc/openstack"
    ]
    return [...new Set(all)]
  }
)

export interface Found {
  readonly file: string
  readonly document: Settings.Mapping
}

export const malformed = (file: string, { column, line, reason }: Complaint): MalformedCloudFile =>
  new MalformedCloudFile({ file, line: Option.fromNullable(line), column: Option.fromNullable(column), reason })

/** Imports the YAML library only if there is a file to read, because the import takes 40 ms. */
const parse = (file: string, text: string): Effect.Effect<Settings.Mapping, MalformedCloudFile> =>
  Effect.gen(function* () {
    const { parseJson, parseYaml } = yield* Effect.promise(() => import("./text.js"))
    const value = yield* Either.mapLeft(file.endsWith(".json") ? parseJson(text) : parseYaml(text), (complaint) =>
      malformed(file, complaint)
    )
    if (value === null) return Settings.empty
    if (Settings.isMapping(value)) return value
    return yield* malformed(file, { line: 1, column: 1, reason: "holds no mapping of keys to values" })
  })

/**
 * Reads the first existing file of a name. A file that cannot be read is skipped with a warning, as in openstacksdk. It
 * is the error if there is no other `clouds` file.
 */
export const first = (
  name: "clouds" | "secure" | "clouds-public",
  directories: ReadonlyArray<string>,
  named: string | undefined
): Effect.Effect<Option.Option<Found>, UnreadableCloudFile | MalformedCloudFile, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const usual = directories.flatMap((directory) =>
      [".yaml", ".yml", ".json"].map((suffix) => path.join(directory, `${name}${suffix}`))
    )
    let unreadable: UnreadableCloudFile | undefined
    for (const file of named === undefined ? usual : [path.resolve(named), ...usual]) {
      const text = yield* Effect.either(BoundedFile.read(file))
      if (Either.isRight(text)) return Option.some({ file, document: yield* parse(file, text.right) })
      if (text.left._tag === "Unusable") {
        return yield* new UnreadableCloudFile({ file, reason: BoundedFile.reasonOf(text.left) })
      }
      // A bad resource is a directory, or has a file in its path.
      const missing = text.left._tag === "SystemError" && /^(NotFound|BadResource)$/.test(text.left.reason)
      if (missing && named !== undefined && file === path.resolve(named)) {
        yield* Effect.logWarning(
          `${ForeignText.show(file)} is named by a variable and does not exist; the usual places are searched`
        )
      }
      if (missing) continue
      const error = new UnreadableCloudFile({ file, reason: BoundedFile.reasonOf(text.left) })
      yield* Effect.logWarning(`${error.message}; it is passed over`)
      unreadable ??= error
    }
    if (unreadable !== undefined && name === "clouds") return yield* unreadable
    return Option.none()
  })
