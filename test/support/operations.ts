/** Every operation of every service, with arguments to call it with. A new operation needs a row in `argumentsOf`. */
import { ImageImport, type ImageSource } from "@effect-glance/core"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

export type Arguments = ReadonlyArray<unknown>

/** Arguments by the name of the operation. Further calls of one have a name after a space: `Images.get of a copy`. */
export interface Table {
  readonly [operation: string]: Arguments
}

export interface Settings {
  readonly image: string
  readonly source: ImageSource.Any
  /** The file that a download writes. */
  readonly target: string
  /** The URL of a location and of an import. */
  readonly url: string
  /** Options of every upload and download. */
  readonly transfer?: object
  /** Options of every operation that polls. */
  readonly polling?: object
}

const task = "9c2e0000-0000-4000-8000-000000000046"
const namespace = "namespace"
const definition = [namespace, "name"]

export const argumentsOf = ({ image, polling = {}, source, target, transfer = {}, url }: Settings): Table => {
  const newImage = { name: "cirros", diskFormat: "raw", containerFormat: "bare" }
  const web = ImageImport.webDownload(url)
  return {
    "Images.list": [],
    "Images.listAll": [],
    "Images.changes": [{}, polling],
    "Images.find": [{ name: "cirros" }],
    "Images.findFirst": [{ name: "cirros" }],
    "Images.findNewest": [{ name: "cirros" }],
    "Images.get": [image],
    "Images.getMany": [[image, "5f0a3b2c-0000-4000-8000-000000000002"]],
    "Images.create": [newImage],
    "Images.update": [image, { name: "new" }],
    "Images.delete": [image],
    "Images.deactivate": [image],
    "Images.reactivate": [image],
    "ImageMembers.list": [image],
    "ImageMembers.get": [image, "project"],
    "ImageMembers.add": [image, "project"],
    "ImageMembers.remove": [image, "project"],
    "ImageMembers.setStatus": [image, "accepted"],
    "ImageMembers.share": [image, ["project", "another"]],
    "ImageMembers.acceptAll": [],
    "ImageTags.add": [image, "tag"],
    "ImageTags.remove": [image, "tag"],
    "ImageTags.set": [image, ["tag"]],
    "ImageTasks.list": [],
    "ImageTasks.listAll": [],
    "ImageTasks.listOf": [image],
    "ImageTasks.get": [task],
    "ImageTasks.create": ["import", { import_from: url, import_from_format: "raw" }],
    "ImageTasks.export": [image, "container"],
    "ImageTasks.import": ["container", "object"],
    "ImageTasks.await": [task, polling],
    "ImageStores.deleteImage": ["s1", image],
    "ImageLocations.list": [image],
    "ImageLocations.register": [image, url],
    "ImageLocations.add": [image, { url }],
    "ImageLocations.remove": [image, url],
    "ImageLocations.replace": [image, [{ url }]],
    "ImageCache.queue": [image],
    "ImageCache.delete": [image],
    "ImageCache.clear": [],
    "ImageCache.nodes": [image],
    "ImageImport.check": [web],
    "ImageImport.start": [image, web],
    "ImageImport.await": [image, polling],
    "ImageImport.progress": [image, polling],
    "ImageImport.importAndWait": [image, web, polling],
    "ImageImport.importWithProgress": [image, web, polling],
    "ImageData.upload": [image, source, transfer],
    "ImageData.uploadWithProgress": [image, source, transfer],
    "ImageData.stage": [image, source, transfer],
    "ImageData.createWithData": [newImage, source, transfer],
    "ImageData.download": [image, { ...transfer, verify: false }],
    "ImageData.downloadTo": [image, target, transfer],
    "ImageData.downloadToWithProgress": [image, target, transfer],
    "ImageCreation.createFrom": [newImage, source, { ...transfer, ...polling }],
    "ImageCreation.createFrom of a URL": [newImage, web, { ...transfer, ...polling }],
    "ImageReleases.ensure": [newImage, source, { ...transfer, patience: "1 minute" }],
    "Metadefs.namespaces.list": [],
    "Metadefs.namespaces.listAll": [],
    "Metadefs.namespaces.get": [namespace],
    "Metadefs.namespaces.create": [namespace, { description: "new" }],
    "Metadefs.namespaces.update": [namespace, { description: "new" }],
    "Metadefs.namespaces.delete": [namespace],
    "Metadefs.properties.listAll": [namespace],
    "Metadefs.properties.get": definition,
    "Metadefs.properties.create": [...definition, { title: "title", type: "string" }],
    "Metadefs.properties.update": [...definition, { title: "new" }],
    "Metadefs.properties.delete": definition,
    "Metadefs.properties.deleteAll": [namespace],
    "Metadefs.objects.listAll": [namespace],
    "Metadefs.objects.get": definition,
    "Metadefs.objects.create": definition,
    "Metadefs.objects.update": [...definition, { description: "new" }],
    "Metadefs.objects.delete": definition,
    "Metadefs.objects.deleteAll": [namespace],
    "Metadefs.tags.listAll": [namespace, { limit: 1 }],
    "Metadefs.tags.get": definition,
    "Metadefs.tags.create": definition,
    "Metadefs.tags.append": [namespace, ["name"]],
    "Metadefs.tags.set": [namespace, ["name"]],
    "Metadefs.tags.rename": [...definition, "new"],
    "Metadefs.tags.delete": definition,
    "Metadefs.tags.deleteAll": [namespace],
    "Metadefs.resourceTypes.associations": [namespace],
    "Metadefs.resourceTypes.associate": definition,
    "Metadefs.resourceTypes.dissociate": definition
  }
}

