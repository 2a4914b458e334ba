/**
 * The table of endpoints: a row for each route of the Image API that this package uses. `docs/routes.md` names, for each
 * route, the test that shows it.
 *
 * @see https://docs.openstack.org/api-ref/image/v2/
 */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Answer from "../Answer.js"
import * as ForeignText from "../ForeignText.js"
import * as GlanceError from "../GlanceError.js"
import * as Image from "../Image.js"
import * as ImageChanges from "../ImageChanges.js"
import * as ImageMember from "../ImageMember.js"
import * as ImageStore from "../ImageStore.js"
import * as ImageTask from "../ImageTask.js"
import * as Metadef from "../Metadef.js"
import * as Endpoint from "./endpoint.js"
import * as ImageDecoder from "./imageDecoder.js"
import * as Lenient from "./lenient.js"
import * as Page from "./page.js"
import * as Response from "./response.js"
import * as Wire from "./wire.js"

/** Reads the list at a key of the body. */
const listIn = <A, I>(key: string, item: Schema.Schema<A, I>): Response.Read<ReadonlyArray<A>> => {
  const list = Schema.propertySignature(Lenient.List(item)).pipe(Schema.fromKey(key))
  return Response.map(Response.schema(Schema.Struct({ list })), ({ list }) => list)
}

// ---------------------------------------------------------------------------------------------------------------------
// images
// ---------------------------------------------------------------------------------------------------------------------

const imageBySchema = Response.decoder(Image.ImageFromJson)

const image = Response.json((body) => {
  const image = ImageDecoder.decode(body)
  return image === undefined ? imageBySchema(body) : Either.right(image)
})

export const images: Page.Records<Image.Image> = { key: "images", decode: imageBySchema, quick: ImageDecoder.decode }

export const listImages = Endpoint.get("Images.list", "/images", { success: Page.read(images) })

export const getImage = Endpoint.get("Images.get", "/images/{imageId}", {
  success: image,
  errors: { 404: GlanceError.ImageNotFound }
})

export const createImage = Endpoint.post("Images.create", "/images", {
  body: ({ record }: { readonly record: Wire.JsonObject }) => record,
  success: image,
  errors: { 409: GlanceError.DuplicateImage }
})

interface Patch {
  readonly steps: ReadonlyArray<object>
}

/** Glance also returns 404 after a concurrent change. The record shows whether the image exists. */
export const updateImage = Endpoint.patch("Images.update", "/images/{imageId}", {
  body: ({ steps }: Patch) => steps,
  contentType: ImageChanges.mediaType,
  success: image,
  errors: { 404: GlanceError.UpdateConflict, 409: GlanceError.UpdateConflict }
})

export const patchLocations = Endpoint.patch("ImageLocations.add", "/images/{imageId}", {
  body: ({ steps }: Patch) => steps,
  contentType: ImageChanges.mediaType,
  success: image,
  errors: { 404: GlanceError.ImageNotFound, 409: GlanceError.UpdateConflict }
})

export const deleteImage = Endpoint.del("Images.delete", "/images/{imageId}", {
  success: Response.nothing,
  errors: { 404: GlanceError.ImageNotFound, 409: GlanceError.ImageInUse }
})

export const deactivateImage = Endpoint.post("Images.deactivate", "/images/{imageId}/actions/deactivate", {
  success: Response.nothing,
  errors: { 404: GlanceError.ImageNotFound }
})

export const reactivateImage = Endpoint.post("Images.reactivate", "/images/{imageId}/actions/reactivate", {
  success: Response.nothing,
  errors: { 404: GlanceError.ImageNotFound }
})

// ---------------------------------------------------------------------------------------------------------------------
// members and tags
// ---------------------------------------------------------------------------------------------------------------------

const member = Response.schema(ImageMember.ImageMember)

export const listMembers = Endpoint.get("ImageMembers.list", "/images/{imageId}/members", {
  success: listIn("members", ImageMember.ImageMember),
  errors: { 404: GlanceError.ImageNotFound }
})

export const addMember = Endpoint.post("ImageMembers.add", "/images/{imageId}/members", {
  body: ({ memberId }: { readonly memberId: string }) => ({ member: memberId }),
  success: member,
  errors: {
    403: GlanceError.UnsharableImage,
    404: GlanceError.ImageNotFound,
    409: GlanceError.DuplicateImageMember
  }
})

