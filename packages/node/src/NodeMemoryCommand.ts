/**
 * The command that serves a cloud in memory, as a program: it prints the variables of a login, and runs until it is
 * interrupted. `glance-memory` is this program.
 *
 * @since 0.1.0
 */
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as MemoryServer from "@effect-glance/memory/MemoryServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as command from "./internal/command.js"
import * as NodeMemoryServer from "./NodeMemoryServer.js"

/**
 * How the command is called, and what its cloud has before the flags say more.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The name of the command, in its help and before its complaints. @default "glance-memory" */
  readonly program?: string | undefined
  /** The cloud. Flags come before it. @default an empty cloud with the default projects and users */
  readonly cloud?: MemoryCloud.Options | undefined
}

const quoted = (value: string): string => (/^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`)

/** A server that cannot listen says why in its cause. */
const reason = (error: unknown): string =>
  error instanceof Error ? error.message || reason(error.cause) : String(error)

const print = (text: string) => Effect.sync(() => process.stdout.write(text))
const complainer = (program: string) => (text: string) =>
  Effect.sync(() => process.stderr.write(`${program}: ${text}\n`))

type Complain = ReturnType<typeof complainer>

/** Glance does not say in a task why it could not read an address, so the command does. */
const complaining =
  (complain: Complain, fetchUri: ReturnType<typeof MemoryCloud.fetchUri>): typeof fetchUri =>
  (uri) =>
    Effect.tapError(fetchUri(uri), ({ message }) => complain(`nothing was read from the web: ${message}`))

const given = (options: MemoryCloud.Options): MemoryCloud.Options =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

const read = (args: ReadonlyArray<string>, cloud: MemoryCloud.Options, complain: Complain) => {
  const { values } = parseArgs({ args: [...args], options: command.flags })
  const fetchOptions = command.fetchOptions(values)
  return {
    help: values.help === true,
    cloud: {
      ...cloud,
      ...given(command.cloudOptions(values, (path) => readFileSync(path))),
      fetchUri: fetchOptions && complaining(complain, MemoryCloud.fetchUri(fetchOptions))
    },
    server: {
      port: command.portOf(values.port),
      host: values.host,
      hosts: values["allow-host"],
      cors:
        values["no-cors"] === true
          ? false
          : {
              ...(values["cors-as-glance"] === true ? MemoryServer.glanceCors : {}),
              allowedOrigins: values["cors-origin"]
            }
    } as const
  }
}

const users = (cloud: MemoryCloud.Service, rackspace: boolean): string => {
  const line = ({ id, name, roles }: MemoryCloud.User) => {
    const { apiKey, password } = MemoryCloud.credentials(cloud, { user: id })
    const places = [...roles].map(([project, names]) => `${cloud.project(project).name} (${names.join(", ")})`)
    const key = rackspace ? `, API key ${quoted(Redacted.value(apiKey))}` : ""
    const secrets = `password ${quoted(Redacted.value(password))}${key}`
    return `# User ${quoted(name)}, ${secrets}, in ${places.join(", ") || "no project"}\n`
  }
  return cloud.users.map(line).join("")
}

/**
 * Serves a cloud until the program is interrupted. `args` are the flags that `--help` lists. Prints a complaint and sets the
 * exit code of the process to 1 if a flag or an option is invalid, or if the server cannot listen.
 *
 * @since 0.1.0
 * @category programs
 * @example
 * ```ts
 * import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
 * import * as NodeMemoryCommand from "@effect-glance/node/NodeMemoryCommand"
 *
 * NodeRuntime.runMain(NodeMemoryCommand.run(["--port", "9292"]))
 * ```
 */
export const run = (
  args: ReadonlyArray<string>,
  { cloud: base = {}, program = "glance-memory" }: Options = {}
): Effect.Effect<void> => {
  const complain = complainer(program)
  return Effect.gen(function* () {
    // @effect-diagnostics-next-line unknownInEffectCatch:off
    const options = yield* Effect.try({ try: () => read(args, base, complain), catch: (error) => error })
    if (options.help) return yield* print(command.usage.replace("glance-memory", program))
    const rackspace = options.cloud.flavour === "rackspace"
    const cloud = yield* MemoryCloud.make(options.cloud)
    const server = yield* NodeMemoryServer.serve(cloud, options.server)
    const exports = Object.entries(server.environment()).map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    yield* print(`# A cloud in memory, until this process is stopped
${users(cloud, rackspace)}# Keystone ${server.authUrl}
${rackspace ? `# Rackspace's identity service ${server.rackspaceAuthUrl}\n` : ""}# Glance   ${server.imageUrl}
${exports.join("")}`)
    return yield* Effect.never
  }).pipe(
    Effect.scoped,
    // A project or region that no option names is a defect of `make`, and a mistake of who called the command.
    Effect.catchAllDefect((defect) => Effect.fail(defect)),
    Effect.catchAll((error) =>
      Effect.zipRight(
        complain(reason(error)),
        Effect.sync(() => {
          process.exitCode = 1
        })
      )
    ),
    Effect.asVoid
  )
}
