import * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import { Images } from "@effect-glance/core"
import { Fault, MemoryCloud } from "@effect-glance/memory"
import { Effect, Stream } from "effect"
import * as Import from "../../docs/snippets/import.js"
import * as Transfer from "../../docs/snippets/transfer.js"
import { cloud, ended, printed } from "../support/docs.js"
import { randomFile } from "../support/examples.js"

const size = 3_000_000
const record = { name: "disk", diskFormat: "raw", containerFormat: "bare" }
const queued = Effect.flatMap(Images.Images, (images) => images.create(record))

it.scoped("the guide to transfers uploads a file, reports progress, and downloads it again", () =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = yield* randomFile(size)
    const image = yield* Transfer.upload(file)
    assert.strictEqual(image.status, "active")
    for (const upload of [Transfer.uploadWithProgress, Transfer.uploadWithCallback]) {
      const { lines } = yield* printed(upload(yield* queued, file))
      assert.match(lines.at(-1) ?? "", /^100 %/)
    }
    const { lines } = yield* printed(Transfer.download(image, `${file}.copy`))
    assert.deepStrictEqual(lines, [`${size} bytes in ${file}.copy`])
    assert.deepStrictEqual(yield* fs.readFile(`${file}.copy`), yield* fs.readFile(file))
    assert.strictEqual(yield* Transfer.countBytes(image), size)
    assert.lengthOf(yield* Transfer.firstBytes(image, 512), 512)
  }).pipe(Effect.provide(cloud()))
)

it.scoped("the guide to transfers uploads bytes and streams, and refuses a wrong checksum", () =>
  Effect.gen(function* () {
    const bytes = new TextEncoder().encode("no partition table, so this is raw")
    assert.strictEqual((yield* Transfer.uploadBytes(yield* queued, bytes)).status, "active")
    const uploaded = yield* Transfer.uploadStream(yield* queued, Stream.make(bytes), bytes.length)
    assert.strictEqual(uploaded.status, "active")
    const file = yield* randomFile(1000)
    const error = yield* Effect.flip(Transfer.uploadKnown(yield* queued, file, "00".repeat(32)))
    assert.strictEqual(error._tag, "ImageIntegrityError")
  }).pipe(Effect.provide(cloud()))
)

it.scoped("the guide to transfers stops a download that receives no bytes", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryCloud.MemoryCloud
    const file = yield* randomFile(1000)
    const image = yield* Transfer.upload(file)
    yield* memory.inject(Fault.download, Fault.hang)
    const { lines, result } = yield* ended(printed(Effect.flip(Transfer.impatient(image, `${file}.copy`))))
    assert.deepStrictEqual([lines, result._tag], [["stopped after 0 bytes"], "TransferStalled"])
  }).pipe(Effect.provide(cloud()))
)

const fetchUri = () => Effect.succeed({ size: 10, body: Stream.make(new TextEncoder().encode("not a disk")) })
const url = "https://mirror.example/disk"

it.scoped("the guide to imports lets the cloud fetch, stage and copy data", () =>
  Effect.gen(function* () {
    assert.strictEqual((yield* ended(Import.fromWeb("disk", url))).status, "active")
    const { lines } = yield* ended(printed(Import.withProgress(yield* queued, url)))
    assert.strictEqual(lines.at(-1), "active, waiting for: nothing")
    const staged = yield* ended(Import.intoStores(yield* queued, yield* randomFile(1000), ["slow"]))
    assert.deepStrictEqual(staged.stores, ["slow"])
    assert.sameMembers([...(yield* ended(Import.copyTo(staged, "fast"))).stores], ["fast", "slow"])
    const image = yield* queued
    yield* Import.start(image, url)
    assert.strictEqual((yield* ended(Import.waitFor(image))).status, "active")
  }).pipe(Effect.provide(cloud({ fetchUri, importDuration: "1 minute", roles: ["admin", "member"] })))
)

it.effect("the guide to imports creates an image from a URL", () =>
  Effect.gen(function* () {
    assert.strictEqual((yield* ended(Import.createFrom("disk", url))).status, "active")
  }).pipe(Effect.provide(MemoryCloud.layerClient()), Effect.provide(cloud({ fetchUri })))
)

it.effect("the guide to imports says how an import ended", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryCloud.MemoryCloud
    yield* memory.injectImport(Fault.importFails("disk full"))
    const failed = yield* ended(Import.report(yield* queued, url))
    assert.strictEqual(failed, "failed: disk full; the image is queued")
    assert.strictEqual(yield* ended(Import.report(yield* queued, url)), "the image is active")
  }).pipe(Effect.provide(cloud({ fetchUri })))
)
