/**
 * Tasks: work on images that the cloud does in the background. On Rackspace they are the only way to import and export
 * data. Other clouds mostly reserve them for administrators.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Stream from "effect/Stream"
import * as ForeignText from "./ForeignText.js"
import * as GlanceClient from "./GlanceClient.js"
import * as GlanceError from "./GlanceError.js"
import * as Image from "./Image.js"
import * as ImageTask from "./ImageTask.js"
import * as Check from "./internal/check.js"
import * as Endpoints from "./internal/endpoints.js"
import * as Follow from "./internal/imports/follow.js"
import * as Operations from "./internal/operations.js"
import * as Pagination from "./internal/pagination.js"
import * as Query from "./internal/queryParams.js"
import * as TransferLimits from "./internal/transfer/limits.js"
import type * as Page from "./Page.js"

/**
 * Which tasks to list, in which order.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#list-tasks
 */
export interface TaskQuery {
  readonly status?: ImageTask.TaskStatus | undefined
  readonly type?: ImageTask.TaskType | undefined
  /** @default newest first */
  readonly sort?: TaskSort | undefined
  /**
   * Tasks in one page, at least 1.
   *
   * @default the server's, mostly 25
   */
  readonly limit?: number | undefined
  /** The id of the task after which the page begins. */
  readonly marker?: ImageTask.TaskId | undefined
}

/**
 * The order of tasks. Unlike images, they are sorted by one key only.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskSort {
  readonly key: "id" | "type" | "status" | "createdAt" | "updatedAt" | "expiresAt"
  /** @default "desc" */
  readonly direction?: "asc" | "desc" | undefined
}

/**
 * How an object is imported.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImportOptions {
  /**
   * Format of the object.
   *
   * @default "vhd"
   */
  readonly format?: string | undefined
  /**
   * Name of the new image.
   *
   * @default the name of the object
   */
  readonly name?: string | undefined
  /** Further properties of the image. */
  readonly properties?: { readonly [name: string]: string } | undefined
}

/**
 * How a task is awaited.
 *
 * @since 0.1.0
 * @category models
 */
export interface AwaitOptions {
  /**
   * When to poll again.
   *
   * @default every 5 seconds
   */
  readonly schedule?: Schedule.Schedule<unknown, ImageTask.ImageTask> | undefined
  /**
   * The longest wait, even if the schedule continues. At its end the task is polled once more. `Infinity` is no limit.
   *
   * @default 12 hours
   */
  readonly deadline?: Duration.DurationInput | undefined
}

type Failure = GlanceError.RequestError | GlanceError.InvalidArgument

// The errors of each operation.
export type ListError = Failure | GlanceError.RepeatedMarker
export type ListAllError = Failure | GlanceError.PagingError
export type ListOfError = Failure | GlanceError.ImageNotFound
export type GetError = Failure | GlanceError.TaskNotFound
export type CreateError = Failure
export type ExportError = Failure | GlanceError.NoSuchContainer
export type ImportError = Failure | GlanceError.NoSuchContainer
export type AwaitError = Failure | GlanceError.TaskNotFound | GlanceError.TaskFailed | GlanceError.TaskNotEnded

/**
 * The operations on tasks.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#tasks
 */
export interface Service {
  /**
   * Returns one page of tasks, and the query for the next one.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-tasks
   */
  readonly list: (
    query?: TaskQuery,
    options?: Page.ListOptions
  ) => Effect.Effect<Page.Page<ImageTask.ImageTask, TaskQuery>, ListError>
  /**
   * Streams all tasks that match. A page is fetched when the reader pulls. Like `Images.listAll`, it goes on if the task
   * is gone after which a page begins, and ends at 100 empty pages in a row.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-tasks
   */
  readonly listAll: (
    query?: TaskQuery,
    options?: Page.ListAllOptions
  ) => Stream.Stream<ImageTask.ImageTask, ListAllError>
  /**
   * Lists the import tasks of an image that the caller may see, each with its message. A project that sees the image may
   * list them. Glance deletes tasks two days after their end.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-tasks-associated-with-image
   */
  readonly listOf: (image: Image.ImageRef) => Effect.Effect<ReadonlyArray<ImageTask.ImageTask>, ListOfError>
  /**
   * Returns the record of a task, with its input, result and message.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-task-details
   */
  readonly get: (task: ImageTask.TaskRef) => Effect.Effect<ImageTask.ImageTask, GetError>
  /**
   * Starts a task of any type with any input.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-task
   */
  readonly create: (
    type: ImageTask.TaskType,
    input: { readonly [key: string]: unknown }
  ) => Effect.Effect<ImageTask.ImageTask, CreateError>
  /**
   * Starts to export an image into a container of the object store (Rackspace). Checks first that the container exists,
   * if the cloud has an object store. If the image does not exist, only the task fails.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-task
   */
  readonly export: (image: Image.ImageRef, container: string) => Effect.Effect<ImageTask.ImageTask, ExportError>
  /**
   * Starts to import an image from an object in a container of the object store (Rackspace). If the object does not
   * exist, only the task fails.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-task
   */
  readonly import: (
    container: string,
    object: string,
    options?: ImportOptions
  ) => Effect.Effect<ImageTask.ImageTask, ImportError>
  /**
   * Waits until the task has ended and returns it. Fails with `TaskFailed`, which has the task's message, if the task
   * fails, and with `TaskNotEnded` at the deadline or when the schedule ends.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-task-details
   */
  readonly await: (task: ImageTask.TaskRef, options?: AwaitOptions) => Effect.Effect<ImageTask.ImageTask, AwaitError>
}

