import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { fetchUri, read, readsNoWeb, receive } from "./blobs.js"
import { type Context, jsonReply, type Reply } from "./context.js"
import { adopt, putBlob } from "./data.js"
import { attempt, badRequest, Fault, fault, notFound } from "./errors.js"
import { applicationUrl, randomId } from "./images.js"
import { isAllowedUri } from "./locations.js"
import { findImage, requireAdmin } from "./policy.js"
import { compare, entryOf, isObject, type Json, type JsonObject, names, text } from "./python.js"
import { pageLinks, parseLimit, validSortDir } from "./query.js"
import * as releases from "./releases.js"
import { Parameters, readJson } from "./request.js"
import * as schemas from "./schemas.js"
import type { Received, State, Task } from "./state.js"
import { addImage, anyCopy, isoTime, newImage, stamp, touchImage } from "./state.js"
import { validate } from "./validate.js"

export const internalFailure = "Task failed due to Internal Error"

const isRackspace = (context: Context): boolean => context.state.options.flavour === "rackspace"

/** Tasks are for administrators. On Rackspace all users import and export with them. */
const requireAccess = (context: Context): void => {
  if (!isRackspace(context)) requireAdmin(context, "tasks_api_access")
}

const isTaskVisible = (context: Context, task: Task): boolean => context.isAdmin || task.owner === context.project

/** The tasks that the caller may see. Deletes those that have expired. */
const liveTasks = (context: Context): ReadonlyArray<Task> => {
  const { state } = context
  for (const task of state.tasks.values()) {
    if (task.expiresAt !== null && Math.floor(task.expiresAt / 1000) <= context.now) state.tasks.delete(task.id)
  }
  return [...state.tasks.values()].filter((task) => isTaskVisible(context, task))
}

export const newTask = (context: Context, type: string, input: Json, imageId: string | null): Task => {
  const now = stamp(context.state, context.now)
  const task: Task = {
    id: randomId(),
    type,
    status: "pending",
    owner: context.project,
    input,
    result: null,
    message: "",
    imageId,
    requestId: context.requestId,
    userId: context.caller.userId,
    expiresAt: null,
    createdAt: now,
    updatedAt: now
  }
  context.state.tasks.set(task.id, task)
  return task
}

const timeToLive = (state: State): number => Duration.toMillis(state.options.taskTimeToLive ?? "48 hours")

export const beginTask = (state: State, task: Task, millis: number): void => {
  task.status = "processing"
  task.updatedAt = stamp(state, millis)
}

export const finishTask = (
  state: State,
  task: Task,
  millis: number,
  outcome: { readonly result: Json } | { readonly message: string }
): void => {
  if (task.status === "success" || task.status === "failure") return
  const now = stamp(state, millis)
  if ("result" in outcome) {
    task.status = "success"
    task.result = outcome.result
  } else {
    task.status = "failure"
    task.message = outcome.message
  }
  task.updatedAt = now
  task.expiresAt = now + timeToLive(state) * 1000
}

const path = (task: Task): string => `/v2/tasks/${task.id}`

const stub = (task: Task): Record<string, unknown> => ({
  id: task.id,
  type: task.type,
  status: task.status,
  owner: task.owner,
  created_at: isoTime(task.createdAt),
  updated_at: isoTime(task.updatedAt),
  self: path(task),
  schema: "/v2/schemas/task",
  expires_at: task.expiresAt === null ? undefined : isoTime(task.expiresAt)
})

const view = (task: Task): Record<string, unknown> => ({
  ...stub(task),
  input: task.input,
  message: task.message,
  result: task.result,
  image_id: task.imageId ?? undefined,
  request_id: task.requestId,
  user_id: task.userId
})

/** A time as the database has it. Only the list of an image's tasks shows times in this form. */
const rawTime = (micros: number | null): string | null =>
  micros === null
    ? null
    : `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19)}.${String(micros % 1_000_000).padStart(6, "0")}`