export type Program = Effect.Effect<unknown, unknown>

export interface Call {
  /** The key of the table, or the operation if it takes no arguments. */
  readonly name: string
  readonly operation: string
  readonly program: Program
}

const isStream = (value: unknown): value is Stream.Stream<unknown, unknown> =>
  typeof value === "object" && value !== null && Stream.StreamTypeId in value

const programOf = (value: unknown): Program => (isStream(value) ? Stream.runDrain(value) : (value as Program))

/** The methods of a service and of the services in it, and its effects. */
const membersOf = (name: string, service: object): ReadonlyArray<readonly [operation: string, value: unknown]> =>
  Object.entries(service).flatMap(([key, value]) =>
    typeof value === "function" || Effect.isEffect(value) || isStream(value)
      ? [[`${name}.${key}`, value] as const]
      : membersOf(`${name}.${key}`, value as object)
  )

/**
 * The calls of all operations of the services in a context. Fails if a method has no row, or a row has no method. The
 * table is made anew for each call.
 */
export const callsIn = (context: Context.Context<never>, table: () => Table): ReadonlyArray<Call> => {
  const names = Object.keys(table())
  const members = [...context.unsafeMap].flatMap(([key, service]) => {
    const name = /^@effect-glance\/core\/(\w+)$/.exec(key)?.[1]
    // The facade has the same services as their tags. The port has no operations.
    return name === undefined || name === "Glance" || name === "GlanceClient" ? [] : membersOf(name, service as object)
  })
  const known = new Set(members.map(([operation]) => operation))
  const strange = names.filter((name) => !known.has(name.split(" ")[0] ?? ""))
  if (strange.length > 0) throw new Error(`no service has ${strange.join(", ")}`)
  return members.flatMap(([operation, value]) => {
    if (typeof value !== "function") return [{ name: operation, operation, program: programOf(value) }]
    const own = names.filter((name) => name === operation || name.startsWith(`${operation} `))
    if (own.length === 0) throw new Error(`${operation} has no arguments in test/support/operations.ts`)
    return own.map((name) => ({
      name,
      operation,
      program: Effect.suspend(() => programOf(value(...(table()[name] ?? []))))
    }))
  })
}