/**
 * The service of tasks.
 *
 * @since 0.1.0
 * @category tags
 */
export class ImageTasks extends Context.Tag("@effect-glance/core/ImageTasks")<ImageTasks, Service>() {}

const sortKeys: { readonly [K in TaskSort["key"]]: string } = {
  id: "id",
  type: "type",
  status: "status",
  createdAt: "created_at",
  updatedAt: "updated_at",
  expiresAt: "expires_at"
}

const conditions = ["status", "type", "sort", "limit", "marker"]

const toParams = (query: TaskQuery) =>
  Either.gen(function* () {
    yield* Query.checkKeys(query, conditions)
    const params: Array<readonly [string, string]> = []
    for (const name of ["status", "type"] as const) {
      const value = query[name]
      if (value !== undefined) params.push([name, yield* Check.check(`query.${name}`, value, Check.nonEmpty)])
    }
    return [...params, ...(yield* Query.pageParams(query, sortKeys, Check.segment))]
  })

/** Starts a task after it checked that the container exists, if the cloud has an object store to ask. */
const createWithContainer = (
  http: GlanceClient.Service,
  { request }: Operations.Operations,
  container: string,
  parameters: { readonly type: string; readonly input: { readonly [key: string]: unknown } }
) =>
  Effect.gen(function* () {
    yield* Check.check("container", container, Check.segmentOfUtf8)
    const objectStore = yield* http.objectStore
    if (Option.isSome(objectStore)) {
      yield* request(Endpoints.headContainer, { container }, { client: objectStore.value })
    }
    return yield* request(Endpoints.createTask, parameters)
  })

const importImage = (http: GlanceClient.Service, operations: Operations.Operations): Service["import"] =>
  operations.operation("ImageTasks.import")(function* (
    container,
    object,
    { format = "vhd", name = object, properties = {} } = {}
  ) {
    yield* Check.check("object", object, Check.nonEmpty)
    yield* Check.check("format", format, Check.nonEmpty)
    yield* Check.check("name", name, Check.nonEmpty)
    yield* Check.check("properties", properties, Check.object)
    for (const [key, value] of Object.entries(properties)) {
      yield* Check.check(`properties[${Check.quoted(key)}]`, value, Check.text({}))
    }
    const input = {
      import_from: `${container}/${object}`,
      import_from_format: format,
      image_properties: { ...properties, name }
    }
    return yield* createWithContainer(http, operations, container, { type: "import", input })
  })

const awaitTask = ({ request }: Operations.Operations): Service["await"] =>
  Operations.longOperation(Endpoints.pollTask)(function* (
    task,
    { schedule = Schedule.spaced("5 seconds"), ...options } = {}
  ) {
    const taskId = ImageTask.idOf(task)
    const { deadline } = yield* TransferLimits.of(options)
    const next = yield* Follow.pacer(schedule, deadline)
    for (let pace = "again"; ; ) {
      const { secrets, task: last } = yield* request(Endpoints.pollTask, { taskId })
      const shown = (text: string) => ForeignText.show(text, { secrets })
      if (last.status === "success") return last
      const which = { taskId, type: shown(last.type) }
      if (last.status === "failure") {
        return yield* new GlanceError.TaskFailed({ ...which, reason: shown(Option.getOrElse(last.message, () => "")) })
      }
      pace = pace === "again" ? yield* next(last) : "ended"
      if (pace === "ended") return yield* new GlanceError.TaskNotEnded({ ...which, taskStatus: shown(last.status) })
    }
  })

/**
 * Makes the service on the `GlanceClient` of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.map(
  GlanceClient.GlanceClient,
  (http) => {
    const operations = Operations.make(http)
    const { call, operation, pageOperation, request } = operations
    const listing = Pagination.make(operations, {
      endpoint: Endpoints.listTasks,
      records: Endpoints.tasks,
      toParams,
      queryFrom: (query: TaskQuery, marker) => ({ ...query, marker: ImageTask.TaskId.make(marker) }),
      markerOf: (query) => query.marker
    })
    return {
      list: pageOperation(Endpoints.listTasks)((query = {}, options) => listing.page(query, options)),
      listAll: (query = {}, options) => Operations.streamOperation("ImageTasks.listAll")(listing.all(query, options)),
      listOf: call(Endpoints.listTasksOfImage, (image) => ({ imageId: Image.idOf(image) })),
      get: call(Endpoints.getTask, (task) => ({ taskId: ImageTask.idOf(task) })),
      create: operation(Endpoints.createTask)(function* (type, input) {
        yield* Check.check("type", type, Check.nonEmpty)
        yield* Check.check("input", input, Check.json)
        return yield* request(Endpoints.createTask, { type, input })
      }),
      export: operation(Endpoints.headContainer)(function* (image, container) {
        const id = yield* Check.check("image", Image.idOf(image), Check.segment)
        const input = { image_uuid: id, receiving_swift_container: container }
        return yield* createWithContainer(http, operations, container, { type: "export", input })
      }),
      import: importImage(http, operations),
      await: awaitTask(operations)
    }
  }
)

/**
 * {@link make} as a layer. If one program uses several projects, give each `Layer.fresh` of it.
 *
 * @example
 * ```ts
 * import { ImageTasks } from "@effect-glance/core"
 * import { NodeCloud } from "@effect-glance/node"
 * import { Layer } from "effect"
 *
 * const live = Layer.provide(ImageTasks.layer, NodeCloud.layerEnv())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageTasks, never, GlanceClient.GlanceClient> = Layer.effect(ImageTasks, make)