export const listImageTasks = (context: Context, id: string): Reply => {
  const image = findImage(context, id, () => notFound())
  const tasks = liveTasks(context).filter((task) => task.imageId === image.id)
  return jsonReply({
    tasks: tasks.map((task) => ({
      id: task.id,
      type: task.type,
      status: task.status,
      owner: task.owner,
      expires_at: rawTime(task.expiresAt),
      created_at: rawTime(task.createdAt),
      updated_at: rawTime(task.updatedAt),
      deleted_at: null,
      deleted: false,
      image_id: task.imageId,
      request_id: task.requestId,
      user_id: task.userId,
      input: task.input,
      result: task.result,
      message: task.message
    }))
  })
}

type Column = string | number | null

const columns: { readonly [name: string]: (task: Task) => Column } = {
  id: (task) => task.id,
  type: (task) => task.type,
  status: (task) => task.status,
  owner: (task) => task.owner,
  image_id: (task) => task.imageId,
  request_id: (task) => task.requestId,
  user_id: (task) => task.userId,
  expires_at: (task) => task.expiresAt,
  created_at: (task) => task.createdAt,
  updated_at: (task) => task.updatedAt
}

export const listTasks = (context: Context): Reply => {
  requireAccess(context)
  const params = Parameters.parse(context.request.query)
  const limitText = params.pop("limit")
  const marker = params.pop("marker")
  const sign = validSortDir(params.pop("sort_dir") ?? "desc") ? -1 : 1
  const sortKey = params.pop("sort_key") ?? "created_at"
  const status = params.get("status") ?? ""
  if (status !== "" && !["pending", "processing", "success", "failure"].includes(status)) {
    throw badRequest(`Invalid status value: ${status}`)
  }
  const types = isRackspace(context) ? ["import", "export"] : ["import"]
  const type = params.get("type") ?? ""
  if (type !== "" && !types.includes(type)) throw badRequest(`Invalid type value: ${type}`)
  if (marker !== undefined && marker !== "" && !/^[0-9a-f]{32}$/i.test(marker.replace(/-/g, ""))) {
    throw badRequest("Invalid marker format")
  }
  const { limits } = context.state
  const limit = Math.min(limits.maxPageSize, parseLimit(limitText) ?? limits.pageSize)

  let tasks = liveTasks(context)
  for (const [name, value] of params.entries()) {
    const read = entryOf(columns, name)
    if (read !== undefined) tasks = tasks.filter((task) => String(read(task)) === value)
  }
  const readKey = entryOf(columns, sortKey)
  if (readKey === undefined) throw badRequest("Sort key supplied was not valid.")
  const order = (a: Task, b: Task): number =>
    sign * (compare(readKey(a), readKey(b)) || compare(a.createdAt, b.createdAt) || compare(a.id, b.id))
  let page = [...tasks].sort(order)
  if (marker !== undefined) {
    const at = liveTasks(context).find((task) => task.id === marker)
    if (at === undefined) throw badRequest(`Task with the given id ${marker} was not found`)
    page = page.filter((task) => order(at, task) < 0)
  }
  page = page.slice(0, limit)
  const { first, next } = pageLinks(context, "/v2/tasks", page, limit, ({ id }) => id)
  return jsonReply({ tasks: page.map(stub), first, schema: "/v2/schemas/tasks", next })
}

export const showTask = (context: Context, id: string): Reply => {
  requireAccess(context)
  const task = liveTasks(context).find((one) => one.id === id)
  if (task === undefined) throw notFound(`Could not find task ${id}`)
  return jsonReply(view(task))
}

export const deleteTask = (context: Context): Reply => {
  requireAccess(context)
  throw new Fault(405, {
    explanation:
      "This operation is currently not permitted on Glance Tasks. They are auto deleted after reaching the time based on their expires_at property.",
    headers: { allow: "GET" },
    bare: true
  })
}

export const createTask = (context: Context): Effect.Effect<Reply, Fault> =>
  Effect.gen(function* () {
    yield* attempt(() => requireAccess(context))
    const body = yield* readJson(context.request)
    const { input, type } = yield* attempt(() => checkTask(context, body))
    // An interruption in between would leave the task pending.
    return yield* Effect.uninterruptible(
      Effect.suspend(() => {
        const task = newTask(context, type, input, null)
        // The response shows the task before its start, as that of the service does.
        const reply = jsonReply(view(task), 201, { location: `${applicationUrl(context)}${path(task)}` })
        const work = (type === "export" ? exportImage : importTask)(context, task, input)
        return Effect.as(Effect.forkIn(Effect.interruptible(perform(context, task, work)), context.state.scope), reply)
      })
    )
  })

