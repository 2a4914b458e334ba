import * as Effect from "effect/Effect"
import { CommandFailed, type Failure } from "./command.js"
import * as Terminal from "./terminal.js"

/** Does the same to each of several things. A failure is printed and does not stop the others. */
export const each = <E extends Failure, R>(
  noun: string,
  names: ReadonlyArray<string>,
  participle: string,
  act: (name: string) => Effect.Effect<unknown, E, R>
): Effect.Effect<void, CommandFailed, R> =>
  Effect.gen(function* () {
    let failures = 0
    for (const name of names) {
      yield* Effect.catchAll(act(name), ({ message }) => {
        failures += 1
        return Terminal.complain(`${noun} "${name}" was not ${participle}: ${message}`)
      })
    }
    if (failures > 0) {
      return yield* new CommandFailed({ message: `${failures} of ${names.length} ${noun}s were not ${participle}` })
    }
  })