export const getMember = Endpoint.get("ImageMembers.get", "/images/{imageId}/members/{memberId}", {
  success: member,
  errors: { 404: GlanceError.ImageMemberNotFound }
})

export const setMemberStatus = Endpoint.put("ImageMembers.setStatus", "/images/{imageId}/members/{memberId}", {
  body: ({ status }: { readonly status: ImageMember.MemberStatus }) => ({ status }),
  success: member,
  errors: { 403: GlanceError.InvalidImageMember, 404: GlanceError.InvalidImageMember }
})

export const removeMember = Endpoint.del("ImageMembers.remove", "/images/{imageId}/members/{memberId}", {
  success: Response.nothing,
  errors: { 404: GlanceError.ImageMemberNotFound }
})

/** Glance also returns 404 after a concurrent change. */
export const addTag = Endpoint.put("ImageTags.add", "/images/{imageId}/tags/{tag}", {
  success: Response.nothing,
  errors: { 404: GlanceError.UpdateConflict }
})

export const removeTag = Endpoint.del("ImageTags.remove", "/images/{imageId}/tags/{tag}", {
  success: Response.nothing,
  errors: { 404: GlanceError.UpdateConflict }
})

// ---------------------------------------------------------------------------------------------------------------------
// image data and imports
// ---------------------------------------------------------------------------------------------------------------------

const uploadErrors = {
  404: GlanceError.ImageNotFound,
  409: GlanceError.ImageNotQueued,
  410: GlanceError.ImageDeletedMeanwhile,
  415: GlanceError.ImageFormatRefused
}

export const uploadData = Endpoint.put("ImageData.upload", "/images/{imageId}/file", {
  success: Response.nothing,
  errors: uploadErrors
})

export const stageData = Endpoint.put("ImageData.stage", "/images/{imageId}/stage", {
  success: Response.nothing,
  errors: uploadErrors
})

/** Reads only responses that have no image data. */
export const downloadData = Endpoint.get("ImageData.download", "/images/{imageId}/file", {
  success: Response.nothing,
  errors: { 404: GlanceError.ImageNotFound, 416: GlanceError.RangeNotSatisfiable }
})

/** Returns the request id, which identifies the task of the import. The body of the response is empty. */
export const importImage = Endpoint.post("ImageImport.start", "/images/{imageId}/import", {
  body: ({ body }: { readonly body: Wire.JsonObject }) => body,
  success: (text, headers) => Either.map(Response.nothing(text, headers), () => Answer.requestIdOf(headers)),
  errors: { 404: GlanceError.ImageNotFound, 409: GlanceError.ImageNotImportable }
})

// ---------------------------------------------------------------------------------------------------------------------
// tasks
// ---------------------------------------------------------------------------------------------------------------------

const decodeTask = Response.decoder(ImageTask.ImageTask)

export const tasks: Page.Records<ImageTask.ImageTask> = { key: "tasks", decode: decodeTask }

export const listTasks = Endpoint.get("ImageTasks.list", "/tasks", { success: Page.read(tasks) })

export const listTasksOfImage = Endpoint.get("ImageTasks.listOf", "/images/{imageId}/tasks", {
  success: listIn("tasks", ImageTask.ImageTask),
  errors: { 404: GlanceError.ImageNotFound }
})

export const getTask = Endpoint.get("ImageTasks.get", "/tasks/{taskId}", {
  success: Response.json(decodeTask),
  errors: { 404: GlanceError.TaskNotFound }
})

/** Returns the task with the secrets of the request, to remove them from the task's message in errors. */
export const pollTask = Endpoint.get("ImageTasks.await", "/tasks/{taskId}", {
  success: (text, headers, secrets) =>
    Either.map(Response.json(decodeTask)(text, headers, secrets), (task) => ({ task, secrets: secrets() })),
  errors: { 404: GlanceError.TaskNotFound }
})

export const createTask = Endpoint.post("ImageTasks.create", "/tasks", {
  body: ({ input, type }: { readonly type: string; readonly input: Wire.JsonObject }) => ({ type, input }),
  success: Response.json(decodeTask)
})

export const headContainer = Endpoint.head("ImageTasks.export", "/{container}", {
  service: "objectStore",
  success: Response.nothing,
  errors: { 404: GlanceError.NoSuchContainer }
})

// ---------------------------------------------------------------------------------------------------------------------
// stores, locations and the cache
// ---------------------------------------------------------------------------------------------------------------------

