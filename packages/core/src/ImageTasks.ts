/**
 * Tasks: what the cloud does with images in its own time. On Rackspace they are the only way in and out; elsewhere they
 * are for administrators mostly.
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
 * What tasks are sorted by: one key, unlike images.
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
 * What an import makes of the object.
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
   * Name of the image that is made.
   *
   * @default the name of the object
   */
  readonly name?: string | undefined
  /** Further properties of the image. */
  readonly properties?: { readonly [name: string]: string } | undefined
}

/**
 * How a task is watched.
 *
 * @since 0.1.0
 * @category models
 */
export interface AwaitOptions {
  /**
   * When to look again.
   *
   * @default every 5 seconds
   */
  readonly schedule?: Schedule.Schedule<unknown, ImageTask.ImageTask> | undefined
  /**
   * How long to wait at most, also if the schedule goes on. At its end the task is looked at once more. `Infinity` waits
   * for ever.
   *
   * @default 12 hours
   */
  readonly deadline?: Duration.DurationInput | undefined
}

/**
 * The operations on tasks.
 *
 * @since 0.1.0
 * @category models
 * @see https://docs.openstack.org/api-ref/image/v2/#tasks
 */
export interface Service {
  /**
   * One page of tasks, and what to ask for to get the next one.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-tasks
   */
  readonly list: (
    query?: TaskQuery,
    options?: Page.ListOptions
  ) => Effect.Effect<
    Page.Page<ImageTask.ImageTask, TaskQuery>,
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.RepeatedMarker
  >
  /**
   * Streams all tasks that match. A page is fetched when the reader pulls. Like `Images.listAll`, it goes on if the task
   * is gone after which a page begins, and ends at 100 empty pages in a row.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#list-tasks
   */
  readonly listAll: (
    query?: TaskQuery,
    options?: Page.ListAllOptions
  ) => Stream.Stream<
    ImageTask.ImageTask,
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.PagingError
  >
  /**
   * The tasks that have worked on an image, as far as they are the caller's to see: imports, each with its message. Whoever
   * sees the image may ask. They are forgotten two days after their end.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-tasks-associated-with-image
   */
  readonly listOf: (
    image: Image.ImageRef
  ) => Effect.Effect<
    ReadonlyArray<ImageTask.ImageTask>,
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageNotFound
  >
  /**
   * The record of a task, with its input, result and message.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-task-details
   */
  readonly get: (
    task: ImageTask.TaskRef
  ) => Effect.Effect<
    ImageTask.ImageTask,
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.TaskNotFound
  >
  /**
   * Starts a task of any type with any input.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-task
   */
  readonly create: (
    type: ImageTask.TaskType,
    input: { readonly [key: string]: unknown }
  ) => Effect.Effect<ImageTask.ImageTask, GlanceError.RequestError | GlanceError.InvalidArgument>
  /**
   * Starts to export an image into a container of the object store (Rackspace). Whether there is such a container is
   * asked before where the cloud has an object store; whether there is such an image shows only in the task.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-task
   */
  readonly export: (
    image: Image.ImageRef,
    container: string
  ) => Effect.Effect<
    ImageTask.ImageTask,
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.NoSuchContainer
  >
  /**
   * Starts to import an image from an object in a container of the object store (Rackspace). Whether there is such an
   * object shows only in the task.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#create-task
   */
  readonly import: (
    container: string,
    object: string,
    options?: ImportOptions
  ) => Effect.Effect<
    ImageTask.ImageTask,
    GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.NoSuchContainer
  >
  /**
   * Waits until the task has ended and returns it. A task that ended in failure is `TaskFailed` with the task's own
   * message; one that has not ended at the deadline, or when the schedule has, is `TaskNotEnded`.
   *
   * @see https://docs.openstack.org/api-ref/image/v2/#show-task-details
   */
  readonly await: (
    task: ImageTask.TaskRef,
    options?: AwaitOptions
  ) => Effect.Effect<
    ImageTask.ImageTask,
    | GlanceError.RequestError
    | GlanceError.InvalidArgument
    | GlanceError.TaskNotFound
    | GlanceError.TaskFailed
    | GlanceError.TaskNotEnded
  >
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

const conditions = ["status", "type", "sort", "limit", "marker"] satisfies ReadonlyArray<keyof TaskQuery>

const toParams = (
  query: TaskQuery
): Either.Either<ReadonlyArray<readonly [string, string]>, GlanceError.InvalidArgument> =>
  Either.gen(function* () {
    yield* Check.check("query", query, Check.object)
    for (const key of Object.keys(query)) {
      yield* Check.check(`query.${key}`, key, Check.oneOf(conditions))
    }
    const { limit, marker, sort, status, type } = query
    const params: Array<readonly [string, string]> = []
    if (status !== undefined) {
      params.push(["status", yield* Check.check("query.status", status, Check.text({ minLength: 1 }))])
    }
    if (type !== undefined) {
      params.push(["type", yield* Check.check("query.type", type, Check.text({ minLength: 1 }))])
    }
    if (sort !== undefined) {
      yield* Check.check("query.sort", sort, Check.object)
      yield* Check.check("query.sort.key", sort.key, Check.oneOf(Object.keys(sortKeys)))
      const direction = sort.direction ?? "desc"
      yield* Check.check("query.sort.direction", direction, Check.oneOf(["asc", "desc"]))
      params.push(["sort_key", sortKeys[sort.key]], ["sort_dir", direction])
    }
    if (limit !== undefined) {
      params.push(["limit", String(yield* Check.check("query.limit", limit, Check.wholeNumber(1)))])
    }
    if (marker !== undefined) {
      params.push(["marker", yield* Check.check("query.marker", marker, Check.segment)])
    }
    return params
  })

/**
 * The service on the port of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, GlanceClient.GlanceClient> = Effect.gen(function* () {
  const http = yield* GlanceClient.GlanceClient
  const operations = Operations.make(http)
  const { call, operation, request } = operations

  const listing = Pagination.make(operations, {
    endpoint: Endpoints.listTasks,
    records: Endpoints.tasks,
    toParams,
    queryFrom: (query: TaskQuery, marker) => ({ ...query, marker: ImageTask.TaskId.make(marker) }),
    markerOf: (query) => query.marker
  })

  const list: Service["list"] = operation(Endpoints.listTasks.operation)((query = {}, options) =>
    listing.page(query, options)
  )

  const listAll: Service["listAll"] = (query = {}, options) =>
    Operations.streamOperation("ImageTasks.listAll")(listing.all(query, options))

  const create: Service["create"] = operation(Endpoints.createTask.operation)(function* (type, input) {
    yield* Check.check("type", type, Check.text({ minLength: 1 }))
    yield* Check.check("input", input, Check.json)
    return yield* request(Endpoints.createTask, { type, input })
  })

  /** Fails with `NoSuchContainer`, unless the cloud has no object store to ask. */
  const checkContainer = (container: string) =>
    Effect.gen(function* () {
      yield* Check.check("container", container, Check.segmentOfUtf8)
      const objectStore = yield* http.objectStore
      if (Option.isNone(objectStore)) return
      yield* request(Endpoints.headContainer, { container }, { client: objectStore.value })
    })

