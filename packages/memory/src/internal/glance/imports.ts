import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { streamOf } from "../reply.js"
import type { Caller, WireResponse } from "../wire.js"
import { accepted, type Context, type Reply } from "./context.js"
import { adopt, freeIn, putBlob } from "./data.js"
import { attempt, badRequest, conflict, type Fault, fault } from "./errors.js"
import { dropCopy } from "./images.js"
import { newLocation } from "./initial.js"
import { isAllowedUri } from "./locations.js"
import { findImage, requireAdmin, requireMutable } from "./policy.js"
import { isObject, type Json, type JsonObject, text } from "./python.js"
import * as releases from "./releases.js"
import { readJson } from "./request.js"
import type { Image, Received, State, Task } from "./state.js"
import { anyCopy, changeImage, setStatus, stamp, storeOf, touchImage } from "./state.js"
import { beginTask, Failure, finishTask, injected, newTask, openUri, receiveAll, settleTask } from "./tasks.js"

const lock = "os_glance_import_task"
const importing = "os_glance_importing_to_stores"
const failed = "os_glance_failed_import"

interface Wanted {
  readonly body: JsonObject
  readonly method: JsonObject
  readonly name: string
  readonly allStores: boolean
  readonly allMustSucceed: boolean
}

const checkBody = (state: State, body: Json): Wanted => {
  if (!isObject(body)) throw fault(500)
  const { method } = body
  if (method === undefined) throw badRequest("Import request requires a 'method' field.")
  if (!isObject(method)) throw fault(500)
  const { name } = method
  if (name === undefined) throw badRequest("Import request requires a 'name' field.")
  if (typeof name !== "string" || !state.importMethods.includes(name)) {
    throw badRequest(`Unknown import method name '${name === null ? "None" : String(name)}'.`)
  }
  const flag = (key: string, otherwise: boolean): boolean => {
    const value = body[key] === undefined ? otherwise : body[key]
    if (typeof value !== "boolean") throw badRequest(`'${key}' must be boolean value only`)
    return value
  }
  const allMustSucceed = flag("all_stores_must_succeed", true)
  return { body, method, name, allStores: flag("all_stores", false), allMustSucceed }
}

const checkStatus = ({ containerFormat, diskFormat, status }: Image, name: string): void => {
  const isCopy = name === "copy-image"
  const needsQueued = name === "web-download" || name === "glance-download"
  const refusals: ReadonlyArray<readonly [isRefused: boolean, sentence: string]> = [
    [!isCopy && status === "active", "Image with status active cannot be target for import"],
    [isCopy && status !== "active", "Only images with status active can be targeted for copying"],
    [needsQueued && status !== "queued", `Image needs to be in 'queued' state to use '${name}' method`],
    [
      name === "glance-direct" && status !== "uploading",
      "Image needs to be staged before 'glance-direct' method can be used"
    ],
    [containerFormat === null, "'container_format' needs to be set before import"],
    [diskFormat === null, "'disk_format' needs to be set before import"]
  ]
  for (const [isRefused, sentence] of refusals) if (isRefused) throw conflict(sentence)
}

const checkRemote = (method: Wanted["method"]): void => {
  for (const key of ["glance_region", "glance_image_id"]) {
    if (method[key] === undefined) throw badRequest(`'${key}' needs to be set for glance-download import method`)
  }
  const id = String(method["glance_image_id"])
  if (!/^[0-9a-f]{32}$/i.test(id.replace(/urn:uuid:|[{}-]/g, ""))) {
    throw badRequest(`Remote image id does not look like a UUID: ${id}`)
  }
}

const lockMinutes = 60

/** Unlocks the image if the import that holds it has made no progress for long. */
const takeOver = (context: Context, image: Image): void => {
  const { state } = context
  const held = image.properties.get(lock)
  if (held === undefined) return
  const task = state.tasks.get(held)
  if (task !== undefined) {
    const age = context.now - task.updatedAt / 1000
    const minutes = task.status === "pending" ? lockMinutes * 2 : lockMinutes
    if (age < minutes * 60_000) throw conflict("Image has active task")
    finishTask(state, task, context.now, { message: "Expired lock preempted" })
  }
  changeImage(image, (one) => {
    one.properties.delete(lock)
    for (const store of storesIn(task?.input)) {
      for (const key of [importing, failed]) {
        const rest = list(one.properties.get(key)).filter((id) => id !== store)
        if (one.properties.has(key)) one.properties.set(key, rest.join(","))
      }
    }
  })
}

const storesIn = (input: Json | undefined): ReadonlyArray<string> => {
  const stores = isObject(input) ? input["backend"] : undefined
  return Array.isArray(stores) ? stores.filter((store): store is string => typeof store === "string") : []
}

