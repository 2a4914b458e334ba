/**
 * The command line: finds the command, reads its options, runs it and prints what it returns.
 *
 * Exit codes: 0 success, 1 failure, 2 a mistake in the command line, 130 after Ctrl-C.
 *
 * @since 0.1.0
 */
import { basename } from "node:path"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import manifest from "../package.json" with { type: "json" }
import * as Arguments from "./internal/arguments.js"
import * as Cloud from "./internal/cloud.js"
import { type Command, CommandFailed } from "./internal/command.js"
import * as Globals from "./internal/globals.js"
import * as Help from "./internal/help.js"
import * as Log from "./internal/log.js"
import { meant } from "./internal/meant.js"
import type * as Formats from "./internal/output/formats.js"
import * as Print from "./internal/print.js"
import * as Registry from "./internal/registry.js"
import * as Terminal from "./internal/terminal.js"

/** The name that the program was called by, for instance that of a link named `openstack`. */
const program = basename(process.argv[1] ?? "") === "openstack" ? "openstack" : "effect-glance"

/** Runs what may throw a mistake in the command line. */
const checked = <A>(read: () => A) =>
  Effect.try({
    try: read,
    catch: (error) =>
      error instanceof Arguments.UsageError ? error : new CommandFailed({ message: Cause.pretty(Cause.die(error)) })
  })

const runCommand = (name: string, command: Command, words: ReadonlyArray<string>, globals: Globals.Globals) =>
  Effect.gen(function* () {
    const parser = Arguments.parserOf(program, name, command)
    if (globals.help || words.includes("--help")) return yield* Terminal.print(parser.format_help())
    const [values, output] = yield* checked(() => {
      const found = parser.parse_args([...words])
      return [
        Arguments.readParameters(command.parameters, found),
        Arguments.readParameters(Arguments.outputParameters(command), found)
      ] as const
    })
    const result = yield* Effect.provide(command.run(values as never), Cloud.layer(globals))
    const options = output as unknown as Print.Options
    if (command.output === "rows") yield* Print.rows(result as Formats.Rows, options)
    if (command.output === "fields") yield* Print.fields(result as Formats.Fields, options)
  })

const unknown = (words: ReadonlyArray<string>) => {
  const firstOption = words.findIndex((word) => word.startsWith("-"))
  const given = words.slice(0, firstOption < 0 ? words.length : firstOption).join(" ")
  const near = meant(given, [...Registry.commands.keys(), ...Registry.programs.keys()])
  return new Arguments.UsageError({ message: `there is no command "${given}"${near}` })
}

const main = (words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { globals, rest } = yield* checked(() => Globals.parse(program, words))
    if (globals.version) return yield* Terminal.print(`${program} ${manifest.version}\n`)
    const [first, ...others] = rest
    const isHelp = first === "help"
    const asked = isHelp ? others : rest
    const load = Registry.programs.get(asked[0] ?? "")
    if (load !== undefined) {
      const run = yield* Effect.promise(load)
      return yield* run(program, [...asked.slice(1), ...(globals.help || isHelp ? ["--help"] : [])])
    }
    const found = Registry.find(asked)
    if (found !== undefined) {
      const command = yield* Effect.promise(found.load)
      return yield* runCommand(found.name, command, found.rest, { ...globals, help: globals.help || isHelp }).pipe(
        Effect.provide(Log.layer(globals))
      )
    }
    if (isHelp || globals.help || asked.length === 0) {
      const text = Help.text(program, asked)
      if (Option.isSome(text)) return yield* Terminal.print(text.value)
    }
    return yield* Effect.fail(unknown(asked))
  })

const exitCodeOf = (error: { readonly message: string; readonly exitCode?: number | undefined }): number =>
  error instanceof Arguments.UsageError ? 2 : (error.exitCode ?? 1)

const fail = (message: string, exitCode: number) =>
  Effect.zipRight(
    Terminal.complain(`${program}: ${message}`),
    Effect.sync(() => {
      process.exitCode = exitCode
    })
  )

// The reader of a pipe may have seen enough, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))

main(process.argv.slice(2)).pipe(
  Effect.catchAll((error) => fail(error.message, exitCodeOf(error))),
  Effect.catchAllCause((cause) =>
    Cause.isInterrupted(cause) ? Effect.failCause(cause) : fail(Cause.pretty(cause), 1)
  ),
  // Fibers that a failure ends are no news: the failure is printed.
  Effect.withUnhandledErrorLogLevel(Option.none()),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    // Its lines would go to standard output.
    disablePrettyLogger: true,
    teardown: (exit, onExit) => {
      if (Exit.isSuccess(exit)) onExit(Number(process.exitCode ?? 0))
      else onExit(Cause.isInterruptedOnly(exit.cause) ? 130 : 1)
    }
  })
)
