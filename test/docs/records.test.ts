import { assert, it } from "@effect/vitest"
import { Images, ImageTags } from "@effect-glance/core"
import { MemoryCloud } from "@effect-glance/memory"
import { Chunk, Effect, Either, Fiber, Option, TestClock } from "effect"
import * as List from "../../docs/snippets/list.js"
import * as Metadefs from "../../docs/snippets/metadefs.js"
import * as Share from "../../docs/snippets/share.js"
import * as Stores from "../../docs/snippets/stores.js"
import * as Tags from "../../docs/snippets/tags.js"
import * as Tasks from "../../docs/snippets/tasks.js"
import * as Update from "../../docs/snippets/update.js"
import { cloud, ended, printed, services } from "../support/docs.js"

const ids = ["0a4f0c3e-0000-4000-8000-000000000001", "0a4f0c3e-0000-4000-8000-000000000002"] as const
const twoImages = [
  { id: ids[0], owner: "demo", name: "debian", data: "bytes" },
  { id: ids[1], owner: "demo", name: "alpine", data: "bytes" }
]

it.effect("the guide to listings prints the active images in order", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual((yield* printed(List.printActive)).lines, ["alpine", "debian"])
  }).pipe(Effect.provide(cloud({ images: twoImages })))
)

it.effect("the guide to listings filters on the server", () =>
  Effect.gen(function* () {
    const found = yield* List.recentDebian
    assert.deepStrictEqual(
      found.map((image) => Option.getOrNull(image.name)),
      ["stable"]
    )
  }).pipe(
    Effect.provide(
      cloud({
        images: ["stable", "small"].map((name) => ({
          owner: "demo",
          name,
          size: name === "small" ? 1 : 1024 ** 3,
          status: "active",
          tags: ["stable", "cloud-init"],
          properties: { os_distro: "debian" }
        }))
      })
    )
  )
)

it.effect("the guide to listings reads two pages", () =>
  Effect.gen(function* () {
    assert.lengthOf(yield* List.twoPages, 150)
  }).pipe(
    Effect.provide(cloud({ images: Array.from({ length: 150 }, (_, index) => ({ owner: "demo", name: `${index}` })) }))
  )
)

it.effect("the guide to listings finds one image, or the newest, or creates it", () =>
  Effect.gen(function* () {
    assert.strictEqual<string>((yield* List.findOrCreate("debian")).id, ids[0])
    assert.strictEqual((yield* List.findOrCreate("new")).status, "queued")
    assert.strictEqual((yield* Effect.flip(List.newest("debian")))._tag, "NoMatchingImage")
  }).pipe(Effect.provide(cloud({ images: twoImages })))
)

it.effect("the guide to listings reads many images and names the missing ones", () =>
  Effect.gen(function* () {
    const { lines } = yield* printed(List.readMany([ids[0], "missing"]))
    assert.deepStrictEqual(lines, [`${ids[0]} is active`, "missing: missing"])
  }).pipe(Effect.provide(cloud({ images: twoImages })))
)

it.effect("the guide to listings prints changes", () =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    const lines: Array<string> = []
    const fiber = yield* Effect.fork(
      printed(Effect.timeoutOption(List.printChanges, "1 minute")).pipe(
        Effect.tap((output) => Effect.sync(() => void lines.push(...output.lines)))
      )
    )
    yield* TestClock.adjust("5 seconds")
    yield* images.update(ids[0], { name: "debian-13" })
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(fiber)
    assert.deepStrictEqual(lines, ["Changed: debian-13"])
  }).pipe(Effect.provide(cloud({ images: twoImages })))
)

it.scoped("the guide to updates creates, changes, copies, deactivates and deletes images", () =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    const { lines, result: image } = yield* printed(Update.create)
    assert.deepStrictEqual(lines, ["queued, os_distro is debian"])
    const renamed = yield* Update.rename(image)
    assert.deepStrictEqual(Object.fromEntries(renamed.properties), { os_distro: "debian", os_version: "13.1" })
    const copy = yield* Update.copyRecord(renamed)
    assert.deepStrictEqual([copy.name, copy.visibility], [renamed.name, "private"])
    const isProtected = yield* Update.protect(image)
    assert.isTrue(isProtected.protected)
    yield* Update.remove(isProtected)
    yield* Update.remove(image)
    assert.strictEqual((yield* Effect.flip(images.get(image)))._tag, "ImageNotFound")
    const status = yield* Update.whileDeactivated(
      ids[0],
      Effect.map(images.get(ids[0]), ({ status }) => status)
    )
    assert.strictEqual(status, "deactivated")
    assert.strictEqual((yield* images.get(ids[0])).status, "active")
  }).pipe(Effect.provide(cloud({ images: twoImages })))
)

