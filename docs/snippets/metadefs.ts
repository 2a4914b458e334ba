// #region define
import { Metadefs } from "@effect-glance/core"
import { Console, Effect, Stream } from "effect"

/** Defines two properties for images. Most clouds let only administrators do this. */
export const define = Effect.gen(function* () {
  const { namespaces } = yield* Metadefs.Metadefs
  return yield* namespaces.create("Example::Backup", {
    displayName: "Backup",
    visibility: "public",
    associations: { "OS::Glance::Image": { prefix: "backup_" } },
    properties: {
      policy: { type: "string", title: "Policy", enum: ["daily", "weekly", "never"], default: "weekly" },
      keep: { type: "integer", title: "Copies to keep", minimum: 1 }
    },
    tags: ["important"]
  })
})
// #endregion define

// #region read
/** Prints the properties that apply to images, with the names that they have on an image. */
export const printProperties = Effect.gen(function* () {
  const { namespaces } = yield* Metadefs.Metadefs
  const listed = namespaces.listAll({ resourceTypes: ["OS::Glance::Image"] })
  yield* Stream.runForEach(listed, (listed) =>
    Effect.gen(function* () {
      const { properties } = yield* namespaces.get(listed, { resourceType: "OS::Glance::Image" })
      for (const [name, { title, type }] of properties) yield* Console.log(`${name} (${type}): ${title}`)
    })
  )
})
// #endregion read

// #region change
/** Changes one property and adds a tag. What is not named is kept. */
export const change = Effect.gen(function* () {
  const { properties, tags } = yield* Metadefs.Metadefs
  yield* properties.update("Example::Backup", "keep", { maximum: 30 })
  yield* tags.append("Example::Backup", ["archived"])
})
// #endregion change