const stores = listIn("stores", ImageStore.ImageStore)

const noStores = { 404: Endpoint.lacks("a choice of stores") }

export const listStores = Endpoint.get("ImageStores.list", "/info/stores", { success: stores, errors: noStores })

export const listStoreDetails = Endpoint.get("ImageStores.listDetails", "/info/stores/detail", {
  success: stores,
  errors: noStores
})

export const deleteCopy = Endpoint.del("ImageStores.deleteImage", "/stores/{store}/{imageId}", {
  success: Response.nothing,
  errors: { 404: GlanceError.ImageNotInStore, 409: GlanceError.ImageInUse }
})

const noLocations = Endpoint.lacks("the locations API (v2.17)")

export const listLocations = Endpoint.get("ImageLocations.list", "/images/{imageId}/locations", {
  success: Response.schema(Lenient.List(Image.ImageLocation)),
  errors: { 404: noLocations }
})

export const registerLocation = Endpoint.post("ImageLocations.register", "/images/{imageId}/locations", {
  body: ({ location }: { readonly location: Wire.JsonObject }) => location,
  success: Response.nothing,
  errors: { 404: noLocations, 409: GlanceError.UpdateConflict }
})

const amount = Lenient.withDefault(Lenient.Amount, () => 0)

const time = Lenient.withDefault(Lenient.EpochSeconds, () => DateTime.unsafeMake(0))

const cacheState = Response.map(
  Response.schema(
    Schema.Struct({
      cached_images: Lenient.List(
        Schema.Struct({
          image_id: Image.ImageId,
          hits: amount,
          last_accessed: time,
          last_modified: time,
          size: amount
        })
      ),
      queued_images: Lenient.List(Image.ImageId)
    })
  ),
  ({ cached_images, queued_images }) => ({
    cached: cached_images.map(({ hits, image_id, last_accessed, last_modified, size }) => ({
      imageId: image_id,
      hits,
      lastAccessed: last_accessed,
      lastModified: last_modified,
      size
    })),
    queued: queued_images
  })
)

const pruned = Response.map(
  Response.schema(Schema.Struct({ total_files_pruned: amount, total_bytes_pruned: amount })),
  ({ total_bytes_pruned, total_files_pruned }) => ({ files: total_files_pruned, bytes: total_bytes_pruned })
)

const noCache = Endpoint.lacks("a cache that the API manages")
const noCleaning = Endpoint.lacks("the cleaning of the cache (v2.18)")
const noPruning = Endpoint.lacks("the pruning of the cache (v2.18)")
const noNodes = Endpoint.lacks("a cache of several nodes")

export const cache = Endpoint.get("ImageCache.state", "/cache", {
  success: cacheState,
  errors: { 404: noCache, 405: noCache }
})

export const clearCache = Endpoint.del("ImageCache.clear", "/cache", {
  success: Response.nothing,
  errors: { 404: noCache }
})

export const queueImage = Endpoint.put("ImageCache.queue", "/cache/{imageId}", {
  success: Response.nothing,
  errors: { 404: noCache, 409: noCache }
})

export const uncacheImage = Endpoint.del("ImageCache.delete", "/cache/{imageId}", {
  success: Response.nothing,
  errors: { 404: noCache, 409: noCache }
})

/** A Glance without this route reads `clean` as an image id, and returns 404 or 405. */
export const cleanCache = Endpoint.post("ImageCache.clean", "/cache/clean", {
  success: Response.nothing,
  errors: { 404: noCleaning, 405: noCleaning }
})

export const pruneCache = Endpoint.post("ImageCache.prune", "/cache/prune", {
  success: pruned,
  errors: { 404: noPruning, 405: noPruning }
})

export const listCacheNodes = Endpoint.get("ImageCache.nodes", "/cache/nodes/{imageId}", {
  success: Response.schema(Lenient.List(Schema.String)),
  errors: { 404: noNodes, 409: noNodes }
})

// ---------------------------------------------------------------------------------------------------------------------
// discovery
// ---------------------------------------------------------------------------------------------------------------------

const versions = Response.map(
  Response.schema(
    Schema.Struct({ versions: Schema.Array(Schema.Struct({ id: Lenient.Text, status: Schema.String })) })
  ),
  ({ versions }): ReadonlyMap<string, string> => new Map(versions.map(({ id, status }) => [id, status]))
)

