/** All commands by name. A command is loaded when it is called, because loading all of them takes longer than most run. */
import type * as Effect from "effect/Effect"
import type { Command, Failure } from "./command.js"

type Load = () => Promise<Command>

const cache = () => import("./commands/cache.js")
const changes = () => import("./commands/changes.js")
const data = () => import("./commands/data.js")
const images = () => import("./commands/images.js")
const imports = () => import("./commands/imports.js")
const members = () => import("./commands/members.js")
const metadefs = () => import("./commands/metadefs.js")
const tasks = () => import("./commands/tasks.js")
const token = () => import("./commands/token.js")

export const commands: ReadonlyMap<string, Load> = new Map<string, Load>([
  ["cached image clear", async () => (await cache()).clear],
  ["cached image delete", async () => (await cache()).remove],
  ["cached image list", async () => (await cache()).list],
  ["cached image queue", async () => (await cache()).queue],
  ["image add project", async () => (await members()).add],
  ["image create", async () => (await data()).create],
  ["image delete", async () => (await changes()).remove],
  ["image import", async () => (await imports()).start],
  ["image import info", async () => (await imports()).info],
  ["image list", async () => (await images()).list],
  ["image member get", async () => (await members()).get],
  ["image member list", async () => (await members()).list],
  ["image metadef namespace create", async () => (await metadefs()).createNamespace],
  ["image metadef namespace delete", async () => (await metadefs()).deleteNamespaces],
  ["image metadef namespace list", async () => (await metadefs()).listNamespaces],
  ["image metadef namespace set", async () => (await metadefs()).setNamespace],
  ["image metadef namespace show", async () => (await metadefs()).showNamespace],
  ["image metadef object create", async () => (await metadefs()).createObject],
  ["image metadef object delete", async () => (await metadefs()).deleteObjects],
  ["image metadef object list", async () => (await metadefs()).listObjects],
  ["image metadef object property show", async () => (await metadefs()).showObjectProperty],
  ["image metadef object show", async () => (await metadefs()).showObject],
  ["image metadef object update", async () => (await metadefs()).updateObject],
  ["image metadef property create", async () => (await metadefs()).createProperty],
  ["image metadef property delete", async () => (await metadefs()).deleteProperties],
  ["image metadef property list", async () => (await metadefs()).listProperties],
  ["image metadef property set", async () => (await metadefs()).setProperty],
  ["image metadef property show", async () => (await metadefs()).showProperty],
  ["image metadef resource type association create", async () => (await metadefs()).associate],
  ["image metadef resource type association delete", async () => (await metadefs()).dissociate],
  ["image metadef resource type association list", async () => (await metadefs()).listAssociations],
  ["image metadef resource type list", async () => (await metadefs()).listResourceTypes],
  ["image remove project", async () => (await members()).remove],
  ["image save", async () => (await data()).save],
  ["image set", async () => (await changes()).set],
  ["image show", async () => (await images()).show],
  ["image stage", async () => (await imports()).stage],
  ["image stores list", async () => (await imports()).stores],
  ["image task list", async () => (await tasks()).list],
  ["image task show", async () => (await tasks()).show],
  ["image unset", async () => (await changes()).unset],
  ["token issue", async () => (await token()).issue]
])

/** A command that needs no cloud, and reads its words itself. */
type Program = (program: string, words: ReadonlyArray<string>) => Effect.Effect<void, Failure>

export const programs: ReadonlyMap<string, () => Promise<Program>> = new Map([
  ["sandbox", async () => (await import("./commands/sandbox.js")).run]
])

const isBeginning = (words: ReadonlyArray<string>, name: string): boolean => {
  const all = name.split(" ")
  return words.length === all.length && words.every((word, index) => all[index]?.startsWith(word) === true)
}

/** Finds the command whose name begins the words, and the words that are left. Unique beginnings of its words suffice. */
export const find = (
  words: ReadonlyArray<string>
): { readonly name: string; readonly load: Load; readonly rest: ReadonlyArray<string> } | undefined => {
  const firstOption = words.findIndex((word) => word.startsWith("-"))
  for (let count = firstOption < 0 ? words.length : firstOption; count > 0; count--) {
    const head = words.slice(0, count)
    const exact = head.join(" ")
    const candidates = commands.has(exact) ? [exact] : [...commands.keys()].filter((name) => isBeginning(head, name))
    const [name, ...more] = candidates
    const load = name === undefined || more.length > 0 ? undefined : commands.get(name)
    if (name !== undefined && load !== undefined) return { name, load, rest: words.slice(count) }
  }
  return undefined
}
