/** Which case runs which flag. */
import { type Case, cases, wordsOf } from "./cases.js"

/** What python-openstackclient has, as `flags.py` prints it. */
export interface Command {
  readonly output: "Lister" | "ShowOne" | "Command"
  readonly flags: ReadonlyArray<string>
}

/** Flags that every command of one kind of output shares, and so does the code behind them. */
const shared = new Set([
  ...["--format", "--column", "--noindent", "--max-width", "--fit-width", "--print-empty", "--quote", "--prefix"],
  ...["--sort-column", "--sort-ascending", "--sort-descending", "--variable", "--help"]
])

const short: Readonly<Record<string, string>> = { "--format": "-f", "--column": "-c", "--help": "-h" }

const globals = /^(?:--os-[\w-]+ \S+ )+/

const runs = ({ line }: Case, command: string): boolean => `${line.replace(globals, "")} `.startsWith(`${command} `)

const uses = ({ line }: Case, flag: string): boolean =>
  wordsOf(line).some(
    (word) =>
      word === flag || word.startsWith(`${flag}=`) || (short[flag] !== undefined && word.startsWith(short[flag]))
  )

/** The commands whose names begin with the name of another one. */
const longer = (names: Iterable<string>, command: string) => [...names].filter((name) => name.startsWith(`${command} `))

/** The first case that runs a command with a flag: of a shared flag, any command of that kind. */
export const covering = (commands: ReadonlyMap<string, Command>, command: string, flag: string): Case | undefined => {
  const { output } = commands.get(command) ?? { output: "Command" }
  const candidates = shared.has(flag)
    ? [...commands].filter(([, each]) => flag === "--help" || each.output === output).map(([name]) => name)
    : [command]
  return cases.find((each) =>
    candidates.some(
      (name) =>
        runs(each, name) && uses(each, flag) && !longer(commands.keys(), name).some((other) => runs(each, other))
    )
  )
}

/** The table of all flags, in Markdown. */
export const table = (commands: ReadonlyMap<string, Command>): string => {
  const rows = [...commands]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([name, { flags }]) =>
      [...new Set(flags)].map(
        (flag) => `| \`${name}\` | \`${flag}\` | \`${covering(commands, name, flag)?.line ?? "none"}\` |`
      )
    )
  return ["| command | flag | shown by |", "|---|---|---|", ...rows, ""].join("\n")
}
