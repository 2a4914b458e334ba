/** The standard streams of the process. */
import * as Fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** Prints a text, and waits while the reader of a pipe is slow. */
export const print = (text: string): Effect.Effect<void> =>
  Effect.async((resume) => {
    process.stdout.write(text, () => resume(Effect.void))
  })

/** Prints bytes, and waits while the reader of a pipe is slow. */
export const printBytes = (bytes: Uint8Array): Effect.Effect<void> =>
  Effect.async((resume) => {
    process.stdout.write(bytes, () => resume(Effect.void))
  })

/** Prints one line for people. */
export const complain = (line: string): Effect.Effect<void> => Effect.sync(() => void process.stderr.write(`${line}\n`))

/** The columns of the terminal that standard output is, if it is one. */
export const columns = (): number | undefined => (process.stdout.isTTY ? process.stdout.columns : undefined)

/** Whether standard input is a terminal. Commands then do not read it. */
export const isInteractive = (): boolean => process.stdin.isTTY === true

/** Standard input, which can be read once, and its size if it is a file. */
export const input = (): { readonly stream: Stream.Stream<Uint8Array, Error>; readonly size: number | undefined } => {
  const stats = Fs.fstatSync(0)
  return {
    stream: Stream.suspend(() =>
      Stream.fromAsyncIterable(process.stdin as AsyncIterable<Uint8Array>, (cause) =>
        cause instanceof Error ? cause : new Error(String(cause))
      )
    ),
    size: stats.isFile() ? stats.size : undefined
  }
}