const checkTask = (context: Context, body: Json): { readonly type: string; readonly input: JsonObject } => {
  for (const name of ["type", "input"]) if (!names(body, name)) throw badRequest(`Task '${name}' is required`)
  const schema = isRackspace(context) ? schemas.rackspaceTask : schemas.taskOf(releases.taskTypes(context.state))
  validate(body, schema)
  if (!isObject(body)) throw fault(500)
  const type = String(body["type"])
  const input = body["input"] ?? null
  if (isRackspace(context)) {
    if (!isObject(input)) throw badRequest("Task 'input' is required")
    const names = type === "export" ? ["image_uuid", "receiving_swift_container"] : ["import_from"]
    for (const name of names) {
      if (typeof input[name] !== "string") throw badRequest(`Task input '${name}' is required`)
    }
    return { type, input }
  }
  if (type === "import") checkSource(context, isObject(input) ? input["import_from"] : undefined)
  if (!isObject(input)) throw fault(500)
  return { type, input }
}

const checkSource = (context: Context, uri: Json | undefined): void => {
  if (typeof uri !== "string" || uri === "") throw badRequest(`Invalid location: ${uri === "" ? "" : "None"}`)
  if (uri.startsWith("file:") || uri.startsWith("filesystem:")) {
    throw badRequest("File based imports are not allowed. Please use a non-local source of image data.")
  }
  if (!uri.startsWith("http")) {
    throw badRequest(
      "The given uri is not valid. Please specify a valid uri from the following list of supported uri ['http']"
    )
  }
  if (!isAllowedUri(context.state, uri)) {
    throw badRequest(`URI for legacy import task does not pass filtering: ${uri}`)
  }
}

/** Ends a task with this message. */
export class Failure {
  readonly _tag = "Failure"
  constructor(readonly message: string = internalFailure) {}
}

/** Opens what a URI names. The message of the failure says if the cloud reads nothing from the web. */
export const openUri = (state: State, uri: string) =>
  Effect.mapError(
    fetchUri(state, uri),
    () => new Failure(state.options.fetchUri === undefined ? readsNoWeb : undefined)
  )

export const receiveAll = (state: State, body: Stream.Stream<Uint8Array, unknown>): Effect.Effect<Received, Failure> =>
  Effect.mapError(receive(state, body), () => new Failure())

/** Does the work, and finishes the task with its result or failure. */
export const settleTask = (state: State, task: Task, work: Effect.Effect<Json, Failure>): Effect.Effect<void> =>
  Effect.gen(function* () {
    const outcome = yield* Effect.match(work, {
      onFailure: ({ message }) => ({ message }),
      onSuccess: (result) => ({ result })
    })
    finishTask(state, task, yield* Clock.currentTimeMillis, outcome)
  })

/** Waits as `pending` and as `processing`, and does the work. */
const perform = (context: Context, task: Task, work: Effect.Effect<Json, Failure>): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { state } = context
    const duration = state.options.taskDuration ?? state.options.importDuration ?? 0
    yield* Effect.sleep(duration)
    beginTask(state, task, yield* Clock.currentTimeMillis)
    yield* Effect.sleep(duration)
    yield* settleTask(state, task, work)
  })

/** Fails or hangs here if a test wants it. */
export const injected = (
  state: State,
  step: { readonly taskId: string; readonly imageId: string; readonly method: string; readonly store: string }
): Effect.Effect<void, Failure> =>
  Effect.suspend(() => {
    const wanted = state.options.onImport?.(step)
    if (wanted === undefined) return Effect.void
    return wanted._tag === "Hang" ? Effect.never : Effect.fail(new Failure(wanted.message))
  })

