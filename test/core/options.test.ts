import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import {
  GlanceClient,
  type GlanceError,
  Image,
  ImageCreation,
  ImageData,
  ImageImport,
  ImageMembers,
  ImageReleases,
  ImageSource,
  Images,
  ImageTask,
  ImageTasks,
  PortableHasher
} from "@effect-glance/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const id = Image.ImageId.make("2fc5a5f2-5d62-4c4a-9a30-6a9b4a5d1b7c")
const task = ImageTask.TaskId.make("2fc5a5f2-5d62-4c4a-9a30-6a9b4a5d1b7c")
const source = ImageSource.bytes(new Uint8Array(4))
const release: ImageReleases.Release = { name: "debian", diskFormat: "raw", containerFormat: "bare" }

/** Values that a program in JavaScript may give, each of which must be refused where a number or a duration is meant. */
const noCounts = [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, "abc", "3", {}]
const noDurations = [Number.NaN, -1, Number.NEGATIVE_INFINITY, "abc", "-5 seconds", -1n, [Number.NaN, 0], [0, -1], {}]

type Run = (options: never) => Effect.Effect<unknown, unknown, ImageServices>
type ImageServices =
  | ImageData.ImageData
  | ImageCreation.ImageCreation
  | ImageImport.ImageImport
  | ImageMembers.ImageMembers
  | ImageReleases.ImageReleases
  | Images.Images
  | ImageTasks.ImageTasks

const upload = ["maxWait", "idleLimit", "tokenLife", "settleLimit"]

const operations: ReadonlyArray<{
  readonly name: string
  readonly run: Run
  readonly counts?: ReadonlyArray<string>
  readonly durations?: ReadonlyArray<string>
}> = [
  {
    name: "ImageData.upload",
    run: (options) => Effect.flatMap(ImageData.ImageData, (data) => data.upload(id, source, options)),
    counts: ["retries"],
    durations: upload
  },
  {
    name: "ImageData.stage",
    run: (options) => Effect.flatMap(ImageData.ImageData, (data) => data.stage(id, source, options)),
    counts: ["retries"],
    durations: ["maxWait", "idleLimit", "tokenLife"]
  },
  {
    name: "ImageData.createWithData",
    run: (options) => Effect.flatMap(ImageData.ImageData, (data) => data.createWithData({}, source, options)),
    counts: ["retries"],
    durations: upload
  },
  {
    name: "ImageData.download",
    run: (options) => Effect.flatMap(ImageData.ImageData, (data) => Stream.runDrain(data.download(id, options))),
    counts: ["retries"],
    durations: ["maxWait", "idleLimit"]
  },
  {
    name: "ImageData.downloadTo",
    run: (options) =>
      Effect.provide(
        Effect.flatMap(ImageData.ImageData, (data) => data.downloadTo(id, "/nowhere/image", options)),
        FileSystem.layerNoop({})
      ),
    counts: ["retries", "parallel"],
    durations: ["maxWait", "idleLimit"]
  },
  {
    name: "ImageCreation.createFrom",
    run: (options) =>
      Effect.flatMap(ImageCreation.ImageCreation, (creation) => creation.createFrom({ name: "x" }, source, options)),
    counts: ["retries"],
    durations: [...upload, "deadline"]
  },
  {
    name: "ImageReleases.ensure",
    run: (options: object) =>
      Effect.flatMap(ImageReleases.ImageReleases, ({ ensure }) =>
        ensure(release, source, { hash: { algorithm: "sha512", value: "0".repeat(128) }, ...options })
      ),
    counts: ["retries"],
    durations: [...upload, "patience"]
  },
  {
    name: "ImageImport.importAndWait",
    run: (options) =>
      Effect.flatMap(ImageImport.ImageImport, (imports) =>
        imports.importAndWait(id, ImageImport.webDownload("http://host/x"), options)
      ),
    durations: ["deadline"]
  },
  {
    name: "ImageImport.await",
    run: (options) => Effect.flatMap(ImageImport.ImageImport, (imports) => imports.await(id, options)),
    durations: ["deadline"]
  },
  {
    name: "ImageTasks.await",
    run: (options) => Effect.flatMap(ImageTasks.ImageTasks, (tasks) => tasks.await(task, options)),
    durations: ["deadline"]
  },
  {
    name: "ImageMembers.share",
    run: (options) => Effect.flatMap(ImageMembers.ImageMembers, (members) => members.share(id, [], options)),
    counts: ["concurrency"]
  },
  {
    name: "ImageMembers.acceptAll",
    run: (options) => Effect.flatMap(ImageMembers.ImageMembers, (members) => members.acceptAll(options)),
    counts: ["concurrency"]
  },
  {
    name: "Images.changes",
    run: (options) => Effect.flatMap(Images.Images, (images) => Stream.runDrain(images.changes({}, options))),
    counts: ["fullEvery"]
  },
  {
    name: "Images.list",
    run: (query) => Effect.flatMap(Images.Images, (images) => images.list(query)),
    counts: ["limit"]
  },
  {
    name: "ImageTasks.list",
    run: (query) => Effect.flatMap(ImageTasks.ImageTasks, (tasks) => tasks.list(query)),
    counts: ["limit"]
  }
]

/** A cloud that must not be asked for anything. */
const silent = Layer.succeed(GlanceClient.GlanceClient, {
  client: GlanceClient.makeClient(({ method, url }) => Effect.dieMessage(`${method} ${url} was sent`)),
  unversioned: GlanceClient.makeClient(() => Effect.dieMessage("the versions were asked for")),
  ensureToken: () => Effect.dieMessage("the token was renewed"),
  projectId: Effect.succeedSome("own-project"),
  objectStore: Effect.succeedNone,
  bodyStreaming: "always",
  timeLimit: Duration.minutes(1)
})

const services = Layer.mergeAll(
  ImageData.layer,
  ImageCreation.layer,
  ImageImport.layer,
  ImageMembers.layer,
  ImageReleases.layer,
  Images.layer,
  ImageTasks.layer
).pipe(Layer.provide(silent), Layer.provide(PortableHasher.layer))

describe("limits that are none are refused before the first request", () => {
  for (const { counts = [], durations = [], name, run } of operations) {
    const cases = [
      ...counts.flatMap((option) => noCounts.map((value) => [option, value] as const)),
      ...durations.flatMap((option) => noDurations.map((value) => [option, value] as const))
    ]
    it.effect(`${name} names the option that is no number or no duration`, () =>
      Effect.forEach(cases, ([option, value]) =>
        Effect.map(Effect.flip(run({ [option]: value } as never)), (error) => {
          const { _tag, argument } = error as GlanceError.InvalidArgument
          assert.deepStrictEqual([_tag, argument.split(".").at(-1)], ["InvalidArgument", option], String(value))
        })
      ).pipe(Effect.provide(services))
    )
  }
})
