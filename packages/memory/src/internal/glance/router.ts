import * as Effect from "effect/Effect"
import * as Routes from "../routes.js"
import * as cache from "./cache.js"
import type { Context, Reply } from "./context.js"
import * as data from "./data.js"
import { attempt, badRequest, Fault, fault } from "./errors.js"
import * as images from "./images.js"
import * as imports from "./imports.js"
import * as info from "./info.js"
import * as members from "./members.js"
import * as metadefNamespaces from "./metadefs/namespaces.js"
import * as metadefObjects from "./metadefs/objects.js"
import * as metadefProperties from "./metadefs/properties.js"
import * as resourceTypes from "./metadefs/resourceTypes.js"
import * as metadefTags from "./metadefs/tags.js"
import * as patch from "./patch.js"
import { listImages } from "./query.js"
import * as registrations from "./registrations.js"
import * as releases from "./releases.js"
import { hasBody, readJson } from "./request.js"
import * as tags from "./tags.js"
import * as tasks from "./tasks.js"

type Result = Reply | Effect.Effect<Reply, Fault>

type Route = Routes.Route<Context, Result>

const route = (
  method: string,
  path: string,
  handle: (context: Context, a: string, b: string) => Result,
  refusesBody = false
): Route => {
  const segments = path.split("/")
  return Routes.route(method, path, (context, a, b) => {
    if (refusesBody && hasBody(context.request)) throw badRequest("A body is not expected with this request.")
    const refused = releases.refuseWithoutProject(context, segments)
    if (refused !== undefined) throw refused
    return handle(context, a, b)
  })
}

const routes: ReadonlyArray<Route> = [
  ...info.schemaNames.map((name) => route("GET", `schemas/${name}`, (context) => info.showSchema(context, name))),
  ...info.metadefSchemaNames.map((name) =>
    route("GET", `schemas/metadefs/${name}`, () => info.showMetadefSchema(name), true)
  ),
  route("GET", "metadefs/resource_types", resourceTypes.listResourceTypes, true),
  route("GET", "metadefs/namespaces/:name/resource_types", resourceTypes.listAssociations, true),
  route("POST", "metadefs/namespaces/:name/resource_types", resourceTypes.createAssociation),
  route("DELETE", "metadefs/namespaces/:name/resource_types/:type", resourceTypes.deleteAssociation, true),
  route("GET", "metadefs/namespaces", metadefNamespaces.listNamespaces),
  route("POST", "metadefs/namespaces", metadefNamespaces.createNamespace),
  route("GET", "metadefs/namespaces/:name", metadefNamespaces.showNamespace, true),
  route("PUT", "metadefs/namespaces/:name", metadefNamespaces.updateNamespace),
  route("DELETE", "metadefs/namespaces/:name", metadefNamespaces.deleteNamespace, true),
  route("GET", "metadefs/namespaces/:name/properties", metadefProperties.listProperties, true),
  route("POST", "metadefs/namespaces/:name/properties", metadefProperties.createProperty),
  route("DELETE", "metadefs/namespaces/:name/properties", metadefProperties.deleteProperties),
  route("GET", "metadefs/namespaces/:name/properties/:property", metadefProperties.showProperty),
  route("PUT", "metadefs/namespaces/:name/properties/:property", metadefProperties.updateProperty),
  route("DELETE", "metadefs/namespaces/:name/properties/:property", metadefProperties.deleteProperty),
  route("GET", "metadefs/namespaces/:name/objects", metadefObjects.listObjects),
  route("POST", "metadefs/namespaces/:name/objects", metadefObjects.createObject),
  route("DELETE", "metadefs/namespaces/:name/objects", metadefObjects.deleteObjects),
  route("GET", "metadefs/namespaces/:name/objects/:object", metadefObjects.showObject, true),
  route("PUT", "metadefs/namespaces/:name/objects/:object", metadefObjects.updateObject),
  route("DELETE", "metadefs/namespaces/:name/objects/:object", metadefObjects.deleteObject, true),
  route("GET", "metadefs/namespaces/:name/tags", metadefTags.listTags),
  route("POST", "metadefs/namespaces/:name/tags", metadefTags.createTags),
  route("DELETE", "metadefs/namespaces/:name/tags", metadefTags.deleteTags),
  route("GET", "metadefs/namespaces/:name/tags/:tag", metadefTags.showTag, true),
  route("POST", "metadefs/namespaces/:name/tags/:tag", metadefTags.createTag, true),
  route("PUT", "metadefs/namespaces/:name/tags/:tag", metadefTags.updateTag),
  route("DELETE", "metadefs/namespaces/:name/tags/:tag", metadefTags.deleteTag, true),
  route("GET", "images", listImages),
  route("POST", "images", images.createImage),
  route("GET", "images/:id", images.showImage, true),
  route("PATCH", "images/:id", patch.updateImage),
  route("DELETE", "images/:id", images.deleteImage, true),
  route("POST", "images/:id/actions/deactivate", images.deactivate, true),
  route("POST", "images/:id/actions/reactivate", images.reactivate, true),
  route("PUT", "images/:id/tags/:tag", tags.addTag, true),
  route("DELETE", "images/:id/tags/:tag", tags.removeTag, true),
  route("GET", "images/:id/members", members.listMembers, true),
  route("POST", "images/:id/members", members.addMember),
  route("GET", "images/:id/members/:member", members.showMember, true),
  route("PUT", "images/:id/members/:member", members.setMemberStatus),
  route("DELETE", "images/:id/members/:member", members.removeMember, true),
  route("GET", "images/:id/tasks", tasks.listImageTasks, true),
  route("POST", "images/:id/import", imports.importImage),
  route("GET", "images/:id/file", data.download, true),
  route("PUT", "images/:id/file", data.upload),
  route("PUT", "images/:id/stage", data.stage),
  route("DELETE", "stores/:store/:id", data.deleteCopy, true),
  route("POST", "tasks", tasks.createTask),
  route("GET", "tasks", tasks.listTasks),
  route("GET", "tasks/:id", tasks.showTask),
  route("DELETE", "tasks/:id", tasks.deleteTask),
  route("GET", "cache", cache.showCache, true),
  route("DELETE", "cache", cache.clearCache),
  route("PUT", "cache/:id", cache.queueImage),
  route("DELETE", "cache/:id", cache.dropImage),
  route("GET", "cached_images", cache.listCached),
  route("DELETE", "cached_images", cache.clearCached),
  route("DELETE", "cached_images/:id", cache.dropCached),
  route("GET", "queued_images", cache.listQueued),
  route("DELETE", "queued_images", cache.clearQueued),
  route("PUT", "queued_images/:id", cache.queueAny),
  route("DELETE", "queued_images/:id", cache.dropQueued),
  route("GET", "info/import", info.showImportMethods, true),
  route("GET", "info/stores", info.listStores, true),
  route("GET", "info/stores/detail", info.listStoreDetails, true),
  route("GET", "info/usage", info.showUsage)
]

