/** Follows an import by its task and the record of its image. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as GlanceError from "../../GlanceError.js"
import * as Image from "../../Image.js"
import type { Progress, Started, WaitError, WaitOptions } from "../../ImageImport.js"
import type * as ImageTask from "../../ImageTask.js"
import * as Endpoints from "../endpoints.js"
import type * as Operations from "../operations.js"
import * as Record from "../record.js"
import * as TransferLimits from "../transfer/limits.js"
import * as Settle from "../transfer/settle.js"

/** Lists the tasks of an image. Returns none if the cloud does not show them. */
const visibleTasks = ({ request }: Operations.Operations, image: Image.ImageRef) =>
  Effect.catchTags(request(Endpoints.listTasksOfImage, { imageId: Image.idOf(image) }), {
    ImageNotFound: () => Effect.succeed([]),
    Forbidden: () => Effect.succeed([])
  })

const lockOf = (image: Image.Image): Option.Option<string> =>
  Option.fromNullable(image.properties.get("os_glance_import_task"))

const listIn = (image: Image.Image, property: string): ReadonlyArray<string> =>
  (image.properties.get(property) ?? "").split(",").filter((store) => store !== "")

/** The time when another import may take the lock of the image from a task. */
const expiry = ({ status, updatedAt }: ImageTask.ImageTask): DateTime.Utc =>
  DateTime.addDuration(updatedAt, Duration.minutes(status === "pending" ? 120 : 60))

/** Finds out why an import was refused with 409: the record shows a lock. */
export const whyNot = (
  operations: Operations.Operations,
  refusal: GlanceError.ImageNotImportable
): Effect.Effect<never, GlanceError.ImageNotImportable | GlanceError.ImageLocked> =>
  Effect.gen(function* () {
    const image = Image.ImageId.make(refusal.imageId)
    const lock = Option.flatMap(yield* Effect.option(Record.read(operations, image)), lockOf)
    // The lock may have been released since.
    if (Option.isNone(lock) && !/active task|still in progress/.test(refusal.detail)) return yield* refusal
    const tasks = yield* Effect.orElseSucceed(visibleTasks(operations, image), () => [])
    const holder = Option.flatMap(lock, (id) => Option.fromNullable(tasks.find((task) => task.id === id)))
    return yield* new GlanceError.ImageLocked({
      ...refusal,
      imageId: refusal.imageId,
      taskId: lock,
      until: Option.map(holder, expiry)
    })
  })

/** What earlier polls have shown. */
interface Seen {
  /** The task that held the image when it was first seen held. */
  readonly lock: Option.Option<string>
  /** The task that is followed. */
  readonly taskId: Option.Option<string>
  readonly importing: boolean
  readonly wanted: ReadonlyArray<string> | undefined
  /** When the task was first seen to have ended. */
  readonly endedAt: number | undefined
}

/** A poll and what those before it have shown. */
interface State {
  readonly seen: Seen
  readonly last: Option.Option<Progress>
}

type Target = Pick<Started, "imageId" | "stores" | "requestId"> & {
  readonly method: string | undefined
}

const targetOf = (started: Started | Image.ImageRef): Target =>
  typeof started === "object" && started !== null && "imageId" in started
    ? started
    : { imageId: Image.idOf(started), method: undefined, stores: undefined, requestId: Option.none() }

const hasEnded = ({ status }: ImageTask.ImageTask): boolean => status === "success" || status === "failure"

const newest = (tasks: ReadonlyArray<ImageTask.ImageTask>): ImageTask.ImageTask | undefined =>
  tasks.reduce<ImageTask.ImageTask | undefined>(
    (last, task) => (last === undefined || DateTime.greaterThan(task.createdAt, last.createdAt) ? task : last),
    undefined
  )

const taskOf = (
  { requestId }: Target,
  { taskId }: Seen,
  tasks: ReadonlyArray<ImageTask.ImageTask>,
  lock: Option.Option<string>
): Option.Option<ImageTask.ImageTask> => {
  const byId = (id: Option.Option<string>) => tasks.find((task) => Option.contains(id, task.id))
  return Option.fromNullable(
    byId(taskId) ??
      (Option.isSome(requestId)
        ? tasks.find((task) => Option.contains(task.requestId, requestId.value))
        : (byId(lock) ?? newest(tasks)))
  )
}