const chooseStores = (context: Context, wanted: Wanted): ReadonlyArray<string> => {
  const { state } = context
  if (!state.multiStore) return [state.defaultStore]
  const header = context.request.headers["x-image-meta-store"]
  const named = Object.hasOwn(wanted.body, "stores")
  if (wanted.allStores) {
    if (named || header !== undefined) {
      throw badRequest("All_stores parameter can't be used with x-image-meta-store header or stores parameter")
    }
    return [...state.stores.values()].filter((store) => store.type !== "http").map((store) => store.id)
  }
  if (named && header !== undefined) {
    throw badRequest("Stores parameter and x-image-meta-store header can't be both specified")
  }
  const given = named ? wanted.body["stores"] : [header ?? state.defaultStore]
  if (typeof given !== "string" && !Array.isArray(given)) throw fault(500)
  const stores = [...given].map(String)
  for (const store of stores) if (!state.stores.has(store)) throw conflict(`Store for identifier ${store} not found`)
  return stores
}

interface Plan {
  readonly caller: Caller
  readonly image: Image
  readonly wanted: Wanted
  readonly stores: ReadonlyArray<string>
}

/** What to import; `undefined` if the image is in all stores already. */
const plan = (context: Context, id: string, wanted: Wanted): Plan | undefined => {
  const { state } = context
  const { method, name } = wanted
  const image = findImage(context, id)
  checkStatus(image, name)
  if (name === "glance-download") checkRemote(method)
  if (name === "copy-image") requireAdmin(context, "copy_image")
  else requireMutable(context, image)
  takeOver(context, image)
  let stores = chooseStores(context, wanted)
  if (name === "copy-image") {
    const present = image.locations.map(storeOf)
    if (wanted.allStores) {
      stores = stores.filter((store) => !present.includes(store))
      if (stores.length === 0) return undefined
    } else {
      const twice = present.find((store) => store !== undefined && stores.includes(store))
      if (twice !== undefined) throw badRequest(`Image is already present at store '${twice}'`)
    }
  }
  const uri = method["uri"]
  if (!wanted.allMustSucceed && !state.multiStore) {
    throw badRequest(`All_stores_must_succeed can only be set with enabled_backends ${uri ?? "None"}`)
  }
  if (name === "web-download" && !isAllowedUri(state, uri)) {
    throw badRequest(`URI for web-download does not pass filtering: ${uri ?? "None"}`)
  }
  return { caller: context.caller, image, wanted, stores }
}

export const importImage = (context: Context, id: string): Effect.Effect<Reply, Fault> =>
  Effect.gen(function* () {
    const body = yield* readJson(context.request)
    const wanted = yield* attempt(() => checkBody(context.state, body))
    // An interruption between the lock and the run would leave the image locked.
    return yield* Effect.uninterruptible(start(context, id, wanted))
  })

const start = (context: Context, id: string, wanted: Wanted): Effect.Effect<Reply, Fault> =>
  Effect.gen(function* () {
    const { state } = context
    const found = yield* attempt(() => plan(context, id, wanted))
    if (found === undefined) return accepted
    const backend = state.multiStore ? found.stores : [null]
    const request =
      wanted.name === "glance-download"
        ? { ...wanted.body, method: { glance_service_interface: "public", ...wanted.method } }
        : wanted.body
    const task = newTask(context, "api_image_import", { image_id: id, import_req: request, backend }, id)
    changeImage(found.image, (one) => one.properties.set(lock, task.id))
    yield* Effect.forkIn(
      Effect.interruptible(perform({ ...found, state, task, undo: [], isStuck: false })),
      state.scope
    )
    return accepted
  })

/** An import that is running. */
interface Run extends Plan {
  readonly state: State
  readonly task: Task
  /** What a failure undoes, newest last. A step that returns false cannot be undone, and stops the others. */
  readonly undo: Array<(image: Image) => boolean>
  /** An import that failed to undo itself never releases the image. */
  isStuck: boolean
}

const fails = Effect.fail(new Failure())

const isDownload = ({ name }: Wanted): boolean => name === "web-download" || name === "glance-download"

const list = (value: string | undefined): ReadonlyArray<string> => (value ?? "").split(",").filter((id) => id !== "")

/** Writes a list of stores into a property of the image. */
const setStores = (image: Image, key: string, stores: ReadonlyArray<string>): void => {
  image.properties.set(key, [...new Set(stores)].sort().join(","))
}

const addStores = (image: Image, key: string, stores: ReadonlyArray<string>): void =>
  setStores(image, key, [...list(image.properties.get(key)), ...stores])

