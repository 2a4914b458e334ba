/** `cached image list`, `queue`, `delete` and `clear`. */
import * as ImageCache from "@effect-glance/core/ImageCache"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Command from "../command.js"
import * as Each from "../each.js"
import * as Lookup from "../lookup.js"
import * as Parameters from "../parameters.js"

/** A time as Python's `isoformat` writes it: with microseconds, unless there are none. */
const time = (at: DateTime.Utc): string =>
  DateTime.formatIso(at).replace(/(?:\.(\d{3}))?Z$/, (_, millis) => (millis === "000" ? "" : `.${millis}000`))

export const list = Command.rows({
  summary: "List the images in the cache and those that wait for it",
  examples: ["cached image list", "cached image list -f json -c ID -c State"],
  parameters: {},
  run: () =>
    Effect.gen(function* () {
      const cache = yield* ImageCache.make
      const { cached, queued } = yield* cache.state
      return {
        columns: ["ID", "State", "Last Accessed (UTC)", "Last Modified (UTC)", "Size", "Hits"],
        rows: [
          ...cached.map((image) => [
            ...[image.imageId, "cached", time(image.lastAccessed), time(image.lastModified)],
            ...[image.size, image.hits]
          ]),
          ...queued.map((imageId) => [imageId, "queued", "N/A", "N/A", "N/A", "N/A"])
        ]
      }
    })
})

export const queue = Command.nothing({
  summary: "Queue images for the cache",
  examples: ["cached image queue debian", "cached image queue debian-12 debian-13"],
  parameters: { images: Parameters.argumentList("<image>", "Images to queue (name or ID)") },
  run: ({ images }) =>
    Effect.gen(function* () {
      const cache = yield* ImageCache.make
      yield* Each.each("image", images, "queued", (name) => Effect.flatMap(Lookup.findImageId(name), cache.queue))
    })
})

export const remove = Command.nothing({
  summary: "Delete images from the cache",
  examples: ["cached image delete debian", "cached image delete debian-12 debian-13"],
  parameters: { images: Parameters.argumentList("<image>", "Images to delete (name or ID)") },
  run: ({ images }) =>
    Effect.gen(function* () {
      const cache = yield* ImageCache.make
      yield* Each.each("image", images, "deleted from the cache", (name) =>
        Effect.flatMap(Lookup.findImageId(name), cache.delete)
      )
    })
})

export const clear = Command.nothing({
  summary: "Delete all images from the cache, the queue or both",
  examples: ["cached image clear", "cached image clear --queue"],
  parameters: {
    cache: Parameters.flag("--cache", "Delete the cached images only"),
    queue: Parameters.flag("--queue", "Delete the queued images only")
  },
  run: ({ cache: onlyCache, queue: onlyQueue }) =>
    Effect.gen(function* () {
      const cache = yield* ImageCache.make
      yield* cache.clear(onlyCache === onlyQueue ? "both" : onlyCache ? "cache" : "queue")
    })
})