const versionsRow = <const Path extends string>(path: Path) =>
  Endpoint.get("Discovery.versions", path, {
    service: "imageVersions",
    success: versions,
    // Glance lists its versions with the status 300, multiple choices.
    alsoSuccess: 300,
    errors: { 404: Endpoint.lacks("a list of versions") }
  })

export const listVersions = versionsRow("/versions")
export const listVersionsAtRoot = versionsRow("/")

const importMethods = Response.schema(
  Schema.Struct({
    "import-methods": Lenient.withDefault(
      Schema.Struct({ value: Lenient.withDefault(Lenient.Texts, () => []) }),
      () => ({ value: [] })
    )
  })
)

export const getImportMethods = Endpoint.get("Discovery.importMethods", "/info/import", {
  success: Response.map(importMethods, (info) => info["import-methods"].value),
  errors: { 404: Endpoint.lacks("imports") }
})

const decodeUsages = Response.decoder(Schema.Struct({ usage: Schema.NullOr(Wire.JsonObject) }))

const decodeUsage = Response.decoder(
  Schema.Struct({
    usage: Lenient.withDefault(Lenient.Amount, () => 0),
    limit: Lenient.withDefault(Lenient.Amount, () => -1)
  })
)

const usages = Response.json((body) =>
  Either.gen(function* () {
    const usages = new Map<string, { readonly usage: number; readonly limit: number }>()
    for (const [name, usage] of Object.entries((yield* decodeUsages(body)).usage ?? {})) {
      usages.set(
        name,
        yield* Either.mapLeft(decodeUsage(usage), ({ detail }) => ({
          detail: `["usage"][${JSON.stringify(ForeignText.show(name, { maxLength: 100 }))}]: ${detail}`
        }))
      )
    }
    return usages
  })
)

export const getUsage = Endpoint.get("Discovery.usage", "/info/usage", {
  success: usages,
  errors: { 404: Endpoint.lacks("a report of usage") }
})

const jsonSchema = Response.schema(Wire.JsonObject)

const schemaOf = <const Path extends string>(operation: string, path: Path) =>
  Endpoint.get(operation, path, { success: jsonSchema })

export const imageSchemas = {
  image: schemaOf("ImageSchemas.image", "/schemas/image"),
  images: schemaOf("ImageSchemas.images", "/schemas/images"),
  member: schemaOf("ImageSchemas.member", "/schemas/member"),
  members: schemaOf("ImageSchemas.members", "/schemas/members"),
  task: schemaOf("ImageSchemas.task", "/schemas/task"),
  tasks: schemaOf("ImageSchemas.tasks", "/schemas/tasks")
}

// ---------------------------------------------------------------------------------------------------------------------
// metadata definitions
// ---------------------------------------------------------------------------------------------------------------------

/** A definition and its JSON record. An update sends the record back with the changed fields. */
export interface Definition<A> {
  readonly value: A
  readonly record: Wire.JsonObject
}

const decodeRecord = Response.decoder(Wire.JsonObject)

const withRecord = <A, I>(schema: Schema.Schema<A, I>): Response.Read<Definition<A>> => {
  const decode = Response.decoder(schema)
  return Response.json((body) =>
    Either.flatMap(decodeRecord(body), (record) => Either.map(decode(record), (value) => ({ record, value })))
  )
}

interface Body {
  readonly definition: Wire.JsonObject
}

const body = ({ definition }: Body) => definition

/** The error of a name that is taken. `key` is the key of the name in the body. */
const duplicate =
  (kind: GlanceError.DuplicateMetadef["kind"], key = "name") =>
  ({ definition, ...answer }: Answer.Answer & Body) =>
    new GlanceError.DuplicateMetadef({ ...answer, kind, name: String(definition[key]) })

/** Glance returns 403 for protection and for its policy. Only the message differs. */
const forbidden = (answer: Answer.Answer & { readonly namespace: string }) =>
  answer.detail.endsWith(" is protected and cannot be deleted.")
    ? new GlanceError.ProtectedMetadef(answer)
    : new GlanceError.Forbidden(answer)

const noNamespace = { 404: GlanceError.MetadefNamespaceNotFound }
const noProperty = { 404: GlanceError.MetadefPropertyNotFound }
const noObject = { 404: GlanceError.MetadefObjectNotFound }
const noTag = { 404: GlanceError.MetadefTagNotFound }

