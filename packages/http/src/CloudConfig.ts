/**
 * Reads `clouds.yaml` and `OS_*` variables the way openstacksdk does.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as ForeignText from "@effect-glance/core/ForeignText"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Catalog from "./Catalog.js"
import type { CloudAuth } from "./CloudAuth.js"
import {
  type CloudConfigError,
  InvalidCloudSetting,
  type MalformedCloudFile,
  UnreadableCloudFile
} from "./CloudConfigError.js"
import * as BoundedFile from "./internal/config/boundedFile.js"
import * as CloudFiles from "./internal/config/files.js"
import * as CloudKeys from "./internal/config/keys.js"
import * as CloudLogin from "./internal/config/login.js"
import * as CloudReader from "./internal/config/reader.js"
import * as CloudSecrets from "./internal/config/secrets.js"
import * as CloudSettings from "./internal/config/settings.js"
import * as Settings from "./internal/config/values.js"

/**
 * The TLS settings of connections. The HTTP client must support them, as that of `@effect-glance/node/NodeCloud` does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tls {
  /** Whether the certificate of the cloud must be trusted. */
  readonly verify: boolean
  /** The trusted certificates, instead of those of the machine. */
  readonly caFile: Option.Option<string>
  /** The certificate of the client, and its key, which may be in the same file. */
  readonly certificateFile: Option.Option<string>
  readonly keyFile: Option.Option<string>
}

/**
 * One cloud in one region.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly cloud: string
  /** The file that has it, or `the environment`. */
  readonly source: string
  readonly auth: CloudAuth
  readonly region: Option.Option<string>
  readonly interface: NonNullable<Catalog.Selection["interface"]>
  /** The URL of the image service, instead of that of the catalog. */
  readonly endpoint: Option.Option<string>
  /** The time limit of an operation and of a login. */
  readonly timeLimit: Option.Option<Duration.Duration>
  readonly tls: Tls
}

/**
 * The configured cloud.
 *
 * @since 0.1.0
 * @category tags
 */
export class CloudConfig extends Context.Tag("@effect-glance/http/CloudConfig")<CloudConfig, Service>() {}

/**
 * Selects a cloud and a region.
 *
 * @since 0.1.0
 * @category models
 */
export interface Selection {
  /**
   * The name of the cloud.
   *
   * @default `OS_CLOUD`, or else the cloud of the variables if there are any, or else the only one
   */
  readonly cloud?: string | undefined
  /**
   * One of its regions.
   *
   * @default the first
   */
  readonly region?: string | undefined
  /**
   * Settings that override those of the cloud, by their names in `clouds.yaml`, without `auth`: `project_name`,
   * `region_name`. A name also overrides an id, and an id a name.
   *
   * @default none
   */
  readonly settings?: Readonly<Record<string, string>> | undefined
}

const { variable } = CloudFiles

/** The settings in variables. None if only the region is set. */
const variables = Effect.map(
  Effect.forEach([...CloudKeys.topSettings, ...CloudKeys.authSettings], (name) =>
    Effect.map(variable(`OS_${name.toUpperCase()}`), (value) => [name, value] as const)
  ),
  (all) => {
    const settings = new Map<string, string>(
      all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
    )
    return [...settings.keys()].every((name) => name === "region_name") ? undefined : settings
  }
)

const interpret = (settings: CloudSettings.CloudSettings, home: string | undefined) =>
  Either.gen(function* () {
    const reader = CloudReader.make(settings, home)
    const { flag, invalid, named, path, text } = reader
    const timeLimit = yield* reader.seconds("api_timeout")
    const limits = Option.match(timeLimit, { onNone: () => ({}), onSome: (timeLimit) => ({ timeLimit }) })
    const version = yield* text("image_api_version")
    if (version !== undefined && !/^v?2(\.\d+)?$/.test(version)) {
      yield* invalid(named("image_api_version"), "must be 2, the version of the Image API that this client speaks")
    }
    const { auth, endpoint } = yield* CloudLogin.read(reader, limits)
    const verify = flag("verify")
    // A text that is no boolean is the path of trusted certificates, as for the HTTP library of openstacksdk.
    const trusted = verify === undefined ? yield* path("verify") : Option.none<string>()
    const certificateFile = yield* path("cert")
    const service: Service = {
      ...reader.place,
      auth,
      region: Option.fromNullable((yield* text("image_region_name")) ?? settings.region),
      interface: (yield* reader.face("image_interface")) ?? (yield* reader.face("interface")) ?? "public",
      endpoint,
      timeLimit,
      tls: {
        verify: flag("insecure") !== true && verify !== false,
        caFile: Option.orElse(yield* path("cacert"), () => trusted),
        certificateFile,
        keyFile: Option.isSome(certificateFile) ? yield* path("key") : Option.none()
      }
    }
    return service
  })

