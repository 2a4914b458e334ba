/** What to do about each error, and an instance with the values that a real cloud gives. */
import { GlanceError } from "@effect-glance/core"
import { CloudConfigError, Directory } from "@effect-glance/http"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

export interface Entry {
  /** What a user can do, as one or more sentences. */
  readonly remedy: string
  readonly example: Error & { readonly _tag: string }
}

type Tag =
  | GlanceError.GlanceError["_tag"]
  | CloudConfigError.CloudConfigError["_tag"]
  | Exclude<Directory.FindProjectError, GlanceError.GlanceError>["_tag"]

const root = "https://glance.example/v2"
const imageId = "3f2c0a5e-7d1b-4c7e-9a51-5d2f6f0e8b11"
const memberId = "8c1f0de2b6a94b0f9d1e6f0a7c3b5d42"
const taskId = "9c2e4a10-52f7-4a3e-8f0b-1d6a7e3c9b55"
const until = DateTime.unsafeMake("2026-12-01T15:30:00Z")
const none = Option.none()

/** The fields of a response. */
const response = (operation: string, request: string, status: number, detail = "") => {
  const [method = "", path = ""] = request.split(" ")
  const requestId = Option.some("req-0e087646-6e78-489e-a847-7dadf0e00261")
  return { operation, method, url: root + path, status, requestId, detail }
}

const onImage = (operation: string, request: string, status: number, detail = "") => ({
  ...response(operation, request.replace("{id}", imageId), status, detail),
  imageId
})

const onNamespace = (operation: string, path: string, status: number, detail = "") => ({
  ...response(operation, `GET /metadefs/namespaces/Example::Backup${path}`, status, detail),
  namespace: "Example::Backup"
})

