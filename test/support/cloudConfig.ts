/** A machine that has nothing but these files and variables, and what its configuration comes to. */
import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { CloudConfig } from "@effect-glance/http"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

export interface Machine {
  /** By their paths below the root of the machine. One that is null cannot be read. */
  readonly files?: Readonly<Record<string, string | null>>
  /** `$ROOT` is the root of the machine. */
  readonly variables?: Readonly<Record<string, string>>
}

/** What a configuration comes to, in the words of openstacksdk. */
export interface Resolved {
  readonly cloud: string
  readonly auth_type: string
  readonly auth: Readonly<Record<string, unknown>>
  readonly region?: string
  readonly interface: string
  readonly endpoint?: string
  readonly timeout?: number
  readonly verify: boolean | string
  readonly cert?: string | ReadonlyArray<string>
}

export const rooted = <A>(value: A, root: string): A =>
  JSON.parse(JSON.stringify(value).replaceAll("$ROOT", root.replaceAll("\\", "\\\\")))

/** Everything that a machine has by itself. The working directory is `$ROOT/cwd`. */
export const variablesOf = ({ variables }: Machine, root: string): Readonly<Record<string, string>> =>
  rooted({ HOME: "$ROOT/home", XDG_CONFIG_DIRS: "$ROOT/etc/xdg", ...variables }, root)

export const layer = (machine: Machine, root = "/root"): Layer.Layer<FileSystem.FileSystem | Path.Path> =>
  Layer.mergeAll(
    FileSystem.layerNoop({
      stream: (path) => {
        const text = path.startsWith(`${root}/`) ? machine.files?.[path.slice(root.length + 1)] : undefined
        return typeof text === "string"
          ? Stream.succeed(new TextEncoder().encode(rooted(text, root)))
          : Stream.fail(
              new SystemError({
                module: "FileSystem",
                method: "open",
                reason: text === null ? "PermissionDenied" : "NotFound",
                pathOrDescriptor: path
              })
            )
      }
    }),
    Layer.effect(
      Path.Path,
      Effect.map(Path.Path, (path) => ({ ...path, resolve: (...parts) => path.resolve(`${root}/cwd`, ...parts) }))
    ).pipe(Layer.provide(Path.layer)),
    Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variablesOf(machine, root)))))
  )

const plain = (options: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).flatMap(([key, value]) =>
      value === undefined || key === "timeLimit"
        ? []
        : [
            [
              key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
              Redacted.isRedacted(value) ? Redacted.value(value) : value
            ]
          ]
    )
  )

const optional = <Key extends string, A>(key: Key, value: Option.Option<A>): { readonly [K in Key]?: A } =>
  Option.match(value, { onNone: () => ({}), onSome: (value) => ({ [key]: value }) as { [K in Key]?: A } })

export const resolvedOf = ({
  auth,
  cloud,
  endpoint,
  interface: face,
  region,
  timeLimit,
  tls
}: CloudConfig.Service): Resolved => ({
  cloud,
  auth_type: auth.type,
  auth: plain(auth.options),
  ...optional("region", region),
  interface: face,
  ...optional("endpoint", endpoint),
  ...optional("timeout", Option.map(timeLimit, Duration.toSeconds)),
  verify: tls.verify && Option.getOrElse(tls.caFile, () => true),
  ...optional(
    "cert",
    Option.map(tls.certificateFile, (file) =>
      Option.match(tls.keyFile, { onNone: () => file, onSome: (key): string | ReadonlyArray<string> => [file, key] })
    )
  )
})

/** What the configuration of the machine comes to, or the sentence that says why to nothing. */
export const resolve = (
  machine: Machine,
  selection?: CloudConfig.Selection,
  root?: string
): Effect.Effect<Resolved | string> =>
  CloudConfig.fromFiles(selection).pipe(
    Effect.match({ onSuccess: resolvedOf, onFailure: (error) => ("message" in error ? error.message : String(error)) }),
    Effect.provide(layer(machine, root))
  )
