import { Images } from "@effect-glance/core"
import { Effect, Stream } from "effect"

/** Deletes all images of a name but the newest ones. Collects the listing first, because it deletes what it lists. */
export const keepNewest = (name: string, keep: number) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    const newestFirst = images.listAll({ name, sort: [{ key: "createdAt", direction: "desc" }] })
    const old = yield* Stream.runCollect(Stream.drop(newestFirst, keep))
    yield* Effect.forEach(old, (image) => images.delete(image), { concurrency: 4, discard: true })
    return old.length
  })