/**
 * Reads the cloud of the `OS_*` variables: `OS_AUTH_TYPE` and the settings of its login, `OS_REGION_NAME`,
 * `OS_INTERFACE`, `OS_IMAGE_ENDPOINT_OVERRIDE`, `OS_API_TIMEOUT`, `OS_CACERT`, `OS_INSECURE`, and all others that
 * correspond to a setting of `clouds.yaml`. An empty variable counts as unset. The variables are read from the
 * `ConfigProvider`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEnv: Effect.Effect<Service, CloudConfigError | ConfigError.ConfigError> = Effect.gen(function* () {
  const given = (yield* variables) ?? Settings.empty
  const home = yield* variable("HOME")
  const sources = {
    file: undefined,
    clouds: Settings.empty,
    profiles: Settings.empty,
    environment: { name: "envvars", settings: given },
    searched: []
  }
  return yield* Either.mapLeft(
    Either.flatMap(CloudSettings.settle(sources, "envvars", undefined), (settings) => interpret(settings, home)),
    CloudSecrets.withoutSecrets(CloudSecrets.valuesIn(given))
  )
})

/**
 * Reads a cloud of `clouds.yaml` the way openstacksdk does:
 *
 * - The file is the first of `OS_CLIENT_CONFIG_FILE` and of `clouds.yaml`, `clouds.yml`, `clouds.json` in the working
 *   directory, `$XDG_CONFIG_HOME/openstack`, `~/.config/openstack`, `openstack` in each of `$XDG_CONFIG_DIRS`,
 *   `/etc/openstack`. The first `secure.yaml` (or `OS_CLIENT_SECURE_FILE`) in the same places overrides it.
 * - A `profile` is one of the first `clouds-public.yaml`, or `rackspace`, which needs no file.
 * - `OS_*` variables are a separate cloud, called `envvars` or `OS_CLOUD_NAME`. It is used if neither the program nor
 *   `OS_CLOUD` names a cloud. The variables change nothing in a cloud of a file.
 *
 * It differs from openstacksdk in these points:
 *
 * - A number is read as text, so that a password of digits is not changed. Keys may have dashes everywhere.
 * - Without `auth_type`, the login is the one that the keys of `auth` belong to: an application credential, a token, a
 *   passcode or an API key, if there is no password.
 * - `default_domain` (`OS_DEFAULT_DOMAIN`) is the id of the domain of users and projects without one, as the command line
 *   client reads it.
 * - A key beside `auth` that openstacksdk does not know is logged as a warning with the name of the nearest setting.
 * - A file has at most 1 MiB, 100 levels and, with each alias counted as its values, 1,000,000 values. It is UTF-8, and
 *   readable within 10 seconds. A mistake in YAML is an error with the parser's sentence, the line, the column and the
 *   text of the line, in which `***` stands for every value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFiles = ({
  cloud,
  region,
  settings = {}
}: Selection = {}): Effect.Effect<
  Service,
  CloudConfigError | ConfigError.ConfigError,
  FileSystem.FileSystem | Path.Path
> =>
  Effect.suspend(() => {
    const given: Settings.Mapping = new Map(Object.entries(settings))
    const secrets = [...CloudSecrets.valuesIn(given)]
    return Effect.mapError(read({ cloud, region: region ?? settings["region_name"] }, given, secrets), (error) =>
      CloudSecrets.withoutSecrets(secrets)(error)
    )
  })

/** Reads the cloud. Adds the secrets of each document to `secrets`. */
const read = ({ cloud, region }: Selection, given: Settings.Mapping, secrets: Array<string>) =>
  Effect.gen(function* () {
    const warn = (sentence: string) => Effect.logWarning(ForeignText.show(sentence, { secrets }))
    const searched = yield* CloudFiles.directories
    const found = yield* CloudFiles.first("clouds", searched, yield* variable("OS_CLIENT_CONFIG_FILE"))
    const secure = yield* CloudFiles.first("secure", searched, yield* variable("OS_CLIENT_SECURE_FILE"))
    const settings = yield* variables
    secrets.push(...[documentOf(found), documentOf(secure), settings ?? Settings.empty].flatMap(CloudSecrets.valuesIn))
    const file = Option.map(
      Option.orElse(found, () => secure),
      ({ file }) => file
    )
    const clouds = yield* section(file, Settings.merged(documentOf(found), documentOf(secure)), "clouds")
    const name = (yield* variable("OS_CLOUD_NAME")) ?? "envvars"
    if (clouds.has(name)) {
      return yield* new InvalidCloudSetting({
        source: Option.getOrElse(file, () => ""),
        cloud: name,
        key: "its name",
        reason: "is that of the cloud that the OS_* variables describe; rename it, or set OS_CLOUD_NAME to another name"
      })
    }
    const wanted = cloud ?? (yield* variable("OS_CLOUD"))
    const sources: CloudSettings.Sources = {
      file: Option.getOrUndefined(file),
      clouds,
      // Read later, and only for a cloud with a profile: an error in an unused file does not matter.
      profiles: Settings.empty,
      environment: settings === undefined ? undefined : { name, settings },
      searched
    }
    const chosen = yield* CloudSettings.choose(sources, wanted)
    const publicClouds =
      chosen.own.has("profile") || chosen.own.has("cloud")
        ? yield* CloudFiles.first("clouds-public", searched, undefined)
        : Option.none()
    secrets.push(...CloudSecrets.valuesIn(documentOf(publicClouds)))
    const profiles = yield* section(
      Option.map(publicClouds, ({ file }) => file),
      documentOf(publicClouds),
      "public-clouds"
    )
    const settled = yield* CloudSettings.settle({ ...sources, profiles }, wanted, region, given)
    if (
      settled.source !== CloudSettings.environment &&
      region === undefined &&
      (yield* variable("OS_REGION_NAME")) !== undefined
    ) {
      yield* warn(`OS_REGION_NAME changes nothing: cloud ${JSON.stringify(settled.cloud)} is one of ${settled.source}`)
    }
    for (const sentence of CloudReader.unknownKeys(settled)) yield* warn(sentence)
    return yield* interpret(settled, yield* variable("HOME"))
  })

