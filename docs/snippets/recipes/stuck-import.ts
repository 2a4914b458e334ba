import { type Image, ImageImport, ImageTasks } from "@effect-glance/core"
import { Console, Effect, Option } from "effect"

/** Waits ten minutes, and then prints what the tasks of the image say. */
export const watchImport = (image: Image.ImageRef) =>
  Effect.gen(function* () {
    const imports = yield* ImageImport.ImageImport
    const tasks = yield* ImageTasks.ImageTasks
    return yield* imports.await(image, { deadline: "10 minutes" }).pipe(
      Effect.tapErrorTag("ImportNotEnded", () =>
        Effect.gen(function* () {
          for (const { message, status } of yield* tasks.listOf(image)) {
            yield* Console.log(`${status}: ${Option.getOrElse(message, () => "no message")}`)
          }
        })
      )
    )
  })
