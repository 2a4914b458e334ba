/** What a command is: its parameters, what it does, and how it prints. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as GlanceClient from "@effect-glance/core/GlanceClient"
import type * as CloudConfig from "@effect-glance/http/CloudConfig"
import type * as Directory from "@effect-glance/http/Directory"
import type * as Identity from "@effect-glance/http/Identity"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Formats from "./output/formats.js"
import type { Parameters, ValuesOf } from "./parameters.js"

/** What the program of a command may use. */
export type Environment =
  | GlanceClient.GlanceClient
  | Directory.Directory
  | Identity.Identity
  | CloudConfig.CloudConfig
  | FileSystem.FileSystem

/** Says in one line what failed, with which value, and what to do. */
export class CommandFailed extends Data.TaggedError("CommandFailed")<{
  readonly message: string
  /** @default 1 */
  readonly exitCode?: number | undefined
}> {}

/** Every error has a message that reads well alone. */
export interface Failure {
  readonly message: string
}

/** Prints rows, the fields of one record, or nothing. */
export type Output = "rows" | "fields" | "nothing"

interface OutputOf {
  readonly rows: Formats.Rows
  readonly fields: Formats.Fields
  readonly nothing: unknown
}

export interface Command {
  readonly summary: string
  /** Real command lines, without the name of the program. */
  readonly examples: readonly [string, string]
  readonly parameters: Parameters
  readonly output: Output
  readonly run: (values: never) => Effect.Effect<unknown, Failure, Environment>
}

interface Definition<O extends Output, P extends Parameters> {
  readonly summary: string
  readonly examples: readonly [string, string]
  readonly parameters: P
  readonly run: (values: ValuesOf<P>) => Effect.Effect<OutputOf[O], Failure, Environment>
}

const define =
  <O extends Output>(output: O) =>
  <const P extends Parameters>(definition: Definition<O, P>): Command => ({ ...definition, output })

/** A command that prints rows below titles. */
export const rows = define("rows")

/** A command that prints one record. */
export const fields = define("fields")

/** A command that prints nothing. */
export const nothing = define("nothing")
