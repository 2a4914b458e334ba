/** Reads command lines as Python's `argparse` does, which `openstack` is built on. */
import { ArgumentParser, type ArgumentParserOptions, type Namespace, RawDescriptionHelpFormatter } from "argparse"
import * as Data from "effect/Data"
import type { Command } from "./command.js"
import * as Formats from "./output/formats.js"
import * as Parameters from "./parameters.js"

/** A mistake in the command line. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

/** A parser that throws instead of ending the process. */
class Parser extends ArgumentParser {
  override error(message: string): never {
    throw new UsageError({ message })
  }
}

export const makeParser = (options: ArgumentParserOptions): ArgumentParser =>
  new Parser({ ...options, formatter_class: RawDescriptionHelpFormatter, color: false } as ArgumentParserOptions)

/** Options of output, as each command has them that prints something. */
const printing = {
  format: (formats: ReadonlyArray<string>) =>
    Parameters.textOr("-f", "table", "Output format (default: table)", { metavar: "FORMAT", choices: formats }),
  column: Parameters.texts("-c", "Print only this column (may be repeated)", { metavar: "COLUMN" }),
  noindent: Parameters.flag("--noindent", "json: on one line"),
  maxWidth: Parameters.integer("--max-width", "table: the longest line; 0 is that of the terminal", {
    metavar: "<integer>"
  }),
  fitWidth: Parameters.flag("--fit-width", "table: fit it to the terminal (always done there)"),
  printEmpty: Parameters.flag("--print-empty", "table: print the titles also if there are no rows")
}

const sorting = {
  sortColumn: Parameters.texts("--sort-column", "Order by this column (may be repeated)", { metavar: "SORT_COLUMN" }),
  sortDirection: Parameters.oneOf("sort direction", [
    ["--sort-ascending", "ascending", "Order upwards (default)"],
    ["--sort-descending", "descending", "Order downwards"]
  ])
}

const quoting = {
  quote: Parameters.textOr("--quote", "nonnumeric", "csv: what to quote (default: nonnumeric)", {
    choices: ["all", "minimal", "none", "nonnumeric"]
  })
}

const shell = {
  prefix: Parameters.textOr("--prefix", "", "shell: put this before the names of variables"),
  variable: Parameters.texts("--variable", "", { metavar: "VARIABLE", hidden: true })
}

const longNames: Readonly<Record<string, string>> = { "-f": "--format", "-c": "--column" }

/** The parameters of the output of a command. */
export const outputParameters = ({ output }: Pick<Command, "output">): Parameters.Parameters => {
  if (output === "nothing") return {}
  const { format, ...common } = printing
  return output === "rows"
    ? { format: format(Formats.listFormats), ...common, ...quoting, ...sorting }
    : { format: format(Formats.oneFormats), ...common, ...shell }
}

/** Adds parameters to a parser. Those of a group exclude each other. */
export const addParameters = (parser: ArgumentParser, parameters: Parameters.Parameters): void => {
  const groups = new Map<string, ReturnType<ArgumentParser["add_mutually_exclusive_group"]>>()
  for (const [key, { flags, group }] of Object.entries(parameters)) {
    let target: Pick<ArgumentParser, "add_argument"> = parser
    if (group !== undefined) {
      const known = groups.get(group) ?? parser.add_mutually_exclusive_group()
      groups.set(group, known)
      target = known
    }
    for (const { name, settings } of flags) {
      if (name === "") target.add_argument(key, settings)
      else {
        const long = longNames[name]
        target.add_argument(name, ...(long === undefined ? [] : [long]), { ...settings, dest: key })
      }
    }
  }
}

/** Reads the values of parameters from what the parser found. */
export const readParameters = <P extends Parameters.Parameters>(
  parameters: P,
  found: Namespace
): Parameters.ValuesOf<P> => {
  try {
    return Object.fromEntries(
      Object.entries(parameters).map(([key, { read }]) => [key, read(found[key])])
    ) as Parameters.ValuesOf<P>
  } catch (error) {
    throw error instanceof Parameters.InvalidValue ? new UsageError({ message: error.message }) : error
  }
}

/** The parser of one command. */
export const parserOf = (program: string, name: string, command: Command): ArgumentParser => {
  const parser = makeParser({
    prog: `${program} ${name}`,
    description: `${command.summary}.`,
    epilog: `examples:\n${command.examples.map((example) => `  ${program} ${example}`).join("\n")}`
  })
  addParameters(parser, outputParameters(command))
  addParameters(parser, command.parameters)
  return parser
}