const removeStores = (image: Image, key: string, stores: ReadonlyArray<string>): void =>
  setStores(
    image,
    key,
    list(image.properties.get(key)).filter((id) => !stores.includes(id))
  )

/** Changes the image, as long as it exists and the task holds it. */
const edit = ({ image, state, task }: Run, update: (image: Image) => void): Effect.Effect<void, Failure> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    if (state.images.get(image.id) !== image || image.properties.get(lock) !== task.id) return fails
    touchImage(state, image, now, update)
    return Effect.void
  })

/** The properties that `glance-download` takes over from the image that it reads. */
const takenOver = ["hw_", "trait:", "os_distro", "os_secure_boot", "os_type"]
const isTakenOver = (name: string): boolean => takenOver.some((prefix) => name.startsWith(prefix))

/** Sends a request to the image service of the region, as the caller. */
const fromRegion = (
  { caller, state, wanted: { method } }: Run,
  below: string
): Effect.Effect<WireResponse, Failure> => {
  const region = method["glance_region"]
  const handle = typeof region === "string" ? state.options.findRemote?.(region) : undefined
  const isKnown = ["public", "internal", "admin"].includes(String(method["glance_service_interface"]))
  if (handle === undefined || !isKnown) return fails
  const path = `/v2/images/${encodeURIComponent(String(method["glance_image_id"]))}${below}`
  return Effect.filterOrFail(
    handle(caller, { method: "GET", path, query: "", headers: {}, body: Stream.empty }),
    ({ status }) => status === 200,
    () => new Failure()
  )
}

const remoteRecord = (run: Run): Effect.Effect<JsonObject, Failure> =>
  Effect.flatMap(fromRegion(run, ""), ({ body }) => {
    const record: Json = JSON.parse(String(body))
    return isObject(record) && record["status"] === "active" ? Effect.succeed(record) : fails
  })

/** The data to import. A download is put into the staging area first. */
const source = (run: Run, remoteSize: number | undefined): Effect.Effect<Received | "copy", Failure> =>
  Effect.gen(function* () {
    const { image, state, wanted } = run
    if (wanted.name === "copy-image") return "copy" as const
    if (isDownload(wanted)) {
      const opened =
        wanted.name === "web-download"
          ? yield* openUri(state, String(wanted.method["uri"]))
          : { size: remoteSize, body: streamOf((yield* fromRegion(run, "/file")).body) }
      const received = yield* receiveAll(state, opened.body)
      if (opened.size !== undefined && opened.size !== received.blob.size) return yield* fails
      state.staging.set(image.id, received)
    }
    return state.staging.get(image.id) ?? (yield* fails)
  })

const progressMillis = 60_000

/** Takes its time, and reports its progress once a minute. */
const copying = ({ state, task }: Run, size: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const total = Duration.toMillis(state.options.importDuration ?? 0)
    for (let done = 0; done < total; ) {
      const step = Math.min(progressMillis, total - done)
      yield* Effect.sleep(step)
      done += step
      task.message = `Copied ${Math.floor((size * done) / total / 2 ** 20)} MiB`
      task.updatedAt = stamp(state, yield* Clock.currentTimeMillis)
    }
    if (size > 0) task.message = `Copied ${Math.floor(size / 2 ** 20)} MiB`
  })

const putInto = (
  run: Run,
  storeId: string,
  data: Received | "copy",
  activates: boolean
): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    const { image, state, task, wanted } = run
    yield* injected(state, { taskId: task.id, imageId: image.id, method: wanted.name, store: storeId })
    const store = state.stores.get(storeId)
    const blob = data === "copy" ? anyCopy(state, image.id) : data.blob
    if (store === undefined || store.type === "http" || blob === undefined) return yield* fails
    if (blob.size > freeIn(store) || blob.size > state.limits.imageSize) return yield* fails
    if (data !== "copy" && store.blobs.has(image.id)) return yield* fails
    if (data !== "copy" && releases.isFormatRefused(state, image, data)) {
      // The bytes stay in the store, and the record does not name them.
      putBlob(store, image.id, data.blob)
      return yield* fails
    }
    yield* copying(run, blob.size)
    yield* edit(run, (one) => {
      putBlob(store, one.id, blob)
      if (data === "copy") one.locations.push(newLocation(state, one.id, storeId))
      else adopt(state, one, data, storeId)
      if (activates) one.status = "active"
      removeStores(one, importing, [storeId])
    })
  })