export const entries: { readonly [T in Tag]: Entry } = {
  InvalidArgument: {
    remedy: "Correct the argument that the message names.",
    example: new GlanceError.InvalidArgument({
      operation: "Images.list",
      argument: "query.limit",
      reason: "must be a whole number from 1, not 0"
    })
  },
  InvalidImageMemberStatus: {
    remedy: 'Use `"pending"`, `"accepted"` or `"rejected"`.',
    example: new GlanceError.InvalidImageMemberStatus({ operation: "ImageMembers.setStatus", memberStatus: "ok" })
  },
  TransportError: {
    remedy:
      "Follow the message: it names the host, the port or the setting. The client has retried what is safe to retry. If the " +
      "network is unreliable, retry with `GlanceError.isTransient`.",
    example: new GlanceError.TransportError({
      operation: "Images.get",
      method: "GET",
      url: `${root}/images/${imageId}`,
      detail: "the connection was refused: no service listens at this host and port [ECONNREFUSED]",
      cause: new Error("ECONNREFUSED")
    })
  },
  CloudUnavailable: {
    remedy:
      "Wait until the time in `until`, or show that the cloud is down. See [Retries and limits](./guides/retries-and-limits).",
    example: new GlanceError.CloudUnavailable({ url: root, until, detail: "status 503" })
  },
  TimeLimitExceeded: {
    remedy:
      "Set a longer `timeLimit` on the cloud, or find out why it is slow. Check what the server did before you repeat a change.",
    example: new GlanceError.TimeLimitExceeded({ operation: "Images.update", limit: Duration.minutes(1) })
  },
  AuthenticationFailed: {
    remedy: "Check user, password, project and domain, or make a new application credential.",
    example: new GlanceError.AuthenticationFailed({
      ...response("Keystone.password", "POST ", 401, "The request you have made requires authentication."),
      url: "https://keystone.example/v3/auth/tokens"
    })
  },
  EndpointNotFound: {
    remedy:
      "Choose a region and an interface from the list in the message. If the list is empty, log in to a project: name one in the " +
      "configuration.",
    example: new GlanceError.EndpointNotFound({
      service: "image",
      region: Option.some("nowhere"),
      interface: "public",
      available: ["image RegionOne public", "image RegionOne internal"]
    })
  },
  EndpointVersionMismatch: {
    remedy: "Check `endpoint`, `image_endpoint_override` or the catalog: the URL must be that of the image service.",
    example: new GlanceError.EndpointVersionMismatch(response("Images.list", "GET /images", 300))
  },
  CapabilityMissing: {
    remedy:
      "Ask the operator to enable the feature, or do without: `Discovery` says what the cloud offers. `createFrom` chooses a way " +
      "that the cloud has.",
    example: new GlanceError.CapabilityMissing({
      operation: "ImageImport.start",
      capability: "the import method web-download",
      detail: "it has glance-direct, copy-image",
      requestId: none
    })
  },
  BadRequest: {
    remedy: "Read the server's sentence in the message. If the client should have refused the argument, report it.",
    example: new GlanceError.BadRequest(
      response("Images.create", "POST /images", 400, "Invalid disk format 'floppy' for image.")
    )
  },
  Forbidden: {
    remedy:
      "Read the server's sentence. Remove the protection of the image (`update` with `protected: false`), use the project that owns " +
      "it, or ask an administrator.",
    example: new GlanceError.Forbidden(
      onImage("Images.delete", "DELETE /images/{id}", 403, `Image ${imageId} is protected and cannot be deleted.`)
    )
  },
  QuotaExceeded: {
    remedy:
      "With `retryAfter`, wait: it is a limit of requests. Without it, delete images, or ask for a larger quota. `Discovery.usage` shows " +
      "how much is used.",
    example: new GlanceError.QuotaExceeded({
      ...response("ImageData.upload", `PUT /images/${imageId}/file`, 413, "Image storage media is full"),
      retryAfter: none
    })
  },
  RateLimited: {
    remedy:
      "Send fewer requests: provide a `Throttle`. The client has already waited as long as the time limit allows.",
    example: new GlanceError.RateLimited({
      ...response("Images.list", "GET /images", 429),
      retryAfter: Option.some(Duration.minutes(5))
    })
  },
  ServiceUnavailable: {
    remedy: "Try again later, for instance with `Effect.retry` and `GlanceError.isTransient`.",
    example: new GlanceError.ServiceUnavailable({
      ...response("Images.list", "GET /images", 503),
      retryAfter: Option.some(Duration.seconds(30))
    })
  },
  ServerError: {
    remedy: "Give the request id to the operator of the cloud: it is in the service's log.",
    example: new GlanceError.ServerError(
      response(
        "Images.list",
        "GET /images",
        500,
        "The server has either erred or is incapable of performing the request"
      )
    )
  },
  UnexpectedStatus: {
    remedy:
      "Check the URL of the endpoint: a proxy or another service may be there. For a redirect, use the URL that it leads to.",
    example: new GlanceError.UnexpectedStatus(response("Images.list", "GET /images", 301, "Moved Permanently"))
  },
  UnexpectedAnswer: {
    remedy:
      'If the body is that of a proxy, check the URL. If one record does not decode, list with `{ undecodable: "skip" }`, and report ' +
      "the message.",
    example: new GlanceError.UnexpectedAnswer({
      ...response("Images.list", "GET /images", 200, "expected JSON, found text/html"),
      record: none
    })
  },
  ImageNotFound: {
    remedy:
      "Check the id and the project. An image of another project is visible only if it is shared, community or public.",
    example: new GlanceError.ImageNotFound(
      onImage("Images.get", "GET /images/{id}", 404, `No image found with ID ${imageId}`)
    )
  },
  DuplicateImage: {
    remedy: "Choose another id, or leave it out. Glance does not give an id again after a deletion.",
    example: new GlanceError.DuplicateImage(
      response("Images.create", "POST /images", 409, `Image ID ${imageId} already exists!`)
    )
  },
  ImageInUse: {
    remedy: "Delete the servers, volumes or snapshots that are based on the image, or hide the image instead.",
    example: new GlanceError.ImageInUse(
      onImage("Images.delete", "DELETE /images/{id}", 409, `Image ${imageId} could not be deleted because it is in use`)
    )
  },
  ImageNotInStore: {
    remedy: "Nothing: the store has no copy. `image.stores` lists the stores that have one.",
    example: new GlanceError.ImageNotInStore({
      ...onImage("ImageStores.deleteImage", "DELETE /stores/slow/{id}", 404),
      store: "slow"
    })
  },
  UpdateConflict: {
    remedy: "Read the image, decide again, and repeat the update. Formats cannot be changed once the image has data.",
    example: new GlanceError.UpdateConflict(
      onImage("Images.update", "PATCH /images/{id}", 409, "Property os_version does not exist.")
    )
  },
  NoMatchingImage: {
    remedy:
      'Check the query. Names have no wildcards; hidden images need `{ hidden: true }`, and community images `visibility: "all"`.',
    example: new GlanceError.NoMatchingImage({ operation: "Images.find", query: "name=debian" })
  },
  AmbiguousImage: {
    remedy: "Add conditions, or use `findFirst` or `findNewest`.",
    example: new GlanceError.AmbiguousImage({
      operation: "Images.find",
      query: "name=debian",
      imageIds: [imageId, "0a4f0c3e-0000-4000-8000-000000000001"]
    })
  },
  RepeatedMarker: {
    remedy: "Report it to the operator: the server or a proxy ignores `marker`.",
    example: new GlanceError.RepeatedMarker({ operation: "Images.listAll", marker: imageId })
  },
  TooManyEmptyPages: {
    remedy: "Narrow the query, so that fewer records are hidden from the caller, or report it to the operator.",
    example: new GlanceError.TooManyEmptyPages({ operation: "Images.listAll", pages: 100, marker: imageId })
  },
  LostMarker: {
    remedy: "List again.",
    example: new GlanceError.LostMarker({ operation: "Images.listAll", marker: imageId })
  },
  UnsharableImage: {
    remedy:
      "Share as the owner. Make a private image `shared` with `{ makeShared: true }`; public images need no members.",
    example: new GlanceError.UnsharableImage(
      onImage(
        "ImageMembers.add",
        "POST /images/{id}/members",
        403,
        `Not allowed to create members for image ${imageId}.`
      )
    )
  },
  DuplicateImageMember: {
    remedy: "Nothing: the project is a member. `ImageMembers.share` treats this as success.",
    example: new GlanceError.DuplicateImageMember({
      ...onImage("ImageMembers.add", "POST /images/{id}/members", 409),
      memberId
    })
  },
  InvalidImageMember: {
    remedy: "Log in as the project that is the member. The owner shares the image first.",
    example: new GlanceError.InvalidImageMember({
      ...onImage("ImageMembers.setStatus", `PUT /images/{id}/members/${memberId}`, 403),
      memberId
    })
  },
  ImageMemberNotFound: {
    remedy: "Check the id of the project (not its name), or ignore the error if the member should be gone.",
    example: new GlanceError.ImageMemberNotFound({
      ...onImage("ImageMembers.remove", `DELETE /images/{id}/members/${memberId}`, 404),
      memberId
    })
  },
  ImageTagNotFound: {
    remedy: "Nothing, if the tag should be gone.",
    example: new GlanceError.ImageTagNotFound({
      operation: "ImageTags.remove",
      imageId,
      tag: "stable",
      requestId: none,
      detail: ""
    })
  },
  TaskNotFound: {
    remedy: "Read tasks within two days after their end, with the project that started them.",
    example: new GlanceError.TaskNotFound({ ...response("ImageTasks.get", `GET /tasks/${taskId}`, 404), taskId })
  },
  TaskFailed: {
    remedy: "Read the task's message, and start a new task.",
    example: new GlanceError.TaskFailed({
      operation: "ImageTasks.await",
      taskId,
      type: "export",
      reason: "Requested image for export was not found"
    })
  },
  TaskNotEnded: {
    remedy: "Wait again with `ImageTasks.await`: the task continues.",
    example: new GlanceError.TaskNotEnded({
      operation: "ImageTasks.await",
      taskId,
      type: "export",
      taskStatus: "processing"
    })
  },
  NoSuchContainer: {
    remedy: "Create the container in the object store of the same region.",
    example: new GlanceError.NoSuchContainer({
      ...response("ImageTasks.export", "GET /exports", 404),
      url: "https://swift.example/v1/account/exports",
      container: "exports"
    })
  },
  ImageLocked: {
    remedy: "Wait for the other import with `ImageImport.await(image)`, or try again after `until`.",
    example: new GlanceError.ImageLocked({
      ...onImage("ImageImport.start", "POST /images/{id}/import", 409),
      taskId: Option.some(taskId),
      until: Option.some(until)
    })
  },
  ImageNotImportable: {
    remedy:
      "Give the image a disk format and a container format. Stage data first for `glanceDirect`; use a queued image for downloads, and " +
      "an active one for `copyImage`.",
    example: new GlanceError.ImageNotImportable(
      onImage(
        "ImageImport.start",
        "POST /images/{id}/import",
        409,
        "Only images with status active can be targeted for copying"
      )
    )
  },
  ImportFailed: {
    remedy:
      "Read the reason. If the image is `queued`, import again. If it is `importing`, delete it and create another one.",
    example: new GlanceError.ImportFailed({
      operation: "ImageImport.importAndWait",
      imageId,
      taskId: Option.some(taskId),
      imageStatus: "queued",
      failedStores: ["slow"],
      reason: "disk full",
      lockedUntil: none
    })
  },
  ImportIncomplete: {
    remedy: "Use the image, and copy it into the failed stores with `copyImage`.",
    example: new GlanceError.ImportIncomplete({
      operation: "ImageImport.importAndWait",
      imageId,
      taskId: Option.some(taskId),
      stores: ["fast"],
      failedStores: ["slow"]
    })
  },
  ImportNotEnded: {
    remedy: "Wait again with `ImageImport.await(image)`: the import continues.",
    example: new GlanceError.ImportNotEnded({
      operation: "ImageImport.importAndWait",
      imageId,
      taskId: Option.some(taskId),
      imageStatus: "importing",
      taskStatus: Option.some("processing"),
      storesToGo: ["slow"]
    })
  },
  MetadefNamespaceNotFound: {
    remedy: "Check the name and the visibility of the namespace.",
    example: new GlanceError.MetadefNamespaceNotFound(onNamespace("Metadefs.namespaces.get", "", 404))
  },
  MetadefPropertyNotFound: {
    remedy: "Check the name. With `resourceType`, a property has the prefix of the association.",
    example: new GlanceError.MetadefPropertyNotFound({
      ...onNamespace("Metadefs.properties.get", "/properties/keep", 404),
      property: "keep"
    })
  },
  MetadefObjectNotFound: {
    remedy: "Check the name of the object.",
    example: new GlanceError.MetadefObjectNotFound({
      ...onNamespace("Metadefs.objects.get", "/objects/Policy", 404),
      object: "Policy"
    })
  },
  MetadefTagNotFound: {
    remedy: "Check the name of the tag.",
    example: new GlanceError.MetadefTagNotFound({
      ...onNamespace("Metadefs.tags.get", "/tags/important", 404),
      tag: "important"
    })
  },
  MetadefAssociationNotFound: {
    remedy: "Nothing, if the association should be gone.",
    example: new GlanceError.MetadefAssociationNotFound({
      ...onNamespace("Metadefs.resourceTypes.dissociate", "/resource_types/OS::Glance::Image", 404),
      method: "DELETE",
      resourceType: "OS::Glance::Image"
    })
  },
  DuplicateMetadef: {
    remedy: "Update the definition, or choose another name.",
    example: new GlanceError.DuplicateMetadef({
      ...response("Metadefs.namespaces.create", "POST /metadefs/namespaces", 409),
      kind: "namespace",
      name: "Example::Backup"
    })
  },
  ProtectedMetadef: {
    remedy: "Remove the protection with `namespaces.update(name, { protected: false })`.",
    example: new GlanceError.ProtectedMetadef({
      ...onNamespace("Metadefs.namespaces.delete", "", 403),
      method: "DELETE"
    })
  },
  NoImageData: {
    remedy: "Upload or import data, and wait until the image is `active`.",
    example: new GlanceError.NoImageData(onImage("ImageData.download", "GET /images/{id}/file", 204))
  },
  ImageDeactivated: {
    remedy: "Reactivate the image with `Images.reactivate`, or download as an administrator.",
    example: new GlanceError.ImageDeactivated(onImage("ImageData.download", "GET /images/{id}/file", 403))
  },
  RangeNotSatisfiable: {
    remedy: "Read the size of the image first, and begin before it.",
    example: new GlanceError.RangeNotSatisfiable(onImage("ImageData.download", "GET /images/{id}/file", 416))
  },
  ImageNotQueued: {
    remedy: "Create another image. The data of an image cannot be replaced.",
    example: new GlanceError.ImageNotQueued(onImage("ImageData.upload", "PUT /images/{id}/file", 409))
  },
  ImageDeletedMeanwhile: {
    remedy: "Find out who deleted the image, and create another one.",
    example: new GlanceError.ImageDeletedMeanwhile(onImage("ImageData.upload", "PUT /images/{id}/file", 410))
  },
  ImageFormatRefused: {
    remedy:
      "Delete the image, and create another one with the `diskFormat` that the data have. `createWithData` deletes it itself.",
    example: new GlanceError.ImageFormatRefused(onImage("ImageData.upload", "PUT /images/{id}/file", 415))
  },
  ImageFormatMismatch: {
    remedy: "Correct `diskFormat`, or convert the data. `checkFormat: false` turns the check off.",
    example: new GlanceError.ImageFormatMismatch({
      operation: "ImageData.upload",
      imageId,
      diskFormat: "raw",
      found: "qcow2"
    })
  },
  SourceLengthMismatch: {
    remedy:
      "Correct `size` of the source, or find out why the source ended early. A file must not change during its upload.",
    example: new GlanceError.SourceLengthMismatch({
      operation: "ImageData.upload",
      imageId,
      expected: 1_048_576,
      actual: 524_288
    })
  },
  EmptyImageSource: {
    remedy: "Check the source: it gave no byte.",
    example: new GlanceError.EmptyImageSource({ operation: "ImageData.upload", imageId })
  },
  ImageIntegrityError: {
    remedy:
      "At `source`, the data are not those that you expected. At `upload` or `download`, delete the data and transfer them again; if " +
      "it happens again, tell the operator.",
    example: new GlanceError.ImageIntegrityError({
      operation: "ImageData.downloadTo",
      imageId,
      at: "download",
      property: "size",
      expected: "1048576",
      actual: "1048000"
    })
  },
  ImageUnverifiable: {
    remedy: "Set `hashAlgorithm` to the algorithm of the cloud, or `verify: false`.",
    example: new GlanceError.ImageUnverifiable({
      operation: "ImageData.download",
      imageId,
      algorithms: ["gost94"]
    })
  },
  UploadFailed: {
    remedy: "Delete the image and upload again. If it happens again, the store of the cloud has a problem.",
    example: new GlanceError.UploadFailed({ operation: "ImageData.upload", imageId, imageStatus: "killed" })
  },
  UploadNotEnded: {
    remedy: "Read the image later with `Images.get`. A longer `settleLimit` waits longer.",
    example: new GlanceError.UploadNotEnded({
      operation: "ImageData.upload",
      imageId,
      imageStatus: Option.some("saving"),
      detail: none,
      limit: Duration.minutes(5)
    })
  },
  TransferStalled: {
    remedy: "Transfer again: a download to a file continues. A longer `idleLimit` waits longer.",
    example: new GlanceError.TransferStalled({
      operation: "ImageData.downloadTo",
      imageId,
      bytes: 1_048_576,
      limit: Duration.minutes(5)
    })
  },
  DownloadInProgress: {
    remedy: "Wait for the other download, or choose another file.",
    example: new GlanceError.DownloadInProgress({ operation: "ImageData.downloadTo", imageId, path: "debian.qcow2" })
  },
  UnreadableCloudFile: {
    remedy: "Correct the path or the permissions of the file.",
    example: new CloudConfigError.UnreadableCloudFile({
      file: "/etc/openstack/clouds.yaml",
      reason: "permission denied"
    })
  },
  MalformedCloudFile: {
    remedy: "Correct the line that the message names.",
    example: new CloudConfigError.MalformedCloudFile({
      file: "clouds.yaml",
      line: Option.some(6),
      column: Option.some(1),
      reason: "not YAML: Missing closing 'quote"
    })
  },
  UnknownCloud: {
    remedy: "Choose one of the names in the message, or set `OS_CLIENT_CONFIG_FILE` to the file that has the cloud.",
    example: new CloudConfigError.UnknownCloud({
      cloud: Option.some("prd"),
      file: Option.some("clouds.yaml"),
      known: ["prod", "test"],
      searched: []
    })
  },
  MissingCloudSetting: {
    remedy: "Add the setting to the cloud in `clouds.yaml`, or set the variable.",
    example: new CloudConfigError.MissingCloudSetting({
      source: "clouds.yaml",
      cloud: "prod",
      keys: ["auth.password"],
      authType: "password"
    })
  },
  InvalidCloudSetting: {
    remedy: "Correct the setting that the message names.",
    example: new CloudConfigError.InvalidCloudSetting({
      source: "the environment",
      cloud: "envvars",
      key: "OS_INTERFACE",
      reason: 'is "private" and none of public, internal, admin'
    })
  },
  UnknownAuthType: {
    remedy: "Use one of the types in the message. See [Logins](./guides/clouds-yaml#logins).",
    example: new CloudConfigError.UnknownAuthType({
      source: "clouds.yaml",
      cloud: "prod",
      key: "auth_type",
      authType: "v3kerberos",
      known: ["password", "token", "v3applicationcredential"]
    })
  },
  ProjectNotFound: {
    remedy:
      "Check the name. Callers who may not list all projects find only those that they can log in to: for others give the id.",
    example: new Directory.ProjectNotFound({ project: "demo", domain: Option.some("Default") })
  },
  AmbiguousProject: {
    remedy: "Give the id of the project, or the name of its domain.",
    example: new Directory.AmbiguousProject({
      project: "demo",
      domain: none,
      projectIds: [memberId, "1f0e7c6a2b8d4f539e0a6d5c4b3a2f10"]
    })
  }
}