/** `backend` of its input: the stores that were chosen, or `[null]` where there is no choice. */
const storesIn = (task: ImageTask.ImageTask): ReadonlyArray<string> | undefined => {
  const { backend } = Option.getOrElse(task.input, () => ({})) as { readonly backend?: unknown }
  return Array.isArray(backend) ? backend.filter((store) => typeof store === "string") : undefined
}

/** The message is `Copied 15 MiB`, in any language. */
const bytesIn = (task: ImageTask.ImageTask): Option.Option<number> =>
  Option.flatMap(task.message, (message) =>
    Option.map(Option.fromNullable(/(\d+) MiB/.exec(message)?.[1]), (count) => Number(count) * 2 ** 20)
  )

const progressOf = (
  image: Image.Image,
  task: Option.Option<ImageTask.ImageTask>,
  wanted: ReadonlyArray<string> | undefined
): Progress => {
  const importing = listIn(image, "os_glance_importing_to_stores")
  const failures = listIn(image, "os_glance_failed_import")
  const all = wanted ?? importing
  const done = all.filter((store) => image.stores.includes(store))
  const failed = all.filter((store) => failures.includes(store) && !done.includes(store))
  return {
    image,
    task,
    bytesCopied: Option.flatMap(task, bytesIn),
    stores: { done, failed, toGo: all.filter((store) => !done.includes(store) && !failed.includes(store)) }
  }
}

type Verdict = "going on" | "done" | { readonly reason: string; readonly lockedUntil: Option.Option<DateTime.Utc> }

const lost = ({ status }: Image.Image): Verdict => ({
  reason: `its task succeeded, and the cloud gave up on the image: ${status}`,
  lockedUntil: Option.none()
})

/** A task ends a little before it restores the image and releases its lock. This is how long that may take. */
const graceMillis = 5_000

const judge = (target: Target, seen: Seen, { image, stores, task }: Progress, now: number): Verdict => {
  const lock = lockOf(image)
  if (Option.isSome(task)) {
    if (!hasEnded(task.value)) return "going on"
    const held = Option.contains(lock, task.value.id as string)
    const since = now - (seen.endedAt ?? now)
    if (held && since < graceMillis) return "going on"
    if (task.value.status === "success") {
      if (!Settle.isPending(image.status)) return Settle.isLost(image.status) ? lost(image) : "done"
      if (since < Duration.toMillis(TransferLimits.settleLimit)) return "going on"
      return { reason: "its task succeeded, and the image is not active", lockedUntil: Option.none() }
    }
    const reason = Option.getOrElse(task.value.message, () => "")
    return { reason, lockedUntil: held ? Option.some(expiry(task.value)) : Option.none() }
  }
  if (Option.isSome(lock) && (Option.isNone(seen.lock) || Option.contains(seen.lock, lock.value))) return "going on"
  const failed: Verdict = { reason: "", lockedUntil: Option.none() }
  switch (image.status) {
    case "active":
    case "deactivated":
      if (target.method !== "copy-image") return "done"
      if (stores.toGo.length === 0) return stores.failed.length > 0 && stores.done.length === 0 ? failed : "done"
      return Option.isSome(seen.lock) ? failed : "going on"
    case "saving":
      return "going on"
    case "importing":
      return Option.isSome(seen.lock) ? failed : "going on"
    case "queued":
    case "uploading":
      return Option.isSome(seen.lock) || seen.importing ? failed : "going on"
    default:
      return failed
  }
}

const nothingSeen: Seen = {
  lock: Option.none(),
  taskId: Option.none(),
  importing: false,
  wanted: undefined,
  endedAt: undefined
}

const defaultSchedule: Schedule.Schedule<unknown> = Schedule.union(
  Schedule.exponential("500 millis", 1.5),
  Schedule.spaced("5 seconds")
)

/**
 * Waits between polls. Returns `again` if the schedule continues, `last` at the deadline, before one last poll, and
 * `ended` if the schedule has ended.
 */
export const pacer = <In>(schedule: Schedule.Schedule<unknown, In>, deadline: Duration.Duration) =>
  Effect.gen(function* () {
    const driver = yield* Schedule.driver(schedule)
    const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(deadline)
    return (input: In): Effect.Effect<"again" | "last" | "ended"> =>
      Effect.gen(function* () {
        const left = end - (yield* Clock.currentTimeMillis)
        if (left <= 0) return "last" as const
        const next = Effect.match(driver.next(input), {
          onFailure: () => "ended" as const,
          onSuccess: () => "again" as const
        })
        return yield* Number.isFinite(left)
          ? Effect.timeoutTo(next, { duration: left, onSuccess: (pace) => pace, onTimeout: () => "last" as const })
          : next
      })
  })