/** Why a task with this input fails, if it does. */
const inputFailure = (type: string, input: JsonObject): Failure | undefined => {
  if (type !== "import" && Object.keys(input).length === 0) return new Failure(`Input to ${type} task is empty.`)
  if (type === "api_image_import") return new Failure("Missing required 'image_id' field")
  const isImport = type === "import"
  const needed = isImport
    ? ["import_from", "import_from_format", "image_properties"]
    : ["image_id", "loc_url", "validation_data"]
  const missing = needed.find((name) => !Object.hasOwn(input, name))
  return isImport && missing === undefined ? undefined : new Failure(`Input does not contain '${missing}' field`)
}

const importTask = (context: Context, task: Task, input: JsonObject): Effect.Effect<Json, Failure> =>
  Effect.gen(function* () {
    const { state } = context
    const isProxy = isRackspace(context)
    const refused = isProxy ? undefined : inputFailure(task.type, input)
    if (refused !== undefined) return yield* Effect.fail(refused)
    const properties = isObject(input["image_properties"]) ? input["image_properties"] : {}
    const { container_format, disk_format, min_disk, min_ram, name, ...custom } = properties
    if (!isProxy && !(disk_format && container_format)) return yield* Effect.fail(new Failure())
    const imageId = randomId()
    yield* injected(state, { taskId: task.id, imageId, method: "import", store: state.defaultStore })
    const from = String(input["import_from"])
    const received = yield* isProxy ? fromContainer(context, from) : fromUri(context, from)
    const now = yield* Clock.currentTimeMillis
    const format = text(input["import_from_format"])?.toLowerCase() ?? "vhd"
    const image = newImage({
      id: imageId,
      name: text(name),
      visibility: "private",
      owner: task.owner,
      containerFormat: text(container_format) ?? (isProxy ? "ovf" : "bare"),
      diskFormat: text(disk_format) ?? format,
      minRam: Number(min_ram ?? 0),
      minDisk: Number(min_disk ?? 0),
      createdAt: stamp(state, now),
      properties: new Map(Object.entries(custom).map(([name, value]) => [name, String(value)]))
    })
    if (releases.isFormatRefused(state, image, received)) return yield* Effect.fail(new Failure())
    addImage(state, image)
    const store = state.stores.get(state.defaultStore)
    if (store === undefined) return yield* Effect.fail(new Failure())
    putBlob(store, image.id, received.blob)
    touchImage(state, image, now, (one) => {
      adopt(state, one, received, store.id)
      one.status = "active"
    })
    return { image_id: image.id }
  })

const fromUri = ({ state }: Context, uri: string): Effect.Effect<Received, Failure> =>
  Effect.flatMap(openUri(state, uri), ({ body }) => receiveAll(state, body))
const containersOf = (context: Context) => context.state.containers.get(context.project)

const fromContainer = (context: Context, from: string): Effect.Effect<Received, Failure> =>
  Effect.suspend(() => {
    const slash = from.indexOf("/")
    const container = containersOf(context)?.get(slash < 0 ? from : from.slice(0, slash))
    if (container === undefined) return Effect.fail(new Failure("Container not found"))
    const object = container.get(from.slice(slash + 1))
    if (object === undefined) return Effect.fail(new Failure("Image cannot be imported. Error code: '404'"))
    return receiveAll(context.state, read(object, 0, object.size))
  })

const exportImage = (context: Context, task: Task, input: JsonObject): Effect.Effect<Json, Failure> =>
  Effect.gen(function* () {
    const { state } = context
    const id = String(input["image_uuid"])
    const name = String(input["receiving_swift_container"])
    const image = state.images.get(id)
    if (image === undefined || image.owner !== task.owner || image.status !== "active") {
      return yield* Effect.fail(new Failure("Requested image for export was not found"))
    }
    yield* injected(state, { taskId: task.id, imageId: id, method: "export", store: name })
    const container = containersOf(context)?.get(name)
    if (container === undefined) return yield* Effect.fail(new Failure("Container not found"))
    const object = `${id}.vhd`
    container.set(object, anyCopy(state, id) ?? { size: 0, chunks: [] })
    return { export_location: `${name}/${object}` }
  })
