// #region all
import { Images } from "@effect-glance/core"
import { Chunk, Console, DateTime, Effect, Either, Option, Schedule, Stream } from "effect"

/** Prints the names of the active images in order. */
export const printActive = Effect.gen(function* () {
  const images = yield* Images.Images
  const active = images.listAll({ status: "active", sort: [{ key: "name", direction: "asc" }] })
  yield* Stream.runForEach(active, (image) => Console.log(Option.getOrElse(image.name, () => image.id)))
})
// #endregion all

// #region filters
/** Collects large Debian images of the last week. */
export const recentDebian = Effect.gen(function* () {
  const images = yield* Images.Images
  const now = yield* DateTime.now
  const found = images.listAll({
    visibility: "all", // also the community images of other projects
    diskFormat: ["qcow2", "raw"], // one of these
    tags: ["stable", "cloud-init"], // all of these
    properties: { os_distro: "debian" },
    size: { min: 512 * 1024 * 1024 },
    createdAt: { gte: DateTime.subtract(now, { weeks: 1 }) }
  })
  return Chunk.toReadonlyArray(yield* Stream.runCollect(found))
})
// #endregion filters

// #region page
/** Reads the first page, and the second one if there is one. */
export const twoPages = Effect.gen(function* () {
  const images = yield* Images.Images
  const first = yield* images.list({ limit: 100 })
  const second = yield* Effect.transposeMapOption(first.next, (query) => images.list(query))
  return [...first.items, ...Option.match(second, { onNone: () => [], onSome: ({ items }) => items })]
})
// #endregion page

// #region find
/** Finds the newest image of a name that is larger than a gibibyte. */
export const newest = (name: string) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    return yield* images.findNewest(
      { name, status: "active" },
      { where: (image) => Option.exists(image.size, (bytes) => bytes > 1024 ** 3) }
    )
  })
// #endregion find

// #region one
/** Finds the one image of a name. Creates it if there is none, and fails if there are several. */
export const findOrCreate = (name: string) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    return yield* images
      .find({ name })
      .pipe(
        Effect.catchTag("NoMatchingImage", () => images.create({ name, diskFormat: "qcow2", containerFormat: "bare" }))
      )
  })
// #endregion one

// #region many
/** Reads many images with few requests. Prints those that do not exist. */
export const readMany = (ids: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    for (const result of yield* images.getMany(ids)) {
      yield* Either.match(result, {
        onLeft: (error) => Console.log(`missing: ${error.imageId}`),
        onRight: (image) => Console.log(`${image.id} is ${image.status}`)
      })
    }
  })
// #endregion many

// #region changes
/** Prints every change of the project's images. Polls every 10 seconds, and never ends. */
export const printChanges = Effect.gen(function* () {
  const images = yield* Images.Images
  const changes = images.changes({}, { schedule: Schedule.spaced("10 seconds") })
  yield* Stream.runForEach(changes, ({ _tag, image }) =>
    Console.log(`${_tag}: ${Option.getOrElse(image.name, () => image.id)}`)
  )
})
// #endregion changes