/** Reads the tasks and the record. Repeats reads that fail for reasons that may pass: an import may take hours. */
const read = (operations: Operations.Operations, imageId: Image.ImageId) =>
  Effect.all([visibleTasks(operations, imageId), Record.read(operations, imageId)]).pipe(
    Effect.retry({ times: 3, while: GlanceError.isTransient, schedule: Schedule.exponential("1 second") })
  )

const notEnded = ({ imageId }: Target, { image, stores, task }: Progress) =>
  new GlanceError.ImportNotEnded({
    imageId,
    taskId: Option.map(task, ({ id }) => id),
    imageStatus: image.status,
    taskStatus: Option.map(task, ({ status }) => status),
    storesToGo: stores.toGo
  })

/** Returns the error of an import that has ended, if it has one. */
const errorOf = (
  { imageId }: Target,
  { image, stores, task }: Progress,
  verdict: Exclude<Verdict, "going on">
): GlanceError.ImportFailed | GlanceError.ImportIncomplete | undefined => {
  const fields = { imageId, taskId: Option.map(task, ({ id }) => id), failedStores: stores.failed }
  if (verdict !== "done") return new GlanceError.ImportFailed({ ...fields, imageStatus: image.status, ...verdict })
  return stores.failed.length === 0 ? undefined : new GlanceError.ImportIncomplete({ ...fields, stores: image.stores })
}

/** Polls the import once. Returns what the poll shows, and what the next poll has to know unless the import has ended. */
const poll = (
  operations: Operations.Operations,
  target: Target,
  { last, seen }: State
): Effect.Effect<readonly [Progress, next: Seen | undefined], WaitError> =>
  Effect.gen(function* () {
    const { imageId } = target
    const [tasks, image] = yield* Effect.mapError(read(operations, imageId), (error) =>
      error._tag === "ImageNotFound" && (Option.isSome(last) || Option.isSome(target.requestId))
        ? new GlanceError.ImageDeletedMeanwhile({ ...error, imageId })
        : error
    )
    const now = yield* Clock.currentTimeMillis
    const lock = lockOf(image)
    const task = taskOf(target, seen, tasks, lock)
    const importing = listIn(image, "os_glance_importing_to_stores")
    const wanted =
      Option.getOrUndefined(Option.flatMapNullable(task, storesIn)) ??
      (Array.isArray(target.stores) ? target.stores : undefined) ??
      seen.wanted ??
      (importing.length > 0 ? importing : undefined)
    const progress = progressOf(image, task, wanted)
    const verdict = judge(target, seen, progress, now)
    if (verdict !== "going on") {
      const error = errorOf(target, progress, verdict)
      return error === undefined ? [progress, undefined] : yield* error
    }
    return [
      progress,
      {
        lock: Option.orElse(seen.lock, () => lock),
        taskId: Option.orElse(
          Option.map(task, ({ id }): string => id),
          () => seen.taskId
        ),
        importing: seen.importing || image.status === "importing",
        wanted,
        endedAt: seen.endedAt ?? (Option.exists(task, hasEnded) ? now : undefined)
      }
    ]
  })

/** Streams the progress of an import, one element for each poll. Ends, or fails, with the import. */
export const follow = (
  operations: Operations.Operations,
  started: Started | Image.ImageRef,
  { schedule = defaultSchedule, ...options }: WaitOptions
): Stream.Stream<Progress, WaitError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const target = targetOf(started)
      const { deadline } = yield* TransferLimits.of(options)
      const pace = yield* pacer(schedule, deadline)
      const first: State = { seen: nothingSeen, last: Option.none() }
      return Stream.paginateEffect(first, (state) =>
        Effect.gen(function* () {
          const paced = Option.isNone(state.last) ? "again" : yield* pace(state.last.value)
          if (Option.isSome(state.last) && paced === "ended") return yield* notEnded(target, state.last.value)
          const [progress, seen] = yield* poll(operations, target, state)
          if (seen === undefined) return [progress, Option.none<State>()] as const
          if (paced === "last") return yield* notEnded(target, progress)
          return [progress, Option.some<State>({ seen, last: Option.some(progress) })] as const
        })
      )
    })
  )

/** Returns the image of the last element. There is one, because the stream begins with a poll. */
export const lastImage = <E>(progress: Stream.Stream<Progress, E>): Effect.Effect<Image.Image, E> =>
  Effect.map(Stream.runLast(progress), (last) => Option.getOrThrow(last).image)
