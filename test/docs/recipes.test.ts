import type { PlatformError } from "@effect/platform/Error"
import * as Terminal from "@effect/platform/Terminal"
import { assert, it } from "@effect/vitest"
import { Glance, Images } from "@effect-glance/core"
import { Fault, MemoryCloud } from "@effect-glance/memory"
import { Chunk, Effect, Option, Stream } from "effect"
import { accept, acceptFor } from "../../docs/snippets/recipes/accept-shared.js"
import { withAllTags } from "../../docs/snippets/recipes/all-tags.js"
import { byMd5, bySha512 } from "../../docs/snippets/recipes/by-checksum.js"
import { exactly, newestLike } from "../../docs/snippets/recipes/by-name.js"
import { newestDebian } from "../../docs/snippets/recipes/by-property.js"
import { createWithId } from "../../docs/snippets/recipes/choose-id.js"
import { communityImage } from "../../docs/snippets/recipes/community-image.js"
import * as CopyToCloud from "../../docs/snippets/recipes/copy-to-cloud.js"
import { deleteOrHide } from "../../docs/snippets/recipes/delete-or-hide.js"
import { firstImages } from "../../docs/snippets/recipes/first-images.js"
import { hide, listWithHidden } from "../../docs/snippets/recipes/hidden-images.js"
import { keepNewest } from "../../docs/snippets/recipes/keep-newest.js"
import { uploadForHours } from "../../docs/snippets/recipes/long-upload.js"
import { moveToStore } from "../../docs/snippets/recipes/move-to-store.js"
import { ownImages } from "../../docs/snippets/recipes/own-images.js"
import { uploadWithBar } from "../../docs/snippets/recipes/progress-bar.js"
import { setProperties } from "../../docs/snippets/recipes/set-properties.js"
import { snapshots } from "../../docs/snippets/recipes/snapshots.js"
import { watchImport } from "../../docs/snippets/recipes/stuck-import.js"
import { download } from "../../docs/snippets/recipes/web-download.js"
import { cloud, ended, printed, services } from "../support/docs.js"
import { randomFile } from "../support/examples.js"

const id = "0a4f0c3e-0000-4000-8000-000000000001"
const named = (name: string) => ({ owner: "demo", name, data: "bytes" })
const fetchUri = () => Effect.succeed({ size: 10, body: Stream.make(new TextEncoder().encode("not a disk")) })
const queued = Effect.flatMap(Images.Images, (images) =>
  images.create({ name: "disk", diskFormat: "raw", containerFormat: "bare" })
)

it.effect("recipe: the first images of a long listing are read, and no more", () =>
  Effect.gen(function* () {
    assert.strictEqual(Chunk.size(yield* firstImages(3)), 3)
  }).pipe(Effect.provide(cloud({ images: Array.from({ length: 5 }, (_, index) => named(`${index}`)) })))
)

it.effect("recipe: a listing has only the images of the project", () =>
  Effect.gen(function* () {
    assert.strictEqual(Chunk.size(yield* ownImages), 1)
  }).pipe(Effect.provide(cloud({ images: [named("mine"), { owner: "guest", name: "public", visibility: "public" }] })))
)

it.effect("recipe: images have all of several tags", () =>
  Effect.gen(function* () {
    assert.strictEqual(Chunk.size(yield* withAllTags(["a", "b"])), 1)
  }).pipe(
    Effect.provide(
      cloud({
        images: [
          { ...named("both"), tags: ["a", "b"] },
          { ...named("one"), tags: ["a"] }
        ]
      })
    )
  )
)

it.effect("recipe: an image is found by a name with a colon, and by a pattern", () =>
  Effect.gen(function* () {
    assert.strictEqual(Option.getOrNull((yield* exactly("Ubuntu 24.04: minimal")).name), "Ubuntu 24.04: minimal")
    assert.strictEqual((yield* newestLike(/^ubuntu/i)).status, "active")
  }).pipe(Effect.provide(cloud({ images: [named("Ubuntu 24.04: minimal"), named("debian")] })))
)

it.effect("recipe: a hidden image is listed with the others", () =>
  Effect.gen(function* () {
    yield* hide(id)
    assert.strictEqual(Chunk.size(yield* listWithHidden), 2)
  }).pipe(Effect.provide(cloud({ images: [{ ...named("old"), id }, named("new")] })))
)

it.effect("recipe: a community image of another project is found by its name", () =>
  Effect.gen(function* () {
    assert.strictEqual((yield* communityImage("theirs")).visibility, "community")
  }).pipe(Effect.provide(cloud({ images: [{ owner: "guest", name: "theirs", visibility: "community" }] })))
)

it.effect("recipe: an image is found by its properties, its checksum, and as a snapshot", () =>
  Effect.gen(function* () {
    const image = yield* newestDebian
    const text = Option.getOrElse<string>(() => "")
    assert.strictEqual((yield* byMd5(text(image.checksum))).id, image.id)
    assert.strictEqual((yield* bySha512(text(image.osHashValue))).id, image.id)
    assert.strictEqual(Chunk.size(yield* snapshots), 1)
  }).pipe(
    Effect.provide(
      cloud({
        images: [
          { ...named("debian"), properties: { os_distro: "debian", os_version: "13" } },
          { ...named("snapshot"), data: "other", properties: { image_type: "snapshot" } }
        ]
      })
    )
  )
)

