import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs an example as a user would, with these variables and none of the caller's `OS_*`. */
export const runExample = (name: string, variables: Readonly<Record<string, string>>): Effect.Effect<Ended> =>
  runProgram(`examples/${name}.ts`, variables)

/** Runs a program of this repository in the same way. */
export const runProgram = (file: string, variables: Readonly<Record<string, string>>): Effect.Effect<Ended> =>
  Effect.async((resume, signal) => {
    const inherited = Object.entries(process.env).filter(([key]) => !/^(OTHER_)?OS_/.test(key))
    execFile(
      process.execPath,
      ["--import", "tsx", file],
      { env: { ...Object.fromEntries(inherited), ...variables }, signal },
      (error, stdout, stderr) =>
        resume(
          Effect.succeed({
            code: error === null ? 0 : typeof error.code === "number" ? error.code : -1,
            stdout,
            stderr
          })
        )
    )
  })

/** The variables under the names by which the tour knows a second project's. */
export const ofAnother = (variables: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).map(([name, value]) => [`OTHER_${name}`, value]))

/** A file that is gone with its directory when the scope closes. */
const newFile = (name: string, content: string | Uint8Array): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-glance-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  ).pipe(
    Effect.map((directory) => {
      const file = join(directory, name)
      writeFileSync(file, content)
      return file
    })
  )

/** One of bytes that no pattern can stand for. */
export const randomFile = (size: number) => newFile("file", randomBytes(size))

/** One of this text. */
export const textFile = (name: string, text: string) => newFile(name, text)
