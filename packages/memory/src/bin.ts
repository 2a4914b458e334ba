#!/usr/bin/env node
/**
 * `glance-memory`: a cloud in memory on a port, until it is stopped.
 *
 * @since 0.1.0
 */
import { parseArgs } from "node:util"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as MemoryCloud from "./MemoryCloud.js"
import * as NodeMemoryServer from "./NodeMemoryServer.js"

const usage = `glance-memory: a Glance, and the Keystone it needs, in memory, until it is stopped.

  --port PORT          where to listen (default: any free port)
  --host HOST          the address to listen on (default: 127.0.0.1)
  --project NAME       a project, with a user of the same name; may be repeated (default: demo, guest)
  --region NAME        a region; may be repeated (default: RegionOne)
  --rackspace          behave as Rackspace's Cloud Images do
  --count-only         count and hash what is uploaded, and keep none of it
  --help

It prints the variables to log in with. Every password is ${MemoryCloud.password}; there is an admin, too.
`

const read = () =>
  parseArgs({
    options: {
      port: { type: "string" },
      host: { type: "string" },
      project: { type: "string", multiple: true },
      region: { type: "string", multiple: true },
      rackspace: { type: "boolean" },
      "count-only": { type: "boolean" },
      help: { type: "boolean" }
    }
  }).values

const quoted = (value: string): string => (/^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`)

/** A server that cannot listen says why in its cause. */
const reason = (error: unknown): string =>
  error instanceof Error ? error.message || reason(error.cause) : String(error)

const print = (text: string) => Effect.sync(() => process.stdout.write(text))

const main = Effect.gen(function* () {
  const options = yield* Effect.try({ try: read, catch: (error) => error })
  if (options.help === true) return yield* print(usage)
  const port = options.port === undefined ? undefined : Number(options.port)
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
    return yield* Effect.fail(new Error(`${options.port} is no port`))
  }
  const rackspace = options.rackspace === true
  const cloud = yield* MemoryCloud.make({
    projects: options.project,
    regions: options.region,
    flavour: rackspace ? "rackspace" : "openstack",
    bytes: options["count-only"] === true ? "hash" : "keep"
  })
  const server = yield* NodeMemoryServer.serve(cloud, { port, host: options.host })
  const exports = Object.entries(server.environment()).map(([name, value]) => `export ${name}=${quoted(value)}\n`)
  yield* print(`# A cloud in memory, until this process is stopped. Its users: ${cloud.users
    .map(({ name }) => name)
    .join(", ")}.
# Keystone ${server.authUrl}
${rackspace ? `# Rackspace's identity service ${server.rackspaceAuthUrl}, API keys are key-USER\n` : ""}# Glance   ${server.imageUrl}
${exports.join("")}`)
  return yield* Effect.never
}).pipe(
  Effect.scoped,
  Effect.catchAll((error) =>
    Effect.sync(() => {
      process.stderr.write(`glance-memory: ${reason(error)}\n`)
      process.exitCode = 1
    })
  )
)

NodeRuntime.runMain(main)