/** Undoes a copy. The record loses size and hashes with its last copy. */
const takeBack = (state: State, image: Image, storeId: string): void => {
  const index = image.locations.findIndex((location) => (storeOf(location) ?? state.defaultStore) === storeId)
  if (index >= 0) {
    image.locations.splice(index, 1)
    dropCopy(state, image, storeId)
    if (image.locations.length === 0) {
      Object.assign(image, { checksum: null, hashAlgo: null, hashValue: null, size: null })
    }
  }
  removeStores(image, importing, [storeId])
}

/** Undoes what the import has done so far, and fails with the error. */
const revert =
  (run: Run) =>
  (error: Failure): Effect.Effect<never, Failure> =>
    edit(run, (one) => {
      run.isStuck = [...run.undo].reverse().some((step) => !step(one))
    }).pipe(Effect.ignore, Effect.zipRight(Effect.fail(error)))

const undoes = ({ undo }: Run, step: (image: Image) => void): void => {
  undo.push((image) => {
    step(image)
    return true
  })
}

/** A queued image cannot be queued again: the rest stays as it is, and the image stays locked. */
const undoesQueueing = ({ undo }: Run, step: (image: Image) => void): void => {
  undo.push((image) => {
    if (image.status === "queued") return false
    setStatus(image, "queued")
    step(image)
    return true
  })
}

/** Takes formats and properties over from the image of another region, and returns its size. */
const takeOverRecord = (run: Run): Effect.Effect<number, Failure> =>
  Effect.gen(function* () {
    const { containerFormat, diskFormat, properties } = run.image
    const before = new Map(properties)
    undoesQueueing(run, (one) => {
      for (const name of [...one.properties.keys()]) {
        if (isTakenOver(name) && !before.has(name)) one.properties.delete(name)
      }
      for (const [name, value] of before) if (isTakenOver(name)) one.properties.set(name, value)
      Object.assign(one, { containerFormat, diskFormat })
    })
    const record = yield* Effect.catchAll(remoteRecord(run), revert(run))
    yield* edit(run, (one) => {
      one.diskFormat = text(record["disk_format"])
      one.containerFormat = text(record["container_format"])
      for (const [name, value] of Object.entries(record)) {
        if (isTakenOver(name) && typeof value === "string") one.properties.set(name, value)
      }
    })
    return typeof record["size"] === "number" ? record["size"] : yield* revert(run)(new Failure())
  })

const putIntoStores = (run: Run, data: Received | "copy"): Effect.Effect<void, Failure> => {
  const { state, stores, wanted } = run
  return Effect.forEach(
    stores,
    (storeId, index) => {
      const activates = wanted.name !== "copy-image" && (!wanted.allMustSucceed || index === stores.length - 1)
      const onFailure = (error: Failure) => {
        if (!wanted.allMustSucceed) {
          return edit(run, (one) => {
            addStores(one, failed, [storeId])
            removeStores(one, importing, [storeId])
          })
        }
        undoes(run, (one) => {
          takeBack(state, one, storeId)
          addStores(one, failed, [storeId])
        })
        return revert(run)(error)
      }
      return putInto(run, storeId, data, activates).pipe(
        Effect.catchAll(onFailure),
        Effect.map(() => undoes(run, (one) => takeBack(state, one, storeId)))
      )
    },
    { discard: true }
  )
}

const work = (run: Run): Effect.Effect<Json, Failure> =>
  Effect.gen(function* () {
    const { image, state, stores, task, wanted } = run
    const isCopy = wanted.name === "copy-image"
    const delay = Duration.decode(state.options.importDelay ?? 0)
    if (Duration.toMillis(delay) > 0) yield* Effect.sleep(delay)
    beginTask(state, task, yield* Clock.currentTimeMillis)
    yield* edit(run, (one) => {
      if (!isCopy) one.status = "importing"
      addStores(one, importing, stores)
      removeStores(one, failed, stores)
    })
    const remoteSize = wanted.name === "glance-download" ? yield* takeOverRecord(run) : undefined
    if (isDownload(wanted)) {
      undoesQueueing(run, (one) => {
        removeStores(one, importing, stores)
        addStores(one, failed, stores)
        state.staging.delete(one.id)
      })
    }
    const data = yield* Effect.catchAll(source(run, remoteSize), revert(run))
    yield* putIntoStores(run, data)
    state.staging.delete(image.id)
    if (image.status !== "active") {
      undoes(run, (one) => {
        if (!isCopy) setStatus(one, "queued")
      })
      return yield* revert(run)(new Failure())
    }
    return { image_id: image.id }
  })

const perform = (run: Run): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { image, state, task } = run
    yield* settleTask(state, task, work(run))
    if (!run.isStuck && image.properties.get(lock) === task.id) {
      changeImage(image, (one) => one.properties.delete(lock))
    }
  })