export const namespaces: Page.Records<Metadef.Namespace> = {
  key: "namespaces",
  decode: Response.decoder(Metadef.Namespace)
}

/** 404 means that the namespace of the marker no longer exists. */
export const listNamespaces = Endpoint.get("Metadefs.namespaces.list", "/metadefs/namespaces", {
  success: Page.read(namespaces),
  errors: { 404: (answer: Answer.Answer) => new GlanceError.MetadefNamespaceNotFound({ ...answer, namespace: "" }) }
})

const namespace = withRecord(Metadef.NamespaceDetails)

export const createNamespace = Endpoint.post("Metadefs.namespaces.create", "/metadefs/namespaces", {
  body,
  success: Response.map(namespace, ({ value }) => value),
  errors: { 409: duplicate("namespace", "namespace") }
})

export const getNamespace = Endpoint.get("Metadefs.namespaces.get", "/metadefs/namespaces/{namespace}", {
  success: namespace,
  errors: noNamespace
})

export const updateNamespace = Endpoint.put("Metadefs.namespaces.update", "/metadefs/namespaces/{namespace}", {
  body,
  success: namespace,
  errors: { ...noNamespace, 409: duplicate("namespace", "namespace") }
})

export const deleteNamespace = Endpoint.del("Metadefs.namespaces.delete", "/metadefs/namespaces/{namespace}", {
  success: Response.nothing,
  errors: { ...noNamespace, 403: forbidden }
})

const properties = Response.schema(Schema.Struct({ properties: Metadef.PropertiesFromJson }))
const property = withRecord(Metadef.Property)
const argumentNames = { property: "name", object: "name", tag: "name" }

export const listProperties = Endpoint.get(
  "Metadefs.properties.listAll",
  "/metadefs/namespaces/{namespace}/properties",
  { success: Response.map(properties, ({ properties }) => [...properties.values()]), errors: noNamespace }
)

export const createProperty = Endpoint.post(
  "Metadefs.properties.create",
  "/metadefs/namespaces/{namespace}/properties",
  {
    body,
    success: Response.map(property, ({ value }) => value),
    errors: { ...noNamespace, 409: duplicate("property") }
  }
)

export const getProperty = Endpoint.get(
  "Metadefs.properties.get",
  "/metadefs/namespaces/{namespace}/properties/{property}",
  { argumentNames, success: property, errors: noProperty }
)

export const updateProperty = Endpoint.put(
  "Metadefs.properties.update",
  "/metadefs/namespaces/{namespace}/properties/{property}",
  { argumentNames, body, success: property, errors: { ...noProperty, 409: duplicate("property") } }
)

export const deleteProperty = Endpoint.del(
  "Metadefs.properties.delete",
  "/metadefs/namespaces/{namespace}/properties/{property}",
  { argumentNames, success: Response.nothing, errors: { ...noProperty, 403: forbidden } }
)

export const deleteProperties = Endpoint.del(
  "Metadefs.properties.deleteAll",
  "/metadefs/namespaces/{namespace}/properties",
  { success: Response.nothing, errors: { ...noNamespace, 403: forbidden } }
)

const object = withRecord(Metadef.MetadefObject)

export const listObjects = Endpoint.get("Metadefs.objects.listAll", "/metadefs/namespaces/{namespace}/objects", {
  success: listIn("objects", Metadef.MetadefObject),
  errors: noNamespace
})

export const createObject = Endpoint.post("Metadefs.objects.create", "/metadefs/namespaces/{namespace}/objects", {
  body,
  success: Response.map(object, ({ value }) => value),
  errors: { ...noNamespace, 409: duplicate("object") }
})

export const getObject = Endpoint.get("Metadefs.objects.get", "/metadefs/namespaces/{namespace}/objects/{object}", {
  argumentNames,
  success: object,
  errors: noObject
})

export const updateObject = Endpoint.put(
  "Metadefs.objects.update",
  "/metadefs/namespaces/{namespace}/objects/{object}",
  { argumentNames, body, success: object, errors: { ...noObject, 409: duplicate("object") } }
)

export const deleteObject = Endpoint.del(
  "Metadefs.objects.delete",
  "/metadefs/namespaces/{namespace}/objects/{object}",
  { argumentNames, success: Response.nothing, errors: { ...noObject, 403: forbidden } }
)

export const deleteObjects = Endpoint.del("Metadefs.objects.deleteAll", "/metadefs/namespaces/{namespace}/objects", {
  success: Response.nothing,
  errors: { ...noNamespace, 403: forbidden }
})

