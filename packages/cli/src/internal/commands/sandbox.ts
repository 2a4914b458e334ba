/** `sandbox`: a cloud in memory, with the images, users and projects of a file. */
import { readFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import * as NodeMemoryCommand from "@effect-glance/node/NodeMemoryCommand"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Yaml from "yaml"
import { CommandFailed } from "../command.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(schema)

const names = Schema.Array(Schema.String)
const byName = <A, I>(value: Schema.Schema<A, I>) => Schema.Record({ key: Schema.String, value })

const Project = Schema.Struct({
  name: Schema.String,
  id: optional(Schema.String),
  domain: optional(Schema.String),
  description: optional(Schema.String),
  enabled: optional(Schema.Boolean)
})

const User = Schema.Struct({
  name: Schema.String,
  id: optional(Schema.String),
  password: optional(Schema.String),
  domain: optional(Schema.String),
  /** By project. */
  roles: optional(byName(names)),
  defaultProject: optional(Schema.String),
  enabled: optional(Schema.Boolean)
})

const Image = Schema.Struct({
  name: Schema.String,
  /** The project that owns it. */
  owner: Schema.String,
  id: optional(Schema.String),
  /** The file with the data, from the directory of the document. */
  file: optional(Schema.String),
  size: optional(Schema.Number),
  status: optional(Schema.Literal("queued", "active", "deactivated")),
  visibility: optional(Schema.Literal("public", "private", "shared", "community")),
  diskFormat: optional(Schema.String),
  containerFormat: optional(Schema.String),
  minDisk: optional(Schema.Number),
  minRam: optional(Schema.Number),
  protected: optional(Schema.Boolean),
  tags: optional(names),
  properties: optional(byName(Schema.String))
})

const Document = Schema.Struct({
  domains: optional(names),
  projects: optional(Schema.Array(Project)),
  users: optional(Schema.Array(User)),
  images: optional(Schema.Array(Image))
})

const decode = Schema.decodeUnknown(Document, { onExcessProperty: "error" })

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Reads a document of YAML, or of JSON, which is YAML as well. */
const read = (file: string) =>
  Effect.gen(function* () {
    const attempt = <A>(read: () => A) =>
      Effect.try({ try: read, catch: (error) => new CommandFailed({ message: `${file}: ${reasonOf(error)}` }) })
    const parsed = yield* attempt(() => Yaml.parse(readFileSync(file, "utf8")) as unknown)
    const { images, ...people } = yield* Effect.mapError(
      decode(parsed),
      (error) => new CommandFailed({ message: `${file}: ${ParseResult.TreeFormatter.formatErrorSync(error)}` })
    )
    const withData = yield* attempt(() =>
      images?.map(({ file: data, ...image }) => ({
        ...image,
        data: data === undefined ? undefined : readFileSync(resolve(dirname(file), data))
      }))
    )
    return { ...people, images: withData }
  })

/** Takes `--file FILE` or `--file=FILE` out of the words. */
const takeFile = (words: ReadonlyArray<string>) => {
  const index = words.findIndex((word) => word === "--file" || word.startsWith("--file="))
  const word = words[index]
  if (word === undefined) return { file: undefined, rest: words }
  return word === "--file"
    ? { file: words[index + 1] ?? "", rest: words.filter((_, each) => each !== index && each !== index + 1) }
    : { file: word.slice("--file=".length), rest: words.filter((_, each) => each !== index) }
}

/**
 * Serves the cloud until it is interrupted, and prints the variables of a login. The flags are those of `glance-memory`,
 * and `--file`.
 */
export const run = (program: string, words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { file, rest } = takeFile(words)
    const cloud = file === undefined ? undefined : yield* read(file)
    yield* NodeMemoryCommand.run(rest, { program: `${program} sandbox`, cloud })
  })