const documentOf = (found: Option.Option<CloudFiles.Found>): Settings.Mapping =>
  Option.match(found, { onNone: () => Settings.empty, onSome: ({ document }) => document })

/** Returns a section of a file, which must be a mapping. Empty if it is missing. */
const section = (
  file: Option.Option<string>,
  document: Settings.Mapping,
  key: string
): Either.Either<Settings.Mapping, MalformedCloudFile> => {
  const value = document.get(key) ?? Settings.empty
  return Settings.isMapping(value)
    ? Either.right(value)
    : Either.left(
        CloudFiles.malformed(
          Option.getOrElse(file, () => ""),
          { reason: `${key} is no mapping` }
        )
      )
}

/**
 * {@link fromEnv} as a layer.
 *
 * @example
 * ```ts
 * import { CloudConfig } from "@effect-glance/http"
 * import { Console, Effect } from "effect"
 *
 * const program = Effect.flatMap(CloudConfig.CloudConfig, ({ region }) => Console.log(region))
 * const main = Effect.provide(program, CloudConfig.layerEnv)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEnv: Layer.Layer<CloudConfig, CloudConfigError | ConfigError.ConfigError> = Layer.effect(
  CloudConfig,
  fromEnv
)

/**
 * {@link fromFiles} as a layer.
 *
 * @example
 * ```ts
 * import { NodeContext } from "@effect/platform-node"
 * import { CloudConfig } from "@effect-glance/http"
 * import { Layer } from "effect"
 *
 * const config = Layer.provide(CloudConfig.layerFiles({ cloud: "prod" }), NodeContext.layer)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFiles = (
  selection?: Selection
): Layer.Layer<CloudConfig, CloudConfigError | ConfigError.ConfigError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(CloudConfig, fromFiles(selection))

/**
 * Reads a text file that a configuration names, such as a certificate, of at most 1 MiB.
 *
 * @internal
 */
export const readFile = (file: string): Effect.Effect<string, UnreadableCloudFile, FileSystem.FileSystem> =>
  Effect.mapError(
    BoundedFile.read(file),
    (error) => new UnreadableCloudFile({ file, reason: BoundedFile.reasonOf(error) })
  )