/** Routes of later releases. */
const cacheRoutes: ReadonlyArray<Route> = [
  route("POST", "cache/clean", cache.cleanCache),
  route("POST", "cache/prune", cache.pruneCache),
  route("GET", "cache/nodes/:id", cache.listNodes, true)
]

const locationRoutes: ReadonlyArray<Route> = [
  route("GET", "images/:id/locations", registrations.listLocations, true),
  route("POST", "images/:id/locations", registrations.addRegistration)
]

/** Routes of Rackspace's proxy. */
const rackspaceRoutes: ReadonlyArray<Route> = [route("GET", "limits", info.showLimits)]

/** Paths that respond to other methods with 404 instead of 405, because the service does not reject them. */
const withoutRejection = [
  "info/usage",
  "images/:id/tasks",
  "cached_images",
  "cached_images/:id",
  "queued_images",
  "queued_images/:id"
]

const implementedMethods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]

/** The order in which the service lists the methods of a path. */
const methodOrder = ["GET", "POST", "PATCH", "PUT", "DELETE"]

/** Where the service lists them in another order, or does not list one: it serves GET of locations as well. */
const unusualOrders: { readonly [path: string]: string } = {
  "cache/:id": "DELETE, PUT",
  "images/:id/locations": "POST"
}

const allowed = (path: string, methods: ReadonlyArray<string>): string =>
  unusualOrders[path] ?? [...methods].sort((a, b) => methodOrder.indexOf(a) - methodOrder.indexOf(b)).join(", ")

/** Serves image data from the cache before the route of the download, unless the release refuses the caller. */
const cachedDownload = (context: Context, segments: ReadonlyArray<string>) => {
  const [collection, id, action] = segments
  if (collection !== "images" || id === undefined || action !== "file" || segments.length !== 3) return undefined
  const refused = releases.refuseWithoutProject(context, segments)
  return refused === undefined ? data.cachedDownload(context, id) : Effect.fail(refused)
}

/** Serves `/v2{path}`. */
export const dispatch = (context: Context, path: string): Effect.Effect<Reply, Fault> => {
  if (path === "") {
    return Effect.succeed<Reply>({
      status: 302,
      headers: { "content-type": "text/plain; charset=utf8", location: `${images.applicationUrl(context)}/v2/` },
      body: ""
    })
  }
  const segments = path.replace(/\/+/g, "/").slice(1).split("/")
  const cached = cachedDownload(context, segments)
  if (cached !== undefined) return cached
  const { request, state } = context
  const newer = [
    ...(releases.locationRoutes(state) ? locationRoutes : []),
    ...(state.options.cacheRoutes === true ? cacheRoutes : []),
    ...(state.options.flavour === "rackspace" ? rackspaceRoutes : [])
  ]
  const notFound = (): Result => Effect.fail(fault(implementedMethods.includes(request.method) ? 404 : 501))
  const notAllowed = (methods: ReadonlyArray<string>, pattern: string): Result => {
    if (withoutRejection.includes(pattern)) return notFound()
    const rejected = Effect.fail(new Fault(405, { headers: { allow: allowed(pattern, methods) } }))
    return hasBody(request) ? Effect.zipRight(readJson(request), rejected) : rejected
  }
  return Effect.flatMap(
    attempt(() => Routes.dispatch([...routes, ...newer], request.method, segments, context, { notAllowed, notFound })),
    (result) => (Effect.isEffect(result) ? result : Effect.succeed(result))
  )
}