it.scoped("recipe: an upload draws a bar, and a long one asks for a token that lasts", () =>
  Effect.gen(function* () {
    const drawn: Array<string> = []
    const unused = Effect.dieMessage("the recipe only displays text")
    const terminal: Terminal.Terminal = {
      columns: Effect.succeed(80),
      rows: Effect.succeed(24),
      isTTY: Effect.succeed(true),
      readInput: unused,
      readLine: unused,
      display: (text): Effect.Effect<void, PlatformError> => Effect.sync(() => void drawn.push(text))
    }
    const file = yield* randomFile(1000)
    yield* Effect.provideService(uploadWithBar(yield* queued, file), Terminal.Terminal, terminal)
    assert.strictEqual(drawn.at(-1), `\r[${"#".repeat(40)}]`)
    assert.strictEqual((yield* uploadForHours(yield* queued, file)).status, "active")
  }).pipe(Effect.provide(cloud()))
)

it.effect("recipe: the cloud downloads an image", () =>
  Effect.gen(function* () {
    assert.strictEqual((yield* ended(download("disk", "https://mirror.example/disk"))).status, "active")
  }).pipe(Effect.provide(cloud({ fetchUri })))
)

it.effect("recipe: an import that hangs prints its tasks", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryCloud.MemoryCloud
    const { imports } = yield* Glance.Glance
    yield* memory.injectImport(Fault.importHangs)
    const image = yield* queued
    yield* imports.start(image, { name: "web-download", uri: "https://mirror.example/disk" })
    const { lines, result } = yield* ended(printed(Effect.flip(watchImport(image))))
    assert.strictEqual(result._tag, "ImportNotEnded")
    assert.lengthOf(lines, 1)
    assert.match(lines[0] ?? "", /^processing: /)
  }).pipe(Effect.provide(cloud({ fetchUri })))
)

it.effect("recipe: all images of a name but the newest are deleted", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* keepNewest("debian", 2), 1)
    const images = yield* Images.Images
    assert.strictEqual((yield* Effect.flip(images.get(id)))._tag, "ImageNotFound")
  }).pipe(
    Effect.provide(
      cloud({
        images: [
          { ...named("debian"), createdAt: 2000 },
          { ...named("debian"), createdAt: 3000 },
          { ...named("debian"), id, createdAt: 1000 }
        ]
      })
    )
  )
)

it.effect("recipe: properties are set and removed, and others are kept", () =>
  Effect.gen(function* () {
    const { properties } = yield* setProperties(id)
    assert.deepStrictEqual(
      new Map(properties),
      new Map([
        ["kept", "yes"],
        ["hw_disk_bus", "virtio"],
        ["hw_qemu_guest_agent", "yes"]
      ])
    )
  }).pipe(
    Effect.provide(cloud({ images: [{ ...named("debian"), id, properties: { kept: "yes", old_property: "x" } }] }))
  )
)

it.effect("recipe: an image gets the chosen id, or another one if it is taken", () =>
  Effect.gen(function* () {
    assert.strictEqual<string>((yield* createWithId(id, { name: "first" })).id, id)
    assert.notStrictEqual<string>((yield* createWithId(id, { name: "second" })).id, id)
  }).pipe(Effect.provide(cloud()))
)

it.scoped("recipe: a member accepts an image, or an administrator does so for it", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryCloud.make({
      images: [
        { ...named("one"), id, members: { guest: "pending" } },
        { ...named("two"), id: `${id.slice(0, -1)}2`, members: { guest: "pending" } }
      ]
    })
    const guest = memory.project("guest").id
    const accepted = yield* Effect.provide(accept(id), services(memory, { project: "guest" }))
    assert.strictEqual(accepted.status, "accepted")
    const asAdmin = services(memory, { project: "admin" })
    const acceptedFor = yield* Effect.provide(acceptFor(`${id.slice(0, -1)}2`, guest), asAdmin)
    assert.strictEqual(acceptedFor.status, "accepted")
  })
)

it.scoped("recipe: an image is copied to another cloud with its properties", () =>
  Effect.gen(function* () {
    const glance = (images: ReadonlyArray<MemoryCloud.ImageOptions>) =>
      Effect.flatMap(MemoryCloud.make({ images }), (memory) => Effect.provide(Glance.Glance, services(memory)))
    const from = yield* glance([{ ...named("debian"), properties: { os_distro: "debian" } }])
    const to = yield* glance([])
    const copied = yield* CopyToCloud.copy(from, to, yield* from.images.find({ name: "debian" }))
    assert.deepStrictEqual([copied.status, copied.properties.get("os_distro")], ["active", "debian"])
    assert.isTrue(Effect.isEffect(CopyToCloud.program))
  })
)

it.effect("recipe: an image moves to another store", () =>
  Effect.gen(function* () {
    yield* ended(moveToStore(id, "fast", "slow"))
    assert.deepStrictEqual((yield* (yield* Images.Images).get(id)).stores, ["slow"])
  }).pipe(Effect.provide(cloud({ roles: ["admin", "member"], images: [{ ...named("debian"), id, stores: ["fast"] }] })))
)

it.effect("recipe: an image that is in use is hidden instead of deleted", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryCloud.MemoryCloud
    const images = yield* Images.Images
    yield* memory.inject({ method: "DELETE" }, Fault.status(409))
    yield* deleteOrHide(id)
    assert.isTrue((yield* images.get(id)).osHidden)
    yield* deleteOrHide(id)
    assert.strictEqual((yield* Effect.flip(images.get(id)))._tag, "ImageNotFound")
  }).pipe(Effect.provide(cloud({ images: [{ ...named("debian"), id }] })))
)