it.effect("the guide to updates deletes a temporary image with its scope", () =>
  Effect.gen(function* () {
    yield* Effect.scoped(Update.temporary("short"))
    assert.deepStrictEqual(yield* (yield* MemoryCloud.MemoryCloud).images, [])
  }).pipe(Effect.provide(cloud()))
)

it.scoped("the guide to sharing shares, accepts, lists and ends", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryCloud.make({
      images: [{ id: ids[0], owner: "demo", name: "debian", data: "bytes", visibility: "private" }]
    })
    const guest = memory.project("guest").id
    const as = (project: string) => Effect.provide(services(memory, { project }))
    const { lines } = yield* as("demo")(printed(Share.shareWith(ids[0], [guest])))
    assert.deepStrictEqual(lines, [`${guest}: Added`])
    assert.strictEqual(Chunk.size(yield* as("guest")(Share.pending)), 1)
    const accepted = yield* as("guest")(printed(Share.acceptAllOf(memory.project("demo").id)))
    assert.deepStrictEqual(accepted.lines, ["accepted debian"])
    assert.strictEqual((yield* as("guest")(Share.accept(ids[0]))).status, "accepted")
    assert.deepStrictEqual((yield* as("demo")(printed(Share.printMembers(ids[0])))).lines, [`${guest}: accepted`])
    yield* as("demo")(Share.unshare(ids[0], guest))
    yield* as("demo")(Share.unshare(ids[0], guest))
    const [result] = yield* as("demo")(Share.shareOnlyWith(ids[0], [guest]))
    assert.strictEqual(result?._tag, "Added")
  })
)

it.effect("the guide to tags changes them, and counts images that have both", () =>
  Effect.gen(function* () {
    const tags = yield* ImageTags.ImageTags
    yield* tags.add(ids[0], "candidate")
    yield* Tags.markTested(ids[0])
    yield* Tags.markTested(ids[0])
    yield* tags.add(ids[0], "stable")
    assert.strictEqual(yield* Tags.countTested, 1)
    assert.deepStrictEqual((yield* Tags.setTags(ids[0], ["a"])).tags, ["a"])
  }).pipe(Effect.provide(cloud({ images: twoImages })))
)

it.effect("the guide to metadata definitions defines, reads and changes properties", () =>
  Effect.gen(function* () {
    yield* Metadefs.define
    const { lines } = yield* printed(Metadefs.printProperties)
    assert.includeMembers([...lines], ["backup_policy (string): Policy", "backup_keep (integer): Copies to keep"])
    yield* Metadefs.change
  }).pipe(Effect.provide(cloud({ roles: ["admin"] })))
)

it.effect("the guide to tasks exports and imports on a Rackspace cloud", () =>
  Effect.gen(function* () {
    const exported = yield* ended(Tasks.exportTo(ids[0], "exports"))
    assert.strictEqual(exported.status, "success")
    const imported = yield* ended(Tasks.importFrom("exports", `${ids[0]}.vhd`))
    assert.strictEqual(imported.status, "success")
    yield* Effect.either(ended(Tasks.importFrom("exports", "missing")))
    const { lines } = yield* printed(Tasks.printFailures)
    assert.lengthOf(lines, 1)
    assert.match(lines[0] ?? "", /^import: /)
  }).pipe(
    Effect.provide(
      cloud({
        flavour: "rackspace",
        images: [{ id: ids[0], owner: "demo", name: "debian", data: "bytes", diskFormat: "vhd" }],
        containers: { demo: ["exports"] }
      })
    )
  )
)

it.effect("the guide to stores prints capabilities and deletes copies", () =>
  Effect.gen(function* () {
    const { lines } = yield* printed(Stores.printCapabilities)
    assert.deepStrictEqual(lines.slice(1), [
      "import methods: glance-direct, web-download, copy-image, glance-download",
      "stores: fast, slow, web"
    ])
    yield* Stores.printUsage
    yield* Stores.dropCopy(ids[0], "slow")
    const cached = yield* printed(Stores.warmCache(ids[0]))
    assert.lengthOf(cached.lines, 1)
    assert.isTrue(Either.isRight(yield* Effect.either(Stores.printUsage)))
  }).pipe(
    Effect.provide(
      cloud({
        roles: ["admin"],
        images: [{ id: ids[0], owner: "demo", name: "debian", data: "bytes", stores: ["fast", "slow"] }]
      })
    )
  )
)