  const exportImage: Service["export"] = operation("ImageTasks.export")(function* (image, container) {
    const id = yield* Check.check("image", Image.idOf(image), Check.segment)
    yield* checkContainer(container)
    const input = { image_uuid: id, receiving_swift_container: container }
    return yield* request(Endpoints.createTask, { type: "export", input })
  })

  const importImage: Service["import"] = operation("ImageTasks.import")(function* (
    container,
    object,
    { format = "vhd", name = object, properties = {} } = {}
  ) {
    const word = Check.text({ minLength: 1 })
    yield* Check.check("object", object, word)
    yield* Check.check("format", format, word)
    yield* Check.check("name", name, word)
    yield* Check.check("properties", properties, Check.object)
    for (const [key, value] of Object.entries(properties)) {
      yield* Check.check(`properties[${Check.quoted(key)}]`, value, Check.text({}))
    }
    yield* checkContainer(container)
    const input = {
      import_from: `${container}/${object}`,
      import_from_format: format,
      image_properties: { ...properties, name }
    }
    return yield* request(Endpoints.createTask, { type: "import", input })
  })

  const awaitTask: Service["await"] = Operations.longOperation("ImageTasks.await")(function* (
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
      if (pace === "again") pace = yield* next(last)
      else pace = "ended"
      if (pace === "ended") return yield* new GlanceError.TaskNotEnded({ ...which, taskStatus: shown(last.status) })
    }
  })

  return {
    list,
    listAll,
    listOf: call(Endpoints.listTasksOfImage, (image) => ({ imageId: Image.idOf(image) })),
    get: call(Endpoints.getTask, (task) => ({ taskId: ImageTask.idOf(task) })),
    create,
    export: exportImage,
    import: importImage,
    await: awaitTask
  }
})

/**
 * {@link make} as a layer. A layer is built once for all who ask for it in one graph: for two projects side by side
 * take `Layer.fresh` of it, or `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ImageTasks, never, GlanceClient.GlanceClient> = Layer.effect(ImageTasks, make)
