// #region tasks
import { type Image, type ImageTask, ImageTasks } from "@effect-glance/core"
import { Console, Effect, Option, Schedule, Stream } from "effect"

/** Exports an image into a container of the object store, and waits for the task. */
export const exportTo = (image: Image.ImageRef, container: string) =>
  Effect.gen(function* () {
    const tasks = yield* ImageTasks.ImageTasks
    const task = yield* tasks.export(image, container)
    return yield* tasks.await(task, { schedule: Schedule.spaced("10 seconds"), deadline: "2 hours" })
  })

/** Imports an object of the object store as a new image. */
export const importFrom = (container: string, object: string) =>
  Effect.gen(function* () {
    const tasks = yield* ImageTasks.ImageTasks
    const task = yield* tasks.import(container, object, { name: "restored", format: "vhd" })
    return yield* tasks.await(task)
  })

/** Prints the tasks that failed, and why. Listings leave out the message, so each task is read. */
export const printFailures = Effect.gen(function* () {
  const tasks = yield* ImageTasks.ImageTasks
  yield* Stream.runForEach(tasks.listAll({ status: "failure" }), ({ id }) =>
    Effect.flatMap(tasks.get(id), ({ message, type }: ImageTask.ImageTask) =>
      Console.log(`${type}: ${Option.getOrElse(message, () => "no reason given")}`)
    )
  )
})
// #endregion tasks

// #region history
/** Prints what imports of an image said. A project that sees the image may read this. */
export const printImports = (image: Image.ImageRef) =>
  Effect.gen(function* () {
    const tasks = yield* ImageTasks.ImageTasks
    for (const { message, status } of yield* tasks.listOf(image)) {
      yield* Console.log(`${status}: ${Option.getOrElse(message, () => "")}`)
    }
  })
// #endregion history
