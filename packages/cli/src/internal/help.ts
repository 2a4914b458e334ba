/** The help of the program and of groups of commands. */
import * as Option from "effect/Option"
import * as Globals from "./globals.js"
import * as Registry from "./registry.js"

/** Returns the help for words that begin the names of commands. Nothing if no command begins with them. */
export const text = (program: string, words: ReadonlyArray<string>): Option.Option<string> => {
  const names = [...Registry.commands.keys(), ...Registry.programs.keys()].filter((name) =>
    words.every((word, index) => name.split(" ")[index] === word)
  )
  if (names.length === 0) return Option.none()
  const list = `commands:\n${names.map((name) => `  ${name}\n`).join("")}\nThe help of a command: ${program} help ${names[0]}\n`
  return Option.some(words.length === 0 ? `${Globals.help(program)}\n${list}` : list)
}
