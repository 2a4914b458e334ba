/** What becomes of an import, read from its task and from the record of its image. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as GlanceError from "../../GlanceError.js"
import * as Image from "../../Image.js"
import type * as ImageTask from "../../ImageTask.js"
import * as Endpoints from "../endpoints.js"
import type * as Operations from "../operations.js"
import * as Record from "../record.js"
import * as TransferLimits from "../transfer/limits.js"
import * as Settle from "../transfer/settle.js"

export interface Started {
  readonly imageId: Image.ImageId
  readonly method: string
  readonly stores: ReadonlyArray<string> | "all" | undefined
  /** Of the request that started it, by which its task is known from others. */
  readonly requestId: Option.Option<string>
}

export interface Progress {
  /** The image as it is now. */
  readonly image: Image.Image
  /** The task that does the work; none where the cloud does not show it, and before it has begun. */
  readonly task: Option.Option<ImageTask.ImageTask>
  /**
   * Bytes that have been copied into the store that is written to at present, as the cloud last told: about once a minute,
   * in whole MiB. Nothing is told of a download that goes before.
   */
  readonly bytesCopied: Option.Option<number>
  /** Ids of the wanted stores that have the data, that are still to be given them, and that did not take them. */
  readonly stores: {
    readonly done: ReadonlyArray<string>
    readonly toGo: ReadonlyArray<string>
    readonly failed: ReadonlyArray<string>
  }
}

export interface WaitOptions {
  /**
   * When to look again. Each look is two small requests.
   *
   * @default after half a second, then after half as long again each time, up to every 5 seconds
   */
  readonly schedule?: Schedule.Schedule<unknown, Progress> | undefined
  /**
   * How long to wait at most, also if the schedule goes on. At its end the import is looked at once more. `Infinity`
   * waits for ever.
   *
   * @default 12 hours
   */
  readonly deadline?: Duration.DurationInput | undefined
}

export type WaitError =
  | GlanceError.RequestError
  | GlanceError.InvalidArgument
  | GlanceError.ImageNotFound
  | GlanceError.ImageDeletedMeanwhile
  | GlanceError.ImportFailed
  | GlanceError.ImportIncomplete
  | GlanceError.ImportNotEnded

/** The tasks that have worked on an image; none where the cloud does not show them. */
const visibleTasks = ({ request }: Operations.Operations, image: Image.ImageRef) =>
  Effect.catchTags(request(Endpoints.listTasksOfImage, { imageId: Image.idOf(image) }), {
    ImageNotFound: () => Effect.succeed([]),
    Forbidden: () => Effect.succeed([])
  })

const lockOf = (image: Image.Image): Option.Option<string> =>
  Option.fromNullable(image.properties.get("os_glance_import_task"))

const listIn = (image: Image.Image, property: string): ReadonlyArray<string> =>
  (image.properties.get(property) ?? "").split(",").filter((store) => store !== "")

/** When another import may take the image over from a task that holds it. */
const expiry = ({ status, updatedAt }: ImageTask.ImageTask): DateTime.Utc =>
  DateTime.addDuration(updatedAt, Duration.minutes(status === "pending" ? 120 : 60))

/** What the 409 to an import meant: a lock shows on the record. */
export const whyNot = (
  operations: Operations.Operations,
  refusal: GlanceError.ImageNotImportable
): Effect.Effect<never, GlanceError.ImageNotImportable | GlanceError.ImageLocked> =>
  Effect.gen(function* () {
    const image = Image.ImageId.make(refusal.imageId)
    const lock = Option.flatMap(yield* Effect.option(Record.read(operations, image)), lockOf)
    // It may have been let go of meanwhile.
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

/** What earlier looks have shown. */
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

type Target = Pick<Started, "imageId" | "stores" | "requestId"> & {
  readonly method: string | undefined
}

const targetOf = (started: Started | Image.ImageRef): Target =>
  typeof started === "object" && "imageId" in started
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

/** `Copied 15 MiB`, in whichever language. */
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

/** A task says that it has ended a little before it puts the image back and lets go of it; how long that may take. */
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
 * Waits between looks. Returns `again` when the schedule wants another look, `last` at the deadline, before one last
 * look, and `ended` when the schedule has ended.
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

export const follow = (
  operations: Operations.Operations,
  started: Started | Image.ImageRef,
  { schedule = defaultSchedule, ...options }: WaitOptions
): Stream.Stream<Progress, WaitError> => {
  const target = targetOf(started)
  const { imageId } = target

  /** One blip of a proxy is no reason to lose sight of what takes hours. */
  const look = Effect.all([visibleTasks(operations, imageId), Record.read(operations, imageId)]).pipe(
    Effect.retry({ times: 3, while: GlanceError.isTransient, schedule: Schedule.exponential("1 second") })
  )

  const notEnded = ({ image, stores, task }: Progress) =>
    new GlanceError.ImportNotEnded({
      imageId,
      taskId: Option.map(task, ({ id }) => id),
      imageStatus: image.status,
      taskStatus: Option.map(task, ({ status }) => status),
      storesToGo: stores.toGo
    })

  const ended = ({ image, stores, task }: Progress, verdict: Exclude<Verdict, "going on">) => {
    const taskId = Option.map(task, ({ id }) => id)
    if (verdict !== "done") {
      const failedStores = stores.failed
      return new GlanceError.ImportFailed({
        imageId,
        taskId,
        imageStatus: image.status,
        failedStores,
        ...verdict
      })
    }
    return stores.failed.length === 0
      ? undefined
      : new GlanceError.ImportIncomplete({
          imageId,
          taskId,
          stores: image.stores,
          failedStores: stores.failed
        })
  }

  return Stream.unwrap(
    Effect.gen(function* () {
      const { deadline } = yield* TransferLimits.of(options)
      const pace = yield* pacer(schedule, deadline)

      /** Waits as the schedule wants it, and returns whether there is time for more than one further look. */
      const wait = (progress: Progress): Effect.Effect<boolean, GlanceError.ImportNotEnded> =>
        Effect.flatMap(pace(progress), (pace) =>
          pace === "ended" ? Effect.fail(notEnded(progress)) : Effect.succeed(pace === "again")
        )

      return Stream.paginateEffect({ seen: nothingSeen, last: Option.none<Progress>() }, ({ last, seen }) =>
        Effect.gen(function* () {
          const more = Option.isNone(last) || (yield* wait(last.value))
          const [tasks, image] = yield* Effect.mapError(look, (error) =>
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
            const error = ended(progress, verdict)
            return error === undefined ? ([progress, Option.none()] as const) : yield* error
          }
          if (!more) return yield* notEnded(progress)
          const next: Seen = {
            lock: Option.orElse(seen.lock, () => lock),
            taskId: Option.orElse(
              Option.map(task, ({ id }) => id as string),
              () => seen.taskId
            ),
            importing: seen.importing || image.status === "importing",
            wanted,
            endedAt: seen.endedAt ?? (Option.exists(task, hasEnded) ? now : undefined)
          }
          return [progress, Option.some({ seen: next, last: Option.some(progress) })] as const
        })
      )
    })
  )
}

/** There is one: a look is the first thing that is done. */
export const lastImage = <E>(progress: Stream.Stream<Progress, E>): Effect.Effect<Image.Image, E> =>
  Effect.map(Stream.runLast(progress), (last) => Option.getOrThrow(last).image)