const tag = Response.schema(Metadef.Tag)

/** 404 means that the namespace, or the tag of the marker, does not exist. */
export const listTags = Endpoint.get("Metadefs.tags.listAll", "/metadefs/namespaces/{namespace}/tags", {
  success: listIn("tags", Metadef.Tag),
  errors: noNamespace
})

export const setTags = Endpoint.post("Metadefs.tags.set", "/metadefs/namespaces/{namespace}/tags", {
  body: ({ names }: { readonly names: ReadonlyArray<string> }) => ({ tags: names.map((name) => ({ name })) }),
  success: Response.nothing,
  errors: {
    ...noNamespace,
    409: ({ names, ...answer }: Answer.Answer & { readonly names: ReadonlyArray<string> }) =>
      new GlanceError.DuplicateMetadef({ ...answer, kind: "tag", name: names.join(", ") })
  }
})

export const createTag = Endpoint.post("Metadefs.tags.create", "/metadefs/namespaces/{namespace}/tags/{tag}", {
  argumentNames,
  success: tag,
  errors: {
    ...noNamespace,
    409: ({ tag, ...answer }: Answer.Answer & { readonly tag: string }) =>
      new GlanceError.DuplicateMetadef({ ...answer, kind: "tag", name: tag })
  }
})

export const getTag = Endpoint.get("Metadefs.tags.get", "/metadefs/namespaces/{namespace}/tags/{tag}", {
  argumentNames,
  success: tag,
  errors: noTag
})

export const renameTag = Endpoint.put("Metadefs.tags.rename", "/metadefs/namespaces/{namespace}/tags/{tag}", {
  argumentNames,
  body,
  success: tag,
  errors: { ...noTag, 409: duplicate("tag") }
})

export const deleteTag = Endpoint.del("Metadefs.tags.delete", "/metadefs/namespaces/{namespace}/tags/{tag}", {
  argumentNames,
  success: Response.nothing,
  errors: { ...noTag, 403: forbidden }
})

export const deleteTags = Endpoint.del("Metadefs.tags.deleteAll", "/metadefs/namespaces/{namespace}/tags", {
  success: Response.nothing,
  errors: { ...noNamespace, 403: forbidden }
})

export const listResourceTypes = Endpoint.get("Metadefs.resourceTypes.listAll", "/metadefs/resource_types", {
  success: listIn("resource_types", Metadef.ResourceType)
})

export const listAssociations = Endpoint.get(
  "Metadefs.resourceTypes.associations",
  "/metadefs/namespaces/{namespace}/resource_types",
  {
    success: listIn("resource_type_associations", Metadef.Association),
    errors: noNamespace
  }
)

export const createAssociation = Endpoint.post(
  "Metadefs.resourceTypes.associate",
  "/metadefs/namespaces/{namespace}/resource_types",
  {
    body,
    success: Response.schema(Metadef.Association),
    errors: { ...noNamespace, 409: duplicate("association") }
  }
)

export const deleteAssociation = Endpoint.del(
  "Metadefs.resourceTypes.dissociate",
  "/metadefs/namespaces/{namespace}/resource_types/{resourceType}",
  { success: Response.nothing, errors: { 404: GlanceError.MetadefAssociationNotFound, 403: forbidden } }
)

export const metadefSchemas = {
  namespace: schemaOf("Metadefs.schemas.namespace", "/schemas/metadefs/namespace"),
  namespaces: schemaOf("Metadefs.schemas.namespaces", "/schemas/metadefs/namespaces"),
  property: schemaOf("Metadefs.schemas.property", "/schemas/metadefs/property"),
  properties: schemaOf("Metadefs.schemas.properties", "/schemas/metadefs/properties"),
  object: schemaOf("Metadefs.schemas.object", "/schemas/metadefs/object"),
  objects: schemaOf("Metadefs.schemas.objects", "/schemas/metadefs/objects"),
  tag: schemaOf("Metadefs.schemas.tag", "/schemas/metadefs/tag"),
  tags: schemaOf("Metadefs.schemas.tags", "/schemas/metadefs/tags"),
  resourceType: schemaOf("Metadefs.schemas.resourceType", "/schemas/metadefs/resource_type"),
  resourceTypes: schemaOf("Metadefs.schemas.resourceTypes", "/schemas/metadefs/resource_types")
}
