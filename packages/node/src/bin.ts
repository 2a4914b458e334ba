#!/usr/bin/env node
/**
 * `glance-memory`: a cloud in memory on a port, until it is stopped.
 *
 * @since 0.1.0
 */
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as MemoryServer from "@effect-glance/memory/MemoryServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as command from "./internal/command.js"
import * as NodeMemoryServer from "./NodeMemoryServer.js"

const quoted = (value: string): string => (/^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`)

/** A server that cannot listen says why in its cause. */
const reason = (error: unknown): string =>
  error instanceof Error ? error.message || reason(error.cause) : String(error)

const print = (text: string) => Effect.sync(() => process.stdout.write(text))
const complain = (text: string) => Effect.sync(() => process.stderr.write(`glance-memory: ${text}\n`))

/** Glance does not say in a task why it could not read an address, so the command does. */
const complaining =
  (fetchUri: ReturnType<typeof MemoryCloud.fetchUri>): typeof fetchUri =>
  (uri) =>
    Effect.tapError(fetchUri(uri), ({ message }) => complain(`nothing was read from the web: ${message}`))

const read = () => {
  const { values } = parseArgs({ options: command.flags })
  const fetchOptions = command.fetchOptions(values)
  return {
    help: values.help === true,
    cloud: {
      ...command.cloudOptions(values, (path) => readFileSync(path)),
      fetchUri: fetchOptions && complaining(MemoryCloud.fetchUri(fetchOptions))
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

const main = Effect.gen(function* () {
  // @effect-diagnostics-next-line unknownInEffectCatch:off
  const options = yield* Effect.try({ try: read, catch: (error) => error })
  if (options.help) return yield* print(command.usage)
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
  )
)

NodeRuntime.runMain(main)
